//! Would a pod that can leave its container be admitted, and who refuses it? (semantics
//! PSS-12), for many namespaces at once.
//!
//! For each class two pods are asked about that differ in nothing but the class. A policy that
//! refuses both does not refuse the class: whoever makes the pod may satisfy the policy in
//! another way, so that one is not known to refuse.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_model::{PodSpec, Str};
use ringfort_podsec::EscapeClass;
use ringfort_podsec::escape::hardened_pod;
use serde_json::{Value as Json, json};

use crate::admission::{Admission, Signature};
use crate::decision::{Control, Decision, Finding, Verdict};
use crate::defaulting::{ServiceAccount, built_in_plugins, decode};
use crate::mutation_rules::rules;
use crate::request::{Identity, Operation, Request};
use crate::resource::ResourceType;

/// What a namespace answers to a pod of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassAdmission {
    /// The class.
    pub class: EscapeClass,
    /// Whether such a pod would be admitted, whoever makes it.
    pub decision: Decision,
    /// The same for somebody who may change the labels of the namespace first.
    pub relabelled: Decision,
}

/// A write to pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PodWrite {
    /// A new pod.
    Create,
    /// Another image in a running pod.
    SwapImage,
    /// An ephemeral container in a running pod.
    AddContainer,
    /// A command in a running container.
    Exec,
    /// The input of a running container.
    Attach,
    /// A port of a running pod.
    PortForward,
}

impl PodWrite {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Create,
        Self::SwapImage,
        Self::AddContainer,
        Self::Exec,
        Self::Attach,
        Self::PortForward,
    ];
}

/// What a namespace answers to pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAdmission {
    /// For each escape class.
    pub classes: Vec<ClassAdmission>,
    /// Whether some pod would be admitted at all: admitted where an ordinary one is, refused
    /// where every one is.
    pub some: [(PodWrite, Decision); 6],
}

impl PodAdmission {
    /// Whether some such write would be admitted.
    #[must_use]
    pub fn some(&self, write: PodWrite) -> &Decision {
        let found = self.some.iter().find(|(one, _)| *one == write);
        &found.expect("every write is answered").1
    }
}

impl Admission<'_> {
    /// What each namespace answers to pods. Namespaces that no control tells apart share one
    /// answer.
    #[must_use]
    pub fn pods<'n>(
        &self,
        namespaces: impl IntoIterator<Item = &'n Str>,
    ) -> BTreeMap<Str, Arc<PodAdmission>> {
        let mut known: BTreeMap<Signature, Arc<PodAdmission>> = BTreeMap::new();
        let mut answers = BTreeMap::new();
        for name in namespaces {
            let answer = known
                .entry(self.signature(name))
                .or_insert_with(|| Arc::new(self.pods_in(name)))
                .clone();
            answers.insert(name.clone(), answer);
        }
        answers
    }

    /// Whether a pod of a class that also asks for its place would be admitted in the
    /// namespace. What refuses such a pod without the wish for a place too is not known to
    /// refuse the wish. Namespaces whose answers of [`Self::pods`] are one have one answer here.
    #[must_use]
    pub fn placed(
        &self,
        namespace: &Str,
        class: EscapeClass,
        wish: impl FnOnce(&mut PodSpec),
    ) -> Decision {
        let mut spec = class.minimal_pod().clone();
        wish(&mut spec);
        let asked = self.write(namespace, &spec, PodWrite::Create);
        let one = self.would_admit(&Request { class: Some(class), ..asked });
        if !matches!(one.verdict, Verdict::Refused(_)) {
            return one;
        }
        let plain = self.write(namespace, class.minimal_pod(), PodWrite::Create);
        let anyway = self.would_admit(&plain);
        self.settle(one, &controls_of(&anyway), plain)
    }

    fn pods_in(&self, namespace: &Str) -> PodAdmission {
        let request = |spec: &PodSpec, relabelled: bool| {
            let request = self.write(namespace, spec, PodWrite::Create);
            Request { free_namespace: relabelled, ..request }
        };
        let answer = |class: EscapeClass, relabelled: bool| {
            let asked = request(class.minimal_pod(), relabelled);
            let one = self.would_admit(&Request { class: Some(class), ..asked });
            if !matches!(one.verdict, Verdict::Refused(_)) {
                return one;
            }
            let plain = request(hardened_pod(), relabelled);
            let anyway = self.would_admit(&plain);
            self.settle(one, &controls_of(&anyway), plain)
        };
        let classes = EscapeClass::ALL
            .into_iter()
            .map(|class| ClassAdmission {
                class,
                decision: answer(class, false),
                relabelled: answer(class, true),
            })
            .collect();
        let some = PodWrite::ALL.map(|write| (write, self.some_write(namespace, write)));
        PodAdmission { classes, some }
    }

    /// An ordinary pod is tried; if it is not admitted, whether every one is refused.
    fn some_write(&self, namespace: &Str, write: PodWrite) -> Decision {
        self.some_object(self.write(namespace, hardened_pod(), write))
    }

    /// Whether some object of the kind would be admitted: the one of the request is tried; if it
    /// is not admitted, whether every one is refused.
    #[must_use]
    pub fn some_object(&self, request: Request) -> Decision {
        let one = self.would_admit(&request);
        let controls = controls_of(&one);
        self.settle(one, &controls, request)
    }

    /// A refusal, less what refuses ordinary pods too without refusing every one.
    fn settle(&self, one: Decision, anyway: &[Control], request: Request) -> Decision {
        let kept = without(one, anyway);
        if matches!(kept.verdict, Verdict::Unknown(_)) && !anyway.is_empty() {
            let all = self.would_admit(&Request { open_object: true, ..request });
            if matches!(all.verdict, Verdict::Refused(_)) {
                return all;
            }
        }
        kept
    }

    /// A write of a pod with that specification, by anybody with labels of their choice.
    pub(crate) fn write(&self, namespace: &Str, spec: &PodSpec, write: PodWrite) -> Request {
        let object = pod_object(namespace, spec, self.version);
        let pods = ResourceType::pods();
        let mut request = match write {
            PodWrite::Create => Request::create(pods, namespace, object, Identity::Any),
            PodWrite::SwapImage => {
                let mut new = object.clone();
                new["spec"]["containers"][0]["image"] = Json::from("other");
                Request::update(pods, namespace, object, new, Identity::Any)
            }
            PodWrite::AddContainer => {
                let mut new = object.clone();
                let mut added = object["spec"]["containers"][0].clone();
                added["name"] = Json::from("added");
                new["spec"]["ephemeralContainers"] = Json::Array(vec![added]);
                let subresource = "ephemeralcontainers".to_owned();
                let request = Request::update(pods, namespace, object, new, Identity::Any);
                Request { subresource, ..request }
            }
            PodWrite::Exec => connect(namespace, "exec", "PodExecOptions"),
            PodWrite::Attach => connect(namespace, "attach", "PodAttachOptions"),
            PodWrite::PortForward => connect(namespace, "portforward", "PodPortForwardOptions"),
        };
        request.free_labels = write == PodWrite::Create;
        request
    }
}

