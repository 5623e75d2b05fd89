//! The cloud keys (semantics 4.1) apart from AWS: which key of which provider decides whether
//! a load balancer is internal, and how its value is read.
//!
//! Read from the controllers' sources: cloud-provider-gcp `providers/gce/gce_annotations.go`,
//! ingress-gce `pkg/l4/annotations`, cloud-provider-azure `pkg/provider/azure_loadbalancer.go`
//! (`requiresInternalLoadBalancer`), cloud-provider-openstack `pkg/openstack/loadbalancer.go`
//! (`getBoolFromServiceAnnotation`), cloud-provider-baiducloud `pkg/cloud-provider`,
//! cloud-provider-alibaba-cloud `pkg/controller/service`, oci-cloud-controller-manager
//! `load_balancer_spec.go` (`isInternalLB`), hcloud-cloud-controller-manager
//! `internal/annotation`; for IBM and Tencent the vendors' pages.

use std::collections::BTreeSet;

use ringfort_model::record::Service;
use ringfort_model::{Cluster, Str};

use super::edge::{assumed, shown};
use super::rules::rules;
use super::{ObjectRef, Reach, Verdict};

/// A cloud whose controller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Provider {
    Aws,
    Gcp,
    Azure,
    Ibm,
    OpenStack,
    Baidu,
    Tencent,
    Alibaba,
    Oracle,
    Hetzner,
    /// k3s with its own ServiceLB.
    K3s,
}

pub(super) const AZURE_INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
pub(super) const GKE: &str = "networking.gke.io/load-balancer-type";
pub(super) const GKE_OLD: &str = "cloud.google.com/load-balancer-type";
pub(super) const IBM: &str = "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type";
pub(super) const OPENSTACK: &str = "service.beta.kubernetes.io/openstack-internal-load-balancer";
pub(super) const BAIDU: &str = "service.beta.kubernetes.io/cce-load-balancer-internal-vpc";
const TENCENT: &str = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid";
const TENCENT_EXISTING: &str = "service.kubernetes.io/tke-existed-lbid";
pub(super) const ALIBABA: &str =
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type";
pub(super) const ALIBABA_OLD: &str =
    "service.beta.kubernetes.io/alicloud-loadbalancer-address-type";
const ALIBABA_EXISTING: &str = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id";
pub(super) const OCI: &str = "service.beta.kubernetes.io/oci-load-balancer-internal";
pub(super) const OCI_NLB: &str = "oci-network-load-balancer.oraclecloud.com/internal";
const OCI_TYPE: &str = "oci.oraclecloud.com/load-balancer-type";
pub(super) const HETZNER: &str = "load-balancer.hetzner.cloud/disable-public-network";

/// Schemes of providerIDs.
pub(super) const SCHEMES: &[(&str, Provider)] = &[
    ("aws", Provider::Aws),
    ("gce", Provider::Gcp),
    ("azure", Provider::Azure),
    ("ibm", Provider::Ibm),
    ("openstack", Provider::OpenStack),
    ("cce", Provider::Baidu),
    ("qcloud", Provider::Tencent),
    ("alicloud", Provider::Alibaba),
    ("oci", Provider::Oracle),
    ("hcloud", Provider::Hetzner),
    ("hrobot", Provider::Hetzner),
    ("k3s", Provider::K3s),
];

/// The keys that decide, and whose they are.
pub(super) const KEYS: &[(&str, Provider)] = &[
    (super::amazon::INTERNAL, Provider::Aws),
    (super::amazon::SCHEME, Provider::Aws),
    (super::amazon::TYPE, Provider::Aws),
    (GKE, Provider::Gcp),
    (GKE_OLD, Provider::Gcp),
    (AZURE_INTERNAL, Provider::Azure),
    (IBM, Provider::Ibm),
    (OPENSTACK, Provider::OpenStack),
    (BAIDU, Provider::Baidu),
    (TENCENT, Provider::Tencent),
    (TENCENT_EXISTING, Provider::Tencent),
    (ALIBABA, Provider::Alibaba),
    (ALIBABA_OLD, Provider::Alibaba),
    (ALIBABA_EXISTING, Provider::Alibaba),
    (OCI, Provider::Oracle),
    (OCI_NLB, Provider::Oracle),
    (HETZNER, Provider::Hetzner),
];

/// The value of a key that decides.
pub(super) fn read<'s>(service: &'s Service, key: &str) -> Option<&'s Str> {
    let known = rules().keys.iter().any(|(known, _)| *known == key);
    service.metadata.annotations.get(key).filter(|_| known)
}

impl Provider {
    /// The providers of the cluster's machines.
    pub(super) fn of_nodes(cluster: &Cluster) -> BTreeSet<Self> {
        cluster.nodes.iter().filter_map(|node| Self::of_id(node.provider_id())).collect()
    }

    fn of_id(id: &str) -> Option<Self> {
        if id.starts_with("ocid1.") {
            return Some(Self::Oracle);
        }
        let Some((scheme, _)) = id.split_once(':') else {
            // Alibaba writes REGION.INSTANCE without a scheme.
            return id.contains(".i-").then_some(Self::Alibaba);
        };
        rules().schemes.iter().find(|(known, _)| *known == scheme).map(|(_, provider)| *provider)
    }

