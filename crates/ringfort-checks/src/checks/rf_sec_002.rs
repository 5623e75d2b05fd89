//! RF-SEC-002: secret exposed as environment of an exposed or execution workload.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::world::{Exposed, Place, World};
use ringfort_attack::Zone;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-SEC-002",
    title: "Secret exposed as environment of an exposed or execution workload",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[],
    references: &["C-0207", "CKV_K8S_35", "CIS 5.4.1"],
    reads: &[Kind::Service, Kind::Ingress],
    doc: Doc {
        why: "Variables are in every crash report, debug page and child process of the program that strangers talk to.",
        fails: "A container of a workload that the internet reaches, or that runs what its callers submit, has a variable from a Secret.",
        not: "A Secret that is mounted as a file; workloads that only the cluster reaches.",
        unknown: "Whether the internet reaches it.",
        fix: "Mount the Secret as a file.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let mut spots = Vec::new();
    for (kind, index, container) in place.unit.spec.all_containers() {
        let from = container.env.iter().enumerate().filter_map(|(at, one)| {
            let key = one.value_from.as_ref()?.secret_key_ref.as_ref()?;
            Some((format!("{}[{index}].env[{at}]", kind.field()), &key.name))
        });
        let all = container.env_from.iter().enumerate().filter_map(|(at, one)| {
            let whole = one.secret_ref.as_ref()?;
            Some((format!("{}[{index}].envFrom[{at}]", kind.field()), &whole.name))
        });
        spots.extend(from.chain(all).map(|(path, name)| place.field(path, name)));
    }
    if spots.is_empty() || world.execution(place.at).is_some() {
        return Verdict::of(spots);
    }
    match world.is_exposed(place.at) {
        Exposed::Yes => Verdict::of(spots),
        Exposed::Unknown => Verdict::missing("whether the internet reaches the workload"),
        Exposed::No => Verdict::Pass,
    }
}
