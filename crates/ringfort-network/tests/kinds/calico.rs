//! Calico's kinds.

use ringfort_network::policy::Tri::{No, Unknown, Yes};
use serde_json::{Value, json};

use crate::world::{JOB, NODE, OTHER, OUT, WEB, World};

fn object(kind: &str, namespace: Option<&str>, name: &str, spec: Value) -> Value {
    let mut object = json!({"apiVersion": "projectcalico.org/v3", "kind": kind,
        "metadata": {"name": name}, "spec": spec});
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

fn policy(rest: Value) -> Value {
    let mut spec = json!({"selector": "app == 'web'"});
    for (key, value) in rest.as_object().expect("fields") {
        spec[key] = value.clone();
    }
    object("NetworkPolicy", Some("a"), "p", spec)
}

fn one(rest: Value) -> World {
    World::new(&[policy(rest)])
}

fn global(spec: Value) -> World {
    World::new(&[object("GlobalNetworkPolicy", None, "g", spec)])
}

#[test]
fn types_follow_the_rules() {
    one(json!({})).answers(&[(JOB, WEB, "TCP 80", No), (WEB, JOB, "TCP 80", Yes)]);
    one(json!({"egress": [{"action": "Deny"}]}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (WEB, JOB, "TCP 80", No)]);
    one(json!({"types": ["Egress"], "ingress": [{"action": "Deny"}]}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (WEB, JOB, "TCP 80", No)]);
    one(json!({"ingress": [{"action": "Allow"}], "egress": [{"action": "Allow"}]}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (WEB, OUT, "TCP 80", Yes)]);
}

#[test]
fn selectors_of_the_other_end() {
    let from = |source: Value| one(json!({"ingress": [{"action": "Allow", "source": source}]}));
    from(json!({"selector": "app == 'job'"}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OTHER, WEB, "TCP 80", No)]);
    // Without a selector of namespaces it means the own one.
    from(json!({"selector": "has(app)"}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OTHER, WEB, "TCP 80", No)]);
    from(json!({"selector": "has(app)", "namespaceSelector": "team == 'blue'"}))
        .answers(&[(JOB, WEB, "TCP 80", No), (OTHER, WEB, "TCP 80", Yes)]);
    from(json!({"namespaceSelector": "projectcalico.org/name == 'b'"})).answers(&[
        (JOB, WEB, "TCP 80", No),
        (OTHER, WEB, "TCP 80", Yes),
        (OUT, WEB, "TCP 80", No),
    ]);
    from(json!({"selector": "tier starts with 'back'", "namespaceSelector": "all()"}))
        .answers(&[(JOB, WEB, "TCP 80", No), (OTHER, WEB, "TCP 80", Yes)]);
    from(json!({"notSelector": "app == 'job'"})).answers(&[
        (JOB, WEB, "TCP 80", No),
        (OUT, WEB, "TCP 80", No),
        (OTHER, WEB, "TCP 80", No),
    ]);
    from(json!({"notSelector": "app == 'none'"})).answers(&[
        (JOB, WEB, "TCP 80", Yes),
        (OUT, WEB, "TCP 80", No),
        (NODE, WEB, "TCP 80", No),
    ]);
    // Without a namespace of its own it takes what is no endpoint.
    global(json!({"selector": "app == 'web'",
        "ingress": [{"action": "Allow", "source": {"notSelector": "app == 'job'"}}]}))
    .answers(&[
        (JOB, WEB, "TCP 80", No),
        (OUT, WEB, "TCP 80", Yes),
        (NODE, WEB, "TCP 80", Yes),
        (OTHER, WEB, "TCP 80", Yes),
    ]);
    from(json!({"serviceAccounts": {"names": ["worker"]}}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OTHER, WEB, "TCP 80", No)]);
    from(json!({"serviceAccounts": {"selector": "role == 'batch'"}}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (OTHER, WEB, "TCP 80", No)]);
    from(json!({"serviceAccounts": {"selector": "role == 'nobody'"}}))
        .answers(&[(JOB, WEB, "TCP 80", No), (OTHER, WEB, "TCP 80", No)]);
    from(json!({})).answers(&[(OUT, WEB, "TCP 80", Yes)]);
}

