//! `impersonate-user`: The identity sends requests in the name of a user.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_authz::Names;
use ringfort_model::Str;

use crate::conjunction::conjoin_named;
use crate::context::{Ask, Context, Held};
use crate::draw;
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "impersonate-user",
    title: "impersonate the user",
    zone: Zone::InCluster,
    attack: &["T1078", "T1550"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity sends requests in the name of a user.",
        when: "impersonate on users of the core group; without resourceNames every user that a binding names is a target.",
        not: "A ServiceAccount name, which needs impersonate on serviceaccounts; node powers, which need the group too.",
        controls: "None in RBAC.",
        cut: "Drop the verb or name harmless users only.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let ask = Ask::named(&["impersonate"], "", "users").cluster();
    // No binding names the users of nodes.
    let of_nodes = context.cluster.nodes.iter();
    let of_nodes = of_nodes.map(|node| Str::from(format!("{NODE}{}", node.metadata.name)));
    let bound = context.subjects().filter_map(|(subject, _)| match subject {
        Subject::User(name) => Some(name.clone()),
        _ => None,
    });
    // The name of a node without its group is no node (RBAC-23).
    let (nodes, users): (BTreeSet<Str>, BTreeSet<Str>) =
        bound.chain(of_nodes).partition(|name| name.starts_with(NODE));
    let mut any: Vec<Held> = Vec::new();
    let mut named: BTreeMap<Str, Vec<Held>> = BTreeMap::new();
    for held in context.held(&ask) {
        let Names::Only(names) = &held.names else {
            any.push(held);
            continue;
        };
        // A name of ServiceAccount form is asked as serviceaccounts, never as users.
        let is_account =
            |name: &Str| matches!(Subject::of_user_name(name), Subject::ServiceAccount(..));
        for name in names.iter().filter(|name| !is_account(name)) {
            named.entry(name.clone()).or_default().push(held.clone());
        }
    }
    // Whoever takes any name comes to all of them by one place.
    if !users.is_empty() {
        for held in &any {
            let why = held.why(context, None);
            maker.edge(Draft::new(held.node(context), every("any")).because(why));
        }
    }
    draw::lead(maker, &every("any"), users.into_iter().map(user));
    let group = Str::new("system:nodes");
    let mut groups = context.held(&Ask::named(&["impersonate"], "", "groups").cluster());
    groups.retain(|held| held.names.allow(&group));
    let groups = (&groups[..], Some(&group));
    if !nodes.is_empty() {
        for conjunction in conjoin_named(context, &[(&any, None), groups]) {
            let draft = |at| Draft::new(at, every("of-nodes"));
            maker.conjunction(&TECHNIQUE, &conjunction, "of-nodes", draft);
        }
    }
    draw::lead(maker, &every("of-nodes"), nodes.into_iter().map(user));
    for (name, held) in named {
        let to = user(name.clone());
        if !name.starts_with(NODE) {
            for held in held {
                let why = held.why(context, Some(&name));
                maker.edge(Draft::new(held.node(context), to.clone()).because(why));
            }
            continue;
        }
        for conjunction in conjoin_named(context, &[(&held, Some(&name)), groups]) {
            maker.conjunction(&TECHNIQUE, &conjunction, &name, |at| Draft::new(at, to.clone()));
        }
    }
}

/// Begin of the user names of nodes.
const NODE: &str = "system:node:";

fn user(name: Str) -> NodeKey {
    NodeKey::Subject(Subject::User(name))
}

/// Where all who take any name of some users meet.
fn every(which: &'static str) -> NodeKey {
    NodeKey::Join("users", Str::new(which))
}
