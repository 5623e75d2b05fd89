//! Which containers run for as long as the pod does (semantics EFF-06): the regular ones,
//! init containers that restart (side-cars), and ephemeral ones, which nothing removes.

use ringfort_model::{Container, ContainerKind, KubeVersion, PodSpec};

use crate::control_rules::rules;
use crate::features::{Stage, stage};

/// Whether a container runs beside the others until the pod ends; `None` where a feature gate
/// or an unknown version decides.
#[must_use]
pub fn lasts(
    kind: ContainerKind,
    container: &Container,
    server: Option<KubeVersion>,
) -> Option<bool> {
    let gated = |gate: &str| match stage(gate, server?.minor) {
        Stage::Absent => Some(false),
        Stage::OffByDefault => None,
        Stage::OnByDefault | Stage::Locked => Some(true),
    };
    let rule = &rules().switches;
    match kind {
        ContainerKind::Regular => Some(true),
        ContainerKind::Init if !container.is_sidecar() || !rule.side_cars_last => Some(false),
        ContainerKind::Ephemeral if !rule.ephemeral_last => Some(false),
        ContainerKind::Init => gated("SidecarContainers"),
        ContainerKind::Ephemeral => gated("EphemeralContainers"),
    }
}

/// The containers that run for as long as the pod does, or may.
pub fn lasting(
    spec: &PodSpec,
    server: Option<KubeVersion>,
) -> impl Iterator<Item = (ContainerKind, usize, &Container)> {
    spec.all_containers()
        .filter(move |(kind, _, container)| lasts(*kind, container, server) != Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_cars_and_ephemeral_containers_last() {
        let spec: PodSpec = serde_json::from_str(
            r#"{"initContainers":[{"name":"once"},{"name":"car","restartPolicy":"Always"}],
                "containers":[{"name":"main"}],"ephemeralContainers":[{"name":"debug"}]}"#,
        )
        .expect("a specification");
        let names = |minor: u32| -> Vec<&str> {
            lasting(&spec, Some(KubeVersion::minor(minor)))
                .map(|(_, _, c)| c.name.as_str())
                .collect()
        };
        assert_eq!(names(36), ["car", "main", "debug"]);
        assert_eq!(names(27), ["main", "debug"]);
        assert_eq!(names(28), ["car", "main", "debug"], "the gate may be on");
        assert_eq!(names(15), ["main"]);
        let car = &spec.init_containers[1];
        let judge = |minor| lasts(ContainerKind::Init, car, Some(KubeVersion::minor(minor)));
        assert_eq!([judge(27), judge(28), judge(29)], [Some(false), None, Some(true)]);
        assert_eq!(lasts(ContainerKind::Init, car, None), None);
    }
}
