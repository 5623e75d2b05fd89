//! Pods that the scheduler places after a change: a new workload's, more of one, and those that a
//! changed template moves. They count on every node that they may be placed on.

use std::collections::BTreeSet;

use ringfort_attack::{Attack, Engines};
use ringfort_model::{Cluster, Kind, WorkloadKind};
use ringfort_plan::apply::apply_noting;
use ringfort_plan::question::connected;
use ringfort_plan::rollback::rollbacks;
use ringfort_plan::{Change, ChangeError, Edit, Question, apply, what_if};
use serde_json::{Value, json};

mod clusters;

/// Two pools, and a node whose taint keeps pods off.
fn cluster(more: Vec<Value>) -> Cluster {
    let node = |name: &str, taints: Value| {
        json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"pool": name}}, "spec": {"taints": taints}})
    };
    let account = |name: &str, more: Value| {
        let mut account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": "a"}});
        account.as_object_mut().expect("fields").extend(more.as_object().expect("f").clone());
        account
    };
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "held",
            "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}),
        node("left", json!([])),
        node("right", json!([])),
        node("apart", json!([{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])),
        account("default", json!({})),
        account("quiet", json!({"automountServiceAccountToken": false})),
        // By what only a server writes it is known that objects are facts.
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "other", "namespace": "b", "uid": "u"},
            "spec": {"nodeName": "left", "containers": [{"name": "c", "image": "i"}]},
            "status": {"phase": "Running"}}),
    ];
    objects.extend(more);
    clusters::cluster(&objects)
}

/// A specification from which its node is reached.
fn spec(more: &Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i",
        "securityContext": {"privileged": true}}]});
    let fields = more.as_object().expect("fields").clone();
    spec.as_object_mut().expect("fields").extend(fields);
    spec
}

fn workload(kind: &str, namespace: &str, pod: &Value, more: &Value) -> Value {
    let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": pod});
    let mut spec = more.clone();
    match kind {
        "CronJob" => spec["jobTemplate"] = json!({"spec": {"template": template}}),
        _ => spec["template"] = template,
    }
    let version = if kind == "Job" || kind == "CronJob" { "batch/v1" } else { "apps/v1" };
    json!({"apiVersion": version, "kind": kind,
        "metadata": {"name": "x", "namespace": namespace, "uid": "x"}, "spec": spec})
}

fn create(object: &Value) -> Change {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).expect("a text");
    let kind = text("/kind");
    let kind = WorkloadKind::from_name(kind).map_or(Kind::Pod, Kind::Workload);
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    Change::of(kind, &namespace.into(), &name.into(), Edit::Create(object.clone()))
}

/// The nodes that are reached from a position; not the one that stands for whichever node pods
/// that do not run would run on.
fn reached(cluster: &Cluster, from: &str) -> BTreeSet<String> {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let goal = format!("no path from {from} to node/*").parse().expect("a goal");
    let asked = Question { goals: vec![goal], ..Question::default() }.ask(&attack, false);
    let pairs = connected(&attack, &asked.expect("it can be asked"));
    pairs.into_iter().map(|(_, to)| to).filter(|to| to != "node/any").collect()
}

fn nodes(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("node/{name}")).collect()
}

/// Pods in the namespaces that are changed, each with its node.
fn pods(cluster: &Cluster) -> Vec<(String, String)> {
    let changed = cluster.pods.iter().filter(|pod| *pod.metadata.namespace != *"b");
    changed.map(|pod| (pod.metadata.name.to_string(), pod.node_name.to_string())).collect()
}

#[test]
fn pods_of_a_new_workload_run_wherever_they_may_be_placed() {
    let cluster = cluster(Vec::new());
    let tolerates = json!({"tolerations": [{"key": "gpu", "operator": "Exists"}]});
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"] {
        for (more, on) in [
            (json!({}), nodes(&["left", "right"])),
            (json!({"nodeSelector": {"pool": "right"}}), nodes(&["right"])),
            (tolerates.clone(), nodes(&["apart", "left", "right"])),
            // Whoever names a node is not held off by a taint that the scheduler reads.
            (json!({"nodeName": "apart"}), nodes(&["apart"])),
        ] {
            let new = create(&workload(kind, "a", &spec(&more), &json!({})));
            let (changed, notes) = apply_noting(&cluster, &[new]).expect(kind);
            assert_eq!(reached(&changed, &format!("workload/{kind}/a/x")), on, "{kind} {more}");
            assert_eq!(notes.len(), 1, "{kind} {more}: {notes:?}");
            assert!(notes[0].contains(&format!("{kind} a/x")), "{notes:?}");
        }
    }
    let nowhere = spec(&json!({"nodeSelector": {"pool": "none"}}));
    let new = create(&workload("Deployment", "a", &nowhere, &json!({})));
    let (changed, notes) = apply_noting(&cluster, &[new]).expect("it applies");
    assert!(pods(&changed).is_empty() && notes[0].contains("no node that was read"), "{notes:?}");
    // None is made of what makes none.
    for (kind, more) in [
        ("Deployment", json!({"replicas": 0})),
        ("Job", json!({"suspend": true})),
        ("CronJob", json!({"suspend": true})),
    ] {
        let new = create(&workload(kind, "a", &spec(&json!({})), &more));
        let (changed, notes) = apply_noting(&cluster, &[new]).expect(kind);
        assert!(pods(&changed).is_empty() && notes.is_empty(), "{kind}: {notes:?}");
    }
}

