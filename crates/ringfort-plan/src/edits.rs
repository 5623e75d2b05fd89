//! Edits of one object that can be put together: every edit names positions in the object as it
//! is, so that several of them make one patch whatever their order.

use std::collections::BTreeMap;

use ringfort_model::{Kind, Str};
use serde_json::{Value, json};

use crate::change::{Change, Edit};

/// One edit of a field. Pointers are RFC 6901 pointers into the object as it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldEdit {
    /// The field gets a value; it may be absent.
    Set {
        /// Where.
        pointer: String,
        /// What.
        value: Value,
    },
    /// The field or list item goes.
    Remove {
        /// Where.
        pointer: String,
    },
    /// What must be there for the patch to be meant for this object.
    Test {
        /// Where.
        pointer: String,
        /// What.
        value: Value,
    },
}

impl FieldEdit {
    pub(crate) fn pointer(&self) -> &str {
        match self {
            Self::Set { pointer, .. } | Self::Remove { pointer } | Self::Test { pointer, .. } => {
                pointer
            }
        }
    }

    fn operation(&self) -> Value {
        match self {
            Self::Set { pointer, value } => json!({"op": "add", "path": pointer, "value": value}),
            Self::Remove { pointer } => json!({"op": "remove", "path": pointer}),
            Self::Test { pointer, value } => json!({"op": "test", "path": pointer, "value": value}),
        }
    }
}

/// What a fix does to one object.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectEdit {
    /// Fields change.
    Fields(Vec<FieldEdit>),
    /// Labels get values.
    Labels(BTreeMap<String, String>),
    /// The object goes.
    Delete,
    /// The object is made.
    Create(Value),
    /// What the workload has made is made again, after the other edits.
    Restart,
}

/// An object with what is done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// Kind.
    pub kind: Kind,
    /// Namespace, empty for cluster scope.
    pub namespace: Str,
    /// Name.
    pub name: Str,
    /// The edit.
    pub edit: ObjectEdit,
}

/// The changes that make all edits: one patch for each object. What is made comes
/// first, restarts come after the patches, deletions last.
#[must_use]
pub fn changes<'e>(edits: impl IntoIterator<Item = &'e Edited>) -> Vec<Change> {
    // The order of names is that of the output, so that it does not depend on the table of kinds.
    let mut by_object: BTreeMap<(&str, Kind, &Str, &Str), Vec<&ObjectEdit>> = BTreeMap::new();
    for edited in edits {
        let key = (edited.kind.name(), edited.kind, &edited.namespace, &edited.name);
        by_object.entry(key).or_default().push(&edited.edit);
    }
    let mut found = Vec::new();
    for ((_, kind, namespace, name), edits) in by_object {
        let change = |edit: Edit| Change::of(kind, namespace, name, edit);
        if edits.contains(&&ObjectEdit::Delete) {
            found.push(change(Edit::Delete));
            continue;
        }
        let mut labels: BTreeMap<&String, &String> = BTreeMap::new();
        let mut fields: Vec<&FieldEdit> = Vec::new();
        let restarts = edits.contains(&&ObjectEdit::Restart);
        for edit in edits {
            match edit {
                ObjectEdit::Create(object) => found.push(change(Edit::Create(object.clone()))),
                ObjectEdit::Labels(some) => labels.extend(some),
                ObjectEdit::Fields(some) => fields.extend(some),
                ObjectEdit::Delete | ObjectEdit::Restart => {}
            }
        }
        if !labels.is_empty() {
            found.push(change(Edit::Merge(json!({"metadata": {"labels": labels}}))));
        }
        if !fields.is_empty() {
            found.push(change(Edit::Json(operations(fields))));
        }
        if restarts {
            found.push(change(Edit::Restart));
        }
    }
    found.sort_by_key(|change| match change.edit {
        Edit::Create(_) => 0,
        Edit::Json(_) | Edit::Merge(_) => 1,
        Edit::Restart => 2,
        Edit::Delete => 3,
    });
    found
}

