//! Network rows: for each the smallest objects that give its edge, and what looks like it.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

mod fixture;

use fixture::{found, holds, meta, named, node, of, reaches, rule, server, wide, with};
use ringfort_attack::Confidence;
use serde_json::{Value, json};

/// A running pod `a/NAME` with a label and an image.
fn running(name: &str, image: &str, container: Value, spec: Value) -> Value {
    let mut container = container;
    container["name"] = json!("c");
    container["image"] = json!(image);
    let mut meta = meta(name);
    meta["labels"] = json!({"app": name});
    let mut spec = spec;
    spec["nodeName"] = json!("n");
    spec["containers"] = json!([container]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec,
        "status": {"phase": "Running"}})
}

fn listens(port: u16) -> Value {
    json!({"ports": [{"containerPort": port}]})
}

/// A client and a server in one namespace.
fn pair(image: &str, port: u16, container: Value) -> Vec<Value> {
    let mut container = container;
    container["ports"] = json!([{"containerPort": port}]);
    with(
        holds(false, json!([])),
        [
            running("client", "x", json!({}), json!({})),
            running("data", image, container, json!({})),
        ],
    )
}

/// The agent of a network, with its pod on the node.
fn agent(image: &str) -> Vec<Value> {
    let mut pod = running("agent", image, json!({}), json!({"hostNetwork": true}));
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "d",
            "controller": true}]);
    let mut owner = meta("agent");
    owner["uid"] = json!("d");
    vec![
        pod,
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": owner, "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"hostNetwork": true,
                "containers": [{"name": "c", "image": image}]}}}}),
    ]
}

fn policy(spec: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": meta("np"), "spec": spec})
}

fn deny() -> Value {
    policy(json!({"podSelector": {"matchLabels": {"app": "data"}}, "policyTypes": ["Ingress"]}))
}

fn client_reaches(objects: &[Value]) -> bool {
    reaches(objects, &["pod/a/client"], "listener/pod/a/data")
}

#[test]
fn listeners_are_reached_unless_an_enforced_policy_denies() {
    let calico = agent("quay.io/calico/node:v3");
    let base = with(pair("x", 80, json!({})), calico);
    assert!(client_reaches(&base));
    assert!(!client_reaches(&with(base.clone(), [deny()])), "denied and enforced");
    let by = |app: &str, port: u16| {
        policy(json!({"podSelector": {"matchLabels": {"app": "data"}}, "ingress": [
            {"from": [{"podSelector": {"matchLabels": {"app": app}}}], "ports": [{"port": port}]}]}))
    };
    assert!(client_reaches(&with(base.clone(), [by("client", 80)])));
    assert!(!client_reaches(&with(base.clone(), [by("client", 81)])), "another port");
    assert!(!client_reaches(&with(base.clone(), [by("other", 80)])), "another source");
    let out = policy(json!({"podSelector": {"matchLabels": {"app": "client"}},
        "policyTypes": ["Egress"]}));
    assert!(!client_reaches(&with(base.clone(), [out])), "its own policies count too");
    // NP-07: the node of a pod reaches it, and what shares the node's network does.
    let denied = with(base, [deny()]);
    assert!(reaches(&denied, &["workload/DaemonSet/a/agent@n"], "listener/pod/a/data"));
    // Nothing listens.
    let silent = with(holds(false, json!([])), [running("client", "x", json!({}), json!({}))]);
    assert!(!found(&silent).contains("net-reach"));
}

/// Who shares a namespace is one set for pods and another for nodes, where a policy lets its
/// pods reach the ones and not the others.
#[test]
fn egress_to_pods_is_not_egress_to_nodes() {
    let out = policy(json!({"podSelector": {"matchLabels": {"app": "client"}},
        "policyTypes": ["Egress"], "egress": [{"to": [{"namespaceSelector": {}}]}]}));
    let host = running("host", "x", listens(6379), json!({"hostNetwork": true}));
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": wide("n"),
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.5"}]}});
    let mut objects = with(pair("x", 80, json!({})), agent("quay.io/calico/node:v3"));
    objects.retain(|object| object["kind"] != "Node");
    let objects = with(objects, [node, out, host]);
    assert!(client_reaches(&objects));
    assert!(!reaches(&objects, &["pod/a/client"], "listener/pod/a/host"));
    assert!(reaches(&objects, &["pod/a/data"], "listener/pod/a/host"));
}

