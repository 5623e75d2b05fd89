//! Ports on the nodes' own addresses: node ports, host ports, the host network, the kubelet,
//! the API server (EXP-03, EXP-04, EXP-07, EXP-14, EXP-21).

use std::net::IpAddr;
use std::sync::Arc;

use ringfort_model::record::Node;
use ringfort_model::record::network::{ServicePort, ServiceSpec};
use ringfort_model::{Id, Kind, SourceKind, Str};

use super::address::{self, is_private};
use super::backend::Backends;
use super::balance::{bad_port, open, protocol};
use super::edge::{Finder, assumed, object, shown};
use super::rules::rules;
use super::{Listener, ListenerKind, ObjectRef, Reach, Verdict};
use super::{cilium, proxy};

const FIREWALL: &str = "a public address of a node; its firewall is not shown";

/// Finds the listeners on nodes.
pub(super) fn find(finder: &mut Finder<'_>) {
    let ports = Ports::new(finder);
    node_ports(finder, &ports);
    host_ports(finder, &ports);
    kubelets(finder);
    api_server(finder);
}

/// Who reaches a public address of a node.
fn behind_firewall() -> Reach {
    if rules().switches.firewalls_are_unknown { Reach::Unknown } else { Reach::Public }
}

/// A public address of a node, as evidence.
struct Public {
    node: ObjectRef,
    path: Str,
    value: Str,
    address: IpAddr,
}

/// What the nodes' addresses say, once for all.
struct Ports {
    /// For each node its public address, if it has one.
    public: Vec<Option<Public>>,
    /// Whether node ports listen on it.
    listens: Vec<bool>,
    /// What is true of all nodes together: for host ports, for node ports.
    everywhere: [Everywhere; 2],
    known: bool,
}

/// The first node with a public address, and the public addresses of all.
struct Everywhere {
    first: Option<Id<Node>>,
    addresses: Arc<[Str]>,
}

/// The node port of a port of a Service.
enum NodePort {
    None,
    Number(i64),
    /// A server will choose one.
    Allocated,
}

impl Ports {
    fn new(finder: &Finder<'_>) -> Self {
        let cluster = finder.cluster;
        let public: Vec<Option<Public>> = cluster.nodes.iter().map(public_address).collect();
        let narrowed = rules().switches.node_port_addresses;
        let listens: Vec<bool> = cluster
            .nodes
            .iter()
            .map(|node| !narrowed || !finder.proxy.addresses(node).is_empty())
            .collect();
        let known = cluster.coverage.is_complete(Kind::Node) && !cluster.nodes.is_empty();
        let everywhere = [false, true].map(|is_node_port| {
            let nodes: Vec<Id<Node>> = cluster
                .nodes
                .ids()
                .map(|(id, _)| id)
                .filter(|id| !is_node_port || listens[id.index()])
                .filter(|id| public[id.index()].is_some())
                .collect();
            Everywhere { first: nodes.first().copied(), addresses: addresses_of(&public, &nodes) }
        });
        Self { public, listens, everywhere, known }
    }

    /// Who reaches a port on these nodes (all of them if `None`).
    fn verdict(
        &self,
        finder: &Finder<'_>,
        nodes: Option<&[Id<Node>]>,
        is_node_port: bool,
        own: &ObjectRef,
        path: &Str,
        value: &Str,
    ) -> (Arc<[Str]>, Verdict) {
        let listens = |id: &Id<Node>| !is_node_port || self.listens[id.index()];
        let (first, addresses) = match nodes {
            None => {
                let all = &self.everywhere[usize::from(is_node_port)];
                (all.first, all.addresses.clone())
            }
            Some(nodes) => {
                let public = nodes.iter().copied().filter(listens);
                let public: Vec<Id<Node>> =
                    public.filter(|id| self.public[id.index()].is_some()).collect();
                (public.first().copied(), addresses_of(&self.public, &public))
            }
        };
        if let Some(first) = first.and_then(|id| self.public[id.index()].as_ref()) {
            let (path, value) = (first.path.clone(), first.value.clone());
            return (addresses, shown(behind_firewall(), &first.node, path, value, FIREWALL));
        }
        let says = |reach, reason: &str| {
            (Arc::default(), shown(reach, own, path.clone(), value.clone(), reason))
        };
        let unread = !self.known && rules().switches.unread_nodes_are_unknown;
        if unread && nodes.is_none_or(<[_]>::is_empty) {
            return says(Reach::Unknown, "the addresses of the nodes are not known");
        }
        if nodes.is_some_and(<[_]>::is_empty) {
            return says(Reach::Internal, "no node holds a ready endpoint");
        }
        let listening = match nodes {
            Some(nodes) => nodes.iter().any(listens),
            None => self.listens.contains(&true),
        };
        if is_node_port && finder.proxy.narrows() && !listening {
            return says(Reach::Internal, "nodePortAddresses select no address of these nodes");
        }
        says(Reach::Internal, "the nodes have private addresses only")
    }
}

