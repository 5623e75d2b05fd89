//! What a namespace's labels ask for (semantics T4, PSS-10).
//!
//! Follows kubernetes/pod-security-admission `api/helpers.go` (PolicyToEvaluate) and
//! `api/constants.go`. Modes without a label take the defaults of the plug-in's own
//! configuration, which the API does not show: privileged at latest is assumed.

use ringfort_model::{KubeVersion, Map, Str};

use crate::level::{Level, PolicyVersion};

pub(crate) const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
pub(crate) const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";
const AUDIT: &str = "pod-security.kubernetes.io/audit";
const AUDIT_VERSION: &str = "pod-security.kubernetes.io/audit-version";
const WARN: &str = "pod-security.kubernetes.io/warn";
const WARN_VERSION: &str = "pod-security.kubernetes.io/warn-version";

/// The first minor in which the admission plug-in is on without being asked for.
const ON_SINCE: u32 = 23;

/// Level and version per mode, and what is wrong with the labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespacePolicy {
    /// Refuses pods.
    pub enforce: (Level, PolicyVersion),
    /// Writes to the audit log.
    pub audit: (Level, PolicyVersion),
    /// Answers with a warning.
    pub warn: (Level, PolicyVersion),
    /// Labels that the server could not read, each with the label and its value.
    pub errors: Vec<String>,
    /// The enforce label as written, if there is one.
    pub enforce_label: Option<Str>,
}

impl NamespacePolicy {
    /// Reads the labels of a namespace. An enforce level that cannot be read is restricted;
    /// an audit or warn level that cannot be read turns that mode off; a version that cannot
    /// be read is latest. Without a warn level, a valid stricter enforce level warns too.
    #[must_use]
    pub fn of(labels: &Map) -> Self {
        let mut errors = Vec::new();
        let enforce_level =
            labels.get(ENFORCE).map(|text| read::<Level>(ENFORCE, text, &mut errors));
        let enforce_version = version(labels, ENFORCE_VERSION, &mut errors);
        let audit_level = labels.get(AUDIT).map(|text| read::<Level>(AUDIT, text, &mut errors));
        let audit_version = version(labels, AUDIT_VERSION, &mut errors);
        let warn_level = labels.get(WARN).map(|text| read::<Level>(WARN, text, &mut errors));
        let warn_version = version(labels, WARN_VERSION, &mut errors);

        let open = Level::Privileged;
        let latest = PolicyVersion::Latest;
        let enforce = (
            enforce_level.map_or(open, |level| level.unwrap_or(Level::Restricted)),
            enforce_version.unwrap_or(latest),
        );
        let audit = (audit_level.flatten().unwrap_or(open), audit_version.unwrap_or(latest));
        let inherited =
            enforce_level.flatten().filter(|level| warn_level.is_none() && *level > open);
        let warn = match inherited {
            Some(level) => (level, warn_version.unwrap_or(enforce.1)),
            None => (warn_level.flatten().unwrap_or(open), warn_version.unwrap_or(latest)),
        };
        Self { enforce, audit, warn, errors, enforce_label: labels.get(ENFORCE).cloned() }
    }
}

fn read<T: std::str::FromStr<Err: std::fmt::Display>>(
    label: &str,
    text: &str,
    errors: &mut Vec<String>,
) -> Option<T> {
    text.parse().map_err(|error| errors.push(format!("label {label}: {error}"))).ok()
}

fn version(labels: &Map, label: &str, errors: &mut Vec<String>) -> Option<PolicyVersion> {
    let text = labels.get(label)?;
    Some(read(label, text, errors).unwrap_or(PolicyVersion::Latest))
}

/// Whether the admission plug-in is on by default in that version: not before 1.23. Unknown
/// for an unknown server. Arguments of the API server can turn it on or off unseen.
#[must_use]
pub fn enforcement_on(server: Option<KubeVersion>) -> Option<bool> {
    server.map(|version| version.minor >= ON_SINCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(labels: &[(&str, &str)]) -> NamespacePolicy {
        let entries = labels.iter().map(|(mode, value)| {
            (Str::new(&format!("pod-security.kubernetes.io/{mode}")), Str::new(value))
        });
        NamespacePolicy::of(&entries.collect())
    }

    #[test]
    fn no_labels_allow_everything() {
        let open = (Level::Privileged, PolicyVersion::Latest);
        let policy = policy(&[]);
        assert_eq!((policy.enforce, policy.audit, policy.warn), (open, open, open));
        assert_eq!(policy.enforce_label, None);
    }

    #[test]
    fn unreadable_labels_close_enforce_and_open_the_others() {
        let policy = policy(&[
            ("enforce", "Restricted"),
            ("enforce-version", "1.25"),
            ("audit", "high"),
            ("warn", "high"),
            ("warn-version", "v1.01"),
        ]);
        assert_eq!(policy.enforce, (Level::Restricted, PolicyVersion::Latest));
        assert_eq!(policy.audit.0, Level::Privileged);
        assert_eq!(policy.warn, (Level::Privileged, PolicyVersion::Latest));
        assert_eq!(policy.errors.len(), 5);
        assert_eq!(policy.enforce_label.as_deref(), Some("Restricted"));
    }

    #[test]
    fn warn_follows_a_valid_stricter_enforce() {
        let v25 = PolicyVersion::Minor(25);
        let v30 = PolicyVersion::Minor(30);
        let warn = |labels: &[(&str, &str)]| policy(labels).warn;
        let base = ("enforce", "baseline");
        let at_25 = ("enforce-version", "v1.25");
        assert_eq!(warn(&[base, at_25]), (Level::Baseline, v25));
        assert_eq!(warn(&[base, at_25, ("warn-version", "v1.30")]), (Level::Baseline, v30));
        assert_eq!(warn(&[base, at_25, ("warn", "privileged")]).0, Level::Privileged);
        assert_eq!(warn(&[("enforce", "wrong")]).0, Level::Privileged);
        assert_eq!(
            warn(&[("enforce", "privileged"), at_25]),
            (Level::Privileged, PolicyVersion::Latest)
        );
    }

    #[test]
    fn the_plug_in_is_on_from_23() {
        assert_eq!(enforcement_on(Some(KubeVersion::minor(22))), Some(false));
        assert_eq!(enforcement_on(Some(KubeVersion::minor(23))), Some(true));
        assert_eq!(enforcement_on(None), None);
    }
}
