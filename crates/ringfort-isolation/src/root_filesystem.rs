//! Whether the container's own files stay as they are (semantics EFF-RO).

use ringfort_model::record::pod::VolumeMount;
use ringfort_model::{Cluster, Container, Kind, PodSpec, VolumeSource};

use crate::capability::has_cap;
use crate::control_rules::rules;
use crate::effect::{Control, Effect, container_path};

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
    let rule = &rules().switches;
    let privileged = context.is_some_and(|sc| sc.privileged == Some(true));
    if privileged && rule.privileged_remounts {
        evidence.push(format!("{path}.securityContext.privileged"));
        return Control::new(Effect::without("a privileged container can remount it"), evidence);
    }
    let mut missing = Vec::new();
    // The runtimes' own AppArmor profiles deny mounts, and theirs is not shown.
    if has_cap(container, "SYS_ADMIN") && !privileged && rule.administrator_may_remount {
        evidence.push(format!("{path}.securityContext.capabilities.add"));
        missing.push("whether a profile keeps SYS_ADMIN from remounting it".to_owned());
    }
    for (at, mount) in container.volume_mounts.iter().enumerate() {
        if mount.read_only == Some(true) && rule.shown_mounts_do_not_count {
            continue;
        }
        match host_path(spec, mount, namespace, cluster) {
            Found::Path(host) => {
                let part = if rule.sub_path_counts { mount.sub_path.as_str() } else { "" };
                let below = format!("{}/{part}", host.trim_end_matches('/'));
                let own = rule.container_programs_count && holds_programs(&mount.mount_path);
                if holds_programs(&below) || own {
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
        Some(VolumeSource::PersistentVolumeClaim(claim))
            if rules().switches.claims_may_be_directories =>
        {
            claim
        }
        _ => return Found::Elsewhere,
    };
    let rule = &rules().switches;
    if claim.read_only == Some(true) && rule.claims_may_be_shown {
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
        (None, Some(local)) if rule.local_is_a_directory => Found::Path(local.path.to_string()),
        (None, _) => Found::Elsewhere,
    }
}

/// Whether programs lie in or below the directory.
fn holds_programs(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let above = rules().switches.above_programs_counts;
    rules().programs.iter().any(|known| {
        let in_or_below = |inner: &str, outer: &str| {
            inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
        };
        in_or_below(path, known) || above && (path.is_empty() || in_or_below(known, path))
    })
}
