//! Which fields of a pod make Pod Security refuse it. The checks name who it is in the server's
//! words; the fields are found by asking again about a pod that has nothing but one of them.

use ringfort_attack::Why;
use ringfort_model::{Container, ContainerKind, KubeVersion, Map, PodSpec};
use ringfort_podsec::{Level, PolicyVersion, Violation, evaluate};

use crate::world::{Place, World};

/// The question of one check, about parts of a pod.
struct Asked {
    server: Option<KubeVersion>,
    level: Level,
    version: PolicyVersion,
    check: &'static str,
}

impl Asked {
    /// Whether the check refuses such a pod without annotations.
    fn refuses(&self, spec: &PodSpec) -> Option<Violation> {
        let found = evaluate(spec, &Map::default(), self.level, self.version, self.server);
        found.into_iter().find(|violation| violation.check == self.check)
    }
}

/// The fields by which a check refuses the pod, each with what it says.
pub(crate) fn fields(
    world: &World<'_>,
    place: &Place<'_>,
    (level, version): (Level, PolicyVersion),
    violation: &Violation,
) -> Vec<Why> {
    let spec = &*place.unit.spec;
    let server = world.cluster.version;
    let asked = Asked { server, level, version, check: violation.check };
    let mut spots: Vec<Why> = match violation.check {
        "hostNamespaces" | "hostPathVolumes" | "restrictedVolumes" => {
            let alone = pod_parts(spec).into_iter();
            alone
                .filter_map(|(path, part)| Some(place.field(path, asked.refuses(&part)?.detail)))
                .collect()
        }
        "hostProbesAndHostLifecycle" => {
            let alone = handler_parts(spec).into_iter();
            alone
                .filter_map(|(path, part)| Some(place.field(path, asked.refuses(&part)?.detail)))
                .collect()
        }
        check => match field_of(check) {
            Some(field) => settings(place, &asked, field),
            None => Vec::new(),
        },
    };
    if spots.is_empty() {
        // Profiles were annotations once, which the templates of a workload have as well.
        let (.., path) = world.attack.written_in(place.at);
        let path = format!("{}metadata.annotations", path.strip_suffix("spec").unwrap_or_default());
        spots.push(world.owner_field(place.at, &path, &violation.detail));
    }
    spots
}

/// The field that a check asks about, of the pod as of its containers.
fn field_of(check: &str) -> Option<&'static str> {
    Some(match check {
        "privileged" => "securityContext.privileged",
        "hostPorts" => "ports",
        "windowsHostProcess" => "securityContext.windowsOptions.hostProcess",
        "appArmorProfile" => "securityContext.appArmorProfile",
        "seLinuxOptions" => "securityContext.seLinuxOptions",
        "procMount" | "procMount_restricted" => "securityContext.procMount",
        "sysctls" => "securityContext.sysctls",
        "seccompProfile_baseline" | "seccompProfile_restricted" => "securityContext.seccompProfile",
        "capabilities_baseline" | "capabilities_restricted" => "securityContext.capabilities",
        "allowPrivilegeEscalation" => "securityContext.allowPrivilegeEscalation",
        "runAsNonRoot" => "securityContext.runAsNonRoot",
        "runAsUser" => "securityContext.runAsUser",
        _ => return None,
    })
}

/// A setting that a container has, or takes from its pod.
fn settings(place: &Place<'_>, asked: &Asked, field: &str) -> Vec<Why> {
    let spec = &*place.unit.spec;
    let pod = PodSpec { security_context: spec.security_context.clone(), ..bare(spec) };
    let own = asked.refuses(&pod);
    let mut spots = Vec::new();
    for (kind, index, container) in spec.all_containers() {
        let found = match &own {
            None => asked.refuses(&with_container(pod.clone(), kind, container.clone())),
            // What the pod says is told of the pod: of a container only what it says itself.
            Some(_) => {
                let alone = |one: Container| with_container(bare(spec), kind, one);
                let silent = Container { security_context: None, ..container.clone() };
                let refused = asked.refuses(&alone(container.clone()));
                refused.filter(|_| asked.refuses(&alone(silent)).is_none())
            }
        };
        if let Some(found) = found {
            let path = format!("{}[{index}].{field}", kind.field());
            spots.push(place.field(path, found.detail));
        }
    }
    spots.extend(own.map(|own| place.field(field, own.detail)));
    spots
}

/// A pod that says nothing but who is exempt.
fn bare(spec: &PodSpec) -> PodSpec {
    PodSpec { os: spec.os.clone(), host_users: spec.host_users, ..PodSpec::default() }
}

fn with_container(mut spec: PodSpec, kind: ContainerKind, container: Container) -> PodSpec {
    let list = vec![container].into();
    match kind {
        ContainerKind::Init => spec.init_containers = list,
        ContainerKind::Regular => spec.containers = list,
        ContainerKind::Ephemeral => spec.ephemeral_containers = list,
    }
    spec
}

/// The namespaces of the node and the volumes, each in a pod of its own.
fn pod_parts(spec: &PodSpec) -> Vec<(String, PodSpec)> {
    let mut parts = vec![
        ("hostNetwork".to_owned(), PodSpec { host_network: spec.host_network, ..bare(spec) }),
        ("hostPID".to_owned(), PodSpec { host_pid: spec.host_pid, ..bare(spec) }),
        ("hostIPC".to_owned(), PodSpec { host_ipc: spec.host_ipc, ..bare(spec) }),
    ];
    parts.extend(spec.volumes.iter().enumerate().map(|(at, volume)| {
        (format!("volumes[{at}]"), PodSpec { volumes: vec![volume.clone()].into(), ..bare(spec) })
    }));
    parts
}

/// The probes and hooks of containers, each in a container of its own.
fn handler_parts(spec: &PodSpec) -> Vec<(String, PodSpec)> {
    let mut parts = Vec::new();
    for (kind, index, container) in spec.all_containers() {
        let name = container.name.clone();
        let empty = || Container { name: name.clone(), ..Container::default() };
        let liveness_probe = container.liveness_probe.clone();
        let readiness_probe = container.readiness_probe.clone();
        let startup_probe = container.startup_probe.clone();
        let lifecycle = container.lifecycle.clone();
        for (field, one) in [
            ("livenessProbe", Container { liveness_probe, ..empty() }),
            ("readinessProbe", Container { readiness_probe, ..empty() }),
            ("startupProbe", Container { startup_probe, ..empty() }),
            ("lifecycle", Container { lifecycle, ..empty() }),
        ] {
            let path = format!("{}[{index}].{field}", kind.field());
            parts.push((path, with_container(bare(spec), kind, one)));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_podsec::evaluate::checks_at;

    #[test]
    fn every_check_has_its_fields() {
        let parts = [
            "hostNamespaces",
            "hostPathVolumes",
            "restrictedVolumes",
            "hostProbesAndHostLifecycle",
        ];
        for level in [Level::Baseline, Level::Restricted] {
            for check in checks_at(level, ringfort_podsec::NEWEST_MINOR) {
                assert!(parts.contains(&check.id) || field_of(check.id).is_some(), "{}", check.id);
            }
        }
    }
}
