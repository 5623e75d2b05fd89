//! Objects that exist, as policies and rules see them: whole, with what is not known of them.
//!
//! ```text
//!  from a server:   as it stands                    status, nodeName …: set after admission
//!  from a manifest: decoded, defaulted, plug-ins    uid, clusterIP …: set by the server
//!                   kinds whose defaults are not modelled: absent fields are not known
//! ```
//!
//! Two views are made of an object. What is decided is decided with all that is known of it. What
//! is printed, a message or the text of an error, is worked out without the values that never
//! leave the border: those of Secrets, ConfigMaps, annotations, environment variables and command
//! lines. Of a Secret the values are in neither.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kube_cel::cel::objects::{Key, Map};
use ringfort_model::record::Meta;
use ringfort_model::{Cluster, KubeVersion, SourceKind, Str};
use serde_json::{Value as Json, json};

use crate::cel::{Value, anything, as_partial, from_json, partial};
use crate::defaulting::{ServiceAccount, built_in_plugins, decode};
use crate::request::{Identity, Request};
use crate::resource::ResourceType;

/// An object of which everything is known but for some fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// The object.
    pub(crate) seen: Value,
    /// `namespaceObject`, where it is known whole.
    pub(crate) namespace: Option<Value>,
    /// Fields that it has or may have and whose values are not known.
    pub(crate) unread: BTreeSet<&'static str>,
    /// Fields that it has and that were written after it was admitted.
    pub(crate) later: BTreeSet<&'static str>,
}

/// Namespaces that were read whole, by name.
#[derive(Clone, Debug, Default)]
pub struct Namespaces(BTreeMap<Str, Value>);

impl Namespaces {
    /// Adds a Namespace. Follows apiserver `pkg/admission/plugin/policy/validating/validator.go`,
    /// CreateNamespaceObject: owners and managed fields are left out.
    pub fn add(&mut self, name: &Str, mut object: Json, source: SourceKind) {
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.remove("ownerReferences");
            metadata.remove("managedFields");
            let labels = metadata.entry("labels").or_insert_with(|| json!({}));
            if let Some(labels) = labels.as_object_mut() {
                labels.insert(OWN_NAME.to_owned(), Json::from(name.as_str()));
            }
        }
        let mut seen = from_json(&object);
        if source == SourceKind::Manifests {
            let reason = "a field that the server fills in";
            let metadata = child(&seen, "metadata").map(|one| partial(one, reason));
            if let Some(metadata) = metadata {
                seen = with(&seen, "metadata", metadata);
            }
            seen = partial(seen, reason);
        }
        self.0.insert(name.clone(), seen);
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// The label that the server gives each namespace.
const OWN_NAME: &str = "kubernetes.io/metadata.name";

/// Where an object was read.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// The cluster around it.
    pub cluster: &'g Cluster,
    /// The server's version.
    pub version: Option<KubeVersion>,
    /// Namespaces as far as they were read whole.
    pub namespaces: &'g Namespaces,
}

/// Built-in kinds of which all is known that the server fills in, with the fields to which it
/// gives values that nobody can know before.
const MODELLED: &[(&str, &str, &[&str])] = &[
    ("", "ConfigMap", &[]),
    ("", "Namespace", &["finalizers", "status"]),
    ("", "PersistentVolumeClaim", &["storageClassName", "volumeName"]),
    ("", "Pod", &[]),
    ("", "PodTemplate", &[]),
    ("", "ReplicationController", &["selector"]),
    ("", "ResourceQuota", &["hard"]),
    ("", "Secret", &[]),
    (
        "",
        "Service",
        &[
            "clusterIP",
            "clusterIPs",
            "ipFamilies",
            "ipFamilyPolicy",
            "nodePort",
            "healthCheckNodePort",
            "sessionAffinityConfig",
        ],
    ),
    ("", "ServiceAccount", &["secrets"]),
    ("apps", "DaemonSet", &[]),
    ("apps", "Deployment", &[]),
    ("apps", "ReplicaSet", &[]),
    ("apps", "StatefulSet", &["volumeMode", "persistentVolumeClaimRetentionPolicy", "status"]),
    ("batch", "CronJob", &[]),
    (
        "batch",
        "Job",
        &[
            "selector",
            "manualSelector",
            "controller-uid",
            "job-name",
            "batch.kubernetes.io/controller-uid",
            "batch.kubernetes.io/job-name",
        ],
    ),
    ("networking.k8s.io", "Ingress", &[]),
    ("networking.k8s.io", "IngressClass", &[]),
    ("node.k8s.io", "RuntimeClass", &[]),
    ("policy", "PodDisruptionBudget", &[]),
    ("rbac.authorization.k8s.io", "ClusterRole", &[]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &[]),
    ("rbac.authorization.k8s.io", "Role", &[]),
    ("rbac.authorization.k8s.io", "RoleBinding", &[]),
];

