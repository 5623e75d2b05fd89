//! Gateway API (EXP-10): which routes attach to which listener, and who reaches its Gateway.
//!
//! kubernetes-sigs/gateway-api `apis/v1`: a route attaches where its parentRef names the
//! listener, the listener allows its namespace (same by default) and kind, and the host names
//! meet. References across namespaces need a ReferenceGrant in the target's namespace.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_model::record::Service;
use ringfort_model::record::admission::LabelSelector;
use ringfort_model::record::gateway::{
    FromNamespaces, Gateway, GatewayListener, GatewayRoute, ListenerSet, ObjectReference,
    ParentReference, RouteRule,
};
use ringfort_model::record::network::ServiceSpec;
use ringfort_model::{Kind, Map, Str, Table};

use super::backend::Backends;
use super::balance::{judge, status};
use super::edge::{Finder, assumed, object, shown};
use super::listener::listener_serves;
use super::route_rules::rules;
use super::{Condition, Listener, ListenerKind, ObjectRef, Reach, Verdict};

pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// What a Gateway's listeners share.
struct Front {
    addresses: Arc<[Str]>,
    sources: Vec<Str>,
    intent: Verdict,
    fact: Option<Verdict>,
    verdict: Verdict,
}

/// A listener to which routes may attach.
struct Socket<'a> {
    /// Namespace of the object that declares it, for `from: Same`.
    namespace: Str,
    object: ObjectRef,
    listener: &'a GatewayListener,
    front: Arc<Front>,
}

/// Sockets by the kind and name of the parent that routes name.
type Sockets<'a> = BTreeMap<(&'static str, Str, Str), Vec<Socket<'a>>>;

/// Finds what Gateways open.
pub(super) fn find(finder: &mut Finder<'_>) {
    let cluster = finder.cluster;
    if cluster.gateways.is_empty() {
        return;
    }
    let made = services_of_gateways(finder);
    let mut sockets: Sockets<'_> = BTreeMap::new();
    for gateway in &cluster.gateways {
        let own = object("Gateway", &gateway.metadata);
        let Some(spec) = &gateway.spec else { continue };
        let class = &spec.gateway_class_name;
        let known = cluster.gateway_classes.get("", class).is_some();
        let needed = rules().switches.gateway_class_must_exist;
        if !known && needed && cluster.coverage.is_complete(Kind::GatewayClass) {
            finder.idle(
                &own,
                "spec.gatewayClassName",
                format!("GatewayClass {class} does not exist"),
            );
            continue;
        }
        let front = Arc::new(front(finder, gateway, &made, &own));
        let meta = &gateway.metadata;
        let key = ("Gateway", meta.namespace.clone(), meta.name.clone());
        let all = usable(finder, &own, &spec.listeners, &front);
        sockets.insert(key, all);
    }
    for set in &cluster.listener_sets {
        listener_set(finder, set, &mut sockets);
    }
    let routes: [(&'static str, &Table<GatewayRoute>); 5] = [
        ("HTTPRoute", &cluster.http_routes),
        ("GRPCRoute", &cluster.grpc_routes),
        ("TLSRoute", &cluster.tls_routes),
        ("TCPRoute", &cluster.tcp_routes),
        ("UDPRoute", &cluster.udp_routes),
    ];
    for socket in sockets.values().flatten() {
        let own = socket.object.clone();
        finder.listeners.push(listen(socket, own, None, None, Arc::default(), None));
    }
    for (kind, table) in routes {
        for route in table {
            attach(finder, kind, route, &sockets);
        }
    }
}

fn listen(
    socket: &Socket<'_>,
    own: ObjectRef,
    condition: Option<Condition>,
    service: Option<(Str, Str)>,
    backends: Arc<Backends>,
    verdict: Option<Verdict>,
) -> Listener {
    let front = &socket.front;
    Listener {
        kind: ListenerKind::Gateway,
        object: own,
        part: socket.listener.name.clone(),
        addresses: front.addresses.clone(),
        port: socket.listener.port,
        protocol: socket.listener.protocol.clone(),
        condition,
        service,
        backends,
        sources: front.sources.clone(),
        intent: front.intent.clone(),
        fact: front.fact.clone(),
        verdict: verdict.unwrap_or_else(|| front.verdict.clone()),
    }
}

/// Listeners that an implementation programs: those whose certificates may be used.
fn usable<'a>(
    finder: &mut Finder<'_>,
    own: &ObjectRef,
    listeners: &'a [GatewayListener],
    front: &Arc<Front>,
) -> Vec<Socket<'a>> {
    let mut found = Vec::new();
    for (at, listener) in listeners.iter().enumerate() {
        let mut front = front.clone();
        if let Some(port) = listener.port.filter(|port| !(1..=65535).contains(port)) {
            let path = format!("spec.listeners[{at}].port");
            let verdict = finder.wrong(own, &path, &port.to_string(), "is no port");
            front = Arc::new(Front { verdict, ..copy(&front) });
        }
        let certificates = listener.tls.iter().flat_map(|tls| tls.certificate_refs.iter());
        let refused = certificates.into_iter().find(|to| {
            let other = to.namespace.as_ref().filter(|namespace| **namespace != own.namespace);
            other.is_some_and(|namespace| {
                !granted(finder, own.kind, &own.namespace, "Secret", namespace, &to.name)
            })
        });
        if let Some(to) = refused.filter(|_| rules().switches.certificates_need_grants) {
            let path = format!("spec.listeners[{at}].tls.certificateRefs");
            if finder.cluster.coverage.is_complete(Kind::ReferenceGrant) {
                let reason = format!("no ReferenceGrant lets it use Secret {}", to.name);
                finder.idle(own, &path, reason);
                continue;
            }
            finder.idle(own, &path, "ReferenceGrants were not all read; taken as allowed");
        }
        found.push(Socket {
            namespace: own.namespace.clone(),
            object: own.clone(),
            listener,
            front,
        });
    }
    found
}

