//! Where nothing leads from one position to another, `why-not` names what holds it back, and agrees
//! with `exposure-of`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn answer(file: &Path, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    let place = file.to_str().expect("a plain path");
    let more = ["--cluster", place, "--complete", "--k8s-version", "1.36", "-f", "json"];
    let output = command.arg("-q").args(arguments).args(more).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn written(name: &str, items: &[Value]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("why-not-{name}-{}.json", std::process::id()));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(&path, list.to_string()).expect("the file can be written");
    path
}

/// What stops the way between two positions. What would reach the second is asked both ways.
fn stopped(name: &str, items: &[Value], from: &str, to: &str) -> Value {
    let file = written(name, items);
    let why = answer(&file, &["why-not", from, to]);
    assert_eq!(why["connected"], false, "{why:#}");
    let exposed = answer(&file, &["exposure-of", to]);
    assert_eq!(why["reached_from"], exposed["reached_from"]);
    let sources = why["reached_from"].as_array().expect("groups").iter();
    let ids = sources.flat_map(|group| group["ids"].as_array().expect("ids"));
    assert!(ids.clone().count() > 0 && !ids.clone().any(|id| id == from), "{why:#}");
    std::fs::remove_file(file).expect("it was written");
    why["stopped_by"].clone()
}

/// A node, and an account of namespace `a` that makes pods and has one.
fn maker(namespace: &Value) -> Vec<Value> {
    let rbac = "rbac.authorization.k8s.io";
    vec![
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        namespace.clone(),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "s", "namespace": "a"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
            "spec": {"nodeName": "n", "serviceAccountName": "s", "containers": [
                {"name": "c", "image": "example.com/app@sha256:0"}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"}}),
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role",
            "metadata": {"name": "r", "namespace": "a"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]}),
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding",
            "metadata": {"name": "r", "namespace": "a"},
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "a"}]}),
    ]
}

#[test]
fn admission_that_keeps_pods_on_their_side_is_named() {
    let namespace = |labels: Value| {
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "a", "labels": labels}})
    };
    let strict = namespace(json!({"pod-security.kubernetes.io/enforce": "restricted"}));
    let by = stopped("level", &maker(&strict), "sa/a/s", "impact/node");
    let says = "Pod Security level restricted: no pod of namespace a that leaves to its node";
    assert_eq!(by, json!([says]));

    let mut full = maker(&namespace(json!({})));
    full.push(json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "a"}, "spec": {"hard": {"pods": "0"}},
        "status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}));
    let by = stopped("quota", &full, "sa/a/s", "impact/node");
    assert_eq!(by, json!(["ResourceQuota a/q allows no pods"]));

    // Who may make none is held back by nothing of that.
    let mut none = maker(&strict);
    none.retain(|object| object["kind"] != "RoleBinding");
    assert_eq!(stopped("none", &none, "sa/a/s", "impact/node"), json!([]));
}

#[test]
fn policies_that_isolate_what_asks_nobody_are_named() {
    let pod = |namespace: &str, name: &str, image: &str, ip: &str| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
            "spec": {"nodeName": "n", "automountServiceAccountToken": false, "containers": [
                {"name": "c", "image": image, "ports": [{"containerPort": 6379}]}]},
            "status": {"phase": "Running", "podIP": ip}})
    };
    let namespace = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
            "labels": {"kubernetes.io/metadata.name": name}}})
    };
    let mut agent = pod("kube-system", "calico-node", "docker.io/calico/node:v3.29.0", "10.1.0.1");
    agent["metadata"]["labels"] = json!({"k8s-app": "calico-node"});
    agent["spec"]["hostNetwork"] = json!(true);
    agent["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "DaemonSet",
        "name": "calico-node", "uid": "u", "controller": true}]);
    let items = [
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        namespace("a"),
        namespace("b"),
        namespace("kube-system"),
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": {"name": "calico-node", "namespace": "kube-system", "uid": "u",
                "labels": {"k8s-app": "calico-node"}},
            "spec": {"selector": {"matchLabels": {"k8s-app": "calico-node"}}, "template": {
                "metadata": agent["metadata"], "spec": agent["spec"]}}}),
        agent,
        pod("a", "data", "docker.io/library/redis:7", "10.0.0.1"),
        pod("b", "web", "example.com/app@sha256:0", "10.0.0.2"),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "deny", "namespace": "a"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
    ];
    let by = stopped("policy", &items, "pod/b/web", "pod/a/data");
    assert_eq!(by, json!(["NetworkPolicy a/deny bounds traffic to pod/a/data"]));
    // What is not enforced holds nobody back: without the policy it leads there.
    let open: Vec<Value> =
        items.iter().filter(|object| object["kind"] != "NetworkPolicy").cloned().collect();
    let file = written("open", &open);
    assert_eq!(answer(&file, &["why-not", "pod/b/web", "pod/a/data"])["connected"], true);
    std::fs::remove_file(file).expect("it was written");
}
