//! RF-NET-002: pod not isolated for ingress.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::isolated;
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_network::policy::Direction;

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-002",
    title: "Pod not isolated for ingress",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Path, Modifier::Exposed],
    references: &["C-0260", "C-0206", "C-0030", "CKV2_K8S_6", "CIS 5.3.2", "NSA net", "MS-TA9034"],
    reads: isolated::READS,
    doc: Doc {
        why: "Whatever gets into some pod of the cluster reaches every port of these.",
        fails: "No policy of any kind restricts what comes in, all that select the pods let everything through, or what restricts it is not enforced where the pods run.",
        not: "Pods that a policy of Kubernetes, Cilium, Calico or the administrator's tier restricts; pods in the network of their node, which no policy selects.",
        unknown: "A policy restricts them, and whether it is enforced is not known; a policy that was not read or understood.",
        fix: "Select the pods with a policy of type Ingress that lists who may connect.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    isolated::judge(world, place, Direction::Ingress)
}
