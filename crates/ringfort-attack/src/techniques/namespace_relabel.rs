//! `namespace-relabel`: The identity removes the Pod Security label of a namespace in which it may start pods.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::{Context, Held};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "namespace-relabel",
    title: "lift the namespace's Pod Security label and start a privileged pod",
    zone: Zone::InCluster,
    attack: &["T1562", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Admission],
    doc: Doc {
        what: "The identity removes the Pod Security label of a namespace in which it may start pods.",
        when: "update or patch on namespaces, and create on pods in that namespace.",
        not: "patch on namespaces without create on pods there.",
        controls: "None in RBAC.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/pod-security-admission admission/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let relabel = context.held(&Ask::named(&["update", "patch"], "", "namespaces"));
    let create = context.held_pod_create();
    let (any, only): (Vec<Held>, Vec<Held>) =
        relabel.into_iter().partition(|held| held.names == Names::Any);
    // A request on a namespace carries its name as name and as namespace.
    let names: BTreeSet<&Str> = only
        .iter()
        .filter_map(|held| match &held.names {
            Names::Only(names) => Some(names),
            Names::Any => None,
        })
        .flatten()
        .filter(|name| context.namespaces.contains(*name))
        .collect();
    let to = NodeKey::EveryNode;
    for conjunction in conjoin(context, &[&any, &create], None) {
        maker.conjunction(&TECHNIQUE, &conjunction, "any", |at| Draft::new(at, to.clone()));
    }
    for name in names {
        let able: Vec<Held> = only.iter().filter(|held| held.names.allow(name)).cloned().collect();
        for conjunction in conjoin(context, &[&able, &create], Some(name)) {
            if conjunction.scope.reaches(Some(name)) {
                maker.conjunction(&TECHNIQUE, &conjunction, name, |at| Draft::new(at, to.clone()));
            }
        }
    }
}
