//! Would a pod that can leave its container be admitted, and who refuses it? (semantics
//! PSS-12), for many namespaces at once.
//!
//! Whoever makes a pod chooses its shape within a class, and everything else that it holds. A
//! class is refused where every pod of every shape is: the policies see the shape and nothing
//! else. It is admitted where one pod is found that is. What is neither is not known.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_model::{PodSpec, Str};
use ringfort_podsec::EscapeClass;
use ringfort_podsec::escape::hardened_pod;
use serde_json::{Value as Json, json};

use crate::admission::{Admission, Signature};
use crate::cel::Words;
use crate::decision::{Control, Decision, Finding, Verdict};
use crate::defaulting::{ServiceAccount, built_in_plugins, decode};
use crate::mutation_rules::rules;
use crate::request::{Identity, Operation, Request};
use crate::resource::ResourceType;
use crate::search::{Draft, is_open};
use crate::shapes::{self, Place, Shapes, Variant};
use crate::sketch::{Shape, Sketch};

/// As many shapes are searched for a pod that is let through.
const SEARCHED: usize = 4;

/// What a namespace answers to a pod of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassAdmission {
    /// The class.
    pub class: EscapeClass,
    /// Whether such a pod would be admitted, whoever makes it.
    pub decision: Decision,
    /// The shape of the pod that is admitted, or that may be; the class where it is refused.
    pub shape: &'static str,
    /// The same for somebody who may change the labels of the namespace first.
    pub relabelled: Decision,
}

/// What a namespace answers to an ephemeral container of a class in any of its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedContainer {
    /// The class.
    pub class: EscapeClass,
    /// Whether it would be admitted, whoever adds it.
    pub decision: Decision,
    /// The shape of the container that is admitted, or that may be.
    pub shape: &'static str,
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
    /// For each class that an ephemeral container can be of.
    pub ephemeral: Vec<AddedContainer>,
}

