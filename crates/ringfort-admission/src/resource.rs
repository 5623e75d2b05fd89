//! Resources: the plural and the scope of a kind, versions that are one resource, and what
//! admission leaves out.

use std::collections::BTreeSet;

use ringfort_model::{Cluster, Kind, WorkloadKind};

use crate::rules::rules;

/// A resource and the kind of its objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceType {
    /// API group, empty for core.
    pub group: String,
    /// Version of the request.
    pub version: String,
    /// Plural.
    pub resource: String,
    /// Kind.
    pub kind: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
}

/// Kinds of Kubernetes that the model keeps no record of: group, kind, plural, namespaced.
const BUILT_IN: &[(&str, &str, &str, bool)] = &[
    ("", "ComponentStatus", "componentstatuses", false),
    ("", "Endpoints", "endpoints", true),
    ("", "Event", "events", true),
    ("", "LimitRange", "limitranges", true),
    ("apps", "ControllerRevision", "controllerrevisions", true),
    ("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    ("certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests", false),
    ("certificates.k8s.io", "ClusterTrustBundle", "clustertrustbundles", false),
    ("coordination.k8s.io", "Lease", "leases", true),
    ("coordination.k8s.io", "LeaseCandidate", "leasecandidates", true),
    ("events.k8s.io", "Event", "events", true),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", "flowschemas", false),
    (
        "flowcontrol.apiserver.k8s.io",
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        false,
    ),
    ("networking.k8s.io", "IPAddress", "ipaddresses", false),
    ("networking.k8s.io", "NetworkPolicy", "networkpolicies", true),
    ("networking.k8s.io", "ServiceCIDR", "servicecidrs", false),
    ("policy", "PodDisruptionBudget", "poddisruptionbudgets", true),
    ("resource.k8s.io", "DeviceClass", "deviceclasses", false),
    ("resource.k8s.io", "ResourceClaimTemplate", "resourceclaimtemplates", true),
    ("scheduling.k8s.io", "PriorityClass", "priorityclasses", false),
    ("storage.k8s.io", "CSINode", "csinodes", false),
    ("storage.k8s.io", "CSIStorageCapacity", "csistoragecapacities", true),
    ("storage.k8s.io", "StorageClass", "storageclasses", false),
    ("storage.k8s.io", "VolumeAttributesClass", "volumeattributesclasses", false),
    ("apiregistration.k8s.io", "APIService", "apiservices", false),
];

impl ResourceType {
    /// The resource of a kind: built-in, or defined by a CustomResourceDefinition.
    #[must_use]
    pub fn of(api_version: &str, kind: &str, cluster: &Cluster) -> Option<Self> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let made = |resource: &str, namespaced: bool| Self {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource.to_owned(),
            kind: kind.to_owned(),
            namespaced,
        };
        if let Some(known) = Kind::of(group, kind) {
            return Some(made(known.plural(), known.is_namespaced()));
        }
        if let Some(row) = BUILT_IN.iter().find(|row| row.0 == group && row.1 == kind) {
            return Some(made(row.2, row.3));
        }
        cluster.custom_resource_definitions.iter().find_map(|definition| {
            let spec = definition.spec.as_ref()?;
            let names = spec.names.as_ref()?;
            (spec.group == group && names.kind == kind)
                .then(|| made(&names.plural, spec.scope != "Cluster"))
        })
    }

    /// The groups in which Kubernetes has a kind of that name.
    #[must_use]
    pub fn groups_of(kind: &str) -> BTreeSet<&'static str> {
        let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
        let kept = Kind::PLAIN.iter().copied().chain(workloads);
        let kept = kept.filter(|one| one.name() == kind).map(Kind::group);
        kept.chain(BUILT_IN.iter().filter(|row| row.1 == kind).map(|row| row.0)).collect()
    }

    /// Pods.
    #[must_use]
    pub fn pods() -> Self {
        Self {
            group: String::new(),
            version: "v1".to_owned(),
            resource: "pods".to_owned(),
            kind: "Pod".to_owned(),
            namespaced: true,
        }
    }

    pub(crate) fn is_namespaces(&self) -> bool {
        self.group.is_empty() && self.resource == "namespaces"
    }

    /// Other (group, version) pairs of the resource; `None` if they are not known.
    pub(crate) fn equivalents(&self) -> Option<Vec<(&'static str, &'static str)>> {
        let own = (self.group.as_str(), self.version.as_str());
        let row = rules()
            .equivalents
            .iter()
            .find(|(resource, versions)| *resource == self.resource && versions.contains(&own));
        match row {
            Some((_, versions)) => {
                Some(versions.iter().copied().filter(|other| *other != own).collect())
            }
            None => rules().one_version.contains(&self.group.as_str()).then(Vec::new),
        }
    }

    /// Whether webhooks that are stored in the API never see it.
    pub(crate) fn skips_webhooks(&self) -> bool {
        self.group == "admissionregistration.k8s.io"
            && rules().webhook_exempt.contains(&self.resource.as_str())
    }

    /// Whether policies that are stored in the API never see it: their own kinds, and reviews,
    /// which are not stored.
    pub(crate) fn skips_policies(&self) -> bool {
        let rules = rules();
        let resource = self.resource.as_str();
        (self.group == "admissionregistration.k8s.io" && rules.policy_exempt.contains(&resource))
            || rules.reviews.contains(&(self.group.as_str(), resource))
    }
}
