//! Backends by the label index against a walk over every pod, on random clusters, and that no
//! Service looks at every pod.

use ringfort_model::{Cluster, ClusterBuilder, Object, SourceKind};
use ringfort_network::exposure::{Exposure, ListenerKind};
use serde_json::{Value, json};

/// A small generator of numbers, so that a failure repeats.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

fn labels(numbers: &mut Numbers, most: u64) -> Value {
    let mut found = serde_json::Map::new();
    for _ in 0..numbers.below(most + 1) {
        let key = ["app", "tier", "job-name", "zone"][numbers.below(4) as usize];
        found.insert(key.to_owned(), json!(format!("v{}", numbers.below(3))));
    }
    Value::Object(found)
}

fn cluster(numbers: &mut Numbers) -> Cluster {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.coverage().rest_is_complete = true;
    let mut add = |value: Value| {
        builder.add(Object::read(value.to_string().as_bytes()).expect("an object"));
    };
    for at in 0..60 {
        let namespace = format!("n{}", numbers.below(3));
        let phase = if numbers.below(8) == 0 { "Succeeded" } else { "Running" };
        let node = if numbers.below(8) == 0 { "" } else { "node" };
        add(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("p{at}"), "namespace": namespace,
                "labels": labels(numbers, 4)},
            "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]},
            "status": {"phase": phase}}));
    }
    for at in 0..40 {
        let namespace = format!("n{}", numbers.below(3));
        add(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": format!("s{at}"), "namespace": namespace},
            "spec": {"type": "ClusterIP", "selector": labels(numbers, 2),
                "ports": [{"port": 80}]}}));
    }
    builder.freeze()
}

#[test]
fn the_index_selects_what_a_walk_selects() {
    let mut numbers = Numbers(7);
    let mut compared = 0;
    for _ in 0..50 {
        let cluster = cluster(&mut numbers);
        let units = cluster.units();
        let exposure = Exposure::with_units(&cluster, &units);
        for listener in &exposure.listeners {
            assert_eq!(listener.kind, ListenerKind::ClusterIp);
            let own = &listener.object;
            let service = cluster.services.get(&own.namespace, &own.name).expect("its Service");
            let selector = &service.spec.as_ref().expect("a specification").selector;
            let mut walked: Vec<&str> = cluster
                .pods
                .iter()
                .filter(|pod| !selector.is_empty() && pod.metadata.namespace == own.namespace)
                .filter(|pod| !pod.is_terminated() && !pod.node_name.is_empty())
                .filter(|pod| {
                    selector.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
                })
                .map(|pod| pod.metadata.name.as_str())
                .collect();
            let mut ours: Vec<&str> = listener
                .backends
                .pods(&units)
                .map(|pod| cluster.pods[pod].metadata.name.as_str())
                .collect();
            walked.sort_unstable();
            ours.sort_unstable();
            assert_eq!(ours, walked, "{own} {selector:?}");
            compared += usize::from(!walked.is_empty());
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn listeners_share_what_they_have_in_common() {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.coverage().rest_is_complete = true;
    for at in 0..100 {
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("m{at}")},
            "status": {"addresses": [{"type": "ExternalIP", "address": format!("203.0.113.{at}")}]}});
        builder.add(Object::read(node.to_string().as_bytes()).expect("a node"));
        let service = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": format!("s{at}"), "namespace": "n"},
            "spec": {"type": "NodePort", "selector": {"app": "x"},
                "ports": [{"port": 80, "nodePort": 30000 + at}, {"port": 81, "nodePort": 31000 + at}]}});
        builder.add(Object::read(service.to_string().as_bytes()).expect("a Service"));
    }
    let cluster = builder.freeze();
    let exposure = Exposure::new(&cluster);
    let ports: Vec<_> =
        exposure.listeners.iter().filter(|one| one.kind == ListenerKind::NodePort).collect();
    assert_eq!(ports.len(), 200);
    assert!(ports.iter().all(|one| one.addresses.len() == 100));
    assert!(
        ports.windows(2).all(|two| std::sync::Arc::ptr_eq(&two[0].addresses, &two[1].addresses))
    );
    assert!(ports.chunks(2).all(|two| std::sync::Arc::ptr_eq(&two[0].backends, &two[1].backends)));
}

