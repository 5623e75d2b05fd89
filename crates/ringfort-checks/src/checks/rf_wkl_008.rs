//! RF-WKL-008: other host path volume.

use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_attack::node_mounts;
use ringfort_model::VolumeSource;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-008",
    title: "Other host path volume",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Path],
    references: &["PSS hostPathVolumes", "KSV-0023", "C-0048", "CIS 5.2.11"],
    reads: &[],
    doc: Doc {
        why: "A folder of the node is shared with whatever else uses it, and ties the pod to the node.",
        fails: "A hostPath volume that RF-WKL-005 to RF-WKL-007 do not report.",
        not: "No hostPath volume.",
        unknown: "Never.",
        fix: "Use a volume of the cluster, or remove it.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let reported: Vec<_> = node_mounts(world.context, place.at)
        .into_iter()
        .filter(|one| one.socket || one.credentials || (one.runs_code && !one.read_only))
        .map(|one| one.volume)
        .collect();
    let volumes = place.unit.spec.volumes.iter().enumerate();
    let bad = volumes.filter_map(|(at, volume)| match &volume.source {
        Some(VolumeSource::HostPath(host)) if !reported.contains(&volume.name) => {
            Some(place.field(format!("volumes[{at}].hostPath.path"), &host.path))
        }
        _ => None,
    });
    Verdict::of(bad.collect())
}
