//! RF-RBAC-008: workload creation in a namespace with stronger ServiceAccounts.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-008",
    title: "Workload creation in a namespace with stronger ServiceAccounts",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["KSV-0048", "C-0188", "CIS 5.1.4", "MS-TA9008"],
    reads: gain::READS,
    doc: Doc {
        why: "A pod runs with any account of its namespace and mounts any of its Secrets.",
        fails: "The subject may create or change pods or what makes pods, and thereby gains an account, a Secret or a node that it does not have.",
        not: "create in the wrong API group; a subject that holds all of it anyhow.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Give the subject a namespace of its own, or enforce a Pod Security level there.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] =
    &["pod-create", "pod-create-privileged", "workload-patch", "pod-image-swap"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
