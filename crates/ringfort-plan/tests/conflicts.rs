//! Plans whose changes stand in each other's way: a namespace that gets stricter than the pods that
//! another change makes again, and several changes of one object. What is claimed of them holds: each
//! is tried, its patches apply one after the other, and none takes back what another did.

use std::collections::BTreeSet;

use ringfort_attack::{Attack, Engines, techniques};
use ringfort_graph::EdgeId;
use ringfort_model::Cluster;
use ringfort_plan::{
    Change, GoalText, Plan, PlanFile, Question, Wish, Work, apply, patches, plan, tried,
};
use serde_json::{Value, json};

mod clusters;

const RBAC: &str = "rbac.authorization.k8s.io";

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": "a", "uid": name})
}

fn rule(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources})
}

fn role(name: &str, rules: &Value) -> Value {
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "Role", "metadata": meta(name), "rules": rules})
}

fn binding(name: &str, subjects: &[&str]) -> Value {
    let subject = |one: &&str| json!({"kind": "ServiceAccount", "name": one, "namespace": "a"});
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "RoleBinding", "metadata": meta(name),
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": subjects.iter().map(subject).collect::<Vec<_>>()})
}

fn account(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(name)})
}

/// A Deployment with its set and its pod, all of one specification.
fn deployment(spec: &Value) -> Vec<Value> {
    let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": spec});
    let owned = |name: &str, kind: &str, owner: &str| {
        json!({"name": name, "namespace": "a", "uid": name, "labels": {"app": "x"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": owner,
                "controller": true}]})
    };
    let mut running = spec.clone();
    running["nodeName"] = json!("n");
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("x"),
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": template}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": owned("x-1", "Deployment", "x"),
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": template}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": owned("x-1-a", "ReplicaSet", "x-1"),
            "spec": running, "status": {"phase": "Running", "podIP": "10.0.0.1"}}),
    ]
}

fn cluster(objects: &[Value]) -> Cluster {
    let mut all = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        account("default"),
    ];
    all.extend_from_slice(objects);
    clusters::cluster(&all)
}

