//! The engine against a walk over every policy for every pair of pods and every port, written
//! from the specification on the objects' own JSON, on random clusters.

use std::net::IpAddr;

use proptest::prelude::*;
use ringfort_model::{Cluster, ClusterBuilder, Object, SourceKind};
use ringfort_network::policy::{Assumptions, Network, Protocol, Tri};
use serde_json::{Value, json};

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const PORTS: [(&str, u16); 5] = [("TCP", 80), ("TCP", 81), ("TCP", 90), ("UDP", 80), ("SCTP", 90)];
const OUTSIDE: [&str; 3] = ["10.0.9.9", "192.0.2.1", "fd00::9"];

fn labels() -> impl Strategy<Value = Value> {
    (0..3usize, 0..3usize).prop_map(|(app, tier)| {
        let mut labels = json!({});
        if app > 0 {
            labels["app"] = json!(["", "x", "y"][app]);
        }
        if tier > 0 {
            labels["tier"] = json!(["", "1", "2"][tier]);
        }
        labels
    })
}

fn selector() -> impl Strategy<Value = Value> {
    let need = (0..2usize, 0..4usize, 0..3usize).prop_map(|(key, op, value)| {
        let (key, values) = [("app", ["x", "y", "z"]), ("tier", ["1", "2", "3"])][key];
        match op {
            0 => json!({"key": key, "operator": "In", "values": [values[value]]}),
            1 => json!({"key": key, "operator": "NotIn", "values": [values[value], values[0]]}),
            2 => json!({"key": key, "operator": "Exists"}),
            _ => json!({"key": key, "operator": "DoesNotExist"}),
        }
    });
    (labels(), proptest::collection::vec(need, 0..2), 0..3).prop_map(|(labels, needs, kind)| {
        match kind {
            0 => json!({}),
            1 => json!({"matchLabels": labels}),
            _ => json!({"matchExpressions": needs}),
        }
    })
}

fn block() -> impl Strategy<Value = Value> {
    (0..4usize).prop_map(|at| {
        [
            json!({"cidr": "0.0.0.0/0"}),
            json!({"cidr": "10.0.0.0/16", "except": ["10.0.1.0/24"]}),
            json!({"cidr": "10.0.0.1/32"}),
            json!({"cidr": "fd00::/8"}),
        ][at]
            .clone()
    })
}

fn port() -> impl Strategy<Value = Value> {
    (0..6usize).prop_map(|at| {
        [
            json!({}),
            json!({"port": 80}),
            json!({"protocol": "UDP", "port": 80}),
            json!({"port": 80, "endPort": 85}),
            json!({"port": "web"}),
            json!({"protocol": "SCTP"}),
        ][at]
            .clone()
    })
}

fn peer() -> impl Strategy<Value = Value> {
    (0..4, selector(), selector(), block()).prop_map(|(kind, pods, namespaces, block)| match kind {
        0 => json!({"podSelector": pods}),
        1 => json!({"namespaceSelector": namespaces}),
        2 => json!({"podSelector": pods, "namespaceSelector": namespaces}),
        _ => json!({"ipBlock": block}),
    })
}

fn policy() -> impl Strategy<Value = Value> {
    let rule =
        || (proptest::collection::vec(peer(), 0..3), proptest::collection::vec(port(), 0..3));
    let rules = || proptest::option::of(proptest::collection::vec(rule(), 0..3));
    (0..3usize, selector(), 0..5usize, rules(), rules()).prop_map(
        |(namespace, pods, types, ingress, egress)| {
            let types = [
                Value::Null,
                json!([]),
                json!(["Ingress"]),
                json!(["Egress"]),
                json!(["Ingress", "Egress"]),
            ][types]
                .clone();
            let side = |rules: Option<Vec<(Vec<Value>, Vec<Value>)>>, peers: &str| {
                rules.map(|rules| {
                    rules
                        .into_iter()
                        .map(|(from, ports)| json!({peers: from, "ports": ports}))
                        .collect::<Vec<Value>>()
                })
            };
            json!({"metadata": {"namespace": NAMESPACES[namespace]}, "spec": {
                "podSelector": pods, "policyTypes": types,
                "ingress": side(ingress, "from"), "egress": side(egress, "to")}})
        },
    )
}

