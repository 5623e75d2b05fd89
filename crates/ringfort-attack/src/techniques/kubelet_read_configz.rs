//! `kubelet-read-configz`: The identity reads the running configuration of a node's kubelet.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "kubelet-read-configz",
    title: "read the settings of a kubelet",
    zone: Zone::InCluster,
    attack: &["T1613"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity reads the running configuration of a node's kubelet.",
        when: "get on nodes/configz, asked for by the kubelet from 1.33, or get on nodes/proxy. It shows how the node is set up and gives no position of its own.",
        not: "get on nodes; nodes/stats.",
        controls: "",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/kubelet/server/auth.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut held = Vec::new();
    if context.at_least(33) != Some(false) {
        held.extend(context.held(&Ask::named(&["get"], "", "nodes/configz").cluster()));
    }
    held.extend(context.held(&Ask::named(&["get"], "", "nodes/proxy").cluster()));
    for one in held {
        let to = NodeKey::Outside("knowledge", "kubelet-settings".into());
        maker.edge(Draft::new(one.node(context), to).because(one.why(context, None)));
    }
}
