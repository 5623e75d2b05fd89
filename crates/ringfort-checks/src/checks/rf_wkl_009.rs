//! RF-WKL-009: capability that breaks node isolation added.

use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::has_cap;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-009",
    title: "Capability that breaks node isolation added",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path, Modifier::Compensated],
    references: &[
        "PSS capabilities_baseline",
        "KSV-0005",
        "KSV-0120",
        "KSV-0022",
        "C-0046",
        "CKV_K8S_39",
        "CKV_K8S_25",
        "CIS 5.2.9",
    ],
    reads: &[],
    doc: Doc {
        why: "With it a process leaves its container or changes its node.",
        fails: "A container that is not privileged holds SYS_ADMIN, SYS_MODULE, DAC_READ_SEARCH, SYS_RAWIO, BPF, PERFMON, SYS_PTRACE together with hostPID, or NET_ADMIN together with hostNetwork; ALL is all of them; the prefix CAP_ changes nothing.",
        not: "Other capabilities, such as CHOWN or NET_BIND_SERVICE.",
        unknown: "Never.",
        fix: "Take the capability out of capabilities.add.",
    },
    judge: Judge::Pods(judge),
};

/// Capabilities that break isolation by themselves.
const ALONE: &[&str] =
    &["SYS_ADMIN", "SYS_MODULE", "DAC_READ_SEARCH", "SYS_RAWIO", "BPF", "PERFMON"];

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let spec = &place.unit.spec;
    let mut names = ALONE.to_vec();
    if spec.host_pid == Some(true) {
        names.push("SYS_PTRACE");
    }
    if spec.host_network == Some(true) {
        names.push("NET_ADMIN");
    }
    let mut spots = Vec::new();
    for (kind, index, container) in spec.all_containers() {
        let context = container.security_context.as_ref();
        if context.is_some_and(|one| one.privileged == Some(true)) {
            continue;
        }
        let path = format!("{}[{index}].securityContext.capabilities.add", kind.field());
        let held = names.iter().filter(|name| has_cap(container, name));
        spots.extend(held.map(|name| place.field(&path, name)));
    }
    pods::held_in(world, place, Verdict::of(spots))
}
