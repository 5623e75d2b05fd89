//! Changed nodes: pods that leave them, and come to them, as controllers and the scheduler would
//! have it; and whether a pod that a change makes is let in.

use ringfort_model::{Cluster, Kind, WorkloadKind};
use ringfort_plan::apply::apply_noting;
use ringfort_plan::rollback::rollbacks;
use ringfort_plan::{Change, ChangeError, Edit, apply, what_if};
use serde_json::{Value, json};

mod clusters;

fn node(name: &str, taints: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"pool": name}}, "spec": {"taints": taints}})
}

fn spec(more: &Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    let fields = more.as_object().expect("fields").clone();
    spec.as_object_mut().expect("fields").extend(fields);
    spec
}

fn workload(kind: &str, name: &str, pod: &Value, more: &Value) -> Value {
    let mut spec = more.clone();
    spec["template"] = json!({"metadata": {"labels": {"app": name}}, "spec": pod});
    json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": "a", "uid": name}, "spec": spec})
}

/// A pod; of a workload if its kind is given, else a bare one.
fn pod(kind: &str, of: &str, node: &str, more: &Value) -> Value {
    let mut spec = spec(more);
    let phase = if node.is_empty() { "Pending" } else { "Running" };
    if !node.is_empty() {
        spec["nodeName"] = json!(node);
    }
    let owners = match kind {
        "" => json!([]),
        kind => json!([{"apiVersion": "apps/v1", "kind": kind, "name": of, "uid": of,
            "controller": true}]),
    };
    let name = format!("{of}-on-{}", if node.is_empty() { "none" } else { node });
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "a", "uid": name, "labels": {"app": of},
            "ownerReferences": owners},
        "spec": spec, "status": {"phase": phase}})
}

/// Two pools and a node apart, with objects.
fn cluster(more: Vec<Value>) -> Cluster {
    let gpu = json!([{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]);
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}),
        node("left", &json!([])),
        node("right", &json!([])),
        node("apart", &gpu),
    ];
    objects.extend(more);
    clusters::cluster(&objects)
}

fn on_node(name: &str, edit: Edit) -> Change {
    Change::of(Kind::Node, &"".into(), &name.into(), edit)
}

fn tainted(name: &str, effect: &str) -> Change {
    let taints = json!([{"key": "team", "value": "x", "effect": effect}]);
    on_node(name, Edit::Merge(json!({"spec": {"taints": taints}})))
}

/// The nodes of the pods of one workload or name, sorted; an empty name for one that waits.
fn places(cluster: &Cluster, of: &str) -> Vec<String> {
    let of = |label: Option<&ringfort_model::Str>| label.is_some_and(|label| *label == *of);
    let pods = cluster.pods.iter().filter(|pod| of(pod.metadata.labels.get("app")));
    let mut nodes: Vec<String> = pods.map(|pod| pod.node_name.to_string()).collect();
    nodes.sort();
    nodes.dedup();
    nodes
}

#[test]
fn pods_leave_a_node_that_drives_them_away_and_are_made_again_where_they_may_be() {
    let tolerates = |seconds: Option<i64>| {
        let mut one = json!({"key": "team", "operator": "Exists"});
        if let Some(seconds) = seconds {
            one["tolerationSeconds"] = json!(seconds);
        }
        json!({"tolerations": [one]})
    };
    let plain = json!({});
    let mut objects = Vec::new();
    for (name, more) in [
        ("plain", &plain),
        ("stays", &tolerates(None)),
        ("for-a-while", &tolerates(Some(60))),
        ("pinned", &json!({"nodeSelector": {"pool": "left"}})),
    ] {
        objects.push(workload("Deployment", name, &spec(more), &json!({})));
        objects.push(pod("Deployment", name, "left", more));
    }
    objects.push(pod("", "bare", "left", &plain));
    objects.push(workload("DaemonSet", "agent", &spec(&plain), &json!({})));
    objects.push(pod("DaemonSet", "agent", "left", &plain));
    objects.push(pod("DaemonSet", "agent", "right", &plain));
    let cluster = cluster(objects);
    let (changed, notes) = apply_noting(&cluster, &[tainted("left", "NoExecute")]).expect("it");
    assert_eq!(places(&changed, "plain"), ["right"], "{notes:?}");
    assert_eq!(places(&changed, "stays"), ["left"]);
    // It comes back to where it is tolerated, for a while again, or goes elsewhere.
    assert_eq!(places(&changed, "for-a-while"), ["left", "right"]);
    assert_eq!(places(&changed, "pinned"), [""], "no node takes it");
    assert!(places(&changed, "bare").is_empty(), "nothing makes it again");
    assert_eq!(places(&changed, "agent"), ["right"]);
    assert!(notes.iter().any(|note| note.contains("Pod a/bare-on-left leaves")), "{notes:?}");
    // What only keeps new pods off moves none that runs.
    let (same, notes) = apply_noting(&cluster, &[tainted("left", "NoSchedule")]).expect("it");
    for name in ["plain", "stays", "pinned", "bare"] {
        assert_eq!(places(&same, name), ["left"], "{name}");
    }
    assert_eq!((places(&same, "agent"), notes.len()), (vec!["left".into(), "right".into()], 0));
    // A node that goes takes all of its pods with it.
    let (less, _) = apply_noting(&cluster, &[on_node("left", Edit::Delete)]).expect("it");
    assert_eq!(places(&less, "plain"), ["right"]);
    assert_eq!(places(&less, "stays"), ["right"]);
    assert!(places(&less, "bare").is_empty());
}

