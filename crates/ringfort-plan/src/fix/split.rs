//! A role that several hold is split: one subject gets a copy without the rules that lead
//! somewhere, the others keep it as it is. So even a default role can be narrowed for one.

use ringfort_attack::technique::FixKind;
use ringfort_attack::{BindingKey, RoleKey};
use ringfort_language::sentence;
use ringfort_model::record::{Meta, PolicyRule, Subject as Named};
use ringfort_model::{Kind, SourceKind, Str};
use serde_json::{Value, json};

use crate::edits::{Edited, FieldEdit, ObjectEdit};
use crate::fix::{Desk, Fix};
use crate::owner::owner;

/// The binding that hands the role out.
pub(super) struct Handed<'c> {
    pub(super) kind: Kind,
    pub(super) meta: &'c Meta,
    pub(super) subjects: &'c [Named],
    pub(super) at: usize,
}

/// A copy of the bound role for one subject, without the rules on which edges rest. None where
/// nothing would be left, or where nobody else holds the role and it can be narrowed itself.
pub(super) fn split(desk: &Desk<'_, '_>, key: &BindingKey, handed: &Handed<'_>) -> Option<Fix> {
    let cluster = desk.attack.context.cluster;
    let role_ref = match key {
        BindingKey::Cluster(name) => &cluster.cluster_role_bindings.get("", name)?.role_ref,
        BindingKey::Namespaced(namespace, name) => {
            &cluster.role_bindings.get(namespace, name)?.role_ref
        }
        BindingKey::Node(_) => return None,
    };
    let (role, rules, meta): (RoleKey, &[PolicyRule], &Meta) = match role_ref.kind.as_str() {
        "Role" => {
            let found = cluster.roles.get(&handed.meta.namespace, &role_ref.name)?;
            let key = RoleKey::Namespaced(handed.meta.namespace.clone(), role_ref.name.clone());
            (key, &found.rules, &found.metadata)
        }
        _ => {
            let found = cluster.cluster_roles.get("", &role_ref.name)?;
            // In manifests the rules of an aggregated role are not written yet.
            if found.aggregation_rule.is_some() && cluster.source == SourceKind::Manifests {
                return None;
            }
            (RoleKey::Cluster(role_ref.name.clone()), &found.rules, &found.metadata)
        }
    };
    let used = desk.used.get(&role)?;
    let holders: usize = desk.grants_of(&role).map(|grant| grant.bound.len()).sum();
    if holders < 2 && !super::rbac::is_default(meta) {
        return None;
    }
    let kept: Vec<&PolicyRule> =
        rules.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, one)| one).collect();
    if kept.is_empty() || kept.len() == rules.len() {
        return None;
    }
    let subject = &handed.subjects[handed.at];
    let name = format!("{}-for-{}", role_ref.name, subject.name).replace(['/', '%'], "-");
    let name: Str = Str::from(name.chars().take(200).collect::<String>());
    let namespace = &handed.meta.namespace;
    let role_kind = if namespace.is_empty() { Kind::ClusterRole } else { Kind::Role };
    let taken = match namespace.as_str() {
        "" => cluster.cluster_roles.get("", &name).is_some(),
        namespace => cluster.roles.get(namespace, &name).is_some(),
    } || match namespace.as_str() {
        "" => cluster.cluster_role_bindings.get("", &name).is_some(),
        namespace => cluster.role_bindings.get(namespace, &name).is_some(),
    };
    if taken {
        return None;
    }
    let edited = |kind: Kind, name: &Str, edit: ObjectEdit| Edited {
        kind,
        namespace: namespace.clone(),
        name: name.clone(),
        edit,
    };
    let object = match namespace.as_str() {
        "" => format!("{} {}", handed.kind.name(), handed.meta.name),
        namespace => format!("{} {namespace}/{}", handed.kind.name(), handed.meta.name),
    };
    let made = |kind: Kind, more: Value| {
        let mut metadata = json!({"name": name.as_str()});
        if !namespace.is_empty() {
            metadata["namespace"] = json!(namespace.as_str());
        }
        let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.name(),
            "metadata": metadata});
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        ObjectEdit::Create(object)
    };
    let binding = json!({"subjects": [subject], "roleRef": {"apiGroup": role_kind.group(),
        "kind": role_kind.name(), "name": name.as_str()}});
    let edits = vec![
        edited(handed.kind, &handed.meta.name, leave(handed)),
        edited(role_kind, &name, made(role_kind, json!({"rules": kept}))),
        edited(handed.kind, &name, made(handed.kind, binding)),
    ];
    let identity = ringfort_attack::context::named(subject, namespace)?;
    let lost = rules.len() - kept.len();
    let mut breaks = vec![format!(
        "{} {} loses {lost} of the {} rules of {} {}",
        subject.kind,
        subject.name,
        rules.len(),
        role_ref.kind,
        role_ref.name
    )];
    breaks.extend(desk.users(&identity));
    Some(Fix {
        id: format!("split:{object}#{}", handed.at),
        title: sentence!(
            "give {subject} a copy of {role} without {lost} of its rules, in place of {object}",
            subject = format!("{} {}", subject.kind, subject.name),
            role = format!("{} {}", role_ref.kind, role_ref.name),
            lost,
            object = &object
        ),
        kind: FixKind::Rbac,
        edits,
        cost: desk.costs.grant,
        breadth: 1,
        breaks,
        owner: owner(handed.meta),
    })
}

/// The subject leaves its binding; the last one takes it along.
fn leave(handed: &Handed<'_>) -> ObjectEdit {
    if handed.subjects.len() == 1 && !super::rbac::is_default(handed.meta) {
        return ObjectEdit::Delete;
    }
    ObjectEdit::Fields(leaving(&handed.subjects[handed.at], handed.at))
}

/// Takes a subject out of a binding.
pub(super) fn leaving(subject: &Named, at: usize) -> Vec<FieldEdit> {
    let pointer = format!("/subjects/{at}");
    let test = |field: &str, value: &Str| FieldEdit::Test {
        pointer: format!("{pointer}/{field}"),
        value: Value::from(value.as_str()),
    };
    vec![
        test("kind", &subject.kind),
        test("name", &subject.name),
        FieldEdit::Remove { pointer: pointer.clone() },
    ]
}
