//! Annotations by which Cilium serves a Service otherwise than its specification says, where it
//! does so in kube-proxy's place (semantics 4.1, EXP-03, EXP-05).
//!
//! cilium/cilium `pkg/k8s/service.go` (`NewSvcExposureType`, `ParseService`,
//! `getAnnotationServiceSourceRangesPolicy`): of the type that is named, exactly as the API spells
//! it, alone there are frontends; source ranges may be those that are kept out, in any case of
//! the word.

use ringfort_model::record::Service;
use ringfort_model::{Cluster, Kind, Str};

use super::edge::shown;
use super::provider::field;
use super::rules::rules;
use super::{ObjectRef, Reach, Verdict};

const TYPE: &str = "service.cilium.io/type";
const RANGES: &str = "service.cilium.io/src-ranges-policy";

/// Whether Cilium serves node ports and load balancers, by its configuration: the key is absent
/// where it does not. Unknown where that was not read.
fn serves(cluster: &Cluster) -> Option<bool> {
    let mut configs = cluster.config_maps.iter();
    let Some(config) = configs.find(|config| config.metadata.name == "cilium-config") else {
        return cluster.coverage.is_complete(Kind::ConfigMap).then_some(false);
    };
    let value = config.data.get("kube-proxy-replacement").map_or("", Str::as_str);
    let [on, off] = rules().cilium_replaces;
    super::provider::either([on, off], value)
}

/// The verdict about a frontend of a kind (`NodePort`, `LoadBalancer`) where Cilium leaves it out
/// or may do so; an internal one stays what it is.
pub(super) fn left_out(
    cluster: &Cluster,
    service: &Service,
    kind: &str,
    own: &ObjectRef,
) -> Option<Verdict> {
    let rules = rules();
    let value = service.metadata.annotations.get(TYPE)?;
    let named = rules.cilium_types.contains(&value.as_str());
    if !named || value == kind || !rules.switches.cilium_type_counts {
        return None;
    }
    let says = |reach, reason: &str| Some(shown(reach, own, field(TYPE), value.clone(), reason));
    match (serves(cluster), kind) {
        (Some(false), _) => None,
        (Some(true), "NodePort") => says(Reach::Internal, "Cilium opens no port on the nodes"),
        // Its address may be served by what stands before the nodes, and pods be reached directly.
        (Some(true), _) => says(Reach::Unknown, "Cilium does not serve its address; others may"),
        (None, _) => says(Reach::Unknown, "whether Cilium serves Services is not known"),
    }
}

/// Whether the source ranges of a Service are those that are kept out: `None` where it is not
/// known.
pub(super) fn ranges_deny(cluster: &Cluster, service: &Service) -> Option<bool> {
    let rule = &rules().switches;
    let value = service.metadata.annotations.get(RANGES).filter(|_| rule.cilium_ranges_may_deny);
    let denies = value.is_some_and(|value| match rule.cilium_reads_any_case {
        true => value.eq_ignore_ascii_case("deny"),
        false => value == "deny",
    });
    if denies { serves(cluster) } else { Some(false) }
}

/// What is said of ranges that are kept out, or may be.
pub(super) fn denied(service: &Service, known: bool, own: &ObjectRef) -> Verdict {
    let value = service.metadata.annotations.get(RANGES).cloned().unwrap_or_default();
    let reason = match known {
        true => "Cilium keeps these sources out; a cloud's firewall may let only them in",
        false => "whether these sources get in or are kept out hangs on Cilium, which is not known",
    };
    shown(Reach::Unknown, own, field(RANGES), value, reason)
}
