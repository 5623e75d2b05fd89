//! Fixes of grants: a subject leaves a binding, a binding goes, a rule goes or loses a resource
//! or verbs.
//!
//! The API server writes default roles and bindings again at every start (semantics RBAC-14),
//! unless `rbac.authorization.kubernetes.io/autoupdate` is `false`; subjects that were added to
//! a default binding stay away once they are taken out.

use std::collections::BTreeSet;

use ringfort_attack::context::named;
use ringfort_attack::technique::FixKind;
use ringfort_attack::{BindingKey, RoleKey};
use ringfort_language::{Sentence, sentence};
use ringfort_model::record::{Meta, PolicyRule, Subject as Named};
use ringfort_model::{Cluster, Kind, Map, Str};
use serde_json::json;

use crate::aggregate::sources;
use crate::edits::{Edited, FieldEdit, ObjectEdit};
use crate::fix::split::{Handed, leaving, split};
use crate::fix::{Desk, Fix, Remedy};
use crate::owner::owner;

const SYSTEM: &str = "it is the grant of a part of the cluster itself";
const DEFAULT: &str = "the API server writes this default object again";

/// Whether the API server restores the object.
pub(super) fn is_default(meta: &Meta) -> bool {
    let is = |map: &Map, key: &str, value: &str| map.get(key).is_some_and(|known| known == value);
    is(&meta.labels, "kubernetes.io/bootstrapping", "rbac-defaults")
        && !is(&meta.annotations, "rbac.authorization.kubernetes.io/autoupdate", "false")
}

fn edited(kind: Kind, meta: &Meta, edit: ObjectEdit) -> Edited {
    Edited { kind, namespace: meta.namespace.clone(), name: meta.name.clone(), edit }
}

/// Takes a subject out of a binding.
pub(super) fn unbind(desk: &Desk<'_, '_>, binding: &BindingKey, at: usize) -> Remedy {
    let cluster = desk.attack.context.cluster;
    let (kind, meta, subjects): (_, &Meta, &[Named]) = match binding {
        BindingKey::Cluster(name) => match cluster.cluster_role_bindings.get("", name) {
            Some(found) => (Kind::ClusterRoleBinding, &found.metadata, &found.subjects),
            None => return Remedy::Fact,
        },
        BindingKey::Namespaced(namespace, name) => match cluster.role_bindings.get(namespace, name)
        {
            Some(found) => (Kind::RoleBinding, &found.metadata, &found.subjects),
            None => return Remedy::Fact,
        },
        BindingKey::Node(_) => return Remedy::Fact,
    };
    let Some((subject, identity)) =
        subjects.get(at).and_then(|subject| Some((subject, named(subject, &meta.namespace)?)))
    else {
        return Remedy::Fact;
    };
    if desk.is_system(&identity) {
        return Remedy::Untouchable(if is_default(meta) { DEFAULT } else { SYSTEM });
    }
    let object = match meta.namespace.as_str() {
        "" => format!("{} {}", kind.name(), meta.name),
        namespace => format!("{} {namespace}/{}", kind.name(), meta.name),
    };
    let cost_of = |breaks: Vec<String>| {
        // Taking away a grant that is in use is no narrowing: whoever uses it stops working.
        (if breaks.is_empty() { desk.costs.label } else { desk.costs.workload }, breaks)
    };
    let mut fixes = Vec::new();
    if subjects.len() > 1 || is_default(meta) {
        let (cost, breaks) = cost_of(desk.breaks([&identity]));
        let edits = leaving(subject, at);
        fixes.push(Fix {
            id: format!("unbind:{object}#{at}"),
            title: sentence!(
                "take {subject} out of {object}",
                subject = format!("{} {}", subject.kind, subject.name),
                object = &object
            ),
            kind: FixKind::Rbac,
            edits: vec![edited(kind, meta, ObjectEdit::Fields(edits))],
            cost,
            breadth: 1,
            breaks,
            owner: owner(meta),
        });
    }
    let all: Vec<_> = subjects.iter().filter_map(|one| named(one, &meta.namespace)).collect();
    if !is_default(meta) && !all.iter().any(|one| desk.is_system(one)) {
        let (cost, breaks) = cost_of(desk.breaks(&all));
        fixes.push(Fix {
            id: format!("delete:{object}"),
            title: sentence!("delete {object}", object = &object),
            kind: FixKind::Rbac,
            edits: vec![edited(kind, meta, ObjectEdit::Delete)],
            cost,
            breadth: all.len() as u32,
            breaks,
            owner: owner(meta),
        });
    }
    fixes.extend(split(desk, binding, &Handed { kind, meta, subjects, at }));
    Remedy::Fixes(fixes)
}

