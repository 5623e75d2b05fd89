//! RF-RBAC-010: may extend roles or bind roles.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-010",
    title: "May extend roles or bind roles",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &[
        "KSV-0050",
        "KSV-0051",
        "KSV-0052",
        "C-0191",
        "CKV_K8S_157",
        "CKV_K8S_158",
        "CKV2_K8S_1",
        "CIS 5.1.8",
    ],
    reads: gain::READS,
    doc: Doc {
        why: "The subject grants itself what it does not have.",
        fails: "escalate together with a write of roles, or bind together with a write of bindings, and what can be gained is more than it has.",
        not: "A write of roles alone, which the API server limits to what the writer holds.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Take escalate and bind out of the role.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] = &["role-escalate", "role-bind", "role-aggregate"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
