//! Goals of many positions: after a change they are the same positions, whatever their ids have
//! become, and only what is new is called so.

use std::collections::BTreeSet;

use ringfort_attack::{Attack, Engines};
use ringfort_model::Cluster;
use ringfort_plan::{
    Change, Edit, GoalText, Pair, Plan, PlanFile, Question, Wish, Work, plan, what_if_asked,
};
use serde_json::{Value, json};

mod clusters;

fn question(goals: &[&str]) -> Question {
    let goals = goals.iter().map(|text| text.parse::<GoalText>().expect("a goal")).collect();
    Question { goals, ..Question::default() }
}

/// The plan, which the changed cluster bears out and a check confirms.
fn holds(name: &str, cluster: &Cluster, wish: &Wish) -> Plan {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut work = Work { visits: 2_000_000, stop: &mut || false };
    let plan = plan(cluster, &attack, wish, &mut work).unwrap_or_else(|error| {
        panic!("{name} {wish:?}: {error}");
    });
    assert_eq!(plan.disagreements(), Vec::<&Pair>::new(), "{name} {wish:?}");
    let checked = PlanFile::new(&attack, wish, &plan).check(cluster, &attack, &mut || false);
    let checked = checked.map_err(|error| error.to_string());
    assert_eq!(checked, Ok(plan.closing().to_string()), "{name} {wish:?}");
    plan
}

fn exists(cluster: &Cluster, id: &str) -> bool {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    !attack.find(id).is_empty()
}

#[test]
fn no_goal_of_many_positions_is_called_open_by_the_changed_cluster() {
    for (name, cluster) in clusters::clusters() {
        let mut goals = vec![
            "no path from internet to node/*",
            "no path from pod/* to impact/*",
            "no path from sa/* to impact/*",
        ];
        if name == "demo" || name == "badpods" {
            goals.extend(["no path from pod/* to pod/*", "no path from node/* to *"]);
        }
        if name == "demo" {
            goals.extend(["no path from * to *", "no path from ns/builds to *"]);
        }
        for goal in goals {
            let from = goal.split(' ').nth(3).expect("a goal has a start");
            if from != "internet" && !exists(&cluster, from) {
                continue;
            }
            let wish = Wish { question: question(&[goal]), ..Wish::default() };
            let any = !holds(name, &cluster, &wish).before.is_empty();
            assert!(any || goal.starts_with("no path from sa/"), "{name}: {goal}");
        }
    }
}

#[test]
fn wishes_that_narrow_a_goal_of_many_positions_hold_too() {
    let cluster = clusters::demo();
    let of = |goal: &str| Wish { question: question(&[goal]), ..Wish::default() };
    for goal in ["no path from pod/* to node/*", "no path from sa/* to *"] {
        let mut left = usize::MAX;
        for most in 1..=5 {
            let plan = holds("demo", &cluster, &Wish { most: Some(most), ..of(goal) });
            assert!(plan.fixes.len() <= most && plan.after.len() <= left, "{goal}: {most}");
            left = plan.after.len();
        }
        holds("demo", &cluster, &Wish { only: vec!["builds".into()], ..of(goal) });
        holds("demo", &cluster, &Wish { forbid: vec!["unset:*".into()], ..of(goal) });
        let mut assumed = of("no path from internet to node/*");
        assumed.question.assume = vec!["sa/ops/deployer".into()];
        let plan = holds("demo", &cluster, &assumed);
        assert!(plan.before.iter().any(|(from, _)| from == "sa/ops/deployer"), "{goal}");
    }
}

/// Pods `one` and `two` are alike but for their names; both are privileged, on two nodes.
fn twins() -> Vec<Value> {
    let pod = |name: &str, node: &str, privileged: bool| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "a",
            "uid": name, "labels": {"app": "x"}},
            "spec": {"nodeName": node, "automountServiceAccountToken": false, "containers": [
                {"name": "c", "image": "i", "securityContext": {"privileged": privileged}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"}})
    };
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "m"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}),
        pod("one", "n", true),
        pod("two", "m", true),
        pod("zero", "m", false),
    ]
}

