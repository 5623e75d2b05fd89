//! AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy.

use ringfort_network::policy::Tri::{No, Unknown, Yes};
use serde_json::{Value, json};

use crate::world::{JOB, NODE, OTHER, OUT, WEB, World};

fn object(kind: &str, version: &str, name: &str, rest: Value) -> Value {
    let mut spec = json!({"subject": {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}}});
    for (key, value) in rest.as_object().expect("fields") {
        spec[key] = value.clone();
    }
    json!({"apiVersion": format!("policy.networking.k8s.io/{version}"), "kind": kind,
        "metadata": {"name": name}, "spec": spec})
}

fn cluster(tier: &str, priority: i64, rest: Value) -> Value {
    let mut object = object(
        "ClusterNetworkPolicy",
        "v1alpha2",
        &format!("{tier}-{priority}").to_lowercase(),
        rest,
    );
    object["spec"]["tier"] = json!(tier);
    object["spec"]["priority"] = json!(priority);
    object
}

fn one(rest: Value) -> World {
    World::new(&[cluster("Admin", 5, rest)])
}

fn from(action: &str, peer: Value) -> Value {
    json!({"ingress": [{"action": action, "from": [peer]}]})
}

const ALL: &str = "all";

fn peer(name: &str) -> Value {
    match name {
        ALL => json!({"namespaces": {}}),
        _ => {
            json!({"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": name}}}})
        }
    }
}

fn isolating() -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}})
}

#[test]
fn both_versions_read_alike_and_selecting_does_not_isolate() {
    for version in ["v1alpha2", "v1beta1"] {
        let mut policy = cluster("Admin", 5, from("Deny", peer("job")));
        policy["apiVersion"] = json!(format!("policy.networking.k8s.io/{version}"));
        World::new(&[policy]).answers(&[
            (JOB, WEB, "TCP 80", No),
            (OTHER, WEB, "TCP 80", Yes),
            (OUT, WEB, "TCP 80", Yes),
            (WEB, JOB, "TCP 80", Yes),
        ]);
    }
}

#[test]
fn tiers_and_actions() {
    let accept = cluster("Admin", 5, from("Accept", peer("job")));
    World::new(&[accept, isolating()])
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OUT, WEB, "TCP 80", No)]);
    let pass = cluster("Admin", 5, from("Pass", peer("job")));
    let deny = cluster("Admin", 6, from("Deny", peer(ALL)));
    World::new(&[pass.clone(), deny])
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OTHER, WEB, "TCP 80", No)]);
    World::new(&[pass, isolating()]).answers(&[(JOB, WEB, "TCP 80", No)]);
    let baseline = cluster("Baseline", 5, from("Deny", peer(ALL)));
    let allowing = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "allow"}, "spec": {"podSelector": {}, "ingress": [{}]}});
    World::new(std::slice::from_ref(&baseline)).answers(&[(JOB, WEB, "TCP 80", No)]);
    World::new(&[baseline.clone(), allowing])
        .answers(&[(JOB, WEB, "TCP 80", Yes), (JOB, OTHER, "TCP 80", No)]);
    // Pass in the baseline tier leads to the default.
    let passes = cluster("Baseline", 1, from("Pass", peer("job")));
    World::new(&[passes, baseline]).answers(&[(JOB, WEB, "TCP 80", Yes)]);
}

