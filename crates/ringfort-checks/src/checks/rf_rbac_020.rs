//! RF-RBAC-020: may take over Service traffic.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::entitled;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-020",
    title: "May take over Service traffic",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["CKV2_K8S_4", "KSV-0056", "C-0283"],
    reads: entitled::RBAC,
    doc: Doc {
        why: "Requests meant for another workload, with their credentials, come to the subject's own.",
        fails: "A binding of the owner's lets the subject claim external addresses, change the addresses of a load balancer, or write endpoints, Ingresses or routes that lead where it likes.",
        not: "A server with DenyServiceExternalIPs on, as far as external addresses go; read access.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Drop the verbs, or turn on DenyServiceExternalIPs and an admission policy for routes.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] =
    &["net-external-ip-hijack", "net-endpoints-hijack", "net-ingress-hijack", "net-gateway-route"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    entitled::judge(world, out, TECHNIQUES);
}
