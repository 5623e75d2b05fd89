//! Policies for a namespace that has none: deny by default, allow what its Services and
//! declared ports need. What is written is tried on a copy of the cluster first, and what it
//! would cut is said.

use std::collections::BTreeMap;

use ringfort_model::record::{
    Checked, LabelSelector, Meta, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicyRule, NetworkPolicySpec, Service,
};
use ringfort_model::{Cluster, IntOrString, Map, Object, Str, Unit};

use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::expr::NAMESPACE_LABEL;
use crate::policy::network::Network;
use crate::policy::place::Place;

/// What to apply, and what it does.
#[derive(Clone, Debug, Default)]
pub struct Suggestion {
    /// The policies, sorted by name.
    pub policies: Vec<NetworkPolicy>,
    /// What was found to hold once they apply.
    pub checked: Vec<String>,
    /// What the policies say nothing about, and why.
    pub left_out: Vec<String>,
    /// What passes today and would not any more.
    pub cut: Vec<String>,
}

/// Why there is nothing to suggest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuggestError {
    /// No such namespace.
    #[error("ns/{0} is not in the cluster")]
    Absent(String),
    /// Nothing in it that policies could select.
    #[error("ns/{0} runs nothing on the pod network")]
    Empty(String),
    /// What is written does not do what it should.
    #[error("{0}: the suggested policies do not do what they should")]
    Wrong(String),
}

/// Labels that tell one replica from another.
const REPLICA: &[&str] =
    &["pod-template-hash", "controller-revision-hash", "pod-template-generation"];

/// Writes policies for a namespace and tries them.
pub fn suggest(cluster: &Cluster, namespace: &str) -> Result<Suggestion, SuggestError> {
    let namespace = &Str::new(namespace);
    if !cluster.namespace_names().contains(namespace) {
        return Err(SuggestError::Absent(namespace.to_string()));
    }
    let units: Vec<Unit> = cluster
        .units()
        .into_iter()
        .filter(|unit| unit.namespace == *namespace && unit.spec.host_network != Some(true))
        .collect();
    if units.is_empty() {
        return Err(SuggestError::Empty(namespace.to_string()));
    }
    let services: Vec<&Service> = cluster
        .services
        .in_namespace(namespace)
        .map(|(_, service)| service)
        .filter(|service| selects_some(service, &units))
        .collect();
    let mut policies = vec![
        policy(namespace, "default-deny", Map::default(), &["Ingress", "Egress"], vec![], vec![]),
        policy(
            namespace,
            "allow-egress-within-namespace",
            Map::default(),
            &["Egress"],
            vec![],
            vec![NetworkPolicyRule { to: vec![within()].into(), ..NetworkPolicyRule::default() }],
        ),
        policy(namespace, "allow-dns", Map::default(), &["Egress"], vec![], vec![dns(cluster)]),
    ];
    for service in &services {
        policies.push(for_service(cluster, namespace, service));
    }
    policies.extend(for_declared_ports(namespace, &units, &services));
    policies.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    let mut after = cluster.clone();
    for policy in &policies {
        // A policy of that name that exists is replaced, as applying it would.
        after.remove(&Object::NetworkPolicy(policy.clone()));
        after.insert(Object::NetworkPolicy(policy.clone()));
    }
    try_out(cluster, &after, namespace, &services, policies)
}

fn selects(service: &Service, labels: &Map) -> bool {
    let selector = service.spec.as_ref().map(|spec| &spec.selector);
    selector.is_some_and(|selector| {
        !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    })
}

fn selects_some(service: &Service, units: &[Unit]) -> bool {
    units.iter().any(|unit| selects(service, &unit.labels))
}

fn policy(
    namespace: &Str,
    name: &str,
    labels: Map,
    types: &[&str],
    ingress: Vec<NetworkPolicyRule>,
    egress: Vec<NetworkPolicyRule>,
) -> NetworkPolicy {
    NetworkPolicy {
        metadata: Meta { namespace: namespace.clone(), name: Str::new(name), ..Meta::default() },
        spec: Checked::Read(NetworkPolicySpec {
            pod_selector: Some(LabelSelector { match_labels: labels, ..LabelSelector::default() }),
            policy_types: types.iter().map(|kind| Str::new(kind)).collect(),
            ingress: ingress.into(),
            egress: egress.into(),
        }),
    }
}

/// Every pod of the policy's namespace.
fn within() -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    }
}

/// Every pod of every namespace.
fn cluster_wide() -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    }
}

