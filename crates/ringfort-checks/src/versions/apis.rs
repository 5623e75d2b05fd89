//! Objects that are written in an API version that a release of Kubernetes stopped serving.
//!
//! A manifest says what its author will send. A server answers in the version that it was asked
//! for, whatever clients use, so that its objects say nothing of them.

use ringfort_model::{SourceKind, Str};

use super::data::{Data, Removed};
use crate::world::World;

/// An object in a removed API version.
pub(crate) struct Old<'d> {
    pub(crate) api_version: Str,
    pub(crate) kind: Str,
    pub(crate) namespace: Str,
    pub(crate) name: Str,
    pub(crate) removed: &'d Removed,
}

/// Why it is not known which API versions are in use, if it is not.
pub(crate) fn unknown(world: &World<'_>) -> Option<&'static str> {
    match world.cluster.source {
        SourceKind::Manifests => None,
        SourceKind::Live | SourceKind::Dump => {
            Some("which API versions clients write; a server's answers do not say")
        }
    }
}

/// Objects in API versions that the data call removed, in the order of the objects.
pub(crate) fn old<'d>(world: &World<'_>, data: &'d Data) -> Vec<Old<'d>> {
    let cluster = world.cluster;
    let kept =
        cluster.written.iter().map(|one| (&one.api_version, &one.kind, &one.namespace, &one.name));
    let others = cluster
        .others
        .iter()
        .map(|one| (&one.api_version, &one.kind, &one.metadata.namespace, &one.metadata.name));
    let mut found: Vec<Old<'d>> = kept
        .chain(others)
        .filter_map(|(api_version, kind, namespace, name)| {
            Some(Old {
                removed: data.removed(api_version, kind)?,
                api_version: api_version.clone(),
                kind: kind.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
            })
        })
        .collect();
    found.sort_by(|a, b| {
        (&a.kind, &a.namespace, &a.name, &a.api_version).cmp(&(
            &b.kind,
            &b.namespace,
            &b.name,
            &b.api_version,
        ))
    });
    found
}
