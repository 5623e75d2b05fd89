//! The merge of an apply configuration into an object (sigs.k8s.io/structured-merge-diff
//! `typed/merge.go`, apiserver `pkg/admission/plugin/policy/mutating/patch/smd.go`).
//!
//! Fields are merged, lists of a known type by the keys of their elements. The server refuses a
//! configuration that touches an atomic list or map; which those are stands in schemas that are
//! not kept, so every list that is not in the table is unknown.

use serde_json::{Map, Value as Json};

use crate::cel::Stop;

/// Keys of the lists of a pod (`k8s.io/api/core/v1/types.go`, `+listMapKey`), by the path from
/// the pod's specification. `*` is one of the three lists of containers.
const LISTS: &[(&str, &[&str])] = &[
    ("*", &["name"]),
    ("*.env", &["name"]),
    ("*.ports", &["containerPort", "protocol"]),
    ("*.resources.claims", &["name"]),
    ("*.volumeDevices", &["devicePath"]),
    ("*.volumeMounts", &["mountPath"]),
    ("hostAliases", &["ip"]),
    ("imagePullSecrets", &["name"]),
    ("resourceClaims", &["name"]),
    ("schedulingGates", &["name"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("volumes", &["name"]),
];

/// Maps and structures of a pod that are atomic (`+structType=atomic`, `+mapType=atomic`).
const ATOMIC: &[&str] = &[
    "configMapKeyRef",
    "fieldRef",
    "labelSelector",
    "namespaceSelector",
    "nodePublishSecretRef",
    "nodeSelector",
    "preference",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "resourceFieldRef",
    "secretKeyRef",
    "secretRef",
];

/// The object with a configuration merged into it.
pub(crate) fn merged(object: &Json, configuration: &Json) -> Result<Json, Stop> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let pod = match kind {
        "Pod" => "spec.",
        "CronJob" => "spec.jobTemplate.spec.template.spec.",
        _ => "spec.template.spec.",
    };
    let merge = Merge { pod };
    merge.value(Some(object), configuration, "")
}

struct Merge {
    /// Path of the pod's specification.
    pod: &'static str,
}

impl Merge {
    fn value(&self, base: Option<&Json>, patch: &Json, path: &str) -> Result<Json, Stop> {
        match patch {
            Json::Object(fields) => self.fields(base, fields, path),
            Json::Array(items) => self.list(base, items, path),
            Json::Null => Err(Stop::Unknown(format!("{path} is set to null"))),
            scalar => Ok(scalar.clone()),
        }
    }

    fn fields(
        &self,
        base: Option<&Json>,
        fields: &Map<String, Json>,
        path: &str,
    ) -> Result<Json, Stop> {
        let last = path.rsplit('.').next().unwrap_or_default();
        if ATOMIC.contains(&last) {
            return Err(Stop::Unknown(format!("{path} may be atomic")));
        }
        let mut made = match base {
            Some(Json::Object(base)) => base.clone(),
            None | Some(Json::Null) => Map::new(),
            Some(_) => return Err(Stop::Error(format!("{path} is no object"))),
        };
        for (key, value) in fields {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let merged = self.value(made.get(key), value, &path)?;
            made.insert(key.clone(), merged);
        }
        Ok(Json::Object(made))
    }

    /// A list by the keys of its elements: those of the object in their order, then the new
    /// ones. Where the two orders would have to be woven together the outcome is unknown.
    fn list(&self, base: Option<&Json>, items: &[Json], path: &str) -> Result<Json, Stop> {
        let Some(keys) = self.keys(path) else {
            return Err(Stop::Unknown(format!("{path} is a list that may be atomic")));
        };
        let own: &[Json] = match base {
            Some(Json::Array(own)) => own,
            None | Some(Json::Null) => &[],
            Some(_) => return Err(Stop::Error(format!("{path} is no list"))),
        };
        let mut made = own.to_vec();
        let mut seen: Vec<Vec<Json>> = Vec::new();
        let mut last = None;
        for item in items {
            let key = key(item, keys, path)?;
            if seen.contains(&key) {
                return Err(Stop::Error(format!("{path} has two elements of one key")));
            }
            seen.push(key.clone());
            let mut place = None;
            for (at, one) in own.iter().enumerate() {
                if self::key(one, keys, path)? == key {
                    place = Some(at);
                }
            }
            match place {
                Some(at) if last.is_none_or(|before| before < at) => {
                    last = Some(at);
                    made[at] = self.value(Some(&own[at]), item, path)?;
                }
                Some(_) => return Err(Stop::Unknown(format!("{path} is put into another order"))),
                None => {
                    // After it nothing of the object's own may follow.
                    last = Some(usize::MAX);
                    made.push(self.value(None, item, path)?);
                }
            }
        }
        Ok(Json::Array(made))
    }

    fn keys(&self, path: &str) -> Option<&'static [&'static str]> {
        if path == "metadata.ownerReferences" {
            return Some(&["uid"]);
        }
        let inner = path.strip_prefix(self.pod)?;
        let general =
            ["initContainers", "containers", "ephemeralContainers"].iter().find_map(|list| {
                let rest = inner.strip_prefix(list)?;
                (rest.is_empty() || rest.starts_with('.')).then(|| format!("*{rest}"))
            });
        let wanted = general.unwrap_or_else(|| inner.to_owned());
        LISTS.iter().find(|(list, _)| *list == wanted).map(|(_, keys)| *keys)
    }
}

