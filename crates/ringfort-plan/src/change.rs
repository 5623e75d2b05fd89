//! Typed changes to a cluster: a patch of one object, its deletion, or the deletion of what a
//! workload has made. What a change means for the cluster is in [`crate::apply`].

use std::collections::BTreeSet;

use ringfort_model::{Cluster, Kind, Object, Str, WorkloadKind};
use serde_json::Value;

/// What is done to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// RFC 6902 operations on the object.
    Json(Vec<Value>),
    /// An RFC 7386 merge patch.
    Merge(Value),
    /// The object is deleted.
    Delete,
    /// The object is made; it must not exist yet.
    Create(Value),
    /// What the workload has made is deleted, so that it makes it again from its template: its
    /// pods, or the jobs of a CronJob.
    Restart,
}

/// A change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `group/version` as it was given, empty where it was not: then there must be no more than
    /// one object of this kind's name, namespace and name.
    pub api_version: String,
    /// Kind name.
    pub kind: String,
    /// Namespace, empty for cluster scope.
    pub namespace: Str,
    /// Name.
    pub name: Str,
    /// What is done.
    pub edit: Edit,
}

/// Why a change cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such object.
    #[error("{0} does not exist in the cluster")]
    Missing(String),
    /// Several kinds of this name have such an object.
    #[error("{object} is more than one object: write apiVersion, of the groups {groups}")]
    Ambiguous {
        /// `Kind namespace/name`.
        object: String,
        /// Their groups.
        groups: String,
    },
    /// There is such an object already.
    #[error("{0} exists already")]
    Exists(String),
    /// The patch does not fit the object.
    #[error("{object}: the patch does not apply: {reason}")]
    Patch {
        /// `Kind namespace/name`.
        object: String,
        /// What is wrong.
        reason: String,
    },
    /// The patched object is no valid object.
    #[error("{object}: {reason}")]
    Object {
        /// `Kind namespace/name`.
        object: String,
        /// What is wrong.
        reason: String,
    },
    /// A server would refuse it.
    #[error("{object}: the API server refuses this: {reason}")]
    Refused {
        /// `Kind namespace/name`.
        object: String,
        /// Why.
        reason: String,
    },
    /// The file holds no change.
    #[error("no change: {0}")]
    Format(String),
}

impl Change {
    /// A change of an object of a kind that the model keeps.
    #[must_use]
    pub fn of(kind: Kind, namespace: &Str, name: &Str, edit: Edit) -> Self {
        Self {
            api_version: kind.api_version(),
            kind: kind.name().to_owned(),
            namespace: namespace.clone(),
            name: name.clone(),
            edit,
        }
    }

    /// The API group, if it was given; empty for core.
    fn group(&self) -> Option<&str> {
        let version = self.api_version.as_str();
        (!version.is_empty()).then(|| group_of(version))
    }

    /// The kind that the model keeps, if it is one: of several of this name, where the group was
    /// not given, the first of the table.
    #[must_use]
    pub fn kept(&self) -> Option<Kind> {
        match self.group() {
            Some(group) => Kind::of(group, &self.kind),
            None => kinds_named(&self.kind).next(),
        }
    }

