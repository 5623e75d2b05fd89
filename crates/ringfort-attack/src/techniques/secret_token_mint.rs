//! `secret-token-mint`: The identity creates a Secret of type service-account-token; the controller fills it with a token of the account that it names.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::writes::{Wanted, doubted};

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
        when: "create on secrets, and get, list or watch on secrets in the same namespace.",
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
}
