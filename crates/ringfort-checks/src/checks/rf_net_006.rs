//! RF-NET-006: kubelet, etcd or control-plane ports reachable from pods.

use std::collections::BTreeSet;

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{NodeKey, Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-006",
    title: "Kubelet, etcd or control-plane ports reachable from pods",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["MS-TA9030"],
    reads: &[Kind::Node, Kind::Pod, Kind::ConfigMap, Kind::NetworkPolicy],
    doc: Doc {
        why: "Such a port gives whoever connects what it was meant to give the control plane alone.",
        fails: "Some pod reaches a port of the nodes behind which something asks nobody: a kubelet that lets anybody in, its read-only port, an etcd without client certificates, a controller that shows its paths.",
        not: "Ports that ask for a credential; ports that no pod reaches.",
        unknown: "The settings of the kubelets, or whether etcd asks for a certificate.",
        fix: "Turn authentication on; keep pods from the nodes with a policy.",
    },
    judge: Judge::Cluster(judge),
};

/// What stands behind a port, and the technique that it gives.
const PORTS: [(&str, &str); 4] = [
    ("kubelet", "kubelet-anonymous"),
    ("kubelet-read-only-port", "kubelet-readonly"),
    ("etcd", "net-etcd-direct"),
    ("controllers", "net-kube-controller-ports"),
];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let attack = world.attack;
    for (name, technique) in PORTS {
        let ways = world.edges_of(technique).iter().filter(|&&edge| {
            let from = attack.graph.edge(edge).from;
            let met = matches!(attack.key(from), NodeKey::And(..) | NodeKey::Conjunct(..));
            world.is_sure(edge) && !met && !attack.graph.incoming(from).is_empty()
        });
        let mut spots: Vec<Why> = Vec::new();
        let mut at: BTreeSet<NodeKey> = BTreeSet::new();
        for &edge in ways {
            at.insert(attack.key(attack.graph.edge(edge).to).clone());
            for why in attack.edge(edge).why() {
                if !spots.contains(why) {
                    spots.push(why.clone());
                }
            }
        }
        let verdict = match spots.is_empty() {
            true if world.rests_on_fact(technique) => {
                Verdict::missing(format!("authentication of the {name}"))
            }
            true => Verdict::Pass,
            false => Verdict::Fail(Fault { at, ..Fault::of(spots) }),
        };
        out.add(facts::whole(name), verdict);
    }
}
