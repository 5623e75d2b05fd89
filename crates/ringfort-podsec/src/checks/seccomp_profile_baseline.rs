//! `seccompProfile_baseline`: system call filters are not turned off.
//!
//! Before 1.19 only the annotations count (a container's only if that container exists; an
//! empty value is refused), from 1.19 only the fields.

use ringfort_model::record::security::Profile;

use super::wording::{Setters, Values, plural, quoted};
use super::{Refusal, Subject, annotation_allowed};

const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    if subject.minor < subject.rules.seccomp_fields_since {
        annotations(subject)
    } else {
        explicit(subject)
    }
}

fn annotations(subject: &Subject<'_>) -> Option<Refusal> {
    let of_containers =
        subject.containers().map(|container| format!("{CONTAINER_PREFIX}{}", container.name));
    let keys = std::iter::once(POD_ANNOTATION.to_owned()).chain(of_containers);
    let mut bad: Vec<String> = keys
        .filter_map(|key| {
            let value = subject.annotations.get(&key)?;
            (!annotation_allowed(subject.rules.seccomp_annotations, value))
                .then(|| format!("{key}=\"{value}\""))
        })
        .collect();
    bad.sort();
    bad.dedup();
    (!bad.is_empty()).then(|| Refusal {
        reason: "seccompProfile",
        detail: format!(
            "forbidden {} {}",
            plural("annotation", "annotations", bad.len()),
            bad.join(", ")
        ),
    })
}

/// Whether the type of a profile keeps a filter on.
pub(super) fn filters(subject: &Subject<'_>, profile: &Profile) -> bool {
    subject.rules.seccomp_types.contains(&profile.kind.as_str())
}

/// Profiles that the pod or a container sets to a type without a filter.
pub(super) fn explicit(subject: &Subject<'_>) -> Option<Refusal> {
    let mut setters = Setters::default();
    let mut values = Values::new();
    let pod = subject.spec.security_context.as_ref().and_then(|sc| sc.seccomp_profile.as_ref());
    if let Some(profile) = pod.filter(|profile| !filters(subject, profile)) {
        setters.pod = true;
        values.insert(&profile.kind);
    }
    for container in subject.containers() {
        let context = container.security_context.as_ref();
        let profile = context.and_then(|sc| sc.seccomp_profile.as_ref());
        if let Some(profile) = profile.filter(|profile| !filters(subject, profile)) {
            setters.containers.push(&container.name);
            values.insert(&profile.kind);
        }
    }
    (!setters.is_empty()).then(|| Refusal {
        reason: "seccompProfile",
        detail: format!(
            "{} must not set securityContext.seccompProfile.type to {}",
            setters.names(),
            quoted(values.iter().copied())
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{container, refusal, with_annotations};

    const ID: &str = "seccompProfile_baseline";

    #[test]
    fn annotations_count_before_19_and_fields_from_19() {
        let unconfined = container(r#"{"seccompProfile":{"type":"Unconfined"}}"#);
        assert!(refusal(ID, &unconfined, 18).is_none());
        assert!(refusal(ID, &unconfined, 19).is_some());
        let annotation = [("seccomp.security.alpha.kubernetes.io/pod", "unconfined")];
        assert!(with_annotations(ID, &container("{}"), &annotation, 18).is_some());
        assert!(with_annotations(ID, &container("{}"), &annotation, 19).is_none());
    }

    #[test]
    fn container_annotations_need_their_container() {
        let value = |name: &str, value: &str| {
            let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
            with_annotations(ID, &container("{}"), &[(&key, value)], 18)
        };
        assert!(value("c", "unconfined").is_some());
        assert!(value("other", "unconfined").is_none());
        assert!(value("c", "").is_some(), "an empty value is no allowed value");
        assert!(value("c", "docker/default").is_none());
        assert!(value("c", "localhost/p").is_none());
    }
}
