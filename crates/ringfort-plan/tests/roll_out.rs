//! A changed template and the pods that run: each controller replaces them in its own way, and a
//! cut is claimed only for pods that are really made again.

use ringfort_attack::{Attack, Engines};
use ringfort_model::{Cluster, Kind, Object, WorkloadKind};
use ringfort_plan::apply::apply_noting;
use ringfort_plan::rollback::rollbacks;
use ringfort_plan::{Change, ChangeError, Edit, Plan, Question, Wish, Work, apply, plan};
use serde_json::{Value, json};

mod clusters;

fn cluster(mut objects: Vec<Value>) -> Cluster {
    objects.extend([
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}),
    ]);
    clusters::cluster(&objects)
}

fn spec() -> Value {
    json!({"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]})
}

fn group(kind: &str) -> &'static str {
    match kind {
        "ReplicationController" | "Pod" => "v1",
        "Job" | "CronJob" => "batch/v1",
        "RoleBinding" => "rbac.authorization.k8s.io/v1",
        _ => "apps/v1",
    }
}

/// A privileged pod with what admission added: a side-car before its container, and a token.
fn pod(owner: Option<(&str, &str)>, name: &str) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "a", "uid": name, "labels": {"app": "x"}},
        "spec": {"nodeName": "n", "hostUsers": true, "containers": [
            {"name": "mesh", "image": "m", "volumeMounts": [{"name": "kube-api-access-abcde",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]},
            {"name": "c", "image": "i", "securityContext": {"privileged": true},
                "volumeMounts": [{"name": "kube-api-access-abcde",
                    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
            "volumes": [{"name": "kube-api-access-abcde", "projected": {"sources": [
                {"serviceAccountToken": {"path": "token"}}]}}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1"}});
    if let Some((kind, owner)) = owner {
        pod["metadata"]["ownerReferences"] = json!([{"apiVersion": group(kind), "kind": kind,
            "name": owner, "uid": owner, "controller": true}]);
    }
    pod
}

/// A workload and its pod, with intermediate objects as the controllers make them.
fn running(kind: &str, more: &Value, pod_name: &str) -> Vec<Value> {
    let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": spec()});
    let mut own = more.clone();
    match kind {
        "CronJob" => own["jobTemplate"] = json!({"spec": {"template": template.clone()}}),
        _ => own["template"] = template.clone(),
    }
    let workload = json!({"apiVersion": group(kind), "kind": kind,
        "metadata": {"name": "x", "namespace": "a", "uid": "x"}, "spec": own});
    let between = match kind {
        "Deployment" => Some("ReplicaSet"),
        "CronJob" => Some("Job"),
        _ => None,
    };
    let mut objects = vec![workload];
    if let Some(between) = between {
        objects.push(json!({"apiVersion": group(between), "kind": between,
            "metadata": {"name": "x-1", "namespace": "a", "uid": "x-1", "ownerReferences": [
                {"apiVersion": group(kind), "kind": kind, "name": "x", "uid": "x",
                    "controller": true}]},
            "spec": {"template": template}}));
    }
    let owner = between.map_or((kind, "x"), |between| (between, "x-1"));
    objects.push(pod(Some(owner), pod_name));
    objects
}

/// Every way in which pods come, or do not come, to follow their template.
fn ways() -> Vec<(&'static str, Value, &'static str, bool)> {
    let partition = |at: i64| json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": at}}});
    let on_delete = json!({"updateStrategy": {"type": "OnDelete"}});
    vec![
        ("Deployment", json!({}), "x-1-a", true),
        ("Deployment", json!({"paused": true}), "x-1-a", false),
        ("StatefulSet", json!({}), "x-0", true),
        ("StatefulSet", on_delete.clone(), "x-0", false),
        ("StatefulSet", partition(1), "x-0", false),
        ("StatefulSet", partition(0), "x-0", true),
        ("DaemonSet", json!({}), "x-a", true),
        ("DaemonSet", on_delete, "x-a", false),
        ("ReplicaSet", json!({}), "x-a", false),
        ("ReplicationController", json!({}), "x-a", false),
        ("CronJob", json!({}), "x-1-a", false),
    ]
}

fn change(kind: &str, name: &str, edit: Edit) -> Change {
    let api_version = group(kind).to_owned();
    Change { api_version, kind: kind.to_owned(), namespace: "a".into(), name: name.into(), edit }
}

fn tamed(kind: &str) -> Change {
    let base = match kind {
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        "Pod" => "/spec",
        _ => "/spec/template/spec",
    };
    let path = format!("{base}/containers/0/securityContext/privileged");
    change(kind, "x", Edit::Json(vec![json!({"op": "add", "path": path, "value": false})]))
}

fn is_privileged(cluster: &Cluster, pod: &str) -> bool {
    let pod = cluster.pods.get("a", pod).expect("the pod");
    let container = pod.spec.containers.iter().find(|one| *one.name == *"c").expect("it is there");
    container.security_context.as_ref().and_then(|context| context.privileged) == Some(true)
}

fn planned(cluster: &Cluster, from: &str) -> Plan {
    let goal = format!("no path from {from} to node/n").parse().expect("a goal");
    let question = Question { goals: vec![goal], ..Question::default() };
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let wish = Wish { question, ..Wish::default() };
    let mut work = Work { visits: u64::MAX, stop: &mut || false };
    plan(cluster, &attack, &wish, &mut work).expect("a plan")
}

#[test]
fn a_template_reaches_pods_as_its_controller_has_it() {
    for (kind, more, pod, at_once) in ways() {
        let cluster = cluster(running(kind, &more, pod));
        let (changed, notes) = apply_noting(&cluster, &[tamed(kind)]).expect(kind);
        assert_eq!(is_privileged(&changed, pod), !at_once, "{kind} {more}");
        assert_eq!(notes.is_empty(), at_once, "{kind} {more}: {notes:?}");
        let new = changed.pods.get("a", pod).expect("the pod");
        assert_eq!(new.spec.containers.len(), 2, "the side-car stays");
        assert_eq!(new.spec.volumes.len(), 1, "the token stays");
    }
}

#[test]
fn pods_that_are_deleted_follow_unless_the_roll_out_is_held_back() {
    for (kind, more, pod, at_once) in ways() {
        let cluster = cluster(running(kind, &more, pod));
        let held = more["paused"] == json!(true) || more.to_string().contains("\"partition\":1");
        for again in [change(kind, "x", Edit::Restart), change("Pod", pod, Edit::Delete)] {
            // Made again from the template as it is: the same pod.
            let same = apply(&cluster, std::slice::from_ref(&again)).expect(kind);
            assert_eq!(same.pods.as_slice(), cluster.pods.as_slice(), "{kind} {more}");
            let changed = apply(&cluster, &[tamed(kind), again]).expect(kind);
            assert_eq!(is_privileged(&changed, pod), held, "{kind} {more}");
            assert!(!(held && at_once), "a held roll-out reaches nothing at once");
        }
    }
}

#[test]
fn a_plan_has_the_step_that_makes_its_cut_true() {
    for (kind, more, pod, _) in ways() {
        let cluster = cluster(running(kind, &more, pod));
        let plan = planned(&cluster, &format!("workload/{kind}/a/x"));
        assert!(!plan.before.is_empty(), "{kind} {more} leads to the node");
        assert!(plan.after.is_empty(), "{kind} {more}: {}", plan.closing());
        assert!(plan.disagreements().is_empty(), "{kind} {more}");
        let back = rollbacks(&cluster, &plan.changes);
        let all: Vec<Change> = plan.changes.iter().cloned().chain(back).collect();
        let again = apply(&cluster, &all).expect(kind);
        assert_eq!(again.pods.as_slice(), cluster.pods.as_slice(), "{kind} {more}");
    }
    // A Job's template is not changed, the Job goes; a bare pod is replaced.
    let template = json!({"spec": spec()});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "x", "namespace": "a", "uid": "x"}, "spec": {"template": template}});
    let with_job = cluster(vec![job, pod(Some(("Job", "x")), "x-a")]);
    let plan = planned(&with_job, "workload/Job/a/x");
    assert_eq!(plan.changes, [change("Job", "x", Edit::Delete)]);
    assert!(plan.after.is_empty(), "{}", plan.closing());
    let bare = cluster(vec![pod(None, "x")]);
    let plan = planned(&bare, "pod/a/x");
    assert!(plan.after.is_empty(), "{}", plan.closing());
    assert!(plan.changes.iter().all(Change::replaces_pod));
    assert!(plan.changes[0].command().contains("kubectl replace --force"));
}

/// Nothing that is written now takes a setting away which only the pods of an earlier template
/// have: no change is offered that would change nothing.
#[test]
fn what_an_earlier_template_left_has_no_cut_in_the_present_one() {
    for privileged in [json!(false), Value::Null] {
        let mut objects = running("Deployment", &json!({}), "x-1-a");
        objects[0]["spec"]["template"]["spec"]["containers"][0]["securityContext"] =
            json!({"privileged": privileged});
        let plan = planned(&cluster(objects), "workload/Deployment/a/x");
        assert!(!plan.before.is_empty(), "its pod still leads to the node");
        assert!(plan.fixes.is_empty() && plan.disagreements().is_empty(), "{}", plan.closing());
        assert_eq!(plan.residual.len(), plan.before.len());
        assert!(plan.residual[0].reason.contains("earlier roll-out"), "{:?}", plan.residual);
    }
}

#[test]
fn a_roll_out_that_is_let_go_brings_what_waited_in_it() {
    let cluster = cluster(running("Deployment", &json!({"paused": true}), "x-1-a"));
    let resume = change("Deployment", "x", Edit::Merge(json!({"spec": {"paused": false}})));
    let resumed = apply(&cluster, std::slice::from_ref(&resume)).expect("it applies");
    assert_eq!(resumed.pods.as_slice(), cluster.pods.as_slice(), "nothing waited");
    let changed = apply(&cluster, &[tamed("Deployment"), resume]).expect("it applies");
    assert!(!is_privileged(&changed, "x-1-a"));
    // With no replica left there is no pod.
    let none = change("Deployment", "x", Edit::Merge(json!({"spec": {"replicas": 0}})));
    assert!(apply(&cluster, &[none]).expect("it applies").pods.is_empty());
    // Gone with everything that it made, and back with it.
    let gone = change("Deployment", "x", Edit::Delete);
    let empty = apply(&cluster, std::slice::from_ref(&gone)).expect("it applies");
    assert!(empty.pods.is_empty() && empty.workloads.is_empty());
    let back = rollbacks(&cluster, std::slice::from_ref(&gone));
    let all: Vec<Change> = std::iter::once(gone).chain(back).collect();
    let again = apply(&cluster, &all).expect("it applies");
    assert_eq!(again.pods.as_slice(), cluster.pods.as_slice());
    // What a controller keeps comes back by itself.
    let set = change("ReplicaSet", "x-1", Edit::Delete);
    let kept = apply(&cluster, &[set]).expect("it applies");
    assert!(kept.workload(WorkloadKind::ReplicaSet, "a", "x-1").is_some());
    assert_eq!(kept.pods.as_slice(), cluster.pods.as_slice());
}

#[test]
fn a_template_that_is_written_anew_counts_like_a_patch_of_one_field() {
    let cluster = cluster(running("Deployment", &json!({}), "x-1-a"));
    let mut new = spec();
    new["containers"][0]["securityContext"]["privileged"] = json!(false);
    new["containers"][0]["env"] = json!([{"name": "A", "value": "1"}]);
    new["hostPID"] = json!(true);
    let whole = change(
        "Deployment",
        "x",
        Edit::Json(vec![json!({"op": "replace", "path": "/spec/template", "value":
            {"metadata": {"labels": {"app": "x", "tier": "web"}}, "spec": new}})]),
    );
    let changed = apply(&cluster, &[whole]).expect("it applies");
    assert!(!is_privileged(&changed, "x-1-a"));
    let pod = changed.pods.get("a", "x-1-a").expect("the pod");
    assert_eq!(pod.metadata.labels.get("tier").map(ToString::to_string), Some("web".into()));
    assert_eq!(pod.spec.host_pid, Some(true));
    let names: Vec<&str> = pod.spec.containers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["mesh", "c"], "the side-car stays where admission put it");
    assert_eq!(pod.spec.containers[1].env.len(), 1);
}

#[test]
fn a_token_comes_and_goes_with_a_new_pod_only() {
    let cluster = cluster(running("Deployment", &json!({}), "x-1-a"));
    let token = |cluster: &Cluster| {
        let pod = cluster.pods.get("a", "x-1-a").expect("the pod");
        let mounts = pod.spec.containers.iter().map(|one| one.volume_mounts.len());
        (pod.spec.volumes.len(), mounts.collect::<Vec<_>>())
    };
    let mount = |value: Value| {
        json!({"spec": {"template": {"spec": {
        "automountServiceAccountToken": value}}}})
    };
    let off = change("Deployment", "x", Edit::Merge(mount(json!(false))));
    let without = apply(&cluster, std::slice::from_ref(&off)).expect("it applies");
    assert_eq!(token(&without), (0, vec![0, 0]));
    let on = change("Deployment", "x", Edit::Merge(mount(json!(true))));
    let with = apply(&without, std::slice::from_ref(&on)).expect("it applies");
    assert_eq!(token(&with), (1, vec![1, 1]));
    // Of the account it is asked when a pod is made.
    let off = Edit::Merge(json!({"automountServiceAccountToken": false}));
    let account = Change::of(Kind::ServiceAccount, &"a".into(), &"default".into(), off);
    let still = apply(&cluster, std::slice::from_ref(&account)).expect("it applies");
    assert_eq!(token(&still), (1, vec![1, 1]));
    let restart = change("Deployment", "x", Edit::Restart);
    let gone = apply(&cluster, &[account, restart]).expect("it applies");
    assert_eq!(token(&gone), (0, vec![0, 0]));
}

#[test]
fn what_the_server_would_refuse_is_refused() {
    let mut objects = running("Deployment", &json!({}), "x-1-a");
    objects.push(json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "x", "namespace": "a"}, "spec": {"template": {"spec": spec()}}}));
    objects.push(json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "later", "namespace": "a"},
        "spec": {"suspend": true, "template": {"spec": spec()}}}));
    objects.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "a"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}}));
    let cluster = cluster(objects);
    let refused = |change: Change| match apply(&cluster, &[change]) {
        Err(ChangeError::Refused { object, .. }) => object,
        other => panic!("{:?}", other.map(|_| "accepted")),
    };
    assert_eq!(refused(tamed("Job")), "Job a/x");
    let spec = Edit::Merge(json!({"spec": {"hostPID": true}}));
    assert_eq!(refused(change("Pod", "x-1-a", spec)), "Pod a/x-1-a");
    let role = json!({"roleRef": {"name": "other"}});
    assert_eq!(refused(change("RoleBinding", "b", Edit::Merge(role))), "RoleBinding a/b");
    let name = json!({"metadata": {"name": "c"}});
    assert_eq!(refused(change("RoleBinding", "b", Edit::Merge(name))), "RoleBinding a/b");
    // What can be changed in place is.
    let label = Edit::Merge(json!({"metadata": {"labels": {"app": "y"}}}));
    let labelled = change("Pod", "x-1-a", label);
    assert!(!labelled.replaces_pod());
    let changed = apply(&cluster, &[labelled]).expect("it applies");
    let labels = &changed.pods.get("a", "x-1-a").expect("the pod").metadata.labels;
    assert_eq!(labels.get("app").map(ToString::to_string), Some("y".into()));
    let node = json!({"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}});
    apply(&cluster, &[change("Job", "later", Edit::Merge(node))]).expect("a suspended Job");
    let parallel = json!({"spec": {"parallelism": 2}});
    apply(&cluster, &[change("Job", "x", Edit::Merge(parallel))]).expect("not its template");
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it() {
    let cluster = cluster(running("Deployment", &json!({}), "x-1-a"));
    let gone = Change::of(Kind::Namespace, &"".into(), &"a".into(), Edit::Delete);
    let left: Vec<String> = apply(&cluster, &[gone])
        .expect("it applies")
        .objects()
        .map(|one| Object::title(&one))
        .collect();
    assert_eq!(left, ["Node n"]);
}

/// The namespace enforces baseline since the pods came, which mount a folder of the node.
fn since_stricter(kind: &str, level: &str) -> Cluster {
    let mut objects = running(kind, &json!({}), "x-0");
    let mount = json!([{"name": "h", "hostPath": {"path": "/srv"}}]);
    for object in &mut objects {
        let pointer = match object["kind"].as_str() {
            Some("Pod") => "/spec",
            _ => "/spec/template/spec",
        };
        let spec = object.pointer_mut(pointer).expect("a specification");
        match spec["volumes"].as_array_mut() {
            Some(volumes) => volumes.extend(mount.as_array().expect("a list").clone()),
            None => spec["volumes"] = mount.clone(),
        }
    }
    let labels = json!({"pod-security.kubernetes.io/enforce": level});
    objects.extend([
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a",
            "labels": labels}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}),
    ]);
    clusters::cluster(&objects)
}

