//! The change that takes a change back, made from the object as it was read.

use std::collections::BTreeSet;

use ringfort_model::token_volume::COMMON_NAME;
use ringfort_model::{Cluster, Kind};
use serde_json::{Value, json};

use crate::change::{Change, Edit};

/// The change that restores the object; `None` if there is no such object.
#[must_use]
pub fn rollback(cluster: &Cluster, change: &Change) -> Option<Change> {
    let edit = match &change.edit {
        Edit::Create(_) => Edit::Delete,
        Edit::Delete => Edit::Create(bare(&object(cluster, change)?)),
        Edit::Merge(patch) => Edit::Merge(before(&object(cluster, change)?, patch)),
        Edit::Json(operations) => {
            let object = object(cluster, change)?;
            let (object, operations) = match change.replaces_pod() {
                true => without_token_volume(object, operations),
                false => (object, operations.clone()),
            };
            Edit::Json(inverse(object, &operations)?)
        }
        Edit::Restart => Edit::Restart,
    };
    Some(Change { edit, ..change.clone() })
}

/// What takes changes back: the last one first, but pods are made again once everything else
/// is as it was, and a roll-out is held back again only after it has brought the old template.
/// A change without a way back is left out.
#[must_use]
pub fn rollbacks(cluster: &Cluster, changes: &[Change]) -> Vec<Change> {
    let mut found: Vec<Change> = Vec::new();
    for back in changes.iter().rev().filter_map(|change| rollback(cluster, change)) {
        let Edit::Json(operations) = &back.edit else {
            found.push(back);
            continue;
        };
        let holds = |operation: &&Value| {
            let path = operation.get("path").and_then(Value::as_str);
            path.is_some_and(|path| HOLDS.contains(&path))
        };
        let (held, plain): (Vec<&Value>, Vec<&Value>) = operations.iter().partition(holds);
        for part in [plain, held].into_iter().filter(|part| !part.is_empty()) {
            let edit = Edit::Json(part.into_iter().cloned().collect());
            found.push(Change { edit, ..back.clone() });
        }
    }
    found.sort_by_key(|change| match change.edit {
        Edit::Restart => 2,
        _ if holds(change) => 1,
        _ => 0,
    });
    found
}

/// Fields that hold the roll-out of a changed template back.
const HOLDS: &[&str] = &["/spec/paused", "/spec/updateStrategy/rollingUpdate/partition"];

/// Whether the change says nothing but whether roll-outs are held back.
pub(crate) fn is_about_holding(change: &Change) -> bool {
    let Edit::Json(operations) = &change.edit else { return false };
    let path = |operation: &Value| {
        let path = operation.get("path").and_then(Value::as_str);
        path.is_some_and(|path| HOLDS.contains(&path))
    };
    !operations.is_empty() && operations.iter().all(path)
}

/// Whether the change does nothing but hold roll-outs back.
#[must_use]
pub fn holds(change: &Change) -> bool {
    let Edit::Json(operations) = &change.edit else { return false };
    let holds = |operation: &Value| {
        let path = operation.get("path").and_then(Value::as_str);
        let to = operation.get("value");
        path.is_some_and(|path| HOLDS.contains(&path))
            && to.is_some_and(|to| *to != json!(false) && *to != json!(0))
    };
    !operations.is_empty() && operations.iter().all(holds)
}

fn object(cluster: &Cluster, change: &Change) -> Option<Value> {
    let found = change.objects(cluster).ok()?.into_iter().next()?;
    // Of other kinds the model keeps too little to write them again.
    found.kind()?;
    Some(found.to_value())
}

/// Whether the model keeps everything of a kind that its creator writes. Of other kinds a deleted
/// object comes back from a copy that was made before.
#[must_use]
pub fn is_whole(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Role
            | Kind::ClusterRole
            | Kind::RoleBinding
            | Kind::ClusterRoleBinding
            | Kind::NetworkPolicy
    )
}

/// A pod without the token volume that operations take out, and the operations without that: it
/// has a name in the model that no server takes, and admission gives a new pod its own.
fn without_token_volume(mut object: Value, operations: &[Value]) -> (Value, Vec<Value>) {
    let of = |operation: &Value| -> Option<String> {
        let removes = operation.get("op") == Some(&json!("remove"));
        Some(operation.get("path")?.as_str()?.to_owned()).filter(|_| removes)
    };
    let is_token = |path: &String| {
        object.pointer(path).and_then(|item| item.get("name")) == Some(&json!(COMMON_NAME))
    };
    let gone: BTreeSet<String> = operations.iter().filter_map(of).filter(is_token).collect();
    let mut left = Vec::new();
    for operation in operations {
        let mut operation = operation.clone();
        match operation.get("path").and_then(Value::as_str) {
            Some(path) if gone.contains(path) => continue,
            Some(path) => operation["path"] = json!(behind(path, &gone)),
            None => {}
        }
        left.push(operation);
    }
    for path in gone.iter().rev() {
        let (list, at) = path.rsplit_once('/').unwrap_or_default();
        if let (Some(Value::Array(items)), Ok(at)) = (object.pointer_mut(list), at.parse::<usize>())
        {
            items.remove(at);
        }
    }
    (object, left)
}

