//! `kubelet-read-pods`: The identity reads the full specifications of a node's pods, literal values of their environment included.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "kubelet-read-pods",
    title: "read the pods of the node from its kubelet",
    zone: Zone::InCluster,
    attack: &["T1613"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity reads the full specifications of a node's pods, literal values of their environment included.",
        when: "get on nodes/pods, checked by the kubelet from 1.33, or get on nodes/proxy.",
        not: "get on nodes/stats; get on nodes.",
        controls: "",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/kubelet/server/auth.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    // The kubelet asks for the finer permission from 1.33 on (gate KubeletFineGrainedAuthz).
    if context.at_least(33) != Some(false) {
        let ask = Ask::named(&["get"], "", "nodes/pods").cluster();
        draw::power(context, maker, &ask, Power::ReadPodsOfNodes, draw::pod_specs_named);
    }
    let ask = Ask::named(&["get"], "", "nodes/proxy").cluster();
    draw::power(context, maker, &ask, Power::ReadPodsOfNodes, draw::pod_specs_named);
}
