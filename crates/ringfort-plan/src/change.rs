//! Typed changes to a cluster: a patch of one object, or its deletion. A change makes a new
//! cluster; nothing is changed in place.
//!
//! A change of a workload's template reaches its running pods too, as a roll-out would.

use ringfort_model::{Cluster, Kind, Object, Pod, Str, Workload, WorkloadKind};
use serde_json::{Value, json};

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
}

/// A change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
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
    /// The file holds no change.
    #[error("no change: {0}")]
    Format(String),
}

impl Change {
    /// `Kind namespace/name`.
    #[must_use]
    pub fn object(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {namespace}/{}", self.kind, self.name),
        }
    }

    /// The kubectl command that makes the change.
    #[must_use]
    pub fn command(&self) -> String {
        let quoted = ringfort_attack::evidence::quoted;
        let namespace = match self.namespace.as_str() {
            "" => String::new(),
            namespace => format!(" -n {}", quoted(namespace)),
        };
        let object = format!("{} {}{namespace}", self.kind.to_lowercase(), quoted(&self.name));
        match &self.edit {
            // Almost nothing of a pod's specification can be changed: a changed one takes its
            // place.
            Edit::Json(operations) if self.kind == "Pod" => {
                let patch = quoted(&Value::Array(operations.clone()).to_string());
                format!(
                    "kubectl get {object} -o json | \
                     kubectl patch --local -f - --type=json -p {patch} -o json | \
                     kubectl replace --force -f -"
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
        }
    }

    /// The change as [`Change::read`] reads it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = serde_json::json!({"kind": self.kind, "name": self.name});
        if !self.namespace.is_empty() {
            value["namespace"] = Value::from(self.namespace.as_str());
        }
        match &self.edit {
            Edit::Json(operations) => value["patch"] = Value::Array(operations.clone()),
            Edit::Merge(patch) => value["merge"] = patch.clone(),
            Edit::Delete => value["delete"] = Value::Bool(true),
            Edit::Create(object) => value["create"] = object.clone(),
        }
        value
    }

    /// Reads changes: a list of `{kind, namespace, name, patch | merge | delete | create}`, or
    /// objects in the API's shape, which are merge patches of the objects of their names.
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
        let edit = if let Some(patch) = value.get("patch").and_then(Value::as_array) {
            Edit::Json(patch.clone())
        } else if value.get("delete") == Some(&Value::Bool(true)) {
            Edit::Delete
        } else if let Some(object) = value.get("create") {
            Edit::Create(object.clone())
        } else if let Some(merge) = value.get("merge") {
            Edit::Merge(merge.clone())
        } else if value.get("metadata").is_some() {
            Edit::Merge(value.clone())
        } else {
            return Err(ChangeError::Format(
                "a change without patch, merge, delete or create".into(),
            ));
        };
        Ok(Self { kind, namespace: Str::from(namespace), name: Str::from(name), edit })
    }

    /// The objects that it is about: one, or several kinds of one name that the model keeps
    /// without a table of their own.
    fn objects(&self, cluster: &Cluster) -> Vec<Object> {
        let workload = WorkloadKind::from_name(&self.kind).map(Kind::Workload);
        let plain = Kind::PLAIN.iter().copied().find(|kind| kind.name() == self.kind);
        if let Some(kind) = workload.or(plain) {
            return cluster.find(kind, &self.namespace, &self.name).into_iter().collect();
        }
        let others = cluster.others.all(&self.namespace, &self.name);
        others.filter(|other| *other.kind == *self.kind).cloned().map(Object::Other).collect()
    }
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

/// The cluster after the changes, one after the other.
pub fn apply(cluster: &Cluster, changes: &[Change]) -> Result<Cluster, ChangeError> {
    let mut changed = cluster.clone();
    for change in changes {
        let objects = change.objects(&changed);
        if let Edit::Create(value) = &change.edit {
            if !objects.is_empty() {
                return Err(ChangeError::Exists(change.object()));
            }
            changed.insert(created(change, value)?);
            continue;
        }
        if objects.is_empty() {
            return Err(ChangeError::Missing(change.object()));
        }
        // Pods follow their workload as it was before the change.
        let pods = rolled_out(&changed, change)?;
        for object in objects {
            let edited = edit(&object, change, &change.edit)?;
            changed.remove(&object);
            if let Some(edited) = edited {
                changed.remove(&edited);
                changed.insert(edited);
            }
        }
        let mut edited = Vec::new();
        for (pod, becomes) in pods {
            match becomes {
                Some(pod) => edited.push(pod),
                None => {
                    changed.remove(&Object::Pod(pod));
                }
            }
        }
        if !edited.is_empty() {
            changed.replace_pods(edited);
        }
    }
    Ok(changed)
}

