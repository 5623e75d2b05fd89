//! RF-NODE-004: container runtime or low-level runtime affected by an escape vulnerability.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::vectors;
use ringfort_attack::{NodeKey, Why, Zone};
use ringfort_model::{EntityId, Kind, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-NODE-004",
    title: "Container runtime or low-level runtime affected by an escape vulnerability",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["C-0079", "C-0087", "T1611"],
    reads: &[Kind::Node],
    doc: Doc {
        why: "A pod of somebody's making, or an image, takes the node.",
        fails: "The version of the container runtime lies in the range of an advisory by which a pod takes its node.",
        not: "Windows nodes, which these advisories do not concern.",
        unknown: "Every other Linux node: which runc or crun starts its containers, and what the distribution mended, no object shows.",
        fix: "Upgrade the container runtime.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for (id, node) in world.cluster.nodes.ids() {
        let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
        let runtime = info.map_or("", |info| info.container_runtime_version.as_str());
        let verdict = match vectors::runtime::mended(runtime) {
            _ if node.is_windows() => Verdict::NotApplicable,
            None => Verdict::missing(
                "the version of the low-level runtime, and advisories of the distribution",
            ),
            Some((advisory, version)) => {
                let spot = Why::Field {
                    object: EntityId::Node(node.metadata.name.clone()),
                    path: "status.nodeInfo.containerRuntimeVersion".into(),
                    value: Str::new(runtime),
                };
                let note = format!("{advisory}, mended in {version}");
                let mut fault = Fault::of(vec![spot]).noted(note);
                fault.at.insert(NodeKey::Node(id));
                Verdict::Fail(fault)
            }
        };
        out.add(Object::wide("Node", &node.metadata.name), verdict);
    }
}
