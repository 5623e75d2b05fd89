//! Services: cluster addresses, load balancers, external addresses, aliases (EXP-02, EXP-04 to
//! EXP-06, EXP-13, EXP-14, EXP-20, EXP-21). Node ports are in `node`.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringfort_model::Str;
use ringfort_model::record::Service;
use ringfort_model::record::network::{ServicePort, ServiceSpec};

use super::address::{self, Cidr, is_allow_list, is_private};
use super::backend::Backends;
use super::edge::{Finder, object, shown};
use super::provider::{Provider, field};
use super::rules::rules;
use super::{Confidence, Listener, ListenerKind, ObjectRef, Reach, Verdict, amazon, cilium, pool};

const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const AZURE_RANGES: &str = "service.beta.kubernetes.io/azure-allowed-ip-ranges";
const AZURE_TAGS: &str = "service.beta.kubernetes.io/azure-allowed-service-tags";
const AZURE_NO_RULE: &str = "service.beta.kubernetes.io/azure-disable-load-balancer-nsg-rule";
const AZURE_LINK: &str = "service.beta.kubernetes.io/azure-pls-create";
const AZURE_LINK_SEEN: &str = "service.beta.kubernetes.io/azure-pls-visibility";

/// A verdict in its parts.
pub(super) struct Judged {
    pub(super) addresses: Arc<[Str]>,
    pub(super) sources: Vec<Str>,
    pub(super) intent: Verdict,
    pub(super) fact: Option<Verdict>,
    pub(super) verdict: Verdict,
}

/// Finds the listeners of Services that are not on nodes.
pub(super) fn find(finder: &mut Finder<'_>) {
    let services = &finder.cluster.services;
    for service in services {
        let own = object("Service", &service.metadata);
        let Some(spec) = &service.spec else { continue };
        let backends = finder.index.behind(service);
        match spec.kind.as_str() {
            "" | "ClusterIP" => cluster_ip(finder, service, spec, &own, &backends),
            "NodePort" => {}
            "ExternalName" => external_name(finder, service, spec, &own, &backends),
            "LoadBalancer" => {
                let judged = judge(finder, service, spec, &own);
                for (at, port) in spec.ports.iter().enumerate() {
                    let verdict = bad_port(finder, &own, at, port);
                    let listener =
                        open(finder, service, port, ListenerKind::LoadBalancer, &backends);
                    finder.listeners.push(Listener {
                        addresses: judged.addresses.clone(),
                        sources: judged.sources.clone(),
                        intent: judged.intent.clone(),
                        fact: judged.fact.clone(),
                        verdict: verdict.unwrap_or_else(|| judged.verdict.clone()),
                        ..listener
                    });
                }
            }
            other => {
                let verdict = finder.wrong(&own, "spec.type", other, "is no type of a Service");
                let port = ServicePort::default();
                let listener = open(finder, service, &port, ListenerKind::Other, &backends);
                finder.listeners.push(Listener { intent: verdict.clone(), verdict, ..listener });
            }
        }
        if *spec.kind != *"ExternalName" {
            external_ips(finder, service, spec, &own, &backends);
        }
    }
}

/// A listener of a Service's port, its verdict yet to be given.
pub(super) fn open(
    finder: &Finder<'_>,
    service: &Service,
    port: &ServicePort,
    kind: ListenerKind,
    backends: &Arc<Backends>,
) -> Listener {
    let own = object("Service", &service.metadata);
    let meta = &service.metadata;
    let verdict = shown(Reach::Internal, &own, "spec.type", "", "");
    Listener {
        kind,
        object: own,
        part: port.name.clone(),
        addresses: Arc::default(),
        port: port.port,
        protocol: protocol(&port.protocol),
        condition: None,
        service: Some((meta.namespace.clone(), meta.name.clone())),
        backends: finder.index.on_port(backends, port),
        sources: Vec::new(),
        intent: verdict.clone(),
        fact: None,
        verdict,
    }
}

pub(super) fn protocol(text: &Str) -> Str {
    if text.is_empty() { Str::new("TCP") } else { text.clone() }
}

/// A port that the API refuses, noted.
pub(super) fn bad_port(
    finder: &mut Finder<'_>,
    own: &ObjectRef,
    at: usize,
    port: &ServicePort,
) -> Option<Verdict> {
    let wrong = port.port.filter(|port| !(1..=65535).contains(port))?;
    let path = format!("spec.ports[{at}].port");
    Some(finder.wrong(own, &path, &wrong.to_string(), "is no port"))
}

