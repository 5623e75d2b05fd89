//! RF-WKL-022: no memory limit, or no CPU bound on an execution or exposed workload.

use crate::check::{Check, Doc, Judge, Severity};
use crate::limits;
use crate::outcome::Verdict;
use crate::pods;
use crate::pods::Said;
use crate::world::{Exposed, Place, World};
use ringfort_attack::Zone;
use ringfort_model::{Container, ContainerKind, Kind, SourceKind};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-022",
    title: "No memory limit, or no CPU bound on an execution or exposed workload",
    zone: Zone::Impact,
    severity: Severity::Low,
    modifiers: &[],
    references: &["KSV-0018", "KSV-0011", "C-0271", "C-0270", "CKV_K8S_13", "CKV_K8S_11", "T1496"],
    reads: &[Kind::Service, Kind::Ingress],
    doc: Doc {
        why: "One container can take the memory of its node from all others, or work for a stranger at the owner's cost.",
        fails: "A container has no memory limit, of its own or of its pod, or one of 0, which the kubelet takes as none; nor one that a LimitRange of the namespace gives; or no CPU limit where the workload runs what its callers submit or is reached from the internet.",
        not: "A limit of the pod as a whole; a default or maximum of a LimitRange, for templates; no CPU limit on a workload that only the cluster reaches; ephemeral containers, which cannot have one.",
        unknown: "The LimitRanges that would fill in a template were not read, or whether the internet reaches a workload without a CPU limit.",
        fix: "Set resources.limits.memory, and a CPU limit where strangers cause the load.",
    },
    judge: Judge::Pods(judge),
};

const MEMORY: &str = "memory";
const CPU: &str = "cpu";

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let unit = place.unit;
    let executes = world.execution(place.at).is_some();
    let bounded = match world.is_exposed(place.at) {
        _ if executes => Exposed::Yes,
        exposed => exposed,
    };
    // A pod of a server carries what a LimitRange gave it when it was made.
    let manifests = world.cluster.source == SourceKind::Manifests;
    let filled_in = unit.from_template || manifests;
    let unread = filled_in && !manifests && !world.cluster.coverage.is_complete(Kind::LimitRange);
    let whole = unit.spec.resources.as_ref();
    let lacks = |container: &Container, resource: &str| {
        let own = container.resources.as_ref();
        let limited = own.into_iter().chain(whole).any(|one| one.limits.has(resource));
        // A limit of zero is written, so that none is filled in, and is none to the kubelet.
        let by_default = || {
            !is_zero(container, resource)
                && limits::is_defaulted(world, &unit.namespace, resource, true)
        };
        !(limited || (filled_in && by_default()))
    };
    let verdict = pods::containers_of(place, |kind, container| {
        let path = |resource: &str| format!("resources.limits.{resource}");
        let value = |resource: &str| match is_zero(container, resource) {
            true => "0, which is no limit".to_owned(),
            false => "absent".to_owned(),
        };
        let (memory, cpu) = (lacks(container, MEMORY), lacks(container, CPU));
        match kind {
            ContainerKind::Ephemeral => Said::Good,
            _ if unread
                && ((memory && !is_zero(container, MEMORY))
                    || (cpu && !is_zero(container, CPU) && bounded == Exposed::Yes)) =>
            {
                Said::Missing(vec!["the LimitRanges of the namespace".to_owned()])
            }
            _ if memory => Said::Bad(path(MEMORY), value(MEMORY)),
            _ if cpu && bounded == Exposed::Yes => Said::Bad(path(CPU), value(CPU)),
            _ if cpu && bounded == Exposed::Unknown => {
                let what = "whether the internet reaches the workload, which has no CPU limit";
                Said::Missing(vec![what.to_owned()])
            }
            _ => Said::Good,
        }
    });
    if executes { pods::rated(verdict, Severity::Medium) } else { verdict }
}

/// Whether a container's limit is written as zero.
fn is_zero(container: &Container, resource: &str) -> bool {
    container.resources.as_ref().is_some_and(|own| own.limits.has_zero(resource))
}
