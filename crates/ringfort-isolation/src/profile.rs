//! System call filters and AppArmor profiles (semantics EFF-SEC, EFF-AA).

use ringfort_model::record::security::Profile;
use ringfort_model::{Container, Map, PodSpec};

use crate::control_rules::rules;
use crate::effect::{Control, Effect, container_path};
use crate::node_facts::NodeFacts;

/// Prefix of the annotations that came before the AppArmor fields.
const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

/// What a specification asks for.
enum Asked {
    Nothing,
    RuntimeDefault,
    Localhost,
    Unconfined,
    Unreadable(String),
}

impl Asked {
    fn field(profile: &Profile) -> Self {
        match profile.kind.as_str() {
            "RuntimeDefault" => Self::RuntimeDefault,
            "Localhost" => Self::Localhost,
            "Unconfined" => Self::Unconfined,
            other => Self::Unreadable(other.to_owned()),
        }
    }

    fn annotation(value: &str) -> Self {
        match value {
            "" => Self::Nothing,
            "runtime/default" => Self::RuntimeDefault,
            "unconfined" => Self::Unconfined,
            local if local.starts_with("localhost/") => Self::Localhost,
            other => Self::Unreadable(other.to_owned()),
        }
    }
}

/// Judges the seccomp profile of a container: its own, else the pod's, else what the kubelet
/// does by default.
#[must_use]
pub fn seccomp(spec: &PodSpec, container: &Container, facts: &NodeFacts) -> Control {
    let path = container_path(spec, container);
    let rule = &rules().switches;
    let own = container.security_context.as_ref().and_then(|sc| sc.seccomp_profile.as_ref());
    let pod = spec.security_context.as_ref().and_then(|sc| sc.seccomp_profile.as_ref());
    let own = own.filter(|_| rule.own_seccomp_first || pod.is_none());
    let (asked, field) = match (own, pod) {
        (Some(profile), _) => {
            (Asked::field(profile), format!("{path}.securityContext.seccompProfile"))
        }
        (None, Some(profile)) => {
            (Asked::field(profile), "spec.securityContext.seccompProfile".to_owned())
        }
        (None, None) => (Asked::Nothing, format!("{path}.securityContext.seccompProfile")),
    };
    let mut evidence = vec![field];
    let privileged = is_privileged(container) && rule.privileged_has_no_seccomp;
    let effect = match asked {
        Asked::Unconfined => Effect::Absent,
        Asked::Nothing if privileged => {
            evidence.push(format!("{path}.securityContext.privileged"));
            Effect::Absent
        }
        Asked::RuntimeDefault | Asked::Localhost if privileged => {
            evidence.push(format!("{path}.securityContext.privileged"));
            Effect::without("a privileged container runs without a system call filter")
        }
        Asked::RuntimeDefault => Effect::Effective,
        Asked::Localhost if !rule.seccomp_file_must_exist => Effect::Effective,
        Asked::Localhost => match facts.local_profiles {
            Some(true) => Effect::Effective,
            Some(false) => Effect::without("the profile is not on the node"),
            None => Effect::missing("whether the profile is on the node"),
        },
        Asked::Nothing if !rule.kubelet_sets_seccomp => Effect::Absent,
        Asked::Nothing => match facts.seccomp_default {
            Some(true) => Effect::Effective,
            Some(false) => Effect::Absent,
            None => Effect::missing("the kubelet's setting seccompDefault"),
        },
        Asked::Unreadable(kind) => Effect::without(format!("profile type \"{kind}\" is refused")),
    };
    Control::new(effect, evidence)
}