fn admin(actions: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let pods = || {
        (any::<bool>(), selector(), selector()).prop_map(|(whole, namespaces, pods)| {
            if whole {
                json!({"namespaces": namespaces})
            } else {
                json!({"pods": {"namespaceSelector": namespaces, "podSelector": pods}})
            }
        })
    };
    let ports = || {
        proptest::option::of(proptest::collection::vec(
            (0..4usize).prop_map(|at| {
                [
                    json!({"portNumber": {"protocol": "TCP", "port": 80}}),
                    json!({"portRange": {"protocol": "TCP", "start": 80, "end": 85}}),
                    json!({"namedPort": "web"}),
                    json!({"portNumber": {"protocol": "UDP", "port": 80}}),
                ][at]
                    .clone()
            }),
            1..3,
        ))
    };
    let to = prop_oneof![
        3 => pods(),
        1 => block().prop_map(|block| json!({"networks": [block["cidr"]]})),
    ];
    let ingress = (0..actions.len(), proptest::collection::vec(pods(), 1..3), ports());
    let egress = (0..actions.len(), proptest::collection::vec(to, 1..3), ports());
    let rules = (proptest::collection::vec(ingress, 0..3), proptest::collection::vec(egress, 0..3));
    (pods(), rules).prop_map(move |(subject, (ingress, egress))| {
        let side = |rules: Vec<(usize, Vec<Value>, Option<Vec<Value>>)>, peers: &str| {
            let rules = rules.into_iter();
            rules
                .map(|(action, list, ports)| {
                    json!({"action": actions[action], peers: list, "ports": ports})
                })
                .collect::<Vec<Value>>()
        };
        json!({"spec": {"subject": subject, "ingress": side(ingress, "from"),
            "egress": side(egress, "to")}})
    })
}

#[derive(Clone, Debug)]
struct World {
    namespaces: Vec<Value>,
    pods: Vec<Value>,
    policies: Vec<Value>,
    admin: Vec<Value>,
    baseline: Option<Value>,
    blocks_match: bool,
}

fn world() -> impl Strategy<Value = World> {
    let pod = (0..3usize, labels(), 0..3usize, 0..8usize, any::<bool>());
    (
        proptest::collection::vec(labels(), 3),
        proptest::collection::vec(pod, 1..7),
        proptest::collection::vec(policy(), 0..5),
        proptest::collection::vec(admin(&["Allow", "Deny", "Pass"]), 0..3),
        proptest::option::of(admin(&["Allow", "Deny"])),
        any::<bool>(),
    )
        .prop_map(|(namespaces, pods, policies, admin, baseline, blocks_match)| World {
            namespaces,
            pods: pods
                .into_iter()
                .enumerate()
                .map(|(at, (namespace, labels, ports, address, second))| {
                    let web = match ports {
                        0 => json!([]),
                        1 => json!([{"name": "web", "containerPort": 90}]),
                        _ => json!([{"name": "web", "containerPort": 80, "protocol": "UDP"}]),
                    };
                    let ip = format!("10.0.{}.{}", address % 2, at + 1);
                    let mut ips = vec![json!({"ip": ip})];
                    // A second address of the same answers: both families in or out together.
                    if second && address % 4 == 3 {
                        ips.push(json!({"ip": format!("10.0.1.{}", 100 + at)}));
                    }
                    json!({"apiVersion": "v1", "kind": "Pod",
                        "metadata": {"namespace": NAMESPACES[namespace], "name": format!("p{at}"),
                            "labels": labels},
                        "spec": {"hostNetwork": address == 7, "containers": [{"ports": web}]},
                        "status": {"phase": "Running", "podIP": ip, "podIPs": ips}})
                })
                .collect(),
            policies,
            admin,
            baseline,
            blocks_match,
        })
}

