//! The token volume that admission adds to a pod has a random name (`kube-api-access-x7k2p`).
//! It is given one common name so that equal pods have equal specifications.

use std::sync::Arc;

use crate::record::{Pod, VolumeSource};
use crate::text::Str;

/// Prefix of the volume that the ServiceAccount admission plug-in adds.
pub const PREFIX: &str = "kube-api-access-";

/// Common name of the generated token volume inside the model.
pub const COMMON_NAME: &str = "kube-api-access-*";

/// Gives the generated token volume its common name, where there is exactly one such volume
/// and it has the generated shape.
pub(crate) fn share_name(pod: &mut Pod) {
    let mut candidates =
        pod.spec.volumes.iter().enumerate().filter(|(_, v)| v.name.starts_with(PREFIX));
    let (Some((at, volume)), None) = (candidates.next(), candidates.next()) else { return };
    let generated = volume.name.len() == PREFIX.len() + 5
        && matches!(volume.source, Some(VolumeSource::Projected(_)));
    if !generated {
        return;
    }
    let old = volume.name.clone();
    let spec = Arc::make_mut(&mut pod.spec);
    let common = Str::new(COMMON_NAME);
    spec.volumes[at].name = common.clone();
    let lists = [&mut spec.init_containers, &mut spec.containers, &mut spec.ephemeral_containers];
    for container in lists.into_iter().flat_map(|list| list.iter_mut()) {
        for mount in container.volume_mounts.iter_mut().filter(|mount| mount.name == old) {
            mount.name = common.clone();
        }
    }
}