/// Whether a pod is of a class.
pub(crate) fn is_of(class: EscapeClass, pod: &Json) -> bool {
    let spec = &pod["spec"];
    let lists = rules().containers;
    let containers = || lists.iter().filter_map(|list| spec[*list].as_array()).flatten();
    match class {
        EscapeClass::HostPid => spec["hostPID"] == true,
        EscapeClass::HostIpc => spec["hostIPC"] == true,
        EscapeClass::HostNetwork => spec["hostNetwork"] == true,
        EscapeClass::HostPath => {
            let volumes = spec["volumes"].as_array();
            volumes.into_iter().flatten().any(|volume| volume["hostPath"]["path"] == "/")
        }
        EscapeClass::Privileged => {
            containers().any(|one| one["securityContext"]["privileged"] == true)
        }
        EscapeClass::Capability => containers().any(|one| {
            let added = one["securityContext"]["capabilities"]["add"].as_array();
            let names = |name: &Json| {
                name.as_str().is_some_and(|name| rules().capabilities.contains(&name))
            };
            added.into_iter().flatten().any(names)
        }),
    }
}

/// A connection to some pod of a namespace (`pkg/registry/core/pod/rest/subresources.go`): what
/// is reviewed are the options, which have no metadata.
fn connect(namespace: &Str, subresource: &str, kind: &str) -> Request {
    let resource = ResourceType { kind: kind.to_owned(), ..ResourceType::pods() };
    let options = json!({"apiVersion": "v1", "kind": kind, "container": "c", "stdin": true,
        "stdout": true, "tty": true, "command": ["sh"]});
    let request = Request::create(resource, namespace, options, Identity::Any);
    Request {
        operation: Operation::Connect,
        subresource: subresource.to_owned(),
        name: "pod".to_owned(),
        ..request
    }
}

/// Whether two pods ask for the same nodes.
pub(crate) fn same_place(one: &Json, other: &Json) -> bool {
    rules().place.iter().all(|field| one["spec"][*field] == other["spec"][*field])
}

fn controls_of(decision: &Decision) -> Vec<Control> {
    match &decision.verdict {
        Verdict::Refused(all) => all.iter().map(|one| one.control.clone()).collect(),
        Verdict::Admitted | Verdict::Unknown(_) => Vec::new(),
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
    let (unsure, sure): (Vec<Finding>, Vec<Finding>) =
        refusals.into_iter().partition(|one| anyway.contains(&one.control));
    let verdict = match sure.is_empty() {
        false => Verdict::Refused(sure),
        true => Verdict::Unknown(
            unsure
                .into_iter()
                .map(|one| Finding { reason: "refuses for a reason of its own".to_owned(), ..one })
                .chain(decision.doubts.clone())
                .collect(),
        ),
    };
    let doubts = match verdict {
        Verdict::Refused(_) => decision.doubts,
        Verdict::Admitted | Verdict::Unknown(_) => Vec::new(),
    };
    Decision { verdict, doubts, ..decision }
}
