//! Whether the node of a pod matters to what follows from its containers.
//!
//! Equal pods on different nodes are one position as long as nothing leads from them to their
//! node; a pod that can escape leads to exactly its own node, so its position carries the
//! node. This keeps the graph small without ever merging two positions that differ in what
//! they reach.

use ringfort_model::record::Node;
use ringfort_model::{Cluster, Unit, VolumeSource};

/// Whether some technique may lead from the unit's containers to the node they run on. May
/// answer yes too often (that costs nodes), never no too often.
#[must_use]
pub(crate) fn matters(cluster: &Cluster, unit: &Unit) -> bool {
    let spec = &unit.spec;
    if spec.host_network == Some(true)
        || spec.host_pid == Some(true)
        || spec.host_ipc == Some(true)
        || spec.runtime_class_name.is_some()
    {
        return true;
    }
    let host_process = |windows: Option<&ringfort_model::record::security::WindowsOptions>| {
        windows.is_some_and(|options| options.host_process == Some(true))
    };
    if host_process(spec.security_context.as_ref().and_then(|c| c.windows_options.as_ref())) {
        return true;
    }
    let node_side_volume = spec.volumes.iter().any(|volume| match &volume.source {
        Some(VolumeSource::HostPath(_)) => true,
        Some(VolumeSource::PersistentVolumeClaim(claim)) => {
            claim_is_on_node(cluster, &unit.namespace, &claim.claim_name)
        }
        _ => false,
    });
    node_side_volume
        || spec.all_containers().any(|(_, _, container)| {
            let Some(context) = &container.security_context else { return false };
            context.privileged == Some(true)
                || context.proc_mount.is_some()
                || host_process(context.windows_options.as_ref())
                || context.capabilities.as_ref().is_some_and(|caps| !caps.add.is_empty())
        })
}

/// Whether a claim is bound to a volume that is a directory of a node.
#[must_use]
pub(crate) fn claim_is_on_node(cluster: &Cluster, namespace: &str, claim: &str) -> bool {
    cluster
        .persistent_volume_claims
        .get(namespace, claim)
        .and_then(|claim| claim.spec.as_ref())
        .and_then(|spec| cluster.persistent_volumes.get("", &spec.volume_name))
        .and_then(|volume| volume.spec.as_ref())
        .is_some_and(|spec| spec.host_path.is_some() || spec.local.is_some())
}

/// Whether a node is no machine that a root of its own could be held on: pods of Fargate have one
/// virtual machine each, to which nobody has access, and those of a virtual kubelet run elsewhere.
pub(crate) fn is_virtual(node: &Node) -> bool {
    let is = |key: &str, value: &str| node.metadata.labels.get(key).is_some_and(|v| **v == *value);
    is("eks.amazonaws.com/compute-type", "fargate") || is("type", "virtual-kubelet")
}
