//! What the admission plug-in answers to one request (semantics T4 to T7).
//!
//! Follows kubernetes/pod-security-admission `admission/admission.go` (ValidatePod,
//! ValidatePodController, EvaluatePod, isSignificantPodUpdate): pods are refused by the enforce
//! level, everything that carries a template is only warned about and audited.

use ringfort_model::{Container, KubeVersion, List, Map, PodSpec};

use crate::evaluate::{Violation, evaluate};
use crate::exempt::Exemptions;
use crate::level::{Level, PolicyVersion};
use crate::namespace::{NamespacePolicy, enforcement_on};
use crate::rules::rules;

/// The plug-in's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Why the request is refused; empty lets it pass.
    pub refused: Vec<Violation>,
    /// What is warned of; nothing where the request is refused anyway.
    pub warned: Vec<Violation>,
    /// What is written to the audit log.
    pub audited: Vec<Violation>,
}

impl Answer {
    /// Whether the request passes.
    #[must_use]
    pub fn admitted(&self) -> bool {
        self.refused.is_empty()
    }
}

/// Where and by whom a request is made.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The namespace's labels, read.
    pub policy: &'a NamespacePolicy,
    /// The plug-in's exemptions.
    pub exemptions: &'a Exemptions,
    /// The namespace.
    pub namespace: &'a str,
    /// Who makes the request; empty if nobody in particular.
    pub user: &'a str,
    /// The API server's version.
    pub server: Option<KubeVersion>,
}

/// A pod or a template: its specification, defaulted, and its annotations.
pub type Body<'a> = (&'a PodSpec, &'a Map);

impl Request<'_> {
    /// The creation of a pod.
    #[must_use]
    pub fn create_pod(&self, pod: Body<'_>) -> Answer {
        self.judge(pod, true)
    }

    /// A change of a pod, or of its subresource (empty for the pod itself).
    #[must_use]
    pub fn update_pod(&self, old: Body<'_>, new: Body<'_>, subresource: &str) -> Answer {
        if is_ignored(subresource) || !is_significant(old.0, new.0) {
            return Answer::default();
        }
        self.judge(new, true)
    }

    /// The creation or change of an object that carries a pod template: never refused.
    #[must_use]
    pub fn write_template(&self, template: Body<'_>) -> Answer {
        self.judge(template, false)
    }

    fn judge(&self, (spec, annotations): Body<'_>, enforce: bool) -> Answer {
        let exempt = self.exemptions.namespace(self.namespace)
            || self.exemptions.user(self.user)
            || self.exemptions.runtime_class(spec);
        if exempt || enforcement_on(self.server) == Some(false) {
            return Answer::default();
        }
        let at = |(level, version): (Level, PolicyVersion)| {
            evaluate(spec, annotations, level, version, self.server)
        };
        let refused = if enforce { at(self.policy.enforce) } else { Vec::new() };
        let warned = if refused.is_empty() { at(self.policy.warn) } else { Vec::new() };
        Answer { refused, warned, audited: at(self.policy.audit) }
    }
}

/// Whether the plug-in lets every request on the pod's subresource pass. A subresource that it
/// does not know is judged, so that no later one slips through.
#[must_use]
pub fn is_ignored(subresource: &str) -> bool {
    rules().ignored_subresources.contains(&subresource)
}

