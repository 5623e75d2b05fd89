//! Every change that is offered, by itself: its patch applied to the object as it was read gives
//! the object of the changed cluster, and its way back gives the cluster as it was.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Attack, Engines};
use ringfort_model::token_volume::COMMON_NAME;
use ringfort_model::{Cluster, Kind, Object};
use ringfort_plan::apply::apply_noting;
use ringfort_plan::edits::changes;
use ringfort_plan::rollback::rollbacks;
use ringfort_plan::{Catalogue, Change, Costs, Edit, Fix, apply};
use serde_json::{Value, json};

mod clusters;

/// Fixes of every edge of a cluster.
fn offered(cluster: &Cluster) -> Vec<Fix> {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut all = attack.no_edges();
    (0..attack.graph.edge_count()).for_each(|at| _ = all.insert(at));
    Catalogue::new(&attack, &all, &Costs::default()).fixes
}

/// What a fix does: the first word of its id.
fn act(fix: &Fix) -> &str {
    fix.id.split(':').next().unwrap_or_default()
}

fn json_of(object: &Object) -> Value {
    let mut value: Value = serde_json::from_slice(&object.to_json()).expect("JSON");
    if let Some(meta) = value["metadata"].as_object_mut() {
        for field in ["uid", "resourceVersion", "x-ringfort-origin"] {
            meta.remove(field);
        }
    }
    // The status is the controller's answer.
    if matches!(object, Object::Service(_) | Object::Ingress(_)) {
        value.as_object_mut().expect("an object").remove("status");
    }
    // What admission writes into a pod is not the plan's.
    let volumes = value.pointer_mut("/spec/volumes").and_then(Value::as_array_mut);
    for volume in volumes.into_iter().flatten() {
        if volume["name"] == *COMMON_NAME {
            volume["projected"] = Value::Null;
        }
    }
    value
}

fn written(cluster: &Cluster) -> BTreeSet<String> {
    cluster.objects().map(|object| json_of(&object).to_string()).collect()
}

/// The object that a patch gives, without the code that applies changes; `None` for a change
/// that is no patch.
fn patched(cluster: &Cluster, change: &Change) -> Option<(Kind, Value)> {
    if !matches!(change.edit, Edit::Json(_) | Edit::Merge(_)) {
        return None;
    }
    let kind = change.kept().expect("a kind that the model keeps");
    let found = cluster.find(kind, &change.namespace, &change.name).expect("it is there");
    let mut value: Value = serde_json::from_slice(&found.to_json()).expect("JSON");
    match &change.edit {
        Edit::Json(operations) => {
            let patch: json_patch::Patch =
                serde_json::from_value(Value::Array(operations.clone())).expect("RFC 6902");
            json_patch::patch(&mut value, &patch).expect("it fits the object");
        }
        // Labels are plain values, which a merge patch and a strategic one set alike.
        Edit::Merge(patch) => json_patch::merge(&mut value, patch),
        Edit::Delete | Edit::Create(_) | Edit::Restart => unreachable!("only patches are left"),
    }
    let object = Object::read(value.to_string().as_bytes()).expect("a valid object");
    Some((kind, json_of(&object)))
}

/// How often each act was tried.
type Tried = BTreeMap<String, usize>;

fn each(name: &str, cluster: &Cluster, is_meant: impl Fn(&Fix) -> bool, tried: &mut Tried) {
    let before = written(cluster);
    for fix in offered(cluster).iter().filter(|fix| is_meant(fix)) {
        let there = changes(&fix.edits);
        let (changed, notes) = apply_noting(cluster, &there)
            .unwrap_or_else(|error| panic!("{name}: {}: {error}", fix.id));
        assert!(!notes.iter().any(|note| note.contains("refused")), "{name}: {notes:?}");
        for change in &there {
            let Some((kind, expected)) = patched(cluster, change) else { continue };
            let found = changed.find(kind, &change.namespace, &change.name).expect("it is there");
            assert_eq!(json_of(&found), expected, "{name}: {}", fix.id);
        }
        let back = rollbacks(cluster, &there);
        let all: Vec<Change> = there.into_iter().chain(back).collect();
        let again = apply(cluster, &all)
            .unwrap_or_else(|error| panic!("{name}: back from {}: {error}", fix.id));
        let again = written(&again);
        let differs: Vec<_> = again.symmetric_difference(&before).collect();
        assert!(differs.is_empty(), "{name}: {}: {differs:#?}", fix.id);
        *tried.entry(act(fix).to_owned()).or_default() += 1;
    }
}

#[test]
fn every_change_that_is_offered_is_its_patch_and_can_be_taken_back() {
    let mut tried = Tried::new();
    for (name, cluster) in clusters::clusters() {
        // Of the large one some of each act are enough for a test that is run often.
        let counts = std::cell::RefCell::new(Tried::new());
        let few = |fix: &Fix| {
            let mut counts = counts.borrow_mut();
            let count = counts.entry(act(fix).to_owned()).or_default();
            *count += 1;
            name != "shop" || *count <= 4
        };
        each(name, &cluster, few, &mut tried);
    }
    println!("tried: {tried:?}");
    for act in ["delete", "drop", "narrow", "no-token", "unbind", "unset"] {
        assert!(tried.contains_key(act), "{act}: {tried:?}");
    }
}

/// The acts that those clusters have no use for, each on the smallest objects that it is for.
#[test]
fn acts_that_are_rare_are_their_patches_too() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p",
        "namespace": "a", "uid": "p", "labels": {"app": "x"}},
        "spec": {"nodeName": "n", "hostUsers": true, "containers": [{"name": "c", "image": "i",
            "ports": [{"containerPort": 80, "hostPort": 8080}],
            "securityContext": {"capabilities": {"add": ["CAP_SYS_ADMIN", "NET_RAW"]}}}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1"}});
    let cluster = clusters::cluster(&[
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
            "spec": {"providerID": "gce://x/n"},
            "status": {"addresses": [{"type": "ExternalIP", "address": "34.1.2.3"}]}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}),
        pod,
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s",
            "namespace": "a"}, "spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.9",
            "selector": {"app": "x"}, "externalIPs": ["34.9.9.9"],
            "ports": [{"port": 80, "nodePort": 30080}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "34.5.6.7"}]}}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "r"}, "rules": [
                {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list"]},
                {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "r"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "a", "name": "default"},
                {"kind": "User", "name": "u"}]}),
    ]);
    let mut tried = Tried::new();
    each("rare", &cluster, |_| true, &mut tried);
    for act in ["drop-capability", "inside", "split", "narrow", "unbind"] {
        assert!(tried.contains_key(act), "{act}: {tried:?}");
    }
}
