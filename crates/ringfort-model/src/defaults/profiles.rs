//! Profiles that were annotations before they were fields: at the creation of a Pod the
//! server writes one from the other.
//!
//! Follows `pkg/registry/core/pod/strategy.go` (applyAppArmorVersionSkew,
//! applySeccompVersionSkew). It happens before validating admission, which therefore sees
//! both; not to templates, and not to containers that are added later.

use crate::record::Pod;
use crate::record::pod::Container;
use crate::record::security::{PodSecurityContext, Profile, SecurityContext};
use crate::text::Str;
use crate::wire::Map;

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// AppArmor fields are written from annotations from this minor.
const APP_ARMOR_SINCE: u32 = 30;
/// Seccomp fields are written from annotations in these minors.
const SECCOMP_FIELDS: std::ops::Range<u32> = 19..27;
/// Seccomp annotations are written from fields in these minors.
const SECCOMP_ANNOTATIONS: std::ops::Range<u32> = 19..25;

/// Writes fields from annotations, and annotations from fields, as a server of that minor
/// does; without one as the newest does.
pub(super) fn settle(pod: &mut Pod, minor: Option<u32>, filled: &mut Vec<String>) {
    if minor.is_none_or(|minor| minor >= APP_ARMOR_SINCE) {
        app_armor(pod, filled);
    }
    if let Some(minor) = minor {
        seccomp(pod, minor, filled);
    }
}

fn app_armor(pod: &mut Pod, filled: &mut Vec<String>) {
    let annotated = pod.metadata.annotations.iter().any(|(key, _)| key.starts_with(APP_ARMOR));
    if !annotated || pod.spec.is_windows() {
        return;
    }
    let annotations = pod.metadata.annotations.clone();
    let of_pod = pod.spec.security_context.as_ref().and_then(|sc| sc.app_armor_profile.clone());
    each_container(pod, |container, path| {
        let context = container.security_context.as_ref();
        if context.is_some_and(|sc| sc.app_armor_profile.is_some()) {
            return;
        }
        let key = format!("{APP_ARMOR}{}", container.name);
        let Some(profile) = annotations.get(&key).and_then(|value| profile_of(value)) else {
            return;
        };
        if of_pod.as_ref() == Some(&profile) {
            return;
        }
        context_of(container).app_armor_profile = Some(profile);
        filled.push(format!("{path}.securityContext.appArmorProfile"));
    });
}

fn seccomp(pod: &mut Pod, minor: u32, filled: &mut Vec<String>) {
    let to_fields = SECCOMP_FIELDS.contains(&minor);
    let to_annotations = SECCOMP_ANNOTATIONS.contains(&minor);
    if !to_fields {
        return;
    }
    let annotations = pod.metadata.annotations.clone();
    let mut written: Vec<(Str, Str)> = Vec::new();
    let field = pod.spec.security_context.as_ref().and_then(|sc| sc.seccomp_profile.clone());
    match (field, annotations.get(SECCOMP_POD)) {
        (Some(profile), None) if to_annotations => {
            written.extend(text_of(&profile).map(|text| (Str::new(SECCOMP_POD), text)));
        }
        (None, Some(value)) => {
            if let Some(profile) = profile_of(value) {
                let spec = std::sync::Arc::make_mut(&mut pod.spec);
                let context = spec.security_context.get_or_insert_with(PodSecurityContext::default);
                context.seccomp_profile = Some(profile);
                filled.push("spec.securityContext.seccompProfile".to_owned());
            }
        }
        _ => {}
    }
    each_container(pod, |container, path| {
        let key = format!("{SECCOMP}{}", container.name);
        let context = container.security_context.as_ref();
        match (context.and_then(|sc| sc.seccomp_profile.as_ref()), annotations.get(&key)) {
            (Some(profile), None) if to_annotations => {
                written.extend(text_of(profile).map(|text| (Str::new(&key), text)));
            }
            (None, Some(value)) => {
                if let Some(profile) = profile_of(value) {
                    context_of(container).seccomp_profile = Some(profile);
                    filled.push(format!("{path}.securityContext.seccompProfile"));
                }
            }
            _ => {}
        }
    });
    if !written.is_empty() {
        filled.extend(written.iter().map(|(key, _)| format!("metadata.annotations[{key}]")));
        let old = annotations.iter().map(|(key, value)| (key.clone(), value.clone()));
        pod.metadata.annotations = old.chain(written).collect::<Map>();
    }
}

fn each_container(pod: &mut Pod, mut each: impl FnMut(&mut Container, &str)) {
    let spec = std::sync::Arc::make_mut(&mut pod.spec);
    let lists =
        [("initContainers", &mut spec.init_containers), ("containers", &mut spec.containers)];
    for (field, list) in lists {
        for (at, container) in list.iter_mut().enumerate() {
            each(container, &format!("spec.{field}[{at}]"));
        }
    }
}

