//! `pod-exec`: The identity starts a process in a running container.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-exec",
    title: "run a command in the pod",
    zone: Zone::InCluster,
    attack: &["T1609", "MS-TA9006"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Admission],
    doc: Doc {
        what: "The identity starts a process in a running container.",
        when: "create on pods/exec; before 1.35 get suffices as well. resourceNames limit it to those pods.",
        not: "pods/* as a resource; pods alone; from 1.35 on get alone.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/rest/subresources.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let ask = Ask::named(draw::connecting(context), "", "pods/exec");
    draw::power(context, maker, &ask, Power::ExecPods, draw::pods_named(Power::ExecPods));
}