/// The key of an element; a port without a protocol is of TCP.
fn key(item: &Json, keys: &[&str], path: &str) -> Result<Vec<Json>, Stop> {
    let one = |name: &&str| match (item.get(name), *name) {
        (Some(value), _) => Ok(value.clone()),
        (None, "protocol") => Ok(Json::from("TCP")),
        (None, _) => Err(Stop::Error(format!("an element of {path} has no {name}"))),
    };
    keys.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Json {
        json!({"kind": "Pod", "metadata": {"labels": {"a": "1"}}, "spec": {"hostPID": true,
            "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]},
                {"name": "d", "image": "j"}]}})
    }

    #[test]
    fn fields_and_keyed_lists_are_merged() {
        let patch = json!({"metadata": {"labels": {"b": "2"}}, "spec": {"hostPID": false,
            "containers": [{"name": "d", "securityContext": {"privileged": false}}, {"name": "e"}],
            "volumes": [{"name": "v", "emptyDir": {}}]}});
        let found = merged(&pod(), &patch).expect("merged");
        assert_eq!(found["metadata"]["labels"], json!({"a": "1", "b": "2"}));
        assert_eq!(found["spec"]["hostPID"], false);
        let names: Vec<&Json> = found["spec"]["containers"]
            .as_array()
            .expect("list")
            .iter()
            .map(|c| &c["name"])
            .collect();
        assert_eq!(names, ["c", "d", "e"]);
        assert_eq!(found["spec"]["containers"][1]["image"], "j");
        assert_eq!(found["spec"]["containers"][1]["securityContext"]["privileged"], false);
        assert_eq!(found["spec"]["volumes"][0]["name"], "v");
    }

    #[test]
    fn a_port_without_a_protocol_is_the_one_of_tcp() {
        let patch = json!({"spec": {"containers": [{"name": "c", "ports": [
            {"containerPort": 80, "protocol": "TCP", "hostPort": 8}]}]}});
        let found = merged(&pod(), &patch).expect("merged");
        assert_eq!(found["spec"]["containers"][0]["ports"].as_array().expect("list").len(), 1);
        let other = json!({"spec": {"containers": [{"name": "c", "ports": [
            {"containerPort": 80, "protocol": "UDP"}]}]}});
        let found = merged(&pod(), &other).expect("merged");
        assert_eq!(found["spec"]["containers"][0]["ports"].as_array().expect("list").len(), 2);
    }

    #[test]
    fn what_is_not_known_to_be_mergeable_is_unknown() {
        for patch in [
            json!({"spec": {"containers": [{"name": "c", "args": ["x"]}]}}),
            json!({"spec": {"nodeSelector": {"a": "b"}}}),
            json!({"spec": {"tolerations": [{"operator": "Exists"}]}}),
            json!({"spec": {"containers": [{"name": "d"}, {"name": "c"}]}}),
            json!({"spec": {"containers": [{"name": "new"}, {"name": "c"}]}}),
            json!({"spec": {"hostPID": null}}),
        ] {
            assert!(matches!(merged(&pod(), &patch), Err(Stop::Unknown(_))), "{patch}");
        }
        for patch in [
            json!({"spec": {"containers": [{"image": "x"}]}}),
            json!({"spec": {"containers": [{"name": "x"}, {"name": "x"}]}}),
            json!({"metadata": {"labels": {"a": {}}}, "spec": {"hostPID": {"a": 1}}}),
        ] {
            assert!(matches!(merged(&pod(), &patch), Err(Stop::Error(_))), "{patch}");
        }
    }

    #[test]
    fn a_template_is_merged_as_a_pod_is() {
        let spec = json!({"template": {"spec": {"containers": [{"name": "c"}]}}});
        let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "s"}]}}}});
        let found = merged(&json!({"kind": "Deployment", "spec": spec}), &patch).expect("merged");
        let made = found["spec"]["template"]["spec"]["containers"].as_array().expect("list").len();
        assert_eq!(made, 2);
    }
}
