//! The checks, one file each, and the table that says at which level and from which version
//! each of them runs, which other it replaces and who is exempt.
//!
//! What a check allows, and from which version, is data in [`Rules`]. To add a check: one file
//! here, one line in [`REGISTRY`].

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

use ringfort_model::{Container, ContainerKind, Map, PodSpec};

use crate::level::Level;
use crate::rules::Rules;

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The defaulted specification.
    pub spec: &'a PodSpec,
    /// The pod's annotations.
    pub annotations: &'a Map,
    /// The minor of the policy version, already limited to the server's.
    pub minor: u32,
    /// What is allowed.
    pub rules: &'a Rules,
    /// The lists of containers that the check visits.
    visits: &'a [ContainerKind],
}

/// Why a check refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The server's words for the reason.
    pub reason: &'static str,
    /// Who and what.
    pub detail: String,
}

/// Whom a check does not ask, from a version on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exempt {
    /// Pods that say they are for Windows, from fields that only Linux has.
    Windows,
    /// Pods that ask for a user namespace. The field decides, not whether a node honours it
    /// (semantics T10).
    UserNamespace,
}

impl Exempt {
    fn covers(self, spec: &PodSpec) -> bool {
        match self {
            Self::Windows => spec.is_windows(),
            Self::UserNamespace => spec.host_users == Some(false),
        }
    }
}

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Stable id, as upstream has it.
    pub id: &'static str,
    /// The level that it belongs to.
    pub level: Level,
    /// The first minor version in which it runs.
    pub since: u32,
    /// Checks that do not run at the restricted level where this one does.
    pub overrides: &'static [&'static str],
    /// Who is exempt, each with the first minor in which they are.
    pub exempt: &'static [(Exempt, u32)],
    /// The lists of containers that it visits.
    pub visits: &'static [ContainerKind],
    /// `None` lets the pod pass.
    pub(crate) run: fn(&Subject<'_>) -> Option<Refusal>,
}

const ALL: &[ContainerKind] =
    &[ContainerKind::Init, ContainerKind::Regular, ContainerKind::Ephemeral];

impl Check {
    const fn baseline(
        id: &'static str,
        since: u32,
        run: fn(&Subject<'_>) -> Option<Refusal>,
    ) -> Self {
        Self { id, level: Level::Baseline, since, overrides: &[], exempt: &[], visits: ALL, run }
    }

    const fn restricted(
        id: &'static str,
        since: u32,
        run: fn(&Subject<'_>) -> Option<Refusal>,
    ) -> Self {
        Self { level: Level::Restricted, ..Self::baseline(id, since, run) }
    }

    const fn over(self, overrides: &'static [&'static str]) -> Self {
        Self { overrides, ..self }
    }

    const fn but(self, exempt: &'static [(Exempt, u32)]) -> Self {
        Self { exempt, ..self }
    }

    /// What the check finds in a pod at a minor version; `None` lets the pod pass.
    #[must_use]
    pub fn judge(
        &self,
        rules: &Rules,
        spec: &PodSpec,
        annotations: &Map,
        minor: u32,
    ) -> Option<Refusal> {
        if self.exempt.iter().any(|(who, since)| minor >= *since && who.covers(spec)) {
            return None;
        }
        (self.run)(&Subject { spec, annotations, minor, rules, visits: self.visits })
    }
}

const WINDOWS: &[(Exempt, u32)] = &[(Exempt::Windows, 25)];
const MAPPED: &[(Exempt, u32)] = &[(Exempt::UserNamespace, 35)];

/// Every check.
pub static REGISTRY: &[Check] = &[
    Check::baseline("hostNamespaces", 0, host_namespaces::run),
    Check::baseline("privileged", 0, privileged::run),
    Check::baseline("hostPorts", 0, host_ports::run),
    Check::baseline("hostPathVolumes", 0, host_path_volumes::run),
    Check::baseline("windowsHostProcess", 0, windows_host_process::run),
    Check::baseline("appArmorProfile", 0, app_armor_profile::run),
    Check::baseline("seLinuxOptions", 0, se_linux_options::run),
    Check::baseline("procMount", 0, proc_mount::run).but(MAPPED),
    Check::baseline("sysctls", 0, sysctls::run),
    Check::baseline("seccompProfile_baseline", 0, seccomp_profile_baseline::run),
    Check::baseline("capabilities_baseline", 0, capabilities_baseline::run),
    Check::baseline("hostProbesAndHostLifecycle", 34, host_probes_and_host_lifecycle::run),
    Check::restricted("restrictedVolumes", 0, restricted_volumes::run).over(&["hostPathVolumes"]),
    Check::restricted("allowPrivilegeEscalation", 8, allow_privilege_escalation::run).but(WINDOWS),
    Check::restricted("runAsNonRoot", 0, run_as_non_root::run).but(MAPPED),
    Check::restricted("runAsUser", 23, run_as_user::run).but(MAPPED),
    Check::restricted("seccompProfile_restricted", 19, seccomp_profile_restricted::run)
        .over(&["seccompProfile_baseline"])
        .but(WINDOWS),
    Check::restricted("capabilities_restricted", 22, capabilities_restricted::run)
        .over(&["capabilities_baseline"])
        .but(WINDOWS),
    Check::restricted("procMount_restricted", 35, proc_mount_restricted::run).over(&["procMount"]),
];

impl<'a> Subject<'a> {
    /// The containers of the lists that the check visits: init, regular, ephemeral.
    fn containers(&self) -> impl Iterator<Item = &'a Container> + use<'a> {
        let visits = self.visits;
        let all = self.spec.all_containers();
        all.filter(|(kind, _, _)| visits.contains(kind)).map(|(_, _, container)| container)
    }

    /// Whether a list that grew by version allows the value.
    fn allows(&self, list: &[(&str, u32)], value: &str) -> bool {
        list.iter().any(|(known, since)| value == *known && *since <= self.minor)
    }
}

/// Whether a list of annotation values allows the value; an entry that ends in a slash stands
/// for every value that begins with it.
fn annotation_allowed(list: &[&str], value: &str) -> bool {
    list.iter().any(|entry| *entry == value || (entry.ends_with('/') && value.starts_with(entry)))
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
        let rules = crate::rules::rules();
        let check = rules.checks.iter().find(|check| check.id == id).expect("a registered check");
        check.judge(rules, spec, &annotations, minor)
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