impl World {
    fn cluster(&self) -> Cluster {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        let mut add = |mut value: Value, version: &str, kind: &str, name: String| {
            value["apiVersion"] = json!(version);
            value["kind"] = json!(kind);
            value["metadata"]["name"] = json!(name);
            builder.add(Object::read(value.to_string().as_bytes()).expect("it reads"));
        };
        for (name, labels) in NAMESPACES.iter().zip(&self.namespaces) {
            add(json!({"metadata": {"labels": labels}}), "v1", "Namespace", (*name).to_owned());
        }
        for (at, policy) in self.policies.iter().enumerate() {
            add(policy.clone(), "networking.k8s.io/v1", "NetworkPolicy", format!("n{at}"));
        }
        let alpha = "policy.networking.k8s.io/v1alpha1";
        for (at, policy) in self.admin.iter().enumerate() {
            let mut policy = policy.clone();
            policy["spec"]["priority"] = json!(at);
            policy["metadata"] = json!({});
            add(policy, alpha, "AdminNetworkPolicy", format!("x{at}"));
        }
        if let Some(policy) = &self.baseline {
            let mut policy = policy.clone();
            policy["metadata"] = json!({});
            add(policy, alpha, "BaselineAdminNetworkPolicy", "default".to_owned());
        }
        for pod in &self.pods {
            builder.add(Object::read(pod.to_string().as_bytes()).expect("it reads"));
        }
        builder.coverage().rest_is_complete = true;
        builder.freeze()
    }
}

/// One end: a pod, or an address outside.
enum End<'a> {
    Pod(&'a Value),
    Address(IpAddr),
}

impl End<'_> {
    fn is_host(&self) -> bool {
        matches!(self, Self::Pod(pod) if pod["spec"]["hostNetwork"] == true)
    }

    fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Self::Address(address) => vec![*address],
            Self::Pod(pod) => {
                let ips = pod["status"]["podIPs"].as_array().expect("a list");
                ips.iter()
                    .map(|one| one["ip"].as_str().expect("text").parse().expect("ip"))
                    .collect()
            }
        }
    }
}

fn selected(selector: &Value, labels: &Value) -> bool {
    let equal = selector["matchLabels"]
        .as_object()
        .is_none_or(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)));
    let needs = selector["matchExpressions"].as_array();
    equal
        && needs.is_none_or(|needs| {
            needs.iter().all(|need| {
                let value = labels.get(need["key"].as_str().expect("text"));
                let listed = || {
                    value.is_some_and(|v| need["values"].as_array().expect("a list").contains(v))
                };
                match need["operator"].as_str().expect("text") {
                    "In" => listed(),
                    "NotIn" => !listed(),
                    "Exists" => value.is_some(),
                    _ => value.is_none(),
                }
            })
        })
}

fn inside(cidr: &str, address: IpAddr) -> bool {
    let (base, length) = cidr.split_once('/').expect("a block");
    let length: u32 = length.parse().expect("a number");
    match (base.parse().expect("ip"), address) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => {
            length == 0 || (base.to_bits() ^ ip.to_bits()) >> (32 - length) == 0
        }
        (IpAddr::V6(base), IpAddr::V6(ip)) => {
            length == 0 || (base.to_bits() ^ ip.to_bits()) >> (128 - length) == 0
        }
        _ => false,
    }
}

impl World {
    fn namespace_labels(&self, pod: &Value) -> &Value {
        let at = NAMESPACES.iter().position(|name| pod["metadata"]["namespace"] == *name);
        &self.namespaces[at.expect("a known namespace")]
    }

    fn pods_hold(&self, namespaces: &Value, pods: &Value, end: &End<'_>) -> bool {
        match end {
            End::Pod(pod) if !end.is_host() => {
                selected(namespaces, self.namespace_labels(pod))
                    && selected(pods, &pod["metadata"]["labels"])
            }
            _ => false,
        }
    }

