//! RF-NODE-001: kubelet accepts anonymous or unauthorised calls.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::settings;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::server;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-NODE-001",
    title: "Kubelet accepts anonymous or unauthorised calls",
    zone: Zone::Initial,
    severity: Severity::Critical,
    modifiers: &[Modifier::Exposed],
    references: &["C-0069", "C-0172", "C-0173", "CIS 4.2.1", "CIS 4.2.2"],
    reads: &[Kind::Node, Kind::ConfigMap],
    doc: Doc {
        why: "The kubelet runs commands in every container of its node for whoever it lets in.",
        fails: "The settings that kubeadm hands to every node turn anonymous requests on or allow every request.",
        not: "Anonymous requests off and mode Webhook, the defaults of the configuration file.",
        unknown: "The ConfigMap of kubeadm was not read or is not there: no other object shows the settings of a kubelet.",
        fix: "Set authentication.anonymous.enabled to false and authorization.mode to Webhook.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let settings = server::kubelets(world.cluster);
    for node in &world.cluster.nodes {
        let name = &node.metadata.name;
        let verdict = match settings {
            None => Verdict::missing("the settings of the kubelets"),
            Some(set) if set.anonymous || set.always_allow => {
                let at = ("data.kubelet", "anonymous requests or AlwaysAllow");
                let mut fault = Fault::of(vec![settings::kubelet_field(world, at)]);
                fault.exposed = settings::is_public(world, name);
                Verdict::Fail(fault)
            }
            Some(_) => Verdict::Pass,
        };
        out.add(Object::wide("Node", name), verdict);
    }
}