fn cluster_ip(
    finder: &mut Finder<'_>,
    service: &Service,
    spec: &ServiceSpec,
    own: &ObjectRef,
    backends: &Arc<Backends>,
) {
    let verdict = match spec.cluster_ip.as_str() {
        "None" => {
            let reason = "a headless Service has no address of its own";
            shown(Reach::Internal, own, "spec.clusterIP", "None", reason)
        }
        address => {
            let reason = "a cluster address is routed inside the cluster only";
            let kind = if spec.kind.is_empty() { "absent" } else { "ClusterIP" };
            Verdict {
                value: Str::new(kind),
                ..shown(Reach::Internal, own, "spec.type", address, reason)
            }
        }
    };
    let none = ServicePort::default();
    let ports = if spec.ports.is_empty() { std::slice::from_ref(&none) } else { &spec.ports[..] };
    for (at, port) in ports.iter().enumerate() {
        let wrong = bad_port(finder, own, at, port);
        let listener = open(finder, service, port, ListenerKind::ClusterIp, backends);
        let verdict = wrong.unwrap_or_else(|| verdict.clone());
        let address = Some(&spec.cluster_ip).filter(|a| !a.is_empty() && **a != *"None");
        let addresses = address.into_iter().cloned().collect();
        finder.listeners.push(Listener { addresses, intent: verdict.clone(), verdict, ..listener });
    }
}

fn external_name(
    finder: &mut Finder<'_>,
    service: &Service,
    spec: &ServiceSpec,
    own: &ObjectRef,
    backends: &Arc<Backends>,
) {
    let reason = "an alias in the cluster's DNS opens nothing";
    let name = spec.external_name.clone();
    let verdict = shown(Reach::Internal, own, "spec.externalName", name, reason);
    let port = ServicePort::default();
    let listener = open(finder, service, &port, ListenerKind::ExternalName, backends);
    finder.listeners.push(Listener { intent: verdict.clone(), verdict, ..listener });
}

fn external_ips(
    finder: &mut Finder<'_>,
    service: &Service,
    spec: &ServiceSpec,
    own: &ObjectRef,
    backends: &Arc<Backends>,
) {
    for (at, text) in spec.external_ips.iter().enumerate() {
        let rule = &rules().switches;
        let path = format!("spec.externalIPs[{at}]");
        let verdict = match address::parse(text) {
            None => finder.wrong(own, &path, text, "is no address"),
            // kube-proxy leaves such Services out (pkg/proxy/util `ShouldSkipService`).
            Some(_) if spec.cluster_ip == "None" && rule.headless_is_skipped => {
                let reason = "no proxy serves an address of a headless Service";
                shown(Reach::Internal, own, "spec.clusterIP", "None", reason)
            }
            Some(_) if finder.proxy.no_external_ips && rule.external_ips_may_be_off => {
                let reason = "the proxy's gate AllowServiceExternalIPs is off";
                shown(Reach::Internal, own, path, text.clone(), reason)
            }
            Some(address) if is_private(address) => match super::node::public_of(finder, address) {
                // What reaches the public address of the node arrives at this one.
                Some((node, path, value)) if rule.public_is_translated => {
                    let reason = "the address that a node's public one is translated to; what a \
                                  firewall lets through is not shown";
                    shown(Reach::Unknown, &node, path, value, reason)
                }
                _ => shown(Reach::Internal, own, path, text.clone(), "a private address"),
            },
            Some(_) => {
                let reason = "a public address; whether it is routed to a node, and what a \
                              firewall lets through, is not shown";
                let routed = rule.external_ips_may_be_routed;
                let reach = if routed { Reach::Unknown } else { Reach::Internal };
                shown(reach, own, path, text.clone(), reason)
            }
        };
        for port in &spec.ports {
            let listener = open(finder, service, port, ListenerKind::ExternalIp, backends);
            finder.listeners.push(Listener {
                addresses: Arc::from([text.clone()]),
                intent: verdict.clone(),
                verdict: verdict.clone(),
                ..listener
            });
        }
    }
}

