//! Controls that two engines know one half of each: whether policies of the network are there
//! and have an effect (semantics EFF-NP), whether the metadata service is out of a pod's reach
//! (EFF-IMDS).

use std::net::IpAddr;

use ringfort_isolation::{Control, Effect, metadata_block};
use ringfort_network::policy::{ConnectionSet, Direction, Protocol, Tri};

use crate::context::Context;

/// Addresses of the service, of both families.
pub(crate) const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

/// Where a unit's pods run, or may: what is known of the enforcement there, the worst first.
fn enforced(context: &Context<'_>, unit: u32) -> (Tri, String) {
    let enforcement = context.network.enforcement();
    let nodes = context.units[unit as usize].nodes.iter();
    let on = nodes.map(|node| enforcement.on_node(&context.cluster.nodes[*node].metadata.name));
    on.min().unwrap_or_else(|| enforcement.anywhere())
}

/// Judges whether the policies that select a unit's pods have an effect (EFF-NP).
#[must_use]
pub fn network_policy(context: &Context<'_>, unit: u32) -> Control {
    let network = &context.network;
    let mut names = Vec::new();
    let mut unread = Vec::new();
    for class in network.of_unit(&context.units[unit as usize]) {
        for direction in [Direction::Ingress, Direction::Egress] {
            for at in network.selecting_policies(direction, class) {
                let policy = &network.policies()[*at as usize];
                match (policy.name.name.starts_with('('), &policy.broken) {
                    (true, broken) => unread.extend(broken.iter().map(ToString::to_string)),
                    (false, _) => names.push(format!("{} spec", policy.name)),
                }
            }
        }
    }
    names.sort();
    names.dedup();
    unread.sort();
    unread.dedup();
    let effect = match (names.is_empty(), unread.is_empty()) {
        (true, true) => Effect::Absent,
        (true, false) => Effect::Unknown(unread),
        (false, _) => match enforced(context, unit) {
            (Tri::Yes, _) => Effect::Effective,
            (Tri::No, why) => Effect::without(why),
            (Tri::Unknown, why) => Effect::missing(why),
        },
    };
    if names.is_empty() {
        names.push("NetworkPolicy */* spec.podSelector".to_owned());
    }
    Control::new(effect, names)
}

/// Judges whether the metadata service is out of the reach of a unit's pods (EFF-IMDS).
#[must_use]
pub fn metadata(context: &Context<'_>, unit: u32) -> Control {
    let one = &context.units[unit as usize];
    let mut control = metadata_block(&one.spec);
    if one.spec.host_network == Some(true) {
        return control;
    }
    let http = ConnectionSet::ports(Protocol::Tcp, 80, 80);
    let network = &context.network;
    let addresses: Vec<IpAddr> = METADATA.iter().filter_map(|text| text.parse().ok()).collect();
    let mut denied = None;
    let mut policies = Vec::new();
    for class in network.of_unit(one) {
        for address in &addresses {
            let verdict = network.verdict(Direction::Egress, class, network.of_address(*address));
            let own = match (
                verdict.allowed.intersection(&http).is_empty(),
                verdict.possible().intersection(&http).is_empty(),
            ) {
                (_, true) => Tri::Yes,
                (true, false) => Tri::Unknown,
                (false, false) => Tri::No,
            };
            denied = Some(denied.map_or(own, |known: Tri| known.min(own)));
        }
        let selecting = network.selecting_policies(Direction::Egress, class).iter();
        policies
            .extend(selecting.map(|at| format!("{} spec", network.policies()[*at as usize].name)));
    }
    policies.sort();
    policies.dedup();
    if denied.unwrap_or(Tri::No) == Tri::No {
        return control;
    }
    control.evidence.extend(policies);
    control.effect = match (denied, enforced(context, unit)) {
        (Some(Tri::Yes), (Tri::Yes, _)) => Effect::Effective,
        (Some(Tri::Yes), (Tri::No, why)) => {
            Effect::without(format!("policies deny it, and nothing enforces them: {why}"))
        }
        (Some(Tri::Yes), (Tri::Unknown, why)) => Effect::missing(why),
        _ => Effect::missing("what policies say of the address of the service"),
    };
    control
}
