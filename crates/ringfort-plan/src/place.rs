//! Pods that the scheduler places after a change: those of a workload that is made or scaled up,
//! and those that a changed template may move. Which node one lands on is decided only when it
//! happens, so the changed cluster holds one on every node that it may be placed on: what any of
//! them would reach counts as reached, and a pair is gone only if it is gone wherever they run.
//!
//! A new pod is its template as the server would store it (defaults, account, token). Whether it
//! is let in is asked of admission ([`crate::admit`]); one that is certainly refused is not made.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_admission::defaulting::{ServiceAccount, built_in_plugins, decode};
use ringfort_isolation::scheduling::Ask;
use ringfort_model::{Cluster, Kind, Listed, Object, Pod, SourceKind, Str, Workload, WorkloadKind};
use serde_json::{Value, json};

use crate::admit;
use crate::apply::follows;
use crate::change::ChangeError;

/// Kind, namespace and name of a workload.
pub(crate) type WorkloadKey = (WorkloadKind, Str, Str);

/// Templates of workloads that changes make, whole as the changes write them.
pub(crate) type Written<'v> = BTreeMap<WorkloadKey, &'v Value>;

/// Whether pods of the cluster are facts: else templates stand for them, on any node.
pub(crate) fn are_facts(cluster: &Cluster) -> bool {
    cluster.source != SourceKind::Manifests && cluster.coverage.of(Kind::Pod) == Listed::Complete
}

/// Places the pods of a workload that was changed; says what was taken for granted.
pub(crate) fn place(
    before: &Cluster,
    changed: &mut Cluster,
    key: &WorkloadKey,
    written: &Written<'_>,
) -> Result<Vec<String>, ChangeError> {
    let (kind, namespace, name) = key;
    let Some(workload) = changed.workload(*kind, namespace, name) else { return Ok(Vec::new()) };
    let owner = workload.metadata.controller();
    let owned = owner.is_some_and(|owner| WorkloadKind::from_name(&owner.kind).is_some());
    if !are_facts(changed) || owned || !workload.makes_pods() {
        return Ok(Vec::new());
    }
    let workload = workload.clone();
    let own = Some((*kind, name.clone()));
    let running: Vec<Pod> = changed
        .pods
        .in_namespace(namespace)
        .map(|(_, pod)| pod)
        .filter(|pod| !pod.is_terminated() && changed.top_owner(&pod.metadata) == own)
        .cloned()
        .collect();
    let title = format!("{} {namespace}/{name}", kind.name());
    let old = before.workload(*kind, namespace, name);
    if running.is_empty() {
        return match old {
            // It could have pods before the change and has none: neither have both clusters.
            Some(old) if old.makes_pods() => Ok(vec![format!(
                "{title} has no pod now; what its next ones would reach is not evaluated"
            )]),
            _ => new(changed, &workload, &title, written.get(key).copied()),
        };
    }
    let Some(old) = old else { return Ok(Vec::new()) };
    let moved = asks(before, old) != asks(changed, &workload);
    let moving: Vec<Pod> = match moved {
        true => running.iter().filter(|pod| follows(&workload, pod)).cloned().collect(),
        false => Vec::new(),
    };
    if !moving.is_empty() {
        return Ok(vec![spread(changed, &workload, &moving, &title)]);
    }
    let replicas = |one: &Workload| one.spec.replicas.unwrap_or(1);
    let counted =
        !matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob);
    let (then, now) = (replicas(old), replicas(&workload));
    Ok(match counted {
        true if now > then => more(changed, &workload, &running, &title),
        true if now < then => {
            vec![format!("which pods of {title} go is not known: all are taken to stay")]
        }
        _ => Vec::new(),
    })
}

/// Places a bare pod that was made and given no node.
pub(crate) fn place_pod(changed: &mut Cluster, namespace: &str, name: &str) -> Option<String> {
    let pod = changed.pods.get(namespace, name)?.clone();
    if !pod.node_name.is_empty() || pod.metadata.controller().is_some() || !are_facts(changed) {
        return None;
    }
    let title = format!("Pod {namespace}/{name}");
    let nodes = nodes(changed, &pod, None);
    if nodes.is_empty() {
        return Some(pending(&title));
    }
    changed.remove(&Object::Pod(pod.clone()));
    // One pod that may be on any of them: as many of its name, which stand as one position.
    for node in &nodes {
        changed.insert(Object::Pod(Pod { node_name: node.clone(), ..pod.clone() }));
    }
    Some(placed(&title, nodes.len()))
}

