//! Whether the container's own files stay as they are (semantics EFF-RO).

use ringfort_model::record::pod::VolumeMount;
use ringfort_model::{Cluster, Container, Kind, PodSpec, VolumeSource};

use crate::effect::{Control, Effect, container_path};

/// Directories from which programs are started, in a container and on a node.
const PROGRAMS: &[&str] =
    &["/bin", "/lib", "/lib32", "/lib64", "/opt", "/sbin", "/usr", "/var/lib/kubelet"];

/// Judges `readOnlyRootFilesystem`.
#[must_use]
pub fn read_only_root(
    spec: &PodSpec,
    container: &Container,
    namespace: &str,
    cluster: &Cluster,
) -> Control {
    let path = container_path(spec, container);
    let mut evidence = vec![format!("{path}.securityContext.readOnlyRootFilesystem")];
    let context = container.security_context.as_ref();
    if context.and_then(|sc| sc.read_only_root_filesystem) != Some(true) {
        return Control::new(Effect::Absent, evidence);
    }
    if context.is_some_and(|sc| sc.privileged == Some(true)) {
        evidence.push(format!("{path}.securityContext.privileged"));
        return Control::new(Effect::without("a privileged container can remount it"), evidence);
    }
    let mut missing = Vec::new();
    for (at, mount) in container.volume_mounts.iter().enumerate() {
        if mount.read_only == Some(true) {
            continue;
        }
        match host_path(spec, mount, namespace, cluster) {
            Found::Path(host) => {
                let below = format!("{}/{}", host.trim_end_matches('/'), mount.sub_path);
                if holds_programs(&below) || holds_programs(&mount.mount_path) {
                    evidence.push(format!("{path}.volumeMounts[{at}]"));
                    let reason = format!(
                        "programs can be changed through {}, which is {host} of the node",
                        mount.mount_path
                    );
                    return Control::new(Effect::without(reason), evidence);
                }
            }
            Found::Unknown(what) => {
                evidence.push(format!("{path}.volumeMounts[{at}]"));
                missing.push(what);
            }
            Found::Elsewhere => {}
        }
    }
    let effect = if missing.is_empty() { Effect::Effective } else { Effect::Unknown(missing) };
    Control::new(effect, evidence)
}

enum Found {
    Path(String),
    Elsewhere,
    Unknown(String),
}

/// The directory of the node that a mount shows.
fn host_path(spec: &PodSpec, mount: &VolumeMount, namespace: &str, cluster: &Cluster) -> Found {
    let source = spec.volume(&mount.name).and_then(|volume| volume.source.as_ref());
    let claim = match source {
        Some(VolumeSource::HostPath(host)) => return Found::Path(host.path.to_string()),
        Some(VolumeSource::PersistentVolumeClaim(claim)) => claim,
        _ => return Found::Elsewhere,
    };
    if claim.read_only == Some(true) {
        return Found::Elsewhere;
    }
    let claims = cluster.persistent_volume_claims.get(namespace, &claim.claim_name);
    let volume = claims.and_then(|claim| claim.spec.as_ref());
    let volume = volume.and_then(|spec| cluster.persistent_volumes.get("", &spec.volume_name));
    let Some(spec) = volume.and_then(|volume| volume.spec.as_ref()) else {
        let all = cluster.coverage.is_complete(Kind::PersistentVolumeClaim)
            && cluster.coverage.is_complete(Kind::PersistentVolume);
        return match all {
            // Bound to nothing, it shows nothing.
            true => Found::Elsewhere,
            false => Found::Unknown(format!("the volume behind claim {}", claim.claim_name)),
        };
    };
    match (&spec.host_path, &spec.local) {
        (Some(host), _) => Found::Path(host.path.to_string()),
        (None, Some(local)) => Found::Path(local.path.to_string()),
        (None, None) => Found::Elsewhere,
    }
}

/// Whether programs lie in or below the directory.
fn holds_programs(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    PROGRAMS.iter().any(|known| {
        let in_or_below = |inner: &str, outer: &str| {
            inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
        };
        path.is_empty() || in_or_below(path, known) || in_or_below(known, path)
    })
}
