//! The merge of an apply configuration into an object (sigs.k8s.io/structured-merge-diff
//! `typed/merge.go`, apiserver `pkg/admission/plugin/policy/mutating/patch/smd.go`).
//!
//! Fields are merged, lists of a known type by the keys of their elements. The server refuses a
//! configuration that touches an atomic list or map; which those are stands in schemas that are
//! not kept, so every list that is not in the table is unknown, and of kinds without a pod all
//! but the metadata.

use serde_json::{Map, Value as Json};

use crate::cel::Stop;
use crate::mutation_rules::rules;

/// The object with a configuration merged into it.
pub(crate) fn merged(object: &Json, configuration: &Json) -> Result<Json, Stop> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let known = rules().pods.iter().find(|(of, name, _)| *of == group && *name == kind);
    let merge = Merge { pod: known.map(|(.., pod)| *pod) };
    merge.value(Some(object), configuration, "")
}

struct Merge {
    /// Path of the pod's specification; nothing for a kind without one.
    pod: Option<&'static str>,
}

impl Merge {
    fn value(&self, base: Option<&Json>, patch: &Json, path: &str) -> Result<Json, Stop> {
        match patch {
            Json::Object(fields) => self.fields(base, fields, path),
            Json::Array(items) => self.list(base, items, path),
            Json::Null if rules().switches.null_is_unknown => {
                Err(Stop::Unknown(format!("{path} is set to null")))
            }
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
        if rules().atomic.contains(&last) || self.is_beyond(path) {
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
            if rules().switches.keys_are_unique && seen.contains(&key) {
                return Err(Stop::Error(format!("{path} has two elements of one key")));
            }
            seen.push(key.clone());
            let mut place = None;
            for (at, one) in own.iter().enumerate() {
                if self::key(one, keys, path)? != key {
                    continue;
                }
                if place.is_some() && rules().switches.doubles_are_unknown {
                    return Err(Stop::Unknown(format!("{path} has two elements of one key")));
                }
                place = Some(at);
            }
            match place {
                Some(at)
                    if last.is_none_or(|before| before < at)
                        || !rules().switches.weaving_is_unknown =>
                {
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

    /// Whether a field is one of a kind without a pod, and not of its metadata.
    fn is_beyond(&self, path: &str) -> bool {
        let top = path.split('.').next().unwrap_or_default();
        let other = self.pod.is_none() && rules().switches.other_kinds_are_unknown;
        other && !matches!(top, "" | "metadata")
    }

    fn keys(&self, path: &str) -> Option<&'static [&'static str]> {
        let inner = path.strip_prefix(self.pod?)?;
        let general = rules().containers.iter().find_map(|list| {
            let rest = inner.strip_prefix(list)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("*{rest}"))
        });
        let wanted = general.unwrap_or_else(|| inner.to_owned());
        rules().lists.iter().find(|(list, _)| *list == wanted).map(|(_, keys)| *keys)
    }
}

/// The key of an element; a port without a protocol is of TCP.
fn key(item: &Json, keys: &[&str], path: &str) -> Result<Vec<Json>, Stop> {
    let one = |name: &&str| match (item.get(name), *name) {
        (Some(value), _) => Ok(value.clone()),
        (None, "protocol") if rules().switches.tcp_by_default => Ok(Json::from("TCP")),
        (None, _) => Err(Stop::Error(format!("an element of {path} has no {name}"))),
    };
    keys.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Json {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "1"}}, "spec": {"hostPID": true,
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

    /// A pod's specification with one list at a path; `*` is the container `c`.
    fn with_list(containers: &str, path: &str, items: Json) -> Json {
        let mut value = items;
        let inner = path.strip_prefix('*').map(|rest| rest.trim_start_matches('.'));
        for field in inner.unwrap_or(path).rsplit('.').filter(|field| !field.is_empty()) {
            value = json!({field: value});
        }
        match inner {
            None => value,
            Some(_) => {
                value["name"] = json!("c");
                json!({containers: [value]})
            }
        }
    }

    fn length(spec: &Json, containers: &str, path: &str) -> usize {
        let (mut at, path) = match path.strip_prefix('*') {
            None => (spec, path),
            Some(rest) => (&spec[containers][0], rest.trim_start_matches('.')),
        };
        for field in path.split('.') {
            at = &at[field];
        }
        at.as_array().expect("a list").len()
    }

    #[test]
    fn every_list_is_merged_by_its_keys() {
        for (path, own, others) in [
            ("*.env", json!({"name": "a"}), vec![json!({"name": "b"})]),
            (
                "*.ports",
                json!({"containerPort": 80, "protocol": "UDP"}),
                vec![json!({"containerPort": 80}), json!({"containerPort": 81, "protocol": "UDP"})],
            ),
            ("*.resources.claims", json!({"name": "a"}), vec![json!({"name": "b"})]),
            ("*.volumeDevices", json!({"devicePath": "/a"}), vec![json!({"devicePath": "/b"})]),
            ("*.volumeMounts", json!({"mountPath": "/a"}), vec![json!({"mountPath": "/b"})]),
            ("hostAliases", json!({"ip": "1.1.1.1"}), vec![json!({"ip": "1.1.1.2"})]),
            ("resourceClaims", json!({"name": "a"}), vec![json!({"name": "b"})]),
            ("resources.claims", json!({"name": "a"}), vec![json!({"name": "b"})]),
            ("schedulingGates", json!({"name": "a"}), vec![json!({"name": "b"})]),
            (
                "topologySpreadConstraints",
                json!({"topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"}),
                vec![
                    json!({"topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}),
                    json!({"topologyKey": "b", "whenUnsatisfiable": "ScheduleAnyway"}),
                ],
            ),
            ("volumes", json!({"name": "a"}), vec![json!({"name": "b"})]),
        ] {
            for containers in ["containers", "initContainers", "ephemeralContainers"] {
                let spec = |item: &Json| with_list(containers, path, json!([item]));
                let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": spec(&own)});
                let made = |item: &Json| {
                    let found = merged(&pod, &json!({"spec": spec(item)})).expect(path);
                    length(&found["spec"], containers, path)
                };
                let mut same = own.clone();
                same["more"] = json!(true);
                assert_eq!(made(&same), 1, "{path}");
                for other in &others {
                    assert_eq!(made(other), 2, "{path} {other}");
                }
            }
        }
    }

    #[test]
    fn what_is_atomic_is_not_merged() {
        let atomic = [
            "configMapKeyRef",
            "dataSource",
            "fieldRef",
            "fileKeyRef",
            "labelSelector",
            "namespaceSelector",
            "nodePublishSecretRef",
            "nodeSelector",
            "preference",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "resourceFieldRef",
            "secretKeyRef",
            "secretRef",
            "selector",
        ];
        for field in atomic {
            let patch = json!({"spec": {"some": {field: {"a": "b"}}}});
            assert!(matches!(merged(&pod(), &patch), Err(Stop::Unknown(_))), "{field}");
        }
        // Elements of these are atomic, though the list has keys.
        for patch in [
            json!({"spec": {"imagePullSecrets": [{"name": "a"}]}}),
            json!({"metadata": {"ownerReferences": [{"uid": "a"}]}}),
            json!({"spec": {"evictionResponders": [{"name": "a"}]}}),
        ] {
            assert!(matches!(merged(&pod(), &patch), Err(Stop::Unknown(_))), "{patch}");
        }
        let near = json!({"spec": {"some": {"securityContext": {"a": "b"}}}});
        assert!(merged(&pod(), &near).is_ok());
    }

    #[test]
    fn an_element_that_the_object_has_twice_is_unknown() {
        let twice = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c",
            "env": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}]}});
        let patch = |name: &str| {
            let env = json!([{"name": name, "value": "3"}]);
            json!({"spec": {"containers": [{"name": "c", "env": env}]}})
        };
        assert!(matches!(merged(&twice, &patch("a")), Err(Stop::Unknown(_))));
        assert!(merged(&twice, &patch("b")).is_ok());
    }

