//! Ids of other tools, and which checks of ours have a similar intent.
//!
//! For Trivy, Kubescape and Checkov the references of each check say it. kube-linter, Polaris and
//! kube-score have names instead of numbers: theirs are listed here in full, as of 2026-08 (2026-05
//! for kube-score), so that a name that no tool knows is told from one that we have no check for.

use regex::RegexBuilder;

use super::{Tool, every};
use crate::check::Check;

/// What a rule says which checks it is for.
#[derive(Clone, Copy)]
pub(super) enum Meant<'r> {
    /// One id.
    Id(&'r str),
    /// Ids that match a regular expression as a whole, in any case.
    Pattern(&'r str),
    /// Every check of the tool.
    Every,
}

impl Meant<'_> {
    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Id(id) | Self::Pattern(id) => (*id).to_owned(),
            Self::Every => "every check".to_owned(),
        }
    }
}

/// The checks that are meant, or why there are none.
pub(super) fn ours(tool: Tool, meant: &Meant<'_>) -> Result<Vec<&'static Check>, String> {
    let name = tool.name();
    let found: Vec<&'static Check> = match meant {
        Meant::Id(id) => {
            let id = written(tool, id);
            if !exists(tool, &id) {
                return Err(format!("{name} has no check of that id for Kubernetes objects"));
            }
            with(tool, |known| known == id)
        }
        Meant::Pattern(pattern) => {
            let whole = RegexBuilder::new(&format!("^{pattern}$")).case_insensitive(true).build();
            let whole = whole.map_err(|_| "its id is no regular expression".to_owned())?;
            with(tool, |known| whole.is_match(known))
        }
        Meant::Every => with(tool, |_| true),
    };
    match found.is_empty() {
        true => Err("no check of Ringfort is like it".to_owned()),
        false => Ok(found),
    }
}

/// Checks that a tool has something like, under an id that is meant.
fn with(tool: Tool, meant: impl Fn(&str) -> bool) -> Vec<&'static Check> {
    let named = |check: &Check| match names(tool) {
        Some(names) => names.iter().any(|(name, ours)| ours.contains(&check.id) && meant(name)),
        None => check.references.iter().any(|known| is_of(tool, known) && meant(known)),
    };
    every().iter().copied().filter(|check| named(check)).collect()
}

/// An id as our references write it: Trivy's had other forms before.
fn written(tool: Tool, id: &str) -> String {
    let bare = id.strip_prefix("AVD-").unwrap_or(id);
    let digits = bare.strip_prefix("KSV").filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    match (tool, digits) {
        // KSV001, KSV01010; today KSV-0001, KSV-01010.
        (Tool::Trivy, Some(digits)) if !digits.is_empty() => format!("KSV-{digits:0>4}"),
        (Tool::Trivy, _) => bare.to_owned(),
        _ => id.to_owned(),
    }
}

/// Whether a tool has that id, or one of the form.
fn exists(tool: Tool, id: &str) -> bool {
    match names(tool) {
        Some(names) => names.iter().any(|(name, _)| *name == id),
        None => is_of(tool, id),
    }
}

/// Whether an id has the form of a tool's ids for Kubernetes.
fn is_of(tool: Tool, id: &str) -> bool {
    let numbered = |start: &str, least: usize| {
        id.strip_prefix(start).is_some_and(|rest| {
            rest.len() >= least && rest.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    match tool {
        Tool::Trivy => numbered("KSV-", 4) || numbered("KCV-", 4),
        Tool::Kubescape => numbered("C-", 4),
        Tool::Checkov => numbered("CKV_K8S_", 1) || numbered("CKV2_K8S_", 1),
        Tool::KubeLinter | Tool::Polaris | Tool::KubeScore => false,
    }
}

/// Names of a tool's checks, each with ours.
type Names = &'static [(&'static str, &'static [&'static str])];

