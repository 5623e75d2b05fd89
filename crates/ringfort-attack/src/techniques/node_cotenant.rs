//! `node-cotenant`: Root on a node controls every container there.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-cotenant",
    title: "read and change every pod on the node",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "Root on a node controls every container there.",
        when: "Always.",
        not: "Pods on other nodes.",
        controls: "None on the node itself.",
        cut: "Keep powerful pods on nodes of their own.",
        upstream: "",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut used = BTreeSet::new();
    for (at, unit) in context.units.iter().enumerate() {
        used.extend(unit.nodes.iter().copied());
        if unit.nodes.is_empty() && unit.from_template && !unit.latent {
            let why = Why::RunsOn { unit: at as u32, node: None };
            for to in context.pods_of(at as u32) {
                maker.edge(Draft::new(NodeKey::AnyNode, to).because(why.clone()));
            }
        }
    }
    // Structure leads from a kubelet to the pods that it runs.
    for node in used {
        let why = Why::Design("root on the node has what its kubelet has");
        maker.edge(Draft::new(NodeKey::Node(node), NodeKey::Kubelet(Some(node))).because(why));
    }
}