fn copy(front: &Front) -> Front {
    Front {
        addresses: front.addresses.clone(),
        sources: front.sources.clone(),
        intent: front.intent.clone(),
        fact: front.fact.clone(),
        verdict: front.verdict.clone(),
    }
}

/// A ListenerSet adds listeners to a Gateway that allows it; none is allowed by default.
fn listener_set<'a>(finder: &mut Finder<'_>, set: &'a ListenerSet, sockets: &mut Sockets<'a>) {
    let own = object("ListenerSet", &set.metadata);
    let Some(spec) = &set.spec else { return };
    let Some(parent) = &spec.parent_ref else { return };
    let namespace = parent.namespace.as_ref().unwrap_or(&set.metadata.namespace);
    let gateway = finder.cluster.gateways.get(namespace, &parent.name);
    let Some(gateway_spec) = gateway.and_then(|gateway| gateway.spec.as_ref()) else {
        finder.idle(&own, "spec.parentRef", "its Gateway does not exist");
        return;
    };
    let key = ("Gateway", namespace.clone(), parent.name.clone());
    let front = sockets.get(&key).and_then(|all| all.first()).map(|socket| socket.front.clone());
    let Some(front) = front else {
        finder.idle(&own, "spec.parentRef", "its Gateway is served by nobody");
        return;
    };
    let allowed = gateway_spec.allowed_listeners.as_ref().and_then(|all| all.namespaces.as_ref());
    let default = if rules().switches.no_listener_sets_by_default { "None" } else { "Same" };
    match lets_in(finder, allowed, default, namespace, &set.metadata.namespace) {
        Ok(true) => {}
        Ok(false) => {
            finder.idle(&own, "spec.parentRef", "the Gateway does not allow its namespace");
            return;
        }
        Err(doubt) => {
            let path = format!("spec.allowedListeners.namespaces.{}", doubt.field);
            let gateway = gateway.map(|gateway| object("Gateway", &gateway.metadata));
            finder.wrong(&gateway.unwrap_or(own), &path, &doubt.value, doubt.reason);
            return;
        }
    }
    let all = usable(finder, &own, &spec.listeners, &front);
    let meta = &set.metadata;
    sockets.insert(("ListenerSet", meta.namespace.clone(), meta.name.clone()), all);
}