#[test]
fn egress_peers() {
    let to = |peer: Value| one(json!({"egress": [{"action": "Deny", "to": [peer]}]}));
    to(json!({"nodes": {"matchLabels": {"zone": "edge"}}}))
        .answers(&[(WEB, NODE, "TCP 80", No), (WEB, OUT, "TCP 80", Yes)]);
    to(json!({"nodes": {"matchLabels": {"zone": "core"}}})).answers(&[(WEB, NODE, "TCP 80", Yes)]);
    // Networks mean pods and nodes by their addresses.
    to(json!({"networks": ["10.0.0.0/24", "10.9.0.0/16"]})).answers(&[
        (WEB, JOB, "TCP 80", No),
        (WEB, OTHER, "TCP 80", Yes),
        (WEB, NODE, "TCP 80", No),
        (WEB, OUT, "TCP 80", Yes),
    ]);
    one(json!({"egress": [{"action": "Accept", "to": [{"domainNames": ["*.example"]}]},
        {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]}))
    .answers(&[(WEB, OUT, "TCP 80", Unknown), (WEB, JOB, "TCP 80", No)]);
    // Acceptance on the way out still needs the way in.
    let out = cluster("Admin", 5, json!({"egress": [{"action": "Accept", "to": [peer(ALL)]}]}));
    World::new(&[out, isolating()]).answers(&[(OTHER, WEB, "TCP 80", No)]);
}

#[test]
fn protocols() {
    let with = |protocols: Value| {
        one(json!({"ingress": [{"action": "Deny", "from": [peer(ALL)], "protocols": protocols}]}))
    };
    with(json!([{"tcp": {"destinationPort": {"number": 80}}}])).answers(&[
        (JOB, WEB, "TCP 80", No),
        (JOB, WEB, "TCP 81", Yes),
        (JOB, WEB, "UDP 80", Yes),
    ]);
    with(json!([{"udp": {"destinationPort": {"range": {"start": 80, "end": 90}}}}])).answers(&[
        (JOB, WEB, "UDP 90", No),
        (JOB, WEB, "UDP 91", Yes),
        (JOB, WEB, "TCP 80", Yes),
    ]);
    with(json!([{"sctp": {"destinationPort": {"number": 9}}}, {"destinationNamedPort": "http"}]))
        .answers(&[(JOB, WEB, "SCTP 9", No), (JOB, WEB, "TCP 80", No), (JOB, WEB, "TCP 9", Yes)]);
}

#[test]
fn an_unknown_peer_fails_closed() {
    one(from("Accept", json!({"future": {}}))).answers(&[(JOB, WEB, "TCP 80", Yes)]);
    World::new(&[cluster("Admin", 5, from("Accept", json!({"future": {}}))), isolating()])
        .answers(&[(JOB, WEB, "TCP 80", No)]);
    for action in ["Deny", "Pass"] {
        one(from(action, json!({"future": {}})))
            .answers(&[(JOB, WEB, "TCP 80", No), (OUT, WEB, "UDP 9", No)]);
    }
}

#[test]
fn equal_priorities_that_differ_are_ambiguous() {
    let first = cluster("Admin", 5, from("Accept", peer("job")));
    let mut second = cluster("Admin", 5, from("Deny", peer(ALL)));
    second["metadata"]["name"] = json!("other");
    World::new(&[first.clone(), second.clone()])
        .answers(&[(JOB, WEB, "TCP 80", Unknown), (OTHER, WEB, "TCP 80", No)]);
    second["spec"]["priority"] = json!(6);
    World::new(&[first, second]).answers(&[(JOB, WEB, "TCP 80", Yes), (OTHER, WEB, "TCP 80", No)]);
    // Kinds of both versions of the API stand in one tier (NP-35).
    let alpha1 = object(
        "AdminNetworkPolicy",
        "v1alpha1",
        "x",
        json!({"priority": 5, "ingress": [{"action": "Allow", "from": [peer("job")]}]}),
    );
    let alpha2 = cluster("Admin", 9, from("Deny", peer(ALL)));
    World::new(&[alpha1, alpha2]).answers(&[(JOB, WEB, "TCP 80", Unknown)]);
}

#[test]
fn what_the_definitions_refuse_is_unknown() {
    let many: Vec<Value> = vec![json!({"action": "Deny", "from": [peer(ALL)]}); 26];
    for (rest, field) in [
        (json!({"tier": "Middle"}), "spec.tier"),
        (json!({"priority": 1001}), "spec.priority"),
        (json!({"subject": {}}), "spec.subject"),
        (json!({"ingress": many}), "spec.ingress"),
        (from("Allow", peer(ALL)), "spec.ingress[0].action"),
        (json!({"ingress": [{"action": "Deny", "from": []}]}), "spec.ingress[0].from"),
        (from("Deny", json!({"networks": ["10.0.0.0/8"]})), "spec.ingress[0].from[0]"),
        (
            json!({"egress": [{"action": "Deny", "to": [{"domainNames": ["x.example"]}]}]}),
            "spec.egress[0].to[0].domainNames",
        ),
        (
            json!({"egress": [{"action": "Accept", "to": [{"networks": ["10.0.0.0/8"]}], "protocols": [{"destinationNamedPort": "http"}]}]}),
            "spec.egress[0].protocols",
        ),
        (
            json!({"ingress": [{"action": "Deny", "from": [peer(ALL)], "protocols": [{"tcp": {"destinationPort": {"range": {"start": 9, "end": 9}}}}]}]}),
            "spec.ingress[0].protocols[0].tcp.destinationPort.range.end",
        ),
        (
            json!({"subject": {"namespaces": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}}),
            "spec.subject.namespaces.matchExpressions[0].operator",
        ),
        (json!({"priority": "high"}), "spec"),
    ] {
        one(Value::Object(serde_json::Map::new())).answers(&[(JOB, WEB, "TCP 80", Yes)]);
        let mut policy = cluster("Admin", 5, rest.clone());
        for key in ["tier", "priority"] {
            if let Some(value) = rest.get(key) {
                policy["spec"][key] = value.clone();
            }
        }
        World::new(&[policy]).is_unknown(field);
    }
}

/// The longest lists, and one more (`MaxItems` of the definitions).
#[test]
fn lists_may_be_as_long_as_the_definitions_say() {
    let rules = |count: usize| {
        let rule = json!({"action": "Deny", "from": [peer(ALL)]});
        (json!({"ingress": vec![rule; count]}), "spec.ingress")
    };
    let peers = |count: usize| {
        let rule = json!({"action": "Deny", "from": vec![peer(ALL); count]});
        (json!({"ingress": [rule]}), "spec.ingress[0].from")
    };
    let networks = |count: usize| {
        let to = json!([{"networks": vec!["10.0.0.0/8"; count]}]);
        (json!({"egress": [{"action": "Deny", "to": to}]}), "spec.egress[0].to[0].networks")
    };
    let domains = |action: &str, count: usize| {
        let to = json!([{"domainNames": vec!["x.example"; count]}]);
        (json!({"egress": [{"action": action, "to": to}]}), "spec.egress[0].to[0].domainNames")
    };
    let ports = |field: &str, port: Value, count: usize| {
        let rule = json!({"action": "Deny", "from": [peer(ALL)], field: vec![port; count]});
        (json!({"ingress": [rule]}), format!("spec.ingress[0].{field}"))
    };
    let number = json!({"portNumber": {"protocol": "TCP", "port": 80}});
    let protocol = json!({"tcp": {"destinationPort": {"number": 80}}});
    let check = |is_cluster: bool, (rest, field): (Value, &str), fits: bool| {
        let mut rest = rest;
        rest["subject"] = json!({"namespaces": {}});
        let policy = match is_cluster {
            true => cluster("Admin", 1000, rest),
            false => {
                rest["priority"] = json!(1000);
                object("AdminNetworkPolicy", "v1alpha1", "x", rest)
            }
        };
        let world = World::new(&[policy]);
        if fits {
            world.answers(&[]);
        } else {
            world.is_unknown(field);
        }
    };
    for (is_cluster, most) in [(false, 100), (true, 25)] {
        for (more, fits) in [(0, true), (1, false)] {
            check(is_cluster, rules(most + more), fits);
            check(is_cluster, peers(most + more), fits);
            check(is_cluster, networks(25 + more), fits);
            let allows = if is_cluster { "Accept" } else { "Allow" };
            check(is_cluster, domains(allows, 25 + more), fits);
            let (rest, field) = match is_cluster {
                true => ports("protocols", protocol.clone(), most + more),
                false => ports("ports", number.clone(), most + more),
            };
            check(is_cluster, (rest, &field), fits);
        }
    }
}

#[test]
fn the_baseline_has_one_name_and_does_not_pass() {
    let baseline = |name: &str, action: &str| {
        let rest = from(action, peer(ALL));
        World::new(&[object("BaselineAdminNetworkPolicy", "v1alpha1", name, rest)])
    };
    baseline("default", "Deny").answers(&[(JOB, WEB, "TCP 80", No)]);
    baseline("default", "Allow").answers(&[(JOB, WEB, "TCP 80", Yes)]);
    baseline("other", "Deny").is_unknown("metadata.name");
    baseline("default", "Pass").is_unknown("spec.ingress[0].action");
}

#[test]
fn every_kind_that_is_not_modelled_is_named() {
    for (group, kind, namespaced, said) in [
        ("crd.antrea.io/v1beta1", "NetworkPolicy", true, "Antrea NetworkPolicy"),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", false, "Antrea ClusterNetworkPolicy"),
        ("k8s.ovn.org/v1", "EgressFirewall", true, "EgressFirewall"),
        ("network.openshift.io/v1", "EgressNetworkPolicy", true, "EgressNetworkPolicy"),
        (
            "networking.k8s.aws/v1alpha1",
            "ApplicationNetworkPolicy",
            true,
            "ApplicationNetworkPolicy",
        ),
        ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", false, "AWS ClusterNetworkPolicy"),
        ("networking.gke.io/v1alpha3", "FQDNNetworkPolicy", true, "FQDNNetworkPolicy"),
    ] {
        let mut policy = json!({"apiVersion": group, "kind": kind, "metadata": {"name": "x"}});
        if namespaced {
            policy["metadata"]["namespace"] = json!("a");
        }
        let world = World::new(&[policy]);
        world.is_unknown("kind");
        let place = if namespaced { "a/x" } else { "x" };
        let error = world.network.errors()[0].to_string();
        assert_eq!(error, format!("{said} {place}: field kind: is not modelled"));
        let elsewhere = if namespaced { Yes } else { Unknown };
        assert_eq!(world.ask(OUT, OTHER, "TCP 80"), elsewhere, "{said}");
    }
}

#[test]
fn kinds_that_are_not_modelled_are_unknown_for_whom_they_may_select() {
    let antrea = json!({"apiVersion": "crd.antrea.io/v1beta1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "x"}});
    let world = World::new(&[antrea]);
    assert_eq!(
        world.network.errors()[0].to_string(),
        "Antrea NetworkPolicy a/x: field kind: is not modelled"
    );
    assert_eq!(world.ask(JOB, WEB, "TCP 80"), Unknown);
    assert_eq!(world.ask(OUT, OTHER, "TCP 80"), Yes);
    // A policy of a secondary network says nothing about the pod network.
    let multi = json!({"apiVersion": "k8s.cni.cncf.io/v1beta1", "kind": "MultiNetworkPolicy",
        "metadata": {"namespace": "a", "name": "x"}});
    World::new(&[multi]).answers(&[(JOB, WEB, "TCP 80", Yes)]);
}

#[test]
fn policies_that_were_not_listed_are_unknown() {
    use ringfort_model::{ClusterBuilder, Object, SourceKind};
    use ringfort_network::policy::Network;
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"a","name":"p"},
        "spec":{},"status":{"phase":"Running","podIP":"10.0.0.1"}}"#;
    let definition = r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
        "metadata":{"name":"x"},"spec":{"group":"cilium.io","names":{"kind":"CiliumNetworkPolicy"}}}"#;
    let left_out = "ciliumnetworkpolicies.cilium.io";
    for (complete, defined, left, unknown) in [
        (true, false, "", false),
        (false, false, "", true),
        (true, true, "", false),
        (true, true, left_out, true),
        (true, false, left_out, false),
    ] {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        builder.add(Object::read(pod.as_bytes()).expect("a pod"));
        if defined {
            builder.add(Object::read(definition.as_bytes()).expect("a definition"));
        }
        builder.coverage().rest_is_complete = complete;
        builder.coverage().not_listed = vec![left.into()];
        let cluster = builder.freeze();
        let network = Network::new(&cluster);
        let class = network.of_pod(cluster.pods.find("a", "p").expect("there")).expect("it runs");
        let between = network.between(class, network.internet()[0]);
        assert_eq!(!between.unknown().is_empty(), unknown);
    }
}

