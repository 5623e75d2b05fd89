//! The first fixes: for the shown paths, changes that cut them, each tried on the cluster.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Attack, BindingKey, Engines, RoleKey, Why, WhyId};
use ringfort_graph::{BitSet, Derivation, NodeId};
use ringfort_model::{Cluster, EntityId, Kind, Str};
use serde_json::{Value, json};

use crate::change::{Change, Edit, apply};

/// A change that cuts paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What it does, for a reader.
    pub title: String,
    /// The change.
    pub change: Change,
    /// Cost class: 1 a label or an unused grant, 2 a narrower grant, 5 a workload.
    pub cost: u32,
    /// Entry-to-target pairs that are gone after it, by re-evaluation.
    pub cut: usize,
    /// Pairs that are left.
    pub left: usize,
}

/// How many candidates are tried on the cluster.
const TRIED: usize = 5;

/// How many reasons are blocked in the graph to see what they would cut.
const BLOCKED: usize = 32;

/// Entry-to-target pairs that are connected, as names that stay the same when the cluster
/// changes.
#[must_use]
pub fn pairs(attack: &Attack<'_>) -> BTreeSet<(String, String)> {
    let entries: Vec<(String, NodeId)> = attack
        .entries()
        .map(|(instance, node)| (format!("vector/{}/{}", instance.vector, instance.name), node))
        .collect();
    let targets = attack.targets();
    let nodes: Vec<NodeId> = entries.iter().map(|(_, node)| *node).collect();
    let ends: Vec<NodeId> = targets.iter().map(|(_, node)| *node).collect();
    let found = attack.pairs(&nodes, &ends, &attack.no_edges());
    let mut pairs = BTreeSet::new();
    for ((impact, _), reached) in targets.iter().zip(&found) {
        for entry in reached.iter() {
            pairs.insert((entries[entry].0.clone(), format!("impact/{}", impact.name())));
        }
    }
    pairs
}

/// Changes that cut the shown paths, the ones that cut most pairs first. Each was applied to
/// the cluster and the whole pipeline run again; those that cut nothing or connect something
/// new are left out.
#[must_use]
pub fn first_fixes(
    cluster: &Cluster,
    attack: &Attack<'_>,
    paths: &[Derivation],
    limit: usize,
) -> Vec<Fix> {
    let before = pairs(attack);
    // The reasons on most of the shown paths come first; only so many are blocked in the graph.
    let mut counts: BTreeMap<WhyId, usize> = BTreeMap::new();
    for path in paths {
        let on_path = path.edges.iter().flat_map(|&edge| attack.edge(edge).why_ids);
        for why in on_path.collect::<BTreeSet<&WhyId>>() {
            *counts.entry(*why).or_default() += 1;
        }
    }
    let mut ordered: Vec<(usize, WhyId)> = counts.into_iter().map(|(why, n)| (n, why)).collect();
    ordered.sort_by_key(|&(count, why)| (Reverse(count), attack.why(why)));
    let reasons: Vec<WhyId> = ordered
        .into_iter()
        .map(|(_, why)| why)
        .filter(|why| change_for(cluster, attack, attack.why(*why)).is_some())
        .take(BLOCKED)
        .collect();
    let entries: Vec<NodeId> = attack.entries().map(|(_, node)| node).collect();
    let targets: Vec<NodeId> = attack.targets().iter().map(|(_, node)| *node).collect();
    let mut edges_of: BTreeMap<&Why, BitSet> = BTreeMap::new();
    for edge in 0..attack.graph.edge_count() {
        for why in attack.edge(ringfort_graph::EdgeId(edge as u32)).why_ids {
            if reasons.contains(why) {
                let blocked = edges_of.entry(attack.why(*why));
                blocked.or_insert_with(|| attack.no_edges()).insert(edge);
            }
        }
    }
    let mut candidates: Vec<(usize, u32, String, Change)> = Vec::new();
    for (why, blocked) in &edges_of {
        let Some((title, cost, change)) = change_for(cluster, attack, why) else { continue };
        if candidates.iter().any(|(_, _, _, known)| *known == change) {
            continue;
        }
        let left: usize = attack.pairs(&entries, &targets, blocked).iter().map(BitSet::len).sum();
        let cut = before.len().saturating_sub(left);
        if cut > 0 {
            candidates.push((cut, cost, title, change));
        }
    }
    candidates.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
    let mut fixes: Vec<Fix> = Vec::new();
    for (_, cost, title, change) in candidates.into_iter().take(TRIED.max(limit)) {
        let Ok(changed) = apply(cluster, std::slice::from_ref(&change)) else { continue };
        let engines = Engines::new(&changed);
        let after = pairs(&Attack::new(&changed, &engines));
        let cut = before.difference(&after).count();
        if cut > 0 && after.is_subset(&before) {
            fixes.push(Fix { title, change, cost, cut, left: after.len() });
        }
    }
    fixes.sort_by(|a, b| (b.cut, a.cost, &a.title).cmp(&(a.cut, b.cost, &b.title)));
    fixes.truncate(limit);
    fixes
}