/// What every object gets from the server.
const SERVERS: &[&str] = &[
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "status",
];

/// Fields that are written after an object was admitted, below the object and below `spec`.
const LATER: &[(&str, &[&str])] = &[
    ("", &["status"]),
    ("metadata", &["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"]),
    ("spec", &["nodeName", "ephemeralContainers", "volumeName", "claimRef", "podCIDR", "podCIDRs"]),
];

impl Request {
    /// The creation of an object that exists or that a manifest holds, with everything that is
    /// known of it; `meta` is its metadata as the model keeps it. A value of a Secret is in
    /// nothing that is made here.
    #[must_use]
    pub fn standing(
        resource: ResourceType,
        meta: &Meta,
        mut object: Json,
        ground: Ground<'_>,
    ) -> Self {
        let written = ground.cluster.source == SourceKind::Manifests;
        let namespace = match (resource.namespaced, meta.namespace.as_str()) {
            (true, "") => "default",
            (_, namespace) => namespace,
        };
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.remove("managedFields");
            if resource.namespaced {
                metadata.insert("namespace".to_owned(), Json::from(namespace));
            }
        }
        let mut unread: BTreeSet<&'static str> = ["managedFields"].into();
        let mut later = BTreeSet::new();
        let secret = resource.group.is_empty() && resource.kind == "Secret";
        if secret && let Some(fields) = object.as_object_mut() {
            fields.remove("data");
            fields.remove("stringData");
        }
        let mut open = secret.then_some("values of Secrets are not read");
        if written {
            unread.extend(SERVERS);
            let row = MODELLED.iter().find(|row| row.0 == resource.group && row.1 == resource.kind);
            match row {
                Some((_, _, fields)) => {
                    unread.extend(*fields);
                    decode(&mut object, ground.version);
                    if resource.is_namespaces() {
                        object["metadata"]["labels"][OWN_NAME] = Json::from(meta.name.as_str());
                    }
                    if resource.kind == "Pod" {
                        created(&mut object, namespace, ground.cluster, &mut unread);
                    }
                }
                None => open = open.or(Some("a field that the server may fill in")),
            }
            if meta.name.is_empty() {
                unread.insert("name");
            }
        } else {
            for (place, fields) in LATER {
                let around = if place.is_empty() { Some(&object) } else { object.get(*place) };
                let there = |field: &&&str| around.is_some_and(|one| one.get(**field).is_some());
                later.extend(fields.iter().filter(there));
            }
        }
        let mut seen = from_json(&object);
        if secret {
            seen = blind(&seen, true);
        }
        seen = match (open, secret) {
            (None, _) => seen,
            // What is there stays; what is not may be filled in at any depth.
            (Some(reason), false) => opened(&seen, reason),
            (Some(reason), true) => partial(seen, reason),
        };
        let home = match (resource.is_namespaces(), resource.namespaced) {
            (false, true) => ground.namespaces.get(namespace).cloned(),
            _ => None,
        };
        let whole = Whole { seen, namespace: home, unread, later };
        let request = Self::create(resource, namespace, object, Identity::Any);
        let name = match meta.name.as_str() {
            "" => request.name,
            name => name.to_owned(),
        };
        Self { name, whole: Some(Arc::new(whole)), ..request }
    }
}