    #[test]
    fn of_other_kinds_metadata_is_merged_alone() {
        let object = |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind});
        let labels = json!({"metadata": {"labels": {"a": "b"}}});
        let inner = json!({"spec": {"replicas": 1}});
        for (version, kind, known) in [
            ("apps/v1", "Deployment", true),
            ("example.com/v1", "Deployment", false),
            ("v1", "Service", false),
        ] {
            assert!(merged(&object(version, kind), &labels).is_ok(), "{kind}");
            let found = merged(&object(version, kind), &inner);
            assert_eq!(found.is_ok(), known, "{version} {kind}: {found:?}");
        }
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
        let of = |name: &str| json!({"spec": {"containers": [{"name": name}]}});
        for (version, kind, path) in [
            ("v1", "Pod", ""),
            ("v1", "PodTemplate", "/template"),
            ("v1", "ReplicationController", "/spec/template"),
            ("apps/v1", "DaemonSet", "/spec/template"),
            ("apps/v1", "Deployment", "/spec/template"),
            ("apps/v1", "ReplicaSet", "/spec/template"),
            ("apps/v1", "StatefulSet", "/spec/template"),
            ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
            ("batch/v1", "Job", "/spec/template"),
        ] {
            let around = |mut value: Json| {
                for field in path.rsplit('/').filter(|field| !field.is_empty()) {
                    value = json!({field: value});
                }
                value
            };
            let mut object = around(of("c"));
            object["apiVersion"] = json!(version);
            object["kind"] = json!(kind);
            let found = merged(&object, &around(of("s"))).expect(kind);
            let made = found.pointer(&format!("{path}/spec/containers")).expect(kind);
            assert_eq!(made.as_array().expect("a list").len(), 2, "{kind}");
        }
    }
}
