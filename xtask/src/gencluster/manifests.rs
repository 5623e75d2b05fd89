//! The same made-up clusters as people keep them in a repository: a folder for each namespace,
//! files of a few documents in block style, nothing that only a server writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Size, write as dump};

/// Documents of a file.
const DOCUMENTS: usize = 8;

/// What is kept in a repository: no pods, and no objects that controllers make.
const KEPT: &[&str] = &[
    "apps_v1_daemonsets",
    "apps_v1_deployments",
    "apps_v1_statefulsets",
    "batch_v1_jobs",
    "networking.k8s.io_v1_networkpolicies",
    "rbac.authorization.k8s.io_v1_clusterrolebindings",
    "rbac.authorization.k8s.io_v1_clusterroles",
    "rbac.authorization.k8s.io_v1_rolebindings",
    "rbac.authorization.k8s.io_v1_roles",
    "v1_configmaps",
    "v1_namespaces",
    "v1_secrets",
    "v1_serviceaccounts",
    "v1_services",
];

/// Fields of metadata that a server writes.
const SERVER: &[&str] =
    &["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"];

/// Writes that many objects into a folder.
pub(crate) fn write(objects: usize, out: &Path) -> Result<()> {
    // Ten of sixteen objects of a made-up cluster are pods or made by controllers.
    let pods = objects * 17 / 10;
    let size = Size { pods, nodes: (pods / 30).max(3), policies: pods / 36, seed: 1 };
    let lists = out.with_extension("lists");
    dump(size, &lists)?;
    let mut left = objects;
    let mut by_namespace: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for name in KEPT {
        let path = lists.join(format!("{name}.json"));
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let mut list: Value = serde_json::from_slice(&text)?;
        let kind = list["kind"].as_str().and_then(|kind| kind.strip_suffix("List"));
        let kind = Value::from(kind.context("a list without a kind")?);
        let api_version = list["apiVersion"].take();
        let items = list["items"].as_array_mut().context("a list without items")?;
        for mut object in items.drain(..).take(left) {
            left -= 1;
            object["apiVersion"] = api_version.clone();
            object["kind"] = kind.clone();
            if let Some(fields) = object.as_object_mut() {
                fields.remove("status");
            }
            if let Some(meta) = object["metadata"].as_object_mut() {
                meta.retain(|key, _| !SERVER.contains(&key.as_str()));
            }
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or("cluster");
            by_namespace.entry(namespace.to_owned()).or_default().push(object);
        }
    }
    std::fs::remove_dir_all(&lists)?;
    if left > 0 {
        bail!("{left} of {objects} objects are missing");
    }
    for (namespace, objects) in by_namespace {
        let folder = out.join(namespace);
        std::fs::create_dir_all(&folder)?;
        for (at, some) in objects.chunks(DOCUMENTS).enumerate() {
            let mut text = String::new();
            for object in some {
                text.push_str("---\n");
                block(&mut text, object, 0);
            }
            std::fs::write(folder.join(format!("{at:03}.yaml")), text)?;
        }
    }
    Ok(())
}

/// A mapping or list in block style, each line indented; anything else on one line.
fn block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let _ = write!(out, "{:indent$}{}:", "", plain(key));
                below(out, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut text = String::new();
                block(&mut text, item, indent + 2);
                let _ = write!(out, "{:indent$}- {}", "", text.trim_start());
            }
        }
        Value::String(text) => {
            let _ = writeln!(out, "{:indent$}{}", "", plain(text));
        }
        other => {
            let _ = writeln!(out, "{:indent$}{other}", "");
        }
    }
}

/// What stands after a key.
fn below(out: &mut String, value: &Value, indent: usize) {
    let is_empty = match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if is_empty {
        out.push(' ');
        block(out, value, 0);
    } else {
        out.push('\n');
        block(out, value, indent);
    }
}

/// A string without quotes where it is a word that is no number, boolean or null, else as JSON.
fn plain(text: &str) -> String {
    let is_word = text.len() > 3
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-./".contains(&byte))
        && !["true", "null", "false"].contains(&text.to_ascii_lowercase().as_str());
    if is_word { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_style_reads_as_it_was() {
        let value = serde_json::json!({"kind": "Role", "empty": {}, "none": [], "text": "on",
            "list": [{"name": "a b", "more": ["x", {"y": 1}]}, [1, "two"], null],
            "deep": {"a": {"b": true}, "12": "12", "line": "a\nb: c"}});
        let mut text = String::from("---\n");
        block(&mut text, &value, 0);
        let read = ringfort_collect::yaml_values(&text).expect("it reads");
        assert_eq!(read, [value], "{text}");
    }
}