#[test]
fn nets_mean_pods_and_nodes_too() {
    let from = |source: Value| one(json!({"ingress": [{"action": "Allow", "source": source}]}));
    from(json!({"nets": ["10.0.0.0/24", "192.0.2.1"]})).answers(&[
        (JOB, WEB, "TCP 80", Yes),
        (OTHER, WEB, "TCP 80", No),
        (OUT, WEB, "TCP 80", Yes),
        ("192.0.2.2", WEB, "TCP 80", No),
    ]);
    from(json!({"notNets": ["10.0.0.0/8"]})).answers(&[
        (JOB, WEB, "TCP 80", No),
        (NODE, WEB, "TCP 80", No),
        (OUT, WEB, "TCP 80", Yes),
    ]);
    from(json!({"nets": ["10.0.0.0/8"], "notNets": ["10.9.0.0/16"]}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (NODE, WEB, "TCP 80", No)]);
}

#[test]
fn protocols_and_ports() {
    let rule = |rest: Value| {
        let mut rule = json!({"action": "Allow"});
        for (key, value) in rest.as_object().expect("fields") {
            rule[key] = value.clone();
        }
        one(json!({"ingress": [rule]}))
    };
    rule(json!({"protocol": "TCP"})).answers(&[(JOB, WEB, "TCP 9", Yes), (JOB, WEB, "UDP 9", No)]);
    rule(json!({"protocol": 132})).answers(&[(JOB, WEB, "SCTP 9", Yes), (JOB, WEB, "TCP 9", No)]);
    rule(json!({"protocol": "ICMP", "icmp": {"type": 8}})).answers(&[(JOB, WEB, "TCP 9", No)]);
    rule(json!({"notProtocol": "UDP"}))
        .answers(&[(JOB, WEB, "TCP 9", Yes), (JOB, WEB, "UDP 9", No)]);
    rule(json!({"protocol": "TCP", "destination": {"ports": [80, "90:95", "http"]}})).answers(&[
        (JOB, WEB, "TCP 80", Yes),
        (JOB, WEB, "TCP 95", Yes),
        (JOB, WEB, "TCP 96", No),
        (JOB, WEB, "UDP 80", No),
    ]);
    rule(json!({"protocol": "TCP", "destination": {"notPorts": ["80:81"]}}))
        .answers(&[(JOB, WEB, "TCP 80", No), (JOB, WEB, "TCP 82", Yes)]);
    rule(json!({"protocol": "TCP", "source": {"ports": [5000]}}))
        .answers(&[(JOB, WEB, "TCP 80", Unknown), (JOB, WEB, "UDP 80", No)]);
}

#[test]
fn order_decides_between_policies_and_rules() {
    let named = |name: &str, order: Value, action: &str| {
        let mut one = policy(json!({"order": order, "ingress": [{"action": action}]}));
        one["metadata"]["name"] = json!(name);
        one
    };
    World::new(&[named("x", json!(2), "Allow"), named("y", json!(1), "Deny")])
        .answers(&[(JOB, WEB, "TCP 80", No)]);
    World::new(&[named("x", json!(1.5), "Allow"), named("y", json!(2), "Deny")])
        .answers(&[(JOB, WEB, "TCP 80", Yes)]);
    // No order comes last, equal orders go by name.
    World::new(&[named("x", Value::Null, "Allow"), named("y", json!(9), "Deny")])
        .answers(&[(JOB, WEB, "TCP 80", No)]);
    World::new(&[named("y", json!(1), "Allow"), named("x", json!(1), "Deny")])
        .answers(&[(JOB, WEB, "TCP 80", No)]);
    one(json!({"ingress": [{"action": "Log"}, {"action": "Allow", "protocol": "TCP"}, {"action": "Deny"}]}))
        .answers(&[(JOB, WEB, "TCP 80", Yes), (JOB, WEB, "UDP 80", No)]);
}

#[test]
fn network_policy_stands_in_the_default_tier() {
    let kubernetes = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "all"}, "spec": {"podSelector": {}, "ingress": [{}]}});
    let deny = |order: i64| policy(json!({"order": order, "ingress": [{"action": "Deny"}]}));
    World::new(&[kubernetes.clone(), deny(10)]).answers(&[(JOB, WEB, "TCP 80", No)]);
    World::new(&[kubernetes, deny(2000)]).answers(&[(JOB, WEB, "TCP 80", Yes)]);
}

