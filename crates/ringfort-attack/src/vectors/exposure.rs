//! Who can reach a Service from outside (semantics EXP-01 to EXP-08, 13, 14, 20, 21).

use std::net::IpAddr;

use ringfort_model::record::Service;
use ringfort_model::{Cluster, Str};

/// Who reaches a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// Anybody on the internet.
    Public,
    /// Finite ranges of sources.
    AllowListed,
    /// Cannot be decided.
    Unknown,
    /// Private networks only.
    Internal,
}

/// The reach of a load balancer, and the field that decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The reach.
    pub reach: Reach,
    /// Path of the deciding field.
    pub path: &'static str,
    /// Its value.
    pub value: Str,
}

/// Whether an address is private: RFC 1918, 100.64/10, link-local, loopback, ULA (EXP-13).
/// Documentation ranges count as public.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_private(IpAddr::V4(v4));
            }
            let first = v6.segments()[0];
            v6.is_loopback() || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
        }
    }
}

/// Whether source ranges limit who connects: none of them is as wide as half of all addresses.
#[must_use]
pub fn is_allow_list(ranges: &[Str]) -> bool {
    !ranges.is_empty()
        && ranges.iter().all(|range| {
            let length = range.trim().split_once('/').map(|(_, length)| length.parse::<u8>());
            !matches!(length, Some(Ok(0 | 1)))
        })
}

const INTERNAL: &str = "service.beta.kubernetes.io/aws-load-balancer-internal";
const SCHEME: &str = "service.beta.kubernetes.io/aws-load-balancer-scheme";
const TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
const AZURE: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";

/// The reach of a Service of type LoadBalancer.
#[must_use]
pub fn load_balancer(cluster: &Cluster, service: &Service) -> Verdict {
    let verdict = intent_and_fact(cluster, service);
    let ranges = service.spec.as_ref().map_or(&[][..], |spec| &spec.load_balancer_source_ranges);
    if matches!(verdict.reach, Reach::Public | Reach::Unknown) && is_allow_list(ranges) {
        let value = Str::from(ranges.iter().map(Str::as_str).collect::<Vec<_>>().join(","));
        return Verdict { reach: Reach::AllowListed, path: "spec.loadBalancerSourceRanges", value };
    }
    verdict
}

fn intent_and_fact(cluster: &Cluster, service: &Service) -> Verdict {
    let annotations = &service.metadata.annotations;
    let annotation = |key: &str| annotations.get(key).cloned();
    let says = |reach, path, value| Verdict { reach, path, value };
    // Facts first: addresses and host names that the status gives.
    let mut named = None;
    let mut addresses = Vec::new();
    for ingress in service.load_balancer_ingress() {
        if let Ok(address) = ingress.ip.parse::<IpAddr>() {
            addresses.push((address, ingress.ip.clone()));
        }
        if !ingress.hostname.is_empty() {
            named = Some(ingress.hostname.clone());
        }
    }
    if let Some((_, public)) = addresses.iter().find(|(address, _)| !is_private(*address)) {
        return says(Reach::Public, "status.loadBalancer.ingress[].ip", public.clone());
    }
    if let Some((_, private)) = addresses.first() {
        return says(Reach::Internal, "status.loadBalancer.ingress[].ip", private.clone());
    }
    let hostname = named.clone().unwrap_or_default();
    let field = "status.loadBalancer.ingress[].hostname";
    if hostname.starts_with("internal-") && hostname.ends_with(".elb.amazonaws.com") {
        return says(Reach::Internal, field, hostname);
    }
    let aws = hostname.ends_with(".amazonaws.com")
        || cluster.nodes.iter().any(|node| node.provider_id().starts_with("aws:"))
        || annotation(INTERNAL).is_some()
        || annotation(SCHEME).is_some();
    if aws {
        return amazon(service, &hostname);
    }
    if let Some(value) = annotation(AZURE).filter(|value| *value == *"true") {
        return says(Reach::Internal, "metadata.annotations[azure-load-balancer-internal]", value);
    }
    let google = annotation("networking.gke.io/load-balancer-type")
        .or_else(|| annotation("cloud.google.com/load-balancer-type"));
    if let Some(value) = google.filter(|value| value.eq_ignore_ascii_case("internal")) {
        return says(Reach::Internal, "metadata.annotations[load-balancer-type]", value);
    }
    if named.is_some() {
        // What the name resolves to is not looked up.
        return says(Reach::Unknown, field, hostname);
    }
    let provider = cluster
        .nodes
        .iter()
        .map(ringfort_model::record::Node::provider_id)
        .find(|id| !id.is_empty());
    match provider.and_then(|id| id.split_once(':')) {
        Some(("gce" | "azure", _)) => {
            says(Reach::Public, "metadata.annotations", Str::new("no annotation makes it internal"))
        }
        _ => says(Reach::Unknown, "status.loadBalancer", Str::new("no address yet")),
    }
}