/// The names of a tool that has names.
fn names(tool: Tool) -> Option<Names> {
    match tool {
        Tool::KubeLinter => Some(KUBE_LINTER),
        Tool::Polaris => Some(POLARIS),
        Tool::KubeScore => Some(KUBE_SCORE),
        Tool::Trivy | Tool::Kubescape | Tool::Checkov => None,
    }
}

/// `pkg/builtinchecks/yamls` of stackrox/kube-linter.
const KUBE_LINTER: Names = &[
    ("access-to-create-pods", &["RF-RBAC-008"]),
    ("access-to-secrets", &["RF-RBAC-007"]),
    ("cluster-admin-role-binding", &["RF-RBAC-001"]),
    ("dangling-horizontalpodautoscaler", &[]),
    ("dangling-ingress", &[]),
    ("dangling-networkpolicy", &[]),
    ("dangling-networkpolicypeer-podselector", &[]),
    ("dangling-service", &[]),
    ("dangling-servicemonitor", &[]),
    ("default-service-account", &[]),
    ("deprecated-service-account-field", &[]),
    ("dnsconfig-options", &[]),
    ("docker-sock", &["RF-WKL-007"]),
    ("drop-net-raw-capability", &["RF-WKL-010"]),
    ("duplicate-env-var", &[]),
    ("env-value-from", &[]),
    ("env-var-secret", &["RF-SEC-001"]),
    ("exposed-services", &["RF-EXP-001", "RF-EXP-002"]),
    ("host-ipc", &["RF-WKL-003"]),
    ("host-network", &["RF-WKL-004"]),
    ("host-pid", &["RF-WKL-002"]),
    ("hpa-minimum-three-replicas", &[]),
    ("invalid-target-ports", &[]),
    ("job-ttl-seconds-after-finished", &[]),
    ("latest-tag", &["RF-IMG-001"]),
    ("liveness-port", &[]),
    ("minimum-three-replicas", &[]),
    ("mismatching-selector", &[]),
    ("no-anti-affinity", &[]),
    ("no-extensions-v1beta", &[]),
    ("no-liveness-probe", &[]),
    ("no-node-affinity", &[]),
    ("no-read-only-root-fs", &[]),
    ("no-readiness-probe", &[]),
    ("no-rolling-update-strategy", &[]),
    ("non-existent-service-account", &[]),
    ("non-isolated-pod", &["RF-NET-002", "RF-NET-003"]),
    ("pdb-max-unavailable", &[]),
    ("pdb-min-available", &[]),
    ("pdb-unhealthy-pod-eviction-policy", &[]),
    ("priority-class-name", &[]),
    ("privilege-escalation-container", &["RF-WKL-011"]),
    ("privileged-container", &["RF-WKL-001"]),
    ("privileged-ports", &[]),
    ("read-secret-from-env-var", &["RF-SEC-002"]),
    ("readiness-port", &[]),
    ("required-annotation-email", &[]),
    ("required-label-owner", &[]),
    ("restart-policy", &[]),
    ("run-as-non-root", &["RF-WKL-012"]),
    ("scc-deny-privileged-container", &[]),
    ("schema-validation", &[]),
    ("sensitive-host-mounts", &["RF-WKL-005", "RF-WKL-006", "RF-WKL-008"]),
    ("sorted-keys", &[]),
    ("ssh-port", &[]),
    ("startup-port", &[]),
    ("unsafe-proc-mount", &["RF-WKL-015"]),
    ("unsafe-sysctls", &["RF-WKL-015"]),
    ("unset-cpu-requirements", &["RF-WKL-022"]),
    ("unset-memory-requirements", &["RF-WKL-022"]),
    ("use-namespace", &["RF-NS-006"]),
    ("wildcard-in-rules", &["RF-RBAC-006"]),
    ("writable-host-mount", &["RF-WKL-005"]),
];

