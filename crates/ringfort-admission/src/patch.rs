//! Operations of RFC 6902 as the server applies them (`gopkg.in/evanphx/json-patch.v4`): a field
//! that an object does not have can be replaced, and a test of it fails without being an error.

use serde_json::Value as Json;

use crate::cel::Stop;
use crate::mutation_rules::rules;

/// The object after the operations; one that tests in vain leaves it as it was.
pub(crate) fn patched(object: &Json, operations: &[Json]) -> Result<Json, Stop> {
    let mut made = object.clone();
    for operation in operations {
        if !apply(&mut made, operation)? && rules().switches.test_in_vain_undoes {
            return Ok(object.clone());
        }
    }
    Ok(made)
}

/// Applies one operation; `false` if it is a test that fails.
fn apply(object: &mut Json, operation: &Json) -> Result<bool, Stop> {
    let unknown = |what: &str| Err(Stop::Unknown(what.to_owned()));
    let rule = &rules().switches;
    let kind = operation["op"].as_str().unwrap_or_default();
    let path = operation["path"].as_str().unwrap_or_default();
    let from = operation["from"].as_str();
    let counts_back = |part: &str| part.len() > 1 && part.starts_with('-');
    let back =
        [Some(path), from].into_iter().flatten().any(|path| path.split('/').any(counts_back));
    if back && rule.negative_index_is_unknown {
        return unknown("a path with a negative index");
    }
    let value = operation.get("value");
    let absent = is_absent_field(object, path);
    let mut operation = operation.clone();
    match kind {
        "add" | "replace" if value.is_none() && rule.no_value_is_unknown => {
            return unknown("an operation without a value");
        }
        "replace" if absent && rule.replace_adds => operation["op"] = Json::from("add"),
        "test" if value == Some(&Json::Null) && rule.test_for_null_is_unknown => {
            return unknown("a test for null");
        }
        "test" if value.is_none() && rule.test_for_absence => return Ok(absent),
        "test" if absent && rule.test_of_absent_is_in_vain => return Ok(false),
        "copy"
            if from.is_some_and(|from| is_absent_field(object, from))
                && rule.copy_of_absent_is_unknown =>
        {
            return unknown("a copy of a field that is not there");
        }
        _ => {}
    }
    let patch: json_patch::Patch = serde_json::from_value(Json::Array(vec![operation]))
        .map_err(|error| Stop::Error(error.to_string()))?;
    match json_patch::patch(object, &patch) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind, json_patch::PatchErrorKind::TestFailed) => Ok(false),
        Err(error) => Err(Stop::Error(error.to_string())),
    }
}

/// Whether a path names a field that an existing object does not have.
fn is_absent_field(object: &Json, path: &str) -> bool {
    let Some((parent, _)) = path.rsplit_once('/') else { return false };
    object.pointer(parent).is_some_and(Json::is_object) && object.pointer(path).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_are_those_of_the_servers_library() {
        let object = json!({"a": {"b": 1}, "l": [1, 2]});
        let add = json!({"op": "add", "path": "/a/c", "value": 2});
        for (operation, want) in [
            (json!({"op": "replace", "path": "/a/b", "value": 2}), json!({"b": 2, "c": 2})),
            // An object takes what it did not have.
            (json!({"op": "replace", "path": "/a/n", "value": 2}), json!({"b": 1, "c": 2, "n": 2})),
            (json!({"op": "test", "path": "/a/b", "value": 1}), json!({"b": 1, "c": 2})),
            // A test in vain undoes all of it.
            (json!({"op": "test", "path": "/a/b", "value": 2}), json!({"b": 1})),
            (json!({"op": "test", "path": "/a/n", "value": 2}), json!({"b": 1})),
            (json!({"op": "test", "path": "/a/n"}), json!({"b": 1, "c": 2})),
            (json!({"op": "remove", "path": "/a/b"}), json!({"c": 2})),
            (json!({"op": "move", "from": "/a/b", "path": "/a/d"}), json!({"c": 2, "d": 1})),
            (
                json!({"op": "copy", "from": "/a/b", "path": "/a/d"}),
                json!({"b": 1, "c": 2, "d": 1}),
            ),
        ] {
            let found = patched(&object, &[add.clone(), operation.clone()]).expect("applied");
            assert_eq!(found["a"], want, "{operation}");
        }
        for operation in [
            json!({"op": "remove", "path": "/a/n"}),
            json!({"op": "add", "path": "/n/b", "value": 1}),
            json!({"op": "add", "path": "/l/5", "value": 1}),
            json!({"op": "replace", "path": "/l/5", "value": 1}),
            json!({"op": "test", "path": "/n/b", "value": 1}),
            json!({"op": "move", "from": "/a/n", "path": "/a/d"}),
            json!({"op": "merge", "path": "/a/b", "value": 1}),
        ] {
            let found = patched(&object, std::slice::from_ref(&operation));
            assert!(matches!(found, Err(Stop::Error(_))), "{operation}: {found:?}");
        }
        for operation in [
            json!({"op": "add", "path": "/l/-1", "value": 1}),
            json!({"op": "add", "path": "/a/b"}),
            json!({"op": "test", "path": "/a/b", "value": null}),
            json!({"op": "copy", "from": "/a/n", "path": "/a/d"}),
        ] {
            let found = patched(&object, std::slice::from_ref(&operation));
            assert!(matches!(found, Err(Stop::Unknown(_))), "{operation}: {found:?}");
        }
        let end = json!({"op": "add", "path": "/l/-", "value": 3});
        assert_eq!(patched(&object, &[end]).expect("applied")["l"], json!([1, 2, 3]));
    }
}