/// Who reaches a load balancer.
pub(super) fn judge(
    finder: &mut Finder<'_>,
    service: &Service,
    spec: &ServiceSpec,
    own: &ObjectRef,
) -> Judged {
    let mut addresses = Vec::new();
    let mut hostname = Str::default();
    for ingress in service.load_balancer_ingress() {
        if !ingress.hostname.is_empty() {
            hostname = ingress.hostname.clone();
            addresses.push(ingress.hostname.clone());
        }
        if !ingress.ip.is_empty() {
            addresses.push(ingress.ip.clone());
        }
    }
    let intent = intent(finder, service, spec, &hostname, own);
    let fact = status(finder, &addresses, own, "status.loadBalancer.ingress[]");
    let rule = &rules().switches;
    let base = match &fact {
        Some(fact) if fact.reach != Reach::Unknown && rule.fact_before_intent => fact.clone(),
        // An unresolved name outweighs a mere default, but not what somebody asked for.
        Some(fact)
            if intent.confidence == Confidence::AssumedDefault
                && rule.name_before_default
                && !hostname.ends_with(".amazonaws.com") =>
        {
            fact.clone()
        }
        _ => intent.clone(),
    };
    let (sources, mut verdict) = narrow(finder, service, spec, own, base);
    if verdict.reach != Reach::Internal
        && let Some(without) = cilium::left_out(finder.cluster, service, "LoadBalancer", own)
    {
        verdict = without;
    }
    let addresses = Arc::from(addresses);
    Judged { addresses, sources, intent, fact, verdict }
}

/// What addresses of a status show; host names are not resolved (EXP-13).
pub(super) fn status(
    finder: &mut Finder<'_>,
    addresses: &[Str],
    own: &ObjectRef,
    path: &str,
) -> Option<Verdict> {
    let mut found: Option<Verdict> = None;
    for text in addresses {
        let verdict = match address::parse(text) {
            Some(address) if is_private(address) => {
                shown(Reach::Internal, own, format!("{path}.ip"), text.clone(), "a private address")
            }
            Some(_) => {
                shown(Reach::Public, own, format!("{path}.ip"), text.clone(), "a public address")
            }
            None if text.contains(':') || text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                finder.wrong(own, &format!("{path}.ip"), text, "is no address")
            }
            None => amazon::fact(text, own).unwrap_or_else(|| {
                let reason = "what the name resolves to is not looked up";
                shown(Reach::Unknown, own, format!("{path}.hostname"), text.clone(), reason)
            }),
        };
        if found.as_ref().is_none_or(|known| verdict.reach < known.reach) {
            found = Some(verdict);
        }
    }
    found
}

fn intent(
    finder: &Finder<'_>,
    service: &Service,
    spec: &ServiceSpec,
    hostname: &str,
    own: &ObjectRef,
) -> Verdict {
    let path = "spec.loadBalancerClass";
    let class = spec.load_balancer_class.as_ref().map_or("", Str::as_str);
    let rule = &rules().switches;
    if rules().aws_classes.contains(&class) {
        return amazon::intent(service, hostname, own);
    }
    if let Some(rest) = class.strip_prefix("networking.gke.io/l4-regional-") {
        let kind = rest.strip_suffix("-legacy").unwrap_or(rest);
        match kind {
            _ if !rule.gke_classes => {}
            "internal" => {
                return shown(Reach::Internal, own, path, class, "the class of internal ones");
            }
            "external" => {
                return shown(Reach::Public, own, path, class, "the class of external ones");
            }
            _ => {}
        }
    }
    let pooled = rules().pooled.iter().any(|name| match name.ends_with('/') {
        true => class.starts_with(name),
        false => class.contains(name),
    });
    if !class.is_empty() && !pooled && rule.other_class_is_unknown {
        let reason = "no rule is known for this class";
        return shown(Reach::Unknown, own, path, class, reason);
    }
    let manages = |name: &str| service.metadata.finalizers.iter().any(|f| f.starts_with(name));
    let aws = (hostname.ends_with(".amazonaws.com") && rule.aws_by_host_name)
        || manages("service.k8s.aws/");
    let mut asked: BTreeSet<Provider> = BTreeSet::new();
    if !pooled {
        asked = if aws {
            BTreeSet::from([Provider::Aws])
        } else if finder.providers.is_empty() || !rule.nodes_before_keys {
            Provider::of_keys(service)
        } else {
            finder.providers.clone()
        };
    }
    let mut found: Option<Verdict> = None;
    for provider in asked {
        let verdict = match provider {
            Provider::Aws => amazon::intent(service, hostname, own),
            Provider::K3s => pool::intent(finder, service, spec, own),
            other => other.intent(service, own),
        };
        match &found {
            Some(known) if known.reach != verdict.reach && rule.providers_must_agree => {
                let reason = "several providers may act, and they differ";
                return shown(Reach::Unknown, own, path, "absent", reason);
            }
            _ => found = Some(verdict),
        }
    }
    found.unwrap_or_else(|| pool::intent(finder, service, spec, own))
}