/// kube-proxy sends to the addresses of every slice of a Service; the object that a slice names
/// beside an address is for people.
#[test]
fn endpoints_are_their_addresses() {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.coverage().rest_is_complete = true;
    let mut add = |value: Value| {
        builder.add(Object::read(value.to_string().as_bytes()).expect("an object"));
    };
    for (namespace, name, address, more) in [
        ("a", "web", "10.0.0.1", json!({})),
        ("b", "victim", "10.0.0.2", json!({})),
        ("b", "host", "192.0.2.1", json!({"hostNetwork": true})),
        ("b", "new", "", json!({})),
    ] {
        let mut spec = json!({"nodeName": "n", "containers": [{"name": "c", "image": "i"}]});
        spec.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        add(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": namespace, "name": name, "labels": {"app": name}},
            "spec": spec, "status": {"phase": "Running", "podIP": address}}));
    }
    let mut service = |name: &str, selector: Value, by: Value, endpoint: Value| {
        add(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"namespace": "a", "name": name},
            "spec": {"type": "LoadBalancer", "selector": selector, "ports": [{"port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}));
        let mut labels = json!({"kubernetes.io/service-name": name});
        labels["endpointslice.kubernetes.io/managed-by"] = by;
        labels.as_object_mut().expect("fields").retain(|_, value| !value.is_null());
        add(json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"namespace": "a", "name": name, "labels": labels},
            "addressType": "IPv4", "ports": [{"port": 80}], "endpoints": [endpoint]}));
    };
    let target =
        |namespace: &str, name: &str| json!({"kind": "Pod", "namespace": namespace, "name": name});
    let at = |address: &str, target: Value| json!({"addresses": [address], "targetRef": target});
    let none = || json!({});
    let null = || Value::Null;
    service("lies", none(), null(), at("10.0.0.2", target("a", "web")));
    service("foreign", none(), null(), at("10.0.0.2", target("b", "victim")));
    service("bare", none(), null(), json!({"addresses": ["10.0.0.2"]}));
    service("host", none(), null(), at("192.0.2.1", target("b", "host")));
    service("new", none(), null(), at("10.0.0.9", target("b", "new")));
    service("outside", none(), null(), at("203.0.113.1", target("a", "web")));
    let web = || json!({"app": "web"});
    let controller = json!("endpointslice-controller.k8s.io");
    service("added", web(), null(), json!({"addresses": ["10.0.0.2"]}));
    service("own", web(), controller, json!({"addresses": ["10.0.0.2"]}));
    let cluster = builder.freeze();
    let units = cluster.units();
    let exposure = Exposure::with_units(&cluster, &units);
    let behind = |name: &str| -> (Vec<String>, Vec<String>) {
        let of = |one: &&ringfort_network::exposure::Listener| {
            one.service.as_ref().is_some_and(|service| *service.1 == *name)
        };
        let listener = exposure.listeners.iter().find(of).unwrap_or_else(|| panic!("{name}"));
        let pods = listener.backends.units.iter().flat_map(|&unit| &units[unit as usize].pods);
        let mut names: Vec<String> =
            pods.map(|&pod| cluster.pods[pod].metadata.name.to_string()).collect();
        names.sort();
        (names, listener.backends.outside.iter().map(ToString::to_string).collect())
    };
    let pods = |names: &[&str]| {
        (names.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new())
    };
    for (name, expected) in [
        ("lies", &["victim"][..]),
        ("foreign", &["victim"]),
        ("bare", &["victim"]),
        ("host", &["host"]),
        ("new", &["new"]),
        ("added", &["victim", "web"]),
        ("own", &["web"]),
    ] {
        assert_eq!(behind(name), pods(expected), "{name}");
    }
    assert_eq!(behind("outside"), (Vec::new(), vec!["203.0.113.1".to_owned()]));
}
