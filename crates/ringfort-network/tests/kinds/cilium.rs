//! CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.

use ringfort_network::policy::Tri::{No, Unknown, Yes};
use serde_json::{Value, json};

use crate::world::{JOB, NODE, OTHER, OUT, WEB, World};

fn policy(rest: Value) -> Value {
    let mut spec = json!({"endpointSelector": {"matchLabels": {"app": "web"}}});
    for (key, value) in rest.as_object().expect("fields") {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"namespace": "a", "name": "p"}, "spec": spec})
}

fn one(rest: Value) -> World {
    World::new(&[policy(rest)])
}

fn clusterwide(spec: Value) -> World {
    World::new(&[json!({"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": {"name": "p"}, "spec": spec})])
}

#[test]
fn endpoints_of_the_own_namespace_unless_the_selector_asks_about_namespaces() {
    one(json!({"ingress": [{"fromEndpoints": [{}]}]})).answers(&[
        (JOB, WEB, "TCP 80", Yes),
        (OTHER, WEB, "TCP 80", No),
        (OUT, WEB, "TCP 80", No),
        // The other direction is untouched, and other namespaces are not selected.
        (WEB, OUT, "TCP 80", Yes),
        (JOB, OTHER, "TCP 80", Yes),
    ]);
    for selector in [
        json!({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "b"}}),
        json!({"matchLabels": {"io.cilium.k8s.namespace.labels.team": "blue"}}),
        json!({"matchExpressions": [{"key": "any:io.kubernetes.pod.namespace", "operator": "In", "values": ["b"]}]}),
    ] {
        one(json!({"ingress": [{"fromEndpoints": [selector]}]}))
            .answers(&[(JOB, WEB, "TCP 80", No), (OTHER, WEB, "TCP 80", Yes)]);
    }
    one(json!({"ingress": [{"fromEndpoints": [{"matchLabels": {"io.cilium.k8s.policy.serviceaccount": "worker"}}]}]}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OTHER, WEB, "TCP 80", No)]);
    one(json!({"egress": [{"toEndpoints": [{"matchLabels": {"k8s:app": "job"}}]}]})).answers(&[
        (WEB, JOB, "TCP 80", Yes),
        (WEB, OTHER, "TCP 80", No),
        (JOB, WEB, "TCP 80", Yes),
    ]);
}

