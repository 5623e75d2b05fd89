//! RF-WKL-003: pod shares the host IPC namespace.

use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-003",
    title: "Pod shares the host IPC namespace",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["PSS hostNamespaces", "KSV-0008", "C-0038", "CKV_K8S_18", "CIS 5.2.4"],
    reads: &[],
    doc: Doc {
        why: "Its processes reach shared memory of the node.",
        fails: "hostIPC is true in a pod or the template it comes from.",
        not: "false, or the field absent.",
        unknown: "Never.",
        fix: "Set hostIPC to false.",
    },
    judge: Judge::Pods(judge),
};

fn judge(_: &World<'_>, place: &Place<'_>) -> Verdict {
    pods::flag(place, place.unit.spec.host_ipc, "hostIPC")
}