#[test]
fn a_roll_out_that_admission_refuses_leaves_the_pods_as_they_are() {
    for (level, stays) in [("baseline", true), ("privileged", false)] {
        let cluster = since_stricter("StatefulSet", level);
        let (changed, notes) = apply_noting(&cluster, &[tamed("StatefulSet")]).expect("it applies");
        assert_eq!(is_privileged(&changed, "x-0"), stays, "{level}: {notes:?}");
        let said = "1 pods of StatefulSet a/x stay as they are, new ones are refused: namespace a \
                    enforces Pod Security baseline";
        assert_eq!(notes.iter().any(|note| note == said), stays, "{level}: {notes:?}");
        // What is deleted is gone.
        let delete = change("StatefulSet", "x", Edit::Restart);
        let (changed, notes) = apply_noting(&cluster, &[delete]).expect("it applies");
        assert_eq!(changed.pods.get("a", "x-0").is_none(), stays, "{level}: {notes:?}");
        assert_eq!(notes.iter().any(|note| note.contains("are not made again")), stays);
        // So the template is no fix where its pods are not let in.
        let plan = planned(&cluster, "workload/StatefulSet/a/x");
        assert!(plan.disagreements().is_empty(), "{level}");
        assert_eq!(plan.after.is_empty(), !stays, "{level}: {}", plan.closing());
        let refused = plan.residual.iter().any(|one| one.reason.contains("admission refuses"));
        assert_eq!(refused, stays, "{level}: {}", plan.closing());
    }
}

