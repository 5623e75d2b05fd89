//! V7, applications that the internet reaches, and V8, ports on the nodes' own addresses: what
//! the exposure engine says of each listener.

use ringfort_isolation::Effect;
use ringfort_language::{Sentence, message, sentence};
use ringfort_model::{EntityId, Kind, Str};
use ringfort_network::exposure::{Listener, ListenerKind, Reach, Verdict};

use super::fronts::all_read;
use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::NodeKey;
use crate::why::Why;

const SCAN: &str = message!("a vulnerability scan of the images");
const FIREWALL: &str = message!("the firewall or security group of the nodes");

/// What a mesh asks of whoever comes in by listeners that lead to the pods themselves: a proxy of
/// routes speaks for its clients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    /// Of every client a certificate of the mesh.
    Certificate,
    /// Not known.
    Unknown,
}

const MESH: &str = message!("whether the mesh asks clients for a certificate");

fn asked(context: &Context<'_>, listeners: &[&Listener]) -> Asked {
    let direct = |one: &&Listener| {
        matches!(
            one.kind,
            ListenerKind::LoadBalancer
                | ListenerKind::ExternalIp
                | ListenerKind::NodePort
                | ListenerKind::HostPort
        )
    };
    let whole = |one: &&Listener| one.backends.outside.is_empty();
    if !listeners.iter().all(|one| direct(one) && whole(one)) {
        return Asked::Nothing;
    }
    let units = listeners.iter().flat_map(|one| one.backends.units.iter());
    let of_unit = |unit: &u32| match context.mesh(*unit).map(|control| &control.effect) {
        Some(Effect::Effective) => Asked::Certificate,
        Some(Effect::Unknown(_)) => Asked::Unknown,
        _ => Asked::Nothing,
    };
    let all: Vec<Asked> = units.map(of_unit).collect();
    match all.first() {
        Some(_) if all.contains(&Asked::Nothing) => Asked::Nothing,
        Some(_) if all.contains(&Asked::Unknown) => Asked::Unknown,
        Some(_) => Asked::Certificate,
        None => Asked::Nothing,
    }
}

/// The field that decides a verdict.
pub(super) fn decided(verdict: &Verdict) -> Why {
    let (object, path, value) = (&verdict.object, verdict.path.clone(), verdict.value.clone());
    match object.kind {
        "Service" => Why::Field {
            object: EntityId::Service(object.namespace.clone(), object.name.clone()),
            path,
            value,
        },
        "Node" => Why::Field { object: EntityId::Node(object.name.clone()), path, value },
        kind => Why::ObjectField {
            kind,
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            path,
            value,
        },
    }
}

fn pods(context: &Context<'_>, listeners: &[&Listener]) -> Vec<NodeKey> {
    let mut units: Vec<u32> =
        listeners.iter().flat_map(|listener| listener.backends.units.iter().copied()).collect();
    units.sort_unstable();
    units.dedup();
    units.iter().flat_map(|&unit| context.pods_of(unit)).collect()
}

/// Listeners of one kind, grouped by the object that opens them; the widest first in each.
fn grouped<'a>(
    context: &'a Context<'_>,
    is_meant: impl Fn(ListenerKind) -> bool,
) -> Vec<Vec<&'a Listener>> {
    let mut groups: Vec<Vec<&Listener>> = Vec::new();
    // Listeners are sorted by object, then by kind.
    for listener in context.exposure.listeners.iter().filter(|one| is_meant(one.kind)) {
        match groups.last_mut() {
            Some(group) if group[0].object == listener.object && group[0].kind == listener.kind => {
                group.push(listener);
            }
            _ => groups.push(vec![listener]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|listener| listener.verdict.reach);
    }
    groups
}

