//! RF-NET-003: pod not isolated for egress.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::isolated;
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_network::policy::Direction;

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-003",
    title: "Pod not isolated for egress",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Path, Modifier::Exposed],
    references: &["C-0030", "CIS 5.3.2"],
    reads: isolated::READS,
    doc: Doc {
        why: "Whoever gets into these pods reaches every other pod, the nodes, the metadata service and the internet.",
        fails: "No policy of any kind restricts what goes out, all that select the pods let everything through, or what restricts it is not enforced where the pods run.",
        not: "Pods that a policy of Kubernetes, Cilium, Calico or the administrator's tier restricts; pods in the network of their node, which no policy selects.",
        unknown: "A policy restricts them, and whether it is enforced is not known; a policy that was not read or understood.",
        fix: "Select the pods with a policy of type Egress that lists where they may connect to.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    isolated::judge(world, place, Direction::Egress)
}
