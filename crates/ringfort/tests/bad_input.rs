//! Input that an API server would refuse, as a user meets it: a clear error that names object and
//! field, unknown for what that object decides, and everything else computed.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn ringfort(arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    let output = command.arg("-q").args(arguments).output().expect("the program starts");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).expect("output is UTF-8"), output.status.code())
}

fn pod(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name,
        "labels": {"app": name}}, "spec": {"nodeName": "n", "containers": [
            {"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]},
        "status": {"phase": "Running"}})
}

/// A folder with two namespaces, an agent that enforces policies, and the object in question.
fn folder(name: &str, bad: &Value) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bad-input-{name}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    let meta = |name: &str| json!({"namespace": "kube-system", "name": name});
    // Kinds are enforced by who knows them.
    let is_cilium = bad["apiVersion"].as_str().is_some_and(|group| group.starts_with("cilium"));
    let (container, image) = match is_cilium {
        true => ("cilium-agent", "quay.io/cilium/cilium:v1.17.1"),
        false => ("c", "quay.io/calico/node:v3"),
    };
    let agent = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("agent"),
        "spec": {"selector": {}, "template": {"spec": {"hostNetwork": true,
            "containers": [{"name": container, "image": image}]}}}});
    let deny = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "good", "name": "deny"}, "spec": {"podSelector": {}}});
    let objects =
        [pod("bad", "web"), pod("bad", "other"), pod("good", "web"), agent, deny, bad.clone()];
    for (at, object) in objects.iter().enumerate() {
        std::fs::write(path.join(format!("{at}.json")), object.to_string()).expect("a file");
    }
    path
}

fn policy(spec: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "bad", "name": "p"}, "spec": spec})
}

/// The error stands in `reach` and in a scan; the pods that the policy selects are unknown, those
/// of another namespace are denied as their own policy says.
fn says(name: &str, bad: &Value, object: &str, field: &str, others: Option<&str>) {
    let path = folder(name, bad);
    let source = path.to_str().expect("a path in UTF-8");
    let reach =
        |from: &str, to: &str| ringfort(&["reach", from, to, "--cluster", source, "--exit-code"]);
    let (text, code) = reach("pod/good/web", "pod/bad/web");
    let error = format!("error: {object}: field {field}: ");
    assert!(text.contains(&error), "{name}: no \"{error}\" in\n{text}");
    assert_eq!(code, Some(4), "{name}: unknown\n{text}");
    assert_eq!(reach("pod/bad/web", "pod/good/web").1, Some(3), "{name}: denied as ever");
    if let Some(other) = others {
        assert_eq!(reach("pod/good/web", other).1, Some(0), "{name}: what it does not select");
    }
    let (report, code) = ringfort(&["scan", source, "-f", "json"]);
    assert_eq!(code, Some(0));
    let report: Value = serde_json::from_str(&report).expect("a report");
    let gaps = report["gaps"].as_array().expect("gaps");
    let found = gaps.iter().any(|gap| {
        let reason = gap["reason"].as_str().expect("a reason");
        gap["subject"] == object && (reason.contains(field))
    });
    assert!(found, "{name}: {gaps:?}");
}

#[test]
fn policies_that_a_server_would_refuse() {
    let web = json!({"matchLabels": {"app": "web"}});
    let rule = |rule: Value| policy(json!({"podSelector": web, "ingress": [rule]}));
    let object = "NetworkPolicy bad/p";
    let other = Some("pod/bad/other");
    says(
        "operator",
        &policy(json!({"podSelector": {"matchExpressions": [
            {"key": "app", "operator": "Like", "values": ["web"]}]}})),
        object,
        "spec.podSelector.matchExpressions[0].operator",
        None,
    );
    says(
        "peer-operator",
        &rule(
            json!({"from": [{"podSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}]}),
        ),
        object,
        "spec.ingress[0].from[0].podSelector.matchExpressions[0].values",
        other,
    );
    says(
        "cidr",
        &rule(json!({"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]})),
        object,
        "spec.ingress[0].from[0].ipBlock.cidr",
        other,
    );
    says(
        "port",
        &rule(json!({"ports": [{"port": 70000}]})),
        object,
        "spec.ingress[0].ports[0].port",
        other,
    );
    says(
        "label",
        &policy(json!({"podSelector": {"matchLabels": {"app": "not a value!"}}})),
        object,
        "spec.podSelector.matchLabels[app]",
        None,
    );
    says("shape", &policy(json!({"podSelector": "web"})), object, "spec", None);
    let mut version = policy(json!({"podSelector": web}));
    version["apiVersion"] = json!("networking.k8s.io/v9");
    says("version", &version, object, "apiVersion", None);
}

#[test]
fn policies_of_other_kinds_that_their_controllers_would_refuse() {
    let calico = |spec: Value| {
        json!({"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy",
            "metadata": {"namespace": "bad", "name": "p"}, "spec": spec})
    };
    let object = "CalicoNetworkPolicy bad/p";
    says("calico-selector", &calico(json!({"selector": "app == "})), object, "spec.selector", None);
    says(
        "calico-net",
        &calico(json!({"selector": "app == 'web'",
            "ingress": [{"action": "Allow", "source": {"nets": ["10.0.0.0/99"]}}]})),
        object,
        "spec.ingress[0].source.nets[0]",
        Some("pod/bad/other"),
    );
    let cilium = json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"namespace": "bad", "name": "p"}, "spec": {
            "endpointSelector": {"matchLabels": {"app": "web"}},
            "ingress": [{"toPorts": [{"ports": [{"port": "99999"}]}]}]}});
    says(
        "cilium-port",
        &cilium,
        "CiliumNetworkPolicy bad/p",
        "spec.ingress[0].toPorts[0].ports[0].port",
        Some("pod/bad/other"),
    );
}

/// What is wrong with admission stands in a scan, and so does an object of a version that no
/// server has.
#[test]
fn other_objects_that_a_server_would_refuse() {
    let gaps = |name: &str, bad: &Value| {
        let path = folder(name, bad);
        let (report, code) =
            ringfort(&["scan", path.to_str().expect("a path in UTF-8"), "-f", "json"]);
        assert_eq!(code, Some(0));
        let report: Value = serde_json::from_str(&report).expect("a report");
        report["gaps"].to_string()
    };
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": {
            "validations": [{"expression": "object.spec."}]}});
    let found = gaps("expression", &policy);
    assert!(found.contains("ValidatingAdmissionPolicy p"), "{found}");
    assert!(found.contains("spec.validations[0].expression: does not parse"), "{found}");
    let webhook = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"}, "webhooks": [
            {"name": "w.example.com", "namespaceSelector": {"matchExpressions": [
                {"key": "a", "operator": "Like"}]}}]});
    let found = gaps("webhook", &webhook);
    assert!(found.contains("webhooks[0].namespaceSelector"), "{found}");
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v9", "kind": "ClusterRole",
        "metadata": {"name": "r"}, "rules": []});
    let found = gaps("role", &role);
    assert!(found.contains("ClusterRole r: apiVersion:"), "{found}");
}
