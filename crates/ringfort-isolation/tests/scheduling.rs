//! Every row of the tables about nodes (semantics 6.1), written down once more, and what looks
//! like each rule.

use ringfort_isolation::scheduling::{
    Ask, Freedom, NODE_SELECTORS, Side, TOLERATIONS, is_transient, kept_apart, narrowing_plugins,
    node_matches, node_may_set, tolerated, tolerates,
};
use ringfort_model::record::node::Taint;
use ringfort_model::record::pod::Toleration;
use ringfort_model::record::{Node, WorkloadKind};
use ringfort_model::{Cluster, ClusterBuilder, Listed, Map, Object, PodSpec, SourceKind, Str};
use serde_json::{Value, json};

/// A record of that form.
macro_rules! read {
    ($value:expr) => {
        serde_json::from_value($value).expect("a record")
    };
    ($value:expr, $kind:ty) => {
        serde_json::from_value::<$kind>($value).expect("a record")
    };
}

fn taint(key: &str, effect: &str) -> Taint {
    read!(json!({"key": key, "effect": effect}))
}

fn node(labels: &Value, taints: &Value) -> Node {
    read!(json!({"metadata": {"name": "n", "labels": labels}, "spec": {"taints": taints}}))
}

fn ask(spec: Value) -> Ask {
    Ask::of(&read!(spec, PodSpec), None, &Cluster::default())
}

/// A cluster of these objects, of which everything was listed but the resources that are named.
fn cluster(objects: &[Value], unlisted: &[&str]) -> Cluster {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.coverage().rest_is_complete = true;
    for resource in unlisted {
        builder.coverage().note(resource, Listed::Forbidden("403".into()));
    }
    for object in objects {
        builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
    }
    builder.freeze()
}

fn server(flags: &[&str]) -> Value {
    let command: Vec<&str> = ["kube-apiserver"].iter().chain(flags).copied().collect();
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kube-apiserver-a",
        "namespace": "kube-system", "labels": {"component": "kube-apiserver"}},
        "spec": {"containers": [{"name": "k", "command": command}]}})
}

#[test]
fn signs_of_a_condition_are_no_will() {
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/unschedulable",
        "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/pid-pressure",
        "node.kubernetes.io/network-unavailable",
        "node.kubernetes.io/out-of-service",
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.cloudprovider.kubernetes.io/shutdown",
    ] {
        assert!(is_transient(&taint(key, "NoSchedule")), "{key}");
        let node = node(&json!({}), &json!([{"key": key, "effect": "NoExecute"}]));
        assert!(ask(json!({})).fits(&node), "{key}");
    }
    for key in ["node.kubernetes.io/dedicated", "not-ready", "node-role.kubernetes.io/master"] {
        assert!(!is_transient(&taint(key, "NoSchedule")), "{key}");
    }
}

#[test]
fn pods_of_a_daemon_set_tolerate_what_its_controller_adds() {
    let of = |spec: Value, owner| Ask::of(&read!(spec, PodSpec), owner, &Cluster::default());
    let daemon = Some(WorkloadKind::DaemonSet);
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ] {
        let taint = taint(key, effect);
        assert!(tolerated(&of(json!({}), daemon).tolerations, &taint), "{key}");
        assert!(!tolerated(&of(json!({}), Some(WorkloadKind::Deployment)).tolerations, &taint));
    }
    let network = taint("node.kubernetes.io/network-unavailable", "NoSchedule");
    assert!(tolerated(&of(json!({"hostNetwork": true}), daemon).tolerations, &network));
    assert!(!tolerated(&of(json!({}), daemon).tolerations, &network));
    let other = taint("node.kubernetes.io/not-ready", "NoSchedule");
    assert!(!tolerated(&of(json!({}), daemon).tolerations, &other), "another effect");
}