/// The change that removes one reason, unless what it rests on must not be touched.
fn change_for(cluster: &Cluster, attack: &Attack<'_>, why: &Why) -> Option<(String, u32, Change)> {
    match why {
        Why::Bound { binding, subject } => unbind(cluster, binding, *subject as usize),
        Why::Rule { role, rule, .. } => drop_rule(cluster, role, *rule as usize),
        Why::Limit { role, rule } => drop_rule(cluster, role, *rule as usize),
        Why::Token { unit, .. } => {
            let (change, object) = on_pod(attack, *unit, |_| {
                Some(("add", "automountServiceAccountToken".into(), json!(false)))
            })?;
            Some((format!("mount no API token in {object}"), 5, change))
        }
        Why::PodField { unit, path, value } => {
            let path = path.as_str();
            let pointer = pointer(path);
            let (change, object) = if path.ends_with("securityContext.privileged")
                || matches!(path, "hostPID" | "shareProcessNamespace")
            {
                on_pod(attack, *unit, |_| Some(("replace", pointer.clone(), json!(false))))?
            } else if path.ends_with("capabilities.add") {
                on_pod(attack, *unit, |spec| {
                    let list = spec.pointer(&format!("/{pointer}"))?.as_array()?;
                    let at = list.iter().position(|one| {
                        one.as_str().is_some_and(|one| {
                            let one = one.to_ascii_uppercase();
                            one.strip_prefix("CAP_").unwrap_or(&one) == value.as_str()
                        })
                    })?;
                    Some(("remove", format!("{pointer}/{at}"), Value::Null))
                })?
            } else {
                return None;
            };
            Some((format!("unset {path} in {object}"), 5, change))
        }
        Why::HostMount { unit, kind, container, mount, path, .. } => {
            let pointer = format!("{}/{container}/volumeMounts/{mount}", kind.field());
            let (change, object) =
                on_pod(attack, *unit, |_| Some(("remove", pointer, Value::Null)))?;
            Some((format!("do not mount {path} of the node in {object}"), 5, change))
        }
        Why::PodSecurity { namespace, .. } => {
            let label =
                json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
            cluster.namespaces.get("", namespace)?;
            let change = Change {
                kind: "Namespace".into(),
                namespace: Str::default(),
                name: namespace.clone(),
                edit: Edit::Merge(label),
            };
            Some((format!("enforce Pod Security baseline in namespace {namespace}"), 1, change))
        }
        Why::Field { object: EntityId::Secret(namespace, name), path, .. } if *path == *"type" => {
            let change = Change {
                kind: "Secret".into(),
                namespace: namespace.clone(),
                name: name.clone(),
                edit: Edit::Delete,
            };
            Some((format!("delete the token Secret {namespace}/{name}"), 2, change))
        }
        _ => None,
    }
}