#[test]
fn rules_without_peers() {
    // An empty rule means nobody, but isolates; ports alone mean everybody.
    one(json!({"ingress": [{}]})).answers(&[(JOB, WEB, "TCP 80", No), (WEB, JOB, "TCP 80", Yes)]);
    one(json!({"ingress": []})).answers(&[(JOB, WEB, "TCP 80", Yes)]);
    one(json!({"ingress": [{"fromEndpoints": []}]})).answers(&[(JOB, WEB, "TCP 80", No)]);
    one(json!({"ingress": [{"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}]}))
        .answers(&[
            (JOB, WEB, "TCP 80", Yes),
            (OUT, WEB, "TCP 80", Yes),
            (OUT, WEB, "TCP 81", No),
            (OUT, WEB, "UDP 80", No),
        ]);
}

#[test]
fn ports() {
    let ports = |ports: Value| {
        one(json!({"ingress": [{"fromEntities": ["all"], "toPorts": [{"ports": ports}]}]}))
    };
    ports(json!([{"port": "80", "endPort": 90, "protocol": "TCP"}]))
        .answers(&[(JOB, WEB, "TCP 90", Yes), (JOB, WEB, "TCP 91", No)]);
    ports(json!([{"port": "80", "protocol": "ANY"}])).answers(&[
        (JOB, WEB, "UDP 80", Yes),
        (JOB, WEB, "SCTP 80", Yes),
        (JOB, WEB, "UDP 81", No),
    ]);
    ports(json!([{"port": "0", "protocol": "TCP"}]))
        .answers(&[(JOB, WEB, "TCP 5", Yes), (JOB, WEB, "UDP 5", No)]);
    ports(json!([{"port": "http", "protocol": "TCP"}]))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (JOB, WEB, "TCP 81", No)]);
    one(json!({"ingress": [{"fromEntities": ["all"], "icmps": [{"fields": [{"type": 8}]}]}]}))
        .answers(&[(JOB, WEB, "TCP 80", No)]);
}

#[test]
fn sections_that_look_inside_narrow() {
    for inside in
        [json!({"rules": {"http": [{"method": "GET"}]}}), json!({"serverNames": ["x.example"]})]
    {
        let mut entry = json!({"ports": [{"port": "80", "protocol": "TCP"}]});
        for (key, value) in inside.as_object().expect("fields") {
            entry[key] = value.clone();
        }
        one(json!({"ingress": [{"fromEntities": ["all"], "toPorts": [entry]}]}))
            .answers(&[(JOB, WEB, "TCP 80", Unknown), (JOB, WEB, "TCP 81", No)]);
    }
}

#[test]
fn entities() {
    let from = |entity: &str| one(json!({"ingress": [{"fromEntities": [entity]}]}));
    from("world").answers(&[
        (OUT, WEB, "TCP 80", Yes),
        (JOB, WEB, "TCP 80", No),
        (NODE, WEB, "TCP 80", No),
    ]);
    from("world-ipv4").answers(&[(OUT, WEB, "TCP 80", Yes), ("2001:db8::1", WEB, "TCP 80", No)]);
    from("world-ipv6").answers(&[(OUT, WEB, "TCP 80", No), ("2001:db8::1", WEB, "TCP 80", Yes)]);
    from("cluster").answers(&[
        (OTHER, WEB, "TCP 80", Yes),
        (NODE, WEB, "TCP 80", Yes),
        // The API server is of the cluster, also where it runs outside.
        (OUT, WEB, "TCP 80", Unknown),
    ]);
    from("all").answers(&[(OUT, WEB, "TCP 80", Yes), (NODE, WEB, "TCP 80", Yes)]);
    for own in ["host", "remote-node"] {
        from(own).answers(&[
            (NODE, WEB, "TCP 80", Unknown),
            (OUT, WEB, "TCP 80", No),
            (JOB, WEB, "TCP 80", No),
        ]);
    }
    from("kube-apiserver").answers(&[(OUT, WEB, "TCP 80", Unknown), (JOB, WEB, "TCP 80", No)]);
    for nobody in ["none", "health", "init", "ingress"] {
        from(nobody).answers(&[(JOB, WEB, "TCP 80", No), (OUT, WEB, "TCP 80", No)]);
    }
    from("unmanaged").is_unknown("spec.ingress[0].fromEntities[0]");
}

#[test]
fn blocks_mean_nothing_that_cilium_manages() {
    one(json!({"ingress": [{"fromCIDR": ["0.0.0.0/0"]}]})).answers(&[
        (OUT, WEB, "TCP 80", Yes),
        (JOB, WEB, "TCP 80", No),
        (NODE, WEB, "TCP 80", No),
    ]);
    one(json!({"egress": [{"toCIDRSet": [{"cidr": "192.0.2.0/24", "except": ["192.0.2.0/28"]}]}]}))
        .answers(&[
            (WEB, "192.0.2.20", "TCP 80", Yes),
            (WEB, OUT, "TCP 80", No),
            (WEB, JOB, "TCP 80", No),
        ]);
    one(json!({"egress": [{"toFQDNs": [{"matchName": "x.example"}]}]}))
        .answers(&[(WEB, OUT, "TCP 80", Unknown), (WEB, JOB, "TCP 80", No)]);
}

#[test]
fn deny_comes_first_whichever_policy_says_it() {
    let deny =
        policy(json!({"ingressDeny": [{"fromEndpoints": [{"matchLabels": {"app": "job"}}]}]}));
    let allow = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "all"}, "spec": {"podSelector": {}, "ingress": [{}]}});
    World::new(&[deny.clone(), allow])
        .answers(&[(JOB, WEB, "TCP 80", No), (OUT, WEB, "TCP 80", Yes)]);
    // Alone it isolates too.
    World::new(&[deny]).answers(&[(JOB, WEB, "TCP 80", No), (OUT, WEB, "TCP 80", No)]);
    one(json!({"egressDeny": [{"toCIDR": ["192.0.2.1"]}], "egress": [{"toEntities": ["all"]}]}))
        .answers(&[(WEB, OUT, "TCP 80", No), (WEB, "192.0.2.2", "TCP 80", Yes)]);
}

#[test]
fn default_deny_can_be_turned_off_and_on() {
    one(json!({"enableDefaultDeny": {"ingress": false}, "ingress": [{"fromEndpoints": [{"matchLabels": {"app": "none"}}]}]}))
        .answers(&[(JOB, WEB, "TCP 80", Yes)]);
    one(json!({"enableDefaultDeny": {"ingress": false}, "ingressDeny": [{"fromEndpoints": [{"matchLabels": {"app": "job"}}]}]}))
        .answers(&[(JOB, WEB, "TCP 80", No), (OUT, WEB, "TCP 80", Yes)]);
    one(json!({"enableDefaultDeny": {"egress": true}}))
        .answers(&[(WEB, JOB, "TCP 80", No), (JOB, WEB, "TCP 80", Yes)]);
}

