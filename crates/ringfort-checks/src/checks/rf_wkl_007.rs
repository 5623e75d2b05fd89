//! RF-WKL-007: container runtime socket is mounted.

use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_attack::node_mounts;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-007",
    title: "Container runtime socket is mounted",
    zone: Zone::InCluster,
    severity: Severity::Critical,
    modifiers: &[],
    references: &["KSV-0006", "C-0074", "CKV_K8S_27", "T1610"],
    reads: &[Kind::PersistentVolume, Kind::PersistentVolumeClaim],
    doc: Doc {
        why: "Who writes to the socket starts any container on the node.",
        fails: "A container mounts a runtime's socket or a folder above it, in whatever mode: a read-only mount does not stop a connection.",
        not: "A socket of another program.",
        unknown: "Never, beside claims and volumes that were not read.",
        fix: "Remove the volume.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let mounts = node_mounts(world.context, place.at).into_iter();
    Verdict::of(mounts.filter(|mount| mount.socket).map(|mount| mount.why).collect())
}