/// Name resolution: the pods that usually answer, else their namespace.
fn dns(cluster: &Cluster) -> NetworkPolicyRule {
    let label = |key: &str, value: &str| LabelSelector {
        match_labels: [(Str::new(key), Str::new(value))].into_iter().collect(),
        ..LabelSelector::default()
    };
    let known = cluster
        .pods
        .in_namespace("kube-system")
        .any(|(_, pod)| pod.metadata.labels.get("k8s-app").is_some_and(|app| app == "kube-dns"));
    let peer = NetworkPolicyPeer {
        namespace_selector: Some(label(NAMESPACE_LABEL, "kube-system")),
        pod_selector: known.then(|| label("k8s-app", "kube-dns")),
        ip_block: None,
    };
    let ports = [Protocol::Udp, Protocol::Tcp].map(|protocol| NetworkPolicyPort {
        protocol: Some(Str::new(protocol.name())),
        port: Some(IntOrString::Int(53)),
        end_port: None,
    });
    NetworkPolicyRule {
        to: vec![peer].into(),
        ports: ports.to_vec().into(),
        ..NetworkPolicyRule::default()
    }
}

/// Whom a Service is for: anybody if it has a way in from outside, every namespace if an
/// Ingress leads to it (the controller may run anywhere), else its own namespace.
fn for_service(cluster: &Cluster, namespace: &Str, service: &Service) -> NetworkPolicy {
    let spec = service.spec.as_ref().expect("a service that selects pods has a specification");
    let open =
        matches!(spec.kind.as_str(), "LoadBalancer" | "NodePort") || !spec.external_ips.is_empty();
    let name = &service.metadata.name;
    let routed = cluster.ingresses.in_namespace(namespace).any(|(_, ingress)| {
        let spec = ingress.spec.iter();
        let mut backends = spec.flat_map(|spec| {
            let paths = spec.rules.iter().flat_map(|rule| rule.http.iter());
            let paths = paths.flat_map(|http| http.paths.iter()).filter_map(|p| p.backend.as_ref());
            spec.default_backend.iter().chain(&spec.backend).chain(paths)
        });
        backends.any(|backend| backend.service_name() == Some(name))
    });
    let from = match (open, routed) {
        (true, _) => vec![],
        (false, true) => vec![cluster_wide()],
        (false, false) => vec![within()],
    };
    let ports = spec.ports.iter().map(|port| NetworkPolicyPort {
        protocol: Some(if port.protocol.is_empty() {
            Str::new("TCP")
        } else {
            port.protocol.clone()
        }),
        port: match &port.target_port {
            Some(IntOrString::Int(0)) | None => port.port.map(IntOrString::Int),
            Some(target) => Some(target.clone()),
        },
        end_port: None,
    });
    let rule = NetworkPolicyRule {
        from: from.into(),
        ports: ports.collect(),
        ..NetworkPolicyRule::default()
    };
    policy(
        namespace,
        &format!("allow-to-{name}"),
        spec.selector.clone(),
        &["Ingress"],
        vec![rule],
        vec![],
    )
}

/// Workloads that declare ports and have no Service: their own namespace may use them.
fn for_declared_ports(
    namespace: &Str,
    units: &[Unit],
    services: &[&Service],
) -> Vec<NetworkPolicy> {
    let mut found: BTreeMap<Map, Vec<NetworkPolicyPort>> = BTreeMap::new();
    for unit in units.iter().filter(|unit| !unit.labels.is_empty()) {
        if services.iter().any(|service| selects(service, &unit.labels)) {
            continue;
        }
        let sidecars = unit.spec.init_containers.iter().filter(|one| one.is_sidecar());
        let containers = unit.spec.containers.iter().chain(sidecars);
        let declared = containers.flat_map(|container| container.ports.iter());
        let ports: Vec<NetworkPolicyPort> = declared
            .filter(|port| port.container_port.is_some())
            .map(|port| NetworkPolicyPort {
                protocol: Some(if port.protocol.is_empty() {
                    Str::new("TCP")
                } else {
                    port.protocol.clone()
                }),
                port: port.container_port.map(IntOrString::Int),
                end_port: None,
            })
            .collect();
        if !ports.is_empty() {
            let labels = unit.labels.filtered(|key, _| !REPLICA.contains(&key));
            let known = found.entry(labels).or_default();
            known
                .extend(ports.into_iter().filter(|port| !known.contains(port)).collect::<Vec<_>>());
        }
    }
    let numbered = found.into_iter().enumerate();
    numbered
        .map(|(at, (labels, ports))| {
            let shown = ["app.kubernetes.io/name", "app", "name", "k8s-app"];
            let name = shown.iter().find_map(|key| labels.get(key));
            let name = name.map_or_else(|| format!("{}", at + 1), |name| name.to_ascii_lowercase());
            let rule = NetworkPolicyRule {
                from: vec![within()].into(),
                ports: ports.into(),
                ..NetworkPolicyRule::default()
            };
            let title = format!("allow-declared-ports-of-{}-{name}", at + 1);
            policy(namespace, &title, labels, &["Ingress"], vec![rule], vec![])
        })
        .collect()
}

