//! RF-WKL-011: privilege escalation is not switched off.

use crate::outcome::Verdict;
use crate::pods::{self, Said};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::no_new_privileges;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-011",
    title: "Privilege escalation is not switched off",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Exposed],
    references: &["PSS allowPrivilegeEscalation", "KSV-0001", "C-0016", "CKV_K8S_20", "CIS 5.2.6"],
    reads: &[],
    doc: Doc {
        why: "A set-uid program or one with file capabilities gives a process more than it started with.",
        fails: "allowPrivilegeEscalation is not false, or false without effect.",
        not: "false; Windows, which does not know it.",
        unknown: "Never.",
        fix: "Set allowPrivilegeEscalation to false.",
    },
    judge: Judge::Pods(judge),
};

fn judge(_: &World<'_>, place: &Place<'_>) -> Verdict {
    let spec = &place.unit.spec;
    if spec.is_windows() {
        return Verdict::NotApplicable;
    }
    pods::containers(place, |container| {
        let path = "securityContext.allowPrivilegeEscalation";
        Said::unless(no_new_privileges(spec, container), path)
    })
}