/// Source filters: `loadBalancerSourceRanges`, else the older annotation (cloud-provider
/// `GetLoadBalancerSourceRanges`), and what single controllers add.
fn narrow(
    finder: &mut Finder<'_>,
    service: &Service,
    spec: &ServiceSpec,
    own: &ObjectRef,
    base: Verdict,
) -> (Vec<Str>, Verdict) {
    let annotations = service.metadata.annotations.clone();
    let mut path = Str::new("spec.loadBalancerSourceRanges");
    let mut texts: Vec<Str> =
        spec.load_balancer_source_ranges.iter().map(|text| Str::new(text.trim())).collect();
    let listed = |key: &str| -> Vec<Str> {
        let value = annotations.get(key).map_or("", |value| value.trim());
        let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(Str::new).collect()
    };
    let rule = &rules().switches;
    if texts.is_empty() && rule.ranges_by_annotation {
        texts = listed(RANGES);
        path = field(RANGES);
    } else if rule.ranges_of_both {
        texts.extend(listed(RANGES));
    }
    let azure = rule.azure_ranges && annotations.iter().any(|(key, _)| key.contains("/azure-"));
    if azure && texts.is_empty() {
        texts = listed(AZURE_RANGES);
        path = field(AZURE_RANGES);
    }
    let mut ranges = Vec::new();
    for text in &texts {
        match Cidr::parse(text) {
            Some(range) => ranges.push(range),
            None if !rule.wrong_range_is_unknown => {}
            None => {
                let verdict = finder.wrong(own, &path, text, "is no range of addresses");
                let verdict = if base.reach == Reach::Internal { base } else { verdict };
                return (texts, verdict);
            }
        }
    }
    if base.reach == Reach::Internal {
        let seen = annotations.get(AZURE_LINK_SEEN).filter(|value| *value.trim() == *"*");
        let linked = annotations.get(AZURE_LINK).is_some_and(|value| *value == *"true");
        if let (true, Some(seen)) = (linked && rule.azure_private_link, seen) {
            let reason = "a private link service that every subscription sees";
            let path = field(AZURE_LINK_SEEN);
            return (texts, shown(Reach::AllowListed, own, path, seen.clone(), reason));
        }
        return (texts, base);
    }
    let closed = annotations.get(AZURE_NO_RULE).is_some_and(|value| *value == *"true");
    if closed && rule.azure_may_open_nothing {
        let reason = "the controller opens no firewall rule, and others are not shown";
        return (texts, shown(Reach::Unknown, own, field(AZURE_NO_RULE), "true", reason));
    }
    let narrows = is_allow_list(&ranges) && rule.ranges_narrow;
    match cilium::ranges_deny(finder.cluster, service) {
        _ if ranges.is_empty() => {}
        Some(false) => {}
        Some(true) if !has_firewall(finder, service) || !rule.clouds_read_ranges_too => {
            return (Vec::new(), base);
        }
        known => return (Vec::new(), cilium::denied(service, known.is_some(), own)),
    }
    if narrows {
        let value = texts.iter().map(Str::as_str).collect::<Vec<_>>().join(",");
        return (texts, shown(Reach::AllowListed, own, path, value, "only these sources get in"));
    }
    let tags = listed(AZURE_TAGS);
    if !tags.is_empty() && rule.azure_tags {
        let everybody = rule.internet_tag_is_everybody
            && tags.iter().any(|tag| tag.eq_ignore_ascii_case("Internet"));
        if !everybody && texts.is_empty() {
            let value = tags.iter().map(Str::as_str).collect::<Vec<_>>().join(",");
            let reason = "only these service tags get in";
            return (tags, shown(Reach::AllowListed, own, field(AZURE_TAGS), value, reason));
        }
    }
    if texts.is_empty()
        && let Some(verdict) = amazon::narrowed(service, own)
    {
        return (texts, verdict);
    }
    (texts, base)
}

/// Whether a cloud may stand before the nodes, whose firewall lets in what the ranges list.
fn has_firewall(finder: &Finder<'_>, service: &Service) -> bool {
    let keyed = || !Provider::of_keys(service).is_empty();
    finder.providers.iter().any(|one| *one != Provider::K3s) || keyed()
}
