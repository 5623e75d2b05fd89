//! What a change of nodes does to pods.
//!
//! - A node that goes, and a `NoExecute` taint, take the pods away that run there and do not
//!   tolerate it for good (`pkg/controller/tainteviction`, `pkg/controller/podgc`). What keeps
//!   them makes them again, wherever they may be placed.
//! - DaemonSets run on the nodes that their pods may be placed on, and leave those whose labels
//!   no longer match; a `NoSchedule` taint lets them stay (`NodeShouldRunDaemonPod`,
//!   `pkg/controller/daemon/daemon_controller.go`).
//! - Pods that wait for a node get one that they may be placed on now.
//! - All other pods stay: labels and `NoSchedule` taints decide when a pod is scheduled.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_isolation::scheduling::{Ask, is_transient, tolerates};
use ringfort_model::record::Node;
use ringfort_model::record::node::Taint;
use ringfort_model::{Cluster, Object, Pod, Str, Workload, WorkloadKind};

use crate::change::ChangeError;
use crate::place::{again, are_facts, insert, nodes, nodes_of, of_template, sorts, taken};

/// Lets controllers and the scheduler answer to changed nodes; says what was taken for granted.
pub(crate) fn settle(before: &Cluster, changed: &mut Cluster) -> Result<Vec<String>, ChangeError> {
    let touched = touched(before, changed);
    if touched.is_empty() || !are_facts(changed) {
        return Ok(Vec::new());
    }
    let mut notes = evict(changed, &touched);
    notes.extend(daemons(before, changed, &touched)?);
    notes.extend(waiting(before, changed, &touched));
    Ok(notes)
}

/// Names of nodes that came, went, or that pods are placed on differently; sorted.
fn touched(before: &Cluster, changed: &Cluster) -> BTreeSet<Str> {
    let asked = |node: &Node| {
        let spec = node.spec.as_ref();
        let taints: Vec<Taint> = spec.map_or_else(Vec::new, |spec| spec.taints.to_vec());
        (node.metadata.labels.clone(), taints)
    };
    let names = before.nodes.iter().chain(changed.nodes.iter());
    let names: BTreeSet<Str> = names.map(|node| node.metadata.name.clone()).collect();
    let differs = |name: &Str| {
        let of = |cluster: &Cluster| cluster.nodes.get("", name).map(asked);
        of(before) != of(changed)
    };
    names.into_iter().filter(differs).collect()
}

/// Whether a pod of the specification may stay where the taints are: each that drives pods away
/// is tolerated, and not for some seconds only.
fn stays(ask: &Ask, node: &Node) -> bool {
    let taints = node.spec.as_ref().map_or(&[][..], |spec| &spec.taints);
    let drives = |taint: &&Taint| taint.effect == "NoExecute" && !is_transient(taint);
    // The first toleration that matches a taint counts (GetMatchingTolerations).
    let for_good = |taint: &Taint| {
        let first = ask.tolerations.iter().find(|one| tolerates(one, taint));
        first.is_some_and(|one| one.toleration_seconds.is_none())
    };
    taints.iter().filter(drives).all(for_good)
}

/// Takes pods away that may not stay, and makes those again that something keeps.
fn evict(changed: &mut Cluster, touched: &BTreeSet<Str>) -> Vec<String> {
    let mut gone: Vec<Pod> = Vec::new();
    for pod in &changed.pods {
        // A static pod tolerates everything, and is its node's own.
        if !touched.contains(&pod.node_name) || pod.is_terminated() {
            continue;
        }
        let kind = changed.top_owner(&pod.metadata).map(|(kind, _)| kind);
        let leaves = match changed.nodes.get("", &pod.node_name) {
            None => true,
            Some(node) => !pod.is_mirror() && !stays(&Ask::of(&pod.spec, kind, changed), node),
        };
        if leaves {
            gone.push(pod.clone());
        }
    }
    for pod in &gone {
        changed.remove(&Object::Pod(pod.clone()));
    }
    let mut notes = Vec::new();
    // Pods of one owner that are alike are placed once.
    let mut by_owner: BTreeMap<Option<(WorkloadKind, Str, Str)>, Vec<Pod>> = BTreeMap::new();
    for pod in gone {
        let owner = changed.top_owner(&pod.metadata);
        let key = owner.map(|(kind, name)| (kind, pod.metadata.namespace.clone(), name));
        by_owner.entry(key).or_default().push(pod);
    }
    for (owner, pods) in by_owner {
        let workload = owner
            .as_ref()
            .and_then(|(kind, namespace, name)| changed.workload(*kind, namespace, name))
            .cloned();
        let Some(workload) = workload else {
            notes.extend(pods.iter().flat_map(|pod| alone(changed, pod)));
            continue;
        };
        // A DaemonSet has one on each of its nodes already.
        if workload.kind == WorkloadKind::DaemonSet {
            continue;
        }
        notes.extend(elsewhere(changed, &workload, &pods));
    }
    notes
}

/// A pod without a workload: one that an operator keeps is made again, another is gone.
fn alone(changed: &mut Cluster, pod: &Pod) -> Vec<String> {
    let title = format!("Pod {}", pod.metadata.full_name());
    if pod.metadata.controller().is_none() || pod.is_mirror() {
        return vec![format!("{title} leaves its node and nothing makes it again")];
    }
    let found = nodes(changed, pod, None);
    for node in &found {
        changed.insert(Object::Pod(Pod { node_name: node.clone(), ..pod.clone() }));
    }
    let count = found.len();
    vec![format!("{title} leaves its node and is taken to run on each of {count} nodes")]
}

