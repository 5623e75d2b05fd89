//! RF-RBAC-011: may impersonate stronger identities.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-011",
    title: "May impersonate stronger identities",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["KSV-0043", "C-0065", "CKV2_K8S_3", "CIS 5.1.8"],
    reads: gain::READS,
    doc: Doc {
        why: "A header makes the subject somebody else.",
        fails: "impersonate on users, accounts or groups, complete, leads to an identity with more grants; constrained modes included.",
        not: "impersonate on groups alone, which needs a user or account too; an identity with no more.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Limit impersonate to names.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] =
    &["impersonate-user", "impersonate-group", "impersonate-sa", "impersonate-constrained"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
