//! RF-WKL-001: container is privileged.

use crate::outcome::Verdict;
use crate::pods::{self, Said};
use crate::world::{Place, World};
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-001",
    title: "Container is privileged",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path, Modifier::Exposed, Modifier::Compensated],
    references: &[
        "PSS privileged",
        "KSV-0017",
        "C-0057",
        "CKV_K8S_16",
        "CIS 5.2.2",
        "NSA pod",
        "T1611",
        "MS-TA9018",
    ],
    reads: &[],
    doc: Doc {
        why: "A privileged container has every capability and every device of its node.",
        fails: "privileged is true in an init, regular or ephemeral container.",
        not: "false, or the field absent.",
        unknown: "Never; whether a user namespace holds it only moves the severity.",
        fix: "Set privileged to false and add only the capabilities that are used.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let verdict = pods::containers(place, |container| {
        let context = container.security_context.as_ref();
        match context.and_then(|one| one.privileged) {
            Some(true) => Said::Bad("securityContext.privileged".into(), "true".into()),
            _ => Said::Good,
        }
    });
    pods::held_in(world, place, verdict)
}
