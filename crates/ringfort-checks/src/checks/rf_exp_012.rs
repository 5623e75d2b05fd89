//! RF-EXP-012: data protocol reachable from outside without authentication.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::exposure::{ListenerKind, Reach};

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-012",
    title: "Data protocol reachable from outside without authentication",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0274", "MS-TA9005"],
    reads: &[Kind::Service, Kind::Ingress],
    doc: Doc {
        why: "Such stores are found and emptied within hours.",
        fails: "The internet reaches the port of a store, recognised by its image or by the port of its protocol, and the store is set up without a login.",
        not: "A store with a login; one that only the cluster reaches, or that listens at loopback addresses.",
        unknown: "Whether the internet reaches the port, or whether the store asks for a login.",
        fix: "Take the store off the internet and turn its login on.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(store) = world.store(place.at) else { return Verdict::NotApplicable };
    let fronts = world.context.fronts[place.at as usize].iter();
    let widest = fronts
        .map(|&at| &world.context.exposure.listeners[at as usize])
        .filter(|one| one.kind != ListenerKind::ClusterIp)
        .filter(|one| pods::leads_to_port(world, place.at, one, store.port))
        .min_by_key(|one| one.verdict.reach);
    match (widest.map(|one| one.verdict.reach), store.asks) {
        _ if store.local => Verdict::Pass,
        (None | Some(Reach::Internal | Reach::AllowListed), _) | (_, Some(true)) => Verdict::Pass,
        (Some(Reach::Unknown), _) => Verdict::missing("whether the internet reaches the port"),
        (Some(Reach::Public), None) => Verdict::missing("whether the store asks for a login"),
        (Some(Reach::Public), Some(false)) => {
            let front = widest.map(|one| facts::decided(&one.verdict));
            Verdict::of([store.why.clone()].into_iter().chain(front).collect())
        }
    }
}
