//! The checks, one file each, and the table that says at which level and from which version
//! each of them runs and which other it replaces.
//!
//! A check that changed over time reads the policy version from its subject and keeps the
//! edges as data at its top. To add a check: one file here, one line in [`REGISTRY`].

mod allow_privilege_escalation;
mod app_armor_profile;
mod capabilities_baseline;
mod capabilities_restricted;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes_and_host_lifecycle;
mod privileged;
mod proc_mount;
mod proc_mount_restricted;
mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux_options;
mod seccomp_profile_baseline;
mod seccomp_profile_restricted;
mod sysctls;
mod windows_host_process;
mod wording;

use ringfort_model::{Container, Map, PodSpec};

use crate::level::Level;

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The defaulted specification.
    pub spec: &'a PodSpec,
    /// The pod's annotations.
    pub annotations: &'a Map,
    /// The minor of the policy version, already limited to the server's.
    pub minor: u32,
}

/// Why a check refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The server's words for the reason.
    pub reason: &'static str,
    /// Who and what.
    pub detail: String,
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Stable id, as upstream has it.
    pub id: &'static str,
    /// The level that it belongs to.
    pub level: Level,
    /// The first minor version in which it runs.
    pub since: u32,
    /// Checks that do not run at the restricted level where this one does.
    pub overrides: &'static [&'static str],
    /// `None` lets the pod pass.
    pub run: fn(&Subject<'_>) -> Option<Refusal>,
}

const fn baseline(id: &'static str, since: u32, run: fn(&Subject<'_>) -> Option<Refusal>) -> Check {
    Check { id, level: Level::Baseline, since, overrides: &[], run }
}

const fn restricted(
    id: &'static str,
    since: u32,
    overrides: &'static [&'static str],
    run: fn(&Subject<'_>) -> Option<Refusal>,
) -> Check {
    Check { id, level: Level::Restricted, since, overrides, run }
}

/// Every check.
pub static REGISTRY: &[Check] = &[
    baseline("hostNamespaces", 0, host_namespaces::run),
    baseline("privileged", 0, privileged::run),
    baseline("hostPorts", 0, host_ports::run),
    baseline("hostPathVolumes", 0, host_path_volumes::run),
    baseline("windowsHostProcess", 0, windows_host_process::run),
    baseline("appArmorProfile", 0, app_armor_profile::run),
    baseline("seLinuxOptions", 0, se_linux_options::run),
    baseline("procMount", 0, proc_mount::run),
    baseline("sysctls", 0, sysctls::run),
    baseline("seccompProfile_baseline", 0, seccomp_profile_baseline::run),
    baseline("capabilities_baseline", 0, capabilities_baseline::run),
    baseline("hostProbesAndHostLifecycle", 34, host_probes_and_host_lifecycle::run),
    restricted("restrictedVolumes", 0, &["hostPathVolumes"], restricted_volumes::run),
    restricted("allowPrivilegeEscalation", 8, &[], allow_privilege_escalation::run),
    restricted("runAsNonRoot", 0, &[], run_as_non_root::run),
    restricted("runAsUser", 23, &[], run_as_user::run),
    restricted(
        "seccompProfile_restricted",
        19,
        &["seccompProfile_baseline"],
        seccomp_profile_restricted::run,
    ),
    restricted(
        "capabilities_restricted",
        22,
        &["capabilities_baseline"],
        capabilities_restricted::run,
    ),
    restricted("procMount_restricted", 35, &["procMount"], proc_mount_restricted::run),
];

/// From which policy version a pod that says it is for Windows is exempt from Linux fields.
const WINDOWS_EXEMPT_SINCE: u32 = 25;

/// From which policy version a pod that asks for a user namespace may be root inside it.
const USER_NAMESPACE_RELAXED_SINCE: u32 = 35;

impl<'a> Subject<'a> {
    /// Every container: init, regular, ephemeral.
    fn containers(&self) -> impl Iterator<Item = &'a Container> + use<'a> {
        self.spec.all_containers().map(|(_, _, container)| container)
    }

    /// Whether the pod is exempt from checks of Linux-only fields.
    fn exempt_as_windows(&self) -> bool {
        self.minor >= WINDOWS_EXEMPT_SINCE && self.spec.is_windows()
    }

    /// Whether the pod may do more because it asks for a user namespace. The field decides,
    /// not whether a node honours it (semantics T10).
    fn relaxed_by_user_namespace(&self) -> bool {
        self.minor >= USER_NAMESPACE_RELAXED_SINCE && self.spec.host_users == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::Str;

    pub(super) fn spec(json: &str) -> PodSpec {
        serde_json::from_str(json).expect("pod specification")
    }

    /// A pod of one container with that security context.
    pub(super) fn container(security_context: &str) -> PodSpec {
        spec(&format!(r#"{{"containers":[{{"name":"c","securityContext":{security_context}}}]}}"#))
    }

    pub(super) fn refusal(id: &str, spec: &PodSpec, minor: u32) -> Option<Refusal> {
        with_annotations(id, spec, &[], minor)
    }

    pub(super) fn with_annotations(
        id: &str,
        spec: &PodSpec,
        annotations: &[(&str, &str)],
        minor: u32,
    ) -> Option<Refusal> {
        let annotations: Map =
            annotations.iter().map(|(key, value)| (Str::new(key), Str::new(value))).collect();
        let check = REGISTRY.iter().find(|check| check.id == id).expect("a registered check");
        (check.run)(&Subject { spec, annotations: &annotations, minor })
    }

    #[test]
    fn ids_are_unique_and_overrides_name_baseline_checks() {
        let mut ids: Vec<&str> = REGISTRY.iter().map(|check| check.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), REGISTRY.len());
        for check in REGISTRY {
            for id in check.overrides {
                let under = REGISTRY.iter().find(|c| c.id == *id).expect("a registered check");
                assert_eq!((check.level, under.level), (Level::Restricted, Level::Baseline));
            }
        }
    }
}
