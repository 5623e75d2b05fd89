//! RF-EXP-009: host port or host-network listener on a public node.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Fault, Verdict};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::exposure::ListenerKind;

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-009",
    title: "Host port or host-network listener on a public node",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["KSV-0024", "C-0044", "CKV_K8S_26", "CIS 5.2.12"],
    reads: &[Kind::Node],
    doc: Doc {
        why: "The port is open on the node itself, past Services, routes and policies.",
        fails: "A host port, or a port of a pod in the network of its node, is open on a public address of a node whose provider puts no firewall in front by default.",
        not: "Nodes with private addresses only; a host port bound to the loopback address.",
        unknown: "The addresses of the nodes, or the firewall in front of public ones.",
        fix: "Use a Service and a route in place of the port of the node.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let listeners = world.context.fronts[place.at as usize]
        .iter()
        .map(|&at| &world.context.exposure.listeners[at as usize]);
    let own = listeners
        .filter(|one| matches!(one.kind, ListenerKind::HostPort | ListenerKind::HostNetwork));
    let Some(widest) = own.min_by_key(|one| one.verdict.reach) else {
        return Verdict::NotApplicable;
    };
    facts::on_nodes(world, &widest.verdict, || {
        Fault::of(vec![
            place.field(&widest.intent.path, &widest.intent.value),
            facts::decided(&widest.verdict),
        ])
    })
}
