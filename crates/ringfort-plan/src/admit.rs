//! Whether a pod that a change makes would be let in.
//!
//! A pod that the change itself writes out is known whole, and what refuses it refuses it. Of one
//! that is made from an object that was read, the model keeps some fields only: a policy that
//! looks at others may decide otherwise, so that only what refuses every such pod counts. What
//! may refuse it and is not known to, leaves it running, and is told.

use ringfort_admission::{Admission, Finding, Identity, Options, Request, ResourceType, Verdict};
use ringfort_model::{Cluster, Kind, Object, Pod};
use ringfort_podsec::{NamespacePolicy, enforcement_on, evaluate};
use serde_json::Value;

/// What is known of the answer to a new pod.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Why the server would certainly not make it.
    pub(crate) refused: Option<String>,
    /// What may refuse it.
    pub(crate) doubt: Option<String>,
}

impl Answer {
    fn refused(reason: String) -> Self {
        Self { refused: Some(reason), doubt: None }
    }

    /// What is to be said of pods that are taken to run.
    pub(crate) fn note(&self, title: &str) -> Option<String> {
        let doubt = self.doubt.as_ref()?;
        Some(format!("whether pods of {title} are let in is not known: {doubt}"))
    }
}

/// The built-in plug-ins, policies and webhooks of a cluster.
pub(crate) struct Door<'c> {
    cluster: &'c Cluster,
    engine: Admission<'c>,
}

impl<'c> Door<'c> {
    pub(crate) fn new(cluster: &'c Cluster) -> Self {
        Self { cluster, engine: Admission::new(cluster, cluster.version, Options::default()) }
    }

    /// Whether a pod like one that runs would be let in.
    pub(crate) fn again(&self, pod: &Pod) -> Answer {
        let json = Object::Pod(pod.clone()).to_json();
        let object = serde_json::from_slice(&json).expect("an object is written as JSON");
        self.ask(pod, &object, false)
    }

    /// About a new pod. `object` is the pod as the server would store it; with `whole`, nothing
    /// of it is missing.
    pub(crate) fn ask(&self, pod: &Pod, object: &Value, whole: bool) -> Answer {
        ask(self.cluster, &self.engine, pod, object, whole)
    }
}

fn ask(
    cluster: &Cluster,
    engine: &Admission<'_>,
    pod: &Pod,
    object: &Value,
    whole: bool,
) -> Answer {
    let namespace = &pod.metadata.namespace;
    let account = pod.spec.account();
    let listed = cluster.coverage.is_complete(Kind::ServiceAccount);
    // A controller makes the one that is called default.
    if listed && account != "default" && cluster.service_accounts.get(namespace, account).is_none()
    {
        return Answer::refused(format!("there is no ServiceAccount {namespace}/{account}"));
    }
    if let Some(known) = cluster.namespaces.get("", namespace)
        && enforcement_on(cluster.version) == Some(true)
    {
        let (level, version) = NamespacePolicy::of(&known.metadata.labels).enforce;
        let found = evaluate(&pod.spec, &pod.metadata.annotations, level, version, cluster.version);
        if !found.is_empty() {
            return Answer::refused(format!("namespace {namespace} enforces Pod Security {level}"));
        }
    }
    let request = Request::create(ResourceType::pods(), namespace, object.clone(), Identity::Any);
    let first = |findings: &[Finding]| findings.first().map(ToString::to_string);
    let decision = engine.would_admit(&request);
    match &decision.verdict {
        Verdict::Refused(by) if whole => Answer { refused: first(by), doubt: None },
        Verdict::Refused(by) => {
            let every = engine.would_admit(&Request { open_object: true, ..request });
            match &every.verdict {
                Verdict::Refused(by) => Answer { refused: first(by), doubt: None },
                Verdict::Admitted | Verdict::Unknown(_) => {
                    Answer { refused: None, doubt: first(by) }
                }
            }
        }
        // What was not listed is a gap, and shown as one.
        Verdict::Admitted | Verdict::Unknown(_) => {
            Answer { refused: None, doubt: decision.opaque().next().map(ToString::to_string) }
        }
    }
}
