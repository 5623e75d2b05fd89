//! NetworkPolicy of networking.k8s.io/v1: what the API server refuses (kubernetes
//! `pkg/apis/networking/validation`), whose ports have names, who is a pod, and what passes
//! whatever policies say.

use ringfort_network::policy::Tri::{No, Unknown, Yes};
use serde_json::{Value, json};

use crate::world::{JOB, NODE, OTHER, OUT, WEB, World};

fn policy(spec: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "p"}, "spec": spec})
}

fn deny() -> Value {
    policy(json!({"podSelector": {}, "policyTypes": ["Ingress"]}))
}

fn pod(name: &str, labels: Value, spec: Value, status: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "a", "name": name, "labels": labels},
        "spec": spec, "status": status})
}

fn agent(image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"namespace": "kube-system", "name": "agent"},
        "spec": {"template": {"spec": {"containers": [{"name": "x", "image": image}]}}}})
}

#[test]
fn what_the_server_refuses_is_unknown() {
    let block = |more: Value| {
        let mut peer = json!({"ipBlock": {"cidr": "10.0.0.0/8"}});
        for (key, value) in more.as_object().expect("fields") {
            peer[key] = value.clone();
        }
        json!({"podSelector": {}, "ingress": [{"from": [peer]}]})
    };
    let except = |range: &str| block(json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": [range]}}));
    let port = |port: Value| json!({"podSelector": {}, "ingress": [{"ports": [port]}]});
    let of_block = "spec.ingress[0].from[0].ipBlock.except[0]";
    for (spec, field) in [
        (json!({"podSelector": {}, "policyTypes": ["ingress"]}), "spec.policyTypes[0]"),
        (block(json!({"podSelector": {}})), "spec.ingress[0].from[0]"),
        (block(json!({"namespaceSelector": {}})), "spec.ingress[0].from[0]"),
        (except("11.0.0.0/16"), of_block),
        (except("10.0.0.0/8"), of_block),
        (port(json!({"port": 0})), "spec.ingress[0].ports[0].port"),
        (port(json!({"port": 65536})), "spec.ingress[0].ports[0].port"),
        (port(json!({"port": 80, "endPort": 79})), "spec.ingress[0].ports[0].endPort"),
        (port(json!({"port": "http", "endPort": 90})), "spec.ingress[0].ports[0].endPort"),
        (port(json!({"endPort": 90})), "spec.ingress[0].ports[0].endPort"),
    ] {
        World::new(&[policy(spec)]).is_unknown(field);
    }
    // What looks like it and is accepted.
    for spec in [
        except("10.0.0.0/9"),
        port(json!({"port": 1})),
        port(json!({"port": 65535})),
        port(json!({"port": 80, "endPort": 80})),
    ] {
        World::new(&[policy(spec)]).answers(&[]);
    }
}

#[test]
fn ports_of_containers_and_side_cars_have_names() {
    let named = |name: &str, port: u16, restart: Value| {
        json!({"name": name, "restartPolicy": restart,
            "ports": [{"name": name, "containerPort": port}]})
    };
    let target = pod(
        "car",
        json!({"app": "car"}),
        json!({"containers": [named("main", 8080, Value::Null)],
            "initContainers": [named("beside", 9090, json!("Always")),
                named("before", 9091, Value::Null)]}),
        json!({"phase": "Running"}),
    );
    let ports = json!([{"port": "main"}, {"port": "beside"}, {"port": "before"}]);
    let policy = policy(json!({"podSelector": {}, "ingress": [{"ports": ports}]}));
    World::new(&[target, policy]).answers(&[
        (JOB, "pod/a/car", "TCP 8080", Yes),
        (JOB, "pod/a/car", "TCP 9090", Yes),
        (JOB, "pod/a/car", "TCP 9091", No),
    ]);
}

#[test]
fn host_network_pods_are_no_peers_and_no_subjects() {
    let host = pod(
        "host",
        json!({"app": "job"}),
        json!({"hostNetwork": true, "nodeName": "n1", "containers": []}),
        json!({"phase": "Running", "podIP": "10.9.0.1"}),
    );
    let jobs = json!([{"from": [{"podSelector": {"matchLabels": {"app": "job"}}}]}]);
    let policy = policy(json!({"podSelector": {}, "ingress": jobs}));
    World::new(&[host, policy]).answers(&[
        (JOB, WEB, "TCP 80", Yes),
        ("pod/a/host", WEB, "TCP 80", No),
        (OTHER, "pod/a/host", "TCP 80", Yes),
    ]);
}

#[test]
fn pods_that_have_ended_are_nowhere() {
    let done = |phase: &str| {
        let status = json!({"phase": phase});
        World::new(&[pod("done", json!({}), json!({"containers": []}), status)]).holds("pod/a/done")
    };
    assert!(done("Running") && done("Pending"));
    assert!(!done("Succeeded") && !done("Failed"));
}

#[test]
fn every_namespace_carries_its_name() {
    let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": "b"}});
    let from = json!([{"from": [{"namespaceSelector": selector}]}]);
    World::new(&[policy(json!({"podSelector": {}, "ingress": from}))])
        .answers(&[(OTHER, WEB, "TCP 80", Yes), (JOB, WEB, "TCP 80", No)]);
}

#[test]
fn of_two_addresses_one_in_the_block_is_not_enough() {
    let dual = pod(
        "dual",
        json!({"app": "dual"}),
        json!({"containers": []}),
        json!({"phase": "Running", "podIPs": [{"ip": "10.0.0.9"}, {"ip": "fd00::9"}]}),
    );
    let networks = |list: Value| {
        json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
            "metadata": {"name": "x"}, "spec": {"priority": 1, "subject": {"namespaces": {}},
                "egress": [{"action": "Deny", "to": [{"networks": list}]}]}})
    };
    World::new(&[dual.clone(), networks(json!(["10.0.0.0/24"]))])
        .answers(&[(WEB, "pod/a/dual", "TCP 80", Unknown), (WEB, JOB, "TCP 80", No)]);
    World::new(&[dual, networks(json!(["10.0.0.0/24", "fd00::/64"]))]).answers(&[(
        WEB,
        "pod/a/dual",
        "TCP 80",
        No,
    )]);
}