/// Whether a change of a pod is judged at all: a container or init container more or less, an
/// image, or an ephemeral container that is new or has another image. Nothing else of a pod
/// that a level is about can change.
#[must_use]
pub fn is_significant(old: &PodSpec, new: &PodSpec) -> bool {
    let images = |old: &List<Container>, new: &List<Container>| {
        old.len() != new.len() || old.iter().zip(new).any(|(old, new)| old.image != new.image)
    };
    images(&old.containers, &new.containers)
        || images(&old.init_containers, &new.init_containers)
        || new.ephemeral_containers.iter().any(|container| {
            let mut before = old.ephemeral_containers.iter();
            before
                .find(|known| known.name == container.name)
                .is_none_or(|known| known.image != container.image)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::Str;

    fn spec(json: &str) -> PodSpec {
        serde_json::from_str(json).expect("a specification")
    }

    fn policy(labels: &[(&str, &str)]) -> NamespacePolicy {
        let entries = labels.iter().map(|(mode, value)| {
            (Str::new(&format!("pod-security.kubernetes.io/{mode}")), Str::new(value))
        });
        NamespacePolicy::of(&entries.collect())
    }

    fn ids(found: &[Violation]) -> Vec<&str> {
        found.iter().map(|violation| violation.check).collect()
    }

    const PRIVILEGED: &str =
        r#"{"containers":[{"name":"c","image":"i","securityContext":{"privileged":true}}]}"#;

    #[test]
    fn pods_are_refused_and_templates_only_warned_about() {
        let policy = policy(&[("enforce", "baseline"), ("audit", "baseline")]);
        let exemptions = Exemptions::default();
        let server = Some(KubeVersion::minor(36));
        let request =
            Request { policy: &policy, exemptions: &exemptions, namespace: "n", user: "u", server };
        let (spec, none) = (spec(PRIVILEGED), Map::default());
        let pod = request.create_pod((&spec, &none));
        assert_eq!(ids(&pod.refused), ["privileged"]);
        assert_eq!((ids(&pod.warned), ids(&pod.audited)), (vec![], vec!["privileged"]));
        let template = request.write_template((&spec, &none));
        assert!(template.admitted());
        assert_eq!(ids(&template.warned), ["privileged"], "warn inherits enforce");
        assert_eq!(ids(&template.audited), ["privileged"]);
        let old = Request { server: Some(KubeVersion::minor(22)), ..request };
        assert_eq!(old.create_pod((&spec, &none)), Answer::default(), "off before 1.23");
    }

    #[test]
    fn each_exemption_passes_and_its_near_miss_does_not() {
        let policy = policy(&[("enforce", "restricted")]);
        let name = |text: &str| vec![Str::new(text)];
        let classed = spec(
            r#"{"runtimeClassName":"kata","containers":[{"name":"c","image":"i",
                "securityContext":{"privileged":true}}]}"#,
        );
        let judge = |exemptions: Exemptions, spec: &PodSpec, user: &str| {
            let server = Some(KubeVersion::minor(36));
            let request =
                Request { policy: &policy, exemptions: &exemptions, namespace: "n", user, server };
            let body = (spec, &Map::default());
            let pod = request.create_pod(body);
            let template = request.write_template(body);
            assert_eq!(pod.admitted(), template.warned.is_empty());
            pod.admitted()
        };
        for (exemptions, want) in [
            (Exemptions::default(), false),
            (Exemptions { namespaces: name("n"), ..Exemptions::default() }, true),
            (Exemptions { namespaces: name("N"), ..Exemptions::default() }, false),
            (Exemptions { users: name("u"), ..Exemptions::default() }, true),
            (Exemptions { users: name("*"), ..Exemptions::default() }, false),
            (Exemptions { runtime_classes: name("kata"), ..Exemptions::default() }, true),
            (Exemptions { runtime_classes: name(""), ..Exemptions::default() }, false),
        ] {
            assert_eq!(judge(exemptions.clone(), &classed, "u"), want, "{exemptions:?}");
        }
        let unclassed = Exemptions { runtime_classes: name(""), ..Exemptions::default() };
        assert!(!judge(unclassed, &spec(PRIVILEGED), "u"), "no class is not the empty class");
        let nobody = Exemptions { users: name(""), ..Exemptions::default() };
        assert!(!judge(nobody, &spec(PRIVILEGED), ""));
    }

    #[test]
    fn updates_count_where_images_or_numbers_change() {
        let old = spec(
            r#"{"containers":[{"name":"c","image":"1"}],"initContainers":[{"name":"i","image":"1"}],
                "ephemeralContainers":[{"name":"e","image":"1"}]}"#,
        );
        let changed = |from: &str, to: &str| {
            let json = serde_json::to_string(&old).expect("json").replacen(from, to, 1);
            is_significant(&old, &spec(&json))
        };
        assert!(!is_significant(&old, &old));
        for name in ["c", "i", "e"] {
            let from = format!(r#""name":"{name}","image":"1""#);
            assert!(changed(&from, &format!(r#""name":"{name}","image":"2""#)), "{name}");
        }
        assert!(changed(
            r#"{"name":"c","image":"1"}"#,
            r#"{"name":"c","image":"1"},{"name":"d","image":"1"}"#
        ));
        assert!(changed(r#""name":"e""#, r#""name":"f""#), "an ephemeral container is new by name");
        assert!(!changed(r#""name":"c""#, r#""name":"d""#), "others are compared by position");
        assert!(!changed(r#""image":"1"}]"#, r#""image":"1","tty":true}]"#));
        let without: PodSpec = PodSpec { ephemeral_containers: List::default(), ..old.clone() };
        assert!(!is_significant(&old, &without), "one less ephemeral container");
    }

    #[test]
    fn unknown_subresources_are_judged() {
        let policy = policy(&[("enforce", "baseline")]);
        let exemptions = Exemptions::default();
        let server = Some(KubeVersion::minor(36));
        let request =
            Request { policy: &policy, exemptions: &exemptions, namespace: "n", user: "u", server };
        let (old, new, none) = (PodSpec::default(), spec(PRIVILEGED), Map::default());
        for (subresource, judged) in [
            ("", true),
            ("ephemeralcontainers", true),
            ("resize", true),
            ("anything", true),
            ("exec", false),
            ("attach", false),
            ("binding", false),
            ("eviction", false),
            ("log", false),
            ("portforward", false),
            ("proxy", false),
            ("status", false),
        ] {
            let answer = request.update_pod((&old, &none), (&new, &none), subresource);
            assert_eq!(!answer.admitted(), judged, "{subresource}");
        }
    }
}
