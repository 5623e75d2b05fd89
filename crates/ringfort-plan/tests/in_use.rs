//! A grant costs little to take away only if nobody shows who uses it.

use ringfort_attack::{Attack, Engines};
use ringfort_plan::{Catalogue, Costs, Fix};
use serde_json::{Value, json};

mod clusters;

/// The fix that deletes the binding of `sa/a/ci`, beside some more objects.
fn deletion(more: &[Value]) -> Fix {
    let mut objects = vec![
        // A server has written it: what has no pods runs nothing.
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "uid": "a"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "ci", "namespace": "a"}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "r"}, "rules": [
                {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "ci"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "a", "name": "ci"}]}),
    ];
    objects.extend(more.iter().cloned());
    let cluster = clusters::cluster(&objects);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let mut all = attack.no_edges();
    (0..attack.graph.edge_count()).for_each(|at| _ = all.insert(at));
    let fixes = Catalogue::new(&attack, &all, &Costs::default()).fixes;
    let found = fixes.into_iter().find(|fix| fix.id == "delete:ClusterRoleBinding ci");
    found.expect("the binding can be deleted")
}

fn workload(kind: &str, spec: &Value) -> Value {
    let version = if kind == "Deployment" { "apps/v1" } else { "batch/v1" };
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "w", "namespace": "a"},
        "spec": spec})
}

fn template() -> Value {
    json!({"spec": {"serviceAccountName": "ci", "containers": [{"name": "c", "image": "i"}]}})
}

fn token(kind: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": "t",
        "namespace": "a", "annotations": {"kubernetes.io/service-account.name": "ci"}}})
}

#[test]
fn what_runs_nothing_now_uses_its_account() {
    let costs = Costs::default();
    for (object, says) in [
        (
            workload("Deployment", &json!({"replicas": 0, "template": template()})),
            "sa/a/ci is used by workload/Deployment/a/w (runs nothing now)",
        ),
        (
            workload(
                "CronJob",
                &json!({"suspend": true,
                "jobTemplate": {"spec": {"template": template()}}}),
            ),
            "sa/a/ci is used by workload/CronJob/a/w (runs nothing now)",
        ),
        (
            workload("Job", &json!({"suspend": true, "template": template()})),
            "sa/a/ci is used by workload/Job/a/w (runs nothing now)",
        ),
        (
            token("kubernetes.io/service-account-token"),
            "sa/a/ci: holds a token Secret; whether it is in use is not visible",
        ),
    ] {
        let fix = deletion(&[object]);
        assert_eq!((fix.cost, fix.breaks), (costs.workload, vec![says.to_owned()]));
    }
}

#[test]
fn what_nobody_shows_a_use_of_costs_little() {
    let costs = Costs::default();
    let done = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p",
        "namespace": "a"}, "spec": template()["spec"], "status": {"phase": "Succeeded"}});
    for more in [
        vec![],
        // It has run.
        vec![workload("Job", &json!({"template": template()})), done.clone()],
        vec![done],
        vec![token("Opaque")],
    ] {
        let fix = deletion(&more);
        assert_eq!((fix.cost, fix.breaks), (costs.label, Vec::new()), "{more:?}");
    }
}