fn attach(
    finder: &mut Finder<'_>,
    kind: &'static str,
    route: &GatewayRoute,
    sockets: &Sockets<'_>,
) {
    let own = object(kind, &route.metadata);
    let Some(spec) = &route.spec else { return };
    for (at, parent) in spec.parent_refs.iter().enumerate() {
        let path = format!("spec.parentRefs[{at}]");
        let group = parent.group.as_ref().map_or(GROUP, Str::as_str);
        let parent_kind = match (group, parent.kind.as_ref().map_or("Gateway", Str::as_str)) {
            (GROUP, "Gateway") => "Gateway",
            (GROUP, "ListenerSet") => "ListenerSet",
            // Meshes attach routes to Services; that opens nothing.
            ("", "Service") => continue,
            _ => {
                finder.idle(&own, &path, "a parent of a kind that no rule is known for");
                continue;
            }
        };
        let namespace = parent.namespace.as_ref().unwrap_or(&route.metadata.namespace);
        let key = (parent_kind, namespace.clone(), parent.name.clone());
        let Some(all) = sockets.get(&key) else {
            let reason = format!("{parent_kind} {namespace}/{} serves nobody", parent.name);
            finder.idle(&own, &path, reason);
            continue;
        };
        let mut refused = "no listener of that name and port";
        let mut attached = false;
        for socket in all {
            match meets(finder, kind, route, parent, socket) {
                Ok((hosts, doubt)) => {
                    attached = true;
                    let verdict = doubt.map(|doubt| {
                        let name = &socket.listener.name;
                        let path = format!(
                            "spec.listeners[{name}].allowedRoutes.namespaces.{}",
                            doubt.field
                        );
                        finder.wrong(&socket.object.clone(), &path, &doubt.value, doubt.reason)
                    });
                    for (number, rule) in spec.rules.iter().enumerate() {
                        serve(finder, socket, &own, number, rule, &hosts, verdict.as_ref());
                    }
                }
                Err("") => {}
                Err(reason) => refused = reason,
            }
        }
        if !attached {
            finder.idle(&own, &path, refused);
        }
    }
}

/// Why nobody can tell whether a namespace is let in: a field that says nothing, or labels that
/// were not read.
struct Doubt {
    field: &'static str,
    value: Str,
    reason: &'static str,
}

/// Whether a route attaches to a listener: the host names that both have, and what leaves it
/// open. An empty reason says that the parentRef does not mean this listener.
fn meets(
    finder: &Finder<'_>,
    kind: &str,
    route: &GatewayRoute,
    parent: &ParentReference,
    socket: &Socket<'_>,
) -> Result<(Vec<Str>, Option<Doubt>), &'static str> {
    let listener = socket.listener;
    let rule = &rules().switches;
    let named = parent.section_name.as_ref().filter(|name| !name.is_empty());
    if (named.is_some_and(|name| *name != listener.name) && rule.section_counts)
        || (parent.port.is_some_and(|port| Some(port) != listener.port) && rule.port_counts)
    {
        return Err("");
    }
    if !listener_serves(listener, kind) {
        return Err("the listener does not allow its kind");
    }
    let spaces = listener.allowed_routes.as_ref().and_then(|all| all.namespaces.as_ref());
    let from = &route.metadata.namespace;
    let default = if rule.same_namespace_by_default { "Same" } else { "All" };
    let doubt = match lets_in(finder, spaces, default, &socket.namespace, from) {
        Ok(true) => None,
        Ok(false) => return Err("the listener does not allow its namespace"),
        Err(doubt) => Some(doubt),
    };
    let own = listener.hostname.as_ref().filter(|host| !host.is_empty());
    let wanted = route.spec.as_ref().map_or(&[][..], |spec| &spec.hostnames);
    if matches!(kind, "TCPRoute" | "UDPRoute") {
        return Ok((Vec::new(), doubt));
    }
    let hosts = match (own, wanted) {
        (None, wanted) => wanted.to_vec(),
        (Some(own), []) => vec![own.clone()],
        (Some(own), wanted) => {
            let common: Vec<Str> =
                wanted.iter().filter_map(|host| intersection(own, host)).collect();
            if common.is_empty() && rule.hosts_must_meet {
                return Err("no host name that the listener serves");
            }
            common
        }
    };
    Ok((hosts, doubt))
}