/// Pods of a workload that left their nodes: beside those that run, wherever they may be placed.
fn elsewhere(changed: &mut Cluster, workload: &Workload, gone: &[Pod]) -> Vec<String> {
    let (kind, namespace, name) = workload.key();
    let title = format!("{} {namespace}/{name}", kind.name());
    let own = Some((kind, name.clone()));
    let mut notes = Vec::new();
    for pod in sorts(gone) {
        let answer = again(changed, pod);
        if let Some(reason) = answer.refused {
            notes.push(format!("no pod of {title} is made again: {reason}"));
            continue;
        }
        let all = nodes_of(changed, workload, pod);
        let has = |node: &Str| {
            let pods = changed.pods.in_namespace(&namespace).map(|(_, pod)| pod);
            let mut there = pods.filter(|other| other.node_name == *node);
            there.any(|other| other.spec == pod.spec && changed.top_owner(&other.metadata) == own)
        };
        let free: Vec<Str> = all.iter().filter(|node| !has(node)).cloned().collect();
        let names = taken(changed, &namespace);
        if all.is_empty() {
            changed.insert(Object::Pod(Pod { node_name: Str::default(), ..pod.clone() }));
        } else {
            insert(changed, workload, pod, &free, &names);
        }
        let count = all.len();
        notes.push(format!(
            "pods of {title} leave a node and are taken to run on each of {count} nodes"
        ));
        notes.extend(answer.note(&title));
    }
    notes
}

/// Starts pods of DaemonSets where they may run now, and takes them from nodes whose labels no
/// longer match.
fn daemons(
    before: &Cluster,
    changed: &mut Cluster,
    touched: &BTreeSet<Str>,
) -> Result<Vec<String>, ChangeError> {
    let sets: Vec<Workload> = changed
        .workloads
        .iter()
        .filter(|one| one.kind == WorkloadKind::DaemonSet && one.makes_pods())
        .cloned()
        .collect();
    let mut notes = Vec::new();
    for set in sets {
        let (kind, namespace, name) = set.key();
        let Some(spec) = set.pod_template().and_then(|template| template.spec.clone()) else {
            continue;
        };
        let ask = Ask::of(&spec, Some(kind), changed);
        // Labels alone decide whether a pod that runs may stay.
        let bare = |node: &Node| {
            let mut node = node.clone();
            if let Some(spec) = &mut node.spec {
                spec.taints = Vec::new().into();
            }
            node
        };
        let own = Some((kind, name.clone()));
        let pods: Vec<Pod> = changed
            .pods
            .in_namespace(&namespace)
            .map(|(_, pod)| pod)
            .filter(|pod| !pod.is_terminated() && changed.top_owner(&pod.metadata) == own)
            .cloned()
            .collect();
        let mut left = 0;
        for pod in pods.iter().filter(|pod| touched.contains(&pod.node_name)) {
            let node = changed.nodes.get("", &pod.node_name);
            if node.is_some_and(|node| !ask.fits(&bare(node))) {
                changed.remove(&Object::Pod(pod.clone()));
                left += 1;
            }
        }
        // It ran there before, or could have and did not: that is not of this change.
        let could = |node: &Str| before.nodes.get("", node).is_some_and(|node| ask.fits(node));
        let free: Vec<Str> = touched
            .iter()
            .filter(|node| changed.nodes.get("", node).is_some_and(|node| ask.fits(node)))
            .filter(|node| !could(node) && !pods.iter().any(|pod| pod.node_name == **node))
            .cloned()
            .collect();
        let title = format!("{} {namespace}/{name}", kind.name());
        if left > 0 {
            notes.push(format!("{left} pods of {title} leave nodes that it no longer selects"));
        }
        if free.is_empty() {
            continue;
        }
        let Some((pod, answer)) = of_template(changed, &set, None)? else { continue };
        if let Some(reason) = answer.refused {
            notes.push(format!("no pod of {title} is made: {reason}"));
            continue;
        }
        let names = taken(changed, &namespace);
        insert(changed, &set, &pod, &free, &names);
        notes.push(format!("{title} comes to {} nodes", free.len()));
        notes.extend(answer.note(&title));
    }
    Ok(notes)
}

/// Places pods that wait for a node on those that they may be placed on now and could not before.
fn waiting(before: &Cluster, changed: &mut Cluster, touched: &BTreeSet<Str>) -> Vec<String> {
    let open: Vec<Pod> = changed
        .pods
        .iter()
        .filter(|pod| pod.node_name.is_empty() && !pod.is_terminated())
        .cloned()
        .collect();
    let mut notes = Vec::new();
    for pod in open {
        // What this change made wait waits for good.
        let meta = &pod.metadata;
        let waited = before.pods.get(&meta.namespace, &meta.name);
        if waited.is_none_or(|pod| !pod.node_name.is_empty()) {
            continue;
        }
        let kind = changed.top_owner(meta).map(|(kind, _)| kind);
        let ask = Ask::of(&pod.spec, kind, changed);
        let fits = |cluster: &Cluster, name: &Str| {
            cluster.nodes.get("", name).is_some_and(|node| ask.fits(node))
        };
        let found: Vec<&Str> =
            touched.iter().filter(|name| fits(changed, name) && !fits(before, name)).collect();
        if found.is_empty() {
            continue;
        }
        let title = format!("Pod {}", meta.full_name());
        notes.push(format!("{title} waits and is taken to run on each of {} nodes", found.len()));
        let found: Vec<Str> = found.into_iter().cloned().collect();
        changed.remove(&Object::Pod(pod.clone()));
        // One pod that may be on any of them: as many of its name, which stand as one position.
        for node in found {
            changed.insert(Object::Pod(Pod { node_name: node, ..pod.clone() }));
        }
    }
    notes
}