#[test]
fn what_a_runtime_class_asks_is_asked_too() {
    let class = json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass",
        "metadata": {"name": "r"}, "handler": "h", "scheduling": {"nodeSelector": {"pool": "b"},
            "tolerations": [{"key": "k", "operator": "Exists"}]}});
    let cluster = cluster(&[class], &[]);
    let of = |spec: Value| Ask::of(&read!(spec, PodSpec), None, &cluster);
    let tainted = json!([{"key": "k", "effect": "NoSchedule"}]);
    let with = of(json!({"runtimeClassName": "r"}));
    assert!(with.fits(&node(&json!({"pool": "b"}), &tainted)));
    assert!(!with.fits(&node(&json!({"pool": "a"}), &tainted)), "the class selects");
    assert!(!of(json!({})).fits(&node(&json!({"pool": "b"}), &tainted)), "the class tolerates");
}

#[test]
fn an_effect_a_key_and_a_value_must_match_where_they_are_set() {
    let held: Taint = read!(json!({"key": "k", "value": "5", "effect": "NoSchedule"}));
    for (toleration, want) in [
        (json!({"operator": "Exists"}), true),
        (json!({"key": "k", "operator": "Exists", "effect": "NoSchedule"}), true),
        (json!({"key": "k", "operator": "Exists", "effect": "NoExecute"}), false),
        (json!({"key": "j", "operator": "Exists"}), false),
        (json!({"key": "k", "value": "5"}), true),
        (json!({"key": "k", "value": "6"}), false),
        (json!({"key": "k", "operator": "Equal", "value": "5"}), true),
        (json!({"key": "k", "operator": "Gt", "value": "4"}), true),
        (json!({"key": "k", "operator": "Lt", "value": "6"}), true),
        (json!({"key": "k", "operator": "NotEqual", "value": "6"}), false),
    ] {
        assert_eq!(tolerates(&read!(toleration.clone(), Toleration), &held), want, "{toleration}");
    }
}

#[test]
fn labels_that_a_kubelet_may_set_on_its_node() {
    for key in [
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "kubelet.kubernetes.io/x",
        "a.kubelet.kubernetes.io/x",
        "node.kubernetes.io/x",
        "pool",
        "example.com/pool",
        "notk8s.io/pool",
    ] {
        assert!(node_may_set(key), "{key}");
    }
    for key in [
        "beta.kubernetes.io/x",
        "topology.kubernetes.io/rack",
        "kubernetes.io/x",
        "k8s.io/x",
        "a.k8s.io/x",
        "a.kubernetes.io/x",
        "notnode.kubernetes.io/x",
        "node-restriction.kubernetes.io/x",
        "a.node-restriction.kubernetes.io/x",
    ] {
        assert!(!node_may_set(key), "{key}");
    }
}