/// Objects that the API server writes again when they are changed.
fn is_bootstrap(labels: &ringfort_model::Map) -> bool {
    labels.get("kubernetes.io/bootstrapping").is_some()
}

fn unbind(
    cluster: &Cluster,
    binding: &BindingKey,
    subject: usize,
) -> Option<(String, u32, Change)> {
    let (kind, namespace, name) = match binding {
        BindingKey::Cluster(name) => ("ClusterRoleBinding", Str::default(), name.clone()),
        BindingKey::Namespaced(namespace, name) => ("RoleBinding", namespace.clone(), name.clone()),
        BindingKey::Node(_) => return None,
    };
    let (meta, subjects) = match binding {
        BindingKey::Cluster(name) => {
            let binding = cluster.cluster_role_bindings.get("", name)?;
            (&binding.metadata, &binding.subjects)
        }
        BindingKey::Namespaced(namespace, name) => {
            let binding = cluster.role_bindings.get(namespace, name)?;
            (&binding.metadata, &binding.subjects)
        }
        BindingKey::Node(_) => return None,
    };
    if is_bootstrap(&meta.labels) {
        return None;
    }
    let edit = match subjects.len() {
        1 => Edit::Delete,
        _ => Edit::Json(vec![json!({"op": "remove", "path": format!("/subjects/{subject}")})]),
    };
    let who = &subjects.get(subject)?.name;
    let change = Change { kind: kind.into(), namespace, name, edit };
    Some((format!("take {who} out of {}", change.object()), 2, change))
}

fn drop_rule(cluster: &Cluster, role: &RoleKey, rule: usize) -> Option<(String, u32, Change)> {
    let (kind, namespace, name, labels) = match role {
        RoleKey::Cluster(name) => {
            let role = cluster.cluster_roles.get("", name)?;
            if role.aggregation_rule.is_some() {
                return None;
            }
            ("ClusterRole", Str::default(), name.clone(), &role.metadata.labels)
        }
        RoleKey::Namespaced(namespace, name) => {
            let role = cluster.roles.get(namespace, name)?;
            ("Role", namespace.clone(), name.clone(), &role.metadata.labels)
        }
        // What is left of a role has other rules at other places; the limit is its own reason.
        RoleKey::Limited(..) | RoleKey::Node(_) => return None,
    };
    if is_bootstrap(labels) {
        return None;
    }
    let path = format!("/rules/{rule}");
    let edit = Edit::Json(vec![json!({"op": "remove", "path": path})]);
    let change = Change { kind: kind.into(), namespace, name, edit };
    Some((format!("drop rule {rule} of {}", change.object()), 2, change))
}

type Operation = Option<(&'static str, String, Value)>;

/// One operation on the pod specification of a unit, where it is written.
fn on_pod(
    attack: &Attack<'_>,
    unit: u32,
    operation: impl FnOnce(&Value) -> Operation,
) -> Option<(Change, String)> {
    let cluster = attack.context.cluster;
    // The API's image of a static pod is written from a file of its node.
    if attack.context.units[unit as usize].mirror {
        return None;
    }
    let (kind, namespace, name, spec_path) = attack.written_in(unit);
    let model = ringfort_model::WorkloadKind::from_name(&kind).map_or(Kind::Pod, Kind::Workload);
    let object = cluster.find(model, &namespace, &name)?;
    let value: Value = serde_json::from_slice(&object.to_json()).ok()?;
    let base = format!("/{}", spec_path.replace('.', "/"));
    let (op, pointer, value) = operation(value.pointer(&base)?)?;
    let path = format!("{base}/{pointer}");
    let operation = match op {
        "remove" => json!({"op": op, "path": path}),
        _ => json!({"op": op, "path": path, "value": value}),
    };
    let change = Change { kind, namespace, name, edit: Edit::Json(vec![operation]) };
    let title = change.object();
    Some((change, title))
}

/// `containers[0].securityContext.privileged` as a JSON pointer without the leading slash.
fn pointer(path: &str) -> String {
    path.replace('[', "/").replace(']', "").replace('.', "/")
}