#[test]
fn daemons_follow_labels_and_others_stay() {
    let select = json!({"nodeSelector": {"pool": "left"}});
    let cluster = cluster(vec![
        workload("DaemonSet", "agent", &spec(&select), &json!({})),
        pod("DaemonSet", "agent", "left", &select),
        workload("Deployment", "web", &spec(&select), &json!({})),
        pod("Deployment", "web", "left", &select),
    ]);
    let label = |node: &str, pool: &str| {
        on_node(node, Edit::Merge(json!({"metadata": {"labels": {"pool": pool}}})))
    };
    let (changed, notes) = apply_noting(&cluster, &[label("left", "other")]).expect("it");
    assert!(places(&changed, "agent").is_empty(), "{notes:?}");
    assert_eq!(places(&changed, "web"), ["left"], "labels are asked for when it is scheduled");
    let (changed, notes) = apply_noting(&cluster, &[label("right", "left")]).expect("it");
    assert_eq!(places(&changed, "agent"), ["left", "right"], "{notes:?}");
    assert_eq!(places(&changed, "web"), ["left"]);
    // A taint keeps new ones off all the same.
    let (changed, _) = apply_noting(&cluster, &[label("apart", "left")]).expect("it");
    assert_eq!(places(&changed, "agent"), ["left"]);
    // A node that comes has its own.
    let new = on_node("fresh", Edit::Create(node("fresh", &json!([]))));
    let (changed, _) = apply_noting(&cluster, &[new, label("fresh", "left")]).expect("it");
    assert_eq!(places(&changed, "agent"), ["fresh", "left"]);
    // What does not concern placing moves nothing.
    let note = on_node("left", Edit::Merge(json!({"metadata": {"annotations": {"a": "b"}}})));
    let (same, notes) = apply_noting(&cluster, &[note]).expect("it");
    assert_eq!((places(&same, "agent"), notes.len()), (vec!["left".to_owned()], 0));
}

#[test]
fn pods_that_wait_get_a_node_that_they_may_be_placed_on_now() {
    let gpu = json!({"nodeSelector": {"pool": "apart"}});
    let cluster = cluster(vec![
        workload("Deployment", "train", &spec(&gpu), &json!({})),
        pod("Deployment", "train", "", &gpu),
        pod("", "lone", "", &json!({"nodeSelector": {"pool": "none"}})),
        // By what only a server writes it is known that objects are facts.
        pod("", "other", "left", &json!({})),
    ]);
    assert_eq!(places(&cluster, "train"), [""]);
    let free = on_node("apart", Edit::Merge(json!({"spec": {"taints": []}})));
    let (changed, notes) = apply_noting(&cluster, std::slice::from_ref(&free)).expect("it");
    assert_eq!(places(&changed, "train"), ["apart"], "{notes:?}");
    assert_eq!(places(&changed, "lone"), [""], "it waits for another");
    let back = rollbacks(&cluster, std::slice::from_ref(&free));
    let again: Vec<Change> = std::iter::once(free).chain(back).collect();
    assert_eq!(places(&apply(&cluster, &again).expect("it"), "train"), [""]);
}

#[test]
fn a_node_that_is_kept_for_one_team_is_left_by_the_others() {
    // A privileged pod on the node of a strong account: once the node is kept for the others,
    // the pair that ran over the node is gone.
    let open = json!({"containers": [{"name": "c", "image": "open",
        "securityContext": {"privileged": true}}]});
    let strong = json!({"serviceAccountName": "strong",
        "tolerations": [{"key": "team", "operator": "Exists"}],
        "nodeSelector": {"pool": "left"}});
    let token = json!([{"name": "kube-api-access-abcde", "projected": {"sources": [
        {"serviceAccountToken": {"path": "token"}}]}}]);
    let mount = json!([{"name": "kube-api-access-abcde",
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]);
    let mut holder = pod("Deployment", "strong", "left", &strong);
    holder["spec"]["volumes"] = token;
    holder["spec"]["containers"][0]["volumeMounts"] = mount;
    let api = "rbac.authorization.k8s.io";
    let cluster = cluster(vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "strong", "namespace": "a"}}),
        workload("Deployment", "open", &spec(&open), &json!({})),
        pod("Deployment", "open", "left", &open),
        workload("Deployment", "strong", &spec(&strong), &json!({})),
        holder,
        json!({"apiVersion": format!("{api}/v1"), "kind": "ClusterRole",
            "metadata": {"name": "all"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}),
        json!({"apiVersion": format!("{api}/v1"), "kind": "ClusterRoleBinding",
            "metadata": {"name": "all"}, "subjects": [{"kind": "ServiceAccount",
                "namespace": "a", "name": "strong"}],
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "all"}}),
    ]);
    let over = |pairs: &[(String, String)]| {
        pairs.iter().any(|(from, to)| from.contains("open") && to == "impact/cluster-admin")
    };
    let kept = what_if(&cluster, &[tainted("left", "NoExecute")]).expect("it applies");
    assert!(over(&kept.gone), "{kept:?}");
    let soft = what_if(&cluster, &[tainted("left", "NoSchedule")]).expect("it applies");
    assert!(over(&soft.left) && !over(&soft.gone), "who runs there stays: {soft:?}");
}