#[test]
fn tiers() {
    let tier = |name: &str, spec: Value| object("Tier", None, name, spec);
    let in_tier = |tier: &str, rules: Value| policy(json!({"tier": tier, "ingress": rules}));
    let pass = json!([{"action": "Pass", "protocol": "TCP"}]);
    // What passes the tier is allowed where nothing follows, the rest ends in it.
    World::new(&[tier("first", json!({"order": 1})), in_tier("first", pass.clone())])
        .answers(&[(JOB, WEB, "TCP 80", Yes), (JOB, WEB, "UDP 80", No)]);
    World::new(&[
        tier("first", json!({"order": 1, "defaultAction": "Pass"})),
        in_tier("first", json!([])),
    ])
    .answers(&[(JOB, WEB, "TCP 80", Yes)]);
    let mut later = policy(json!({"tier": "second", "ingress": [{"action": "Deny"}]}));
    later["metadata"]["name"] = json!("later");
    let both = [
        tier("first", json!({"order": 1})),
        tier("second", json!({"order": 2})),
        in_tier("first", pass),
        later,
    ];
    World::new(&both).answers(&[(JOB, WEB, "TCP 80", No)]);
    // The tier's order decides, not the names of its policies.
    let mut late = policy(json!({"tier": "late", "ingress": [{"action": "Deny"}]}));
    late["metadata"]["name"] = json!("a");
    let allow = in_tier("early", json!([{"action": "Allow"}]));
    let by_order = |late: i64, early: i64| {
        [tier("late", json!({"order": late})), tier("early", json!({"order": early}))]
    };
    for (orders, answer) in [
        ((2, 1), Yes),
        ((1, 2), No),
        ((-1, -2), Yes),
        ((-2, -1), No),
        ((1, -1), Yes),
        ((-1, 1), No),
    ] {
        let tiers = by_order(orders.0, orders.1);
        World::new(&[tiers[0].clone(), tiers[1].clone(), late.clone(), allow.clone()])
            .answers(&[(JOB, WEB, "TCP 80", answer)]);
    }
    one(json!({"tier": "nowhere"})).is_unknown("spec.tier");
}

#[test]
fn global_policies_and_sets() {
    global(json!({"selector": "app == 'web'", "ingress": [{"action": "Allow", "source": {"selector": "app == 'web'"}}]}))
        .answers(&[(OTHER, WEB, "TCP 80", Yes), (JOB, OTHER, "TCP 80", No), (WEB, JOB, "TCP 80", Yes)]);
    global(json!({"namespaceSelector": "team == 'red'", "ingress": [{"action": "Deny"}]}))
        .answers(&[(JOB, WEB, "TCP 80", No), (JOB, OTHER, "TCP 80", Yes)]);
    global(json!({"serviceAccountSelector": "role == 'batch'", "ingress": [{"action": "Deny"}]}))
        .answers(&[(WEB, JOB, "TCP 80", No), (JOB, WEB, "TCP 80", Yes)]);
    for host in ["doNotTrack", "preDNAT"] {
        global(json!({host: true, "ingress": [{"action": "Deny"}]}))
            .answers(&[(JOB, WEB, "TCP 80", Yes)]);
    }
    let mut set = object("GlobalNetworkSet", None, "s", json!({"nets": ["192.0.2.0/24"]}));
    set["metadata"]["labels"] = json!({"kind": "partner"});
    let mut own = object("NetworkSet", Some("a"), "s", json!({"nets": ["198.51.100.0/24"]}));
    own["metadata"]["labels"] = json!({"kind": "partner"});
    let rule =
        json!({"ingress": [{"action": "Allow", "source": {"selector": "kind == 'partner'"}}]});
    let all = json!({"selector": "all()", "ingress": rule["ingress"]});
    World::new(&[set.clone(), own.clone(), object("GlobalNetworkPolicy", None, "g", all)]).answers(
        &[
            (OUT, WEB, "TCP 80", Yes),
            ("198.51.100.1", WEB, "TCP 80", Yes),
            (JOB, WEB, "TCP 80", No),
        ],
    );
    // A namespaced rule means sets of its namespace, and global ones when it says so.
    World::new(&[set.clone(), own.clone(), policy(rule)])
        .answers(&[(OUT, WEB, "TCP 80", No), ("198.51.100.1", WEB, "TCP 80", Yes)]);
    let asks = json!({"ingress": [{"action": "Allow",
        "source": {"selector": "kind == 'partner'", "namespaceSelector": "global()"}}]});
    World::new(&[set, own, policy(asks)])
        .answers(&[(OUT, WEB, "TCP 80", Yes), ("198.51.100.1", WEB, "TCP 80", No)]);
}