#[test]
fn policies_that_nothing_enforces_are_named() {
    let edges = of("net-reach", &with(pair("x", 80, json!({})), [deny()]));
    assert!(edges.iter().any(|edge| edge.confidence == Confidence::UnverifiedControl), "{edges:?}");
    let flannel = agent("ghcr.io/flannel-io/flannel:v0.26.0");
    let objects = with(with(pair("x", 80, json!({})), [deny()]), flannel);
    let edges = of("net-reach", &objects);
    let into = edges.iter().filter(|edge| edge.to == "listener/pod/a/data");
    let notes: Vec<_> = into.map(|edge| (edge.confidence, edge.note.as_str())).collect();
    assert!(!notes.is_empty());
    for (confidence, note) in notes {
        assert_eq!(confidence, Confidence::Proven);
        assert!(note.contains("flannel"), "{note}");
    }
}

#[test]
fn open_protocols_are_exploited_and_other_listeners_need_a_fact() {
    let redis = pair("redis:7", 6379, json!({}));
    assert!(reaches(&redis, &["pod/a/client"], "pod/a/data"));
    let locked = pair("redis:7", 6379, json!({"args": ["--requirepass", "x"]}));
    assert!(!reaches(&locked, &["pod/a/client"], "pod/a/data"), "a password");
    let plain = pair("nginx", 80, json!({}));
    assert!(!reaches(&plain, &["pod/a/client"], "pod/a/data"), "no evidence of a flaw");
    assert!(reaches(&plain, &["pod/a/client", "fact/net-exploit"], "pod/a/data"));
    // A policy that opens another port of the pod opens not this one.
    let other = policy(json!({"podSelector": {"matchLabels": {"app": "data"}},
        "ingress": [{"ports": [{"port": 9121}]}]}));
    let mut two = pair("redis:7", 6379, json!({}));
    two.last_mut().expect("a pod")["spec"]["containers"][0]["ports"] =
        json!([{"containerPort": 6379}, {"containerPort": 9121}]);
    let two = with(with(two, [other]), agent("quay.io/calico/node:v3"));
    assert!(client_reaches(&two));
    assert!(!reaches(&two, &["pod/a/client"], "pod/a/data"));
}

fn on_aws(more: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut machine = node("n", json!({}));
    machine["spec"] = json!({"providerID": "aws:///z/i-1"});
    let mut objects = holds(false, json!([]));
    objects.retain(|one| one["kind"] != "Node" && one["kind"] != "Pod");
    objects.push(machine);
    with(objects, more)
}

#[test]
fn the_metadata_service_is_reached_unless_denied() {
    let client = || running("client", "x", json!({}), json!({}));
    let role = "aws/node-role";
    let with_fact = ["pod/a/client", "fact/net-imds"];
    let plain = on_aws([client()]);
    assert!(!reaches(&plain, &["pod/a/client"], role), "hop limits are not known");
    assert!(reaches(&plain, &with_fact, role));
    let block = policy(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]}]}));
    let denied = with(with(plain.clone(), agent("quay.io/calico/node:v3")), [block.clone()]);
    assert!(!reaches(&denied, &with_fact, role), "denied and enforced");
    let idle = with(with(plain, agent("ghcr.io/flannel-io/flannel:v0")), [block.clone()]);
    assert!(reaches(&idle, &with_fact, role), "denied and not enforced");
    let host = running("client", "x", json!({}), json!({"hostNetwork": true}));
    let host = with(on_aws([host]), with(agent("quay.io/calico/node:v3"), [block]));
    assert!(reaches(&host, &["pod/a/client@n"], role), "the host's network");
    assert!(!found(&holds(false, json!([]))).contains("net-imds"), "no cloud");
}

fn granted(id: &str, cluster: bool, rules: Value, more: Vec<Value>) -> bool {
    found(&with(holds(cluster, rules), more)).contains(id)
}