fn privileged(name: &str, to: bool) -> Change {
    let path = "/spec/containers/0/securityContext/privileged";
    let edit = Edit::Json(vec![json!({"op": "replace", "path": path, "value": to})]);
    Change {
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: "a".into(),
        name: name.into(),
        edit,
    }
}

#[test]
fn a_path_is_new_only_if_nothing_that_it_was_led_there() {
    let cluster = clusters::cluster(&twins());
    let all = question(&["no path from pod/* to node/*"]);
    // Without the setting `one` is no longer of the unit whose name it gave.
    let tamed = what_if_asked(&cluster, &[privileged("one", false)], &all).expect("it applies");
    assert_eq!(tamed.new, Vec::<Pair>::new());
    let froms: BTreeSet<&str> = tamed.left.iter().map(|(from, _)| from.as_str()).collect();
    assert!(froms.iter().all(|from| from.ends_with("@m")), "{froms:?}");
    assert!(tamed.gone.iter().any(|(from, to)| from.ends_with("@n") && to == "node/n"));
    assert!(!tamed.left.iter().any(|(_, to)| to == "node/n"), "{:?}", tamed.left);
    // Both are like `zero` afterwards, and lead nowhere.
    let both = [privileged("one", false), privileged("two", false)];
    let both = what_if_asked(&cluster, &both, &all).expect("it applies");
    assert_eq!((both.new.len(), both.left.len()), (0, 0), "{both:?}");
    // What leads on only afterwards is new, and under the name that it has then.
    let opened = what_if_asked(&cluster, &[privileged("zero", true)], &all).expect("it applies");
    assert_eq!(opened.gone, Vec::<Pair>::new());
    assert!(!opened.left.is_empty());
    // `zero` is on the node that `two` is on, so only its own position can be new.
    assert!(opened.new.iter().all(|(_, to)| to == "node/m"), "{opened:?}");
    let of_zero = question(&["no path from pod/a/zero to node/m"]);
    let opened = what_if_asked(&cluster, &[privileged("zero", true)], &of_zero).expect("applies");
    let pairs = |list: &[Pair]| list.iter().map(|(_, to)| to.clone()).collect::<Vec<_>>();
    assert!(opened.left.is_empty() && opened.gone.is_empty(), "{opened:?}");
    assert!(pairs(&opened.new).contains(&"node/m".to_owned()), "{opened:?}");
}

#[test]
fn a_pod_means_itself_and_a_namespace_what_is_in_it() {
    let mut objects = twins();
    for object in objects.iter_mut().filter(|one| one["kind"] == "Pod") {
        if object["metadata"]["name"] != "zero" {
            object["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1",
                "kind": "ReplicaSet", "name": "r", "uid": "r", "controller": true}]);
        }
    }
    let cluster = clusters::cluster(&objects);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let found = |id: &str| -> BTreeSet<(String, String)> {
        let all = attack.find(id).into_iter();
        all.map(|(name, node)| (name, attack.id(attack.key(node)))).collect()
    };
    let named = |pairs: &[(&str, &str)]| -> BTreeSet<(String, String)> {
        pairs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect()
    };
    // One of several equal pods is where it runs, and keeps the name that it was asked by.
    assert_eq!(
        found("pod/a/two"),
        named(&[
            ("pod/a/two", "workload/ReplicaSet/a/r@m"),
            ("pod/a/two:c", "workload/ReplicaSet/a/r:c@m"),
        ])
    );
    let ids = |id: &str| -> BTreeSet<String> { found(id).into_iter().map(|(_, id)| id).collect() };
    let all = ids("pod/*");
    for id in ["pod/a/zero", "workload/ReplicaSet/a/r@n", "workload/ReplicaSet/a/r:c@m"] {
        assert!(all.contains(id), "{id}: {all:?}");
    }
    let inside = ids("ns/a");
    assert!(all.is_subset(&inside), "{inside:?}");
    assert_eq!(ids("ns/*"), inside);
    assert!(ids("ns/b").is_empty() && ids("pod/b/*").is_empty());
    // A star in the place of the sort means no step between positions.
    let any = attack.find("*");
    assert!(any.iter().all(|(_, node)| !attack.key(*node).is_step()));
}
