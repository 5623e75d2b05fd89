//! Routes of single products (EXP-11): OpenShift, Istio, Traefik, Contour. Kinds whose rules
//! are not modelled give an unknown listener, never none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringfort_model::record::edge::{HttpProxy, IstioGateway, VirtualService};
use ringfort_model::{Kind, Map, Str};

use super::address::{Cidr, is_allow_list};
use super::backend::Backends;
use super::edge::{Finder, object, shown};
use super::provider::field;
use super::route_rules::rules;
use super::{Condition, Listener, ListenerKind, ObjectRef, Reach, Verdict};

/// Finds what the products' routes open.
pub(super) fn find(finder: &mut Finder<'_>) {
    open_shift(finder);
    istio(finder);
    traefik(finder);
    contour(finder);
    others(finder);
}

/// Kinds that open something by rules that are not modelled: group and kind.
const OTHERS: &[(&str, &str)] = &[
    ("apisix.apache.org", "ApisixRoute"),
    ("configuration.konghq.com", "TCPIngress"),
    ("configuration.konghq.com", "UDPIngress"),
    ("gateway.networking.x-k8s.io", "XListenerSet"),
    ("gateway.solo.io", "VirtualService"),
    ("getambassador.io", "Mapping"),
    ("getambassador.io", "TCPMapping"),
    ("k8s.nginx.org", "TransportServer"),
    ("k8s.nginx.org", "VirtualServer"),
    ("serving.knative.dev", "DomainMapping"),
    ("serving.knative.dev", "Route"),
    ("traefik.containo.us", "IngressRouteTCP"),
    ("traefik.containo.us", "IngressRouteUDP"),
    ("traefik.io", "IngressRouteTCP"),
    ("traefik.io", "IngressRouteUDP"),
    ("voyager.appscode.com", "Ingress"),
];

fn others(finder: &mut Finder<'_>) {
    let others = &finder.cluster.others;
    for other in others {
        let group = other.api_version.split('/').next().unwrap_or_default();
        let known = OTHERS.iter().find(|(g, kind)| *g == group && *other.kind == **kind);
        let Some(&(_, kind)) = known else { continue };
        let own = object(kind, &other.metadata);
        let reason = "no rule is known for this kind";
        let value = other.kind.clone();
        let verdict = shown(Reach::Unknown, &own, "kind", value, reason);
        let end = End { kind: ListenerKind::Other, own, verdict, sources: Vec::new() };
        finder.listeners.push(end.listener(None, None, None, Arc::default()));
    }
}

/// What the listeners of one route share.
struct End {
    kind: ListenerKind,
    own: ObjectRef,
    verdict: Verdict,
    sources: Vec<Str>,
}

impl End {
    fn listener(
        &self,
        port: Option<i64>,
        condition: Option<Condition>,
        service: Option<(Str, Str)>,
        backends: Arc<Backends>,
    ) -> Listener {
        Listener {
            kind: self.kind,
            object: self.own.clone(),
            part: Str::default(),
            addresses: Arc::default(),
            port,
            protocol: Str::new("TCP"),
            condition,
            service,
            backends,
            sources: self.sources.clone(),
            intent: self.verdict.clone(),
            fact: None,
            verdict: self.verdict.clone(),
        }
    }

    /// Adds a listener that leads to a Service, where there is one.
    fn lead(
        &self,
        finder: &mut Finder<'_>,
        path: &str,
        port: Option<i64>,
        condition: Condition,
        service: (Str, Str),
    ) {
        let known = finder.cluster.coverage.is_complete(Kind::Service);
        let backends = match finder.service(&self.own, path, &service.0, &service.1) {
            Some((_, backends)) => backends,
            None if known => return,
            None => Arc::default(),
        };
        finder.listeners.push(self.listener(port, Some(condition), Some(service), backends));
    }
}

fn host(host: &str) -> Condition {
    Condition { host: Str::new(host), ..Condition::default() }
}

/// Routers carry the name of their IngressController as a label.
const ROUTER: &str = "ingresscontroller.operator.openshift.io/deployment-ingresscontroller";

