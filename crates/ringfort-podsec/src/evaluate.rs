//! Which checks run at a level and version, and what they find (semantics PSS-01).
//!
//! Follows kubernetes/pod-security-admission `policy/registry.go`: baseline is every baseline
//! check that exists at the version; restricted is those that no restricted check of the
//! version overrides, and the restricted checks.

use ringfort_model::{KubeVersion, Map, PodSpec};

use crate::checks::Check;
use crate::level::{Level, PolicyVersion};
use crate::rules::rules;

/// A check that refuses a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The check's id, for example `hostNamespaces`.
    pub check: &'static str,
    /// The words with which the server names the reason, for example `host namespaces`.
    pub reason: &'static str,
    /// Who does it and with which value, in the server's words.
    pub detail: String,
}

/// The checks that refuse the pod at that level and version, in the server's order: baseline
/// checks by id, then restricted ones. The specification must have been defaulted. An unknown
/// server takes the version as it is, and the newest known rules for `latest`.
#[must_use]
pub fn evaluate(
    spec: &PodSpec,
    annotations: &Map,
    level: Level,
    version: PolicyVersion,
    server: Option<KubeVersion>,
) -> Vec<Violation> {
    let minor = version.minor(server);
    let mut checks: Vec<&Check> = checks_at(level, minor).collect();
    checks.sort_by_key(|check| (check.level, check.id));
    let found = checks.into_iter().filter_map(|check| {
        let refusal = check.judge(rules(), spec, annotations, minor)?;
        Some(Violation { check: check.id, reason: refusal.reason, detail: refusal.detail })
    });
    found.collect()
}

/// The refusal as the server words it: `REASON (DETAIL), REASON (DETAIL)`.
#[must_use]
pub fn refusal_message(violations: &[Violation]) -> String {
    let parts: Vec<String> = violations
        .iter()
        .map(|violation| format!("{} ({})", violation.reason, violation.detail))
        .collect();
    parts.join(", ")
}

/// The strictest level that admits the pod.
#[must_use]
pub fn strictest(
    spec: &PodSpec,
    annotations: &Map,
    version: PolicyVersion,
    server: Option<KubeVersion>,
) -> Level {
    [Level::Restricted, Level::Baseline]
        .into_iter()
        .find(|level| evaluate(spec, annotations, *level, version, server).is_empty())
        .unwrap_or(Level::Privileged)
}

/// The checks of a level at a minor version.
pub fn checks_at(level: Level, minor: u32) -> impl Iterator<Item = &'static Check> {
    let checks = rules().checks;
    let exists = move |check: &&Check| check.since <= minor;
    let overridden = move |id: &str| {
        level == Level::Restricted
            && checks.iter().filter(exists).any(|check| check.overrides.contains(&id))
    };
    checks.iter().filter(exists).filter(move |check| match level {
        Level::Privileged => false,
        Level::Baseline => check.level == Level::Baseline,
        Level::Restricted => !overridden(check.id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(level: Level, minor: u32) -> Vec<&'static str> {
        checks_at(level, minor).map(|check| check.id).collect()
    }

    #[test]
    fn overrides_begin_with_the_check_that_overrides() {
        for (over, under, since) in [
            ("restrictedVolumes", "hostPathVolumes", 0),
            ("seccompProfile_restricted", "seccompProfile_baseline", 19),
            ("capabilities_restricted", "capabilities_baseline", 22),
            ("procMount_restricted", "procMount", 35),
        ] {
            for minor in 0..=crate::NEWEST_MINOR {
                let restricted = ids(Level::Restricted, minor);
                assert_eq!(restricted.contains(&over), minor >= since, "{over} at {minor}");
                assert_eq!(restricted.contains(&under), minor < since, "{under} at {minor}");
                assert!(ids(Level::Baseline, minor).contains(&under), "{under} at {minor}");
            }
        }
        assert_eq!(ids(Level::Privileged, 37), Vec::<&str>::new());
    }

    #[test]
    fn a_pod_on_the_edge_of_a_level_is_placed_there() {
        let read = |json: &str| serde_json::from_str::<PodSpec>(json).expect("specification");
        let latest = |json| strictest(&read(json), &Map::default(), PolicyVersion::Latest, None);
        assert_eq!(latest(r#"{"hostPID":true,"containers":[{"name":"c"}]}"#), Level::Privileged);
        assert_eq!(latest(r#"{"containers":[{"name":"c"}]}"#), Level::Baseline);
        let hardened = r#"{"securityContext":{"runAsNonRoot":true,
            "seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c",
            "securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}"#;
        assert_eq!(latest(hardened), Level::Restricted);
    }
}