    fn peer_holds(&self, peer: &Value, namespace: &Value, end: &End<'_>) -> bool {
        if let Some(block) = peer.get("ipBlock") {
            if matches!(end, End::Pod(_)) && !self.blocks_match {
                return false;
            }
            let cidr = block["cidr"].as_str().expect("text");
            let except = block["except"].as_array().cloned().unwrap_or_default();
            return end.addresses().iter().all(|ip| {
                inside(cidr, *ip)
                    && !except.iter().any(|one| inside(one.as_str().expect("text"), *ip))
            });
        }
        let End::Pod(pod) = end else { return false };
        let pods = peer.get("podSelector").cloned().unwrap_or(json!({}));
        match peer.get("namespaceSelector") {
            Some(namespaces) => self.pods_hold(namespaces, &pods, end),
            None => {
                pod["metadata"]["namespace"] == *namespace && self.pods_hold(&json!({}), &pods, end)
            }
        }
    }

    /// Whether the ports of a rule of NetworkPolicy hold a connection to `to`.
    fn ports_hold(ports: &Value, to: &End<'_>, protocol: &str, port: u16) -> bool {
        let ports = ports.as_array().cloned().unwrap_or_default();
        ports.is_empty()
            || ports.iter().any(|one| {
                if one["protocol"].as_str().unwrap_or("TCP") != protocol {
                    return false;
                }
                match &one["port"] {
                    Value::Null => true,
                    Value::String(name) => named(to, name, protocol, port),
                    number => {
                        let first = number.as_u64().expect("a number");
                        let last = one["endPort"].as_u64().unwrap_or(first);
                        (first..=last).contains(&u64::from(port))
                    }
                }
            })
    }

    fn admin_ports_hold(ports: &Value, to: &End<'_>, protocol: &str, port: u16) -> bool {
        let Some(ports) = ports.as_array() else { return true };
        ports.iter().any(|one| {
            if let Some(name) = one["namedPort"].as_str() {
                return named(to, name, protocol, port);
            }
            let (number, range) = (&one["portNumber"], &one["portRange"]);
            let own = if number.is_null() { range } else { number };
            let first = if number.is_null() { &range["start"] } else { &number["port"] };
            let last = if number.is_null() { &range["end"] } else { &number["port"] };
            own["protocol"] == protocol
                && (first.as_u64().expect("a number")..=last.as_u64().expect("a number"))
                    .contains(&u64::from(port))
        })
    }

    /// What an admin policy says: the first rule that matches.
    fn admin_says(
        &self,
        policy: &Value,
        ingress: bool,
        from: &End<'_>,
        to: &End<'_>,
        connection: (&str, u16),
    ) -> Option<String> {
        let spec = &policy["spec"];
        let (own, other) = if ingress { (to, from) } else { (from, to) };
        let holds = |peer: &Value, end: &End<'_>| match (peer.get("namespaces"), peer.get("pods")) {
            (Some(namespaces), _) => self.pods_hold(namespaces, &json!({}), end),
            (None, Some(pods)) => {
                self.pods_hold(&pods["namespaceSelector"], &pods["podSelector"], end)
            }
            _ => {
                let networks = peer["networks"].as_array().expect("a list");
                end.addresses()
                    .iter()
                    .all(|ip| networks.iter().any(|one| inside(one.as_str().expect("text"), *ip)))
            }
        };
        if !holds(&spec["subject"], own) {
            return None;
        }
        let (rules, peers) =
            if ingress { (&spec["ingress"], "from") } else { (&spec["egress"], "to") };
        let rule = rules.as_array().expect("a list").iter().find(|rule| {
            rule[peers].as_array().expect("a list").iter().any(|peer| holds(peer, other))
                && Self::admin_ports_hold(&rule["ports"], to, connection.0, connection.1)
        })?;
        Some(rule["action"].as_str().expect("text").to_owned())
    }

    fn side_allows(
        &self,
        ingress: bool,
        from: &End<'_>,
        to: &End<'_>,
        connection: (&str, u16),
    ) -> bool {
        let (own, other) = if ingress { (to, from) } else { (from, to) };
        let End::Pod(pod) = own else { return true };
        if own.is_host() {
            return true;
        }
        for policy in &self.admin {
            match self.admin_says(policy, ingress, from, to, connection).as_deref() {
                Some("Allow") => return true,
                Some("Deny") => return false,
                Some(_) => break,
                None => {}
            }
        }
        let mut isolated = false;
        for policy in &self.policies {
            let spec = &policy["spec"];
            let namespace = &policy["metadata"]["namespace"];
            if pod["metadata"]["namespace"] != *namespace
                || !selected(&spec["podSelector"], &pod["metadata"]["labels"])
            {
                continue;
            }
            let types = spec["policyTypes"].as_array().filter(|types| !types.is_empty());
            let egress_rules = spec["egress"].as_array().is_some_and(|rules| !rules.is_empty());
            let applies = match types {
                Some(types) => types.contains(&json!(if ingress { "Ingress" } else { "Egress" })),
                None => ingress || egress_rules,
            };
            if !applies {
                continue;
            }
            isolated = true;
            let (rules, peers) =
                if ingress { (&spec["ingress"], "from") } else { (&spec["egress"], "to") };
            let allowed = rules.as_array().is_some_and(|rules| {
                rules.iter().any(|rule| {
                    let list = rule[peers].as_array().expect("a list");
                    (list.is_empty()
                        || list.iter().any(|peer| self.peer_holds(peer, namespace, other)))
                        && Self::ports_hold(&rule["ports"], to, connection.0, connection.1)
                })
            });
            if allowed {
                return true;
            }
        }
        if isolated {
            return false;
        }
        let baseline = self.baseline.as_ref();
        let said =
            baseline.and_then(|policy| self.admin_says(policy, ingress, from, to, connection));
        said.as_deref() != Some("Deny")
    }
}

