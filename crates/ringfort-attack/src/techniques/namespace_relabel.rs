//! `namespace-relabel`: The identity removes the Pod Security label of a namespace in which it may start pods.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

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
    let list0 = context.held(&Ask::named(&["update", "patch"], "", "namespaces"));
    let list1 = context.held(&Ask::unnamed(&["create"], "", "pods"));
    for conjunction in conjoin(context, &[&list0, &list1], None) {
        let to = NodeKey::EveryNode;
        maker.conjunction(&TECHNIQUE, &conjunction, "relabel", |at| Draft::new(at, to.clone()));
    }
}
