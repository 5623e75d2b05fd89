//! Writes in a dry run, answered as an API server answers them: the patch is applied to the
//! stored object, names and types are compared, and nothing is stored.

use ringfort_model::Kind;
use serde_json::Value;

use crate::Shared;
use crate::http::{Answer, Request, decoded};
use crate::objects::{json_answer, of, refusal, stranger};

/// The answer to a request that writes.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    if let Some(refused) = stranger(shared, request) {
        return refused;
    }
    if request.query.get("dryRun").map(String::as_str) != Some("All") {
        return refusal(405, "this server stores nothing: writes need dryRun=All");
    }
    let path = decoded_path(&request.path);
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let (group, version, rest) = match &parts[..] {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return refusal(404, "the server could not find the requested resource"),
    };
    let (namespace, plural, name) = match *rest {
        ["namespaces", namespace, plural] if request.method == "POST" => (namespace, plural, ""),
        ["namespaces", namespace, plural, name] => (namespace, plural, name),
        [plural, name] => ("", plural, name),
        [plural] => ("", plural, ""),
        _ => return refusal(404, "the server could not find the requested resource"),
    };
    let Some(kind) = of(group, version).find(|kind| kind.plural() == plural) else {
        return refusal(404, "the server could not find the requested resource");
    };
    if let Some(&status) = shared.behaviour.refused_writes.get(plural) {
        return refusal(status, &format!("writes of {plural} are refused"));
    }
    let stored = shared.objects.find(kind, namespace, name);
    match (request.method.as_str(), stored) {
        ("POST", _) if name.is_empty() => create(shared, kind, namespace, request),
        (_, None) => refusal(404, &format!("{plural} {name:?} not found")),
        ("DELETE", Some(object)) => json_answer(200, &object),
        ("PATCH", Some(object)) => patch(object, kind, request),
        _ => refusal(405, "the server does not allow this method on the requested resource"),
    }
}

/// Segments are decoded after the path is split: a name may hold an encoded slash.
fn decoded_path(path: &str) -> Vec<String> {
    path.trim_matches('/').split('/').map(decoded).collect()
}

fn create(shared: &Shared, kind: Kind, namespace: &str, request: &Request) -> Answer {
    let object: Value = match serde_json::from_slice(&request.body) {
        Ok(object) => object,
        Err(error) => return refusal(400, &error.to_string()),
    };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return refusal(422, "metadata.name: Required value: name or generateName is required");
    }
    if object["kind"] != kind.name() {
        return refusal(400, "the object provided is unrecognized");
    }
    if object["metadata"]["namespace"].as_str().unwrap_or(namespace) != namespace {
        return refusal(400, "the namespace of the object does not match the request");
    }
    match shared.objects.find(kind, namespace, name) {
        Some(_) => refusal(409, &format!("{} {name:?} already exists", kind.plural())),
        None => json_answer(201, &object),
    }
}

fn patch(mut object: Value, kind: Kind, request: &Request) -> Answer {
    let before = object["metadata"].clone();
    match request.content.as_str() {
        "application/json-patch+json" => {
            let operations: json_patch::Patch = match serde_json::from_slice(&request.body) {
                Ok(operations) => operations,
                Err(error) => return refusal(400, &error.to_string()),
            };
            if let Err(error) = json_patch::patch(&mut object, &operations) {
                return refusal(422, &format!("the server rejected our request: {error}"));
            }
        }
        "application/merge-patch+json" => match serde_json::from_slice::<Value>(&request.body) {
            Ok(patch) => json_patch::merge(&mut object, &patch),
            Err(error) => return refusal(400, &error.to_string()),
        },
        other => return refusal(415, &format!("the body of the request was in {other:?}")),
    }
    let after = &object["metadata"];
    if after["name"] != before["name"] || after["namespace"] != before["namespace"] {
        return refusal(422, &format!("{}: metadata: field is immutable", kind.plural()));
    }
    json_answer(200, &object)
}