#[test]
fn specs_and_clusterwide() {
    World::new(&[json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"namespace": "a", "name": "p"}, "specs": [
            {"endpointSelector": {}, "description": "x", "labels": [], "ingress": [{}]},
            {"endpointSelector": {}, "ingress": [{"fromEntities": ["world"]}]}]})])
    .answers(&[(JOB, WEB, "TCP 80", No), (OUT, WEB, "TCP 80", Yes)]);
    clusterwide(json!({"endpointSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"fromEndpoints": [{"matchLabels": {"app": "web"}}]}]}))
    .answers(&[(OTHER, WEB, "TCP 80", Yes), (JOB, OTHER, "TCP 80", No), (WEB, JOB, "TCP 80", Yes)]);
    let hosts = clusterwide(json!({"nodeSelector": {}, "ingress": [{}]}));
    assert_eq!(hosts.network.errors()[0].field, "spec.nodeSelector");
    assert_eq!(hosts.ask(OUT, NODE, "TCP 80"), Unknown);
    assert_eq!(hosts.ask(JOB, WEB, "TCP 80"), Yes);
}

#[test]
fn fields_that_change_nothing_about_who_connects() {
    // Where a log goes and who ends TLS is no restriction.
    one(json!({"description": "d", "labels": [{"key": "k"}], "log": {"value": "v"},
        "ingress": [{"fromEntities": ["all"], "toPorts": [{"ports": [{"port": "80"}],
            "terminatingTLS": {"secret": {"name": "s"}}, "originatingTLS": {"secret": {"name": "s"}}}]}]}))
    .answers(&[(JOB, WEB, "TCP 80", Yes), (JOB, WEB, "TCP 81", No)]);
}

#[test]
fn both_directions_read_the_same_fields() {
    one(json!({"ingress": [{"fromCIDRSet": [{"cidr": "192.0.2.0/24", "except": ["192.0.2.64/26"]}]}]}))
        .answers(&[(OUT, WEB, "TCP 80", Yes), ("192.0.2.65", WEB, "TCP 80", No), (JOB, WEB, "TCP 80", No)]);
    one(json!({"egress": [{"toEntities": ["cluster"]}]})).answers(&[
        (WEB, OTHER, "TCP 80", Yes),
        (WEB, NODE, "TCP 80", Yes),
        (WEB, OUT, "TCP 80", Unknown),
    ]);
    one(json!({"egressDeny": [{"toEndpoints": [{"matchLabels": {"app": "job"}}],
        "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}], "egress": [{"toEntities": ["all"]}]}))
    .answers(&[(WEB, JOB, "TCP 80", No), (WEB, JOB, "TCP 81", Yes)]);
    one(json!({"egress": [{"icmps": [{"fields": [{"type": 8}]}], "toEntities": ["all"]}]}))
        .answers(&[(WEB, JOB, "TCP 80", No)]);
}

#[test]
fn what_is_not_modelled_is_unknown() {
    for (rest, field) in [
        (json!({"ingress": [{"fromRequires": [{}]}]}), "spec.ingress[0].fromRequires"),
        (json!({"ingress": [{"fromGroups": [{}]}]}), "spec.ingress[0].fromGroups"),
        (json!({"ingress": [{"fromNodes": [{}]}]}), "spec.ingress[0].fromNodes"),
        (
            json!({"ingress": [{"authentication": {"mode": "required"}}]}),
            "spec.ingress[0].authentication",
        ),
        (
            json!({"ingress": [{"fromCIDRSet": [{"cidrGroupRef": "x"}]}]}),
            "spec.ingress[0].fromCIDRSet[0].cidrGroupRef",
        ),
        (json!({"ingress": [{"fromCIDR": ["10.0.0.0/99"]}]}), "spec.ingress[0].fromCIDR[0]"),
        (
            json!({"ingress": [{"toPorts": [{"ports": [{"port": "99999"}]}]}]}),
            "spec.ingress[0].toPorts[0].ports[0].port",
        ),
        (
            json!({"ingress": [{"toPorts": [{"listener": {}}]}]}),
            "spec.ingress[0].toPorts[0].listener",
        ),
        (
            json!({"ingress": [{"fromEndpoints": [{"matchLabels": {"reserved:host": ""}}]}]}),
            "spec.ingress[0].fromEndpoints[0]",
        ),
        (
            json!({"ingress": [{"fromEndpoints": [{}], "fromEntities": ["world"]}]}),
            "spec.ingress[0].fromEntities",
        ),
        (
            json!({"egress": [{"toCIDR": ["10.0.0.0/8"], "toFQDNs": [{"matchName": "a.example"}]}]}),
            "spec.egress[0].toFQDNs",
        ),
        (
            json!({"ingressDeny": [{"fromCIDR": ["10.0.0.0/8"],
                "fromCIDRSet": [{"cidr": "10.0.0.0/8"}]}]}),
            "spec.ingressDeny[0].fromCIDRSet",
        ),
        (
            json!({"ingress": [{"icmps": [{"fields": [{"type": 8}]}],
                "toPorts": [{"ports": [{"port": "80"}]}]}]}),
            "spec.ingress[0].icmps",
        ),
        (json!({"newField": 1}), "spec.newField"),
    ] {
        one(rest).is_unknown(field);
    }
    // An empty list beside another field is none.
    let beside = json!({"ingress": [{"fromEndpoints": [{}], "fromEntities": []}]});
    assert!(one(beside).network.errors().is_empty());
}

#[test]
fn the_agent_may_isolate_everybody() {
    for (mode, answer) in [("always", No), ("default", Yes)] {
        World::new(&[json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": "kube-system", "name": "cilium-config"},
            "data": {"enable-policy": mode}})])
        .answers(&[(JOB, WEB, "TCP 80", answer), (WEB, OUT, "TCP 80", answer)]);
    }
}

fn config(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": "kube-system", "name": "cilium-config"}, "data": data})
}

fn agent(version: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"namespace": "kube-system", "name": "cilium"},
        "spec": {"template": {"spec": {"containers": [
            {"name": "x", "image": format!("quay.io/cilium/cilium:{version}")}]}}}})
}

#[test]
fn the_cluster_of_a_pod() {
    let from = |cluster: &str| {
        policy(json!({"ingress": [{"fromEndpoints": [
            {"matchLabels": {"k8s:io.cilium.k8s.policy.cluster": cluster, "app": "job"}}]}]}))
    };
    for (name, asked, answer) in
        [("main", "main", Yes), ("main", "other", No), ("default", "default", Yes)]
    {
        World::new(&[config(json!({"cluster-name": name})), from(asked)])
            .answers(&[(JOB, WEB, "TCP 80", answer)]);
    }
    World::new(&[config(json!({})), from("default")]).answers(&[(JOB, WEB, "TCP 80", Yes)]);
    World::new(&[from("default")]).is_unknown("spec.ingress[0].fromEndpoints[0]");
}

#[test]
fn labels_that_identities_lack_select_nothing() {
    let dropped = "pod-template-hash";
    let by = |key: &str, operator: &str| {
        policy(json!({"ingress": [{"fromEndpoints": [
            {"matchExpressions": [{"key": key, "operator": operator}]}]}]}))
    };
    World::new(&[by(dropped, "Exists")]).answers(&[(JOB, WEB, "TCP 80", No)]);
    World::new(&[by(dropped, "DoesNotExist")]).answers(&[(JOB, WEB, "TCP 80", Yes)]);
    let own = |key: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"namespace": "a", "name": "p"},
            "spec": {"podSelector": {"matchExpressions": [{"key": key, "operator": "DoesNotExist"}]},
                "ingress": [{"from": [{"podSelector": {"matchExpressions": [
                    {"key": "app", "operator": "Exists"}]}}]}]}})
    };
    let index = "apps.kubernetes.io/pod-index";
    World::new(&[agent("v1.17.1"), own(index)])
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OUT, WEB, "TCP 80", No)]);
    let unknown = World::new(&[agent("latest"), own(index)]);
    unknown.is_unknown("spec.podSelector");
    assert_eq!(unknown.ask(OUT, OTHER, "TCP 80"), Yes);
    // Another filter keeps what is not known.
    let set = config(json!({"labels": "k8s:app"}));
    World::new(&[agent("v1.17.1"), set.clone(), own(index)]).is_unknown("spec.podSelector");
    World::new(&[set, by("app", "Exists")]).is_unknown("spec.endpointSelector");
}

