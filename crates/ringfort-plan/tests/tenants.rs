//! Tenants are pairs of names with many positions: what is asked, cut and counted are the names.

use ringfort_attack::{Attack, Engines};
use ringfort_model::Cluster;
use ringfort_plan::{Pair, Plan, PlanFile, Question, Wish, Work, plan, what_if_asked};
use serde_json::{Value, json};

mod clusters;

const IMAGE: &str = "x/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn pod(namespace: &str, image: &str, port: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace,
            "labels": {"app": namespace}},
        "spec": {"nodeName": namespace, "serviceAccountName": "default", "containers": [
            {"name": "c", "image": image, "ports": [{"containerPort": port}], "volumeMounts": [
                {"name": "kube-api-access-x", "readOnly": true,
                    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
            "volumes": [{"name": "kube-api-access-x", "projected": {"sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]}}]},
        "status": {"phase": "Running", "podIP": "10.42.0.8"}})
}

/// A namespace of each tenant, with a pod on a node of its own. That of `b` runs a Redis that asks
/// nobody; no object decides that.
fn tenants(names: &[&str]) -> Vec<Value> {
    let mut objects = Vec::new();
    for name in names {
        objects.extend([
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}),
            json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"tenant": name.to_uppercase()}}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": name}}),
            match *name {
                "b" => pod(name, "docker.io/library/redis:7", 6379),
                _ => pod(name, IMAGE, 8080),
            },
        ]);
    }
    objects
}

/// The account of `a` reads two Secrets of `c`.
fn granted() -> Vec<Value> {
    let secret = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "c"},
            "type": "Opaque"})
    };
    vec![
        secret("one"),
        secret("two"),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "r", "namespace": "c"}, "rules": [
                {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "r", "namespace": "c"}, "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "a", "name": "default"}]}),
    ]
}

fn question() -> Question {
    Question { tenants: Some("tenant".into()), ..Question::default() }
}

/// The plan, which a check confirms and whose changes leave what it says.
fn planned(cluster: &Cluster) -> Plan {
    let wish = Wish { question: question(), ..Wish::default() };
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut work = Work { visits: u64::MAX, stop: &mut || false };
    let plan = plan(cluster, &attack, &wish, &mut work).expect("a plan");
    assert_eq!(plan.disagreements(), Vec::<&Pair>::new());
    let checked = PlanFile::new(&attack, &wish, &plan).check(cluster, &attack, &mut || false);
    assert_eq!(checked.map_err(|error| error.to_string()), Ok(plan.closing().to_string()));
    let tried = what_if_asked(cluster, &plan.changes, &question()).expect("it applies");
    assert_eq!(tried.left, plan.after.iter().cloned().collect::<Vec<_>>());
    plan
}

fn pair(from: &str, to: &str) -> Pair {
    (format!("tenant/{from}"), format!("tenant/{to}"))
}

#[test]
fn no_change_is_spent_on_a_pair_that_stays() {
    let plan = planned(&clusters::cluster(&tenants(&["a", "b"])));
    // The token of the pod of `b` could be taken away, and `a` would still run commands in it.
    assert_eq!(plan.fixes, Vec::new());
    assert_eq!(plan.residual.iter().map(|one| &one.pair).collect::<Vec<_>>(), [&pair("A", "B")]);
    assert_eq!(plan.before, plan.after);
    assert!(plan.closing().to_string().ends_with("0 changes, cost 0, none of 1 pairs has a cut"));
}

#[test]
fn what_fixes_leave_is_counted_in_pairs_of_tenants() {
    let mut objects = tenants(&["a", "b", "c"]);
    objects.extend(granted());
    let plan = planned(&clusters::cluster(&objects));
    assert!(plan.before.contains(&pair("A", "C")) && !plan.after.contains(&pair("A", "C")));
    assert!(plan.before.contains(&pair("C", "B")) && plan.after.contains(&pair("C", "B")));
    let points = plan.curve.iter().map(|one| (one.pairs, one.targets, one.entries, one.at_least));
    // Two Secrets, one pair; those without a cut are none of them.
    assert_eq!(points.collect::<Vec<_>>(), [(1, 1, 1, 1), (0, 0, 0, 0)]);
    assert!(plan.closing().to_string().ends_with("optimal"), "{}", plan.closing());
}