#[test]
fn affinity_selects_as_upstream_does() {
    let labels: Map = [("zone", "a"), ("cores", "8")]
        .into_iter()
        .map(|(key, value)| (Str::new(key), Str::new(value)))
        .collect();
    let judge = |terms: Value| {
        let affinity = read!(json!({"nodeSelectorTerms": terms}));
        node_matches(&Map::default(), Some(&affinity), "n", &labels)
    };
    let need = |key: &str, operator: &str, values: Value| json!({"key": key, "operator": operator, "values": values});
    let label = |key: &str, operator: &str, values: Value| {
        judge(json!([{"matchExpressions": [need(key, operator, values)]}]))
    };
    let field = |operator: &str, values: Value| {
        judge(json!([{"matchFields": [need("metadata.name", operator, values)]}]))
    };
    assert!(label("zone", "In", json!(["a"])) && !label("zone", "In", json!(["b"])));
    assert!(label("zone", "NotIn", json!(["b"])) && !label("zone", "NotIn", json!(["a"])));
    assert!(label("none", "NotIn", json!(["a"])), "a label that is not there is none of them");
    assert!(label("zone", "Exists", json!([])) && !label("none", "Exists", json!([])));
    assert!(label("none", "DoesNotExist", json!([])) && !label("zone", "DoesNotExist", json!([])));
    assert!(label("cores", "Gt", json!(["7"])) && !label("cores", "Gt", json!(["8"])));
    assert!(label("cores", "Lt", json!(["9"])) && !label("cores", "Lt", json!(["8"])));
    assert!(!label("none", "NotIn", json!([])), "values are needed");
    assert!(!label("zone", "Exists", json!(["a"])), "no value is taken");
    assert!(!label("cores", "Gt", json!(["7", "6"])), "one value is taken");
    assert!(!label("zone", "NotIn", json!(["no label"])), "what is no label does not read");
    assert!(field("In", json!(["n"])) && !field("In", json!(["m"])));
    assert!(field("NotIn", json!(["m"])) && !field("NotIn", json!(["n"])));
    assert!(!field("In", json!(["n", "m"])), "a field takes one value");
    assert!(!field("Exists", json!([])));
    assert!(!judge(json!([{}])), "an empty term matches no node");
    let (yes, no) = (need("zone", "Exists", json!([])), need("none", "Exists", json!([])));
    assert!(judge(json!([{"matchExpressions": [no]}, {"matchExpressions": [yes]}])));
    assert!(!judge(json!([{"matchExpressions": [yes, no]}])));
    let here = need("metadata.name", "In", json!(["m"]));
    assert!(!judge(json!([{"matchExpressions": [yes], "matchFields": [here]}])));
    let selector: Map = [(Str::new("zone"), Str::new("b"))].into_iter().collect();
    assert!(!node_matches(&selector, None, "n", &labels));
}

