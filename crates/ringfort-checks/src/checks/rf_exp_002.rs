//! RF-EXP-002: load balancer public without source limits.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::exposure::{ListenerKind, Reach};

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-002",
    title: "Load balancer public without source limits",
    zone: Zone::Initial,
    severity: Severity::Low,
    modifiers: &[Modifier::Path],
    references: &["C-0256", "NSA net"],
    reads: &[Kind::Service, Kind::Gateway],
    doc: Doc {
        why: "Anybody may knock; whatever flaw the workload has is theirs to try.",
        fails: "A load balancer of a Service, or a Gateway, has a public address, or asks for one, and lists no sources, or such as leave no address out.",
        not: "Source ranges that the acting controller honours; an internal load balancer.",
        unknown: "Whether the load balancer has a public address.",
        fix: "List sources in loadBalancerSourceRanges or the controller's annotation, or make it internal.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let fronts = [ListenerKind::LoadBalancer, ListenerKind::Gateway];
    for listener in &world.context.exposure.listeners {
        let own = &listener.object;
        let is_front = own.kind == "Service" || own.kind == "Gateway";
        if !fronts.contains(&listener.kind) || !is_front {
            continue;
        }
        let result = match listener.verdict.reach {
            Reach::Public => {
                let spots = vec![facts::decided(&listener.verdict)];
                Verdict::Fail(world.fault_of(spots, &listener.backends.units))
            }
            Reach::Unknown => Verdict::missing("whether the load balancer has a public address"),
            Reach::AllowListed | Reach::Internal => Verdict::Pass,
        };
        out.add(Object::new(own.kind, &own.namespace, &own.name), result);
    }
}
