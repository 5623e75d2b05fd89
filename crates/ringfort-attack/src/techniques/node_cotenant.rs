//! `node-cotenant`: Root on a node controls every container there.

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
    for (at, unit) in context.units.iter().enumerate() {
        for &node in &unit.nodes {
            let why = Why::RunsOn { unit: at as u32, node: Some(node) };
            maker.edge(
                Draft::new(NodeKey::Node(node), context.pods_on(at as u32, node)).because(why),
            );
        }
        if unit.nodes.is_empty() && unit.from_template && !unit.latent {
            let why = Why::RunsOn { unit: at as u32, node: None };
            for to in context.pods_of(at as u32) {
                maker.edge(Draft::new(NodeKey::AnyNode, to).because(why.clone()));
            }
        }
    }
}