fn open_shift(finder: &mut Finder<'_>) {
    let routes = &finder.cluster.open_shift_routes;
    for route in routes {
        let own = object("Route", &route.metadata);
        let Some(spec) = &route.spec else { continue };
        let seen: Vec<_> = route.status.iter().flat_map(|status| status.ingress.iter()).collect();
        let admits = |router: &&&ringfort_model::record::edge::RouteIngress| {
            let admitted = router.conditions.iter().find(|one| *one.kind == *"Admitted");
            let silent = rules().switches.routers_admit_silently;
            admitted.map_or(silent, |one| *one.status == *"True")
        };
        let routers: BTreeSet<Str> =
            seen.iter().filter(admits).map(|router| router.router_name.clone()).collect();
        let switch = &rules().switches;
        if !seen.is_empty() && routers.is_empty() && switch.router_must_admit {
            finder.idle(&own, "status.ingress[].conditions", "no router admits it");
            continue;
        }
        let names = match routers.is_empty() && switch.default_router {
            true => BTreeSet::from([Str::new("default")]),
            false => routers,
        };
        let mut units: Vec<u32> = Vec::new();
        for name in names {
            let label: Map = [(Str::new(ROUTER), name)].into_iter().collect();
            units.extend(finder.index.select_anywhere(&label));
        }
        let base = if units.is_empty() {
            shown(
                Reach::Unknown,
                &own,
                "status.ingress[].routerName",
                "",
                "no router's pod is recognised",
            )
        } else {
            finder.reach_of_units(&units, &own)
        };
        let (sources, verdict) = narrow(finder, &route.metadata.annotations, &own, base);
        let end = End { kind: ListenerKind::OpenShiftRoute, own, verdict, sources };
        let tls = spec.tls.is_some() && switch.route_tls_is_443;
        let port = if tls { 443 } else { 80 };
        let condition = Condition {
            host: spec.host.clone(),
            path: spec.path.clone(),
            path_type: Str::default(),
        };
        let others = spec.alternate_backends.iter().filter(|_| switch.alternate_backends_count);
        for to in spec.to.iter().chain(others) {
            if to.weight != Some(0) || !switch.route_weight_counts {
                let service = (route.metadata.namespace.clone(), to.name.clone());
                end.lead(finder, "spec.to", Some(port), condition.clone(), service);
            }
        }
    }
}

fn narrow(
    finder: &mut Finder<'_>,
    annotations: &Map,
    own: &ObjectRef,
    base: Verdict,
) -> (Vec<Str>, Verdict) {
    let keys = rules().route_sources.iter();
    let found = keys.into_iter().find_map(|key| annotations.get(key).map(|v| (*key, v)));
    let narrows = base.reach != Reach::Internal && rules().switches.route_sources_narrow;
    let Some((key, value)) = found.filter(|_| narrows) else {
        return (Vec::new(), base);
    };
    let sources: Vec<Str> = value.split_whitespace().map(Str::new).collect();
    let mut ranges = Vec::new();
    for text in &sources {
        let whole = if text.contains(':') { 128 } else { 32 };
        match Cidr::parse(text).or_else(|| Cidr::parse(&format!("{text}/{whole}"))) {
            Some(range) => ranges.push(range),
            None => {
                let verdict = finder.wrong(own, &field(key), text, "is no range of addresses");
                return (sources, verdict);
            }
        }
    }
    if !is_allow_list(&ranges) {
        return (sources, base);
    }
    let reason = "only these sources get in";
    (sources, shown(Reach::AllowListed, own, field(key), value.clone(), reason))
}

fn istio(finder: &mut Finder<'_>) {
    let cluster = finder.cluster;
    // VirtualServices by the Gateways that they name.
    let mut bound: BTreeMap<(&str, &str), Vec<&VirtualService>> = BTreeMap::new();
    for service in &cluster.virtual_services {
        for name in service.spec.iter().flat_map(|spec| spec.gateways.iter()) {
            let own = (service.metadata.namespace.as_str(), name.as_str());
            let other = name.split_once('/').filter(|_| rules().switches.istio_gateways_of_others);
            bound.entry(other.unwrap_or(own)).or_default().push(service);
        }
    }
    for gateway in &cluster.istio_gateways {
        let own = object("Gateway", &gateway.metadata);
        let Some(spec) = &gateway.spec else { continue };
        let units = finder.index.select_anywhere(&spec.selector);
        let known = cluster.coverage.is_complete(Kind::Pod);
        if units.is_empty() && known && rules().switches.istio_needs_pods {
            finder.idle(&own, "spec.selector", "no pod serves it");
            continue;
        }
        let verdict = if units.is_empty() {
            shown(Reach::Unknown, &own, "spec.selector", "", "the pods that serve it are not known")
        } else {
            finder.reach_of_units(&units, &own)
        };
        let meta = &gateway.metadata;
        let services = bound.get(&(meta.namespace.as_str(), meta.name.as_str()));
        let end = End { kind: ListenerKind::Istio, own, verdict, sources: Vec::new() };
        for server in &spec.servers {
            let port = server.port.as_ref().and_then(|port| port.number);
            let hosts: Vec<&str> = server.hosts.iter().map(Str::as_str).collect();
            let condition = Some(host(&hosts.join(",")));
            finder.listeners.push(end.listener(port, condition, None, Arc::default()));
            for service in services.into_iter().flatten() {
                virtual_service(finder, gateway, &hosts, port, &end, service);
            }
        }
    }
}