#[test]
fn denied_is_denied_where_something_enforces_it() {
    let among = |more: &[Value]| {
        let mut objects = vec![deny()];
        objects.extend_from_slice(more);
        World::new(&objects).passes(JOB, WEB, "TCP 80")
    };
    assert_eq!(among(&[agent("x/calico/node:v3")]), No);
    assert_eq!(among(&[agent("x/flannel:v1")]), Yes);
    assert_eq!(among(&[]), Unknown);
}

#[test]
fn a_pod_reaches_itself_and_a_node_what_runs_on_it() {
    let local = pod(
        "local",
        json!({"app": "local"}),
        json!({"nodeName": "n1", "containers": []}),
        json!({"phase": "Running", "podIP": "10.0.0.8"}),
    );
    let both = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    let world = World::new(&[policy(both), local, agent("x/calico/node:v3")]);
    for (from, to, answer) in
        [(WEB, WEB, Yes), (JOB, WEB, No), (NODE, "pod/a/local", Yes), (NODE, WEB, No)]
    {
        assert_eq!(world.passes(from, to, "TCP 80"), answer, "{from} -> {to}");
    }
}

#[test]
fn a_service_stands_for_its_target_ports() {
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"namespace": "a", "name": "s"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    let only = |port: u16| {
        let ports = json!([{"ports": [{"port": port}]}]);
        let policy = policy(json!({"podSelector": {}, "ingress": ports}));
        let world = World::new(&[service.clone(), policy, agent("x/calico/node:v3")]);
        world.answer(JOB, "svc/a/s")
    };
    assert_eq!((only(8080), only(80)), (Yes, No));
    assert_eq!(World::new(&[]).ask(OUT, WEB, "TCP 80"), Yes);
}
