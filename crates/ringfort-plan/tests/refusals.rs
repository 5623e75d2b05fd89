//! Changes that the API server refuses, and their like that it takes.

use ringfort_model::Cluster;
use ringfort_plan::{Change, apply};
use serde_json::{Value, json};

mod clusters;

fn cluster() -> Cluster {
    let labels = json!({"app": "x"});
    let template = json!({"metadata": {"labels": labels}, "spec": {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [{"name": "c", "image": "i",
            "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}});
    let workload = |version: &str, kind: &str, selector: Value| {
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": "w", "namespace": "a"},
            "spec": {"replicas": 1, "selector": selector, "template": template}})
    };
    let role = |kind: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": "r", "namespace": "a"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]})
    };
    clusters::cluster(&[
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {
            "pod-security.kubernetes.io/audit": "strict"}}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ending",
            "deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Terminating"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}),
        workload("apps/v1", "Deployment", json!({"matchLabels": labels})),
        workload("apps/v1", "StatefulSet", json!({"matchLabels": labels})),
        workload("v1", "ReplicationController", labels.clone()),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a"},
            "spec": {"type": "NodePort", "clusterIP": "10.96.0.9", "selector": labels,
                "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30080}]}}),
        role("Role"),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "r", "namespace": "a"}, "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "a", "name": "default"}]}),
    ])
}

/// Why a change is not made; nothing if it is.
fn refusal(change: &Value) -> String {
    let changes = match Change::read(change) {
        Ok(changes) => changes,
        Err(error) => return error.to_string(),
    };
    apply(&cluster(), &changes).err().map_or_else(String::new, |error| error.to_string())
}

fn merge(kind: &str, name: &str, merge: &Value) -> Value {
    json!({"kind": kind, "namespace": if kind == "Namespace" { "" } else { "a" }, "name": name,
        "merge": merge})
}

