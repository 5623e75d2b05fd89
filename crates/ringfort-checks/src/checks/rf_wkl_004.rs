//! RF-WKL-004: pod uses the host network.

use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-004",
    title: "Pod uses the host network",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path, Modifier::Exposed],
    references: &["PSS hostNamespaces", "KSV-0009", "C-0041", "CKV_K8S_19", "CIS 5.2.5"],
    reads: &[],
    doc: Doc {
        why: "It reaches the node's loopback and metadata service, and network policies do not hold it.",
        fails: "hostNetwork is true in a pod or the template it comes from.",
        not: "false, or the field absent.",
        unknown: "Never.",
        fix: "Set hostNetwork to false.",
    },
    judge: Judge::Pods(judge),
};

fn judge(_: &World<'_>, place: &Place<'_>) -> Verdict {
    pods::flag(place, place.unit.spec.host_network, "hostNetwork")
}
