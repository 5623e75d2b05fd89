//! `seccompProfile_restricted`: every container has a system call filter, by itself or from
//! the pod. From 1.25 not asked of Windows pods.

use super::seccomp_profile_baseline::{explicit, filters};
use super::wording::containers;
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    if let Some(refusal) = explicit(subject) {
        return Some(refusal);
    }
    let pod = subject.spec.security_context.as_ref().and_then(|sc| sc.seccomp_profile.as_ref());
    if pod.is_some_and(|profile| filters(subject, profile)) {
        return None;
    }
    let unset: Vec<&str> = subject
        .containers()
        .filter(|c| c.security_context.as_ref().is_none_or(|sc| sc.seccomp_profile.is_none()))
        .map(|container| container.name.as_str())
        .collect();
    (!unset.is_empty()).then(|| Refusal {
        reason: "seccompProfile",
        detail: format!(
            "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
             \"Localhost\"",
            containers(&unset)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, spec};

    const ID: &str = "seccompProfile_restricted";

    #[test]
    fn windows_is_exempt_from_25() {
        let pod = spec(r#"{"os":{"name":"windows"},"containers":[{"name":"c"}]}"#);
        assert!(refusal(ID, &pod, 24).is_some());
        assert!(refusal(ID, &pod, 25).is_none());
        let linux = spec(r#"{"os":{"name":"linux"},"containers":[{"name":"c"}]}"#);
        assert!(refusal(ID, &linux, 25).is_some());
    }

    #[test]
    fn a_bad_pod_value_is_refused_though_containers_override_it() {
        let pod = spec(
            r#"{"securityContext":{"seccompProfile":{"type":"Unconfined"}},"containers":[
                {"name":"c","securityContext":{"seccompProfile":{"type":"RuntimeDefault"}}}]}"#,
        );
        assert!(refusal(ID, &pod, 19).is_some());
    }
}