/// Named ports are those of containers of the pod network.
fn named(to: &End<'_>, name: &str, protocol: &str, port: u16) -> bool {
    let End::Pod(pod) = to else { return false };
    if to.is_host() {
        return false;
    }
    let ports = pod["spec"]["containers"][0]["ports"].as_array().expect("a list");
    ports.iter().any(|one| {
        one["name"] == name
            && one["protocol"].as_str().unwrap_or("TCP") == protocol
            && one["containerPort"] == port
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_is_the_walk(world in world()) {
        let cluster = world.cluster();
        let assumptions = Assumptions {
            blocks_match_pods: Some(if world.blocks_match { Tri::Yes } else { Tri::No }),
            networks_match_pods: None,
        };
        let network = Network::with(&cluster, &cluster.units(), &assumptions);
        prop_assert!(network.errors().is_empty(), "{:?}", network.errors());
        let mut ends = Vec::new();
        for pod in &world.pods {
            let (namespace, name) = (&pod["metadata"]["namespace"], &pod["metadata"]["name"]);
            let id = cluster.pods.find(namespace.as_str().expect("text"), name.as_str().expect("text"));
            let class = network.of_pod(id.expect("it is there")).expect("it runs");
            ends.push((End::Pod(pod), class, name.to_string()));
        }
        for address in OUTSIDE {
            let ip: IpAddr = address.parse().expect("ip");
            ends.push((End::Address(ip), network.of_address(ip), address.to_owned()));
        }
        for (from, from_class, from_name) in &ends {
            for (to, to_class, to_name) in &ends {
                // A host pod's address is its node's, which is not known in these clusters.
                if from_name == to_name || from.is_host() || to.is_host() {
                    continue;
                }
                let between = network.between(*from_class, *to_class);
                prop_assert!(between.unknown().is_empty(), "{from_name} -> {to_name}");
                for (protocol, port) in PORTS {
                    let expected = world.side_allows(false, from, to, (protocol, port))
                        && world.side_allows(true, from, to, (protocol, port));
                    let kind = Protocol::from_name(protocol).expect("a protocol");
                    let found = between.allowed().contains(kind, port);
                    prop_assert_eq!(found, expected, "{} -> {} {} {}", from_name, to_name, protocol, port);
                }
            }
        }
    }
}