/// The questions about the shapes of a class: about the pod of a draft, and about every pod of a
/// shape.
struct Questions<'q> {
    drafted: &'q dyn Fn(&Variant, &Draft) -> Decision,
    every: &'q dyn Fn(&Variant) -> Decision,
    draft: &'q dyn Fn(&Variant) -> Draft,
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
    /// namespace. Namespaces whose answers of [`Self::pods`] are one have one answer here.
    #[must_use]
    pub fn placed(
        &self,
        namespace: &Str,
        class: EscapeClass,
        wish: impl FnOnce(&mut PodSpec),
    ) -> Decision {
        let nothing = json_of(&PodSpec::default());
        let mut spec = PodSpec::default();
        wish(&mut spec);
        let mut wished = json_of(&spec);
        if let Some(fields) = wished.as_object_mut() {
            fields.retain(|key, value| nothing[key.as_str()] != *value);
        }
        self.class(namespace, class, &wished, false).0
    }

    fn pods_in(&self, namespace: &Str) -> PodAdmission {
        let classes = EscapeClass::ALL
            .into_iter()
            .map(|class| {
                let (decision, shape) = self.class(namespace, class, &json!({}), false);
                // Labels of the namespace hold nothing back that is let through with them.
                let relabelled = match decision.verdict {
                    Verdict::Admitted => decision.clone(),
                    _ => self.class(namespace, class, &json!({}), true).0,
                };
                ClassAdmission { class, decision, shape, relabelled }
            })
            .collect();
        let some = PodWrite::ALL.map(|write| (write, self.some_write(namespace, write)));
        let added = |class| {
            let (decision, shape) = self.added(namespace, class)?;
            Some(AddedContainer { class, decision, shape })
        };
        let ephemeral = EscapeClass::ALL.into_iter().filter_map(added).collect();
        PodAdmission { classes, some, ephemeral }
    }

    /// Whether some new pod of a class that also holds what is wished would be admitted, and of
    /// which shape.
    fn class(
        &self,
        namespace: &Str,
        class: EscapeClass,
        wished: &Json,
        relabelled: bool,
    ) -> (Decision, &'static str) {
        let sent = |variant: &Variant, object: Json, refused: bool| {
            let request = Request::create(ResourceType::pods(), namespace, object, Identity::Any);
            let spec = variant.sketch.clone().with(as_wished(wished));
            let shape = Shape { name: variant.name, spec, refused };
            Request { free_namespace: relabelled, shape: Some(Arc::new(shape)), ..request }
        };
        let draft = |variant: &Variant| {
            let mut spec = variant.spec.clone();
            for (key, value) in wished.as_object().into_iter().flatten() {
                spec[key.as_str()] = value.clone();
            }
            let object = pod_object(namespace, &spec, self.version);
            Draft { object, list: variant.place.list(), container_only: false }
        };
        let drafted = |variant: &Variant, draft: &Draft| {
            let mut request = sent(variant, draft.object.clone(), false);
            // The server makes the name up after the request was read.
            if draft.object["metadata"]["generateName"].is_string() {
                request.name.clear();
            }
            self.would_admit(&request)
        };
        let every = |variant: &Variant| {
            let request = sent(variant, draft(variant).object, true);
            self.would_admit(&Request { open_object: true, free_labels: true, ..request })
        };
        let questions = Questions { drafted: &drafted, every: &every, draft: &draft };
        self.shapes(namespace, class, shapes::of(class), &questions)
    }

    /// Whether an ephemeral container of a class would be admitted in any pod of the namespace;
    /// `None` for what one cannot be. The pod is there already, so that nothing of it is chosen
    /// and nothing of it is known.
    fn added(&self, namespace: &Str, class: EscapeClass) -> Option<(Decision, &'static str)> {
        let shapes = shapes::ephemeral(class)?;
        let sent = |variant: &Variant, object: Json, spec: Sketch, refused: bool| {
            let old = pod_object(namespace, &json_of(hardened_pod()), self.version);
            let pods = ResourceType::pods();
            let request = Request::update(pods, namespace, old, object, Identity::Any);
            let shape = Some(Arc::new(Shape { name: variant.name, spec, refused }));
            let (subresource, name) = ("ephemeralcontainers".to_owned(), String::new());
            self.would_admit(&Request { subresource, name, open_object: true, shape, ..request })
        };
        let draft = |variant: &Variant| Draft {
            object: pod_object(namespace, &variant.spec, self.version),
            list: variant.place.list(),
            container_only: true,
        };
        let drafted = |variant: &Variant, draft: &Draft| {
            let list = variant.place.list();
            let container = Sketch::Exactly(draft.object["spec"][list][0].clone());
            let known = Sketch::map([(list, Sketch::List(vec![container]))]);
            let spec = variant.sketch.clone().with(known);
            sent(variant, draft.object.clone(), spec, false)
        };
        let every =
            |variant: &Variant| sent(variant, draft(variant).object, variant.sketch.clone(), true);
        let questions = Questions { drafted: &drafted, every: &every, draft: &draft };
        Some(self.shapes(namespace, class, shapes, &questions))
    }

    /// Whether some pod of the shapes of a class would be admitted, and of which. The plainest
    /// pod of each is tried, then what whoever makes it may change; the class is refused where
    /// each shape is.
    fn shapes(
        &self,
        namespace: &Str,
        class: EscapeClass,
        shapes: &Shapes,
        ask: &Questions<'_>,
    ) -> (Decision, &'static str) {
        let plainest = |variant: &Variant| (ask.drafted)(variant, &(ask.draft)(variant));
        let refused = |decision: &Decision| matches!(decision.verdict, Verdict::Refused(_));
        let first = plainest(&shapes.narrow[0]);
        if is_open(&first) {
            return (first, shapes.narrow[0].name);
        }
        let mut refusal = None;
        let mut standing: Vec<Place> = Vec::new();
        for variant in &shapes.wide {
            let decision = (ask.every)(variant);
            match refused(&decision) {
                true => refusal = refusal.or(Some(decision)),
                false => standing.push(variant.place),
            }
        }
        let stands = |variant: &&Variant| {
            let place = if variant.place == Place::Sidecar { Place::Init } else { variant.place };
            standing.contains(&place)
        };
        let mut left: Vec<Variant> = shapes.narrow.iter().filter(stands).cloned().collect();
        let words = match class {
            EscapeClass::HostPath if !left.is_empty() => self.words(),
            _ => Words::default(),
        };
        left.extend(shapes::at_paths(words.texts.iter().map(String::as_str)));
        for variant in &left {
            let decision = plainest(variant);
            if is_open(&decision) {
                return (decision, variant.name);
            }
        }
        let mut doubtful = Vec::new();
        for variant in left {
            let decision = (ask.every)(&variant);
            match refused(&decision) {
                true => refusal = refusal.or(Some(decision)),
                false => doubtful.push((variant, decision)),
            }
        }
        for (variant, _) in doubtful.iter().take(SEARCHED) {
            let drafted = |draft: &Draft| (ask.drafted)(variant, draft);
            let decision = self.search(namespace, (ask.draft)(variant), &drafted);
            if is_open(&decision) {
                return (decision, variant.name);
            }
        }
        match (doubtful.into_iter().next(), refusal) {
            (Some((variant, decision)), _) => {
                let decision = match first.verdict {
                    Verdict::Unknown(_) => first,
                    _ => unsure(decision, first),
                };
                (decision, variant.name)
            }
            // Paths that no text of a policy spells out may be told apart by how they are made.
            (None, Some(refusal)) if words.functions.iter().any(|one| takes_apart(one)) => {
                let all = controls_of(&refusal);
                (without(refusal, &all), class.name())
            }
            (None, Some(refusal)) => (refusal, class.name()),
            (None, None) => (first, class.name()),
        }
    }

    /// What the expressions of all validating policies are made of.
    fn words(&self) -> Words {
        let mut all = Words::default();
        for bound in self.policies.iter().filter(|bound| !bound.policy.mutating) {
            let words = bound.policy.words();
            all.fields.extend(words.fields);
            all.texts.extend(words.texts);
            all.functions.extend(words.functions);
        }
        all
    }

    /// An ordinary pod is tried; if it is not admitted, whether every one is refused.
    fn some_write(&self, namespace: &Str, write: PodWrite) -> Decision {
        let one = self.some_object(self.write(namespace, hardened_pod(), write));
        if write != PodWrite::Create || is_open(&one) || matches!(one.verdict, Verdict::Refused(_))
        {
            return one;
        }
        let draft = Draft {
            object: pod_object(namespace, &json_of(hardened_pod()), self.version),
            list: Place::Regular.list(),
            container_only: false,
        };
        let found = self.search(namespace, draft, &|draft: &Draft| {
            let (pods, object) = (ResourceType::pods(), draft.object.clone());
            let request = Request::create(pods, namespace, object, Identity::Any);
            let made_up = draft.object["metadata"]["generateName"].is_string();
            let name = if made_up { String::new() } else { request.name.clone() };
            self.would_admit(&Request { name, ..request })
        });
        if is_open(&found) { found } else { one }
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
        let object = pod_object(namespace, &json_of(spec), self.version);
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

/// What is wished, as it stands; a list may hold more.
fn as_wished(fields: &Json) -> Sketch {
    let fields = fields.as_object().into_iter().flatten();
    let known = fields.map(|(key, value)| {
        let sketch = match value {
            Json::Array(items) => {
                Sketch::List(items.iter().map(|one| Sketch::Exactly(decoded(one))).collect())
            }
            other => Sketch::Exactly(other.clone()),
        };
        (key.clone(), sketch)
    });
    Sketch::Map(known.collect())
}

/// An element of a list of a pod as the server writes it: without fields that say nothing.
fn decoded(item: &Json) -> Json {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"tolerations": [item]}});
    decode(&mut pod, None);
    pod["spec"]["tolerations"][0].take()
}

/// A refusal of one pod of a shape of which not every pod is known to be refused.
fn unsure(every: Decision, one: Decision) -> Decision {
    match every.verdict {
        Verdict::Unknown(_) => every,
        Verdict::Admitted | Verdict::Refused(_) => {
            let all = controls_of(&one);
            without(one, &all)
        }
    }
}

/// Whether a function tells texts apart by more than what they are and how they begin.
fn takes_apart(function: &str) -> bool {
    matches!(
        function,
        "matches"
            | "contains"
            | "endsWith"
            | "find"
            | "findAll"
            | "replace"
            | "split"
            | "substring"
            | "charAt"
            | "indexOf"
            | "lastIndexOf"
            | "lowerAscii"
            | "upperAscii"
            | "trim"
    )
}

fn json_of(spec: &PodSpec) -> Json {
    serde_json::to_value(spec).expect("records always serialise")
}

fn pod_object(namespace: &str, spec: &Json, version: Option<ringfort_model::KubeVersion>) -> Json {
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
