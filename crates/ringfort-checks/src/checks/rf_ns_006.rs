//! RF-NS-006: workload in the default or a system namespace.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_model::SourceKind;

pub(crate) static CHECK: Check = Check {
    id: "RF-NS-006",
    title: "Workload in the default or a system namespace",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[],
    references: &["KSV-0110", "KSV-0037", "C-0061", "C-0212", "CKV_K8S_21", "CIS 5.6.4"],
    reads: &[],
    doc: Doc {
        why: "Policies, quotas and roles are given to namespaces: what lies in a common one is held in by none of its own.",
        fails: "A workload that is no part of the cluster itself runs in default, kube-system, kube-public or kube-node-lease.",
        not: "The cluster's own parts; namespaces of the owner's.",
        unknown: "A manifest names no namespace: whoever applies it decides.",
        fix: "Give the workload a namespace of its own.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let namespace = place.unit.namespace.as_str();
    let common = namespace == "default" || world.is_own_namespace(namespace);
    match common {
        _ if world.is_system(place.at) => Verdict::NotApplicable,
        true if !is_written(world, place) => Verdict::missing(
            "the namespace that the manifest is applied to, which it does not name",
        ),
        true => Verdict::of(vec![world.owner_field(place.at, "metadata.namespace", namespace)]),
        false => Verdict::Pass,
    }
}

/// Whether the object itself says its namespace; a manifest may leave that to whoever applies it.
fn is_written(world: &World<'_>, place: &Place<'_>) -> bool {
    let unit = place.unit;
    let meta = match (&unit.owner, unit.pods.first()) {
        (Some((kind, name)), _) => {
            world.cluster.workload(*kind, &unit.namespace, name).map(|one| &one.metadata)
        }
        (None, Some(&pod)) => Some(&world.cluster.pods[pod].metadata),
        (None, None) => None,
    };
    let origin = meta.and_then(|meta| meta.origin.as_ref());
    let manifests = world.cluster.source == SourceKind::Manifests;
    !manifests || origin.is_none_or(|one| one.fields.has("metadata.namespace") != Some(false))
}