/// Judges the AppArmor profile of a container: its own field, else the pod's, else the
/// annotation, else what the runtime does by default.
#[must_use]
pub fn app_armor(
    spec: &PodSpec,
    annotations: &Map,
    container: &Container,
    facts: &NodeFacts,
) -> Control {
    let path = container_path(spec, container);
    let rule = &rules().switches;
    let own = container.security_context.as_ref().and_then(|sc| sc.app_armor_profile.as_ref());
    let pod = spec.security_context.as_ref().and_then(|sc| sc.app_armor_profile.as_ref());
    let key = format!("{APP_ARMOR_ANNOTATION}{}", container.name);
    let annotation = annotations.get(&key).filter(|_| rule.app_armor_annotation_counts);
    let field_first = |_: &&Profile| rule.app_armor_field_first || annotation.is_none();
    let pod = pod.filter(field_first);
    let own = own.filter(field_first).filter(|_| rule.own_app_armor_first || pod.is_none());
    let (asked, field) = match (own, pod, annotation) {
        (Some(profile), _, _) => {
            (Asked::field(profile), format!("{path}.securityContext.appArmorProfile"))
        }
        (None, Some(profile), _) => {
            (Asked::field(profile), "spec.securityContext.appArmorProfile".to_owned())
        }
        (None, None, Some(value)) => {
            (Asked::annotation(value), format!("metadata.annotations[{key}]"))
        }
        (None, None, None) => (Asked::Nothing, format!("{path}.securityContext.appArmorProfile")),
    };
    let mut evidence = vec![field];
    let privileged = is_privileged(container) && rule.privileged_has_no_app_armor;
    let present = !matches!(asked, Asked::Nothing);
    let loaded = facts.local_profiles.or((!rule.app_armor_file_must_exist).then_some(true));
    let effect = match (asked, facts.app_armor) {
        (Asked::Unconfined, _) => Effect::Absent,
        (Asked::Unreadable(kind), _) => {
            Effect::without(format!("profile type \"{kind}\" is refused"))
        }
        (Asked::Nothing, _) if privileged || !rule.runtime_sets_app_armor => Effect::Absent,
        (_, _) if privileged => {
            evidence.push(format!("{path}.securityContext.privileged"));
            Effect::without("a privileged container runs without an AppArmor profile")
        }
        (_, Some(false)) if present => Effect::without("the node's kernel has no AppArmor"),
        (_, Some(false)) => Effect::Absent,
        (Asked::Localhost, Some(true)) => match loaded {
            Some(true) => Effect::Effective,
            Some(false) => Effect::without("the profile is not loaded on the node"),
            None => Effect::missing("whether the profile is loaded on the node"),
        },
        (Asked::RuntimeDefault | Asked::Nothing, Some(true)) => Effect::Effective,
        (_, None) => Effect::missing("whether the node's kernel enforces AppArmor"),
    };
    Control::new(effect, evidence)
}

fn is_privileged(container: &Container) -> bool {
    container.security_context.as_ref().is_some_and(|sc| sc.privileged == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::Str;

    fn spec(pod: &str, container: &str) -> PodSpec {
        let json = format!(
            r#"{{"securityContext":{pod},"containers":[{{"name":"c","securityContext":{container}}}]}}"#
        );
        serde_json::from_str(&json).expect("specification")
    }

    fn mark(effect: &Effect) -> char {
        match effect {
            Effect::Absent => ' ',
            Effect::PresentNotEffective(_) => '-',
            Effect::Effective => '+',
            Effect::Unknown(_) => '?',
        }
    }

    #[test]
    fn seccomp_by_profile_kubelet_and_privilege() {
        let silent = NodeFacts::default();
        let on = NodeFacts { seccomp_default: Some(true), ..NodeFacts::default() };
        let off = NodeFacts { seccomp_default: Some(false), ..NodeFacts::default() };
        let there = NodeFacts { local_profiles: Some(true), ..NodeFacts::default() };
        let default = r#"{"seccompProfile":{"type":"RuntimeDefault"}}"#;
        let local = r#"{"seccompProfile":{"type":"Localhost","localhostProfile":"p"}}"#;
        let none = r#"{"seccompProfile":{"type":"Unconfined"}}"#;
        let privileged = r#"{"privileged":true}"#;
        for (pod, container, facts, want) in [
            (default, "{}", &silent, '+'),
            (default, none, &silent, ' '),
            (none, default, &silent, '+'),
            (default, privileged, &silent, '-'),
            ("{}", privileged, &on, ' '),
            (local, "{}", &silent, '?'),
            (local, "{}", &there, '+'),
            ("{}", "{}", &silent, '?'),
            ("{}", "{}", &on, '+'),
            ("{}", "{}", &off, ' '),
        ] {
            let spec = spec(pod, container);
            let found = seccomp(&spec, &spec.containers[0], facts);
            assert_eq!(mark(&found.effect), want, "{pod} {container} {facts:?}");
        }
    }

    #[test]
    fn app_armor_field_goes_before_annotation() {
        let key = Str::from(format!("{APP_ARMOR_ANNOTATION}c"));
        let annotations: Map = [(key, Str::new("unconfined"))].into_iter().collect();
        let on = NodeFacts { app_armor: Some(true), ..NodeFacts::default() };
        let off = NodeFacts { app_armor: Some(false), ..NodeFacts::default() };
        let silent = NodeFacts::default();
        let default = r#"{"appArmorProfile":{"type":"RuntimeDefault"}}"#;
        let judge = |container: &str, annotations: &Map, facts: &NodeFacts| {
            let spec = spec("{}", container);
            mark(&app_armor(&spec, annotations, &spec.containers[0], facts).effect)
        };
        assert_eq!(judge(default, &annotations, &on), '+');
        assert_eq!(judge("{}", &annotations, &on), ' ');
        assert_eq!(judge(default, &Map::default(), &silent), '?');
        assert_eq!(judge(default, &Map::default(), &off), '-');
        assert_eq!(judge("{}", &Map::default(), &off), ' ');
        assert_eq!(judge("{}", &Map::default(), &on), '+');
        assert_eq!(judge("{}", &Map::default(), &silent), '?');
        assert_eq!(judge(r#"{"privileged":true}"#, &Map::default(), &on), ' ');
    }
}