#[test]
fn blocks_may_be_set_to_mean_nodes() {
    let rule = json!({"ingress": [{"fromCIDR": ["10.9.0.0/16"]}], "egress": [{"toCIDR": ["10.9.0.0/16"]}]});
    let nodes = config(json!({"policy-cidr-match-mode": "nodes"}));
    World::new(&[nodes.clone(), policy(rule.clone())]).answers(&[
        (NODE, WEB, "TCP 80", Yes),
        (WEB, NODE, "TCP 80", Unknown),
        (JOB, WEB, "TCP 80", No),
    ]);
    World::new(&[policy(rule)]).answers(&[(NODE, WEB, "TCP 80", No), (WEB, NODE, "TCP 80", No)]);
    let own = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "p"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]}]}});
    World::new(&[agent("v1.17.1"), nodes, own.clone()]).answers(&[(NODE, WEB, "TCP 80", Yes)]);
    World::new(&[agent("v1.17.1"), own]).answers(&[(NODE, WEB, "TCP 80", No)]);
}

#[test]
fn the_subject_is_in_the_policys_namespace() {
    let subject = |key: &str| {
        one(
            json!({"endpointSelector": {"matchLabels": {key: "zz", "app": "web"}}, "ingress": [{}]}),
        )
    };
    // The agent puts the own namespace in the place of the one that is named.
    subject("k8s:io.kubernetes.pod.namespace")
        .answers(&[(JOB, WEB, "TCP 80", No), (JOB, OTHER, "TCP 80", Yes)]);
    subject("io.kubernetes.pod.namespace").answers(&[(JOB, WEB, "TCP 80", Yes)]);
}