#[test]
fn the_cut_share_counts_pairs_of_different_workloads() {
    // Three bare pods: six ordered pairs, of which one policy cuts the two into a/web.
    assert_eq!(World::new(&[]).cut_share(), (6, 6, 0));
    let deny = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "deny"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}});
    assert_eq!(World::new(&[deny]).cut_share(), (6, 4, 0));
    let job = json!({"pods": {"podSelector": {"matchLabels": {"app": "job"}}}});
    let broken = cluster("Admin", 2000, json!({"subject": job}));
    assert_eq!(World::new(&[broken]).cut_share(), (6, 2, 4));
}

#[test]
fn an_address_is_denied_only_where_it_is_enforced() {
    use ringfort_network::policy::{ConnectionSet, Tri};
    let deny = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "deny"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]}});
    let calico = json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"namespace": "kube-system", "name": "calico-node"},
        "spec": {"template": {"spec": {"containers": [{"name": "x", "image": "calico/node:v3"}]}}}});
    let metadata = "169.254.169.254";
    let all = ConnectionSet::all();
    let denied = |world: &World, from: &str| {
        let address = metadata.parse().expect("ip");
        world.network.egress_denied(world.class(from), "", address, &all)
    };
    let unseen = World::new(std::slice::from_ref(&deny));
    assert_eq!((denied(&unseen, WEB), denied(&unseen, JOB)), (Tri::Unknown, Tri::No));
    let enforced = World::new(&[deny, calico]);
    assert_eq!((denied(&enforced, WEB), denied(&enforced, NODE)), (Tri::Yes, Tri::No));
}

