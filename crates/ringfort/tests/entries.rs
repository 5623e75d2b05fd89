//! Which pods an entry leads to.

use ringfort_attack::{Attack, Engines};
use ringfort_collect::{Options, read_objects};
use serde_json::{Value, json};

/// Names of the entries by the network that lead to some pod.
fn entries(objects: &[Value]) -> Vec<String> {
    let options = Options { complete: true, threads: 1, ..Options::default() };
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let cluster = read_objects(&[("x.json", list.as_bytes())], &options).expect("it reads").cluster;
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let by_network = attack.entries().filter(|(one, _)| matches!(one.vector, "V7" | "V8"));
    let mut found: Vec<String> =
        by_network.map(|(one, _)| format!("{}/{}", one.vector, one.name)).collect();
    found.dedup();
    found
}

#[test]
fn a_service_of_one_replica_leads_to_it() {
    let meta = |name: &str| json!({"namespace": "a", "name": name, "uid": name});
    let label = "statefulset.kubernetes.io/pod-name";
    let replica = |name: &str| {
        let mut meta = meta(name);
        meta["labels"] = json!({"app": "web", label: name});
        meta["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet",
            "name": "web", "uid": "web", "controller": true}]);
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"phase": "Running"},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x@sha256:0"}]}})
    };
    let service = |name: &str, pod: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(name),
            "spec": {"type": "LoadBalancer", "selector": {label: pod}, "ports": [{"port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}})
    };
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "n"}});
    let objects = [
        node,
        replica("web-0"),
        replica("web-1"),
        service("one", "web-1"),
        service("none", "web-2"),
    ];
    assert_eq!(entries(&objects), ["V7/a/one"]);
}