/// The narrower of two host names that meet. A wildcard stands for one label or more.
fn intersection(one: &Str, other: &Str) -> Option<Str> {
    let (a, b) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let under = |wide: &str, narrow: &str| {
        let Some(end) = wide.strip_prefix('*') else { return false };
        let narrow = narrow.strip_prefix('*').unwrap_or(narrow);
        let itself =
            !rules().switches.wildcard_needs_a_label && end.strip_prefix('.') == Some(narrow);
        itself || (end.starts_with('.') && narrow.len() > end.len() && narrow.ends_with(end))
    };
    if a == b || under(&a, &b) {
        return Some(other.clone());
    }
    under(&b, &a).then(|| one.clone())
}

/// Whether a namespace is let in.
fn lets_in(
    finder: &Finder<'_>,
    spaces: Option<&FromNamespaces>,
    default: &str,
    own: &str,
    from: &str,
) -> Result<bool, Doubt> {
    let mode = spaces.and_then(|spaces| spaces.from.as_ref()).map_or(default, Str::as_str);
    let rule = &rules().switches;
    match mode {
        "All" => Ok(rule.all_lets_in_all || own == from),
        "Same" => Ok(own == from),
        "None" => Ok(false),
        "Selector" if !rule.selector_lets_in => Ok(own == from),
        "Selector" => match spaces.and_then(|spaces| spaces.selector.as_ref()) {
            Some(selector) => selects(finder, selector, from),
            // Its validation asks for one.
            None => doubt("selector", "", "is not set"),
        },
        other => doubt("from", other, "is none of All, Same, Selector and None"),
    }
}

fn doubt(field: &'static str, value: &str, reason: &'static str) -> Result<bool, Doubt> {
    if rules().switches.wrong_selector_is_unknown {
        Err(Doubt { field, value: Str::new(value), reason })
    } else {
        Ok(false)
    }
}

fn selects(finder: &Finder<'_>, selector: &LabelSelector, namespace: &str) -> Result<bool, Doubt> {
    const KNOWN: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];
    let mut needs = selector.match_expressions.iter();
    if let Some(need) = needs.find(|need| !KNOWN.contains(&need.operator.as_str())) {
        return doubt("selector.matchExpressions[].operator", &need.operator, "is no operator");
    }
    let labels = finder.cluster.namespaces.get("", namespace).map(|known| &known.metadata.labels);
    if labels.is_none() && !finder.cluster.coverage.is_complete(Kind::Namespace) {
        let reason = "asks for labels of a namespace that was not read";
        return Err(Doubt { field: "selector", value: Str::default(), reason });
    }
    // The API server puts the name on every namespace.
    let name = ("kubernetes.io/metadata.name".into(), Str::new(namespace));
    let own =
        labels.into_iter().flat_map(Map::iter).map(|(key, value)| (key.clone(), value.clone()));
    let name = Some(name).filter(|_| rules().switches.namespaces_carry_their_name);
    Ok(selector.matches(&own.chain(name).collect()))
}

/// Whether a ReferenceGrant in the target's namespace allows a reference.
fn granted(
    finder: &Finder<'_>,
    from_kind: &str,
    from: &str,
    to_kind: &str,
    namespace: &str,
    name: &str,
) -> bool {
    let rule = &rules().switches;
    finder.cluster.reference_grants.in_namespace(namespace).any(|(_, grant)| {
        grant.spec.as_ref().is_some_and(|spec| {
            let by = spec.from.iter().any(|one| {
                *one.group == *GROUP
                    && (*one.kind == *from_kind || !rule.grant_kinds_count)
                    && (*one.namespace == *from || !rule.grant_namespaces_count)
            });
            let of = spec.to.iter().any(|one| {
                one.group.is_empty()
                    && *one.kind == *to_kind
                    && (one.name.as_ref().is_none_or(|n| n.is_empty() || **n == *name)
                        || !rule.grant_names_count)
            });
            by && of
        })
    })
}

