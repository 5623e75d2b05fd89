//! `allowPrivilegeEscalation`, from 1.8: every container says false. From 1.25 not asked of
//! Windows pods.

use super::wording::containers;
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let bad: Vec<&str> = subject
        .containers()
        .filter(|container| {
            let context = container.security_context.as_ref();
            context.and_then(|sc| sc.allow_privilege_escalation) != Some(false)
        })
        .map(|container| container.name.as_str())
        .collect();
    (!bad.is_empty()).then(|| Refusal {
        reason: "allowPrivilegeEscalation != false",
        detail: format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            containers(&bad)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{container, refusal, spec};

    const ID: &str = "allowPrivilegeEscalation";

    #[test]
    fn unset_is_not_false() {
        assert!(refusal(ID, &container("{}"), 8).is_some());
        assert!(refusal(ID, &container(r#"{"allowPrivilegeEscalation":true}"#), 8).is_some());
        assert!(refusal(ID, &container(r#"{"allowPrivilegeEscalation":false}"#), 8).is_none());
    }

    #[test]
    fn windows_is_exempt_from_25() {
        let pod = spec(r#"{"os":{"name":"windows"},"containers":[{"name":"c"}]}"#);
        assert!(refusal(ID, &pod, 24).is_some());
        assert!(refusal(ID, &pod, 25).is_none());
    }

    #[test]
    fn ephemeral_containers_are_asked_too() {
        let pod = spec(r#"{"ephemeralContainers":[{"name":"e"}]}"#);
        assert!(refusal(ID, &pod, 36).is_some());
    }
}