/// A role in which a rule is written: its kind, the object's metadata, and the rule's index.
type Written<'c> = (Kind, &'c Meta, usize);

/// Where a rule stands: in the role itself, or in those from which it is aggregated.
fn written<'c>(
    desk: &Desk<'_, 'c>,
    role: &RoleKey,
    at: usize,
) -> Option<(PolicyRule, Vec<Written<'c>>)> {
    let cluster = desk.attack.context.cluster;
    match role {
        // What is left of a role has other rules at other places; the limit is its own reason.
        RoleKey::Limited(..) | RoleKey::Node(_) => None,
        RoleKey::Namespaced(namespace, name) => {
            let role = cluster.roles.get(namespace, name)?;
            Some((role.rules.get(at)?.clone(), vec![(Kind::Role, &role.metadata, at)]))
        }
        RoleKey::Cluster(name) => {
            // The rules that are in force, which in manifests are not those that are written.
            let grant = desk.grants_of(role).next()?;
            let rule = grant.rules.get(at)?.clone();
            let role = cluster.cluster_roles.get("", name)?;
            if role.aggregation_rule.is_none() {
                return Some((rule, vec![(Kind::ClusterRole, &role.metadata, at)]));
            }
            let mut places: Vec<Written<'c>> = Vec::new();
            for source in sources(cluster, role) {
                let same = source.rules.iter().enumerate().filter(|(_, one)| **one == rule);
                places.extend(same.map(|(at, _)| (Kind::ClusterRole, &source.metadata, at)));
            }
            (!places.is_empty()).then_some((rule, places))
        }
    }
}

/// The roles into which rules of these places are aggregated, and the roles themselves.
fn reached<'c>(cluster: &'c Cluster, role: &RoleKey, places: &[Written<'_>]) -> BTreeSet<RoleKey> {
    let mut found = BTreeSet::from([role.clone()]);
    let meant = |one: &&'c ringfort_model::record::ClusterRole| {
        let from = sources(cluster, one);
        let named = |meta: &Meta| places.iter().any(|(_, place, _)| place.name == meta.name);
        from.iter().any(|source| named(&source.metadata))
    };
    if matches!(role, RoleKey::Cluster(_)) {
        let roles = cluster.cluster_roles.iter().filter(meant);
        found.extend(roles.map(|one| RoleKey::Cluster(one.metadata.name.clone())));
    }
    found
}

/// Verbs any of which may serve where one of them is used. For a subresource several of both
/// kinds may (`get` and `create` of `pods/exec`), so that its verbs are not told apart.
fn alike<'v>(resource: &str, verb: &'v str) -> &'v [&'v str] {
    // All of them are answered with what is there (`Context::reading`), so that whoever is to read
    // nothing keeps none. Of Secrets they are asked for that more often than for what they do.
    const READ: &[&str] = &["get", "list", "watch", "patch", "delete", "deletecollection"];
    let reads = ["get", "list", "watch"].contains(&verb);
    if reads || (resource == "secrets" && READ.contains(&verb)) {
        return READ;
    }
    const WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
    if WRITE.contains(&verb) { WRITE } else { &[] }
}