#[test]
fn writes_that_move_traffic() {
    let coredns = || {
        let meta = json!({"name": "coredns", "namespace": "kube-system", "uid": "q",
            "resourceVersion": "1"});
        vec![json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})]
    };
    let configs = rule(&["update"], "", &["configmaps"]);
    assert!(granted("net-dns-poison", true, json!([configs]), coredns()));
    assert!(!granted("net-dns-poison", true, json!([named(configs, "other")]), coredns()));

    let services = json!([rule(&["create"], "", &["services"])]);
    assert!(granted("net-external-ip-hijack", false, services.clone(), vec![]));
    let refused = vec![server(&["--enable-admission-plugins=DenyServiceExternalIPs"])];
    assert!(!granted("net-external-ip-hijack", false, services, refused));

    let slices = json!([rule(&["patch"], "discovery.k8s.io", &["endpointslices"])]);
    assert!(granted("net-endpoints-hijack", false, slices, vec![]));
    let read = json!([rule(&["get"], "discovery.k8s.io", &["endpointslices"])]);
    assert!(!granted("net-endpoints-hijack", false, read, vec![]));

    let ingresses = json!([rule(&["create"], "networking.k8s.io", &["ingresses"])]);
    let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": wide("nginx"), "spec": {"controller": "k8s.io/ingress-nginx"}});
    assert!(granted("net-ingress-hijack", false, ingresses.clone(), vec![class]));
    assert!(!granted("net-ingress-hijack", false, ingresses, vec![]), "no controller");

    let routes = json!([rule(&["create"], "gateway.networking.k8s.io", &["httproutes"])]);
    let gateway = |namespace: &str, from: &str| {
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "g", "namespace": namespace, "uid": "g", "resourceVersion": "1"},
            "spec": {"gatewayClassName": "x", "listeners": [{"name": "l", "port": 80,
                "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": from}}}]}})
    };
    let draws = |namespace, from| {
        granted("net-gateway-route", false, routes.clone(), vec![gateway(namespace, from)])
    };
    assert!(draws("a", "Same") && draws("b", "All"));
    assert!(!draws("b", "Same"), "another namespace");
}

#[test]
fn routes_of_every_kind_attach_where_the_listener_serves_them() {
    let gateway = |protocol: &str, more: Value| {
        let mut listener = json!({"name": "l", "port": 80, "protocol": protocol});
        for (key, value) in more.as_object().expect("fields") {
            listener[key.as_str()] = value.clone();
        }
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": meta("g"), "spec": {"gatewayClassName": "x", "listeners": [listener]}})
    };
    let passes = json!({"tls": {"mode": "Passthrough"}});
    let only = json!({"allowedRoutes": {"kinds": [{"kind": "HTTPRoute"}]}});
    for (resource, protocol, more, want) in [
        ("httproutes", "HTTP", json!({}), true),
        ("httproutes", "HTTPS", json!({}), true),
        ("httproutes", "TCP", json!({}), false),
        ("grpcroutes", "HTTPS", json!({}), true),
        ("grpcroutes", "HTTPS", only, false),
        ("grpcroutes", "TLS", json!({}), false),
        ("tlsroutes", "TLS", passes.clone(), true),
        ("tlsroutes", "HTTPS", json!({}), false),
        ("tcproutes", "TCP", json!({}), true),
        ("tcproutes", "TLS", passes, false),
        ("tcproutes", "UDP", json!({}), false),
        ("udproutes", "UDP", json!({}), true),
        ("udproutes", "TCP", json!({}), false),
    ] {
        let rules = json!([rule(&["create"], "gateway.networking.k8s.io", &[resource])]);
        let gateway = vec![gateway(protocol, more)];
        assert_eq!(
            granted("net-gateway-route", false, rules, gateway),
            want,
            "{resource} {protocol}"
        );
    }
    // Another name than that of a route: nothing to change.
    let change = rule(&["patch"], "gateway.networking.k8s.io", &["httproutes"]);
    let route = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": meta("r"), "spec": {}});
    let case = |name: &str| {
        let rules = json!([named(change.clone(), name)]);
        let more = vec![gateway("HTTP", json!({})), route.clone()];
        granted("net-gateway-route", false, rules, more)
    };
    assert!(case("r") && !case("other"));
}

#[test]
fn policies_are_lifted_where_they_isolate() {
    let rules = json!([rule(&["delete"], "networking.k8s.io", &["networkpolicies"])]);
    let objects = |more: Vec<Value>, image: &str| {
        let data = running("data", "x", listens(80), json!({}));
        with(with(holds(false, rules.clone()), [data]), with(agent(image), more))
    };
    let calico = "quay.io/calico/node:v3.30.0";
    assert!(reaches(&objects(vec![deny()], calico), &["sa/a/s"], "listener/pod/a/data"));
    assert!(!found(&objects(vec![], calico)).contains("netpol-write"), "nothing is isolated");
    let flannel = objects(vec![deny()], "ghcr.io/flannel-io/flannel:v0");
    assert!(!found(&flannel).contains("netpol-write"), "nothing to lift");
}

