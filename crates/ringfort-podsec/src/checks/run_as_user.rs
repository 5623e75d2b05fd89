//! `runAsUser`, from 1.23: nobody asks for uid 0. From 1.35 not asked of pods in a user
//! namespace.

use super::wording::Setters;
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let pod = subject.spec.security_context.as_ref().and_then(|sc| sc.run_as_user);
    let mut setters = Setters { pod: pod == Some(0), ..Setters::default() };
    for container in subject.containers() {
        if container.security_context.as_ref().and_then(|sc| sc.run_as_user) == Some(0) {
            setters.containers.push(&container.name);
        }
    }
    (!setters.is_empty()).then(|| Refusal {
        reason: "runAsUser=0",
        detail: format!("{} must not set runAsUser=0", setters.names()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use crate::{Level, PolicyVersion, evaluate};
    use ringfort_model::Map;

    fn refused(pod: &str, minor: u32) -> bool {
        let version = PolicyVersion::Minor(minor);
        evaluate(&spec(pod), &Map::default(), Level::Restricted, version, None)
            .iter()
            .any(|violation| violation.check == "runAsUser")
    }

    #[test]
    fn it_exists_from_23_and_is_relaxed_from_35() {
        let root = r#"{"securityContext":{"runAsUser":0},"containers":[{"name":"c"}]}"#;
        assert!(!refused(root, 22));
        assert!(refused(root, 23));
        assert!(refused(root, 36));
        let mapped = r#"{"hostUsers":false,"securityContext":{"runAsUser":0}}"#;
        assert!(refused(mapped, 34));
        assert!(!refused(mapped, 35));
        assert!(!refused(r#"{"securityContext":{"runAsUser":1}}"#, 36));
    }
}
