//! RF-EXP-010: exploitable, exposed and powerful.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Fault, Verdict};
use crate::pods;
use crate::world::{Exposed, Place, World};
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::exposure::Reach;

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-010",
    title: "Exploitable, exposed and powerful",
    zone: Zone::Initial,
    severity: Severity::Critical,
    modifiers: &[],
    references: &["C-0083", "C-0084"],
    reads: &[Kind::Pod, Kind::Service, Kind::Ingress, Kind::Node],
    doc: Doc {
        why: "Each of the three is common and bearable; together they are a way from the internet to everything.",
        fails: "The internet reaches a port of the workload behind which something runs commands for whoever connects, and from its pods a path leads to a target of attackers.",
        not: "An exposed workload from which no path leads on; one that only the cluster reaches.",
        unknown: "An exposed workload from which a path leads to a target: whether it is exploitable is known to a vulnerability scan of its images only.",
        fix: "Take the workload off the internet, set up its login, and cut the paths that run through it.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    if place.unit.latent {
        return Verdict::NotApplicable;
    }
    let exposed = world.is_exposed(place.at);
    if exposed == Exposed::No {
        return Verdict::NotApplicable;
    }
    if !world.leads_to_target(place.at) {
        return Verdict::Pass;
    }
    let flaw = world.context.unasked_ports(place.at).find(|(port, ..)| {
        let fronts = world.context.fronts[place.at as usize].iter();
        let mut fronts = fronts.map(|&at| &world.context.exposure.listeners[at as usize]);
        fronts.any(|one| {
            one.verdict.reach == Reach::Public && pods::leads_to_port(world, place.at, one, *port)
        })
    });
    match (exposed, flaw) {
        (Exposed::Yes, Some((_, what, why))) => {
            let spots = [why.clone()].into_iter().chain(world.front(place.at)).collect();
            Verdict::Fail(Fault::of(spots).noted(what))
        }
        (Exposed::Yes, None) => Verdict::missing("a vulnerability scan of the images"),
        _ => Verdict::missing("whether the internet reaches the workload"),
    }
}