fn addresses_of(public: &[Option<Public>], nodes: &[Id<Node>]) -> Arc<[Str]> {
    let found = nodes.iter().filter_map(|id| public[id.index()].as_ref());
    found.map(|one| one.value.clone()).collect()
}

/// The public address of the node that has an address: the node, its field and the value.
pub(super) fn public_of(finder: &Finder<'_>, address: IpAddr) -> Option<(ObjectRef, Str, Str)> {
    let mut nodes = finder.cluster.nodes.iter();
    let node = nodes.find(|node| proxy::addresses(node).contains(&address))?;
    public_address(node).map(|public| (public.node, public.path, public.value))
}

fn public_address(node: &Node) -> Option<Public> {
    rules().node_addresses.iter().find_map(|kind| {
        node.addresses(kind).find_map(|text: &Str| {
            let address = address::parse(text).filter(|address| !is_private(*address))?;
            Some(Public {
                node: object("Node", &node.metadata),
                path: Str::from(format!("status.addresses[{kind}]")),
                value: text.clone(),
                address,
            })
        })
    })
}

fn node_ports(finder: &mut Finder<'_>, ports: &Ports) {
    let services = &finder.cluster.services;
    for service in services {
        let Some(spec) = service.spec.as_ref() else { continue };
        let balancers = rules().switches.load_balancers_open_node_ports;
        if *spec.kind != *"NodePort" && !(*spec.kind == *"LoadBalancer" && balancers) {
            continue;
        }
        let own = object("Service", &service.metadata);
        let opened: Vec<(usize, &ServicePort, Option<i64>)> = spec
            .ports
            .iter()
            .enumerate()
            .filter_map(|(at, port)| match opens(finder, spec, port) {
                NodePort::None => None,
                NodePort::Number(number) => Some((at, port, Some(number))),
                NodePort::Allocated => Some((at, port, None)),
            })
            .collect();
        if opened.is_empty() {
            continue;
        }
        let backends = finder.index.behind(service);
        let mut wrong = None;
        let local = match spec.external_traffic_policy.as_str() {
            "Local" if !rules().switches.local_narrows => None,
            "Local" => finder.index.local_nodes(service, &backends),
            "" | "Cluster" => None,
            other => {
                let path = "spec.externalTrafficPolicy";
                wrong = Some(finder.wrong(&own, path, other, "is no policy"));
                None
            }
        };
        for (at, port, number) in opened {
            let path = Str::from(format!("spec.ports[{at}].nodePort"));
            let value = Str::from(number.map_or_else(|| "allocated".to_owned(), |n| n.to_string()));
            let bad = number.filter(|number| !(1..=65535).contains(number));
            let bad =
                bad.map(|number| finder.wrong(&own, &path, &number.to_string(), "is no port"));
            let bad = bad.or_else(|| bad_port(finder, &own, at, port)).or_else(|| wrong.clone());
            let mut judged = ports.verdict(finder, local.as_deref(), true, &own, &path, &value);
            if judged.1.reach != Reach::Internal
                && let Some(verdict) = cilium::left_out(finder.cluster, service, "NodePort", &own)
            {
                judged.1 = verdict;
            }
            let intent = shown(judged.1.reach, &own, path, value, "opens a port on the nodes");
            let listener = open(finder, service, port, ListenerKind::NodePort, &backends);
            finder.listeners.push(Listener {
                addresses: judged.0,
                port: number,
                intent,
                verdict: bad.unwrap_or(judged.1),
                ..listener
            });
        }
    }
}

fn opens(finder: &Finder<'_>, spec: &ServiceSpec, port: &ServicePort) -> NodePort {
    if let Some(number) = port.node_port.filter(|number| *number != 0) {
        return NodePort::Number(number);
    }
    // What a server stored shows every node port that it allocated.
    let rule = &rules().switches;
    let stored = match finder.cluster.source {
        SourceKind::Manifests => !rule.manifests_are_allocated,
        _ => !rule.stored_is_allocated,
    };
    let without =
        *spec.kind == *"LoadBalancer" && spec.allocate_load_balancer_node_ports == Some(false);
    if stored || (without && rule.allocation_may_be_off) {
        NodePort::None
    } else {
        NodePort::Allocated
    }
}