#[test]
fn the_other_end_of_egress() {
    let to = |rest: Value| {
        let mut rule = json!({"action": "Allow"});
        for (key, value) in rest.as_object().expect("fields") {
            rule[key] = value.clone();
        }
        one(json!({"types": ["Egress"], "egress": [rule]}))
    };
    to(json!({"destination": {"selector": "app == 'job'"}}))
        .answers(&[(WEB, JOB, "TCP 80", Yes), (WEB, OUT, "TCP 80", No)]);
    to(json!({"destination": {"nets": ["192.0.2.0/24"], "notNets": ["192.0.2.64/26"]}}))
        .answers(&[(WEB, OUT, "TCP 80", Yes), (WEB, "192.0.2.65", "TCP 80", No)]);
    to(json!({"protocol": "UDP", "destination": {"namespaceSelector": "team == 'blue'", "ports": [53]}}))
        .answers(&[(WEB, OTHER, "UDP 53", Yes), (WEB, OTHER, "UDP 54", No), (WEB, JOB, "UDP 53", No)]);
    to(json!({"protocol": 6, "destination": {"serviceAccounts": {"names": ["worker"]}}})).answers(
        &[(WEB, JOB, "TCP 80", Yes), (WEB, JOB, "UDP 80", No), (WEB, OTHER, "TCP 80", No)],
    );
    to(json!({"protocol": 17, "source": {"notPorts": [1]}}))
        .answers(&[(WEB, JOB, "UDP 80", Unknown), (WEB, JOB, "TCP 80", No)]);
    to(json!({"notICMP": {"type": 8}})).answers(&[(WEB, JOB, "TCP 80", No)]);
}

#[test]
fn fields_that_change_nothing_about_who_connects() {
    one(json!({"performanceHints": ["AssumeNeededOnEveryNode"], "applyOnForward": true,
        "ingress": [{"action": "Allow", "metadata": {"annotations": {"a": "b"}}}]}))
    .answers(&[(JOB, WEB, "TCP 80", Yes)]);
    // Where hosts are protected, what is forwarded is not known.
    let host = object("HostEndpoint", None, "h", json!({"node": "n1", "interfaceName": "*"}));
    let forwards = policy(json!({"applyOnForward": true, "ingress": [{"action": "Allow"}]}));
    World::new(&[host, forwards]).is_unknown("spec.applyOnForward");
}

#[test]
fn network_policy_has_order_1000() {
    let kubernetes = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "all"}, "spec": {"podSelector": {}, "ingress": [{}]}});
    let deny = |name: &str, order: i64| {
        let mut one = policy(json!({"order": order, "ingress": [{"action": "Deny"}]}));
        one["metadata"]["name"] = json!(name);
        World::new(&[kubernetes.clone(), one])
    };
    // Of one order a key decides that differs between versions: `a/default.z` and `a/z` against
    // `a/knp.default.all`, or `z/a/…` against `all/a/…`.
    for (name, order, answer) in [
        ("z", 999, No),
        ("a", 1000, No),
        ("b", 1000, Unknown),
        ("z", 1000, Unknown),
        ("a", 1001, Yes),
    ] {
        deny(name, order).answers(&[(JOB, WEB, "TCP 80", answer)]);
    }
}

fn agent(version: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"namespace": "kube-system", "name": "calico-node"},
        "spec": {"template": {"spec": {"containers": [
            {"name": "x", "image": format!("quay.io/calico/node:{version}")}]}}}})
}

#[test]
fn of_one_order_the_version_decides_between_scopes() {
    let global = object(
        "GlobalNetworkPolicy",
        None,
        "b",
        json!({"selector": "all()", "types": ["Ingress"], "ingress": [{"action": "Allow"}]}),
    );
    let mut deny = policy(json!({"ingress": [{"action": "Deny"}]}));
    deny["metadata"]["name"] = json!("z");
    // `a/default.z` before `default.b`; later `b//…` before `z/a/…`.
    for (version, answer) in [("v3.30.2", No), ("v3.31.0", Unknown), ("latest", Unknown)] {
        World::new(&[global.clone(), deny.clone(), agent(version)])
            .answers(&[(JOB, WEB, "TCP 80", answer)]);
    }
    World::new(&[global.clone(), deny.clone()]).answers(&[(JOB, WEB, "TCP 80", Unknown)]);
    deny["metadata"]["name"] = json!("a");
    World::new(&[global, deny]).answers(&[(JOB, WEB, "TCP 80", No)]);
}

