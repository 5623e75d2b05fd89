//! `impersonate-user`: The identity sends requests in the name of a user.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::{Context, Held};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;
use std::collections::BTreeMap;

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
    let mut nodes: BTreeMap<Str, Vec<Held>> = BTreeMap::new();
    // No binding names the users of nodes.
    let of_nodes = context.cluster.nodes.iter();
    let of_nodes = of_nodes.map(|node| Str::from(format!("system:node:{}", node.metadata.name)));
    let of_nodes: Vec<Str> = of_nodes.collect();
    for held in context.held(&ask) {
        let users: Vec<Str> = match &held.names {
            Names::Any => context
                .subjects()
                .filter_map(|(subject, _)| match subject {
                    Subject::User(name) => Some(name.clone()),
                    _ => None,
                })
                .chain(of_nodes.iter().cloned())
                .collect(),
            Names::Only(names) => names.clone(),
        };
        for user in users {
            // A name of ServiceAccount form is asked as serviceaccounts, never as users.
            if matches!(Subject::of_user_name(&user), Subject::ServiceAccount(..)) {
                continue;
            }
            // The name of a node without its group is no node (RBAC-23).
            if user.starts_with("system:node:") {
                nodes.entry(user).or_default().push(held.clone());
                continue;
            }
            let why = held.why(context, Some(&user));
            let to = NodeKey::Subject(Subject::User(user));
            maker.edge(Draft::new(held.node(context), to).because(why));
        }
    }
    let mut groups = context.held(&Ask::named(&["impersonate"], "", "groups").cluster());
    groups.retain(|held| held.names.allow("system:nodes"));
    for (user, held) in nodes {
        for conjunction in conjoin(context, &[&held, &groups], Some(&user)) {
            let to = NodeKey::Subject(Subject::User(user.clone()));
            maker.conjunction(&TECHNIQUE, &conjunction, &user, |at| Draft::new(at, to.clone()));
        }
    }
}
