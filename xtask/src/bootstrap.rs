//! The roles and bindings that an API server writes at its start, as data of ringfort-checks:
//! name, rules and subjects as the model reads them, one object a line. Its roles also as data of
//! ringfort-model, as they are written: labels, rules and what they aggregate.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use ringfort_authz::Authz;
use ringfort_collect::{Options, Source};
use ringfort_model::KubeVersion;
use ringfort_model::record::{RoleRef, Subject};
use serde_json::{Value, json};

/// Writes the data from a folder of manifests of Kubernetes 1.36.
pub(crate) fn run(folder: &Path) -> Result<()> {
    let options =
        Options { complete: true, version: Some(KubeVersion::minor(36)), ..Options::default() };
    let cluster = ringfort_collect::read(&Source::Path(folder.to_owned()), &options)?.cluster;
    let authz = Authz::new(&cluster);
    let mut text = String::new();
    let mut line = |value: Value| {
        let _ = writeln!(text, "{value}");
    };
    for role in &cluster.cluster_roles {
        let name = &role.metadata.name;
        line(json!({"role": name, "rules": authz.cluster_role_rules(name)}));
    }
    for role in &cluster.roles {
        let meta = &role.metadata;
        line(json!({"namespace": meta.namespace, "role": meta.name, "rules": &*role.rules}));
    }
    let bound = |role: &RoleRef, subjects: &[Subject]| -> (Value, Value) {
        let subject = |one: &Subject| json!([one.kind, one.namespace, one.name]);
        (json!([role.kind, role.name]), subjects.iter().map(subject).collect())
    };
    for binding in &cluster.cluster_role_bindings {
        let (role, subjects) = bound(&binding.role_ref, &binding.subjects);
        line(json!({"binding": binding.metadata.name, "to": role, "subjects": subjects}));
    }
    for binding in &cluster.role_bindings {
        let (meta, (role, subjects)) =
            (&binding.metadata, bound(&binding.role_ref, &binding.subjects));
        line(json!({"namespace": meta.namespace, "binding": meta.name, "to": role,
            "subjects": subjects}));
    }
    write("crates/ringfort-checks/data/bootstrap-1.36.jsonl", &text)?;
    let mut roles = String::new();
    for role in &cluster.cluster_roles {
        let mut role = role.clone();
        role.metadata.origin = None;
        let _ = writeln!(roles, "{}", serde_json::to_string(&role)?);
    }
    write("crates/ringfort-model/data/cluster-roles-1.36.jsonl", &roles)?;
    let mut roles = String::new();
    for role in &cluster.roles {
        let mut role = role.clone();
        role.metadata.origin = None;
        let _ = writeln!(roles, "{}", serde_json::to_string(&role)?);
    }
    write("crates/ringfort-model/data/roles-1.36.jsonl", &roles)
}

fn write(path: &str, text: &str) -> Result<()> {
    let path = crate::test::root().join(path);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