fn host_ports(finder: &mut Finder<'_>, ports: &Ports) {
    let (units, cluster) = (finder.units, finder.cluster);
    for (at, unit) in units.iter().enumerate() {
        let hosted = unit.spec.host_network == Some(true);
        let declared = unit.spec.all_containers().any(|(_, _, container)| {
            container.ports.iter().any(|port| port.host_port.is_some_and(|port| port != 0))
        });
        if unit.latent || !(hosted || declared) {
            continue;
        }
        let own = ObjectRef {
            kind: unit.owner.as_ref().map_or("Pod", |(kind, _)| kind.name()),
            namespace: unit.namespace.clone(),
            name: Str::new(unit.name(cluster)),
        };
        let backends =
            Arc::new(Backends { units: vec![at as u32], some_pods: None, outside: Vec::new() });
        let places = (!unit.nodes.is_empty()).then_some(unit.nodes.as_slice());
        // Intent names the field of the pod specification, below which paths are written.
        let asks = |reach, path: &Str, value: &Str| {
            shown(reach, &own, path.clone(), value.clone(), "opens a port on its node")
        };
        let listen = |kind, part: &Str, port, proto: Str, addresses, intent, verdict| Listener {
            kind,
            object: own.clone(),
            part: part.clone(),
            addresses,
            port,
            protocol: proto,
            condition: None,
            service: None,
            backends: backends.clone(),
            sources: Vec::new(),
            intent,
            fact: None,
            verdict,
        };
        let mut found = Vec::new();
        for (kind, index, container) in unit.spec.all_containers() {
            for (number, port) in container.ports.iter().enumerate() {
                // On the host network an absent host port is the container port.
                let host = port.host_port.filter(|host| *host != 0);
                let shared = hosted && rules().switches.host_network_opens_container_ports;
                let host = host.or(if shared { port.container_port } else { None });
                let Some(host) = host else { continue };
                let prefix = format!("{}[{index}].ports[{number}]", kind.field());
                let path = Str::from(format!("{prefix}.hostPort"));
                let value = Str::from(host.to_string());
                let proto = protocol(&port.protocol);
                let (addresses, verdict) = if (1..=65535).contains(&host) {
                    let all = ports.verdict(finder, places, false, &own, &path, &value);
                    match port.host_ip.as_str() {
                        // Empty or unspecified is every address of the node.
                        text if rules().every_address.contains(&text) => all,
                        text => on_host_ip(finder, ports, &own, &prefix, text, places, all),
                    }
                } else {
                    (Arc::default(), finder.wrong(&own, &path, &value, "is no port"))
                };
                let (kind, part) = (ListenerKind::HostPort, &container.name);
                let intent = asks(verdict.reach, &path, &value);
                found.push(listen(kind, part, Some(host), proto, addresses, intent, verdict));
            }
        }
        if hosted {
            let (path, value) = (Str::new("hostNetwork"), Str::new("true"));
            let (addresses, verdict) = ports.verdict(finder, places, false, &own, &path, &value);
            let none = Str::default();
            let kind = ListenerKind::HostNetwork;
            let intent = asks(verdict.reach, &path, &value);
            found.push(listen(kind, &none, None, none.clone(), addresses, intent, verdict));
        }
        finder.listeners.append(&mut found);
    }
}

