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

const ALL: [Provider; 10] = [
    Provider::Aws,
    Provider::Gcp,
    Provider::Azure,
    Provider::Ibm,
    Provider::OpenStack,
    Provider::Baidu,
    Provider::Tencent,
    Provider::Alibaba,
    Provider::Oracle,
    Provider::Hetzner,
];

pub(super) const AZURE_INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
const GKE: &str = "networking.gke.io/load-balancer-type";
const GKE_OLD: &str = "cloud.google.com/load-balancer-type";
const IBM: &str = "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type";
const OPENSTACK: &str = "service.beta.kubernetes.io/openstack-internal-load-balancer";
const BAIDU: &str = "service.beta.kubernetes.io/cce-load-balancer-internal-vpc";
const TENCENT: &str = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid";
const TENCENT_EXISTING: &str = "service.kubernetes.io/tke-existed-lbid";
const ALIBABA: &str = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type";
const ALIBABA_OLD: &str = "service.beta.kubernetes.io/alicloud-loadbalancer-address-type";
const ALIBABA_EXISTING: &str = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id";
const OCI: &str = "service.beta.kubernetes.io/oci-load-balancer-internal";
const OCI_NLB: &str = "oci-network-load-balancer.oraclecloud.com/internal";
const OCI_TYPE: &str = "oci.oraclecloud.com/load-balancer-type";
const HETZNER: &str = "load-balancer.hetzner.cloud/disable-public-network";

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
        Some(match scheme {
            "aws" => Self::Aws,
            "gce" => Self::Gcp,
            "azure" => Self::Azure,
            "ibm" => Self::Ibm,
            "openstack" => Self::OpenStack,
            "cce" => Self::Baidu,
            "qcloud" => Self::Tencent,
            "alicloud" => Self::Alibaba,
            "oci" => Self::Oracle,
            "hcloud" | "hrobot" => Self::Hetzner,
            "k3s" => Self::K3s,
            _ => return None,
        })
    }

    /// The providers whose deciding keys a Service carries.
    pub(super) fn of_keys(service: &Service) -> BTreeSet<Self> {
        let has = |key: &&str| service.metadata.annotations.get(key).is_some();
        ALL.into_iter().filter(|provider| provider.keys().iter().any(has)).collect()
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Aws => super::amazon::KEYS,
            Self::Gcp => &[GKE, GKE_OLD],
            Self::Azure => &[AZURE_INTERNAL],
            Self::Ibm => &[IBM],
            Self::OpenStack => &[OPENSTACK],
            Self::Baidu => &[BAIDU],
            Self::Tencent => &[TENCENT, TENCENT_EXISTING],
            Self::Alibaba => &[ALIBABA, ALIBABA_OLD, ALIBABA_EXISTING],
            Self::Oracle => &[OCI, OCI_NLB],
            Self::Hetzner => &[HETZNER],
            Self::K3s => &[],
        }
    }

    /// What the provider's controller makes of a Service, for those with one key.
    pub(super) fn intent(self, service: &Service, own: &ObjectRef) -> Verdict {
        let annotations = &service.metadata.annotations;
        let found = |keys: &[&'static str]| {
            keys.iter().find_map(|&key| annotations.get(key).map(|value| (key, value.clone())))
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
            let value = annotations.get(key).filter(|value| !value.is_empty())?;
            let reason = "a load balancer made elsewhere, whose address class is not shown";
            Some(shown(Reach::Unknown, own, field(key), value.clone(), reason))
        };
        let external = |key: &str| {
            assumed(Reach::Public, own, field(key), "external is the provider's default")
        };
        match self {
            Self::Gcp => match found(&[GKE, GKE_OLD]) {
                Some((key, value)) => {
                    let internal = matches!(value.as_str(), "Internal" | "internal");
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
                    let internal = match value.as_str() {
                        "private" => Some(true),
                        "public" => Some(false),
                        _ => None,
                    };
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
                        let internal = match value.as_str() {
                            "intranet" => Some(true),
                            "internet" | "" => Some(false),
                            _ => None,
                        };
                        says(key, value, internal)
                    }
                    None => external(ALIBABA),
                }
            }
            Self::Oracle => {
                let network = annotations.get(OCI_TYPE).is_some_and(|kind| *kind == *"nlb");
                let key = if network { OCI_NLB } else { OCI };
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
            let internal = *value == *"true";
            says(key, value, Some(internal))
        }
        None => external(),
    }
}

/// Go's `strconv.ParseBool`.
pub(super) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
