//! RF-WKL-013: no effective seccomp filter.

use crate::outcome::Verdict;
use crate::pods::{self, Said};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::{NodeFacts, seccomp};

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-013",
    title: "No effective seccomp filter",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Exposed],
    references: &["PSS seccomp", "KSV-0030", "KSV-0104", "C-0210", "CKV_K8S_31", "CIS 5.6.2"],
    reads: &[],
    doc: Doc {
        why: "Every system call of the kernel is in reach of whoever gets into the container.",
        fails: "The profile is Unconfined, or one is set without effect.",
        not: "RuntimeDefault; Windows.",
        unknown: "Nothing is set and the kubelet's seccompDefault cannot be seen, or a profile of the node is named that cannot be seen.",
        fix: "Set seccompProfile.type to RuntimeDefault.",
    },
    judge: Judge::Pods(judge),
};

fn judge(_: &World<'_>, place: &Place<'_>) -> Verdict {
    let spec = &place.unit.spec;
    if spec.is_windows() {
        return Verdict::NotApplicable;
    }
    let facts = NodeFacts::default();
    pods::containers(place, |container| {
        Said::unless(seccomp(spec, container, &facts), "securityContext.seccompProfile")
    })
}
