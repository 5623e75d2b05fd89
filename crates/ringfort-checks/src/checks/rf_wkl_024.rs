//! RF-WKL-024: user workload can run on a control-plane node.

use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::NodeKey;
use ringfort_attack::Zone;
use ringfort_model::record::Node;
use ringfort_model::{Id, Kind};

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-024",
    title: "User workload can run on a control-plane node",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: &[Kind::Node],
    doc: Doc {
        why: "Whoever leaves such a container is beside the keys of the control plane.",
        fails: "The scheduler, or nodeName, may place the pod on a node of the control plane, and it is no part of the cluster itself.",
        not: "A taint that it does not tolerate; a selector that leaves such nodes out; a cluster without such nodes.",
        unknown: "Never, beside nodes that were not read.",
        fix: "Keep the taint of control-plane nodes and take the toleration away.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    if world.is_system(place.at) {
        return Verdict::NotApplicable;
    }
    let attack = world.attack;
    let Some(keys) = attack.node(&NodeKey::ControlPlane) else { return Verdict::Pass };
    let with_keys: Vec<Id<Node>> = attack
        .graph
        .incoming(keys)
        .iter()
        .filter_map(|&edge| match attack.key(attack.graph.edge(edge).from) {
            NodeKey::Node(node) => Some(*node),
            _ => None,
        })
        .collect();
    let runs = |node: &Id<Node>| {
        place.unit.nodes.binary_search(node).is_ok()
            || world.placements().fits(place.at as usize, *node)
    };
    let first = with_keys.into_iter().filter(runs).min();
    let name = |node: Id<Node>| world.cluster.nodes[node].metadata.name.as_str();
    match first {
        None => Verdict::Pass,
        Some(first) => {
            Verdict::of(vec![place.field("tolerations", format!("may run on {}", name(first)))])
        }
    }
}
