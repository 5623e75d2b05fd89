//! Fixes of what the outside connects to: a Service, or a route to one.
//!
//! A list of sources (`loadBalancerSourceRanges`) is no fix: it makes a way in harder, and who is
//! listed still gets in. Where the cloud's controller makes a new load balancer when its
//! annotation asks for an internal one, that is offered beside closing the Service.

use ringfort_attack::technique::FixKind;
use ringfort_language::{Sentence, sentence};
use ringfort_model::record::{Ingress, Service};
use ringfort_model::{Kind, Map, Str};
use serde_json::{Value, json};

use crate::edits::{Edited, FieldEdit, ObjectEdit};
use crate::fix::{Desk, Fix, Remedy};
use crate::owner::owner;

/// Fixes of a field of a Service that opens something.
pub(super) fn field(desk: &Desk<'_, '_>, namespace: &Str, name: &Str, path: &str) -> Remedy {
    let found = desk.attack.context.cluster.services.get(namespace, name);
    let Some(service) = found else { return Remedy::Fact };
    let kind = service.spec.as_ref().map_or("", |spec| spec.kind.as_str());
    let node_port = path.starts_with("spec.ports[") && path.ends_with(".nodePort");
    let fixes = match kind {
        _ if path.starts_with("spec.externalIPs[") => vec![external(desk, service)],
        "NodePort" if node_port || path == "spec.type" => vec![inside(desk, service)],
        "LoadBalancer" if node_port => vec![inside(desk, service), no_node_ports(desk, service)],
        // Whatever decides how far a load balancer reaches, it goes with the type.
        "LoadBalancer" if !path.starts_with("spec.ports[") => {
            let mut fixes = vec![inside(desk, service)];
            fixes.extend(internal(desk, service));
            fixes
        }
        _ => return Remedy::Fact,
    };
    Remedy::Fixes(fixes)
}

/// Takes a route away.
pub(super) fn route(desk: &Desk<'_, '_>, kind: &str, namespace: &Str, name: &Str) -> Remedy {
    let cluster = desk.attack.context.cluster;
    if kind != Kind::Ingress.name() {
        return Remedy::Fact;
    }
    let Some(ingress) = cluster.ingresses.get(namespace, name) else { return Remedy::Fact };
    let hosts = hosts(ingress);
    let to = if hosts.is_empty() { String::new() } else { format!(" to {}", hosts.join(", ")) };
    Remedy::Fixes(vec![Fix {
        id: format!("delete:Ingress {namespace}/{name}"),
        title: sentence!("delete {object}", object = format!("Ingress {namespace}/{name}")),
        kind: FixKind::Delete,
        edits: vec![Edited {
            kind: Kind::Ingress,
            namespace: namespace.clone(),
            name: name.clone(),
            edit: ObjectEdit::Delete,
        }],
        cost: desk.costs.workload,
        breadth: 1,
        breaks: vec![format!("clients outside the cluster use Ingress {namespace}/{name}{to}")],
        owner: owner(&ingress.metadata),
    }])
}

fn hosts(ingress: &Ingress) -> Vec<String> {
    let rules = ingress.spec.as_ref().map_or(&[][..], |spec| &spec.rules);
    let mut hosts: Vec<String> =
        rules.iter().map(|rule| rule.host.to_string()).filter(|host| !host.is_empty()).collect();
    hosts.sort();
    hosts.dedup();
    hosts.truncate(3);
    hosts
}

fn test(pointer: &str, value: Value) -> FieldEdit {
    FieldEdit::Test { pointer: pointer.to_owned(), value }
}

fn set(pointer: impl Into<String>, value: Value) -> FieldEdit {
    FieldEdit::Set { pointer: pointer.into(), value }
}

fn title(service: &Service) -> String {
    format!("Service {}/{}", service.metadata.namespace, service.metadata.name)
}

fn fix(
    desk: &Desk<'_, '_>,
    service: &Service,
    (act, title): (&str, Sentence),
    edits: Vec<FieldEdit>,
    breadth: u32,
    breaks: Vec<String>,
) -> Fix {
    let meta = &service.metadata;
    Fix {
        id: format!("{act}:Service {}/{}", meta.namespace, meta.name),
        title,
        kind: FixKind::Netpol,
        edits: vec![Edited {
            kind: Kind::Service,
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            edit: ObjectEdit::Fields(edits),
        }],
        cost: desk.costs.workload,
        breadth,
        breaks,
        owner: owner(meta),
    }
}

/// Neither a load balancer nor node ports. What goes with the type is taken out by name, so that
/// it comes back with the way back.
fn inside(desk: &Desk<'_, '_>, service: &Service) -> Fix {
    let own = title(service);
    let mut edits = Vec::new();
    if let Some(spec) = &service.spec {
        edits.push(test("/spec/type", json!(spec.kind)));
        edits.push(set("/spec/type", json!("ClusterIP")));
        let mut remove = |is_set: bool, field: &str| {
            if is_set {
                edits.push(FieldEdit::Remove { pointer: format!("/spec/{field}") });
            }
        };
        for (at, port) in spec.ports.iter().enumerate() {
            remove(port.node_port.is_some(), &format!("ports/{at}/nodePort"));
        }
        remove(!spec.external_traffic_policy.is_empty(), "externalTrafficPolicy");
        remove(spec.allocate_load_balancer_node_ports.is_some(), "allocateLoadBalancerNodePorts");
        remove(spec.load_balancer_class.is_some(), "loadBalancerClass");
        remove(!spec.load_balancer_source_ranges.is_empty(), "loadBalancerSourceRanges");
        remove(!spec.load_balancer_ip.is_empty(), "loadBalancerIP");
    }
    let title = sentence!("make {object} reachable from inside only", object = &own);
    let breaks = vec![format!("clients outside the cluster use {own}")];
    fix(desk, service, ("inside", title), edits, 2, breaks)
}

