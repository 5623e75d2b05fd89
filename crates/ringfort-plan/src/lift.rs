//! Fixes of a cluster that was changed already, as fixes of the cluster before the change.
//!
//! Edits name positions in the object as it was read (`edits.rs`). What is found on a changed
//! cluster counts the items that are left of a list, and tests what is written there now: both
//! are said again of the object before, so that the two changes make one patch.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::{Cluster, Kind, Str};
use serde_json::Value;

use crate::change::Edit;
use crate::edits::{Edited, FieldEdit, ObjectEdit, changes};
use crate::fix::Fix;

/// What an earlier change did to the objects of a cluster.
pub(crate) struct Earlier<'c> {
    cluster: &'c Cluster,
    /// Pointers of what is gone, in parts, of each object.
    removed: BTreeMap<(String, Str, Str), BTreeSet<Vec<String>>>,
}

impl<'c> Earlier<'c> {
    /// After these edits of a cluster.
    pub(crate) fn new<'e>(
        cluster: &'c Cluster,
        edits: impl IntoIterator<Item = &'e Edited>,
    ) -> Self {
        let mut removed: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for change in changes(edits) {
            let Edit::Json(operations) = &change.edit else { continue };
            let gone = operations.iter().filter(|one| one.get("op") == Some(&"remove".into()));
            let gone = gone.filter_map(|one| one.get("path")?.as_str());
            let key = (change.kind.clone(), change.namespace.clone(), change.name.clone());
            removed.entry(key).or_default().extend(gone.map(parts));
        }
        Self { cluster, removed }
    }

    /// The fix of the changed cluster as one of the cluster before.
    pub(crate) fn lifted(&self, fix: &Fix) -> Fix {
        let mut lifted = fix.clone();
        for (at, edited) in fix.edits.iter().enumerate() {
            let ObjectEdit::Fields(fields) = &edited.edit else { continue };
            let before = self.object(edited.kind, &edited.namespace, &edited.name);
            let Some(before) = before else { continue };
            let key =
                (edited.kind.name().to_owned(), edited.namespace.clone(), edited.name.clone());
            let gone = self.removed.get(&key);
            let fields = fields.iter().map(|field| said_before(field, &before, gone)).collect();
            lifted.edits[at].edit = ObjectEdit::Fields(fields);
        }
        renumber(fix, &mut lifted);
        lifted
    }

    fn object(&self, kind: Kind, namespace: &Str, name: &Str) -> Option<Value> {
        Some(self.cluster.find(kind, namespace, name)?.to_value())
    }
}

fn parts(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(str::to_owned).collect()
}

/// The edit with positions and values of the object before.
fn said_before(
    field: &FieldEdit,
    before: &Value,
    gone: Option<&BTreeSet<Vec<String>>>,
) -> FieldEdit {
    let place = |pointer: &str| gone.map_or_else(|| pointer.to_owned(), |gone| at(pointer, gone));
    match field {
        FieldEdit::Set { pointer, value } => {
            FieldEdit::Set { pointer: place(pointer), value: value.clone() }
        }
        FieldEdit::Remove { pointer } => FieldEdit::Remove { pointer: place(pointer) },
        FieldEdit::Test { pointer, value } => {
            let pointer = place(pointer);
            let value = before.pointer(&pointer).unwrap_or(value).clone();
            FieldEdit::Test { pointer, value }
        }
    }
}

/// Where a pointer into the changed object led before: an item of a list stood behind those
/// before it that are gone.
fn at(pointer: &str, gone: &BTreeSet<Vec<String>>) -> String {
    let mut found: Vec<String> = Vec::new();
    for part in parts(pointer) {
        let Ok(mut position) = part.parse::<usize>() else {
            found.push(part);
            continue;
        };
        let siblings = gone.iter().filter_map(|one| match one.split_last() {
            Some((last, list)) if *list == found[..] => last.parse::<usize>().ok(),
            _ => None,
        });
        let siblings: BTreeSet<usize> = siblings.collect();
        for sibling in siblings {
            position += usize::from(sibling <= position);
        }
        found.push(position.to_string());
    }
    found.iter().map(|part| format!("/{part}")).collect()
}

/// Rules and subjects have no names: ids and titles tell them by position.
fn renumber(fix: &Fix, lifted: &mut Fix) {
    let position = |fix: &Fix| -> Option<usize> {
        let ObjectEdit::Fields(fields) = &fix.edits.first()?.edit else { return None };
        let parts = parts(fields.first()?.pointer());
        match parts.as_slice() {
            [list, at, ..] if matches!(list.as_str(), "rules" | "subjects") => at.parse().ok(),
            _ => None,
        }
    };
    let (Some(now), Some(before)) = (position(fix), position(lifted)) else { return };
    if now == before {
        return;
    }
    if let Some(object) = fix.id.strip_suffix(&format!("#{now}")) {
        lifted.id = format!("{object}#{before}");
        return;
    }
    let (rule, was) = (format!("/rules[{now}]"), format!("/rules[{before}]"));
    if let Some((object, rest)) = fix.id.split_once(&rule) {
        lifted.id = format!("{object}{was}{rest}");
        lifted.title = fix.title.clone().with("rule", before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_before_items_went() {
        let gone: BTreeSet<Vec<String>> =
            ["/rules/0", "/rules/2", "/rules/3/resources/1"].into_iter().map(parts).collect();
        for (now, before) in [
            ("/rules/0", "/rules/1"),
            ("/rules/1/resources/0", "/rules/3/resources/0"),
            ("/rules/1/resources/1", "/rules/3/resources/2"),
            ("/rules/2/verbs/1", "/rules/4/verbs/1"),
            ("/subjects/0", "/subjects/0"),
            ("/spec/type", "/spec/type"),
        ] {
            assert_eq!(at(now, &gone), before, "{now}");
        }
    }
}