/// Two controllers read the same keys with opposite defaults (EXP-20).
fn amazon(service: &Service, hostname: &Str) -> Verdict {
    let annotations = &service.metadata.annotations;
    let says = |reach, path, value| Verdict { reach, path, value };
    let class = service.spec.as_ref().and_then(|spec| spec.load_balancer_class.clone());
    let kind = annotations.get(TYPE).map_or("", Str::as_str);
    let has = |finalizer: &str| service.metadata.finalizers.iter().any(|f| *f == *finalizer);
    let lbc = class.as_ref().is_some_and(|class| *class == *"service.k8s.aws/nlb")
        || matches!(kind, "external" | "nlb-ip")
        || has("service.k8s.aws/resources");
    let in_tree = !lbc
        && (is_classic(hostname)
            || (class.is_none() && has("service.kubernetes.io/load-balancer-cleanup")));
    let internal = annotations.get(INTERNAL);
    let asked = internal.is_some_and(|v| !v.is_empty() && *v != *"false");
    let by_tree = || {
        let value = internal.cloned().unwrap_or_else(|| Str::new("absent, so internet-facing"));
        let reach = if asked { Reach::Internal } else { Reach::Public };
        says(reach, "metadata.annotations[aws-load-balancer-internal]", value)
    };
    let by_lbc = || match annotations.get(SCHEME).map(Str::as_str) {
        Some("internet-facing") => says(
            Reach::Public,
            "metadata.annotations[aws-load-balancer-scheme]",
            "internet-facing".into(),
        ),
        Some("internal") => says(
            Reach::Internal,
            "metadata.annotations[aws-load-balancer-scheme]",
            "internal".into(),
        ),
        _ if internal.is_some_and(|value| *value == *"true") => {
            says(Reach::Internal, "metadata.annotations[aws-load-balancer-internal]", "true".into())
        }
        // A load balancer that exists keeps its scheme, which the name does not show.
        _ if !hostname.is_empty() => {
            says(Reach::Unknown, "metadata.annotations[aws-load-balancer-scheme]", "absent".into())
        }
        _ => says(
            Reach::Internal,
            "metadata.annotations[aws-load-balancer-scheme]",
            "absent, so internal".into(),
        ),
    };
    if lbc {
        return by_lbc();
    }
    if in_tree {
        return by_tree();
    }
    let (one, other) = (by_tree(), by_lbc());
    if one.reach == other.reach {
        return one;
    }
    says(Reach::Unknown, "spec.loadBalancerClass", Str::new("absent: either controller may act"))
}

/// `NAME-DIGITS.REGION.elb.amazonaws.com` is a Classic load balancer's name.
fn is_classic(hostname: &str) -> bool {
    let Some(rest) = hostname.strip_suffix(".elb.amazonaws.com") else { return false };
    let Some((name, region)) = rest.rsplit_once('.') else { return false };
    let digits = name.rsplit_once('-').map_or("", |(_, digits)| digits);
    !region.is_empty() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(json: serde_json::Value) -> Service {
        serde_json::from_value(json).expect("a service")
    }

    #[test]
    fn the_status_decides_before_the_intent() {
        let cluster = Cluster::default();
        let reach = |status: serde_json::Value, annotations: serde_json::Value| {
            let one = service(serde_json::json!({
                "metadata": {"name": "x", "annotations": annotations},
                "spec": {"type": "LoadBalancer"},
                "status": {"loadBalancer": {"ingress": [status]}},
            }));
            load_balancer(&cluster, &one).reach
        };
        let none = serde_json::json!({});
        assert_eq!(reach(serde_json::json!({"ip": "203.0.113.9"}), none.clone()), Reach::Public);
        assert_eq!(reach(serde_json::json!({"ip": "100.64.0.1"}), none.clone()), Reach::Internal);
        let classic = serde_json::json!({"hostname": "a1b-123.eu-west-1.elb.amazonaws.com"});
        assert_eq!(reach(classic, none.clone()), Reach::Public);
        let inner = serde_json::json!({"hostname": "internal-a1b-123.eu-west-1.elb.amazonaws.com"});
        assert_eq!(reach(inner, none.clone()), Reach::Internal);
        let network = serde_json::json!({"hostname": "a1b-0f.elb.eu-west-1.amazonaws.com"});
        assert_eq!(reach(network, none), Reach::Unknown);
    }

    #[test]
    fn wide_ranges_are_no_allow_list() {
        let ranges = |texts: &[&str]| texts.iter().map(|t| Str::new(t)).collect::<Vec<_>>();
        assert!(is_allow_list(&ranges(&["198.51.100.0/24", " 10.0.0.0/8"])));
        assert!(!is_allow_list(&ranges(&["198.51.100.0/24", "0.0.0.0/0"])));
        assert!(!is_allow_list(&ranges(&["128.0.0.0/1"])));
        assert!(!is_allow_list(&[]));
    }
}