#[test]
fn what_the_agent_refuses_is_named_and_never_denied() {
    let port = json!({"port": "80", "protocol": "TCP"});
    let ports = |count: usize| vec![port.clone(); count];
    let to_ports = |entry: Value| json!({"ingress": [{"toPorts": [entry]}]});
    let here = "spec.ingress[0].toPorts[0]";
    let http = json!({"http": [{}]});
    for (rest, field) in [
        (to_ports(json!({"ports": ports(41)})), format!("{here}.ports")),
        (to_ports(json!({"ports": [{"protocol": "TCP"}]})), format!("{here}.ports[0].port")),
        (
            to_ports(json!({"ports": [{"port": "80", "protocol": "UDP"}], "rules": http})),
            format!("{here}.ports[0].protocol"),
        ),
        (
            to_ports(json!({"ports": [{"port": "0", "protocol": "TCP"}], "rules": http})),
            format!("{here}.ports[0].port"),
        ),
        (
            to_ports(json!({"ports": ports(1), "rules": {"dns": [{"matchPattern": "*"}]}})),
            format!("{here}.rules.dns"),
        ),
        (
            to_ports(json!({"ports": ports(1), "rules": {"http": [{}], "kafka": [{}]}})),
            format!("{here}.rules"),
        ),
        (
            to_ports(json!({"ports": ports(1), "rules": http, "serverNames": ["x.example"]})),
            format!("{here}.serverNames"),
        ),
        (
            json!({"ingress": [{"fromCIDRSet": [{"cidr": "192.0.2.0/24", "except": ["10.0.0.0/8"]}]}]}),
            "spec.ingress[0].fromCIDRSet[0].except[0]".to_owned(),
        ),
        (
            json!({"ingress": [{"icmps": [{"fields": vec![json!({"type": 8}); 41]}]}]}),
            "spec.ingress[0].icmps[0].fields".to_owned(),
        ),
        (
            json!({"egress": [{"toPorts": [{"rules": {"dns": [{"matchPattern": "*"}]}}]}]}),
            "spec.egress[0].toPorts[0].rules.dns".to_owned(),
        ),
        (
            json!({"ingressDeny": [{"toPorts": [{"ports": ports(1), "rules": http}]}]}),
            "spec.ingressDeny[0].toPorts[0].rules".to_owned(),
        ),
    ] {
        one(rest).is_unknown(&field);
    }
    // As many as are allowed.
    one(to_ports(json!({"ports": ports(40)}))).answers(&[(JOB, WEB, "TCP 80", Yes)]);
    let fields = vec![json!({"type": 8}); 40];
    one(json!({"ingress": [{"icmps": [{"fields": fields}]}]})).answers(&[(JOB, WEB, "TCP 80", No)]);
    let dns = json!({"egress": [{"toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}],
        "rules": {"dns": [{"matchPattern": "*"}]}}]}]});
    one(dns).answers(&[(WEB, JOB, "UDP 53", Unknown), (WEB, JOB, "UDP 54", No)]);
}
