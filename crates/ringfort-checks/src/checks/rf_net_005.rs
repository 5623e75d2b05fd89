//! RF-NET-005: data store reachable from other namespaces or from outside-reachable pods.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::isolated;
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::{Way, Why, Zone};
use ringfort_network::policy::{Direction, Protocol, Segment, Tri};

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-005",
    title: "Data store reachable from other namespaces or from outside-reachable pods",
    zone: Zone::Impact,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["C-0049", "C-0054"],
    reads: isolated::READS,
    doc: Doc {
        why: "Whoever gets into any pod of the cluster talks to the store as its clients do.",
        fails: "Pods of a store, recognised by its image or by the port of its protocol, take connections to its port from every pod, other namespaces included: no enforced policy lists their clients.",
        not: "A policy that lists who may connect, however long the list; workloads that keep no data.",
        unknown: "A policy lists the clients, and whether it is enforced is not known.",
        fix: "Select the store with a policy that lists its clients.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(store) = world.store(place.at) else { return Verdict::NotApplicable };
    if place.unit.latent {
        return Verdict::NotApplicable;
    }
    let network = &world.context.network;
    let enforced = world.enforced(place.at);
    let mut open = Tri::No;
    let mut any = false;
    for &class in world.classes(place.at) {
        let Some(group) = network.group(Direction::Ingress, class) else { continue };
        any = true;
        let verdict = network.default_verdict(Direction::Ingress, group, Segment::Pods);
        let takes = |sure| verdict.passing(sure, enforced).contains(Protocol::Tcp, store.port);
        open = open.max(match (takes(true), takes(false)) {
            (true, _) => Tri::Yes,
            (false, true) => Tri::Unknown,
            (false, false) => Tri::No,
        });
    }
    match open {
        _ if !any => Verdict::NotApplicable,
        Tri::No => Verdict::Pass,
        Tri::Unknown => Verdict::missing("whether the policies of the store are enforced"),
        Tri::Yes => {
            let why = Why::Passes { unit: place.at, way: Way::FromAnywhere };
            Verdict::of(vec![why, store.why.clone()])
        }
    }
}