/// A host port on one address. A private address of a node may be what its public one is
/// translated to.
fn on_host_ip(
    finder: &mut Finder<'_>,
    ports: &Ports,
    own: &ObjectRef,
    prefix: &str,
    text: &str,
    places: Option<&[Id<Node>]>,
    all: (Arc<[Str]>, Verdict),
) -> (Arc<[Str]>, Verdict) {
    let path = format!("{prefix}.hostIP");
    let Some(address) = address::parse(text) else {
        return (Arc::default(), finder.wrong(own, &path, text, "is no address"));
    };
    let rule = &rules().switches;
    if address.is_loopback() && rule.loopback_is_internal {
        let reason = "listens on the loopback only";
        return (Arc::default(), shown(Reach::Internal, own, path, text, reason));
    }
    let cluster = finder.cluster;
    let nodes: Vec<Id<Node>> = match places {
        Some(nodes) => nodes.to_vec(),
        None => cluster.nodes.ids().map(|(id, _)| id).collect(),
    };
    let holder = nodes.iter().find(|&&id| proxy::addresses(&cluster.nodes[id]).contains(&address));
    match holder {
        Some(&id) => match &ports.public[id.index()] {
            Some(public)
                if public.address == address
                    || (is_private(address) && rule.public_is_translated) =>
            {
                let (path, value) = (public.path.clone(), public.value.clone());
                (
                    Arc::from([value.clone()]),
                    shown(Reach::Unknown, &public.node, path, value, FIREWALL),
                )
            }
            _ => {
                let reason = "an address of a node with private addresses only";
                (Arc::default(), shown(Reach::Internal, own, path, text, reason))
            }
        },
        None if !is_private(address) => {
            (Arc::from([Str::new(text)]), shown(Reach::Unknown, own, path, text, FIREWALL))
        }
        None if all.1.reach == Reach::Unknown && !ports.known => all,
        None => (Arc::default(), shown(Reach::Internal, own, path, text, "a private address")),
    }
}

fn kubelets(finder: &mut Finder<'_>) {
    let nodes = &finder.cluster.nodes;
    for node in nodes {
        let own = object("Node", &node.metadata);
        let endpoint = node.status.as_ref().and_then(|status| status.daemon_endpoints.as_ref());
        let port = endpoint.and_then(|all| all.kubelet_endpoint.as_ref()).and_then(|one| one.port);
        let verdict = match public_address(node) {
            Some(public) => shown(Reach::Unknown, &own, public.path, public.value, FIREWALL),
            None if proxy::addresses(node).is_empty() => {
                let reason = "the node shows no address";
                shown(Reach::Unknown, &own, "status.addresses", "absent", reason)
            }
            None => {
                let reason = "the node has private addresses only";
                let first = node.addresses("InternalIP").chain(node.addresses("ExternalIP")).next();
                let value = first.cloned().unwrap_or_default();
                shown(Reach::Internal, &own, "status.addresses", value, reason)
            }
        };
        let addresses = node.addresses("ExternalIP").chain(node.addresses("InternalIP")).cloned();
        finder.listeners.push(Listener {
            kind: ListenerKind::Kubelet,
            object: own,
            part: Str::default(),
            addresses: addresses.collect(),
            port: Some(port.filter(|port| *port != 0).unwrap_or(rules().kubelet_port.into())),
            protocol: Str::new("TCP"),
            condition: None,
            service: None,
            backends: Arc::default(),
            sources: Vec::new(),
            intent: verdict.clone(),
            fact: None,
            verdict,
        });
    }
}

/// The API server's own addresses, which the endpoints of `default/kubernetes` hold. A private
/// one proves nothing: a load balancer in front is no object of the cluster.
fn api_server(finder: &mut Finder<'_>) {
    let Some(service) = finder.cluster.services.get("default", "kubernetes") else { return };
    let own = object("Service", &service.metadata);
    let mut addresses: Vec<Str> = Vec::new();
    let mut port = None;
    for slice in finder.index.slices(service) {
        let all = slice.endpoints.iter().flat_map(|endpoint| endpoint.addresses.iter());
        addresses.extend(all.cloned());
        port = port.or_else(|| slice.ports.first().and_then(|port| port.port));
    }
    addresses.sort();
    addresses.dedup();
    let path = "EndpointSlice endpoints[].addresses";
    let public = addresses.iter().find(|text| address::parse(text).is_some_and(|a| !is_private(a)));
    let verdict = match (public, addresses.first()) {
        (Some(text), _) => {
            let reason = "a public address; its firewall is not shown";
            shown(Reach::Unknown, &own, path, text.clone(), reason)
        }
        (None, Some(text)) => {
            let reason = "a private address; what stands in front of it is not shown";
            shown(Reach::Unknown, &own, path, text.clone(), reason)
        }
        (None, None) => assumed(Reach::Unknown, &own, path, "the endpoints are not known"),
    };
    finder.listeners.push(Listener {
        kind: ListenerKind::ApiServer,
        object: own,
        part: Str::default(),
        addresses: Arc::from(addresses),
        port,
        protocol: Str::new("TCP"),
        condition: None,
        service: Some((Str::new("default"), Str::new("kubernetes"))),
        backends: Arc::default(),
        sources: Vec::new(),
        intent: verdict.clone(),
        fact: None,
        verdict,
    });
}