    /// The providers whose deciding keys a Service carries.
    pub(super) fn of_keys(service: &Service) -> BTreeSet<Self> {
        let carried = rules().keys.iter().filter(|(key, _)| read(service, key).is_some());
        carried.map(|(_, provider)| *provider).collect()
    }

    /// What the provider's controller makes of a Service, for those with one key.
    pub(super) fn intent(self, service: &Service, own: &ObjectRef) -> Verdict {
        let annotations = &service.metadata.annotations;
        let rules = rules();
        let rule = &rules.switches;
        let found = |keys: &[&'static str]| {
            let value = |&key: &&'static str| read(service, key).map(|value| (key, value.clone()));
            let found = keys.iter().find_map(value);
            if rule.newer_key_first { found } else { keys.iter().rev().find_map(value) }
        };
        let says = |key: &str, value: Str, internal: Option<bool>| match internal {
            Some(true) => {
                shown(Reach::Internal, own, field(key), value, "asks for an internal one")
            }
            Some(false) => shown(Reach::Public, own, field(key), value, "asks for an external one"),
            None => {
                let reason = "the controller refuses this value and changes nothing";
                shown(Reach::Unknown, own, field(key), value, reason)
            }
        };
        let existing = |key: &str| {
            let value = read(service, key).filter(|value| !value.is_empty())?;
            if !rule.existing_is_unknown {
                return None;
            }
            let reason = "a load balancer made elsewhere, whose address class is not shown";
            Some(shown(Reach::Unknown, own, field(key), value.clone(), reason))
        };
        let external = |key: &str| {
            let reach = if rule.external_by_default { Reach::Public } else { Reach::Internal };
            assumed(reach, own, field(key), "external is the provider's default")
        };
        match self {
            Self::Gcp => match found(&[GKE, GKE_OLD]) {
                Some((key, value)) => {
                    let internal = rules.gcp_internal.contains(&value.as_str());
                    says(key, value, Some(internal))
                }
                None => external(GKE),
            },
            Self::Azure => {
                exactly_true(found(&[AZURE_INTERNAL]), says, || external(AZURE_INTERNAL))
            }
            Self::OpenStack => exactly_true(found(&[OPENSTACK]), says, || external(OPENSTACK)),
            Self::Baidu => exactly_true(found(&[BAIDU]), says, || external(BAIDU)),
            Self::Ibm => match found(&[IBM]) {
                Some((key, value)) => {
                    let internal = either(rules.ibm, &value);
                    says(key, value, internal)
                }
                None => external(IBM),
            },
            Self::Tencent => {
                if let Some(verdict) = existing(TENCENT_EXISTING) {
                    return verdict;
                }
                match found(&[TENCENT]).filter(|(_, value)| !value.is_empty()) {
                    Some((key, value)) => says(key, value, Some(true)),
                    None => external(TENCENT),
                }
            }
            Self::Alibaba => {
                if let Some(verdict) = existing(ALIBABA_EXISTING) {
                    return verdict;
                }
                match found(&[ALIBABA, ALIBABA_OLD]) {
                    Some((key, value)) => {
                        let internal = either(rules.alibaba, &value);
                        says(key, value, internal)
                    }
                    None => external(ALIBABA),
                }
            }
            Self::Oracle => {
                let network = annotations.get(OCI_TYPE).is_some_and(|kind| *kind == *"nlb");
                let key = if network && rule.oci_network_key { OCI_NLB } else { OCI };
                match found(&[key]) {
                    Some((key, value)) => {
                        let internal = go_bool(&value);
                        says(key, value, internal)
                    }
                    None => external(key),
                }
            }
            Self::Hetzner => match found(&[HETZNER]) {
                Some((key, value)) => {
                    let internal = go_bool(&value);
                    says(key, value, internal)
                }
                None => external(HETZNER),
            },
            Self::Aws | Self::K3s => {
                let reason = "the provider has no key of its own";
                shown(Reach::Unknown, own, "metadata.annotations", "", reason)
            }
        }
    }
}

/// Path of an annotation, as evidence names it.
pub(super) fn field(key: &str) -> Str {
    Str::from(format!("metadata.annotations[{key}]"))
}

fn exactly_true(
    found: Option<(&'static str, Str)>,
    says: impl Fn(&str, Str, Option<bool>) -> Verdict,
    external: impl Fn() -> Verdict,
) -> Verdict {
    match found {
        Some((key, value)) => {
            let internal = rules().one_word.contains(&value.as_str());
            says(key, value, Some(internal))
        }
        None => external(),
    }
}

/// Go's `strconv.ParseBool`.
pub(super) fn go_bool(text: &str) -> Option<bool> {
    either(rules().go_bool, text)
}

/// Whether the text is among the first or the second.
pub(super) fn either([yes, no]: [&[&str]; 2], text: &str) -> Option<bool> {
    if yes.contains(&text) { Some(true) } else { no.contains(&text).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_go() {
        for (words, value) in [
            (["1", "t", "T", "TRUE", "true", "True"], Some(true)),
            (["0", "f", "F", "FALSE", "false", "False"], Some(false)),
            (["", "yes", "no", "tRUE", " true", "2"], None),
        ] {
            for word in words {
                assert_eq!(go_bool(word), value, "{word}");
            }
        }
    }
}
