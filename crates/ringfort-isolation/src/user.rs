//! Which uid the processes of a container begin with (semantics EFF-NONROOT).

use ringfort_model::{Container, PodSpec};

use crate::control_rules::rules;
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
        match self {
            Self::Known(0) => rules().switches.zero_is_root,
            Self::Known(_) | Self::NonRoot => false,
            Self::AssumedRoot => true,
        }
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
    let rule = &rules().switches;
    let at_container =
        |field: &str| format!("{}.securityContext.{field}", container_path(spec, container));
    let at_pod = |field: &str| format!("spec.securityContext.{field}");
    let number = |value: Option<i64>| value.map(|uid| (Uid::Known(uid), "runAsUser"));
    let promise = |value: Option<bool>| {
        let user = |promised| if promised { Uid::NonRoot } else { Uid::AssumedRoot };
        value.map(|promised| (user(promised), "runAsNonRoot"))
    };
    let first = |own: Option<(Uid, &'static str)>, pod: Option<(Uid, &'static str)>| {
        let (own, pod) = (own.map(|found| (found, true)), pod.map(|found| (found, false)));
        if rule.own_user_first { own.or(pod) } else { pod.or(own) }
    };
    let numbers = first(
        number(own.and_then(|context| context.run_as_user)),
        number(pod.and_then(|context| context.run_as_user)),
    );
    let promises = first(
        promise(own.and_then(|context| context.run_as_non_root)),
        promise(pod.and_then(|context| context.run_as_non_root)),
    );
    let found =
        if rule.number_before_promise { numbers.or(promises) } else { promises.or(numbers) };
    match found {
        Some(((uid, field), true)) => (uid, at_container(field)),
        Some(((uid, field), false)) => (uid, at_pod(field)),
        None => (Uid::AssumedRoot, at_container("runAsUser")),
    }
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
