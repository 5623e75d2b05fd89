//! RF-RBAC-017: may relabel namespaces and create pods there.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-017",
    title: "May relabel namespaces and create pods there",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: gain::READS,
    doc: Doc {
        why: "The label is the only thing between the pods and the nodes.",
        fails: "A write on a namespace together with the creation of pods in it leads to a node.",
        not: "A write on namespaces without pods; creation of pods where the label is not the control.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Take writes on namespaces out of the role.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] = &["namespace-relabel"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