#[test]
fn who_decides_about_the_node() {
    let plain = || node(&json!({}), &json!([]));
    assert!(!ask(json!({"nodeName": "m"})).fits(&plain()), "the named node is the only one");
    let soft = || node(&json!({}), &json!([{"key": "k", "effect": "NoSchedule"}]));
    let hard = || node(&json!({}), &json!([{"key": "k", "effect": "NoExecute"}]));
    let mild = || node(&json!({}), &json!([{"key": "k", "effect": "PreferNoSchedule"}]));
    for (spec, want) in [
        (json!({}), [false, false, true]),
        (json!({"schedulerName": "default-scheduler"}), [false, false, true]),
        (json!({"nodeName": "n"}), [true, false, true]),
        (json!({"schedulerName": "other"}), [true, false, true]),
    ] {
        let ask = ask(spec.clone());
        assert_eq!([ask.fits(&soft()), ask.fits(&hard()), ask.fits(&mild())], want, "{spec}");
    }
    let spread = |when: &str| {
        ask(json!({"topologySpreadConstraints": [
            {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": when}]}))
    };
    assert!(!spread("DoNotSchedule").fits(&plain()) && spread("ScheduleAnyway").fits(&plain()));
    assert!(spread("DoNotSchedule").fits(&node(&json!({"zone": "a"}), &json!([]))));
    assert!(!ask(json!({"os": {"name": "windows"}})).fits(&plain()));
}

#[test]
fn either_pod_keeps_the_other_off_within_its_terms() {
    let labels = |app: &str| -> Map { [(Str::new("app"), Str::new(app))].into_iter().collect() };
    let spaces = cluster(
        &[json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "b", "labels": {"team": "x"}}})],
        &[],
    );
    let (web, db) = (labels("web"), labels("db"));
    let apart = |term: Value, namespace: &str, more: Value| {
        let mut spec = json!({"affinity": {"podAntiAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}});
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        let (spec, free): (PodSpec, PodSpec) = (read!(spec), PodSpec::default());
        let own = Side { namespace: "a", labels: &web, spec: &spec };
        let other = Side { namespace, labels: &db, spec: &free };
        let node = node(&json!({"host": "n"}), &json!([]));
        let found = kept_apart(&own, &other, &node, &spaces);
        assert_eq!(found, kept_apart(&other, &own, &node, &spaces), "the same both ways");
        found
    };
    let term = |more: Value| {
        let mut term =
            json!({"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "host"});
        for (key, value) in more.as_object().into_iter().flatten() {
            term[key] = value.clone();
        }
        term
    };
    let none = || json!({});
    assert!(apart(term(none()), "a", none()));
    assert!(!apart(term(json!({"topologyKey": "zone"})), "a", none()), "in no zone");
    assert!(!apart(term(none()), "b", none()), "its own namespace");
    assert!(apart(term(json!({"namespaces": ["b"]})), "b", none()));
    let team = |value: &str| json!({"namespaceSelector": {"matchLabels": {"team": value}}});
    assert!(apart(term(team("x")), "b", none()) && !apart(term(team("y")), "b", none()));
    assert!(!apart(term(json!({"labelSelector": null})), "a", none()), "nothing is selected");
    assert!(!apart(term(json!({"matchLabelKeys": ["app"]})), "a", none()));
    assert!(!apart(
        json!({"labelSelector": {}, "topologyKey": "host", "mismatchLabelKeys": ["none"],
            "matchLabelKeys": ["app"]}),
        "a",
        none()
    ));
    let same = json!({"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "host",
        "mismatchLabelKeys": ["app"]});
    let spec: PodSpec = read!(json!({"affinity": {"podAntiAffinity":
        {"requiredDuringSchedulingIgnoredDuringExecution": [same]}}}));
    let twin = Side { namespace: "a", labels: &web, spec: &spec };
    let on = node(&json!({"host": "n"}), &json!([]));
    assert!(!kept_apart(&twin, &twin, &on, &spaces), "the values must differ");
    assert!(!apart(term(none()), "a", json!({"nodeName": "n"})), "whoever names it is not asked");
    assert!(!apart(term(none()), "a", json!({"schedulerName": "other"})));
    assert!(apart(term(none()), "a", json!({"schedulerName": "default-scheduler"})));
}

#[test]
fn what_may_narrow_what_is_written_into_pods() {
    let webhook = |resource: &str| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"},
            "webhooks": [{"name": "w", "rules": [{"apiGroups": ["*"], "apiVersions": ["*"],
                "operations": ["*"], "resources": [resource]}]}]})
    };
    let free = |objects: &[Value], unlisted: &[&str]| {
        let found = Freedom::of(&cluster(objects, unlisted));
        assert_eq!(found.tolerations, found.node_name);
        assert_eq!(found.tolerations.is_none(), !found.missing.is_empty());
        found.tolerations == Some(true)
    };
    assert!(free(&[server(&[])], &[]));
    assert!(!free(&[], &[]), "no server is seen");
    assert!(!free(&[server(&["--admission-control-config-file=/f"])], &[]));
    for resource in ["pods", "*", "*/*", "pods/*"] {
        assert!(!free(&[server(&[]), webhook(resource)], &[]), "{resource}");
    }
    assert!(free(&[server(&[]), webhook("services")], &[]));
    assert!(free(&[server(&[]), webhook("pods/exec")], &[]));
    for kind in [
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    ] {
        assert!(!free(&[server(&[])], &[kind]), "{kind}");
    }
    for plugin in [NODE_SELECTORS, TOLERATIONS] {
        let flag = format!("--enable-admission-plugins=NodeRestriction,{plugin}");
        let server = server(&[&flag]);
        assert_eq!(
            narrowing_plugins(&cluster(std::slice::from_ref(&server), &[]))
                .into_iter()
                .collect::<Vec<_>>(),
            [plugin]
        );
        assert!(!free(&[server], &[]), "{plugin}");
    }
    assert!(
        narrowing_plugins(&cluster(&[server(&["--enable-admission-plugins=X"])], &[])).is_empty()
    );
}
