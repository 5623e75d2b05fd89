//! RF-RBAC-019: may write nodes, evict or bind pods with steering effect.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::NodeKey;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-019",
    title: "May write nodes, evict or bind pods with steering effect",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: gain::READS,
    doc: Doc {
        why: "Pods can be brought to a node that is held, with their tokens.",
        fails: "With root on some node, which is assumed, the permissions bring an account that the subject does not have to that node.",
        not: "Eviction without influence on where the pod goes; a pod that is bound already.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Take the verbs out of the role.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] = &["node-object-write", "pod-evict-steer", "pod-bind"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[NodeKey::SomeNode]);
}
