//! `kubelet-exec-proxy`: The identity reaches the kubelet through the API server and runs commands in any container of the node.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "kubelet-exec-proxy",
    title: "run a command through the kubelet API",
    zone: Zone::InCluster,
    attack: &["T1609", "MS-TA9030"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity reaches the kubelet through the API server and runs commands in any container of the node.",
        when: "get or create on nodes/proxy; get is enough because a GET can be upgraded.",
        not: "get on nodes; nodes/metrics; nodes/* as a resource.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/kubelet/server/auth.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    draw::power(
        context,
        maker,
        &Ask::named(&["get", "create"], "", "nodes/proxy").cluster(),
        Power::ExecNodes,
        draw::kubelets_named,
    );
}
