//! V7, applications that the internet reaches, and V8, ports on the nodes' own addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ringfort_model::record::Service;
use ringfort_model::{EntityId, Kind, Str, is_replica_label};

use super::exposure::{Reach, is_private, load_balancer};
use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::NodeKey;
use crate::why::Why;

/// Units behind a Service: by its selector, else by the pods that its slices name.
pub(crate) fn behind(context: &Context<'_>, service: &Service) -> Vec<u32> {
    let namespace = &service.metadata.namespace;
    let Some(spec) = &service.spec else { return Vec::new() };
    if !spec.selector.is_empty() {
        let selects = |labels: &ringfort_model::Map| {
            spec.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        // A selector may pick out one replica by a label that its unit does not hold.
        let one_replica = spec.selector.iter().any(|(key, _)| is_replica_label(key));
        let selects_pod = |unit: &ringfort_model::Unit| {
            let labels = |&pod: &_| &context.cluster.pods[pod].metadata.labels;
            one_replica && unit.pods.iter().map(labels).any(selects)
        };
        return context
            .units_in(namespace)
            .filter(|(_, unit)| !unit.latent && (selects(&unit.labels) || selects_pod(unit)))
            .map(|(at, _)| at)
            .collect();
    }
    let mut names: BTreeSet<&Str> = BTreeSet::new();
    for (_, slice) in context.cluster.endpoint_slices.in_namespace(namespace) {
        let of = slice.metadata.labels.get("kubernetes.io/service-name");
        if of == Some(&service.metadata.name) {
            let targets = slice.endpoints.iter().filter_map(|e| e.target_ref.as_ref());
            names.extend(targets.filter(|t| *t.kind == *"Pod").map(|t| &t.name));
        }
    }
    let holds = |unit: &ringfort_model::Unit| {
        unit.pods.iter().any(|&pod| names.contains(&context.cluster.pods[pod].metadata.name))
    };
    context.units_in(namespace).filter(|(_, unit)| holds(unit)).map(|(at, _)| at).collect()
}

fn pods(context: &Context<'_>, units: &[u32]) -> Vec<NodeKey> {
    units.iter().flat_map(|&unit| context.pods_of(unit)).collect()
}

fn field(service: &Service, path: &str, value: &str) -> Why {
    let meta = &service.metadata;
    Why::Field {
        object: EntityId::Service(meta.namespace.clone(), meta.name.clone()),
        path: Str::new(path),
        value: Str::new(value),
    }
}

const SCAN: &str = "a vulnerability scan of the images";
const FIREWALL: &str = "the firewall or security group of the nodes";

/// V7: load balancers and external addresses.
pub(super) fn applications(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for service in &context.cluster.services {
        let Some(spec) = &service.spec else { continue };
        let name = Str::from(service.metadata.full_name());
        let units = behind(context, service);
        if *spec.kind == *"LoadBalancer" {
            let verdict = load_balancer(context.cluster, service);
            let state = match verdict.reach {
                Reach::Public | Reach::Unknown => State::Unknown,
                Reach::AllowListed => State::Guarded,
                Reach::Internal => State::Closed,
            };
            let mut missing = vec![SCAN];
            if verdict.reach == Reach::Unknown {
                missing.push("whether the load balancer has a public address");
            }
            let title = match verdict.reach {
                Reach::Public => format!("public load balancer {name}"),
                Reach::AllowListed => format!("load balancer {name} for listed sources"),
                Reach::Unknown => format!("load balancer {name}, address class unknown"),
                Reach::Internal => format!("internal load balancer {name}"),
            };
            found.push(Instance {
                vector: "V7",
                name: name.clone(),
                title,
                state,
                why: vec![
                    field(service, "spec.type", &spec.kind),
                    field(service, verdict.path, &verdict.value),
                ],
                missing: if state == State::Closed { Vec::new() } else { missing },
                leads: pods(context, &units),
            });
        }
        let public = spec
            .external_ips
            .iter()
            .find(|address| address.parse::<IpAddr>().is_ok_and(|address| !is_private(address)));
        if let Some(address) = public {
            found.push(Instance {
                vector: "V7",
                name: Str::from(format!("{name}:externalIPs")),
                title: format!("external address of {name}"),
                state: State::Unknown,
                why: vec![field(service, "spec.externalIPs", address)],
                missing: vec![SCAN, "whether the address is routed to a node"],
                leads: pods(context, &units),
            });
        }
    }
    let (state, note) = match context.cluster.coverage.is_complete(Kind::Service) {
        // Ingress and Gateway routes need the exposure engine; without them nothing is closed.
        true => (
            State::Unknown,
            "no public load balancer; Ingress and Gateway routes are not evaluated",
        ),
        false => (State::Unknown, "Services were not all read"),
    };
    (found, state, note)
}

/// V8: node ports, host ports and the host network.
pub(super) fn node_listeners(context: &Context<'_>) -> Finding {
    let cluster = context.cluster;
    let public: Vec<&Str> = cluster
        .nodes
        .iter()
        .flat_map(|node| node.addresses("ExternalIP"))
        .filter(|a| a.parse::<IpAddr>().is_ok_and(|address| !is_private(address)))
        .collect();
    let nodes_known = cluster.coverage.is_complete(Kind::Node) && !cluster.nodes.is_empty();
    let (state, missing) = match (public.is_empty(), nodes_known) {
        (true, true) => (State::Guarded, Vec::new()),
        (true, false) => (State::Unknown, vec!["the addresses of the nodes"]),
        (false, _) => (State::Unknown, vec![FIREWALL, SCAN]),
    };
    let address = |why: &mut Vec<Why>| {
        if let Some(node) = cluster
            .nodes
            .iter()
            .find(|node| node.addresses("ExternalIP").any(|a| public.contains(&a)))
        {
            why.push(Why::Field {
                object: EntityId::Node(node.metadata.name.clone()),
                path: "status.addresses[ExternalIP]".into(),
                value: node.addresses("ExternalIP").next().cloned().unwrap_or_default(),
            });
        }
    };
    let mut found = Vec::new();
    for service in &cluster.services {
        let Some(spec) = &service.spec else { continue };
        if !matches!(spec.kind.as_str(), "NodePort" | "LoadBalancer") {
            continue;
        }
        let Some(port) = spec.ports.iter().find_map(|port| port.node_port.filter(|p| *p != 0))
        else {
            continue;
        };
        let mut why = vec![field(service, "spec.ports[].nodePort", &port.to_string())];
        address(&mut why);
        let name = service.metadata.full_name();
        found.push(Instance {
            vector: "V8",
            title: format!("node port {port} of {name}"),
            name: Str::from(name),
            state,
            why,
            missing: missing.clone(),
            leads: pods(context, &behind(context, service)),
        });
    }
    for (at, unit) in context.units.iter().enumerate() {
        if unit.latent {
            continue;
        }
        let port = unit.spec.all_containers().find_map(|(kind, index, container)| {
            let port = container.ports.iter().position(|p| p.host_port.is_some_and(|p| p != 0))?;
            Some((
                format!("{}[{index}].ports[{port}].hostPort", kind.field()),
                container.ports[port].host_port?,
            ))
        });
        let Some((path, port)) = port else { continue };
        let shown = unit.name(cluster);
        let mut why = vec![Why::PodField {
            unit: at as u32,
            path: Str::from(path),
            value: Str::from(port.to_string()),
        }];
        address(&mut why);
        found.push(Instance {
            vector: "V8",
            name: Str::from(format!("{}/{shown}:hostPort", unit.namespace)),
            title: format!("host port {port} of {}/{shown}", unit.namespace),
            state,
            why,
            missing: missing.clone(),
            leads: context.pods_of(at as u32),
        });
    }
    let known =
        cluster.coverage.is_complete(Kind::Service) && cluster.coverage.is_complete(Kind::Pod);
    match known {
        true => (found, State::Closed, "no node port and no host port"),
        false => (found, State::Unknown, "Services or pods were not all read"),
    }
}