    /// `Kind namespace/name`.
    #[must_use]
    pub fn object(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {namespace}/{}", self.kind, self.name),
        }
    }

    /// The object as arguments of kubectl: the resource, with its group where another kind has
    /// the same name, the object's name, and its namespace.
    #[must_use]
    pub fn resource(&self) -> String {
        let kind = self.kind.to_lowercase();
        let plain = kinds_named(&self.kind).next();
        let kind = match self.group() {
            // kubectl takes the core group and the kinds that come first in the table by
            // their bare names.
            Some(group) if !group.is_empty() && plain.is_none_or(|one| one.group() != group) => {
                format!("{kind}.{group}")
            }
            _ => kind,
        };
        ringfort_attack::evidence::target(&kind, &self.namespace, &self.name)
    }

    /// The kubectl command that makes the change.
    #[must_use]
    pub fn command(&self) -> String {
        let quoted = ringfort_attack::evidence::quoted;
        let object = self.resource();
        match &self.edit {
            Edit::Json(operations) if self.is_outside() => outside(&self.name, operations),
            edit if self.replaces_pod() => {
                let (kind, patch) = match edit {
                    Edit::Merge(patch) => ("merge", patch.to_string()),
                    Edit::Json(operations) => {
                        ("json", Value::Array(operations.clone()).to_string())
                    }
                    _ => unreachable!("only patches replace a pod"),
                };
                format!(
                    "kubectl get {object} -o json | \
                     kubectl patch --local -f - --type={kind} -p {} -o json | \
                     kubectl replace --force -f -",
                    quoted(&patch)
                )
            }
            Edit::Json(operations) => {
                let patch = Value::Array(operations.clone()).to_string();
                format!("kubectl patch {object} --type=json -p {}", quoted(&patch))
            }
            Edit::Merge(patch) if only_labels(patch).is_some() => {
                let labels = only_labels(patch).into_iter().flatten();
                let labels: Vec<String> = labels
                    .map(|(key, value)| quoted(&format!("{key}={}", value.as_str().unwrap_or(""))))
                    .collect();
                format!("kubectl label {object} --overwrite {}", labels.join(" "))
            }
            Edit::Merge(patch) => {
                format!("kubectl patch {object} --type=merge -p {}", quoted(&patch.to_string()))
            }
            Edit::Delete => format!("kubectl delete {object}"),
            Edit::Create(value) => {
                format!("kubectl create -f - <<'EOF'\n{value:#}\nEOF")
            }
            Edit::Restart => self.restart(),
        }
    }

    /// Deletes what the workload has made, found by its owner.
    fn restart(&self) -> String {
        let quoted = ringfort_attack::evidence::quoted;
        let namespace = format!(" -n {}", quoted(&self.namespace));
        let (name, owned) = match self.kind.as_str() {
            "Deployment" => {
                return format!("kubectl rollout restart {}", self.resource());
            }
            "CronJob" => (&self.name, "job"),
            _ => (&self.name, "pod"),
        };
        // A string of JSON is one of Go: no name leaves its place in the template.
        let name = Value::from(name.as_str());
        let template = format!(
            "{{{{range $one := .items}}}}{{{{range .metadata.ownerReferences}}}}\
             {{{{if and (eq .kind \"{}\") (eq .name {name})}}}}\
             {{{{$one.metadata.name}}}}{{{{\"\\n\"}}}}\
             {{{{end}}}}{{{{end}}}}{{{{end}}}}",
            self.kind
        );
        format!(
            "kubectl get {owned}s{namespace} -o go-template={} | \
             xargs -r kubectl delete {owned}{namespace}",
            quoted(&template)
        )
    }

    /// Whether it is made on a machine, and its patch only says what the node then shows.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        let Edit::Json(operations) = &self.edit else { return false };
        let of_status = |operation: &Value| {
            let path = operation.get("path").and_then(Value::as_str);
            path.is_some_and(|path| path.starts_with("/status/"))
        };
        self.kind == "Node" && !operations.is_empty() && operations.iter().all(of_status)
    }

    /// Whether it changes more of a pod than its metadata: almost nothing of a pod's
    /// specification can be changed, so that a changed pod takes its place.
    #[must_use]
    pub fn replaces_pod(&self) -> bool {
        if self.kind != "Pod" {
            return false;
        }
        match &self.edit {
            Edit::Merge(patch) => patch.get("spec").is_some(),
            Edit::Json(operations) => operations.iter().any(|operation| {
                let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
                operation.get("op") != Some(&Value::from("test")) && !path.starts_with("/metadata/")
            }),
            _ => false,
        }
    }

    /// The change as [`Change::read`] reads it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = serde_json::json!({"kind": self.kind, "name": self.name});
        if !self.api_version.is_empty() {
            value["apiVersion"] = Value::from(self.api_version.as_str());
        }
        if !self.namespace.is_empty() {
            value["namespace"] = Value::from(self.namespace.as_str());
        }
        match &self.edit {
            Edit::Json(operations) => value["patch"] = Value::Array(operations.clone()),
            Edit::Merge(patch) => value["merge"] = patch.clone(),
            Edit::Delete => value["delete"] = Value::Bool(true),
            Edit::Create(object) => value["create"] = object.clone(),
            Edit::Restart => value["restart"] = Value::Bool(true),
        }
        value
    }

    /// Reads changes: a list of `{apiVersion, kind, namespace, name, patch | merge | delete |
    /// create | restart}`, or objects in the API's shape, which are merge patches of the objects
    /// of their names. The `apiVersion` may be left out where the kind's name says enough.
    pub fn read(value: &Value) -> Result<Vec<Self>, ChangeError> {
        let list = match value {
            Value::Array(list) => list.clone(),
            Value::Object(_) => vec![value.clone()],
            _ => return Err(ChangeError::Format("neither a list nor an object".into())),
        };
        list.iter().map(Self::read_one).collect()
    }

    fn read_one(value: &Value) -> Result<Self, ChangeError> {
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let kind = text(value, "kind");
        let meta = value.get("metadata").unwrap_or(value);
        let (namespace, name) = (text(meta, "namespace"), text(meta, "name"));
        if kind.is_empty() || name.is_empty() {
            return Err(ChangeError::Format("a change without kind and name".into()));
        }
        let named: Vec<&str> = ["patch", "merge", "delete", "create", "restart"]
            .into_iter()
            .filter(|key| value.get(key).is_some_and(|edit| *edit != Value::Bool(false)))
            .collect();
        // An object in the API's shape is a merge patch, and may have fields of these names.
        if named.len() > 1 && value.get("metadata").is_none() {
            let reason = format!("one change of {kind} {name} with {}", named.join(" and "));
            return Err(ChangeError::Format(reason));
        }
        let edit = if let Some(patch) = value.get("patch") {
            let Some(operations) = patch.as_array() else {
                let reason = "patch is a list of operations; a merge patch stands under merge";
                return Err(ChangeError::Format(reason.into()));
            };
            Edit::Json(operations.clone())
        } else if value.get("delete") == Some(&Value::Bool(true)) {
            Edit::Delete
        } else if value.get("restart") == Some(&Value::Bool(true)) {
            Edit::Restart
        } else if let Some(object) = value.get("create") {
            Edit::Create(object.clone())
        } else if let Some(merge) = value.get("merge") {
            Edit::Merge(merge.clone())
        } else if value.get("metadata").is_some() {
            Edit::Merge(value.clone())
        } else {
            return Err(ChangeError::Format(
                "a change without patch, merge, delete, create or restart".into(),
            ));
        };
        // What is made says itself what it is.
        let api_version = match (&edit, text(value, "apiVersion")) {
            (Edit::Create(object), said) if said.is_empty() => text(object, "apiVersion"),
            (_, said) => said,
        };
        let (namespace, name) = (Str::from(namespace), Str::from(name));
        Ok(Self { api_version, kind, namespace, name, edit })
    }

    /// Whether the other change is the way back of this one, of the two that an object may have.
    pub(crate) fn undoes(&self, back: &Self) -> bool {
        let same = (&self.api_version, &self.kind, &self.namespace)
            == (&back.api_version, &back.kind, &back.namespace);
        let sort = |edit: &Edit| match edit {
            Edit::Json(_) => 0,
            Edit::Merge(_) => 1,
            Edit::Restart => 2,
            Edit::Create(_) | Edit::Delete => 3,
        };
        same && self.name == back.name && sort(&self.edit) == sort(&back.edit)
    }

    /// Whether an object is of the kind, and of the group if that was given.
    pub(crate) fn means(&self, object: &Object) -> bool {
        let kept = object.kind();
        let (group, kind) = match object {
            Object::Other(other) => (group_of(&other.api_version), other.kind.as_str()),
            _ => kept.map_or(("", ""), |kind| (kind.group(), kind.name())),
        };
        let grouped = |wanted| kept.is_some() && Kind::of(wanted, &self.kind) == kept;
        *self.kind == *kind && self.group().is_none_or(|wanted| wanted == group || grouped(wanted))
    }

    /// The object that it is about. It is more than one only where a source shows an object that
    /// the model keeps no table for in several versions of its group.
    pub(crate) fn objects(&self, cluster: &Cluster) -> Result<Vec<Object>, ChangeError> {
        let wanted = self.group();
        let kept: Vec<Kind> = match wanted {
            Some(group) => Kind::of(group, &self.kind).into_iter().collect(),
            None => kinds_named(&self.kind).collect(),
        };
        let kept = kept.into_iter().filter_map(|kind| {
            Some((kind.group().to_owned(), cluster.find(kind, &self.namespace, &self.name)?))
        });
        let others = cluster.others.all(&self.namespace, &self.name);
        let others = others.filter(|other| *other.kind == *self.kind).filter_map(|other| {
            let group = group_of(&other.api_version);
            let meant = wanted.is_none_or(|wanted| wanted == group);
            meant.then(|| (group.to_owned(), Object::Other(other.clone())))
        });
        let found: Vec<(String, Object)> = kept.chain(others).collect();
        let groups: BTreeSet<&str> = found.iter().map(|(group, _)| group.as_str()).collect();
        if groups.len() > 1 {
            let name = |group: &&str| if group.is_empty() { "core" } else { group }.to_owned();
            let groups: Vec<String> = groups.iter().map(name).collect();
            return Err(ChangeError::Ambiguous {
                object: self.object(),
                groups: groups.join(", "),
            });
        }
        Ok(found.into_iter().map(|(_, object)| object).collect())
    }
}

