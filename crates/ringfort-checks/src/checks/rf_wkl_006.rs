//! RF-WKL-006: host path exposes node or pod credentials.

use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_attack::node_mounts;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-006",
    title: "Host path exposes node or pod credentials",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["PSS hostPathVolumes", "KSV-0023", "C-0048", "T1552.001"],
    reads: &[Kind::PersistentVolume, Kind::PersistentVolumeClaim],
    doc: Doc {
        why: "The kubelet's key, tokens of pods, keys of the control plane or the configuration of the cloud provider can be read.",
        fails: "A container mounts, read-only or not, a path of the node at or above such credentials.",
        not: "A path without them, such as /etc/localtime.",
        unknown: "Never, beside claims and volumes that were not read.",
        fix: "Remove the volume.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let mounts = node_mounts(world.context, place.at).into_iter();
    Verdict::of(mounts.filter(|mount| mount.credentials).map(|mount| mount.why).collect())
}
