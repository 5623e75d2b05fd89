//! The object as admission sees it: decoded, defaulted, and changed by the built-in plug-ins
//! (semantics section 7), for objects that were not read from a server.
//!
//! Follows `pkg/apis/*/v1/defaults.go`, and what a round trip through the server's types does:
//! a null or an empty optional field is absent, a quantity has its one form.

mod pod;
mod workload;

use ringfort_model::KubeVersion;
use serde_json::{Map, Value as Json, json};

use crate::quantity::canonical;

pub use pod::{ServiceAccount, built_in_plugins};

/// Kinds whose objects the server keeps as they are sent.
fn is_custom(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    !(group.is_empty()
        || group.ends_with(".k8s.io")
        || matches!(group, "apps" | "batch" | "autoscaling" | "policy" | "extensions"))
}

/// Fills in what the server fills in when it decodes an object of a built-in kind, and leaves
/// out what it does not keep. With an unknown version the newest rules hold.
pub fn decode(object: &mut Json, server: Option<KubeVersion>) {
    let api_version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    if is_custom(&api_version) {
        return;
    }
    prune(object, "");
    match kind.as_str() {
        "Pod" => {
            if let Some(spec) = object.get_mut("spec") {
                pod::specification(spec, true, server);
            }
            set(object, "status", json!({}));
        }
        "Service" => service(object),
        "Secret" => secret(object),
        "RoleBinding" | "ClusterRoleBinding" => binding(object),
        "PersistentVolumeClaim" => {
            if let Some(spec) = object.get_mut("spec") {
                set(spec, "volumeMode", json!("Filesystem"));
                set(spec, "resources", json!({}));
                quantities(&mut spec["resources"]);
            }
        }
        "HorizontalPodAutoscaler" => {
            if let Some(spec) = object.get_mut("spec") {
                set(spec, "minReplicas", json!(1));
            }
        }
        _ => workload::object(object, &kind, server),
    }
}

/// Gives a field its value where it has none.
fn set(object: &mut Json, key: &str, value: Json) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry(key).or_insert(value);
    }
}

/// Texts by any key: an empty one says something.
const TEXT_MAPS: &[&str] =
    &["labels", "annotations", "data", "stringData", "nodeSelector", "matchLabels", "selector"];

/// Removes what the types of the server do not write: nulls, empty lists and texts, and
/// booleans of a pod that are false by default.
fn prune(value: &mut Json, key: &str) {
    match value {
        Json::Object(fields) => {
            let texts = TEXT_MAPS.contains(&key);
            for (key, value) in fields.iter_mut() {
                prune(value, key);
            }
            fields.retain(|key, value| match value {
                Json::Null => false,
                Json::Array(items) => !items.is_empty() || key == "containers",
                Json::String(text) => texts || !text.is_empty() || key == "value",
                Json::Bool(false) => {
                    !matches!(key.as_str(), "hostNetwork" | "hostPID" | "hostIPC" | "stdin" | "tty")
                }
                Json::Object(fields) => {
                    !(fields.is_empty() && matches!(key.as_str(), "labels" | "annotations"))
                }
                _ => true,
            });
        }
        Json::Array(items) => items.iter_mut().for_each(|item| prune(item, "")),
        _ => {}
    }
}

/// Writes the quantities of `limits` and `requests` in their one form.
fn quantities(resources: &mut Json) {
    for list in ["limits", "requests"] {
        let Some(amounts) = resources.get_mut(list).and_then(Json::as_object_mut) else { continue };
        for amount in amounts.values_mut() {
            let text = match &*amount {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                _ => continue,
            };
            if let Some(written) = canonical(&text) {
                *amount = Json::String(written);
            }
        }
    }
}

fn service(object: &mut Json) {
    let Some(spec) = object.get_mut("spec") else { return };
    set(spec, "type", json!("ClusterIP"));
    set(spec, "sessionAffinity", json!("None"));
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    if kind != "ExternalName" {
        set(spec, "internalTrafficPolicy", json!("Cluster"));
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        set(spec, "externalTrafficPolicy", json!("Cluster"));
    }
    if kind == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", json!(true));
    }
    for port in spec.get_mut("ports").and_then(Json::as_array_mut).into_iter().flatten() {
        set(port, "protocol", json!("TCP"));
        let number = port["port"].clone();
        set(port, "targetPort", number);
    }
}

fn secret(object: &mut Json) {
    set(object, "type", json!("Opaque"));
    let Some(Json::Object(texts)) = object.get_mut("stringData").map(Json::take) else { return };
    if let Some(fields) = object.as_object_mut() {
        fields.remove("stringData");
    }
    set(object, "data", json!({}));
    for (key, text) in texts {
        if let Some(text) = text.as_str() {
            object["data"][key.as_str()] = Json::String(base64(text.as_bytes()));
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let sign = SIGNS[(word >> (18 - 6 * at) & 63) as usize];
            out.push(if at > chunk.len() { '=' } else { char::from(sign) });
        }
    }
    out
}

fn binding(object: &mut Json) {
    set(&mut object["roleRef"], "apiGroup", json!("rbac.authorization.k8s.io"));
    for subject in object.get_mut("subjects").and_then(Json::as_array_mut).into_iter().flatten() {
        if matches!(subject["kind"].as_str(), Some("User" | "Group")) {
            set(subject, "apiGroup", json!("rbac.authorization.k8s.io"));
        }
    }
}

/// The fields of an object, made if there are none.
fn fields<'j>(object: &'j mut Json, key: &str) -> Option<&'j mut Map<String, Json>> {
    object.as_object_mut()?.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_keep_bytes_only() {
        let mut object = json!({"apiVersion": "v1", "kind": "Secret",
            "stringData": {"a": "x", "b": "xy", "c": "xyz"}});
        decode(&mut object, None);
        assert_eq!(object["data"], json!({"a": "eA==", "b": "eHk=", "c": "eHl6"}));
        assert_eq!(object["type"], "Opaque");
        assert!(object.get("stringData").is_none());
    }

    #[test]
    fn nothing_is_changed_in_a_custom_resource() {
        let object = json!({"apiVersion": "example.com/v1", "kind": "Service",
            "spec": {"list": [], "none": null}});
        let mut decoded = object.clone();
        decode(&mut decoded, None);
        assert_eq!(decoded, object);
    }

    #[test]
    fn empty_optional_fields_are_absent() {
        let mut object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {}},
            "spec": {"hostNetwork": false, "volumes": [], "containers": [
                {"name": "c", "env": [{"name": "E", "value": ""}], "command": null}]}});
        decode(&mut object, None);
        let spec = &object["spec"];
        for absent in ["hostNetwork", "volumes"] {
            assert!(spec.get(absent).is_none(), "{absent}");
        }
        assert!(object["metadata"].get("labels").is_none());
        assert!(spec["containers"][0].get("command").is_none());
        assert_eq!(spec["containers"][0]["resources"], json!({}));
    }
}