/// A load balancer that sends past the node ports.
fn no_node_ports(desk: &Desk<'_, '_>, service: &Service) -> Fix {
    let ports = service.spec.as_ref().map_or(&[][..], |spec| &spec.ports);
    let mut edits = vec![
        test("/spec/type", json!("LoadBalancer")),
        set("/spec/allocateLoadBalancerNodePorts", json!(false)),
    ];
    for (at, port) in ports.iter().enumerate() {
        if let Some(number) = port.node_port {
            let pointer = format!("/spec/ports/{at}/nodePort");
            edits.push(test(&pointer, json!(number)));
            edits.push(FieldEdit::Remove { pointer });
        }
    }
    let own = title(service);
    let title =
        sentence!("close the node ports of {object} behind its load balancer", object = &own);
    let breaks = vec![format!(
        "a load balancer that sends to node ports does not reach {own} any more; whether this \
         one does is not visible"
    )];
    fix(desk, service, ("no-node-ports", title), edits, 1, breaks)
}

/// No address of the outside leads to the Service.
fn external(desk: &Desk<'_, '_>, service: &Service) -> Fix {
    let ips = service.spec.as_ref().map_or(&[][..], |spec| &spec.external_ips);
    let edits = vec![
        test("/spec/externalIPs", json!(ips)),
        FieldEdit::Remove { pointer: "/spec/externalIPs".to_owned() },
    ];
    let own = title(service);
    let title = sentence!("take the external addresses off {object}", object = &own);
    let shown = ips.iter().map(Str::as_str).collect::<Vec<_>>().join(", ");
    let breaks = vec![format!("clients use {own} at {shown}")];
    fix(desk, service, ("no-external-ips", title), edits, 1, breaks)
}

/// What asks the controller that serves the Service for an internal load balancer, where it
/// makes a new one if that changes.
fn internal(desk: &Desk<'_, '_>, service: &Service) -> Option<Fix> {
    let cluster = desk.attack.context.cluster;
    let mut schemes: Vec<&str> = cluster
        .nodes
        .iter()
        .map(|node| node.provider_id().split_once(':').map_or("", |(scheme, _)| scheme))
        .collect();
    schemes.sort_unstable();
    schemes.dedup();
    let [scheme] = schemes.as_slice() else { return None };
    let (key, value) = INTERNAL.iter().find_map(|one| {
        (one.scheme == *scheme && one.serves(service)).then_some((one.key, one.value))
    })?;
    let escaped = key.replace('~', "~0").replace('/', "~1");
    let annotations = &service.metadata.annotations;
    let mut edits = vec![test("/spec/type", json!("LoadBalancer"))];
    match annotations.iter().next() {
        Some(_) => edits.push(set(format!("/metadata/annotations/{escaped}"), json!(value))),
        None => edits.push(set("/metadata/annotations", json!({key: value}))),
    }
    let own = title(service);
    let title = sentence!("give {object} an internal load balancer", object = &own);
    let breaks = vec![format!(
        "clients outside the private network use {own}; its address changes, connections break"
    )];
    Some(fix(desk, service, ("internal", title), edits, 1, breaks))
}

/// How a controller is asked for an internal load balancer.
struct Internal {
    /// The scheme of the nodes' provider ids.
    scheme: &'static str,
    /// The annotation, and its value.
    key: &'static str,
    value: &'static str,
}

/// Controllers that make a new load balancer when the annotation changes: cloud-provider-gcp
/// (EnsureLoadBalancer deletes one of another scheme), cloud-provider-azure (the frontend moves
/// to the internal one), aws-load-balancer-controller (a changed scheme is a replacement; the
/// in-tree controller of AWS changes nothing).
const INTERNAL: &[Internal] = &[
    Internal { scheme: "gce", key: "networking.gke.io/load-balancer-type", value: "Internal" },
    Internal {
        scheme: "azure",
        key: "service.beta.kubernetes.io/azure-load-balancer-internal",
        value: "true",
    },
    Internal {
        scheme: "aws",
        key: "service.beta.kubernetes.io/aws-load-balancer-scheme",
        value: "internal",
    },
];

impl Internal {
    /// Whether the controller that is meant serves the Service.
    fn serves(&self, service: &Service) -> bool {
        let class = service.spec.as_ref().and_then(|spec| spec.load_balancer_class.as_deref());
        let class = class.unwrap_or_default();
        match self.scheme {
            "aws" => {
                matches!(class, "service.k8s.aws/nlb" | "eks.amazonaws.com/nlb")
                    || service
                        .metadata
                        .finalizers
                        .iter()
                        .any(|one| *one == *"service.k8s.aws/resources")
            }
            _ => class.is_empty(),
        }
    }
}

/// Whether a change of a Service has its controller take the load balancer away or make a new
/// one, so that what its status shows is no longer so.
pub(crate) fn takes_balancer(before: &Service, after: &Service) -> bool {
    let kind = |service: &Service| service.spec.as_ref().map(|spec| spec.kind.clone());
    let asks = |service: &Service, one: &Internal| -> Option<Str> {
        let annotations: &Map = &service.metadata.annotations;
        annotations.get(one.key).cloned().filter(|_| one.serves(service))
    };
    let balancer = |service: &Service| kind(service).is_some_and(|kind| *kind == *"LoadBalancer");
    balancer(before)
        && (!balancer(after) || INTERNAL.iter().any(|one| asks(before, one) != asks(after, one)))
}