/// A pod of a manifest as it is when it is created. What rests on objects that were not read, or
/// on plug-ins that are not modelled, is not known.
fn created(
    object: &mut Json,
    namespace: &str,
    cluster: &Cluster,
    unread: &mut BTreeSet<&'static str>,
) {
    let spec = &object["spec"];
    let name = spec["serviceAccountName"].as_str().unwrap_or("default");
    let known = cluster.service_accounts.get(namespace, name);
    if known.is_none() {
        unread.extend(["volumes", "volumeMounts", "imagePullSecrets"]);
    }
    if spec["priorityClassName"].is_string() {
        unread.extend(["priority", "preemptionPolicy"]);
    }
    if spec["runtimeClassName"].is_string() {
        unread.extend(["overhead", "nodeSelector", "tolerations"]);
    }
    if cluster.limit_ranges.in_namespace(namespace).next().is_some() {
        unread.extend(["resources", "limits", "requests"]);
    }
    let account = known.map_or_else(ServiceAccount::default, |record| ServiceAccount {
        automount: record.automount_service_account_token,
        pull_secrets: record.image_pull_secrets.iter().map(|one| one.name.to_string()).collect(),
    });
    built_in_plugins(object, &account);
}

fn child(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Map(map) => map.map.get(&Key::from(name)).cloned(),
        other => as_partial(other).and_then(|part| part.known.map.get(&Key::from(name)).cloned()),
    }
}

fn with(value: &Value, name: &str, inner: Value) -> Value {
    if let Some(part) = as_partial(value) {
        return partial(with(&Value::Map(part.known.clone()), name, inner), &part.reason);
    }
    let Value::Map(map) = value else { return value.clone() };
    let mut entries = (*map.map).clone();
    entries.insert(Key::from(name), inner);
    Value::Map(Map { map: Arc::new(entries) })
}

/// The same value of which every map may hold more than it shows.
fn opened(value: &Value, reason: &str) -> Value {
    match value {
        Value::Map(map) => {
            let entries: HashMap<Key, Value> =
                map.map.iter().map(|(key, one)| (key.clone(), opened(one, reason))).collect();
            partial(Value::Map(Map { map: Arc::new(entries) }), reason)
        }
        Value::List(items) => {
            Value::List(Arc::new(items.iter().map(|one| opened(one, reason)).collect()))
        }
        other => other.clone(),
    }
}

/// Why a value is left out of messages.
const KEPT_BACK: &str = "values that may be secret are not shown";

/// The same object without the values that never leave the border: each is some value that is not
/// known. Keys and the lengths of lists stay.
pub(crate) fn blind(value: &Value, top: bool) -> Value {
    let map = match value {
        Value::Map(map) => map,
        Value::List(items) => {
            return Value::List(Arc::new(items.iter().map(|one| blind(one, false)).collect()));
        }
        other => {
            return match as_partial(other) {
                Some(part) => partial(blind(&Value::Map(part.known.clone()), top), &part.reason),
                None => other.clone(),
            };
        }
    };
    let kind = top.then(|| child(value, "kind")).flatten();
    let holds_values = match &kind {
        Some(Value::String(kind)) => matches!(kind.as_str(), "Secret" | "ConfigMap"),
        _ => false,
    };
    let entries = map.map.iter().map(|(key, one)| {
        let name = match key {
            Key::String(name) => name.as_str(),
            _ => "",
        };
        let kept = match name {
            "annotations" | "data" | "binaryData" | "stringData"
                if name == "annotations" || holds_values =>
            {
                all_unknown(one)
            }
            "command" | "args" => all_unknown(one),
            "env" => variables(one),
            _ => blind(one, false),
        };
        (key.clone(), kept)
    });
    Value::Map(Map { map: Arc::new(entries.collect()) })
}

/// A map or list of which only keys and length are known.
fn all_unknown(value: &Value) -> Value {
    if let Some(part) = as_partial(value) {
        return partial(all_unknown(&Value::Map(part.known.clone())), &part.reason);
    }
    match value {
        Value::Map(map) => {
            let entries = map.map.keys().map(|key| (key.clone(), anything(KEPT_BACK)));
            Value::Map(Map { map: Arc::new(entries.collect()) })
        }
        Value::List(items) => {
            Value::List(Arc::new(items.iter().map(|_| anything(KEPT_BACK)).collect()))
        }
        Value::Null => Value::Null,
        _ => anything(KEPT_BACK),
    }
}

