//! What a change lays bare is cut as well, also where the object that the change edits has other
//! positions and other values by then.

use ringfort_attack::{Attack, Engines};
use ringfort_model::Cluster;
use ringfort_plan::edits::changes;
use ringfort_plan::{Pair, Plan, PlanFile, Question, Wish, Work, plan, tried};
use serde_json::{Value, json};

mod clusters;

const RBAC: &str = "rbac.authorization.k8s.io";

fn rule(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources})
}

/// A pod of a mutable image whose account holds the rules everywhere. Behind a binding for the
/// cluster lie those for each namespace, which the graph does not draw beside it.
fn cluster(rules: &Value) -> Cluster {
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n",
            "labels": {"node-role.kubernetes.io/control-plane": ""}}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "s", "namespace": "a"}}),
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
            "metadata": {"name": "r"}, "rules": rules}),
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
            "metadata": {"name": "everything"}, "rules": [rule(&["*"], "*", &["*"])]}),
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding",
            "metadata": {"name": "b"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "a"}]}),
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "a", "uid": "p"},
            "spec": {"nodeName": "n", "serviceAccountName": "s", "containers": [{"name": "c",
                "image": "example.com/i:1", "volumeMounts": [{"name": "kube-api-access-abcde",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
                "volumes": [{"name": "kube-api-access-abcde", "projected": {"sources": [
                    {"serviceAccountToken": {"path": "token"}}]}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"}}),
    ];
    for name in ["a", "b", "kube-system"] {
        let meta = json!({"name": name});
        objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta}));
    }
    clusters::cluster(&objects)
}

fn planned(attack: &Attack<'_>, cluster: &Cluster, wish: &Wish) -> Plan {
    let mut work = Work { visits: u64::MAX, stop: &mut || false };
    plan(cluster, attack, wish, &mut work).expect("a plan")
}

/// Plans without the fixes that would end everything at once, so that rules are narrowed.
fn completed(rules: &Value) -> Vec<String> {
    let cluster = cluster(rules);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let wish = Wish {
        forbid: ["no-token*", "delete*", "enforce*"].map(str::to_owned).to_vec(),
        ..Wish::default()
    };
    let plan = planned(&attack, &cluster, &wish);
    assert_eq!(plan.disagreements(), Vec::<&Pair>::new(), "{}", plan.closing());
    assert!(plan.after.is_empty() && !plan.before.is_empty(), "{}", plan.closing());
    let file = PlanFile::new(&attack, &wish, &plan);
    let checked = file.check(&cluster, &attack, &mut || false).map_err(|error| error.to_string());
    assert_eq!(checked, Ok(plan.closing().to_string()));
    // None can be left out.
    for without in &plan.fixes {
        let rest = plan.fixes.iter().filter(|fix| fix.id != without.id);
        let patches = changes(rest.flat_map(|fix| &fix.edits));
        let left = tried(&cluster, &attack, &patches, &Question::default()).expect("it applies");
        assert!(!left.is_empty(), "{} changes nothing", without.id);
    }
    plan.fixes.iter().map(|fix| fix.id.clone()).collect()
}

#[test]
fn behind_a_rule_that_went_the_others_have_moved() {
    let pods = rule(&["create"], "", &["pods"]);
    let binds =
        rule(&["bind", "create"], RBAC, &["clusterroles", "clusterrolebindings", "rolebindings"]);
    let other = rule(&["get"], "", &["nodes"]);
    for (rules, at) in [
        (json!([pods, binds]), 1),
        (json!([binds, pods]), 0),
        (json!([other, pods, other, binds]), 3),
    ] {
        let fixes = completed(&rules);
        // Told by the position that the rule has before any change.
        assert!(
            fixes.iter().any(|id| id.contains(&format!("ClusterRole r/rules[{at}]"))),
            "{fixes:?}"
        );
        assert_eq!(fixes.len(), 2, "{fixes:?}");
    }
}

#[test]
fn a_rule_that_was_narrowed_is_narrowed_again() {
    let binds =
        rule(&["bind", "create"], RBAC, &["clusterrolebindings", "clusterroles", "rolebindings"]);
    let fixes = completed(&json!([binds, rule(&["get"], "", &["nodes"])]));
    assert!(fixes.iter().all(|id| id.contains("ClusterRole r/rules[0]")), "{fixes:?}");
}
