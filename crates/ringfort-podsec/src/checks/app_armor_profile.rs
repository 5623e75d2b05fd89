//! `appArmorProfile`: no other AppArmor profile than the runtime's own or a loaded one.
//!
//! The fields and the older annotations both count, whatever the version; an annotation also
//! for a container that does not exist. A profile without a type is refused.

use ringfort_model::record::security::Profile;

use super::wording::{Setters, plural, quoted};
use super::{Refusal, Subject, annotation_allowed};

const ANNOTATION_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let mut setters = Setters::default();
    let mut values: Vec<String> = Vec::new();
    let mut bad = |profile: Option<&Profile>| {
        let Some(profile) = profile else { return false };
        if subject.rules.app_armor_types.contains(&profile.kind.as_str()) {
            return false;
        }
        values.push(profile.kind.to_string());
        true
    };
    let pod = subject.spec.security_context.as_ref();
    setters.pod = bad(pod.and_then(|sc| sc.app_armor_profile.as_ref()));
    for container in subject.containers() {
        let context = container.security_context.as_ref();
        if bad(context.and_then(|sc| sc.app_armor_profile.as_ref())) {
            setters.containers.push(&container.name);
        }
    }
    for (key, value) in subject.annotations.iter() {
        if key.starts_with(ANNOTATION_PREFIX)
            && !annotation_allowed(subject.rules.app_armor_annotations, value)
        {
            setters.annotations += 1;
            values.push(format!("{key}=\"{value}\""));
        }
    }
    if setters.is_empty() {
        return None;
    }
    values.sort();
    values.dedup();
    Some(Refusal {
        reason: plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.len()),
        detail: format!(
            "{} must not set AppArmor profile type to {}",
            setters.names(),
            quoted(values.iter().map(String::as_str))
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{container, refusal, with_annotations};

    const ID: &str = "appArmorProfile";

    #[test]
    fn a_profile_without_type_is_refused() {
        for (profile, passes) in [
            ("{}", false),
            (r#"{"type":"Unconfined"}"#, false),
            (r#"{"type":"RuntimeDefault"}"#, true),
            (r#"{"type":"Localhost","localhostProfile":"p"}"#, true),
            ("null", true),
        ] {
            let spec = container(&format!(r#"{{"appArmorProfile":{profile}}}"#));
            assert_eq!(refusal(ID, &spec, 0).is_none(), passes, "{profile}");
        }
    }

    #[test]
    fn annotations_count_for_any_name() {
        let key = "container.apparmor.security.beta.kubernetes.io/nobody";
        for (value, passes) in [
            ("unconfined", false),
            ("runtime/default", true),
            ("localhost/p", true),
            ("", true),
            ("localhost", false),
        ] {
            let found = with_annotations(ID, &container("{}"), &[(key, value)], 36);
            assert_eq!(found.is_none(), passes, "{value}");
        }
    }
}