#[test]
fn a_new_way_in_is_a_new_pair() {
    let cluster = cluster(Vec::new());
    let open = json!({"hostNetwork": true, "containers": [{"name": "c", "image": "i",
        "ports": [{"containerPort": 80, "hostPort": 80}],
        "securityContext": {"privileged": true}}]});
    let new = create(&workload("Deployment", "a", &open, &json!({})));
    let effect = what_if(&cluster, std::slice::from_ref(&new)).expect("it applies");
    let leads = |pairs: &[(String, String)]| {
        pairs.iter().any(|(from, to)| from.contains("a/x") && to == "impact/node")
    };
    assert!(leads(&effect.new), "{effect:?}");
    assert!(effect.gone.is_empty(), "{effect:?}");
    // Scaled to nothing there is none, and again there is.
    let scaled = |replicas: i64| {
        let edit = Edit::Merge(json!({"spec": {"replicas": replicas}}));
        let kind = Kind::Workload(WorkloadKind::Deployment);
        Change::of(kind, &"a".into(), &"x".into(), edit)
    };
    let none = what_if(&cluster, &[new.clone(), scaled(0)]).expect("it applies");
    assert!(!leads(&none.new), "{none:?}");
    let again = what_if(&cluster, &[new, scaled(0), scaled(1)]).expect("it applies");
    assert!(leads(&again.new), "{again:?}");
}

#[test]
fn a_new_pod_is_what_admission_makes_of_it() {
    let cluster = cluster(Vec::new());
    let volumes = |more: Value| {
        let new = create(&workload("Deployment", "a", &spec(&more), &json!({})));
        let changed = apply(&cluster, &[new]).expect("it applies");
        let (_, pod) = changed.pods.in_namespace("a").next().expect("a pod");
        (pod.spec.volumes.len(), pod.spec.containers[0].volume_mounts.len())
    };
    assert_eq!(volumes(json!({})), (1, 1), "a token is mounted");
    assert_eq!(volumes(json!({"automountServiceAccountToken": false})), (0, 0));
    assert_eq!(volumes(json!({"serviceAccountName": "quiet"})), (0, 0), "the account says no");
    // What the server would not make is not there, and that is said.
    for (namespace, more, says) in [
        ("held", json!({}), "Pod Security baseline"),
        ("a", json!({"serviceAccountName": "nobody"}), "no ServiceAccount a/nobody"),
    ] {
        let new = create(&workload("Deployment", namespace, &spec(&more), &json!({})));
        let (changed, notes) = apply_noting(&cluster, &[new]).expect("it applies");
        assert!(pods(&changed).is_empty(), "{says}");
        assert!(notes.len() == 1 && notes[0].contains(says), "{notes:?}");
        let bare = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "x", "namespace": namespace}, "spec": spec(&more)});
        match apply(&cluster, &[create(&bare)]) {
            Err(ChangeError::Refused { reason, .. }) => assert!(reason.contains(says), "{reason}"),
            other => panic!("{:?}", other.map(|_| "made")),
        }
    }
}

#[test]
fn a_bare_pod_may_be_on_any_node_that_fits() {
    let cluster = cluster(Vec::new());
    let bare = |more: Value| {
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "x", "namespace": "a"}, "spec": spec(&more)});
        let change = create(&pod);
        let (changed, notes) = apply_noting(&cluster, std::slice::from_ref(&change)).expect("it");
        // The way back takes it away, wherever it is.
        let all: Vec<Change> =
            std::iter::once(change.clone()).chain(rollbacks(&cluster, &[change])).collect();
        assert!(pods(&apply(&cluster, &all).expect("it applies")).is_empty());
        (reached(&changed, "pod/a/x"), notes.len())
    };
    assert_eq!(bare(json!({})), (nodes(&["left", "right"]), 1));
    assert_eq!(bare(json!({"nodeSelector": {"pool": "left"}})), (nodes(&["left"]), 1));
    assert_eq!(bare(json!({"nodeName": "apart"})), (nodes(&["apart"]), 0));
    assert_eq!(bare(json!({"nodeSelector": {"pool": "none"}})), (nodes(&[]), 1));
}

