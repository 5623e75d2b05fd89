//! `runAsNonRoot`: the pod or every container promises not to be root, and nobody says the
//! opposite. From 1.35 not asked of pods in a user namespace. Windows pods are not exempt.

use super::wording::{Setters, containers};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let pod = subject.spec.security_context.as_ref().and_then(|sc| sc.run_as_non_root);
    let mut setters = Setters { pod: pod == Some(false), ..Setters::default() };
    let mut unset = Vec::new();
    for container in subject.containers() {
        match container.security_context.as_ref().and_then(|sc| sc.run_as_non_root) {
            Some(false) => setters.containers.push(&container.name),
            None if pod != Some(true) => unset.push(container.name.as_str()),
            _ => {}
        }
    }
    let detail = if !setters.is_empty() {
        format!("{} must not set securityContext.runAsNonRoot=false", setters.names())
    } else if !unset.is_empty() {
        format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&unset))
    } else {
        return None;
    };
    Some(Refusal { reason: "runAsNonRoot != true", detail })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, spec};

    const ID: &str = "runAsNonRoot";

    #[test]
    fn a_pod_that_says_false_is_refused_though_containers_say_true() {
        let pod = spec(
            r#"{"securityContext":{"runAsNonRoot":false},"containers":[
                {"name":"c","securityContext":{"runAsNonRoot":true}}]}"#,
        );
        assert!(refusal(ID, &pod, 0).is_some());
    }

    #[test]
    fn a_user_namespace_relaxes_from_35_and_windows_never_does() {
        let pod = spec(r#"{"hostUsers":false,"containers":[{"name":"c"}]}"#);
        assert!(refusal(ID, &pod, 34).is_some());
        assert!(refusal(ID, &pod, 35).is_none());
        let windows = spec(r#"{"os":{"name":"windows"},"containers":[{"name":"c"}]}"#);
        assert!(refusal(ID, &windows, 36).is_some());
    }

    #[test]
    fn ephemeral_containers_are_asked_too() {
        let pod = spec(
            r#"{"containers":[{"name":"c","securityContext":{"runAsNonRoot":true}}],
                "ephemeralContainers":[{"name":"e"}]}"#,
        );
        let detail = refusal(ID, &pod, 36).expect("refused").detail;
        assert_eq!(detail, "pod or container \"e\" must set securityContext.runAsNonRoot=true");
    }
}
