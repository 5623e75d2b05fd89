//! Objects in documents of YAML.

use std::sync::Arc;

use ringfort_model::Listed;
use ringfort_model::record::{FieldLine, FieldLines};
use serde_json::Value;

use crate::document::{TypeMeta, type_of};
use crate::lists::single;
use crate::pool::{Store, Text, resource_of};
use crate::yaml;

/// Values that aliases may expand a text to.
pub(crate) fn budget(text: &str) -> usize {
    (text.len() * 4).max(100_000)
}

/// Reads the documents of a text, and says which are broken.
pub(crate) fn read(store: Store<'_>, text: &Text) {
    let budget = budget(&text.content);
    let (documents, errors) = yaml::documents(&text.content, text.before, text.depth, budget);
    keep(store, &text.file, &documents);
    if errors.is_empty() {
        return;
    }
    store.with(|filled| {
        filled.broken = true;
        for error in errors {
            filled.builder.gap(&text.file, format!("holds a document of broken YAML: {error}"));
        }
    });
}

/// Keeps the objects of documents.
pub(crate) fn keep(store: Store<'_>, name: &str, documents: &[yaml::Document]) {
    for document in documents {
        keep_document(store, name, document);
    }
}

fn keep_document(store: Store<'_>, name: &str, document: &yaml::Document) {
    let text = |key: &str| {
        document.value.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let types = TypeMeta { api_version: text("apiVersion"), kind: text("kind") };
    let none = Vec::new();
    let items = match document.value.get("items") {
        Some(Value::Array(items)) => Some(items),
        Some(Value::Null) => Some(&none),
        _ => None,
    };
    let one = |types: &TypeMeta, json: &str, lines: &[FieldLine]| {
        let line = lines.first().map_or(0, |first| first.line);
        single(store, name, line, types, json.as_bytes(), || FieldLines::new(lines));
    };
    let (Some(items), true) = (items, types.kind.ends_with("List")) else {
        if !document.value.is_null() {
            one(&types, &document.value.to_string(), &document.lines);
        }
        return;
    };
    let element = types.element();
    store.with(|filled| filled.listed = true);
    let file: Arc<str> = Arc::from(name);
    if let Some(types) = &element {
        store.with(|filled| filled.seen.insert((Arc::clone(&file), types.clone())));
    }
    let lines = document.items("items");
    for (at, item) in items.iter().enumerate() {
        let json = item.to_string();
        let own = type_of(json.as_bytes());
        let types = match (&element, own.kind.is_empty()) {
            (Some(element), true) => element,
            _ => &own,
        };
        if element.is_none() {
            let types = types.clone();
            store.with(|filled| filled.seen.insert((Arc::clone(&file), types)));
        }
        let lines = lines.get(at).copied().unwrap_or(&document.lines);
        one(types, &json, lines);
    }
    if let Some(resource) = element.as_ref().and_then(resource_of) {
        store.with(|filled| filled.builder.coverage().note(&resource, Listed::Complete));
    }
}
