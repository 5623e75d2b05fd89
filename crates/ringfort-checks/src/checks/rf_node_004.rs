//! RF-NODE-004: container runtime or low-level runtime affected by an escape vulnerability.

use std::collections::BTreeSet;

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::checks::rf_cp_007::open_to;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::versions::{Answer, Gives, Site, concerning};
use crate::world::World;
use ringfort_attack::{NodeKey, Zone};
use ringfort_model::record::Node;
use ringfort_model::{Id, Kind};

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
        unknown: "Every other Linux node: which runc or crun starts its containers no object shows, nor what a distribution that packages the runtime mended in it.",
        fix: "Upgrade the container runtime.",
    },
    judge: Judge::Cluster(judge),
};

/// The advisories by which a pod takes a node, of what starts its containers.
fn verdict(world: &World<'_>, node: Id<Node>) -> Verdict {
    let data = world.versions();
    let runtimes = ["containerd", "cri-o", "docker", "container-runtime", "runc"];
    let own = world.running().iter().filter(|one| one.site == Site::Node(node));
    let (mut spots, mut affected) = (Vec::new(), Vec::new());
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for one in own.filter(|one| runtimes.contains(&one.component)) {
        if !data.covers(one.component) {
            missing.insert(format!("every advisory about {}", one.component));
        }
        for (id, answer) in concerning(world, data, one) {
            if data.gives(id) != Some(Gives::Node) {
                continue;
            }
            match answer {
                Answer::Yes(_) => {
                    affected.push(id);
                    spots.push(one.why.clone());
                }
                Answer::Unknown(facts) => missing.extend(facts),
                Answer::No(_) => {}
            }
        }
    }
    let Some(note) = open_to(&affected) else {
        return Verdict::with(Vec::new(), missing);
    };
    spots.dedup();
    let mut fault = Fault::of(spots).noted(format!("{note}, by data of {}", data.date()));
    fault.at.insert(NodeKey::Node(node));
    Verdict::Fail(fault)
}

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for (id, node) in world.cluster.nodes.ids() {
        let verdict = match node.is_windows() {
            true => Verdict::NotApplicable,
            false => verdict(world, id),
        };
        out.add(Object::wide("Node", &node.metadata.name), verdict);
    }
}