#[test]
fn an_empty_list_of_ports_is_every_port() {
    let policy = object(
        "AdminNetworkPolicy",
        "v1alpha1",
        "x",
        json!({"priority": 1, "ingress": [{"action": "Deny", "from": [peer(ALL)], "ports": []}]}),
    );
    World::new(&[policy]).answers(&[(JOB, WEB, "TCP 80", No), (JOB, WEB, "SCTP 9", No)]);
}

#[test]
fn an_unknown_field_is_about_the_subject_alone() {
    let job =
        json!({"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "job"}}}});
    let rule = |more: &str| json!([{"action": "Deny", "from": [peer(ALL)], more: 1}]);
    // The subject is web in every namespace; the job's own ingress is untouched.
    let world = one(json!({"ingress": rule("future")}));
    world.is_unknown("spec.ingress[0].future");
    assert_eq!(world.ask(OUT, JOB, "TCP 80"), Yes);
    // What is wrong with ingress says nothing about egress, where that has no rules.
    assert_eq!(world.ask(WEB, OUT, "TCP 80"), Yes);
    let both = json!({"ingress": rule("future"), "egress": [{"action": "Deny", "to": [job]}]});
    assert_eq!(one(both).ask(WEB, OUT, "TCP 80"), Unknown);
    let world = one(json!({"later": 1, "ingress": [{"action": "Deny", "from": [peer(ALL)]}]}));
    world.is_unknown("spec.later");
    assert_eq!(world.ask(WEB, OUT, "TCP 80"), Unknown);
    assert_eq!(world.ask(OUT, JOB, "TCP 80"), Yes);
    // Whom it selects is then not known.
    let mut policy = cluster("Admin", 5, json!({}));
    policy["spec"]["subject"]["future"] = json!({"a": 1});
    let world = World::new(&[policy]);
    world.is_unknown("spec.subject.future");
    assert_eq!(world.ask(OTHER, JOB, "TCP 80"), Unknown);
}

#[test]
fn fields_of_another_kind_are_named() {
    let number = json!([{"portNumber": {"protocol": "TCP", "port": 80}}]);
    let rule = |field: &str, value: &Value| json!({"priority": 1, "ingress": [{"action": "Deny", "from": [peer(ALL)], field: value}]});
    World::new(&[cluster("Admin", 5, rule("ports", &number))]).is_unknown("spec.ingress[0].ports");
    let protocols = json!([{"tcp": {"destinationPort": {"number": 80}}}]);
    let admin = object("AdminNetworkPolicy", "v1alpha1", "x", rule("protocols", &protocols));
    World::new(&[admin]).is_unknown("spec.ingress[0].protocols");
    // The API server drops such a field of its own kinds: named, and without effect.
    let mut own = isolating();
    own["spec"]["ingress"] = json!([{"form": [{"podSelector": {}}]}]);
    let world = World::new(&[own]);
    assert_eq!(world.network.errors()[0].field, "spec.ingress[0].form");
    assert_eq!(world.ask(JOB, WEB, "TCP 80"), Yes);
}
