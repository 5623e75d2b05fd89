//! RF-WKL-013: no effective seccomp filter.

use std::collections::BTreeSet;

use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::{Effect, NodeFacts, seccomp};
use ringfort_model::{Container, PodSpec};

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
    let mut spots = Vec::new();
    let mut missing = BTreeSet::new();
    for (_, _, container) in spec.all_containers() {
        let control = seccomp(spec, container, &facts);
        let why = match control.effect {
            Effect::Effective => continue,
            Effect::Unknown(what) => {
                missing.extend(what);
                continue;
            }
            Effect::Absent => None,
            Effect::PresentNotEffective(why) => Some(why),
        };
        // What was read last decides: the container's field, the pod's, or that it is privileged.
        let path = control.evidence.last().map_or("", |path| path.trim_start_matches("spec."));
        let value = match path.ends_with(".privileged") {
            true => "true".to_owned(),
            false => why.unwrap_or_else(|| asked(spec, container).to_owned()),
        };
        let spot = place.field(path, value);
        // A field of the pod stands for all of its containers.
        if !spots.contains(&spot) {
            spots.push(spot);
        }
    }
    Verdict::with(spots, missing)
}

/// The type of profile that is asked for, by the container or else the pod.
fn asked<'s>(spec: &'s PodSpec, container: &'s Container) -> &'s str {
    let own = container.security_context.as_ref().and_then(|sc| sc.seccomp_profile.as_ref());
    let pod = || spec.security_context.as_ref().and_then(|sc| sc.seccomp_profile.as_ref());
    own.or_else(pod).map_or("absent", |profile| profile.kind.as_str())
}
