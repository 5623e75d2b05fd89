//! `impersonate-group`: The identity adds a group to the user that it impersonates; unrestricted, that is system:masters.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "impersonate-group",
    title: "impersonate a member of the group",
    zone: Zone::InCluster,
    attack: &["T1078"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity adds a group to the user that it impersonates; unrestricted, that is system:masters.",
        when: "impersonate on groups and on users or serviceaccounts: a user name is mandatory.",
        not: "groups alone: the request is refused.",
        controls: "None in RBAC; constrained impersonation refuses system:masters.",
        cut: "Drop the verb on groups, or name harmless groups.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let groups = context.held(&Ask::named(&["impersonate"], "", "groups").cluster());
    let mut users = context.held(&Ask::named(&["impersonate"], "", "users").cluster());
    users.extend(context.held(&Ask::named(&["impersonate"], "", "serviceaccounts")));
    let mut names: BTreeSet<Str> = groups
        .iter()
        .flat_map(|held| match &held.names {
            Names::Any => vec![Str::new("system:masters")],
            Names::Only(names) => names.clone(),
        })
        .collect();
    names.insert(Str::new("system:masters"));
    for name in names {
        let able: Vec<_> = groups.iter().filter(|held| held.names.allow(&name)).cloned().collect();
        for conjunction in conjoin(context, &[&able, &users], Some(&name)) {
            let to = NodeKey::Subject(Subject::Group(name.clone()));
            maker.conjunction(&TECHNIQUE, &conjunction, &name, |at| Draft::new(at, to.clone()));
        }
    }
}