/// Where a pointer leads once items of its lists are gone, one of each list.
fn behind(path: &str, gone: &BTreeSet<String>) -> String {
    let mut found = String::new();
    for part in path.split('/').skip(1) {
        let moved = part.parse::<usize>().ok().map(|at| {
            let before = |one: &&String| {
                let (list, item) = one.rsplit_once('/').unwrap_or_default();
                list == found && item.parse::<usize>().is_ok_and(|item| item < at)
            };
            (at - gone.iter().filter(before).count()).to_string()
        });
        found = format!("{found}/{}", moved.as_deref().unwrap_or(part));
    }
    found
}

/// The object without what only a server may write.
fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["uid", "resourceVersion", "deletionTimestamp", "x-ringfort-origin"] {
            meta.remove(field);
        }
    }
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    object
}

/// For each field that a merge patch sets, its value before; null where there was none.
fn before(object: &Value, patch: &Value) -> Value {
    match patch.as_object() {
        Some(fields) => {
            let of = |(key, patch): (&String, &Value)| {
                (key.clone(), before(object.get(key).unwrap_or(&Value::Null), patch))
            };
            Value::Object(fields.iter().map(of).collect())
        }
        None => object.clone(),
    }
}

/// The inverse of each operation, in reverse order. A list that becomes empty is no longer
/// written, so that its last item comes back as a list.
fn inverse(mut object: Value, operations: &[Value]) -> Option<Vec<Value>> {
    let mut found = Vec::new();
    for operation in operations {
        let path = operation.get("path")?.as_str()?;
        // What is added at the end of a list has the position that is free now.
        let end = path.strip_suffix("/-").map(|list| {
            let items = object.pointer(list).and_then(Value::as_array);
            format!("{list}/{}", items.map_or(0, Vec::len))
        });
        let path = end.as_deref().unwrap_or(path);
        let old = object.pointer(path).cloned();
        let one: json_patch::Patch =
            serde_json::from_value(Value::Array(vec![operation.clone()])).ok()?;
        json_patch::patch(&mut object, &one).ok()?;
        let list = path.rsplit_once('/').map_or("", |(list, _)| list);
        let emptied = object.pointer(list).and_then(Value::as_array).is_some_and(Vec::is_empty);
        let back = match (operation.get("op")?.as_str()?, old) {
            ("test", _) => None,
            ("remove", Some(old)) if emptied => {
                Some(json!({"op": "add", "path": list, "value": [old]}))
            }
            ("remove", Some(old)) => Some(json!({"op": "add", "path": path, "value": old})),
            (_, Some(old)) => Some(json!({"op": "replace", "path": path, "value": old})),
            (_, None) => Some(json!({"op": "remove", "path": path})),
        };
        found.extend(back);
    }
    found.reverse();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object, SourceKind};

    fn cluster() -> Cluster {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"namespace": "a", "name": "r", "uid": "u", "labels": {"x": "1"}},
            "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "secrets"]},
                {"verbs": ["list"], "apiGroups": [""], "resources": ["nodes"]}]});
        builder.add(Object::read(role.to_string().as_bytes()).expect("a role"));
        builder.freeze()
    }

    fn there_and_back(edit: Edit) {
        let cluster = cluster();
        let change = Change::of(Kind::Role, &"a".into(), &"r".into(), edit);
        let back = rollback(&cluster, &change).expect("a rollback");
        let changed = crate::apply::apply(&cluster, &[change]).expect("it applies");
        let again = crate::apply::apply(&changed, &[back]).expect("it applies");
        let rules = |cluster: &Cluster| {
            let role = cluster.roles.get("a", "r").expect("the role").clone();
            (role.rules, role.metadata.labels)
        };
        assert_eq!(rules(&again), rules(&cluster));
    }

    #[test]
    fn every_edit_has_a_way_back() {
        there_and_back(Edit::Delete);
        there_and_back(Edit::Merge(json!({"metadata": {"labels": {"x": "2", "y": "3"}}})));
        there_and_back(Edit::Json(vec![
            json!({"op": "test", "path": "/rules/1/verbs", "value": ["list"]}),
            json!({"op": "remove", "path": "/rules/1"}),
            json!({"op": "remove", "path": "/rules/0/resources/1"}),
            json!({"op": "remove", "path": "/rules/0/resources/0"}),
            json!({"op": "add", "path": "/rules/0/resources/-", "value": "events"}),
            json!({"op": "add", "path": "/rules/0/verbs", "value": ["watch"]}),
            json!({"op": "add", "path": "/rules/-", "value": {"verbs": ["get"],
                "apiGroups": [""], "resources": ["events"]}}),
        ]));
    }
}