/// A definition of a custom kind.
fn definition(group: &str, kind: &str, plural: &str) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": wide(&format!("{plural}.{group}")),
        "spec": {"group": group, "names": {"kind": kind, "plural": plural}, "scope": "Cluster"}})
}

#[test]
fn policies_of_every_kind_are_lifted_where_they_decide() {
    const ADMIN: &str = "policy.networking.k8s.io";
    const CALICO: &str = "crd.projectcalico.org";
    let (calico, cilium) = ("quay.io/calico/node:v3.30.0", "quay.io/cilium/cilium:v1");
    let data = || running("data", "x", listens(80), json!({}));
    let lifts = |cluster: bool, grant: Value, image: &str, more: Vec<Value>| {
        let base = with(with(holds(cluster, json!([grant])), [data()]), agent(image));
        reaches(&with(base, more), &["sa/a/s"], "listener/pod/a/data")
    };
    let write = |verb: &str, group: &str, resource: &str| rule(&[verb], group, &[resource]);
    // Cilium enforces ClusterNetworkPolicies where its configuration says so.
    let tiers_on = || {
        let mut meta = meta("agent");
        meta["name"] = json!("cilium-config");
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
            "data": {"enable-k8s-cluster-network-policy": "true"}})
    };
    let anp = |priority: i64, action: &str| {
        json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
            "metadata": wide("anp"), "spec": {"priority": priority, "subject": {"namespaces": {}},
                "ingress": [{"action": action, "from": [{"namespaces": {}}]}]}})
    };
    let baseline = json!({"apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "BaselineAdminNetworkPolicy", "metadata": wide("default"),
        "spec": {"subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]}});
    let tiered = |tier: &str| {
        json!({"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": wide("cnp"), "spec": {"tier": tier, "priority": 5,
                "subject": {"namespaces": {}},
                "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]}})
    };
    let cnp = |rules: Value| {
        let mut spec = rules;
        spec["endpointSelector"] = json!({});
        json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": meta("c"),
            "spec": spec})
    };
    let isolates = || cnp(json!({"ingress": [{"fromEndpoints": [{"matchLabels": {"a": "b"}}]}]}));
    let denies = || cnp(json!({"ingressDeny": [{"fromEntities": ["all"]}]}));
    let wide_cilium = json!({"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": wide("w"), "spec": {"endpointSelector": {}, "ingress": [{}]}});
    let calico_policy = json!({"apiVersion": "crd.projectcalico.org/v1", "kind": "NetworkPolicy",
        "metadata": meta("c"), "spec": {"selector": "all()", "types": ["Ingress"]}});
    let global = json!({"apiVersion": "crd.projectcalico.org/v1", "kind": "GlobalNetworkPolicy",
        "metadata": wide("g"), "spec": {"selector": "all()", "types": ["Ingress"]}});
    let [v1, anps, banps, cnps] = [
        "networkpolicies",
        "adminnetworkpolicies",
        "baselineadminnetworkpolicies",
        "clusternetworkpolicies",
    ];
    let net = "networking.k8s.io";
    let (ccnps, globals) = ("ciliumclusterwidenetworkpolicies", "globalnetworkpolicies");
    for (name, cluster, grant, image, more, want) in [
        ("a rule is added", false, write("create", net, v1), calico, vec![deny()], true),
        ("nothing is isolated", false, write("create", net, v1), calico, vec![], false),
        (
            "the admin tier stays",
            false,
            write("create", net, v1),
            calico,
            vec![anp(3, "Deny")],
            false,
        ),
        // It is about pods; nodes come in where the policy goes.
        (
            "what it leaves open opens",
            false,
            write("delete", net, v1),
            calico,
            vec![anp(3, "Deny"), deny()],
            true,
        ),
        (
            "the admin tier goes",
            true,
            write("delete", ADMIN, anps),
            calico,
            vec![anp(3, "Deny")],
            true,
        ),
        (
            "one that allows goes",
            true,
            write("delete", ADMIN, anps),
            calico,
            vec![anp(3, "Allow")],
            false,
        ),
        (
            "one that is not named",
            true,
            named(write("delete", ADMIN, anps), "other"),
            calico,
            vec![anp(3, "Deny")],
            false,
        ),
        (
            "a namespace's grant",
            false,
            write("delete", ADMIN, anps),
            calico,
            vec![anp(3, "Deny")],
            false,
        ),
        (
            "an earlier one is made",
            true,
            write("create", ADMIN, anps),
            calico,
            vec![anp(3, "Deny")],
            true,
        ),
        (
            "it goes before policies too",
            true,
            write("create", ADMIN, anps),
            calico,
            vec![deny(), definition(ADMIN, "AdminNetworkPolicy", anps)],
            true,
        ),
        (
            "a kind that is not there",
            true,
            write("create", ADMIN, anps),
            calico,
            vec![deny()],
            false,
        ),
        (
            "the baseline goes",
            true,
            write("delete", ADMIN, banps),
            calico,
            vec![baseline.clone()],
            true,
        ),
        (
            "the baseline is overruled",
            false,
            write("create", net, v1),
            calico,
            vec![baseline],
            true,
        ),
        (
            "a tier goes",
            true,
            write("delete", ADMIN, cnps),
            cilium,
            vec![tiered("Admin"), tiers_on()],
            true,
        ),
        (
            "a tier that the agent does not know",
            true,
            write("delete", ADMIN, cnps),
            cilium,
            vec![tiered("Admin")],
            false,
        ),
        (
            "a baseline tier goes",
            true,
            write("patch", ADMIN, cnps),
            cilium,
            vec![tiered("Baseline"), tiers_on()],
            true,
        ),
        (
            "Cilium's isolation goes",
            false,
            write("delete", "cilium.io", "ciliumnetworkpolicies"),
            cilium,
            vec![isolates()],
            true,
        ),
        (
            "Cilium is allowed more",
            false,
            write("create", "cilium.io", "ciliumnetworkpolicies"),
            cilium,
            vec![isolates()],
            true,
        ),
        (
            "Cilium's denial stays",
            false,
            write("create", "cilium.io", "ciliumnetworkpolicies"),
            cilium,
            vec![denies()],
            false,
        ),
        (
            "Cilium's denial goes",
            false,
            write("delete", "cilium.io", "ciliumnetworkpolicies"),
            cilium,
            vec![denies()],
            true,
        ),
        (
            "Cilium's of all namespaces",
            true,
            write("create", "cilium.io", ccnps),
            cilium,
            vec![isolates(), wide_cilium.clone()],
            true,
        ),
        (
            "Cilium's kinds where Calico runs",
            false,
            write("create", "cilium.io", "ciliumnetworkpolicies"),
            calico,
            vec![deny(), isolates()],
            false,
        ),
        (
            "Calico's goes",
            false,
            write("delete", CALICO, "networkpolicies"),
            calico,
            vec![calico_policy.clone()],
            true,
        ),
        (
            "the same resource of another group",
            false,
            write("delete", net, v1),
            calico,
            vec![calico_policy.clone()],
            false,
        ),
        (
            "Calico is allowed more",
            false,
            write("patch", CALICO, "networkpolicies"),
            calico,
            vec![calico_policy],
            true,
        ),
        (
            "Calico's of all namespaces",
            true,
            write("delete", CALICO, globals),
            calico,
            vec![global.clone()],
            true,
        ),
        (
            "in a namespace only",
            false,
            write("delete", CALICO, globals),
            calico,
            vec![global],
            false,
        ),
    ] {
        assert_eq!(lifts(cluster, grant, image, more), want, "{name}");
    }
}

#[test]
fn ports_of_the_control_plane() {
    let system = |name: &str, command: Value| {
        let mut pod = running(name, "x", json!({"command": command}), json!({"hostNetwork": true}));
        pod["metadata"]["namespace"] = json!("kube-system");
        pod
    };
    let client = || running("client", "x", json!({}), json!({}));
    let etcd = |flags: Value| with(holds(false, json!([])), [client(), system("etcd", flags)]);
    let open = ["etcd", "--listen-client-urls", "https://127.0.0.1:2379,https://10.0.0.4:2379"];
    assert!(reaches(&etcd(json!(open)), &["pod/a/client"], "control-plane"));
    let asks = etcd(json!([&open[..], &["--client-cert-auth=true"]].concat()));
    assert!(!reaches(&asks, &["pod/a/client", "fact/net-etcd-direct"], "control-plane"));
    // By default it listens on the loopback address: what shares the node's network is there.
    let local = etcd(json!(["etcd"]));
    assert!(!reaches(&local, &["pod/a/client", "fact/net-etcd-direct"], "control-plane"));
    assert!(reaches(&local, &["pod/kube-system/etcd@n"], "control-plane"));
    let case = |words: &[&str]| reaches(&etcd(json!(words)), &["pod/a/client"], "control-plane");
    let https = "--listen-client-urls=https://10.0.0.4:2379";
    assert!(case(&["etcd", https]));
    assert!(!case(&["etcd", https, "--trusted-ca-file=/ca.crt"]), "an authority is enough");
    assert!(case(&["etcd", https, "--client-cert-auth=0"]), "a word for false");
    assert!(case(&["etcd", "--client-cert-auth", "--listen-client-urls=http://10.0.0.4:2379"]));
    assert!(!case(&["etcd", "--listen-client-urls=unix:///run/etcd.sock"]));
    assert!(!case(&["etcd", https, "--client-cert-auth=perhaps"]), "it would not start");
    let filed = etcd(json!([&open[..], &["--config-file=/etc/etcd.yaml"]].concat()));
    assert!(!reaches(&filed, &["pod/a/client"], "control-plane"));
    assert!(reaches(&filed, &["pod/a/client", "fact/net-etcd-direct"], "control-plane"));
    let scheduler = |paths: &str| {
        let command = json!(["kube-scheduler", "--bind-address=0.0.0.0", paths]);
        with(holds(false, json!([])), [client(), system("scheduler", command)])
    };
    let id = "net-kube-controller-ports";
    assert!(found(&scheduler("--authorization-always-allow-paths=/metrics")).contains(id));
    assert!(!found(&scheduler("--v=2")).contains(id));
}

#[test]
fn exports_and_neighbours() {
    let volume = |source: Value| {
        let mut spec = source;
        spec["claimRef"] = json!({"namespace": "a", "name": "c"});
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": wide("v"),
            "spec": spec})
    };
    let base = || with(holds(false, json!([])), [running("client", "x", json!({}), json!({}))]);
    let nfs = with(base(), [volume(json!({"nfs": {"server": "10.1.1.1", "path": "/x"}}))]);
    let held = ["pod/a/client", "fact/nfs-open-export"];
    assert!(reaches(&nfs, &held, "claim/a/c"));
    assert!(!reaches(&nfs, &["pod/a/client"], "claim/a/c"), "exports are not known");
    let out = policy(json!({"podSelector": {}, "policyTypes": ["Egress"]}));
    let denied = with(with(nfs, agent("quay.io/calico/node:v3")), [out]);
    assert!(!reaches(&denied, &held, "claim/a/c"), "denied and enforced");
    let local = with(base(), [volume(json!({"hostPath": {"path": "/x"}}))]);
    assert!(!found(&local).contains("nfs-open-export"));

    let flannel = with(base(), agent("ghcr.io/flannel-io/flannel:v0"));
    assert!(found(&flannel).contains("net-arp-spoof"));
    let calico = with(base(), agent("quay.io/calico/node:v3"));
    assert!(!found(&calico).contains("net-arp-spoof"));
}

#[test]
fn objects_of_meshes_and_network_plugins() {
    let defined = |group: &str, plural: &str, kind: &str, scope: &str| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": wide(&format!("{plural}.{group}")), "spec": {"group": group,
            "scope": scope, "names": {"kind": kind, "plural": plural}, "versions": []}})
    };
    let mesh = json!([rule(&["*"], "networking.istio.io", &["virtualservices"])]);
    let kinds =
        || vec![defined("networking.istio.io", "virtualservices", "VirtualService", "Namespaced")];
    assert!(granted("net-mesh-config", false, mesh.clone(), kinds()));
    assert!(!granted("net-mesh-config", false, mesh, vec![]), "no mesh");
    let pools = json!([rule(&["*"], "crd.projectcalico.org", &["ippools"])]);
    let kinds = || vec![defined("crd.projectcalico.org", "ippools", "IPPool", "Cluster")];
    assert!(granted("net-cni-config", true, pools.clone(), kinds()));
    assert!(!granted("net-cni-config", false, pools, kinds()), "a cluster-wide kind");
}