/// What pods of the template ask of their nodes.
fn asks(cluster: &Cluster, workload: &Workload) -> Option<Ask> {
    let spec = workload.pod_template()?.spec.as_ref()?;
    Some(Ask::of(spec, Some(workload.kind), cluster))
}

/// Names of the nodes that a pod of the workload may be placed on.
pub(crate) fn nodes_of(cluster: &Cluster, workload: &Workload, pod: &Pod) -> Vec<Str> {
    match workload.pod_template().and_then(|template| template.spec.as_ref()) {
        // A pod that names its node is not scheduled, even to one that was not read.
        Some(spec) if !spec.node_name.is_empty() => vec![spec.node_name.clone()],
        _ => nodes(cluster, pod, Some(workload.kind)),
    }
}

/// Names of the nodes that a pod may be placed on.
pub(crate) fn nodes(cluster: &Cluster, pod: &Pod, kind: Option<WorkloadKind>) -> Vec<Str> {
    let ask = Ask::of(&pod.spec, kind, cluster);
    let fitting = cluster.nodes.iter().filter(|node| ask.fits(node));
    fitting.map(|node| node.metadata.name.clone()).collect()
}

/// The pods of a workload that has none yet.
fn new(
    changed: &mut Cluster,
    workload: &Workload,
    title: &str,
    written: Option<&Value>,
) -> Result<Vec<String>, ChangeError> {
    let Some((pod, answer)) = of_template(changed, workload, written)? else {
        return Ok(Vec::new());
    };
    if let Some(reason) = answer.refused {
        return Ok(vec![format!("no pod of {title} is made: {reason}")]);
    }
    let nodes = nodes_of(changed, workload, &pod);
    if nodes.is_empty() {
        return Ok(vec![pending(title)]);
    }
    insert(changed, workload, &pod, &nodes, &BTreeSet::new());
    Ok(std::iter::once(placed(title, nodes.len())).chain(answer.note(title)).collect())
}

/// One of each sort of pods: those that are alike are placed once.
pub(crate) fn sorts(pods: &[Pod]) -> Vec<&Pod> {
    let mut sorts: Vec<&Pod> = Vec::new();
    for pod in pods {
        let known = |one: &&Pod| {
            one.spec == pod.spec
                && one.metadata.labels == pod.metadata.labels
                && one.metadata.annotations == pod.metadata.annotations
        };
        if !sorts.iter().any(known) {
            sorts.push(pod);
        }
    }
    sorts
}

/// Pods whose template asks for other nodes than before.
fn spread(changed: &mut Cluster, workload: &Workload, moving: &[Pod], title: &str) -> String {
    let sorts = sorts(moving);
    for pod in moving {
        changed.remove(&Object::Pod(pod.clone()));
    }
    let mut most = 0;
    for pod in sorts {
        let nodes = nodes_of(changed, workload, pod);
        most = most.max(nodes.len());
        if nodes.is_empty() {
            changed.insert(Object::Pod(Pod { node_name: Str::default(), ..pod.clone() }));
            continue;
        }
        let taken = taken(changed, &workload.metadata.namespace);
        insert(changed, workload, pod, &nodes, &taken);
    }
    match most {
        0 => pending(title),
        most => placed(title, most),
    }
}

/// Pods beside those that run, wherever none of them does yet.
fn more(changed: &mut Cluster, workload: &Workload, running: &[Pod], title: &str) -> Vec<String> {
    // The last one is of the newest template where a roll-out goes on.
    let pod = running.last().expect("it has pods");
    let answer = again(changed, pod);
    if let Some(reason) = answer.refused {
        return vec![format!("no more pods of {title} are made: {reason}")];
    }
    let all = nodes_of(changed, workload, pod);
    let has = |node: &Str| running.iter().any(|pod| pod.node_name == *node);
    let free: Vec<Str> = all.iter().filter(|node| !has(node)).cloned().collect();
    let taken = taken(changed, &workload.metadata.namespace);
    insert(changed, workload, pod, &free, &taken);
    std::iter::once(placed(title, all.len())).chain(answer.note(title)).collect()
}

