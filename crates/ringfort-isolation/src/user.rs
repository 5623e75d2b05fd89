//! Which uid the processes of a container begin with (semantics EFF-NONROOT).

use ringfort_model::{Container, PodSpec};

use crate::effect::container_path;

/// The uid of a container's first process, inside its user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Uid {
    /// Set in the specification.
    Known(i64),
    /// Not set; the kubelet refuses to start the image as root (`runAsNonRoot`).
    NonRoot,
    /// Not set: the image decides, and unless it says otherwise it is root.
    AssumedRoot,
}

impl Uid {
    /// Whether the process may be root: it is, or nothing says that it is not.
    #[must_use]
    pub fn may_be_root(self) -> bool {
        matches!(self, Self::Known(0) | Self::AssumedRoot)
    }
}

/// The uid: the container's `runAsUser`, else the pod's; without one, `runAsNonRoot` of the
/// container, else of the pod.
#[must_use]
pub fn uid(spec: &PodSpec, container: &Container) -> Uid {
    decide(spec, container).0
}

/// The field that decides the uid; the container's `runAsUser` where nothing is set.
#[must_use]
pub fn uid_field(spec: &PodSpec, container: &Container) -> String {
    decide(spec, container).1
}

fn decide(spec: &PodSpec, container: &Container) -> (Uid, String) {
    let pod = spec.security_context.as_ref();
    let own = container.security_context.as_ref();
    let at_container =
        |field: &str| format!("{}.securityContext.{field}", container_path(spec, container));
    let at_pod = |field: &str| format!("spec.securityContext.{field}");
    if let Some(uid) = own.and_then(|context| context.run_as_user) {
        return (Uid::Known(uid), at_container("runAsUser"));
    }
    if let Some(uid) = pod.and_then(|context| context.run_as_user) {
        return (Uid::Known(uid), at_pod("runAsUser"));
    }
    let promise = |value: bool| if value { Uid::NonRoot } else { Uid::AssumedRoot };
    if let Some(value) = own.and_then(|context| context.run_as_non_root) {
        return (promise(value), at_container("runAsNonRoot"));
    }
    if let Some(value) = pod.and_then(|context| context.run_as_non_root) {
        return (promise(value), at_pod("runAsNonRoot"));
    }
    (Uid::AssumedRoot, at_container("runAsUser"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_container_goes_before_the_pod() {
        for (pod, container, want, field) in [
            ("{}", "{}", Uid::AssumedRoot, "spec.containers[0].securityContext.runAsUser"),
            (
                r#"{"runAsUser":0}"#,
                r#"{"runAsUser":7}"#,
                Uid::Known(7),
                "spec.containers[0].securityContext.runAsUser",
            ),
            (
                r#"{"runAsUser":0}"#,
                r#"{"runAsNonRoot":true}"#,
                Uid::Known(0),
                "spec.securityContext.runAsUser",
            ),
            (r#"{"runAsNonRoot":true}"#, "{}", Uid::NonRoot, "spec.securityContext.runAsNonRoot"),
            (
                r#"{"runAsNonRoot":true}"#,
                r#"{"runAsNonRoot":false}"#,
                Uid::AssumedRoot,
                "spec.containers[0].securityContext.runAsNonRoot",
            ),
        ] {
            let json = format!(
                r#"{{"securityContext":{pod},"containers":[{{"name":"c","securityContext":{container}}}]}}"#
            );
            let spec: PodSpec = serde_json::from_str(&json).expect("specification");
            let found = (uid(&spec, &spec.containers[0]), uid_field(&spec, &spec.containers[0]));
            assert_eq!(found, (want, field.to_owned()), "{json}");
        }
        assert!(Uid::Known(0).may_be_root() && Uid::AssumedRoot.may_be_root());
        assert!(!Uid::NonRoot.may_be_root() && !Uid::Known(1).may_be_root());
    }
}