/// A Deployment with one pod on a node, or without any.
fn running(kind: &str, node: Option<&str>, more: &Value) -> Vec<Value> {
    let mut objects = vec![workload(kind, "a", &spec(&json!({})), more)];
    objects.extend(node.map(|node| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "x-first", "namespace": "a", "uid": "p", "labels": {"app": "x"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": "x",
                    "uid": "x", "controller": true}]},
            "spec": spec(&json!({"nodeName": node})), "status": {"phase": "Running"}})
    }));
    objects
}

fn patched(kind: WorkloadKind, spec: &Value) -> Change {
    Change::of(Kind::Workload(kind), &"a".into(), &"x".into(), Edit::Merge(json!({"spec": spec})))
}

#[test]
fn a_changed_template_moves_pods_where_it_says() {
    let cluster = cluster(running("Deployment", Some("left"), &json!({})));
    let from = "workload/Deployment/a/x";
    assert_eq!(reached(&cluster, from), nodes(&["left"]));
    let kind = WorkloadKind::Deployment;
    let to = |more: Value| patched(kind, &json!({"template": {"spec": more}}));
    for (more, on) in [
        (json!({"nodeSelector": {"pool": "right"}}), nodes(&["right"])),
        (
            json!({"tolerations": [{"key": "gpu", "operator": "Exists"}]}),
            nodes(&["apart", "left", "right"]),
        ),
        (json!({"nodeName": "apart"}), nodes(&["apart"])),
        (json!({"nodeSelector": {"pool": "none"}}), nodes(&[])),
    ] {
        let (changed, notes) = apply_noting(&cluster, &[to(more.clone())]).expect("it applies");
        assert_eq!(reached(&changed, from), on, "{more}");
        assert_eq!(notes.len(), 1, "{more}: {notes:?}");
    }
    // What asks for no other node stays where it is, and so does what follows no template.
    let (same, notes) = apply_noting(&cluster, &[to(json!({"hostPID": true}))]).expect("it");
    assert_eq!((reached(&same, from), notes.len()), (nodes(&["left"]), 0));
    let held = clusters_held();
    let (same, notes) =
        apply_noting(&held, &[to(json!({"nodeSelector": {"pool": "right"}}))]).expect("it");
    assert_eq!((reached(&same, from), notes.len()), (nodes(&["left"]), 1));
    // There and back they are as they were.
    let change = to(json!({"nodeSelector": {"pool": "right"}}));
    let back = rollbacks(&cluster, std::slice::from_ref(&change));
    let all: Vec<Change> = std::iter::once(change).chain(back).collect();
    assert_eq!(pods(&apply(&cluster, &all).expect("it applies")), pods(&cluster));
}

fn clusters_held() -> Cluster {
    cluster(running("Deployment", Some("left"), &json!({"paused": true})))
}

#[test]
fn more_replicas_may_be_anywhere_and_fewer_may_be_any() {
    let kind = WorkloadKind::StatefulSet;
    let cluster = cluster(running("StatefulSet", Some("left"), &json!({"replicas": 2})));
    let from = "workload/StatefulSet/a/x";
    let scaled = |replicas: i64| {
        let (changed, notes) =
            apply_noting(&cluster, &[patched(kind, &json!({"replicas": replicas}))]).expect("it");
        (reached(&changed, from), notes.len())
    };
    assert_eq!(scaled(2), (nodes(&["left"]), 0));
    assert_eq!(scaled(3), (nodes(&["left", "right"]), 1));
    assert_eq!(scaled(1), (nodes(&["left"]), 1), "which one goes is not known");
    assert_eq!(scaled(0), (nodes(&[]), 0));
    // Without a pod before, although it could have had one, there is none after either.
    let idle = self::cluster(running("CronJob", None, &json!({})));
    let label =
        json!({"jobTemplate": {"spec": {"template": {"metadata": {"labels": {"b": "c"}}}}}});
    let (changed, notes) =
        apply_noting(&idle, &[patched(WorkloadKind::CronJob, &label)]).expect("it applies");
    assert!(pods(&changed).is_empty());
    assert!(notes.len() == 1 && notes[0].contains("has no pod now"), "{notes:?}");
    // Let go, it has.
    let off = self::cluster(running("CronJob", None, &json!({"suspend": true})));
    let on = patched(WorkloadKind::CronJob, &json!({"suspend": false}));
    let changed = apply(&off, &[on]).expect("it applies");
    assert_eq!(reached(&changed, "workload/CronJob/a/x"), nodes(&["left", "right"]));
}