/// What a VirtualService of the Gateway leads to, where it shares a host with the server.
fn virtual_service(
    finder: &mut Finder<'_>,
    gateway: &IstioGateway,
    hosts: &[&str],
    port: Option<i64>,
    end: &End,
    service: &VirtualService,
) {
    let Some(spec) = &service.spec else { return };
    let meta = &service.metadata;
    let shares = |own: &Str| {
        hosts.iter().any(|served| {
            let (space, served) = served.split_once('/').unwrap_or(("*", served));
            let switch = &rules().switches;
            let space_fits = match space {
                "*" => true,
                _ if !switch.istio_namespaces_count => true,
                "." if switch.istio_dot_is_own => meta.namespace == gateway.metadata.namespace,
                other => *meta.namespace == *other,
            };
            space_fits && (meet(served, own) || !switch.istio_hosts_must_meet)
        })
    };
    let shared: Vec<&str> = spec.hosts.iter().filter(|own| shares(own)).map(Str::as_str).collect();
    if shared.is_empty() {
        return;
    }
    let own = object("VirtualService", meta);
    let verdict = end.verdict.clone();
    let inner = End { kind: ListenerKind::Istio, own, verdict, sources: Vec::new() };
    let routes = spec.http.iter().chain(spec.tls.iter()).chain(spec.tcp.iter());
    let targets: BTreeSet<(Str, Str)> = routes
        .flat_map(|route| route.route.iter())
        .filter_map(|one| one.destination.as_ref())
        .map(|destination| target(&destination.host, &meta.namespace))
        .collect();
    for target in targets {
        inner.lead(finder, "spec.http[].route", port, host(&shared.join(",")), target);
    }
}

/// The Service that a destination means: a short name is one of the same namespace.
fn target(host: &str, namespace: &Str) -> (Str, Str) {
    let mut parts = host.split('.');
    let name = Str::new(parts.next().unwrap_or_default());
    match parts.next() {
        Some(other) => (Str::new(other), name),
        None if !rules().switches.istio_short_names_are_own => (Str::new("default"), name),
        None => (namespace.clone(), name),
    }
}

fn meet(one: &str, other: &str) -> bool {
    let under = |wide: &str, narrow: &str| {
        wide.strip_prefix('*')
            .is_some_and(|end| narrow.strip_prefix('*').unwrap_or(narrow).ends_with(end))
    };
    one == other || under(one, other) || under(other, one)
}

fn traefik(finder: &mut Finder<'_>) {
    let cluster = finder.cluster;
    if cluster.traefik_routes.is_empty() {
        return;
    }
    let units = finder.units_with_image(&["traefik"]);
    for route in &cluster.traefik_routes {
        let own = object("IngressRoute", &route.metadata);
        let verdict = reach(finder, &units, &own);
        let end = End { kind: ListenerKind::Traefik, own, verdict, sources: Vec::new() };
        for rule in route.spec.iter().flat_map(|spec| spec.routes.iter()) {
            for to in &rule.services {
                if *to.kind == *"TraefikService" {
                    let condition = Some(host(&rule.rule));
                    finder.listeners.push(end.listener(None, condition, None, Arc::default()));
                    continue;
                }
                let namespace = match to.namespace.as_str() {
                    "" => route.metadata.namespace.clone(),
                    other => Str::new(other),
                };
                let service = (namespace, to.name.clone());
                end.lead(finder, "spec.routes[].services", None, host(&rule.rule), service);
            }
        }
    }
}

/// The reach of what some recognised pods serve.
fn reach(finder: &Finder<'_>, units: &[u32], own: &ObjectRef) -> Verdict {
    if units.is_empty() {
        let reason = "no pod of its controller is recognised";
        return shown(Reach::Unknown, own, "kind", own.kind, reason);
    }
    finder.reach_of_units(units, own)
}

fn contour(finder: &mut Finder<'_>) {
    let cluster = finder.cluster;
    if cluster.http_proxies.is_empty() {
        return;
    }
    let units = finder.units_with_image(&["envoyproxy/envoy"]);
    for root in &cluster.http_proxies {
        let virtual_host = root.spec.as_ref().and_then(|spec| spec.virtualhost.as_ref());
        let Some(virtual_host) = virtual_host else { continue };
        let own = object("HTTPProxy", &root.metadata);
        let verdict = reach(finder, &units, &own);
        let end = End { kind: ListenerKind::Contour, own, verdict, sources: Vec::new() };
        let mut seen: BTreeSet<(Str, Str)> = BTreeSet::new();
        let mut waiting: Vec<&HttpProxy> = vec![root];
        let mut targets: BTreeSet<(Str, Str)> = BTreeSet::new();
        while let Some(proxy) = waiting.pop() {
            let meta = &proxy.metadata;
            if !seen.insert((meta.namespace.clone(), meta.name.clone())) {
                continue;
            }
            let Some(spec) = &proxy.spec else { continue };
            let services = spec.routes.iter().flat_map(|route| route.services.iter());
            targets.extend(services.map(|one| (meta.namespace.clone(), one.name.clone())));
            for include in &spec.includes {
                let namespace = match include.namespace.as_str() {
                    "" => meta.namespace.as_str(),
                    other => other,
                };
                waiting.extend(cluster.http_proxies.get(namespace, &include.name));
            }
        }
        for service in targets {
            end.lead(finder, "spec.routes[].services", None, host(&virtual_host.fqdn), service);
        }
    }
}