fn context_of(container: &mut Container) -> &mut SecurityContext {
    container.security_context.get_or_insert_with(SecurityContext::default)
}

/// The profile that an annotation means; `None` for one that the server does not take over.
fn profile_of(annotation: &str) -> Option<Profile> {
    let plain = |kind: &str| Profile { kind: Str::new(kind), localhost_profile: None };
    match annotation {
        "unconfined" => Some(plain("Unconfined")),
        "runtime/default" | "docker/default" => Some(plain("RuntimeDefault")),
        other => {
            let name = other.strip_prefix("localhost/")?;
            let usable = !name.is_empty() && name.trim() == name;
            usable.then(|| Profile {
                kind: Str::new("Localhost"),
                localhost_profile: Some(Str::new(name)),
            })
        }
    }
}

/// The annotation that means a profile.
fn text_of(profile: &Profile) -> Option<Str> {
    match profile.kind.as_str() {
        "Unconfined" => Some(Str::new("unconfined")),
        "RuntimeDefault" => Some(Str::new("runtime/default")),
        "Localhost" => {
            profile.localhost_profile.as_ref().map(|name| Str::from(format!("localhost/{name}")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(annotation: (&str, &str), spec: &str) -> Pod {
        let json = format!(
            r#"{{"metadata":{{"annotations":{{"{}":"{}"}}}},"spec":{spec}}}"#,
            annotation.0, annotation.1
        );
        serde_json::from_str(&json).expect("pod")
    }

    fn container_profile(pod: &Pod, seccomp: bool) -> Option<&str> {
        let context = pod.spec.containers[0].security_context.as_ref()?;
        let profile = if seccomp { &context.seccomp_profile } else { &context.app_armor_profile };
        profile.as_ref().map(|profile| profile.kind.as_str())
    }

    #[test]
    fn app_armor_annotations_become_fields_of_containers_that_exist() {
        let key = format!("{APP_ARMOR}c");
        let plain = r#"{"containers":[{"name":"c"}]}"#;
        for (value, spec, minor, want) in [
            ("unconfined", plain, Some(30), Some("Unconfined")),
            ("unconfined", plain, None, Some("Unconfined")),
            ("unconfined", plain, Some(29), None),
            ("localhost/p", plain, Some(36), Some("Localhost")),
            ("localhost/", plain, Some(36), None),
            ("other", plain, Some(36), None),
            ("unconfined", r#"{"containers":[{"name":"d"}]}"#, Some(36), None),
            (
                "unconfined",
                r#"{"os":{"name":"windows"},"containers":[{"name":"c"}]}"#,
                Some(36),
                None,
            ),
            (
                "unconfined",
                r#"{"securityContext":{"appArmorProfile":{"type":"Unconfined"}},"containers":[{"name":"c"}]}"#,
                Some(36),
                None,
            ),
            (
                "unconfined",
                r#"{"containers":[{"name":"c","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}}]}"#,
                Some(36),
                Some("RuntimeDefault"),
            ),
        ] {
            let mut pod = pod((&key, value), spec);
            settle(&mut pod, minor, &mut Vec::new());
            assert_eq!(container_profile(&pod, false), want, "{value} {spec} {minor:?}");
        }
    }

    #[test]
    fn seccomp_annotations_become_fields_from_19_to_26() {
        for (minor, works) in [(18, false), (19, true), (26, true), (27, false), (36, false)] {
            let key = format!("{SECCOMP}c");
            let mut one = pod((&key, "unconfined"), r#"{"containers":[{"name":"c"}]}"#);
            settle(&mut one, Some(minor), &mut Vec::new());
            assert_eq!(container_profile(&one, true).is_some(), works, "container, 1.{minor}");
            let mut all = pod((SECCOMP_POD, "docker/default"), r#"{"containers":[{"name":"c"}]}"#);
            let mut filled = Vec::new();
            settle(&mut all, Some(minor), &mut filled);
            assert_eq!(filled, vec!["spec.securityContext.seccompProfile"; usize::from(works)]);
        }
    }

    #[test]
    fn seccomp_fields_become_annotations_from_19_to_24() {
        let spec = r#"{"securityContext":{"seccompProfile":{"type":"Unconfined"}},
            "containers":[{"name":"c","securityContext":{"seccompProfile":
                {"type":"Localhost","localhostProfile":"p"}}}]}"#;
        for (minor, works) in [(19, true), (24, true), (25, false), (36, false)] {
            let mut pod = pod(("other", "kept"), spec);
            settle(&mut pod, Some(minor), &mut Vec::new());
            let annotations = &pod.metadata.annotations;
            let value = |key: &str| annotations.get(key).map(Str::as_str);
            assert_eq!(value(SECCOMP_POD), works.then_some("unconfined"), "1.{minor}");
            assert_eq!(value(&format!("{SECCOMP}c")), works.then_some("localhost/p"));
            assert_eq!(value("other"), Some("kept"));
        }
    }
}
