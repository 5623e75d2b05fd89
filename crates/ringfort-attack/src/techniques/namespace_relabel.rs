//! `namespace-relabel`: The identity removes the Pod Security label of a namespace in which it may start pods.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;

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
    // A request on a namespace carries its name as name and as namespace.
    for namespace in &context.namespaces {
        let able: Vec<_> =
            relabel.iter().filter(|held| held.names.allow(namespace)).cloned().collect();
        for conjunction in conjoin(context, &[&able, &create], Some(namespace)) {
            let wide = conjunction.scope == Scope::Cluster;
            let named = able.iter().any(|held| held.names != Names::Any);
            let first = context.namespaces.first() == Some(namespace);
            // Whoever may relabel all of them needs one edge only.
            if !conjunction.scope.reaches(Some(namespace)) || (wide && !named && !first) {
                continue;
            }
            maker.conjunction(&TECHNIQUE, &conjunction, namespace, |at| {
                Draft::new(at, NodeKey::EveryNode)
            });
        }
    }
}