#[test]
fn tiers_of_one_order_go_by_name() {
    let tier = |name: &str, order: Value| object("Tier", None, name, json!({"order": order}));
    let passes = |tier: &str| {
        let mut one = policy(json!({"tier": tier, "ingress": [{"action": "Pass"}]}));
        one["metadata"]["name"] = json!(format!("{tier}.p"));
        one
    };
    let denies = |tier: &str| {
        let mut one = policy(json!({"tier": tier, "ingress": [{"action": "Deny"}]}));
        one["metadata"]["name"] = json!(format!("{tier}.d"));
        one
    };
    let allows = |tier: &str| {
        let mut one = policy(json!({"tier": tier, "ingress": [{"action": "Allow"}]}));
        one["metadata"]["name"] = json!(format!("{tier}.a"));
        one
    };
    for order in [json!(5), Value::Null, json!(-3), json!(1_000_000)] {
        let tiers = [tier("alpha", order.clone()), tier("beta", order.clone())];
        let [alpha, beta] = tiers.clone();
        World::new(&[alpha.clone(), beta.clone(), allows("alpha"), denies("beta")])
            .answers(&[(JOB, WEB, "TCP 80", Yes)]);
        World::new(&[alpha.clone(), beta.clone(), denies("alpha"), allows("beta")])
            .answers(&[(JOB, WEB, "TCP 80", No)]);
        // Pass leads to the next tier, also where both have one order.
        World::new(&[alpha, beta, passes("alpha"), denies("beta")])
            .answers(&[(JOB, WEB, "TCP 80", No)]);
    }
    // A negative order comes before others, none after them.
    let first = [tier("zeta", json!(-1)), tier("alpha", json!(0)), allows("zeta"), denies("alpha")];
    World::new(&first).answers(&[(JOB, WEB, "TCP 80", Yes)]);
    let last =
        [tier("alpha", Value::Null), tier("zeta", json!(9)), denies("alpha"), allows("zeta")];
    World::new(&last).answers(&[(JOB, WEB, "TCP 80", Yes)]);
}

#[test]
fn labels_that_calico_adds() {
    let from = |selector: &str| {
        World::new(&[object(
            "GlobalNetworkPolicy",
            None,
            "g",
            json!({"selector": "app == 'web'",
            "ingress": [{"action": "Allow", "source": {"selector": selector}}]}),
        )])
    };
    for (selector, job, other) in [
        ("projectcalico.org/orchestrator == 'k8s'", Yes, Yes),
        ("projectcalico.org/orchestrator != 'k8s'", No, No),
        ("projectcalico.org/namespace == 'b'", No, Yes),
        ("projectcalico.org/serviceaccount == 'worker'", Yes, No),
        ("pcns.team == 'blue'", No, Yes),
        ("pcns.projectcalico.org/name == 'a'", Yes, No),
        ("has(pcns.none)", No, No),
        ("pcsa.role == 'batch'", Yes, No),
        ("pcsa.role != 'batch'", No, Yes),
        ("!has(pcsa.role)", No, Yes),
        ("pcsa.projectcalico.org/name == 'worker'", Yes, No),
    ] {
        let world = from(selector);
        let asked = |from| world.ask(from, WEB, "TCP 80");
        assert_eq!((asked(JOB), asked(OTHER)), (job, other), "{selector}");
    }
    for (selector, web, other) in [
        ("projectcalico.org/namespace == 'a'", No, Yes),
        ("projectcalico.org/orchestrator == 'k8s' && app == 'web'", No, No),
        ("pcns.team == 'blue'", Yes, No),
    ] {
        global(json!({"selector": selector, "ingress": [{"action": "Deny"}]}))
            .answers(&[(JOB, WEB, "TCP 80", web), (JOB, OTHER, "TCP 80", other)]);
    }
}