/// `pkg/config/checks` of FairwindsOps/polaris.
const POLARIS: Names = &[
    ("automountServiceAccountToken", &["RF-SA-001"]),
    ("clusterrolePodExecAttach", &["RF-RBAC-009"]),
    ("clusterrolebindingClusterAdmin", &["RF-RBAC-001"]),
    ("clusterrolebindingPodExecAttach", &["RF-RBAC-009"]),
    ("cpuLimitsMissing", &["RF-WKL-022"]),
    ("cpuRequestsMissing", &[]),
    ("dangerousCapabilities", &["RF-WKL-009"]),
    ("deploymentMissingReplicas", &[]),
    ("hostIPCSet", &["RF-WKL-003"]),
    ("hostNetworkSet", &["RF-WKL-004"]),
    ("hostPIDSet", &["RF-WKL-002"]),
    ("hostPathSet", &["RF-WKL-005", "RF-WKL-006", "RF-WKL-007", "RF-WKL-008"]),
    ("hostPortSet", &["RF-EXP-009"]),
    ("hostProcess", &["RF-WKL-016"]),
    ("hpaMaxAvailability", &[]),
    ("hpaMinAvailability", &[]),
    ("insecureCapabilities", &["RF-WKL-010"]),
    ("linuxHardening", &["RF-WKL-013"]),
    ("livenessProbeMissing", &[]),
    ("memoryLimitsMissing", &["RF-WKL-022"]),
    ("memoryRequestsMissing", &[]),
    ("metadataAndInstanceMismatched", &[]),
    ("missingNetworkPolicy", &["RF-NET-002", "RF-NET-003"]),
    ("missingPodDisruptionBudget", &[]),
    ("notReadOnlyRootFilesystem", &[]),
    ("pdbDisruptionsIsZero", &[]),
    ("pdbMinAvailableGreaterThanHPAMinReplicas", &[]),
    ("priorityClassNotSet", &[]),
    ("privilegeEscalationAllowed", &["RF-WKL-011"]),
    ("procMount", &["RF-WKL-015"]),
    ("pullPolicyNotAlways", &["RF-IMG-007"]),
    ("readinessProbeMissing", &[]),
    ("rolePodExecAttach", &["RF-RBAC-009"]),
    ("rolebindingClusterAdminClusterRole", &["RF-RBAC-001"]),
    ("rolebindingClusterAdminRole", &["RF-RBAC-001"]),
    ("rolebindingClusterRolePodExecAttach", &["RF-RBAC-009"]),
    ("rolebindingRolePodExecAttach", &["RF-RBAC-009"]),
    ("runAsPrivileged", &["RF-WKL-001"]),
    ("runAsRootAllowed", &["RF-WKL-012"]),
    ("sensitiveConfigmapContent", &["RF-SEC-001"]),
    ("sensitiveContainerEnvVar", &["RF-SEC-001"]),
    ("tagNotSpecified", &["RF-IMG-001"]),
    ("tlsSettingsMissing", &[]),
    ("topologySpreadConstraint", &[]),
];

