//! RF-WKL-002: pod shares the host process namespace.

use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-002",
    title: "Pod shares the host process namespace",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["PSS hostNamespaces", "KSV-0010", "C-0038", "CKV_K8S_17", "CIS 5.2.3"],
    reads: &[],
    doc: Doc {
        why: "Its processes see those of the node and of every pod on it.",
        fails: "hostPID is true in a pod or the template it comes from.",
        not: "false, or the field absent.",
        unknown: "Never.",
        fix: "Set hostPID to false.",
    },
    judge: Judge::Pods(judge),
};

fn judge(_: &World<'_>, place: &Place<'_>) -> Verdict {
    pods::flag(place, place.unit.spec.host_pid, "hostPID")
}