/// Drops a rule, one resource of it, or the verbs that are used.
pub(super) fn narrow(
    desk: &Desk<'_, '_>,
    role: &RoleKey,
    at: usize,
    resource: &str,
    verb: &str,
) -> Remedy {
    let Some((rule, places)) = written(desk, role, at) else { return Remedy::Fact };
    let rule = &rule;
    if places.iter().any(|(_, meta, _)| is_default(meta)) {
        return Remedy::Untouchable(DEFAULT);
    }
    let roles = reached(desk.attack.context.cluster, role, &places);
    let bound: Vec<_> = roles.iter().flat_map(|role| desk.bound(role)).collect();
    if bound.iter().any(|subject| desk.is_system(subject)) {
        return Remedy::Untouchable(SYSTEM);
    }
    let breaks = desk.breaks(bound);
    let (kind, meta, at) = places[0];
    let object = match meta.namespace.as_str() {
        "" => format!("{} {}", kind.name(), meta.name),
        namespace => format!("{} {namespace}/{}", kind.name(), meta.name),
    };
    let words = |list: &[Str]| list.iter().map(Str::as_str).collect::<Vec<_>>().join(", ");
    let shown = match rule.resources.is_empty() {
        true => words(&rule.non_resource_urls),
        false => words(&rule.resources),
    };
    let fix = |id: String, title: Sentence, below: &[String], breadth: usize, whole: bool| {
        let cost = match (breaks.is_empty(), whole) {
            (true, _) => desk.costs.label,
            (false, true) => desk.costs.workload,
            (false, false) => desk.costs.grant,
        };
        let edit = |&(kind, meta, at): &Written<'_>| {
            let rule_at = format!("/rules/{at}");
            let tests = [("verbs", &rule.verbs), ("resources", &rule.resources)];
            let mut edits: Vec<FieldEdit> = tests
                .into_iter()
                .filter(|(_, list)| !list.is_empty())
                .map(|(field, list)| FieldEdit::Test {
                    pointer: format!("{rule_at}/{field}"),
                    value: json!(list),
                })
                .collect();
            edits.extend(
                below.iter().map(|one| FieldEdit::Remove { pointer: format!("{rule_at}{one}") }),
            );
            edited(kind, meta, ObjectEdit::Fields(edits))
        };
        Fix {
            id,
            title,
            kind: FixKind::Rbac,
            edits: places.iter().map(edit).collect(),
            cost,
            breadth: breadth as u32,
            breaks: breaks.clone(),
            owner: owner(meta),
        }
    };
    let cluster = desk.attack.context.cluster;
    let rules = match kind {
        Kind::Role => cluster.roles.get(&meta.namespace, &meta.name).map(|role| role.rules.len()),
        _ => cluster.cluster_roles.get("", &meta.name).map(|role| role.rules.len()),
    };
    let rules = rules.unwrap_or_default();
    let mut fixes = vec![fix(
        format!("drop:{object}/rules[{at}]"),
        sentence!(
            "drop rule {rule} ({what}) of {object}",
            rule = at,
            what = format!("{} {shown}", words(&rule.verbs)),
            object = &object
        ),
        &[String::new()],
        2 * rule.resources.len().max(1),
        rules == 1,
    )];
    let exact: Vec<usize> =
        (0..rule.resources.len()).filter(|&entry| rule.resources[entry] == *resource).collect();
    if let ([entry], true) = (exact.as_slice(), rule.resources.len() > 1)
        && !rule.resources.iter().any(|one| one.starts_with('*'))
    {
        fixes.push(fix(
            format!("narrow:{object}/rules[{at}]/{resource}"),
            sentence!(
                "take {resource} out of rule {rule} of {object}",
                resource,
                rule = at,
                object = &object
            ),
            &[format!("/resources/{entry}")],
            1,
            false,
        ));
    }
    let used = alike(resource, verb);
    let taken: Vec<usize> = (0..rule.verbs.len())
        .filter(|&at| used.contains(&rule.verbs[at].as_str()) || rule.verbs[at] == *verb)
        .collect();
    let some = !taken.is_empty() && taken.len() < rule.verbs.len();
    if some && !resource.contains('/') && !rule.verbs.iter().any(|one| *one == *"*") {
        let verbs: Vec<&str> = taken.iter().map(|&at| rule.verbs[at].as_str()).collect();
        let below: Vec<String> = taken.iter().map(|at| format!("/verbs/{at}")).collect();
        fixes.push(fix(
            format!("narrow:{object}/rules[{at}]/verbs/{}", verbs.join(",")),
            sentence!(
                "take {verbs} out of rule {rule} ({resources}) of {object}",
                verbs = verbs.join(", "),
                rule = at,
                resources = &shown,
                object = &object
            ),
            &below,
            rule.resources.len().max(1),
            false,
        ));
    }
    Remedy::Fixes(fixes)
}
