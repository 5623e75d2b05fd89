//! What the plug-in answers when the labels of a namespace change (semantics T8): it refuses
//! labels that it cannot read, and warns of pods that the new enforce level would refuse.
//! Nothing is evicted.
//!
//! Follows kubernetes/pod-security-admission `admission/admission.go` (ValidateNamespace,
//! EvaluatePodsInNamespace, prioritizePods). The second that the server takes for it at most
//! is no rule that a model can follow.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::record::Pod;
use ringfort_model::{KubeVersion, Map, PodSpec};
use rustc_hash::FxHashMap;

use crate::evaluate::evaluate;
use crate::exempt::Exemptions;
use crate::level::Level;
use crate::namespace::{NamespacePolicy, enforcement_on};

/// How many pods the server looks at.
const MOST_PODS: usize = 3000;

/// The answer to a change of a namespace's labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relabelled {
    /// The labels cannot be read.
    Refused(Vec<String>),
    /// Accepted, with the server's warnings.
    Accepted(Vec<String>),
}

impl Relabelled {
    /// Whether the change is accepted without a word.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Accepted(warnings) if warnings.is_empty())
    }
}

/// The creation of a namespace with those labels.
#[must_use]
pub fn label_new(labels: &Map, server: Option<KubeVersion>) -> Relabelled {
    let errors = NamespacePolicy::of(labels).errors;
    if errors.is_empty() || enforcement_on(server) == Some(false) {
        Relabelled::Accepted(Vec::new())
    } else {
        Relabelled::Refused(errors)
    }
}

/// The change of a namespace's labels from `old` to `new`, with the pods that live in it.
#[must_use]
pub fn relabel(
    namespace: &str,
    old: &Map,
    new: &Map,
    pods: &[&Pod],
    exemptions: &Exemptions,
    server: Option<KubeVersion>,
) -> Relabelled {
    if enforcement_on(server) == Some(false) {
        return Relabelled::Accepted(Vec::new());
    }
    let (before, after) = (NamespacePolicy::of(old), NamespacePolicy::of(new));
    if !after.errors.is_empty() && after.errors != before.errors {
        return Relabelled::Refused(after.errors);
    }
    let ((old_level, old_version), (level, version)) = (before.enforce, after.enforce);
    let skipped = before.enforce == after.enforce
        || level == Level::Privileged
        || (version == old_version && level <= old_level)
        || exemptions.namespace(namespace);
    if skipped {
        return Relabelled::Accepted(Vec::new());
    }
    let mut ordered = one_of_each_first(pods);
    let total = ordered.len();
    ordered.truncate(MOST_PODS);
    // What is wrong, and the first pod by name and the number of pods with which it is.
    let mut found: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    // Replicas share their specification: each is judged once.
    let mut judged: FxHashMap<(*const PodSpec, &Map), String> = FxHashMap::default();
    for pod in ordered.iter().filter(|pod| !exemptions.runtime_class(&pod.spec)) {
        let notes = &pod.metadata.annotations;
        let reasons = judged.entry((std::ptr::from_ref(&*pod.spec), notes)).or_insert_with(|| {
            let violations = evaluate(&pod.spec, notes, level, version, server);
            let reasons: Vec<&str> = violations.iter().map(|one| one.reason).collect();
            reasons.join(", ")
        });
        if reasons.is_empty() {
            continue;
        }
        let name = pod.metadata.name.as_str();
        let (first, count) = found.entry(reasons.clone()).or_insert((name, 0));
        *first = name.min(first);
        *count += 1;
    }
    let mut warnings = Vec::new();
    if ordered.len() < total {
        warnings.push(format!(
            "new PodSecurity enforce level only checked against the first {} of {total} existing \
             pods",
            ordered.len()
        ));
    }
    if !found.is_empty() {
        warnings.push(format!(
            "existing pods in namespace \"{namespace}\" violate the new PodSecurity enforce level \
             \"{level}:{version}\""
        ));
    }
    let mut listed: Vec<String> = found
        .into_iter()
        .map(|(reasons, (name, count))| match count {
            1 => format!("{name}: {reasons}"),
            2 => format!("{name} (and 1 other pod): {reasons}"),
            _ => format!("{name} (and {} other pods): {reasons}", count - 1),
        })
        .collect();
    listed.sort();
    warnings.extend(listed);
    Relabelled::Accepted(warnings)
}