#[test]
fn namespaces_alone_take_sets() {
    let set = object("GlobalNetworkSet", None, "s", json!({"nets": ["192.0.2.0/24"]}));
    let own = object("NetworkSet", Some("b"), "s", json!({"nets": ["198.51.100.0/24"]}));
    let of_own = "198.51.100.1";
    let ask = |selector: &str, outside, own_set| {
        let rule =
            json!({"ingress": [{"action": "Allow", "source": {"namespaceSelector": selector}}]});
        World::new(&[set.clone(), own.clone(), policy(rule)])
            .answers(&[(OUT, WEB, "TCP 80", outside), (of_own, WEB, "TCP 80", own_set)]);
    };
    ask("global()", Yes, No);
    ask("all()", No, Yes);
    ask("team == 'blue'", No, Yes);
    ask("team == 'red'", No, No);
    // What has no namespace has none of its labels.
    ask("team != 'red'", Yes, Yes);
    // Which pods a negated set takes away is not followed.
    let negated = json!({"ingress": [{"action": "Allow", "source": {"notSelector": "all()",
        "namespaceSelector": "all()"}}]});
    World::new(&[set, own, policy(negated)]).is_unknown("spec.ingress[0].notSelector");
}

#[test]
fn ports_need_a_protocol_that_has_ports() {
    for (rule, field) in [
        (json!({"destination": {"ports": [80]}}), "destination.ports"),
        (json!({"protocol": "ICMP", "destination": {"notPorts": [80]}}), "destination.notPorts"),
        (json!({"source": {"ports": [80]}}), "source.ports"),
    ] {
        let mut rule = rule;
        rule["action"] = json!("Allow");
        one(json!({"ingress": [rule]})).is_unknown(&format!("spec.ingress[0].{field}"));
    }
}

#[test]
fn tiers_and_sets_that_cannot_be_used() {
    for (kind, namespace, spec, field) in [
        ("Tier", None, json!({"order": 1, "defaultAction": "Allow"}), "spec.defaultAction"),
        ("Tier", None, json!({"order": 1, "color": "red"}), "spec.color"),
        ("GlobalNetworkSet", None, json!({"nets": ["10.0.0.0/99"]}), "spec.nets[0]"),
        ("NetworkSet", Some("a"), json!({"nets": ["x"]}), "spec.nets[0]"),
        (
            "NetworkSet",
            Some("a"),
            json!({"allowedEgressDomains": ["x"]}),
            "spec.allowedEgressDomains",
        ),
    ] {
        let world = World::new(&[object(kind, namespace, "bad", spec)]);
        assert_eq!(world.network.errors()[0].field, field);
        assert_eq!(world.ask(JOB, WEB, "TCP 80"), Unknown, "{field}");
    }
}

#[test]
fn protected_hosts_are_unknown() {
    let world = World::new(&[object(
        "HostEndpoint",
        None,
        "h",
        json!({"node": "n1", "interfaceName": "*"}),
    )]);
    assert_eq!(world.ask(OUT, NODE, "TCP 80"), Unknown);
    assert_eq!(world.ask(JOB, WEB, "TCP 80"), Yes);
}

#[test]
fn what_is_not_modelled_is_unknown() {
    for (rest, field) in [
        (json!({"selector": "app = 'x'"}), "spec.selector"),
        (json!({"stagedAction": "Set"}), "spec.stagedAction"),
        (json!({"ingress": [{"action": "Maybe"}]}), "spec.ingress[0].action"),
        (
            json!({"ingress": [{"action": "Allow", "http": {"methods": ["GET"]}}]}),
            "spec.ingress[0].http",
        ),
        (json!({"ingress": [{"action": "Allow", "ipVersion": 4}]}), "spec.ingress[0].ipVersion"),
        (
            json!({"ingress": [{"action": "Allow", "destination": {"selector": "all()"}}]}),
            "spec.ingress[0].destination",
        ),
        (
            json!({"ingress": [{"action": "Allow", "source": {"services": {"name": "x"}}}]}),
            "spec.ingress[0].source.services",
        ),
        (
            json!({"ingress": [{"action": "Allow", "source": {"nets": ["x"]}}]}),
            "spec.ingress[0].source.nets[0]",
        ),
        (
            json!({"ingress": [{"action": "Allow", "source": {"nets": ["10.0.0.0/8"], "selector": "all()"}}]}),
            "spec.ingress[0]",
        ),
        (
            json!({"ingress": [{"action": "Allow", "protocol": "TCP", "destination": {"ports": [70000]}}]}),
            "spec.ingress[0].destination.ports[0]",
        ),
    ] {
        one(rest).is_unknown(field);
    }
}