/// Computes the network with the policies and compares.
fn try_out(
    before: &Cluster,
    after: &Cluster,
    namespace: &Str,
    services: &[&Service],
    policies: Vec<NetworkPolicy>,
) -> Result<Suggestion, SuggestError> {
    let (old, new) = (Network::new(before), Network::new(after));
    let mut suggestion = Suggestion { policies, ..Suggestion::default() };
    if let Some(error) = new.errors().iter().find(|error| {
        suggestion
            .policies
            .iter()
            .any(|policy| error.object == format!("NetworkPolicy {}", policy.metadata.full_name()))
    }) {
        return Err(SuggestError::Wrong(error.to_string()));
    }
    let own = new.namespace_places(after, namespace);
    let pods: Vec<&Place> = own
        .iter()
        .filter(|place| new.segment(place.class) == crate::policy::Segment::Pods)
        .collect();
    for service in services {
        let id = format!("svc/{}", service.metadata.full_name());
        let behind = new.places(after, &id).unwrap_or_default();
        // Rules that select pods do not take those that share the network of their node.
        let (behind, hosts): (Vec<Place>, Vec<Place>) = behind
            .into_iter()
            .partition(|place| new.segment(place.class) == crate::policy::Segment::Pods);
        if !hosts.is_empty() {
            let names: Vec<&str> = hosts.iter().map(|place| place.name.as_str()).collect();
            suggestion.left_out.push(format!(
                "{id} also leads to the network of nodes, which no selector of pods takes: {}",
                names.join(", ")
            ));
        }
        if behind.is_empty() {
            continue;
        }
        for (from, to) in pods.iter().flat_map(|from| behind.iter().map(move |to| (from, to))) {
            let passes = new.between(from.class, to.class).allowed();
            if !to.ports.is_subset(&passes) {
                return Err(SuggestError::Wrong(format!("{} -> {id}", from.name)));
            }
        }
        suggestion.checked.push(format!("every pod of the namespace reaches {id}"));
    }
    let outside = new
        .internet()
        .iter()
        .all(|class| pods.iter().all(|pod| new.between(pod.class, *class).allowed().is_empty()));
    if outside {
        suggestion.checked.push("no pod of the namespace reaches the internet".to_owned());
    }
    suggestion.cut = cut((before, &old), (after, &new), namespace);
    Ok(suggestion)
}

/// Pairs of namespaces, and the internet, between which something passed and passes no more.
fn cut(
    (before, old): (&Cluster, &Network),
    (after, new): (&Cluster, &Network),
    namespace: &Str,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut ends: Vec<(String, Vec<Place>, Vec<Place>)> = before
        .namespace_names()
        .into_iter()
        .map(|name| {
            let places = (old.namespace_places(before, &name), new.namespace_places(after, &name));
            (format!("ns/{name}"), places.0, places.1)
        })
        .collect();
    let internet = |network: &Network, cluster: &Cluster| {
        network.places(cluster, "internet").unwrap_or_default()
    };
    ends.push(("internet".to_owned(), internet(old, before), internet(new, after)));
    let own = format!("ns/{namespace}");
    let Some(at) = ends.iter().position(|(name, ..)| *name == own) else { return found };
    let most = |network: &Network, from: &[Place], to: &[Place]| {
        let mut set = ConnectionSet::none();
        for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
            if from.pod.is_none() || from.pod != to.pod {
                set = set.union(&network.between(from.class, to.class).possible());
            }
        }
        set
    };
    for (name, was, is) in &ends {
        let (_, own_was, own_is) = &ends[at];
        for (from, to, before, after) in [
            (&own, name, most(old, own_was, was), most(new, own_is, is)),
            (name, &own, most(old, was, own_was), most(new, is, own_is)),
        ] {
            let gone = before.difference(&after);
            let line = format!("{from} -> {to}: {gone}");
            if !gone.is_empty() && !found.contains(&line) {
                found.push(line);
            }
        }
    }
    found
}
