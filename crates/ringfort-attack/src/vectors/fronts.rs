//! Through which ports of its pod a container is reached from outside: what is in front of a pod
//! leads to ports, and a pod may hold several programs.

use ringfort_model::record::Service;
use ringfort_model::{Container, IntOrString, Kind, PodSpec, Str};
use ringfort_network::exposure::{Listener, ListenerKind, Reach};

use crate::context::Context;
use crate::listener::running;
use crate::recognise::{Place, known};

/// What a program listens on, as far as its container shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Listens {
    /// TCP ports.
    pub(super) ports: Vec<u16>,
    /// Whether there are no others.
    pub(super) only: bool,
    /// Whether nothing outside its pod can connect.
    pub(super) loopback: bool,
}

/// How a container is reached by what is more than an address of the cluster's own network.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fronts {
    /// The widest reach of a port of its own.
    pub(super) own: Option<Reach>,
    /// The widest reach of a port behind which another container of its pod stands, or may, and
    /// whether each of those is a proxy that asks for a login.
    pub(super) through: Option<(Reach, bool)>,
}

/// Ends of image repositories of proxies that ask for a login before they pass anything on.
const ASKING: &[&str] = &[
    "oauth2-proxy/oauth2-proxy",
    "oauth2-proxy",
    "origin-oauth-proxy",
    "ose-oauth-proxy",
    "kube-rbac-proxy",
    "gogatekeeper/gatekeeper",
    "pomerium/pomerium",
];

fn asks(container: &Container) -> bool {
    let mut words = container.command.iter().chain(container.args.iter());
    // `--skip-auth-route` and its kin let some requests through.
    let all = !words.any(|word| word.starts_with("--skip-auth") || word.contains("ignore-paths"));
    known(&container.image, ASKING).is_some() && all
}

/// How a container is reached from outside of the cluster's network.
pub(super) fn of(context: &Context<'_>, place: Place, listens: &Listens) -> Fronts {
    let (unit, kind, index) = place;
    let spec = &context.units[unit as usize].spec;
    let others: Vec<&Container> = running(spec)
        .filter(|(own_kind, own, _)| (*own_kind, *own) != (kind, index as usize))
        .map(|(_, _, container)| container)
        .collect();
    let mut found = Fronts::default();
    for &at in &context.fronts[unit as usize] {
        let listener = &context.exposure.listeners[at as usize];
        if listener.kind == ListenerKind::ClusterIp {
            continue;
        }
        let reach = listener.verdict.reach;
        for target in targets(context, listener, spec) {
            let declared = |one: &&&Container| {
                one.ports.iter().any(|port| port.container_port.and_then(number) == target)
            };
            let behind: Vec<&&Container> = others.iter().filter(declared).collect();
            let is_own = match target {
                None => true,
                Some(port) => listens.ports.contains(&port) || (!listens.only && others.is_empty()),
            };
            if is_own && !listens.loopback {
                found.own = Some(found.own.map_or(reach, |known| known.min(reach)));
            } else if !others.is_empty() {
                let asking = !behind.is_empty() && behind.iter().all(|one| asks(one));
                // The widest counts, and of those the one that asks nobody.
                let next = (reach, asking);
                found.through = Some(found.through.map_or(next, |known| known.min(next)));
            }
        }
    }
    found
}

/// The ports of a pod that a listener leads to; `None` for any.
fn targets(context: &Context<'_>, listener: &Listener, spec: &PodSpec) -> Vec<Option<u16>> {
    let ports = || running(spec).flat_map(|(_, _, container)| container.ports.iter());
    let found: Vec<Option<u16>> = match (listener.kind, &listener.service) {
        (ListenerKind::HostPort, _) => {
            let meant = ports().filter(|port| port.host_port == listener.port);
            meant.map(|port| port.container_port.and_then(number)).collect()
        }
        (ListenerKind::HostNetwork, _) => vec![listener.port.and_then(number)],
        (kind, Some((namespace, name))) => {
            let service = context.cluster.services.get(namespace, name);
            service.map_or(Vec::new(), |service| of_service(service, kind, listener.port, spec))
        }
        (_, None) => Vec::new(),
    };
    if found.is_empty() { vec![None] } else { found }
}

/// Those of a Service: of a port on its own address or on nodes that one's, of a route each.
fn of_service(
    service: &Service,
    kind: ListenerKind,
    front: Option<i64>,
    spec: &PodSpec,
) -> Vec<Option<u16>> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter());
    let meant = ports.filter(|port| match kind {
        ListenerKind::LoadBalancer | ListenerKind::ExternalIp => port.port == front,
        ListenerKind::NodePort => port.node_port == front,
        _ => true,
    });
    let resolved = meant.map(|port| match &port.target_port {
        Some(IntOrString::Text(name)) => named(spec, name),
        Some(IntOrString::Int(target)) if *target > 0 => number(*target),
        _ => port.port.and_then(number),
    });
    resolved.collect()
}

fn named(spec: &PodSpec, name: &Str) -> Option<u16> {
    let mut ports = running(spec).flat_map(|(_, _, container)| container.ports.iter());
    ports.find(|port| port.name == *name).and_then(|port| number(port.container_port?))
}

fn number(port: i64) -> Option<u16> {
    u16::try_from(port).ok()
}

/// Whether everything that may lead to a pod from outside was read.
pub(super) fn all_read(context: &Context<'_>) -> bool {
    ROUTES.into_iter().all(|kind| context.cluster.coverage.is_complete(kind))
}

/// What leads to pods from outside.
pub(super) const ROUTES: [Kind; 9] = [
    Kind::Service,
    Kind::Pod,
    Kind::Ingress,
    Kind::Gateway,
    Kind::OpenShiftRoute,
    Kind::IstioGateway,
    Kind::TraefikRoute,
    Kind::HttpProxy,
    Kind::CustomResourceDefinition,
];

/// What is said where they were not.
pub(super) const UNREAD: &str =
    ringfort_language::message!("which Services and routes lead to it, for not all were read");
