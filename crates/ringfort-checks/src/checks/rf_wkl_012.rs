//! RF-WKL-012: container may run as root.

use crate::outcome::Verdict;
use crate::pods::{self, Said};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::{Effect, non_root};
use ringfort_model::Kind;
use ringfort_model::record::Node;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-012",
    title: "Container may run as root",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Exposed, Modifier::Path],
    references: &[
        "PSS runAsNonRoot, runAsUser",
        "KSV-0012",
        "KSV-0105",
        "C-0013",
        "CKV_K8S_23",
        "CIS 5.2.7",
    ],
    reads: &[Kind::Node],
    doc: Doc {
        why: "Root in the container is root to the kernel, and every other escape needs less.",
        fails: "Neither runAsUser nor runAsNonRoot keeps its processes from being root, and no user namespace has effect. The container's field goes before the pod's.",
        not: "A uid above 0; runAsNonRoot, beside uid 0 as well, which the kubelet refuses to start; or an effective user namespace; Windows.",
        unknown: "Whether the pod runs on Windows, or whether its user namespace has effect.",
        fix: "Set runAsNonRoot to true and a numeric runAsUser.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let (spec, cluster) = (&place.unit.spec, world.cluster);
    let node = place.unit.nodes.first().map(|&node| &cluster.nodes[node]);
    if spec.is_windows() || node.is_some_and(Node::is_windows) {
        return Verdict::NotApplicable;
    }
    let namespace = world.user_namespace(place.at);
    pods::containers(place, |container| {
        let said = match non_root(spec, container, node, cluster) {
            control if control.effect == Effect::Absent => {
                let (_, field) = control.evidence[0].rsplit_once('.').unwrap_or_default();
                Said::Bad(format!("securityContext.{field}"), "the image decides".into())
            }
            control => Said::unless(control, "securityContext.runAsUser"),
        };
        match (said, &namespace) {
            (Said::Bad(..) | Said::Missing(_), Effect::Effective) => Said::Good,
            (Said::Bad(..), Effect::Unknown(missing)) => Said::Missing(missing.clone()),
            (said, _) => said,
        }
    })
}
