//! Would a pod that can leave its container be admitted, and who refuses it? (semantics
//! PSS-12), for many namespaces at once.
//!
//! For each class two pods are asked about that differ in nothing but the class. A policy that
//! refuses both does not refuse the class: whoever makes the pod may satisfy the policy in
//! another way, so that one is not known to refuse.

use std::collections::BTreeMap;
use std::rc::Rc;

use ringfort_model::{PodSpec, Str};
use ringfort_podsec::EscapeClass;
use ringfort_podsec::escape::hardened_pod;
use serde_json::{Value as Json, json};

use crate::admission::{Admission, Signature};
use crate::decision::{Control, Decision, Finding, Verdict};
use crate::defaulting::{ServiceAccount, built_in_plugins, decode};
use crate::request::{Identity, Request};
use crate::resource::ResourceType;

/// What a namespace answers to a pod of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassAdmission {
    /// The class.
    pub class: EscapeClass,
    /// Whether such a pod would be admitted, whoever makes it.
    pub decision: Decision,
}

impl Admission<'_> {
    /// What each namespace answers to each class. Namespaces that no control tells apart share
    /// one answer.
    #[must_use]
    pub fn escape_classes<'n>(
        &self,
        namespaces: impl IntoIterator<Item = &'n Str>,
    ) -> BTreeMap<Str, Rc<[ClassAdmission]>> {
        let mut known: BTreeMap<Signature, Rc<[ClassAdmission]>> = BTreeMap::new();
        let mut answers = BTreeMap::new();
        for name in namespaces {
            let answer = known
                .entry(self.signature(name))
                .or_insert_with(|| self.classes_in(name).into())
                .clone();
            answers.insert(name.clone(), answer);
        }
        answers
    }

    fn classes_in(&self, namespace: &Str) -> Vec<ClassAdmission> {
        let plain = self.any_pod(namespace, hardened_pod());
        let refused_anyway: Vec<Control> = match plain.verdict {
            Verdict::Refused(all) => all.into_iter().map(|one| one.control).collect(),
            Verdict::Admitted | Verdict::Unknown(_) => Vec::new(),
        };
        let ask = |class: EscapeClass| {
            let decision = self.any_pod(namespace, class.minimal_pod());
            ClassAdmission { class, decision: without(decision, &refused_anyway) }
        };
        EscapeClass::ALL.into_iter().map(ask).collect()
    }

    /// A pod with that specification, made by anybody with labels of their choice.
    fn any_pod(&self, namespace: &Str, spec: &PodSpec) -> Decision {
        let object = pod_object(namespace, spec, self.version);
        let mut request =
            Request::create(ResourceType::pods(), namespace, object, Identity::Any);
        request.free_labels = true;
        self.would_admit(&request)
    }
}

fn pod_object(
    namespace: &str,
    spec: &PodSpec,
    version: Option<ringfort_model::KubeVersion>,
) -> Json {
    let spec = serde_json::to_value(spec).expect("records always serialise");
    let mut object = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "pod", "namespace": namespace},
        "spec": spec,
    });
    decode(&mut object, version);
    built_in_plugins(&mut object, &ServiceAccount::default());
    object
}

/// The decision if refusals by those controls are not counted as proven.
fn without(decision: Decision, anyway: &[Control]) -> Decision {
    let Verdict::Refused(refusals) = decision.verdict else { return decision };
    let (unsure, sure): (Vec<Finding>, Vec<Finding>) = refusals
        .into_iter()
        .partition(|one| anyway.contains(&one.control));
    let verdict = match sure.is_empty() {
        false => Verdict::Refused(sure),
        true => Verdict::Unknown(
            unsure
                .into_iter()
                .map(|one| Finding { reason: "refuses for a reason of its own".to_owned(), ..one })
                .collect(),
        ),
    };
    Decision { verdict, ..decision }
}
