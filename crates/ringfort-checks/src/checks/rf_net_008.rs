//! RF-NET-008: admin-tier conflict at equal priority.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::policy::Verdict as Decision;
use ringfort_network::policy::{Direction, Policy, Reason, Segment};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-008",
    title: "Admin-tier conflict at equal priority",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["none known"],
    reads: &[Kind::AdminNetworkPolicy, Kind::ClusterNetworkPolicy, Kind::Pod],
    doc: Doc {
        why: "Which of the two policies holds is left to the implementation and may change with it.",
        fails: "Two policies of the administrator's tier with equal priority select the same pods, and one allows what the other denies.",
        not: "Different priorities; equal priorities that agree or select different pods.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Give the policies different priorities.",
    },
    judge: Judge::Cluster(judge),
};

const TIER: [&str; 2] = ["AdminNetworkPolicy", "ClusterNetworkPolicy"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let network = &world.context.network;
    let policies = network.policies();
    let is_one =
        |policy: &Policy| TIER.contains(&policy.name.kind) && !policy.name.name.starts_with('(');
    let several = policies.iter().filter(|policy| is_one(policy)).nth(1).is_some();
    let mut rivals: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut groups = BTreeSet::new();
    for class in network.classes().filter(|_| several) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let selecting = network.selecting_policies(direction, class);
            let meant: Vec<u32> =
                selecting.iter().copied().filter(|at| is_one(&policies[*at as usize])).collect();
            let place = |at: u32| policies[at as usize].place;
            let tied = meant.windows(2).any(|pair| place(pair[0]) == place(pair[1]));
            let group = network.group(direction, class);
            if !tied || !groups.insert((direction == Direction::Ingress, group)) {
                continue;
            }
            let Some(group) = group else { continue };
            let segments = [Segment::Pods, Segment::Hosts];
            let verdicts = segments.into_iter().flat_map(|segment| {
                let default = network.default_verdict(direction, group, segment);
                let listed = network.listed_peers(direction, group, segment);
                std::iter::once(default).chain(listed.map(|(_, verdict)| verdict))
            });
            let outside =
                network.outside().map(|(peer, _)| network.verdict(direction, class, peer));
            for verdict in verdicts.chain(outside) {
                rivals.extend(disputed(policies, verdict));
            }
        }
    }
    for (at, policy) in policies.iter().enumerate().filter(|(_, policy)| is_one(policy)) {
        let at = at as u32;
        let other = rivals.iter().find_map(|&(one, two)| match at {
            _ if at == one => Some(two),
            _ if at == two => Some(one),
            _ => None,
        });
        let spots = other.map(|other| {
            let said = format!("equal to that of {}", policies[other as usize].name);
            facts::field(policy.name.kind, "", &policy.name.name, ("spec.priority", &said))
        });
        let object = Object::wide(policy.name.kind, &policy.name.name);
        out.add(object, Verdict::of(spots.into_iter().collect()));
    }
}

/// Policies of equal place whose rules decide one connection differently.
fn disputed(policies: &[Policy], verdict: &Decision) -> Vec<(u32, u32)> {
    let rule = |reason: &Reason| match reason {
        Reason::Rule { policy, .. } => Some(*policy),
        _ => None,
    };
    let mut found = Vec::new();
    for one in verdict.pieces.iter().filter(|piece| piece.allowed) {
        for two in verdict.pieces.iter().filter(|piece| !piece.allowed) {
            let (Some(a), Some(b)) = (rule(&one.reason), rule(&two.reason)) else { continue };
            let tied = a != b && policies[a as usize].place == policies[b as usize].place;
            if tied && !one.connections.intersection(&two.connections).is_empty() {
                found.push((a.min(b), a.max(b)));
            }
        }
    }
    found
}