/// An edge by its ends and its technique.
type Named = (String, String, Option<&'static str>);

fn named(attack: &Attack<'_>, edge: EdgeId) -> Named {
    let ends = attack.graph.edge(edge);
    let id = |node| attack.id(attack.key(node));
    let technique = attack.edge(edge).technique.map(|at| techniques::ALL[usize::from(at)].id);
    (id(ends.from), id(ends.to), technique)
}

/// Plans, and holds the plan to what it claims.
fn held(cluster: &Cluster, goals: &[&str], forbid: &[&str]) -> Plan {
    let goals: Vec<GoalText> = goals.iter().map(|goal| goal.parse().expect("a goal")).collect();
    let question = Question { goals, ..Question::default() };
    let forbid: Vec<String> = forbid.iter().map(|one| (*one).to_owned()).collect();
    let wish = Wish { question: question.clone(), forbid, ..Wish::default() };
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut work = Work { visits: u64::MAX, stop: &mut || false };
    let plan = plan(cluster, &attack, &wish, &mut work).expect("a plan");
    let ids: Vec<&str> = plan.fixes.iter().map(|fix| fix.id.as_str()).collect();
    // One after the other they apply, each as written for the cluster before it.
    let steps: Vec<Change> = patches(cluster, &plan).into_iter().map(|(_, step)| step).collect();
    for count in 1..=steps.len() {
        apply(cluster, &steps[..count]).unwrap_or_else(|error| panic!("{ids:?}: {error}"));
    }
    // In order and at once they leave the same, which is what is claimed.
    let after = tried(cluster, &attack, &steps, &question).expect("they apply");
    assert_eq!(after, plan.after, "{ids:?}");
    assert_eq!(tried(cluster, &attack, &plan.changes, &question).expect("they apply"), after);
    // What a change cuts by itself stays cut.
    let end = apply(cluster, &steps).expect("they apply");
    let engines = Engines::new(&end);
    let at_end = Attack::new(&end, &engines);
    let left: BTreeSet<Named> =
        (0..at_end.graph.edge_count()).map(|at| named(&at_end, EdgeId(at as u32))).collect();
    for (&edge, &fix) in &plan.cut {
        let edge = named(&attack, edge);
        assert!(!left.contains(&edge), "{ids:?}: {} was taken back: {edge:?}", ids[fix]);
    }
    if plan.disagreements().is_empty() {
        let file = PlanFile::new(&attack, &wish, &plan);
        let checked =
            file.check(cluster, &attack, &mut || false).map_err(|error| error.to_string());
        assert_eq!(checked, Ok(plan.closing().to_string()), "{ids:?}");
    }
    plan
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.fixes.iter().map(|fix| fix.id.as_str()).collect()
}

/// What a namespace's label and a pod's fix have in common: pods that somebody may make, and a
/// privileged Deployment, which a stricter namespace does not let in again.
fn strict(more: &Value) -> Vec<Value> {
    let mut spec = json!({"containers": [{"name": "c", "image": "i@sha256:0",
        "securityContext": {"privileged": true}}]});
    for (key, value) in more.as_object().expect("fields") {
        spec[key] = value.clone();
    }
    let mut objects = deployment(&spec);
    objects.extend([
        account("maker"),
        role("maker", &json!([rule(&["create"], "", &["pods"])])),
        binding("maker", &["maker"]),
    ]);
    objects
}

const BOTH: [&str; 2] =
    ["no path from sa/a/maker to node/n", "no path from workload/Deployment/a/x to node/n"];

/// Forbids what cuts who makes pods, beside the label.
const ROLES: [&str; 2] = ["delete:RoleBinding*", "drop:Role*"];

fn is_privileged(cluster: &Cluster, plan: &Plan) -> bool {
    let steps: Vec<Change> = patches(cluster, plan).into_iter().map(|(_, step)| step).collect();
    let end = apply(cluster, &steps).expect("they apply");
    let mut pods = end.pods.in_namespace("a");
    pods.any(|(_, pod)| {
        let container = &pod.spec.containers[0];
        container.security_context.as_ref().and_then(|one| one.privileged) == Some(true)
    })
}

#[test]
fn a_label_and_pods_that_it_lets_in_go_together() {
    let cluster = cluster(&strict(&json!({})));
    let plan = held(&cluster, &BOTH, &ROLES);
    // The pods first: they are made again before the namespace is stricter.
    assert_eq!(ids(&plan), ["unset:c:privileged:Deployment a/x", "enforce-baseline:a"]);
    assert!(plan.after.is_empty() && plan.disagreements().is_empty(), "{}", plan.closing());
    assert!(!is_privileged(&cluster, &plan));
}

#[test]
fn a_label_that_refuses_pods_of_another_change_gives_way_to_what_is_dearer() {
    // So many who make pods that the label is cheaper than each of their grants.
    let name = |at: usize| format!("m{at:02}");
    let goal = |at: usize| format!("no path from sa/a/{} to node/n", name(at));
    let makers = (0..12).flat_map(|at| {
        let rules = json!([rule(&["create"], "", &["pods"])]);
        [account(&name(at)), role(&name(at), &rules), binding(&name(at), &[&name(at)])]
    });
    let makers: Vec<Value> = makers.collect();
    let goals: Vec<String> = (0..12).map(goal).collect();
    let many: Vec<&str> = goals.iter().map(String::as_str).collect();
    let fitting = cluster(&[strict(&json!({})), makers.clone()].concat());
    assert_eq!(held(&fitting, &many[..3], &[]).fixes.len(), 3, "few grants are cheaper");
    assert_eq!(ids(&held(&fitting, &many, &[])), ["enforce-baseline:a"], "many are dearer");
    for more in [json!({"hostNetwork": true}), json!({"hostIPC": true})] {
        let mut objects = strict(&more);
        objects.extend(makers.clone());
        let cluster = cluster(&objects);
        let all: Vec<&str> = BOTH.into_iter().chain(many.iter().copied()).collect();
        let plan = held(&cluster, &all, &[]);
        assert!(plan.after.is_empty() && plan.disagreements().is_empty(), "{}", plan.closing());
        assert!(ids(&plan).iter().all(|id| !id.starts_with("enforce")), "{:?}", ids(&plan));
        assert_eq!(plan.fixes.len(), 14, "{:?}", ids(&plan));
        assert!(!is_privileged(&cluster, &plan));
        // The proof is that of the cheaper cut, so that nothing says that none is cheaper.
        assert!(plan.closing().to_string().contains("gap"), "{}", plan.closing());
    }
}

#[test]
fn what_only_such_a_label_cuts_is_left_and_told() {
    let cluster = cluster(&strict(&json!({"hostNetwork": true})));
    let plan = held(&cluster, &BOTH, &ROLES);
    assert_eq!(ids(&plan), ["unset:c:privileged:Deployment a/x"]);
    let left: Vec<(&str, &str)> =
        plan.opened.keys().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    assert_eq!(left, [("sa/a/maker", "node/n")]);
    assert_eq!(plan.disagreements().len(), 1, "nothing else is left: {}", plan.closing());
    assert!(plan.opened.values().all(|reason| reason.contains("refuse")), "{:?}", plan.opened);
    assert!(plan.closing().to_string().contains("not proved"), "{}", plan.closing());
    assert!(!is_privileged(&cluster, &plan), "the pods are made again");
}

/// Positions in a list move as others of it go.
#[test]
fn changes_of_one_object_are_made_of_what_the_others_leave() {
    let rules = [
        rule(&["create"], "", &["pods"]),
        rule(&["get"], "", &["pods"]),
        rule(&["create"], "apps", &["deployments"]),
        rule(&["create", "get"], "batch", &["jobs", "cronjobs"]),
    ];
    let objects = [
        account("one"),
        account("two"),
        account("three"),
        role("r", &json!(rules)),
        binding("r", &["one", "two", "three"]),
    ];
    let cluster = cluster(&objects);
    // Two subjects of one binding, of which the one between them stays.
    let ends = ["no path from sa/a/one to node/n", "no path from sa/a/three to node/n"];
    let plan = held(&cluster, &ends, &["enforce*", "drop*", "delete*", "narrow*", "split*"]);
    assert_eq!(ids(&plan), ["unbind:RoleBinding a/r#0", "unbind:RoleBinding a/r#2"]);
    assert!(plan.after.is_empty(), "{}", plan.closing());
    let changed = apply(&cluster, &plan.changes).expect("it applies");
    let subjects = &changed.role_bindings.get("a", "r").expect("the binding").subjects;
    let left: Vec<&str> = subjects.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(left, ["two"]);
    // Two rules of one role go, another is narrowed, and the one between them stays.
    let one = ["no path from sa/a/one to node/n"];
    let forbid = ["enforce*", "unbind*", "delete*", "split*", "drop:Role a/r/rules[3]"];
    let plan = held(&cluster, &one, &forbid);
    assert!(plan.after.is_empty() && plan.fixes.len() >= 3, "{:?}", ids(&plan));
    let changed = apply(&cluster, &plan.changes).expect("it applies");
    let rules = &changed.roles.get("a", "r").expect("the role").rules;
    let left: Vec<(&str, &str)> =
        rules.iter().map(|one| (one.verbs[0].as_str(), one.resources[0].as_str())).collect();
    assert_eq!(left, [("get", "pods"), ("get", "jobs")], "{:?}", ids(&plan));
}
