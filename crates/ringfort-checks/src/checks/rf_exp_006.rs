//! RF-EXP-006: management interface reachable from outside.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::vectors;
use ringfort_attack::{Why, Zone};
use ringfort_model::Kind;
use ringfort_network::exposure::Reach;

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-006",
    title: "Management interface reachable from outside",
    zone: Zone::Initial,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0021", "C-0014", "CKV_K8S_33", "KSV-0102", "CKV_K8S_34", "MS-TA9005"],
    reads: &[Kind::Pod, Kind::Service, Kind::Ingress, Kind::ConfigMap],
    doc: Doc {
        why: "It does for whoever opens it what its account may do.",
        fails: "An interface that is recognised by its image is reached from the internet and asks for no login: critical; or from listed sources and asks for none: high.",
        not: "An interface with a login of its own; one that only the cluster reaches.",
        unknown: "Whether the internet reaches it, or whether it asks for a login.",
        fix: "Take it off the internet; turn its login on.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let vectors = world.attack.vectors.iter().filter(|vector| vector.id == "V5");
    for instance in vectors.flat_map(|vector| &vector.instances) {
        let Some(unit) = instance.why.iter().find_map(|why| match why.shown() {
            Why::PodField { unit, .. } => Some(*unit),
            _ => None,
        }) else {
            continue;
        };
        let login = vectors::login(context, unit).map(|(asks, _)| asks);
        let fail = |severity| {
            let spots = instance.why.iter().cloned().chain(world.front(unit)).collect();
            let mut fault = world.fault_of(spots, &[unit]);
            fault.severity = Some(severity);
            Verdict::Fail(fault)
        };
        let verdict = match (vectors::reach(context, unit), login) {
            (Some(Reach::Internal) | None, _) | (Some(_), Some(true)) => Verdict::Pass,
            (Some(Reach::Public), Some(false)) => fail(Severity::Critical),
            (Some(Reach::AllowListed), Some(false)) => fail(Severity::High),
            (Some(Reach::Unknown), _) => Verdict::missing("whether the internet reaches it"),
            (Some(_), None) => Verdict::missing("the login setting of the interface"),
        };
        out.add(world.owner(unit), verdict);
    }
}
