//! RF-WKL-005: writable host path that gives code execution on the node.

use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_attack::node_mounts;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-005",
    title: "Writable host path that gives code execution on the node",
    zone: Zone::InCluster,
    severity: Severity::Critical,
    modifiers: &[Modifier::Compensated],
    references: &[
        "PSS hostPathVolumes",
        "KSV-0023",
        "KSV-0121",
        "C-0045",
        "C-0048",
        "CIS 5.2.11",
        "MS-TA9013",
    ],
    reads: &[Kind::PersistentVolume, Kind::PersistentVolumeClaim],
    doc: Doc {
        why: "Whoever writes there has the node run code.",
        fails: "A container mounts, writable, a path of the node from which the node runs code; by hostPath, or by a claim bound to a hostPath or local volume; sub-paths included.",
        not: "A read-only mount; a folder of data.",
        unknown: "Never, beside claims and volumes that were not read.",
        fix: "Remove the volume, or mount a narrower path read-only.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let mounts = node_mounts(world.context, place.at).into_iter();
    let bad = mounts.filter(|mount| mount.runs_code && !mount.read_only);
    let mut verdict = Verdict::of(bad.map(|mount| mount.why).collect());
    if let Verdict::Fail(fault) = &mut verdict
        && world.user_namespace(place.at).is_effective()
    {
        fault.compensated = Some("a user namespace holds its processes".to_owned());
    }
    verdict
}