/// The group of an `apiVersion`, empty for core.
fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The kinds of that name that the model keeps.
fn kinds_named(name: &str) -> impl Iterator<Item = Kind> {
    let workload = WorkloadKind::from_name(name).map(Kind::Workload);
    workload.into_iter().chain(Kind::PLAIN.iter().copied().filter(move |kind| kind.name() == name))
}

/// What to do on a machine, as a comment: names are hostile and may not end it.
fn outside(node: &str, operations: &[Value]) -> String {
    let shown: Vec<String> = operations
        .iter()
        .filter(|operation| operation.get("op") != Some(&Value::from("test")))
        .filter_map(|operation| {
            let path = operation.get("path")?.as_str()?.trim_start_matches('/').replace('/', ".");
            Some(format!("{path} is {}", operation.get("value")?.as_str()?))
        })
        .collect();
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let text = format!("# on node {node}: upgrade until {}", shown.join(" and "));
    text.chars().map(plain).collect()
}

/// The labels that a merge patch sets, if it does nothing else.
fn only_labels(patch: &Value) -> Option<&serde_json::Map<String, Value>> {
    let only = |value: &'_ Value, key: &str| -> bool {
        value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(key))
    };
    let labels = patch.pointer("/metadata/labels")?.as_object()?;
    let plain = only(patch, "metadata") && only(&patch["metadata"], "labels");
    (plain && labels.values().all(Value::is_string)).then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(kind: &str, name: &str, edit: Edit) -> Change {
        let kind = kinds_named(kind).next().expect("a kind that is kept");
        Change::of(kind, &"a".into(), &name.into(), edit)
    }

    #[test]
    fn what_a_workload_made_is_found_by_its_owner() {
        let restart = |kind: &str| change(kind, "x", Edit::Restart).command();
        assert_eq!(
            restart("ReplicaSet"),
            "kubectl get pods -n a -o go-template='{{range $one := .items}}\
             {{range .metadata.ownerReferences}}\
             {{if and (eq .kind \"ReplicaSet\") (eq .name \"x\")}}\
             {{$one.metadata.name}}{{\"\\n\"}}{{end}}{{end}}{{end}}' | \
             xargs -r kubectl delete pod -n a"
        );
        assert!(restart("CronJob").starts_with("kubectl get jobs -n a "));
        assert!(restart("CronJob").ends_with("xargs -r kubectl delete job -n a"));
        assert_eq!(restart("Deployment"), "kubectl rollout restart deployment x -n a");
    }

    #[test]
    fn no_name_is_read_as_a_flag_or_as_a_template() {
        let delete = |name: &str| change("Pod", name, Edit::Delete).command();
        assert_eq!(delete("p"), "kubectl delete pod p -n a");
        assert_eq!(delete("--kubeconfig=/tmp/x"), "kubectl delete pod/--kubeconfig=/tmp/x -n a");
        let restart = change("CronJob", "x\")}}--all{{(\"", Edit::Restart).command();
        assert!(restart.contains(r#"(eq .name "x\")}}--all{{(\"")"#), "{restart}");
    }

    #[test]
    fn a_pod_is_replaced_only_for_more_than_its_metadata() {
        let label = json!([{"op": "add", "path": "/metadata/labels/x", "value": "y"}]);
        let privileged = json!([
            {"op": "test", "path": "/spec/containers/0/name", "value": "c"},
            {"op": "add", "path": "/spec/hostPID", "value": false},
        ]);
        let json = |value: Value| Edit::Json(value.as_array().cloned().unwrap_or_default());
        assert!(!change("Pod", "p", json(label)).replaces_pod());
        let replaced = change("Pod", "p", json(privileged.clone()));
        assert!(replaced.replaces_pod() && replaced.command().contains("replace --force"));
        assert!(!change("Deployment", "p", json(privileged)).replaces_pod());
    }

    #[test]
    fn every_edit_is_read_as_it_is_written() {
        for edit in [
            Edit::Json(vec![json!({"op": "remove", "path": "/rules/0"})]),
            Edit::Merge(json!({"spec": {"paused": true}})),
            Edit::Delete,
            Edit::Create(json!({"kind": "Role"})),
            Edit::Restart,
        ] {
            let change = change("Role", "r", edit);
            let again = Change::read(&change.to_json()).expect("it reads");
            assert_eq!(again, [change]);
        }
    }
}
