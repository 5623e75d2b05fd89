//! RF-NODE-002: kubelet read-only port open.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::settings;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::server;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-NODE-002",
    title: "Kubelet read-only port open",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[Modifier::Exposed],
    references: &["C-0175", "CIS 4.2.4"],
    reads: &[Kind::Node, Kind::ConfigMap],
    doc: Doc {
        why: "It shows the specifications of all pods of the node, literal credentials included, to whoever connects.",
        fails: "The settings that kubeadm hands to every node set readOnlyPort to a port.",
        not: "Port 0, the default of the configuration file.",
        unknown: "The ConfigMap of kubeadm was not read or is not there.",
        fix: "Set readOnlyPort to 0.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let settings = server::kubelets(world.cluster);
    for node in &world.cluster.nodes {
        let name = &node.metadata.name;
        let verdict = match settings {
            None => Verdict::missing("the settings of the kubelets"),
            Some(set) if set.read_only_port => {
                let at = ("data.kubelet", "readOnlyPort is open");
                let mut fault = Fault::of(vec![settings::kubelet_field(world, at)]);
                fault.exposed = settings::is_public(world, name);
                Verdict::Fail(fault)
            }
            Some(_) => Verdict::Pass,
        };
        out.add(Object::wide("Node", name), verdict);
    }
}
