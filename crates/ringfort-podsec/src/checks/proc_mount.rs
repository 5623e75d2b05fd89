//! `procMount`: the masked view of /proc only. From 1.35 a pod that asks for a user namespace
//! may have any.

use super::wording::{Values, containers, quoted};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    unmasked(subject)
}

/// Containers that set anything but the allowed views.
pub(super) fn unmasked(subject: &Subject<'_>) -> Option<Refusal> {
    let mut bad = Vec::new();
    let mut values = Values::new();
    for container in subject.containers() {
        let context = container.security_context.as_ref();
        let Some(mount) = context.and_then(|sc| sc.proc_mount.as_deref()) else { continue };
        if !subject.rules.proc_mounts.contains(&mount) {
            bad.push(container.name.as_str());
            values.insert(mount);
        }
    }
    (!bad.is_empty()).then(|| Refusal {
        reason: "procMount",
        detail: format!(
            "{} must not set securityContext.procMount to {}",
            containers(&bad),
            quoted(values.iter().copied())
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, spec};

    #[test]
    fn a_user_namespace_relaxes_baseline_alone_and_from_35() {
        let pod = |host_users: &str| {
            spec(&format!(
                r#"{{"hostUsers":{host_users},"containers":[{{"name":"c",
                    "securityContext":{{"procMount":"Unmasked"}}}}]}}"#
            ))
        };
        assert!(refusal("procMount", &pod("false"), 34).is_some());
        assert!(refusal("procMount", &pod("false"), 35).is_none());
        assert!(refusal("procMount", &pod("true"), 35).is_some());
        assert!(refusal("procMount", &pod("null"), 35).is_some());
        assert!(refusal("procMount_restricted", &pod("false"), 35).is_some());
    }
}
