//! What admission does to writes of objects that are no pods, where a technique needs one: some
//! object of the kind that serves the technique is tried, and if it is refused, whether every
//! object of the kind is.

use ringfort_admission::{Identity, Request, ResourceType};
use ringfort_model::Str;
use serde_json::{Value as Json, json};

use crate::context::{Context, Gate, Held};
use crate::maker::Draft;
use crate::node::Scope;

/// An object that a technique makes, or makes of one that exists.
pub(crate) enum Wanted {
    /// A webhook that is shown new pods, in a configuration of this kind.
    Webhook(&'static str),
    /// A Service with an external address.
    ExternalService,
    /// A volume that is the root directory of a node.
    NodeVolume,
    /// A Secret that is filled with a token.
    TokenSecret,
}

impl Wanted {
    fn object(&self) -> (ResourceType, Json) {
        let resource = |group: &str, kind: &str, plural: &str, namespaced: bool| ResourceType {
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: plural.to_owned(),
            kind: kind.to_owned(),
            namespaced,
        };
        let meta = json!({"name": "x"});
        match self {
            Self::Webhook(kind) => {
                let group = "admissionregistration.k8s.io";
                let plural = format!("{}s", kind.to_ascii_lowercase());
                let object = json!({"apiVersion": format!("{group}/v1"), "kind": kind,
                    "metadata": meta, "webhooks": [{"name": "x.example.com",
                        "admissionReviewVersions": ["v1"], "sideEffects": "None",
                        "failurePolicy": "Ignore", "matchPolicy": "Equivalent",
                        "clientConfig": {"url": "https://x.example.com"},
                        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "scope": "*",
                            "operations": ["CREATE"], "resources": ["pods"]}]}]});
                (resource(group, kind, &plural, false), object)
            }
            Self::ExternalService => (
                resource("", "Service", "services", true),
                json!({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {
                    "type": "ClusterIP", "externalIPs": ["192.0.2.1"],
                    "ports": [{"port": 443, "protocol": "TCP", "targetPort": 443}]}}),
            ),
            Self::NodeVolume => (
                resource("", "PersistentVolume", "persistentvolumes", false),
                json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": {
                    "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                    "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/"}}}),
            ),
            Self::TokenSecret => (
                resource("", "Secret", "secrets", true),
                json!({"apiVersion": "v1", "kind": "Secret",
                    "type": "kubernetes.io/service-account-token", "metadata": {"name": "x",
                        "annotations": {"kubernetes.io/service-account.name": "default"}}}),
            ),
        }
    }

    /// Whether admission lets such an object through in some namespace of a scope.
    fn gate(&self, context: &Context<'_>, creates: bool, scope: &Scope) -> Gate {
        let (resource, object) = self.object();
        let in_cluster = [Str::default()];
        let namespaces: Vec<&Str> = match resource.namespaced {
            true => context.namespaces_in(scope).collect(),
            false => in_cluster.iter().collect(),
        };
        let mut found = None;
        for namespace in namespaces {
            let mut object = object.clone();
            if resource.namespaced {
                object["metadata"]["namespace"] = Json::from(namespace.as_str());
            }
            let request = match creates {
                true => Request::create(resource.clone(), namespace, object, Identity::Any),
                false => {
                    let mut old = object.clone();
                    strip(&mut old);
                    Request::update(resource.clone(), namespace, old, object, Identity::Any)
                }
            };
            let request = Request { free_labels: creates, ..request };
            match Gate::of(&context.engine.some_object(request)) {
                Gate::Open => return Gate::Open,
                unverified @ Gate::Unverified(_) => found = Some(unverified),
                Gate::Stopped => found = found.or(Some(Gate::Stopped)),
            }
        }
        found.unwrap_or(Gate::Open)
    }

    /// The rules whose writes admission does not stop, with what may.
    pub(crate) fn let_through(
        &self,
        context: &Context<'_>,
        held: Vec<Held>,
    ) -> (Vec<Held>, Option<String>) {
        let mut known: Vec<(bool, Scope, Gate)> = Vec::new();
        let mut doubt = None;
        let mut sure = false;
        let kept = held.into_iter().filter(|one| {
            let (creates, scope) = (one.verb == "create", one.scope(context));
            let asked = known.iter().find(|known| known.0 == creates && known.1 == *scope);
            let gate = match asked {
                Some((.., gate)) => gate.clone(),
                None => {
                    let gate = self.gate(context, creates, scope);
                    known.push((creates, scope.clone(), gate.clone()));
                    gate
                }
            };
            match gate {
                Gate::Open => sure = true,
                Gate::Unverified(control) => doubt = Some(control),
                Gate::Stopped => return false,
            }
            true
        });
        let kept = kept.collect();
        (kept, doubt.filter(|_| !sure))
    }
}

/// The object before: without what the technique needs.
fn strip(object: &mut Json) {
    for (path, value) in [
        ("/webhooks", json!([])),
        ("/spec/externalIPs", json!([])),
        ("/metadata/annotations", json!({})),
    ] {
        if let Some(field) = object.pointer_mut(path) {
            *field = value;
        }
    }
}

/// A step with what may stop it.
pub(crate) fn doubted(draft: Draft, doubt: Option<&String>) -> Draft {
    match doubt {
        Some(control) => draft.unverified(control.clone()),
        None => draft,
    }
}
