//! `secret-token-mint`: The identity creates a Secret of type service-account-token; the controller fills it with a token of the account that it names.

use crate::conjunction::conjoin;
use crate::context::{Ask, Context, Held};
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::writes::{Wanted, doubted};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "secret-token-mint",
    title: "create a token Secret for any account and read it",
    zone: Zone::InCluster,
    attack: &["T1528", "T1098"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Admission],
    doc: Doc {
        what: "The identity creates a Secret of type service-account-token; the controller fills it with a token of the account that it names.",
        when: "create on secrets, and get, list or watch on secrets in the same namespace; create of a name needs patch of it, for server-side apply.",
        not: "create on secrets alone.",
        controls: "None in RBAC.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/kubernetes pkg/controller/serviceaccount/tokens_controller.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let list0 = context.held(&Ask::unnamed(&["create"], "", "secrets"));
    let list1 = context.held(&Ask::named(&["get", "list", "watch"], "", "secrets"));
    let (list0, doubt) = Wanted::TokenSecret.let_through(context, list0);
    for conjunction in conjoin(context, &[&list0, &list1], None) {
        let to = NodeKey::Power(Power::MintTokens, conjunction.scope.clone());
        maker.conjunction(&TECHNIQUE, &conjunction, "mint", |at| {
            doubted(Draft::new(at, to.clone()), doubt.as_ref())
        });
    }
    // The name that a rule holds serves server-side apply alone, and is the one to be read.
    for (name, create, patch) in draw::applied(context, "", "secrets") {
        let (create, doubt) = Wanted::TokenSecret.let_through(context, create);
        let read: Vec<Held> =
            list1.iter().filter(|held| held.names.allow(&name)).cloned().collect();
        for conjunction in conjoin(context, &[&create, &patch, &read], Some(&name)) {
            let mut places = context.namespaces_in(&conjunction.scope).peekable();
            let is_there = |place: &Str| context.cluster.secrets.find(place, &name).is_some();
            if places.peek().is_some() && places.all(is_there) {
                continue;
            }
            let to = NodeKey::Power(Power::MintTokens, conjunction.scope.clone());
            maker.conjunction(&TECHNIQUE, &conjunction, &name, |at| {
                doubted(Draft::new(at, to.clone()), doubt.as_ref())
            });
        }
    }
}
