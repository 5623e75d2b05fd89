//! What an expression can name: `object`, `oldObject`, `request`, `params`,
//! `namespaceObject`, `authorizer` (apiserver `pkg/admission/plugin/cel`).

use std::collections::BTreeMap;

use ringfort_model::record::Namespace;
use serde_json::{Map as Fields, Value as Json, json};

use crate::cel::{Outcome, Stop, Value, from_json, partial};
use crate::request::{Identity, Request};
use crate::sketch::Shape;
use crate::whole::blind;

/// The same as messages see them: without values that are not shown. `None` where messages see
/// what expressions do.
pub(crate) fn told_roots(
    request: &Request,
    namespace: Option<&Namespace>,
    params: &Outcome,
) -> Option<BTreeMap<&'static str, Outcome>> {
    let whole = request.whole.as_deref()?;
    let params = params.clone().map(|value| blind(&value, true));
    let mut roots = roots(request, namespace, params);
    roots.insert("object", Ok(blind(&whole.seen, true)));
    if let Some(seen) = &whole.namespace {
        roots.insert("namespaceObject", Ok(blind(seen, true)));
    }
    Some(roots)
}

/// The roots for a request. `namespace` is its Namespace, if that is known.
pub(crate) fn roots(
    request: &Request,
    namespace: Option<&Namespace>,
    params: Outcome,
) -> BTreeMap<&'static str, Outcome> {
    let object = |object: Option<&Json>, known: Option<&Shape>| {
        let value = object.map_or(Value::Null, from_json);
        Ok(match request.open_object {
            true => open(value, known),
            false => value,
        })
    };
    let mut roots: BTreeMap<&'static str, Outcome> = BTreeMap::new();
    let seen = match &request.whole {
        Some(whole) => Ok(whole.seen.clone()),
        None => object(request.object.as_ref(), request.known()),
    };
    roots.insert("object", seen);
    roots.insert("oldObject", object(request.old_object.as_ref(), None));
    roots.insert("request", Ok(request_value(request)));
    roots.insert("params", params);
    roots.insert("namespaceObject", namespace_value(request, namespace));
    let authorizer = "what the authorizer answers".to_owned();
    roots.insert("authorizer", Err(Stop::Unknown(authorizer)));
    roots
}

/// `request`, as the server makes it from an AdmissionRequest: empty fields are absent.
fn request_value(request: &Request) -> Value {
    let resource = &request.resource;
    let kind = json!({
        "group": resource.group, "version": resource.version, "kind": resource.kind
    });
    let plural = json!({
        "group": resource.group, "version": resource.version, "resource": resource.resource
    });
    let mut fields = Fields::new();
    fields.insert("kind".to_owned(), kind.clone());
    fields.insert("resource".to_owned(), plural.clone());
    fields.insert("requestKind".to_owned(), kind);
    fields.insert("requestResource".to_owned(), plural);
    for name in ["subResource", "requestSubResource"] {
        if !request.subresource.is_empty() {
            fields.insert(name.to_owned(), json!(request.subresource));
        }
    }
    if !request.name.is_empty() && !request.free_labels {
        fields.insert("name".to_owned(), json!(request.name));
    }
    if !request.namespace.is_empty() {
        fields.insert("namespace".to_owned(), json!(request.namespace.as_str()));
    }
    fields.insert("operation".to_owned(), json!(request.operation.name()));
    let mut user = Fields::new();
    if let Identity::User { name, groups } = &request.identity {
        user.insert("username".to_owned(), json!(name));
        if !groups.is_empty() {
            user.insert("groups".to_owned(), json!(groups));
        }
    }
    fields.insert("userInfo".to_owned(), Json::Object(user));
    // Left out: uid, options, dryRun, and what else is known of the user.
    let value = from_json(&Json::Object(fields));
    partial(nested(value, "userInfo", "who asks"), "a detail of the request")
}

/// An object of which type and namespace are known, and of its specification what the shape
/// says.
fn open(object: Value, shape: Option<&Shape>) -> Value {
    let reason = "what the object holds";
    let Value::Map(map) = &object else { return object };
    let field = |name: &str| {
        let key = kube_cel::cel::objects::Key::from(name);
        map.map.get(&key).cloned().map(|value| (key, value))
    };
    let mut known: std::collections::HashMap<_, _> =
        ["apiVersion", "kind"].into_iter().filter_map(field).collect();
    if let Some((key, Value::Map(metadata))) = field("metadata") {
        let namespace = kube_cel::cel::objects::Key::from("namespace");
        let kept = metadata.map.get(&namespace).cloned().map(|value| (namespace, value));
        let map = std::sync::Arc::new(kept.into_iter().collect());
        known.insert(key, partial(Value::Map(kube_cel::cel::objects::Map { map }), reason));
    }
    if let Some(shape) = shape {
        known.insert(kube_cel::cel::objects::Key::from("spec"), shape.spec.value());
    }
    let map = std::sync::Arc::new(known);
    partial(Value::Map(kube_cel::cel::objects::Map { map }), reason)
}

/// Makes the map under a key one of which the rest is not known.
fn nested(value: Value, key: &str, reason: &str) -> Value {
    let Value::Map(map) = &value else { return value };
    let mut entries = (*map.map).clone();
    let key = kube_cel::cel::objects::Key::from(key);
    if let Some(inner) = entries.remove(&key) {
        entries.insert(key, partial(inner, reason));
    }
    Value::Map(kube_cel::cel::objects::Map { map: std::sync::Arc::new(entries) })
}

/// `namespaceObject`: null for what has no namespace; else the Namespace, of which the
/// labels, the name and no more are kept.
fn namespace_value(request: &Request, namespace: Option<&Namespace>) -> Outcome {
    if request.namespace.is_empty() || request.resource.is_namespaces() {
        return Ok(Value::Null);
    }
    if let Some(seen) = request.whole.as_ref().and_then(|whole| whole.namespace.as_ref()) {
        return Ok(seen.clone());
    }
    let Some(namespace) = namespace else {
        return Err(Stop::Unknown(format!("namespace {} is not known", request.namespace)));
    };
    let mut labels = Fields::new();
    for (key, value) in namespace.metadata.labels.iter() {
        labels.insert(key.to_string(), json!(value.as_str()));
    }
    let name = namespace.metadata.name.as_str();
    labels.insert("kubernetes.io/metadata.name".to_owned(), json!(name));
    let object = json!({"metadata": {"name": name, "labels": labels}});
    let reason = "a field of the Namespace that is not kept";
    Ok(partial(nested(from_json(&object), "metadata", reason), reason))
}