fn serve(
    finder: &mut Finder<'_>,
    socket: &Socket<'_>,
    own: &ObjectRef,
    number: usize,
    rule: &RouteRule,
    hosts: &[Str],
    verdict: Option<&Verdict>,
) {
    let join = |texts: Vec<&str>| Str::from(texts.join(","));
    let paths: Vec<_> = rule.matches.iter().filter_map(|one| one.path.as_ref()).collect();
    let value = |path: &&ringfort_model::record::gateway::RoutePath| {
        path.value.as_ref().map_or_else(|| "/".to_owned(), ToString::to_string)
    };
    let path: Vec<String> = paths.iter().map(value).collect();
    let condition = Condition {
        host: join(hosts.iter().map(Str::as_str).collect()),
        path: Str::from(path.join(",")),
        path_type: paths.first().and_then(|path| path.kind.clone()).unwrap_or_default(),
    };
    for (at, backend) in rule.backend_refs.iter().enumerate() {
        if backend.weight == Some(0) && rules().switches.weight_counts {
            continue;
        }
        let path = format!("spec.rules[{number}].backendRefs[{at}]");
        let condition = Some(condition.clone());
        let Some((namespace, name)) = target(finder, own, &path, backend) else { continue };
        let known = finder.cluster.coverage.is_complete(Kind::Service);
        let backends = match finder.service(own, &path, &namespace, &name) {
            Some((_, backends)) => backends,
            None if known => continue,
            None => Arc::default(),
        };
        let service = Some((namespace, name));
        let listener = listen(socket, own.clone(), condition, service, backends, verdict.cloned());
        finder.listeners.push(listener);
    }
}

/// The Service that a backendRef names, if it may.
fn target(
    finder: &mut Finder<'_>,
    own: &ObjectRef,
    path: &str,
    backend: &ObjectReference,
) -> Option<(Str, Str)> {
    let group = backend.group.as_ref().map_or("", Str::as_str);
    let kind = backend.kind.as_ref().map_or("Service", Str::as_str);
    if !group.is_empty() || kind != "Service" {
        finder.idle(own, path, format!("backend of kind {kind}, which no rule is known for"));
        return None;
    }
    let namespace = backend.namespace.clone().unwrap_or_else(|| own.namespace.clone());
    let foreign = namespace != own.namespace && rules().switches.backends_need_grants;
    if foreign && !granted(finder, own.kind, &own.namespace, "Service", &namespace, &backend.name) {
        if finder.cluster.coverage.is_complete(Kind::ReferenceGrant) {
            let reason = format!("no ReferenceGrant in {namespace} allows it");
            finder.idle(own, path, reason);
            return None;
        }
        finder.idle(own, path, "ReferenceGrants were not all read; taken as allowed");
    }
    Some((namespace, backend.name.clone()))
}

/// Services that implementations make for Gateways, by the Gateway's name: positions of the
/// widest listeners of each.
fn services_of_gateways(finder: &Finder<'_>) -> BTreeMap<(Str, Str), u32> {
    let mut owners: BTreeMap<(&Str, &Str), (Str, Str)> = BTreeMap::new();
    for service in &finder.cluster.services {
        let labels = &service.metadata.labels;
        let own = labels.get("gateway.networking.k8s.io/gateway-name");
        let own = own.map(|name| (service.metadata.namespace.clone(), name.clone()));
        let envoy = labels.get("gateway.envoyproxy.io/owning-gateway-namespace");
        let envoy = envoy.zip(labels.get("gateway.envoyproxy.io/owning-gateway-name"));
        let gateway = own.or(envoy.map(|(namespace, name)| (namespace.clone(), name.clone())));
        if let Some(gateway) = gateway {
            owners.insert((&service.metadata.namespace, &service.metadata.name), gateway);
        }
    }
    let mut found: BTreeMap<(Str, Str), u32> = BTreeMap::new();
    for (at, listener) in finder.listeners.iter().enumerate() {
        let Some((namespace, name)) = &listener.service else { continue };
        let Some(gateway) = owners.get(&(namespace, name)) else { continue };
        let reach = listener.verdict.reach;
        let known = found.get(gateway).map(|&at| finder.listeners[at as usize].verdict.reach);
        if known.is_none_or(|known| reach < known) {
            found.insert(gateway.clone(), at as u32);
        }
    }
    found
}