/// Pods without a controller and the first of each controller, then the others.
fn one_of_each_first<'a>(pods: &[&'a Pod]) -> Vec<&'a Pod> {
    let mut seen = BTreeSet::new();
    let (mut first, more): (Vec<&Pod>, Vec<&Pod>) = pods
        .iter()
        .partition(|pod| pod.metadata.controller().is_none_or(|owner| seen.insert(&owner.uid)));
    first.extend(more);
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::Str;

    fn labels(entries: &[(&str, &str)]) -> Map {
        let entries = entries.iter().map(|(mode, value)| {
            (Str::new(&format!("pod-security.kubernetes.io/{mode}")), Str::new(value))
        });
        entries.collect()
    }

    fn pod(name: &str, owner: &str, privileged: bool) -> Pod {
        let owners = match owner {
            "" => "[]".to_owned(),
            uid => format!(
                r#"[{{"kind":"ReplicaSet","name":"{uid}","uid":"{uid}","controller":true}}]"#
            ),
        };
        let json = format!(
            r#"{{"metadata":{{"name":"{name}","ownerReferences":{owners}}},"spec":{{"containers":[
                {{"name":"c","securityContext":{{"privileged":{privileged}}}}}]}}}}"#
        );
        serde_json::from_str(&json).expect("a pod")
    }

    fn change(old: &[(&str, &str)], new: &[(&str, &str)], pods: &[Pod]) -> Relabelled {
        let pods: Vec<&Pod> = pods.iter().collect();
        let server = Some(KubeVersion::minor(36));
        relabel("n", &labels(old), &labels(new), &pods, &Exemptions::default(), server)
    }

    #[test]
    fn stricter_labels_warn_of_pods_by_reason() {
        let pods = [pod("b", "", true), pod("a", "", true), pod("c", "", false)];
        let found = change(&[], &[("enforce", "baseline")], &pods);
        let want = [
            "existing pods in namespace \"n\" violate the new PodSecurity enforce level \
             \"baseline:latest\"",
            "a (and 1 other pod): privileged",
        ];
        assert_eq!(found, Relabelled::Accepted(want.map(str::to_owned).to_vec()));
        let three = [pod("a", "", true), pod("b", "", true), pod("d", "", true)];
        let Relabelled::Accepted(found) = change(&[], &[("enforce", "baseline")], &three) else {
            panic!("accepted")
        };
        assert_eq!(found[1], "a (and 2 other pods): privileged");
    }

    #[test]
    fn what_is_not_stricter_is_not_looked_at() {
        let pods = [pod("a", "", true)];
        let v30 = ("enforce-version", "v1.30");
        let v31 = ("enforce-version", "v1.31");
        let restricted = ("enforce", "restricted");
        let baseline = ("enforce", "baseline");
        let quiet = |old: &[(&str, &str)], new: &[(&str, &str)]| change(old, new, &pods).is_quiet();
        assert!(quiet(&[restricted], &[baseline]), "relaxed");
        assert!(quiet(&[baseline], &[baseline, ("warn", "restricted")]), "another mode");
        assert!(quiet(&[], &[("enforce", "privileged"), v30]));
        assert!(!quiet(&[restricted, v30], &[baseline, v31]), "another version is looked at");
        assert!(!quiet(&[baseline], &[restricted]));
    }

    #[test]
    fn labels_that_cannot_be_read_are_refused_unless_they_were_there() {
        let bad = [("enforce", "high")];
        assert!(matches!(change(&[], &bad, &[]), Relabelled::Refused(_)));
        assert!(change(&bad, &bad, &[pod("a", "", true)]).is_quiet());
        assert!(matches!(label_new(&labels(&bad), None), Relabelled::Refused(_)));
        assert!(label_new(&labels(&[("enforce", "baseline")]), None).is_quiet());
        let old = Some(KubeVersion::minor(22));
        assert!(label_new(&labels(&bad), old).is_quiet(), "the plug-in is off");
    }

    #[test]
    fn one_pod_of_each_controller_comes_before_the_limit() {
        let mut pods: Vec<Pod> =
            (0..MOST_PODS).map(|at| pod(&format!("r{at:04}"), "many", false)).collect();
        pods.push(pod("z", "last", true));
        let Relabelled::Accepted(found) = change(&[], &[("enforce", "baseline")], &pods) else {
            panic!("accepted")
        };
        assert_eq!(
            found[0],
            "new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods"
        );
        assert_eq!(found[2], "z: privileged");
    }

    #[test]
    fn exempt_namespaces_and_classes_are_passed_over() {
        let pods = [pod("a", "", true)];
        let pods: Vec<&Pod> = pods.iter().collect();
        let judge = |exemptions: &Exemptions, pods: &[&Pod]| {
            relabel(
                "n",
                &Map::default(),
                &labels(&[("enforce", "baseline")]),
                pods,
                exemptions,
                None,
            )
        };
        let namespace = Exemptions { namespaces: vec![Str::new("n")], ..Exemptions::default() };
        assert!(judge(&namespace, &pods).is_quiet());
        let class = Exemptions { runtime_classes: vec![Str::new("kata")], ..Exemptions::default() };
        assert!(!judge(&class, &pods).is_quiet());
        let mut kata = pods[0].clone();
        std::sync::Arc::make_mut(&mut kata.spec).runtime_class_name = Some(Str::new("kata"));
        assert!(judge(&class, &[&kata]).is_quiet());
    }
}