/// Whether a pod like one that runs would be let in.
pub(crate) fn again(cluster: &Cluster, pod: &Pod) -> admit::Answer {
    admit::Door::new(cluster).again(pod)
}

/// Names of pods in a namespace.
pub(crate) fn taken(cluster: &Cluster, namespace: &str) -> BTreeSet<Str> {
    let pods = cluster.pods.in_namespace(namespace);
    pods.map(|(_, pod)| pod.metadata.name.clone()).collect()
}

pub(crate) fn insert(
    changed: &mut Cluster,
    workload: &Workload,
    pod: &Pod,
    nodes: &[Str],
    taken: &BTreeSet<Str>,
) {
    let base = &workload.metadata.name;
    let mut free = (0..).map(|at| Str::from(format!("{base}-{at}")));
    for (at, node) in nodes.iter().enumerate() {
        let mut one = pod.clone();
        if at > 0 || taken.contains(&pod.metadata.name) || pod.metadata.name.is_empty() {
            let name = free.find(|name| !taken.contains(name) && *name != pod.metadata.name);
            one.metadata.name = name.expect("names do not run out");
        }
        one.node_name = node.clone();
        changed.insert(Object::Pod(one));
    }
}

/// A pod of the template as the server would store it, without name and node, and whether it is
/// let in. Where the template is `written` out, nothing of it is missing.
pub(crate) fn of_template(
    cluster: &Cluster,
    workload: &Workload,
    written: Option<&Value>,
) -> Result<Option<(Pod, admit::Answer)>, ChangeError> {
    let Some(template) = workload.pod_template() else { return Ok(None) };
    let (kind, namespace, name) = workload.key();
    let template = match written {
        Some(template) => template.clone(),
        None => serde_json::to_value(template).expect("a template is plain data"),
    };
    let part = |pointer: &str| template.pointer(pointer).cloned().unwrap_or_else(|| json!({}));
    let api_version = Kind::Workload(kind).api_version();
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": namespace.as_str(), "labels": part("/metadata/labels"),
            "annotations": part("/metadata/annotations"), "ownerReferences": [
                {"apiVersion": api_version, "kind": kind.name(), "name": name.as_str(),
                    "uid": workload.metadata.uid.as_str(), "controller": true}]},
        "spec": part("/spec"), "status": {"phase": "Running"}});
    stored(cluster, &mut pod, &namespace);
    let object = format!("Pod of {} {namespace}/{name}", kind.name());
    match Object::read_again(pod.to_string().as_bytes()) {
        Ok(Object::Pod(read)) => {
            let answer = admit::Door::new(cluster).ask(&read, &pod, written.is_some());
            Ok(Some((read, answer)))
        }
        Ok(_) => unreachable!("it says that it is a pod"),
        Err(error) => Err(ChangeError::Object { object, reason: error.to_string() }),
    }
}

/// Defaults, and what the built-in plug-ins add.
pub(crate) fn stored(cluster: &Cluster, pod: &mut Value, namespace: &str) {
    decode(pod, cluster.version);
    let name = pod.pointer("/spec/serviceAccountName").and_then(Value::as_str);
    let account = cluster.service_accounts.get(namespace, name.unwrap_or("default"));
    let pull = account.map_or(&[][..], |account| &account.image_pull_secrets);
    let account = ServiceAccount {
        automount: account.and_then(|account| account.automount_service_account_token),
        pull_secrets: pull.iter().map(|one| one.name.to_string()).collect(),
    };
    built_in_plugins(pod, &account);
}

fn placed(title: &str, nodes: usize) -> String {
    match nodes {
        1 => format!("{title} is taken to run on the one node that it may be placed on"),
        _ => format!("{title} may be placed on any of {nodes} nodes and is taken to run on each"),
    }
}

fn pending(title: &str) -> String {
    format!("{title} may be placed on no node that was read, and is taken to run nowhere")
}
