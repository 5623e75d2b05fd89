//! RF-NS-007: exposed and internal workloads share a namespace.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Object, Outcomes, Verdict};
use crate::pods;
use crate::world::{Exposed, World};
use ringfort_attack::{Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-NS-007",
    title: "Exposed and internal workloads share a namespace",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Path],
    references: &["C-0209", "CIS 5.6.1"],
    reads: &[Kind::Namespace, Kind::Pod, Kind::Service, Kind::Ingress],
    doc: Doc {
        why: "Whoever gets into the exposed one is beside the others: within their policies, and one role away from their Secrets.",
        fails: "A namespace holds a workload that the internet reaches and another that keeps data or is privileged.",
        not: "Exposed workloads by themselves; data in a namespace of its own; one workload that is both.",
        unknown: "Whether the internet reaches a workload beside such another.",
        fix: "Move the data or the privileged workload into a namespace of its own.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for name in &world.context.namespaces {
        let units = || world.context.units_in(name).filter(|(_, unit)| !unit.latent);
        let is_inner = |at: u32| {
            let store = world.store(at).map(|store| store.why.clone());
            store.or_else(|| pods::privileged(at, &world.context.units[at as usize]))
        };
        let inner: Vec<(u32, Why)> =
            units().filter_map(|(at, _)| Some((at, is_inner(at)?))).collect();
        let of = |at: u32| &world.context.units[at as usize].owner;
        let beside = |wanted: Exposed| {
            units().filter(|(at, _)| world.is_exposed(*at) == wanted).find_map(|(at, unit)| {
                let other = inner.iter().find(|(other, _)| {
                    *other != at && (unit.owner.is_none() || of(*other) != of(at))
                })?;
                Some((at, other))
            })
        };
        let verdict = match (inner.is_empty(), beside(Exposed::Yes), beside(Exposed::Unknown)) {
            (true, ..) => Verdict::NotApplicable,
            (_, Some((at, (other, why))), _) => {
                let front = world.front(at).map(Why::into_mark);
                let spots = front.into_iter().chain([why.clone()]).collect();
                Verdict::Fail(world.fault_of(spots, &[at, *other]))
            }
            (_, None, Some(_)) => Verdict::missing("whether the internet reaches a workload there"),
            (_, None, None) => Verdict::Pass,
        };
        out.add(Object::wide("Namespace", name), verdict);
    }
}