/// Environment variables without their literal values.
fn variables(value: &Value) -> Value {
    let Value::List(items) = value else { return all_unknown(value) };
    let one = |item: &Value| match child(item, "value") {
        Some(_) => with(item, "value", anything(KEPT_BACK)),
        None => item.clone(),
    };
    Value::List(Arc::new(items.iter().map(one).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::{Answer, Expected, Rule, Text};
    use ringfort_model::{ClusterBuilder, Object};

    fn asked(source: SourceKind, object: &Json, expression: &str) -> Answer {
        let expected = Expected { expression: expression.to_owned(), ..Expected::default() };
        let text = Text { expressions: vec![expected], ..Text::default() };
        let rule = Rule::parse(&text).expect(expression);
        let cluster = ClusterBuilder::new(source).freeze();
        let kind = object["kind"].as_str().expect("a kind");
        let api_version = object["apiVersion"].as_str().expect("a version");
        let record = Object::read(object.to_string().as_bytes()).expect("an object");
        let resource = ResourceType::of(api_version, kind, &cluster).expect("it is known");
        let namespaces = Namespaces::default();
        let ground = Ground { cluster: &cluster, version: None, namespaces: &namespaces };
        rule.ask(&Request::standing(resource, record.meta(), object.clone(), ground))
    }

    #[test]
    fn what_the_server_makes_up_is_not_known_of_a_manifest() {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
            "spec": {"ports": [{"port": 80}]}});
        let manifests = |expression: &str| asked(SourceKind::Manifests, &service, expression);
        assert_eq!(manifests("object.spec.type == 'ClusterIP'"), Answer::Holds);
        assert_eq!(manifests("object.spec.ports[0].targetPort == 80"), Answer::Holds);
        assert_eq!(manifests("object.metadata.namespace == 'default'"), Answer::Holds);
        assert_eq!(manifests("!has(object.spec.externalIPs)"), Answer::Holds);
        for made_up in
            ["has(object.spec.clusterIP)", "has(object.status)", "has(object.metadata.uid)"]
        {
            assert!(matches!(manifests(made_up), Answer::Unknown(_)), "{made_up}");
        }
        // A server has filled in what there is to fill in.
        let dump = |expression: &str| asked(SourceKind::Dump, &service, expression);
        assert!(matches!(dump("has(object.spec.clusterIP)"), Answer::Fails { .. }));
        assert!(matches!(dump("has(object.metadata.managedFields)"), Answer::Unknown(_)));
    }

    #[test]
    fn of_kinds_whose_defaults_are_not_modelled_what_is_there_is_known() {
        let policy = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "n", "namespace": "a"}, "spec": {"podSelector": {}, "ingress": [{}]}});
        let manifests = |expression: &str| asked(SourceKind::Manifests, &policy, expression);
        assert_eq!(manifests("size(object.spec.ingress) == 1"), Answer::Holds);
        assert_eq!(manifests("object.metadata.name == 'n'"), Answer::Holds);
        for open in ["has(object.spec.policyTypes)", "'Ingress' in object.spec.policyTypes"] {
            assert!(matches!(manifests(open), Answer::Unknown(_)), "{open}");
        }
        assert!(matches!(
            asked(SourceKind::Dump, &policy, "has(object.spec.policyTypes)"),
            Answer::Fails { .. }
        ));
    }

    #[test]
    fn blind_values_keep_their_shape() {
        let pod = json!({"kind": "Pod", "metadata": {"annotations": {"a": "CANARY"}, "labels": {"l": "x"}},
            "spec": {"containers": [{"name": "c", "command": ["CANARY"], "env": [{"name": "E", "value": "CANARY"}]}]}});
        let map = json!({"kind": "ConfigMap", "data": {"k": "CANARY"}});
        for object in [&pod, &map] {
            let seen = from_json(object);
            let opened = opened(&seen, "open");
            for value in
                [blind(&seen, true), blind(&partial(seen, "part"), true), blind(&opened, true)]
            {
                let text = format!("{value:?}");
                assert!(!text.contains("CANARY"), "{text}");
            }
        }
        let blinded = format!("{:?}", blind(&from_json(&pod), true));
        assert!(blinded.contains("\"E\"") && blinded.contains("\"x\""), "{blinded}");
    }
}
