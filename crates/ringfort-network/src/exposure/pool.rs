//! Address pools of on-premises controllers (semantics 4.1): MetalLB, Cilium LB-IPAM, kube-vip.
//! Before the status shows an address, the class of what a Service asks for counts, else that
//! of every pool it may draw from.
//!
//! metallb `api/v1beta1/ipaddresspool_types.go`, cilium `Documentation/network/lb-ipam.rst`,
//! kube-vip-cloud-provider README.

use std::net::IpAddr;

use ringfort_model::record::Service;
use ringfort_model::record::admission::LabelSelector;
use ringfort_model::record::network::ServiceSpec;
use ringfort_model::{Map, Str};

use super::address::{self, Cidr, is_private};
use super::edge::{Finder, assumed, shown};
use super::provider::field;
use super::rules::rules;
use super::{Confidence, ObjectRef, Reach, Verdict};

/// The class of the address that a Service will get.
pub(super) fn intent(
    finder: &Finder<'_>,
    service: &Service,
    spec: &ServiceSpec,
    own: &ObjectRef,
) -> Verdict {
    let annotations = &service.metadata.annotations;
    let says = |private: bool, path: Str, value: String, reason: &str| {
        let reach = if private { Reach::Internal } else { Reach::Public };
        let verdict = shown(reach, own, path, value, reason);
        Verdict { confidence: Confidence::AssumedDefault, ..verdict }
    };
    let asked = "the class of the address that is asked for";
    let rule = &rules().switches;
    let wanted = rules().wanted.iter().find_map(|&key| {
        let value = annotations.get(key)?;
        let texts: Vec<Str> = value.split(',').map(|text| Str::new(text.trim())).collect();
        class_of(&texts).map(|private| (private, field(key), value.to_string()))
    });
    if let Some((private, path, value)) = wanted.filter(|_| rule.wanted_address_counts) {
        return says(private, path, value, asked);
    }
    if let Some(private) = class_of(std::slice::from_ref(&spec.load_balancer_ip)) {
        let value = spec.load_balancer_ip.to_string();
        return says(private, Str::new("spec.loadBalancerIP"), value, asked);
    }
    let mut all = metal_lb(finder, service);
    all.extend(cilium(finder, service));
    if let Some(config) = finder.cluster.config_maps.get("kube-system", "kubevip") {
        all.extend(kube_vip(&config.data, &service.metadata.namespace));
    }
    match class_of(&all) {
        Some(private) => {
            let value = all.iter().map(Str::as_str).collect::<Vec<_>>().join(",");
            let path = Str::new("spec.loadBalancerClass");
            says(private, path, value, "every pool that it may draw from is of this class")
        }
        None => {
            let reason = "no address yet, and no pool or provider that decides its class";
            assumed(Reach::Unknown, own, "status.loadBalancer", reason)
        }
    }
}

/// Addresses of the MetalLB pools that a Service may draw from.
fn metal_lb(finder: &Finder<'_>, service: &Service) -> Vec<Str> {
    let meta = &service.metadata;
    let rule = &rules().switches;
    let named = rules().pool.iter().find_map(|key| meta.annotations.get(key));
    let mut found = Vec::new();
    for pool in &finder.cluster.metal_lb_pools {
        let Some(spec) = &pool.spec else { continue };
        let meant = match named {
            Some(name) => pool.metadata.name == *name,
            None => spec.auto_assign != Some(false) || !rule.auto_assign_counts,
        };
        let allowed = spec.service_allocation.as_ref().is_none_or(|limits| {
            let spaces = finder.cluster.namespaces.get("", &meta.namespace);
            let labels = spaces.map(|known| known.metadata.labels.clone()).unwrap_or_default();
            let anywhere = limits.namespaces.is_empty() && limits.namespace_selectors.is_empty();
            let here = limits.namespaces.has(&meta.namespace)
                || limits.namespace_selectors.iter().any(|selector| selector.matches(&labels));
            let any = limits.service_selectors.is_empty();
            let this =
                limits.service_selectors.iter().any(|selector| selector.matches(&meta.labels));
            (anywhere || here) && (any || this)
        });
        if meant && (allowed || !rule.pools_may_be_for_some) {
            found.extend(spec.addresses.iter().cloned());
        }
    }
    found
}

/// Ranges of the Cilium pools that a Service may draw from.
fn cilium(finder: &Finder<'_>, service: &Service) -> Vec<Str> {
    let meta = &service.metadata;
    let own = [
        (Str::new("io.kubernetes.service.name"), meta.name.clone()),
        (Str::new("io.kubernetes.service.namespace"), meta.namespace.clone()),
    ];
    let labels = meta.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
    let labels: Map = labels.chain(own).collect();
    let rule = &rules().switches;
    let mut found = Vec::new();
    for pool in finder.cluster.cilium_pools.iter().filter_map(|pool| pool.spec.as_ref()) {
        let selects = |selector: &LabelSelector| selector.matches(&labels);
        let selected = pool.service_selector.as_ref().is_none_or(selects);
        if (pool.disabled == Some(true) && rule.pools_may_be_disabled)
            || (!selected && rule.pools_may_select)
        {
            continue;
        }
        for block in pool.blocks.iter().chain(pool.cidrs.iter()) {
            found.push(match (block.cidr.as_str(), block.stop.as_str()) {
                ("", "") => block.start.clone(),
                ("", stop) => Str::from(format!("{}-{stop}", block.start)),
                _ => block.cidr.clone(),
            });
        }
    }
    found
}

/// Whether all texts are private, or none; `None` if they differ or one does not read.
fn class_of(texts: &[Str]) -> Option<bool> {
    let private: Option<Vec<bool>> = texts.iter().map(|text| private_range(text)).collect();
    let private = private.filter(|all| !all.is_empty())?;
    let agree = private.windows(2).all(|two| two[0] == two[1]);
    (agree || !rules().switches.pools_must_agree).then(|| private[0])
}

/// Pools of kube-vip for a namespace: its own, else the global ones.
fn kube_vip(data: &Map, namespace: &str) -> Vec<Str> {
    let own_first = rules().switches.own_pool_first;
    let scopes = if own_first { [namespace, "global"] } else { ["global", namespace] };
    for scope in scopes {
        let keys = [format!("cidr-{scope}"), format!("range-{scope}")];
        let values = keys.iter().filter_map(|key| data.get(key));
        let found: Vec<Str> =
            values.flat_map(|value| value.split(',')).map(|text| Str::new(text.trim())).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Whether an address, `a/len` or `a-b` is private; `None` if it does not read or is both.
fn private_range(text: &str) -> Option<bool> {
    let text = text.trim();
    let (first, last): (IpAddr, IpAddr) = match text.split_once('-') {
        Some((first, last)) => (address::parse(first.trim())?, address::parse(last.trim())?),
        None if text.contains('/') => {
            let first = Cidr::parse(text)?.first();
            (first, first)
        }
        None => (address::parse(text)?, address::parse(text)?),
    };
    (is_private(first) == is_private(last)).then(|| is_private(first))
}