/// V7: load balancers, external addresses, and routes.
pub(super) fn applications(context: &Context<'_>) -> Finding {
    let is_meant = |kind| {
        !matches!(
            kind,
            ListenerKind::NodePort
                | ListenerKind::HostPort
                | ListenerKind::HostNetwork
                | ListenerKind::ClusterIp
                | ListenerKind::ExternalName
                | ListenerKind::ApiServer
                | ListenerKind::Kubelet
        )
    };
    let mut found = Vec::new();
    for group in grouped(context, is_meant) {
        let widest = group[0];
        let reach = widest.verdict.reach;
        let asked = asked(context, &group);
        let state = match reach {
            Reach::Public | Reach::Unknown if asked != Asked::Certificate => State::Unknown,
            Reach::Public | Reach::Unknown | Reach::AllowListed => State::Guarded,
            Reach::Internal => State::Closed,
        };
        let own = &widest.object;
        let full = format!("{}/{}", own.namespace, own.name);
        let (name, what) = match widest.kind {
            ListenerKind::LoadBalancer => (full.clone(), sentence!("load balancer")),
            ListenerKind::ExternalIp => (format!("{full}:externalIPs"), Sentence::default()),
            _ => (format!("{}/{full}", own.kind), Sentence::plain(own.kind)),
        };
        if widest.kind == ListenerKind::ExternalIp && reach == Reach::Internal {
            continue;
        }
        let title = match reach {
            _ if widest.kind == ListenerKind::ExternalIp => {
                sentence!("external address of {name}", name = &full)
            }
            Reach::Public => sentence!("public {what} {name}", what, name = &full),
            Reach::AllowListed => sentence!("{what} {name} for listed sources", what, name = &full),
            Reach::Unknown => sentence!("{what} {name}, address class unknown", what, name = &full),
            Reach::Internal => sentence!("internal {what} {name}", what, name = &full),
        };
        let title = match asked {
            Asked::Certificate => sentence!("{title}, for clients of the mesh", title),
            Asked::Nothing | Asked::Unknown => title,
        };
        let mut missing = vec![SCAN];
        if asked == Asked::Unknown {
            missing.push(MESH);
        }
        if reach == Reach::Unknown {
            missing.push(match widest.kind {
                ListenerKind::ExternalIp => "whether the address is routed to a node",
                ListenerKind::LoadBalancer => "whether the load balancer has a public address",
                _ => "whether what stands in front of it has a public address",
            });
        }
        let mut why = Vec::new();
        if widest.kind == ListenerKind::LoadBalancer {
            why.push(Why::Field {
                object: EntityId::Service(own.namespace.clone(), own.name.clone()),
                path: "spec.type".into(),
                value: "LoadBalancer".into(),
            });
        } else if widest.verdict.object != *own {
            // The front decides the reach; the route decides what stands behind.
            why.push(Why::ObjectField {
                kind: own.kind,
                namespace: own.namespace.clone(),
                name: own.name.clone(),
                path: "spec".into(),
                value: widest.service.as_ref().map_or_else(Str::default, |(namespace, name)| {
                    Str::from(format!("svc/{namespace}/{name}"))
                }),
            });
        }
        why.push(decided(&widest.verdict));
        found.push(Instance {
            vector: "V7",
            name: Str::from(name),
            title,
            state,
            why,
            missing: if state == State::Closed { Vec::new() } else { missing },
            leads: pods(context, &group),
        });
    }
    match all_read(context) {
        true => {
            (found, State::Closed, message!("no load balancer and no route leads to a workload"))
        }
        false => (found, State::Unknown, message!("Services or routes were not all read")),
    }
}

/// V8: node ports, host ports and the host network.
pub(super) fn node_listeners(context: &Context<'_>) -> Finding {
    let cluster = context.cluster;
    let is_meant = |kind| {
        matches!(kind, ListenerKind::NodePort | ListenerKind::HostPort | ListenerKind::HostNetwork)
    };
    let mut found = Vec::new();
    for group in grouped(context, is_meant) {
        // Units of one owner that differ are ways in of their own.
        let mut parts: Vec<Vec<&Listener>> = Vec::new();
        for listener in group {
            let node_port = listener.kind == ListenerKind::NodePort;
            let same = |part: &Vec<&Listener>| node_port || part[0].backends == listener.backends;
            match parts.iter().position(same) {
                Some(at) => parts[at].push(listener),
                None => parts.push(vec![listener]),
            }
        }
        for part in parts {
            found.push(on_nodes(context, &part));
        }
    }
    let known =
        cluster.coverage.is_complete(Kind::Service) && cluster.coverage.is_complete(Kind::Pod);
    match known {
        true => (found, State::Closed, message!("no node port and no host port")),
        false => (found, State::Unknown, message!("Services or pods were not all read")),
    }
}

fn on_nodes(context: &Context<'_>, group: &[&Listener]) -> Instance {
    let widest = group[0];
    let (verdict, intent) = (&widest.verdict, &widest.intent);
    let seen = verdict.object.kind == "Node";
    let asked = asked(context, group);
    let (state, mut missing) = match verdict.reach {
        // The loopback, or an address of no node.
        Reach::Internal if verdict.path.ends_with("hostIP") => (State::Closed, Vec::new()),
        Reach::Internal => (State::Guarded, Vec::new()),
        Reach::AllowListed => (State::Guarded, vec![SCAN]),
        _ if asked == Asked::Certificate => (State::Guarded, vec![SCAN]),
        _ if seen => (State::Unknown, vec![FIREWALL, SCAN]),
        _ => (State::Unknown, vec![message!("the addresses of the nodes")]),
    };
    if asked == Asked::Unknown && state == State::Unknown {
        missing.push(MESH);
    }
    let own = &widest.object;
    let full = format!("{}/{}", own.namespace, own.name);
    let port = match widest.port {
        Some(port) => Sentence::plain(port.to_string()),
        None => sentence!("to be allocated"),
    };
    let (name, title, first) = match widest.kind {
        ListenerKind::NodePort => (
            full.clone(),
            sentence!("node port {port} of {name}", port, name = &full),
            decided(intent),
        ),
        kind => {
            let (part, title) = match kind {
                ListenerKind::HostNetwork => {
                    ("hostNetwork", sentence!("host network of {name}", name = &full))
                }
                _ => ("hostPort", sentence!("host port {port} of {name}", port, name = &full)),
            };
            let field = Why::PodField {
                unit: widest.backends.units.first().copied().unwrap_or_default(),
                path: intent.path.clone(),
                value: intent.value.clone(),
            };
            (format!("{full}:{part}"), title, field)
        }
    };
    let mut why = vec![first];
    if seen {
        // A node without it is reached from fewer places, and the port is open as before.
        why.push(decided(verdict).into_mark());
    }
    Instance {
        vector: "V8",
        name: Str::from(name),
        title,
        state,
        why,
        missing,
        leads: pods(context, group),
    }
}