/// Tests, then values, then removals from the last position to the first, so that no removal
/// moves what a later one means. What lies below something removed is left out.
fn operations(mut edits: Vec<&FieldEdit>) -> Vec<Value> {
    let steps = |edit: &FieldEdit| -> Vec<(u64, String)> {
        let parts = edit.pointer().split('/').skip(1);
        parts.map(|part| (part.parse().unwrap_or(0), part.to_owned())).collect()
    };
    let rank = |edit: &FieldEdit| match edit {
        FieldEdit::Test { .. } => 0,
        FieldEdit::Set { .. } => 1,
        FieldEdit::Remove { .. } => 2,
    };
    edits.sort_by(|a, b| {
        rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
            2 => steps(b).cmp(&steps(a)),
            _ => steps(a).cmp(&steps(b)),
        })
    });
    edits.dedup();
    let emptied = emptied_rules(&edits);
    let mut edits: Vec<&FieldEdit> = edits.into_iter().chain(&emptied).collect();
    edits.sort_by(|a, b| {
        rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
            2 => steps(b).cmp(&steps(a)),
            _ => steps(a).cmp(&steps(b)),
        })
    });
    edits.dedup();
    let removed: Vec<String> = edits
        .iter()
        .filter(|edit| matches!(edit, FieldEdit::Remove { .. }))
        .map(|edit| format!("{}/", edit.pointer()))
        .collect();
    let below = |edit: &&FieldEdit| {
        matches!(edit, FieldEdit::Test { .. })
            || !removed.iter().any(|gone| edit.pointer().starts_with(gone.as_str()))
    };
    edits.into_iter().filter(below).map(FieldEdit::operation).collect()
}

/// A rule without verbs or resources is refused by the API server (ValidatePolicyRule): where
/// several edits take the last ones, the rule goes. How many there are is in the tests.
fn emptied_rules(edits: &[&FieldEdit]) -> Vec<FieldEdit> {
    let mut found = Vec::new();
    for edit in edits {
        let FieldEdit::Test { pointer, value: Value::Array(items) } = edit else { continue };
        let Some((rule, _)) = pointer.rsplit_once('/') else { continue };
        let within = rule.strip_prefix("/rules/").is_some_and(|at| at.parse::<usize>().is_ok());
        let gone = |at: usize| {
            let item = format!("{pointer}/{at}");
            edits.iter().any(|edit| **edit == FieldEdit::Remove { pointer: item.clone() })
        };
        if within && (0..items.len()).all(gone) {
            found.push(FieldEdit::Remove { pointer: rule.to_owned() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remove(pointer: &str) -> FieldEdit {
        FieldEdit::Remove { pointer: pointer.to_owned() }
    }

    fn edited(edits: Vec<FieldEdit>) -> Edited {
        Edited {
            kind: Kind::Role,
            namespace: "a".into(),
            name: "r".into(),
            edit: ObjectEdit::Fields(edits),
        }
    }

    #[test]
    fn removals_run_backwards_whoever_asks_first() {
        let one = edited(vec![remove("/rules/2"), remove("/rules/10")]);
        let two = edited(vec![
            FieldEdit::Test { pointer: "/rules/2/verbs".into(), value: json!(["get"]) },
            remove("/rules/2/resources/0"),
            remove("/rules/3/resources/1"),
        ]);
        let changes = changes([&one, &two]);
        assert_eq!(changes.len(), 1);
        let Edit::Json(operations) = &changes[0].edit else { panic!("a JSON patch") };
        let paths: Vec<&str> =
            operations.iter().filter_map(|operation| operation["path"].as_str()).collect();
        assert_eq!(paths, ["/rules/2/verbs", "/rules/10", "/rules/3/resources/1", "/rules/2"]);
    }

    #[test]
    fn a_rule_goes_with_its_last_verb() {
        let test = FieldEdit::Test { pointer: "/rules/1/verbs".into(), value: json!(["get", "x"]) };
        let one = edited(vec![test.clone(), remove("/rules/1/verbs/0")]);
        let two = edited(vec![test, remove("/rules/1/verbs/1")]);
        let paths = |edits: &[&Edited]| -> Vec<String> {
            let changes = changes(edits.iter().copied());
            let Edit::Json(operations) = &changes[0].edit else { panic!("a JSON patch") };
            let removals = operations.iter().filter(|operation| operation["op"] == "remove");
            removals.filter_map(|one| one["path"].as_str().map(str::to_owned)).collect()
        };
        assert_eq!(paths(&[&one]), ["/rules/1/verbs/0"]);
        assert_eq!(paths(&[&one, &two]), ["/rules/1"]);
    }

    #[test]
    fn a_deletion_wins() {
        let one = edited(vec![remove("/rules/2")]);
        let gone = Edited { edit: ObjectEdit::Delete, ..one.clone() };
        let changes = changes([&one, &gone]);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].edit, Edit::Delete);
    }
}
