//! RF-CP-008: etcd reachable or without client authentication.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{NodeKey, Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-008",
    title: "etcd reachable or without client authentication",
    zone: Zone::Impact,
    severity: Severity::Critical,
    modifiers: &[],
    references: &["C-0154", "C-0155", "C-0159", "CIS 2.2", "CIS 2.3", "MS-M9024"],
    reads: &[Kind::Pod, Kind::Node],
    doc: Doc {
        why: "Whoever talks to etcd reads every Secret and writes every object, past the API server.",
        fails: "An etcd that runs in the cluster answers clients without a certificate on an address that some pod reaches.",
        not: "An etcd that asks for a certificate, or that no pod reaches.",
        unknown: "No etcd is among the objects, or a file holds its settings.",
        fix: "Set --client-cert-auth and --trusted-ca-file.",
    },
    judge: Judge::Cluster(judge),
};

const TECHNIQUE: &str = "net-etcd-direct";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let attack = world.attack;
    let ways = world.edges_of(TECHNIQUE).iter().filter(|&&edge| {
        let from = attack.key(attack.graph.edge(edge).from);
        world.is_sure(edge) && !matches!(from, NodeKey::And(..) | NodeKey::Conjunct(..))
    });
    let mut spots: Vec<Why> = Vec::new();
    for why in ways.flat_map(|&edge| attack.edge(edge).why().cloned().collect::<Vec<_>>()) {
        if !spots.contains(&why) {
            spots.push(why);
        }
    }
    let verdict = match spots.is_empty() {
        false => {
            let mut fault = Fault::of(spots);
            fault.at.insert(NodeKey::ControlPlane);
            Verdict::Fail(fault)
        }
        true if world.rests_on_fact(TECHNIQUE) => {
            Verdict::missing("whether etcd asks for a client certificate")
        }
        true => Verdict::Pass,
    };
    out.add(facts::whole("etcd"), verdict);
}