/// A change of one object makes another one's roll-out fail, whichever is made first.
#[test]
fn a_roll_out_meets_the_namespace_as_all_changes_leave_it() {
    let cluster = since_stricter("StatefulSet", "privileged");
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    let label = Change {
        api_version: "v1".into(),
        kind: "Namespace".into(),
        namespace: "".into(),
        name: "a".into(),
        edit: Edit::Merge(label),
    };
    for changes in [[tamed("StatefulSet"), label.clone()], [label, tamed("StatefulSet")]] {
        let changed = apply(&cluster, &changes).expect("it applies");
        assert!(is_privileged(&changed, "x-0"), "{}", changes[0].object());
    }
}

/// A bare pod that is replaced is a new pod too.
#[test]
fn a_pod_that_admission_would_not_let_in_again_is_not_replaced() {
    for (level, stays) in [("baseline", true), ("privileged", false)] {
        let mut objects = vec![pod(None, "x")];
        objects[0]["spec"]["hostPID"] = json!(true);
        objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a",
            "labels": {"pod-security.kubernetes.io/enforce": level}}}));
        objects.push(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}));
        objects.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}));
        let cluster = clusters::cluster(&objects);
        let path = "/spec/containers/1/securityContext/privileged";
        let tame = Edit::Json(vec![json!({"op": "add", "path": path, "value": false})]);
        let (changed, notes) =
            apply_noting(&cluster, &[change("Pod", "x", tame)]).expect("applies");
        assert_eq!(is_privileged(&changed, "x"), stays, "{level}: {notes:?}");
        assert_eq!(notes.iter().any(|note| note.contains("are refused")), stays, "{notes:?}");
    }
}
