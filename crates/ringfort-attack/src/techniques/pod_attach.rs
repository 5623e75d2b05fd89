//! `pod-attach`: The identity attaches to the terminal of a running container.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-attach",
    title: "attach to the main process of the pod",
    zone: Zone::InCluster,
    attack: &["T1609"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity attaches to the terminal of a running container.",
        when: "create on pods/attach (before 1.35 also get), where some container keeps standard input open.",
        not: "pods/log.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/rest/subresources.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let ask = Ask::named(draw::connecting(context), "", "pods/attach");
    draw::power(context, maker, &ask, Power::AttachPods, draw::pods_named(Power::AttachPods));
}