fn created(change: &Change, value: &Value) -> Result<Object, ChangeError> {
    let object = Object::read(value.to_string().as_bytes()).map_err(|error| {
        ChangeError::Object { object: change.object(), reason: error.to_string() }
    })?;
    let meta = object.meta();
    if meta.name != change.name || meta.namespace != change.namespace {
        let reason = format!("the object to create is called {}", object.title());
        return Err(ChangeError::Object { object: change.object(), reason });
    }
    Ok(object)
}

fn edit(object: &Object, change: &Change, edit: &Edit) -> Result<Option<Object>, ChangeError> {
    let name = object.title();
    let wrong = |reason: String| ChangeError::Object { object: name.clone(), reason };
    let mut value: Value =
        serde_json::from_slice(&object.to_json()).map_err(|error| wrong(error.to_string()))?;
    match edit {
        Edit::Delete => return Ok(None),
        Edit::Create(_) => return Err(ChangeError::Exists(change.object())),
        Edit::Merge(patch) => json_patch::merge(&mut value, patch),
        Edit::Json(operations) => {
            let patch: json_patch::Patch =
                serde_json::from_value(Value::Array(operations.clone())).map_err(|error| {
                    ChangeError::Patch { object: change.object(), reason: error.to_string() }
                })?;
            json_patch::patch(&mut value, &patch).map_err(|error| ChangeError::Patch {
                object: change.object(),
                reason: error.to_string(),
            })?;
        }
    }
    if matches!(object, Object::Pod(_)) {
        drop_token_mounts(&mut value);
    }
    let json = value.to_string();
    Object::read(json.as_bytes()).map(Some).map_err(|error| wrong(error.to_string()))
}

/// What a change of a workload means for its running pods: each with what becomes of it.
fn rolled_out(cluster: &Cluster, change: &Change) -> Result<Vec<(Pod, Option<Pod>)>, ChangeError> {
    let Some(kind) = WorkloadKind::from_name(&change.kind) else { return Ok(Vec::new()) };
    let Some(workload) = cluster.workload(kind, &change.namespace, &change.name) else {
        return Ok(Vec::new());
    };
    let Some(edit_of_pods) = edit_of_pods(workload, &change.edit) else { return Ok(Vec::new()) };
    let owner = Some((kind, change.name.clone()));
    let pods = cluster.pods.in_namespace(&change.namespace).map(|(_, pod)| pod);
    let mut found = Vec::new();
    for pod in pods.filter(|pod| cluster.top_owner(&pod.metadata) == owner) {
        let becomes = match &edit_of_pods {
            Edit::Delete => None,
            other => match edit(&Object::Pod(pod.clone()), change, other)? {
                Some(Object::Pod(pod)) => Some(pod),
                _ => None,
            },
        };
        found.push((pod.clone(), becomes));
    }
    Ok(found)
}

/// The edit of a workload as one of its pods sees it.
fn edit_of_pods(workload: &Workload, edit: &Edit) -> Option<Edit> {
    let prefix = format!("/{}/", workload.pod_spec_path().replace('.', "/"));
    match edit {
        Edit::Delete => Some(Edit::Delete),
        Edit::Create(_) => None,
        Edit::Merge(patch) => {
            let mut spec = patch;
            for part in workload.pod_spec_path().split('.') {
                spec = spec.get(part)?;
            }
            Some(Edit::Merge(json!({"spec": spec})))
        }
        Edit::Json(operations) => {
            let moved: Vec<Value> = operations
                .iter()
                .filter_map(|operation| {
                    let path = operation.get("path")?.as_str()?;
                    let rest = path.strip_prefix(&prefix)?;
                    let mut operation = operation.clone();
                    operation["path"] = Value::String(format!("/spec/{rest}"));
                    Some(operation)
                })
                .collect();
            (!moved.is_empty()).then_some(Edit::Json(moved))
        }
    }
}

/// Whether a volume, or a mount of one, is the token volume that admission adds to a pod.
pub(crate) fn is_token_volume(item: &Value) -> bool {
    let name = item.get("name").and_then(Value::as_str);
    name.is_some_and(|name| name.starts_with("kube-api-access-"))
}

/// A new pod that mounts no token has neither the volume nor its mounts.
fn drop_token_mounts(pod: &mut Value) {
    if pod.pointer("/spec/automountServiceAccountToken") != Some(&Value::Bool(false)) {
        return;
    }
    let prune = |list: Option<&mut Value>| {
        if let Some(Value::Array(items)) = list {
            items.retain(|item| !is_token_volume(item));
        }
    };
    prune(pod.pointer_mut("/spec/volumes"));
    for list in ["/spec/initContainers", "/spec/containers"] {
        for container in pod.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            prune(container.get_mut("volumeMounts"));
        }
    }
}