/// Who reaches a Gateway: the Service made for it, else its addresses, else its class and
/// annotations.
fn front(
    finder: &mut Finder<'_>,
    gateway: &Gateway,
    made: &BTreeMap<(Str, Str), u32>,
    own: &ObjectRef,
) -> Front {
    let spec = gateway.spec.clone().unwrap_or_default();
    let listed = gateway.status.iter().flat_map(|status| status.addresses.iter());
    let addresses: Arc<[Str]> =
        listed.map(|one| one.value.clone()).filter(|text| !text.is_empty()).collect();
    let fact = status(finder, &addresses, own, "status.addresses[]");
    let intent = intent(finder, gateway, own);
    let meta = &gateway.metadata;
    let first = rules().switches.made_service_first
        || fact.as_ref().is_none_or(|fact| fact.reach == Reach::Unknown);
    if let (true, Some(&at)) = (first, made.get(&(meta.namespace.clone(), meta.name.clone()))) {
        let front = &finder.listeners[at as usize];
        let reason = format!("behind {} of {}", front.kind.name(), front.object);
        return Front {
            addresses,
            sources: front.sources.clone(),
            verdict: Verdict { reason: Str::from(reason), ..front.verdict.clone() },
            intent,
            fact,
        };
    }
    let verdict = match &fact {
        Some(fact) if fact.reach != Reach::Unknown => fact.clone(),
        _ if !spec.addresses.is_empty() && intent.reach == Reach::Unknown => {
            let asked: Vec<Str> = spec.addresses.iter().map(|one| one.value.clone()).collect();
            status(finder, &asked, own, "spec.addresses[]").unwrap_or_else(|| intent.clone())
        }
        Some(fact) if intent.confidence == super::Confidence::AssumedDefault => fact.clone(),
        _ => intent.clone(),
    };
    Front { addresses, sources: Vec::new(), intent, fact, verdict }
}

fn intent(finder: &mut Finder<'_>, gateway: &Gateway, own: &ObjectRef) -> Verdict {
    let spec = gateway.spec.clone().unwrap_or_default();
    let name = &spec.gateway_class_name;
    let class = finder.cluster.gateway_classes.get("", name).and_then(|class| class.spec.clone());
    let controller = class.map(|spec| spec.controller_name).unwrap_or_default();
    let path = "spec.gatewayClassName";
    let rule = &rules().switches;
    if controller.starts_with("networking.gke.io/") && rule.google_gateway_classes {
        let internal = name.contains("rilb") || name.contains("internal");
        let external = name.contains("gxlb") || name.contains("external");
        let reason = "the scope of Google's class";
        match (internal, external) {
            (true, _) => return shown(Reach::Internal, own, path, name.clone(), reason),
            (_, true) => return shown(Reach::Public, own, path, name.clone(), reason),
            _ => {}
        }
    }
    if controller.starts_with("gateway.k8s.aws/") {
        let reason = "the scheme stands in a LoadBalancerConfiguration";
        return assumed(Reach::Unknown, own, path, reason);
    }
    let annotations = spec.infrastructure.map(|one| one.annotations).unwrap_or_default();
    let kind = "networking.istio.io/service-type";
    let both = [&annotations, &gateway.metadata.annotations];
    let wanted = both.into_iter().find_map(|all| all.get(kind));
    let in_cluster = wanted.filter(|wanted| **wanted == *"ClusterIP" && rule.istio_service_type);
    if let Some(wanted) = in_cluster {
        let reason = "its Service gets a cluster address only";
        let path = format!("metadata.annotations[{kind}]");
        return shown(Reach::Internal, own, path, wanted.clone(), reason);
    }
    // Implementations put these annotations on the Service of type LoadBalancer they make.
    let mut service = Service::default();
    service.metadata.namespace = gateway.metadata.namespace.clone();
    service.metadata.name = gateway.metadata.name.clone();
    service.metadata.annotations = annotations;
    let service_spec = ServiceSpec { kind: "LoadBalancer".into(), ..ServiceSpec::default() };
    let judged = judge(finder, &service, &service_spec, own).verdict;
    let path = judged.path.replace("metadata.annotations", "spec.infrastructure.annotations");
    Verdict { path: Str::from(path), ..judged }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_meet_as_the_specification_says() {
        let meet = |a: &str, b: &str| intersection(&a.into(), &b.into()).map(|s| s.to_string());
        assert_eq!(meet("*.example.com", "a.b.example.com").as_deref(), Some("a.b.example.com"));
        assert_eq!(meet("a.example.com", "*.example.com").as_deref(), Some("a.example.com"));
        assert_eq!(meet("*.example.com", "*.a.example.com").as_deref(), Some("*.a.example.com"));
        assert_eq!(meet("*.example.com", "example.com"), None);
        assert_eq!(meet("*.example.com", "a.example.org"), None);
        assert_eq!(meet("a.example.com", "b.example.com"), None);
    }
}