/// A policy on new pods, or a webhook that nothing is known of.
fn control(expression: Option<&str>) -> Vec<Value> {
    let api = "admissionregistration.k8s.io/v1";
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["pods"]}]);
    let Some(expression) = expression else {
        return vec![json!({"apiVersion": api, "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "w"}, "webhooks": [{"name": "w.example.com",
                "clientConfig": {"url": "https://w.example.com"},
                "failurePolicy": "Fail", "rules": rules}]})];
    };
    let kind = "ValidatingAdmissionPolicy";
    vec![
        json!({"apiVersion": api, "kind": kind, "metadata": {"name": "v"},
            "spec": {"matchConstraints": {"resourceRules": rules},
                "validations": [{"expression": expression}]}}),
        json!({"apiVersion": api, "kind": format!("{kind}Binding"), "metadata": {"name": "v"},
            "spec": {"policyName": "v", "validationActions": ["Deny"]}}),
    ]
}

fn create(kind: Kind, object: &Value) -> Change {
    let name = object["metadata"]["name"].as_str().expect("a name");
    Change::of(kind, &"a".into(), &name.into(), Edit::Create(object.clone()))
}

#[test]
fn new_pods_are_asked_of_policies_and_webhooks() {
    // The model keeps no resources of containers: a policy may look at them all the same.
    const LIMITED: &str = "object.spec.containers.all(c, has(c.resources) && \
                           has(c.resources.limits) && 'memory' in c.resources.limits)";
    let deployment = Kind::Workload(WorkloadKind::Deployment);
    let running = |control: Vec<Value>| {
        let mut objects = vec![
            workload("Deployment", "web", &spec(&json!({})), &json!({"replicas": 1})),
            pod("Deployment", "web", "left", &json!({})),
        ];
        objects.extend(control);
        cluster(objects)
    };
    let made = |cluster: &Cluster, limited: bool| {
        let mut template = spec(&json!({}));
        if limited {
            template["containers"][0]["resources"] = json!({"limits": {"memory": "1Gi"}});
        }
        let new = workload("Deployment", "new", &template, &json!({}));
        let (changed, notes) = apply_noting(cluster, &[create(deployment, &new)]).expect("it");
        (places(&changed, "new").len(), notes.join("\n"))
    };
    let more = |cluster: &Cluster| {
        let edit = Edit::Merge(json!({"spec": {"replicas": 2}}));
        let change = Change::of(deployment, &"a".into(), &"web".into(), edit);
        let (changed, notes) = apply_noting(cluster, &[change]).expect("it");
        (places(&changed, "web").len(), notes.join("\n"))
    };
    let free = running(Vec::new());
    assert_eq!((made(&free, false).0, more(&free).0), (2, 2));
    // What a change writes out is whole: the policy decides.
    let strict = running(control(Some(LIMITED)));
    assert_eq!(made(&strict, true).0, 2);
    let (count, note) = made(&strict, false);
    assert!(count == 0 && note.contains("ValidatingAdmissionPolicy v"), "{note}");
    // Of what runs some fields are not kept: whether the policy refuses it is not known.
    let (count, note) = more(&strict);
    assert!(count == 2 && note.contains("not known: ValidatingAdmissionPolicy v"), "{note}");
    // What refuses every pod refuses these.
    let closed = running(control(Some("false")));
    let (count, note) = more(&closed);
    assert!(count == 1 && note.contains("no more pods"), "{note}");
    assert_eq!(made(&closed, true).0, 0);
    let bare = |limited: bool| {
        let mut object = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "x", "namespace": "a"}, "spec": spec(&json!({}))});
        if limited {
            object["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "1Gi"}});
        }
        create(Kind::Pod, &object)
    };
    assert!(apply(&strict, &[bare(true)]).is_ok());
    match apply(&strict, &[bare(false)]) {
        Err(ChangeError::Refused { reason, .. }) => {
            assert!(reason.contains("Policy v"), "{reason}");
        }
        other => panic!("{:?}", other.map(|_| "made")),
    }
    // A webhook may say anything.
    let opaque = running(control(None));
    let (count, note) = made(&opaque, true);
    assert!(count == 2 && note.contains("not known: webhook w.example.com"), "{note}");
}