fn create(namespace: &str, object: Value) -> Value {
    let mut object = object;
    object["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
    object["metadata"] = json!({"name": "new", "namespace": namespace});
    json!({"kind": object["kind"], "namespace": namespace, "name": "new", "create": object})
}

#[test]
fn objects_that_are_not_valid_are_refused() {
    let container = |more: Value| json!({"spec": {"template": {"spec": {"containers": [more]}}}});
    let level = |label: &str, level: &str| {
        let mut labels = json!({});
        labels[format!("pod-security.kubernetes.io/{label}")] = json!(level);
        json!({"metadata": {"labels": labels}})
    };
    let ports = |ports: Value| json!({"spec": {"ports": ports}});
    let rule = |rule: Value| json!({"rules": [rule]});
    for (kind, name, patch, reason) in [
        ("Namespace", "a", level("enforce", "basline"), "pod-security.kubernetes.io/enforce"),
        (
            "Namespace",
            "a",
            level("warn-version", "1.30"),
            "pod-security.kubernetes.io/warn-version",
        ),
        ("Namespace", "a", level("enforce", "baseline"), ""),
        ("Deployment", "w", container(json!({"name": "c"})), "containers[0].image is required"),
        ("Deployment", "w", container(json!({"image": "i"})), "containers[0].name is required"),
        (
            "Deployment",
            "w",
            json!({"spec": {"template": {"spec": {"containers": []}}}}),
            "spec.template.spec.containers is required",
        ),
        (
            "Deployment",
            "w",
            json!({"spec": {"template": {"spec": {"initContainers": [
                {"name": "c", "image": "i"}]}}}}),
            "name \"c\" is there twice",
        ),
        (
            "Deployment",
            "w",
            json!({"spec": {"template": {"spec": {"volumes": []}}}}),
            "there is no volume \"v\"",
        ),
        ("Deployment", "w", container(json!({"name": "c", "image": "other"})), ""),
        ("StatefulSet", "w", container(json!({"name": "c"})), ""),
        ("Deployment", "w", json!({"spec": {"replicas": -1}}), "spec.replicas is less than 0"),
        ("Deployment", "w", json!({"spec": {"replicas": 0}}), ""),
        ("Service", "s", ports(json!([])), "spec.ports is required"),
        ("Service", "s", ports(json!([{"port": 0}])), "spec.ports[0].port"),
        ("Service", "s", ports(json!([{"port": 1, "protocol": "ICMP"}])), "spec.ports[0].protocol"),
        ("Service", "s", ports(json!([{"port": 1}, {"port": 2}])), "spec.ports[0].name"),
        (
            "Service",
            "s",
            json!({"spec": {"type": "Foo"}}),
            "spec.type \"Foo\" is none of ClusterIP",
        ),
        (
            "Service",
            "s",
            json!({"spec": {"type": "ExternalName"}}),
            "spec.externalName is required",
        ),
        ("Service", "s", json!({"spec": {"type": "ClusterIP"}}), ""),
        ("Role", "r", rule(json!({"apiGroups": [""], "resources": ["pods"]})), "rules[0].verbs"),
        ("Role", "r", rule(json!({"resources": ["pods"], "verbs": ["get"]})), "rules[0].apiGroups"),
        (
            "Role",
            "r",
            rule(json!({"nonResourceURLs": ["/x"], "verbs": ["get"]})),
            "rules[0].nonResourceURLs",
        ),
        ("Role", "r", json!({"rules": []}), ""),
        (
            "RoleBinding",
            "r",
            json!({"subjects": [{"kind": "Robot", "name": "x"}]}),
            "subjects[0].kind",
        ),
        ("RoleBinding", "r", json!({"subjects": [{"kind": "User", "name": "x"}]}), ""),
        ("RoleBinding", "r", json!({"subjects": null}), ""),
    ] {
        let said = refusal(&merge(kind, name, &patch));
        assert!(said.contains(reason), "{kind} {patch}: {said}");
        assert_eq!(said.is_empty(), reason.is_empty(), "{kind} {patch}: {said}");
    }
    // What was not valid before is no reason against another change.
    assert_eq!(refusal(&merge("Namespace", "a", &json!({"metadata": {"labels": {"x": "y"}}}))), "");
}

#[test]
fn what_a_workload_chooses_cannot_be_changed() {
    let selector = |selector: Value| json!({"spec": {"selector": selector}});
    for (kind, patch, reason) in [
        (
            "Deployment",
            selector(json!({"matchLabels": {"x": "y"}})),
            "spec.selector cannot be changed",
        ),
        ("StatefulSet", selector(json!({"matchLabels": {"app": "y"}})), "spec.selector cannot be"),
        ("Deployment", selector(json!({"matchLabels": {"app": "x"}})), ""),
        ("ReplicationController", selector(json!({"x": "y"})), "does not choose"),
        (
            "ReplicationController",
            json!({"spec": {"selector": {"x": "y"},
                "template": {"metadata": {"labels": {"x": "y"}}}}}),
            "",
        ),
    ] {
        let said = refusal(&merge(kind, "w", &patch));
        assert!(said.contains(reason), "{kind} {patch}: {said}");
        assert_eq!(said.is_empty(), reason.is_empty(), "{kind} {patch}: {said}");
    }
}

#[test]
fn nothing_is_made_where_there_is_no_namespace_for_it() {
    let role = |rules: Value| json!({"kind": "Role", "rules": rules});
    let get = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    for (change, reason) in [
        (create("nowhere", role(get.clone())), "there is no namespace nowhere"),
        (create("ending", role(get.clone())), "namespace ending is being deleted"),
        (create("a", role(json!([{"verbs": ["get"]}]))), "rules[0].apiGroups is required"),
        (create("a", role(get.clone())), ""),
        (json!({"kind": "Namespace", "name": "kube-system", "delete": true}), "may not be deleted"),
        (json!({"kind": "Namespace", "name": "a", "delete": true}), ""),
        // What was deleted before takes nothing any more.
        (
            json!([{"kind": "Namespace", "name": "a", "delete": true}, create("a", role(get))]),
            "there is no namespace a",
        ),
    ] {
        let said = refusal(&change);
        assert!(said.contains(reason), "{change}: {said}");
        assert_eq!(said.is_empty(), reason.is_empty(), "{change}: {said}");
    }
}

#[test]
fn a_change_does_one_thing() {
    let two = json!({"kind": "Namespace", "name": "a", "delete": true, "merge": {}});
    assert_eq!(refusal(&two), "no change: one change of Namespace a with merge and delete");
    let one = json!({"kind": "Namespace", "name": "a", "delete": false, "merge": {}});
    assert_eq!(refusal(&one), "");
}