/// `README_CHECKS.md` of zegl/kube-score.
const KUBE_SCORE: Names = &[
    ("container-cpu-requests-equal-limits", &[]),
    ("container-ephemeral-storage-request-and-limit", &[]),
    ("container-ephemeral-storage-request-equals-limit", &[]),
    ("container-image-pull-policy", &["RF-IMG-007"]),
    ("container-image-tag", &["RF-IMG-001"]),
    ("container-memory-requests-equal-limits", &[]),
    ("container-ports-check", &[]),
    ("container-resource-requests-equal-limits", &[]),
    ("container-resources", &["RF-WKL-022"]),
    ("container-seccomp-profile", &["RF-WKL-013"]),
    ("container-security-context-privileged", &["RF-WKL-001"]),
    ("container-security-context-readonlyrootfilesystem", &[]),
    ("container-security-context-user-group-id", &["RF-WKL-012"]),
    ("cronjob-has-deadline", &[]),
    ("cronjob-restartpolicy", &[]),
    ("deployment-has-host-podantiaffinity", &[]),
    ("deployment-has-poddisruptionbudget", &[]),
    ("deployment-pod-selector-labels-match-template-metadata-labels", &[]),
    ("deployment-replicas", &[]),
    ("deployment-strategy", &[]),
    ("deployment-targeted-by-hpa-does-not-have-replicas-configured", &[]),
    ("environment-variable-key-duplication", &[]),
    ("horizontalpodautoscaler-has-target", &[]),
    ("horizontalpodautoscaler-replicas", &[]),
    ("ingress-targets-service", &[]),
    ("label-values", &[]),
    ("networkpolicy-targets-pod", &[]),
    ("pod-networkpolicy", &["RF-NET-002", "RF-NET-003"]),
    ("pod-probes", &[]),
    ("pod-probes-identical", &[]),
    ("pod-topology-spread-constraints", &[]),
    ("poddisruptionbudget-has-policy", &[]),
    ("service-targets-pod", &[]),
    ("service-type", &["RF-EXP-001"]),
    ("stable-version", &[]),
    ("statefulset-has-host-podantiaffinity", &[]),
    ("statefulset-has-poddisruptionbudget", &[]),
    ("statefulset-has-servicename", &[]),
    ("statefulset-pod-selector-labels-match-template-metadata-labels", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    fn found(tool: Tool, id: &str) -> Result<Vec<&'static str>, String> {
        Ok(ours(tool, &Meant::Id(id))?.iter().map(|check| check.id).collect())
    }

    #[test]
    fn names_are_sorted_and_lead_to_checks_that_exist() {
        for tool in Tool::ALL {
            let Some(names) = names(tool) else { continue };
            assert!(names.is_sorted_by_key(|(name, _)| *name), "{}", tool.name());
            for (name, ours) in names {
                for id in *ours {
                    assert!(checks::by_id(id).is_some(), "{name} leads to {id}");
                }
            }
        }
    }

    #[test]
    fn every_form_of_an_id_is_read() {
        for id in ["KSV-0017", "AVD-KSV-0017", "KSV017"] {
            assert_eq!(found(Tool::Trivy, id), Ok(vec!["RF-WKL-001"]), "{id}");
        }
        assert_eq!(found(Tool::Trivy, "KSV01010"), Ok(vec!["RF-SEC-001"]));
        assert_eq!(found(Tool::Kubescape, "C-0057"), Ok(vec!["RF-WKL-001"]));
        assert_eq!(found(Tool::Checkov, "CKV2_K8S_6"), Ok(vec!["RF-NET-002"]));
        assert_eq!(found(Tool::KubeLinter, "host-pid"), Ok(vec!["RF-WKL-002"]));
    }

    #[test]
    fn an_unknown_id_is_told_from_one_without_a_check() {
        for (tool, unknown, without) in [
            (Tool::Trivy, "CVE-2024-0001", "KSV-9999"),
            (Tool::Kubescape, "C-57", "C-9999"),
            (Tool::Checkov, "CKV_AWS_20", "CKV_K8S_9999"),
            (Tool::KubeLinter, "host-pids", "sorted-keys"),
            (Tool::Polaris, "hostPID", "cpuRequestsMissing"),
            (Tool::KubeScore, "container-security", "pod-probes"),
        ] {
            let why = found(tool, unknown).expect_err(unknown);
            assert!(why.contains("no check of that id"), "{why}");
            let why = found(tool, without).expect_err(without);
            assert!(why.contains("no check of Ringfort"), "{why}");
        }
    }

    #[test]
    fn a_pattern_covers_whole_ids_only() {
        let found = |pattern| {
            ours(Tool::Kubescape, &Meant::Pattern(pattern))
                .map(|found| found.iter().map(|check| check.id).collect::<Vec<_>>())
        };
        assert_eq!(found("c-0057"), Ok(vec!["RF-WKL-001"]));
        assert_eq!(found("C-005[7]"), Ok(vec!["RF-WKL-001"]));
        assert!(found("C-005").is_err());
        assert!(found("C-(").is_err());
        assert!(ours(Tool::Kubescape, &Meant::Every).expect("many").len() > 50);
    }
}
