//! `secret-token-mint`: The identity creates a Secret of type service-account-token; the controller fills it with a token of the account that it names.

use std::collections::BTreeSet;

use crate::conjunction::{Conjunction, conjoin, conjoin_named};
use crate::context::{Ask, Context, Held};
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::{Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::writes::{Wanted, doubted};
use ringfort_authz::Names;
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
        when: "create on secrets, and what reads Secrets (secret-read) in the same namespace; create of a name needs patch of it, for server-side apply. If reading is limited to names, one of them must be free, or be deleted first.",
        not: "create on secrets alone; reading limited to names of Secrets that are there already.",
        controls: "None in RBAC.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/kubernetes pkg/controller/serviceaccount/tokens_controller.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let create = context.held(&Ask::unnamed(&["create"], "", "secrets"));
    let (create, doubt) = Wanted::TokenSecret.let_through(context, create);
    let read = context.reading("", "secrets", true);
    let delete = context.held(&Ask::named(&["delete"], "", "secrets"));
    let mut mint = |conjunction: &Conjunction, name: &str| {
        let to = NodeKey::Power(Power::MintTokens, conjunction.scope.clone());
        maker.conjunction(&TECHNIQUE, conjunction, name, |at| {
            doubted(Draft::new(at, to.clone()), doubt.as_ref())
        });
    };
    // A Secret that is there is not created again.
    let is_taken = |scope: &Scope, name: &Str| {
        let mut places = context.namespaces_in(scope).peekable();
        let is_there = |place: &Str| context.cluster.secrets.find(place, name).is_some();
        places.peek().is_some() && places.all(is_there)
    };
    let of = |list: &[Held], name: &Str| -> Vec<Held> {
        list.iter().filter(|held| held.names.allow(name)).cloned().collect()
    };
    let (any, limited): (Vec<Held>, Vec<Held>) =
        read.iter().cloned().partition(|held| held.names == Names::Any);
    for conjunction in conjoin(context, &[&create, &any], None) {
        mint(&conjunction, "mint");
    }
    // What may be read by its name alone has to be free, or deleted first.
    let names: BTreeSet<&Str> = limited
        .iter()
        .filter_map(|held| match &held.names {
            Names::Only(names) => Some(names.iter()),
            Names::Any => None,
        })
        .flatten()
        .collect();
    for name in names {
        let (limited, delete) = (of(&limited, name), of(&delete, name));
        let named = [(&create[..], None), (&limited[..], Some(name))];
        for conjunction in conjoin_named(context, &named) {
            if !is_taken(&conjunction.scope, name) {
                mint(&conjunction, name);
            }
        }
        let freed = [named[0], named[1], (&delete[..], Some(name))];
        for conjunction in conjoin_named(context, &freed) {
            if is_taken(&conjunction.scope, name) {
                mint(&conjunction, name);
            }
        }
    }
    // The name that a rule holds serves server-side apply alone, and is the one to be read.
    for (name, create, patch) in draw::applied(context, "", "secrets") {
        let (create, doubt) = Wanted::TokenSecret.let_through(context, create);
        let read = of(&read, &name);
        for conjunction in conjoin(context, &[&create, &patch, &read], Some(&name)) {
            if is_taken(&conjunction.scope, &name) {
                continue;
            }
            let to = NodeKey::Power(Power::MintTokens, conjunction.scope.clone());
            maker.conjunction(&TECHNIQUE, &conjunction, &name, |at| {
                doubted(Draft::new(at, to.clone()), doubt.as_ref())
            });
        }
    }
}
