//! The table of kinds that are kept, and what is generated from it: [`Kind`], [`Object`] and
//! the tables of a [`Cluster`](crate::Cluster). Adding a kind is one row here and one record.

use serde::Deserialize;
use serde_json::Value;

use crate::border::Comes;
use crate::record::{self, Record, WorkloadKind};
use crate::table::Table;
use crate::text::Str;

/// An object that does not read as its kind says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: field {path}: {reason}")]
pub struct ObjectError {
    /// The kind that was expected.
    pub kind: String,
    /// Path of the field, for example `spec.containers[0].ports`.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

fn read<'de, T: Deserialize<'de>>(kind: &str, json: &'de [u8]) -> Result<T, ObjectError> {
    // The path is looked for only when reading fails: tracking it costs time on every object.
    if let Ok(record) = serde_json::from_slice(json) {
        return Ok(record);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| ObjectError {
        kind: kind.to_owned(),
        path: error.path().to_string(),
        reason: without_value(&error.inner().to_string()),
    })
}

/// The text of an error without the value that it quotes, which may be a secret.
fn without_value(reason: &str) -> String {
    let Some(at) = ["invalid type: ", "invalid value: ", "unknown variant "]
        .iter()
        .find_map(|start| reason.strip_prefix(start).map(|_| start.len()))
    else {
        return reason.to_owned();
    };
    let expected = reason.rfind(", expected").filter(|&found| found >= at).unwrap_or(reason.len());
    let value = &reason[at..expected];
    let sort = value.find(['"', '`']).map_or(value, |quote| value[..quote].trim_end());
    format!("{}{sort}{}", &reason[..at], &reason[expected..])
}

macro_rules! kinds {
    ($($variant:ident, $type:ty, $table:ident, $group:literal, $version:literal, $kind:literal, $plural:literal, $namespaced:literal;)*) => {
        /// A kind that the model keeps as a record of its own, workloads aside.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Kind {
            Workload(WorkloadKind),
            $($variant,)*
        }

        /// One object that was read. Moved once, into its table, so size does not matter.
        #[derive(Clone, Debug)]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum Object {
            Workload(record::Workload),
            Other(record::Other),
            $($variant($type),)*
        }

        /// The objects of a cluster, one sorted table per kind.
        #[derive(Clone, Debug, Default)]
        #[allow(missing_docs)]
        pub struct Tables {
            pub workloads: Table<record::Workload>,
            pub others: Table<record::Other>,
            $(pub $table: Table<$type>,)*
        }

        impl Kind {
            /// Every kept kind that is no workload.
            pub const PLAIN: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The kinds of RBAC.
            pub const RBAC: [Kind; 4] =
                [Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding];

            /// The kind for an API group (without version) and kind name. Groups that an object
            /// lived in before lead to the same kind.
            #[must_use]
            pub fn of(group: &str, kind: &str) -> Option<Self> {
                let group = match (group, kind) {
                    ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet") => "apps",
                    ("extensions", "Ingress" | "NetworkPolicy") => "networking.k8s.io",
                    ("traefik.containo.us", "IngressRoute") => "traefik.io",
                    // Calico serves the same objects in two groups.
                    ("projectcalico.org", _) => "crd.projectcalico.org",
                    (group, _) => group,
                };
                if let Some(workload) = WorkloadKind::from_name(kind) {
                    return (workload.resource().0 == group).then_some(Self::Workload(workload));
                }
                match (group, kind) {
                    $(($group, $kind) => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// API group, empty for core.
            #[must_use]
            pub fn group(self) -> &'static str {
                match self {
                    Self::Workload(workload) => workload.resource().0,
                    $(Self::$variant => $group,)*
                }
            }

            /// The version in which the model writes it.
            #[must_use]
            pub fn version(self) -> &'static str {
                match self {
                    Self::Workload(_) => "v1",
                    $(Self::$variant => $version,)*
                }
            }

            /// `group/version`, for core the version alone.
            #[must_use]
            pub fn api_version(self) -> String {
                match self.group() {
                    "" => self.version().to_owned(),
                    group => format!("{group}/{}", self.version()),
                }
            }

            /// Kind name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    Self::Workload(workload) => workload.name(),
                    $(Self::$variant => $kind,)*
                }
            }

            /// Plural resource name.
            #[must_use]
            pub fn plural(self) -> &'static str {
                match self {
                    Self::Workload(workload) => workload.resource().1,
                    $(Self::$variant => $plural,)*
                }
            }

            /// Whether objects live in a namespace.
            #[must_use]
            pub fn is_namespaced(self) -> bool {
                match self {
                    Self::Workload(_) => true,
                    $(Self::$variant => $namespaced,)*
                }
            }

            /// Reads one object of this kind from its JSON bytes.
            pub fn read(self, json: &[u8]) -> Result<Object, ObjectError> {
                let mut object = self.as_it_is(json)?;
                crate::border::scrub(&mut object, Comes::FromOutside);
                Ok(object)
            }

            fn as_it_is(self, json: &[u8]) -> Result<Object, ObjectError> {
                let object = match self {
                    Self::Workload(workload) => {
                        let mut record: record::Workload = read(workload.name(), json)?;
                        record.kind = workload;
                        Object::Workload(record)
                    }
                    $(Self::$variant => Object::$variant(read($kind, json)?),)*
                };
                Ok(object)
            }
        }

        impl Object {
            /// The kind, if it is one that the model keeps a record of.
            #[must_use]
            pub fn kind(&self) -> Option<Kind> {
                match self {
                    Self::Workload(record) => Some(Kind::Workload(record.kind)),
                    Self::Other(_) => None,
                    $(Self::$variant(_) => Some(Kind::$variant),)*
                }
            }

            /// Metadata.
            #[must_use]
            pub fn meta(&self) -> &record::Meta {
                match self {
                    Self::Workload(record) => record.meta(),
                    Self::Other(record) => record.meta(),
                    $(Self::$variant(record) => record.meta(),)*
                }
            }

            /// Metadata, to be changed.
            pub fn meta_mut(&mut self) -> &mut record::Meta {
                match self {
                    Self::Workload(record) => record.meta_mut(),
                    Self::Other(record) => record.meta_mut(),
                    $(Self::$variant(record) => record.meta_mut(),)*
                }
            }

            /// The record as a value in the API's shape, without `apiVersion` and `kind`.
            fn record_value(&self) -> Value {
                let value = match self {
                    Self::Workload(record) => serde_json::to_value(record),
                    Self::Other(record) => serde_json::to_value(record),
                    $(Self::$variant(record) => serde_json::to_value(record),)*
                };
                value.expect("records have text keys only, so they always serialise")
            }

            /// The record as JSON in the API's shape, without `apiVersion` and `kind`.
            pub(crate) fn record_json(&self) -> Vec<u8> {
                let json = match self {
                    Self::Workload(record) => serde_json::to_vec(record),
                    Self::Other(record) => serde_json::to_vec(record),
                    $(Self::$variant(record) => serde_json::to_vec(record),)*
                };
                json.expect("records have text keys only, so they always serialise")
            }
        }

        impl Tables {
            pub(crate) fn push(&mut self, object: Object) {
                match object {
                    Object::Workload(record) => self.workloads.push(record),
                    Object::Other(record) => self.others.push(record),
                    $(Object::$variant(record) => self.$table.push(record),)*
                }
            }

            pub(crate) fn freeze(&mut self, lost: &mut Vec<Duplicate>) {
                self.workloads.freeze(workload_group, lost);
                self.others.freeze(other_group, lost);
                $(self.$table.freeze(|_| $kind.to_owned(), lost);)*
            }

            /// Whether every table, but for those of some kinds, is the same table as in
            /// another cluster: shared by a copy and changed in neither.
            pub(crate) fn shares_all_but(&self, other: &Self, kinds: &[Kind]) -> bool {
                self.workloads.is_shared_with(&other.workloads)
                    && self.others.is_shared_with(&other.others)
                    $(&& (kinds.contains(&Kind::$variant)
                        || self.$table.is_shared_with(&other.$table)))*
            }

            /// Every object, by kind in the order of the table of kinds, then by namespace and
            /// name.
            pub fn objects(&self) -> impl Iterator<Item = Object> + '_ {
                // A type that is a chain over every kind would be too deep for the compiler.
                let tables: Vec<Box<dyn Iterator<Item = Object> + '_>> = vec![
                    Box::new(self.workloads.iter().cloned().map(Object::Workload)),
                    $(Box::new(self.$table.iter().cloned().map(Object::$variant)),)*
                    Box::new(self.others.iter().cloned().map(Object::Other)),
                ];
                tables.into_iter().flatten()
            }

            /// Calls `each` with kind and metadata of every object of a kept kind.
            pub fn each_meta(&self, each: &mut dyn FnMut(Kind, &record::Meta)) {
                for record in &self.workloads {
                    each(Kind::Workload(record.kind), &record.metadata);
                }
                $(for record in &self.$table {
                    each(Kind::$variant, &record.metadata);
                })*
            }

            /// Removes an object from frozen tables; says whether it was there.
            pub(crate) fn remove(&mut self, object: &Object) -> bool {
                let meta = object.meta();
                let (namespace, name) = (meta.namespace.as_str(), meta.name.as_str());
                let removed = match object {
                    Object::Workload(record) => {
                        self.workloads.remove(namespace, name, |one| one.kind == record.kind)
                    }
                    Object::Other(record) => self.others.remove(namespace, name, |one| {
                        one.kind == record.kind && one.api_version == record.api_version
                    }),
                    $(Object::$variant(_) => self.$table.remove(namespace, name, |_| true),)*
                };
                removed > 0
            }

            /// Adds an object to frozen tables, in its place.
            pub(crate) fn insert(&mut self, object: Object) {
                match object {
                    Object::Workload(record) => self.workloads.insert(record, workload_group),
                    Object::Other(record) => self.others.insert(record, other_group),
                    $(Object::$variant(record) => {
                        self.$table.insert(record, |_| String::new());
                    })*
                }
            }

            /// Takes the tables apart into objects, in the same order.
            pub fn into_objects(self) -> impl Iterator<Item = Object> {
                let tables: Vec<Box<dyn Iterator<Item = Object>>> = vec![
                    Box::new(self.workloads.into_records().map(Object::Workload)),
                    $(Box::new(self.$table.into_records().map(Object::$variant)),)*
                    Box::new(self.others.into_records().map(Object::Other)),
                ];
                tables.into_iter().flatten()
            }

            /// The object of that kind, namespace and name.
            #[must_use]
            pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<Object> {
                match kind {
                    Kind::Workload(workload) => self
                        .workloads
                        .all(namespace, name)
                        .find(|w| w.kind == workload)
                        .cloned()
                        .map(Object::Workload),
                    $(Kind::$variant => {
                        self.$table.get(namespace, name).cloned().map(Object::$variant)
                    })*
                }
            }
        }
    };
}

fn workload_group(workload: &record::Workload) -> String {
    workload.kind.name().to_owned()
}

fn other_group(other: &record::Other) -> String {
    format!("{} {}", other.kind, other.api_version)
}

kinds! {
    Namespace, record::Namespace, namespaces, "", "v1", "Namespace", "namespaces", false;
    Node, record::Node, nodes, "", "v1", "Node", "nodes", false;
    Pod, record::Pod, pods, "", "v1", "Pod", "pods", true;
    ServiceAccount, record::ServiceAccount, service_accounts, "", "v1", "ServiceAccount", "serviceaccounts", true;
    Secret, record::Secret, secrets, "", "v1", "Secret", "secrets", true;
    ConfigMap, record::ConfigMap, config_maps, "", "v1", "ConfigMap", "configmaps", true;
    LimitRange, record::LimitRange, limit_ranges, "", "v1", "LimitRange", "limitranges", true;
    ResourceQuota, record::ResourceQuota, resource_quotas, "", "v1", "ResourceQuota", "resourcequotas", true;
    Service, record::Service, services, "", "v1", "Service", "services", true;
    PersistentVolume, record::PersistentVolume, persistent_volumes, "", "v1", "PersistentVolume", "persistentvolumes", false;
    PersistentVolumeClaim, record::PersistentVolumeClaim, persistent_volume_claims, "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true;
    EndpointSlice, record::EndpointSlice, endpoint_slices, "discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true;
    Ingress, record::Ingress, ingresses, "networking.k8s.io", "v1", "Ingress", "ingresses", true;
    IngressClass, record::IngressClass, ingress_classes, "networking.k8s.io", "v1", "IngressClass", "ingressclasses", false;
    NetworkPolicy, record::NetworkPolicy, network_policies, "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true;
    AdminNetworkPolicy, record::AdminNetworkPolicy, admin_network_policies, "policy.networking.k8s.io", "v1alpha1", "AdminNetworkPolicy", "adminnetworkpolicies", false;
    BaselineAdminNetworkPolicy, record::BaselineAdminNetworkPolicy, baseline_admin_network_policies, "policy.networking.k8s.io", "v1alpha1", "BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", false;
    ClusterNetworkPolicy, record::ClusterNetworkPolicy, cluster_network_policies, "policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy", "clusternetworkpolicies", false;
    CiliumNetworkPolicy, record::CiliumNetworkPolicy, cilium_network_policies, "cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", true;
    CiliumClusterwideNetworkPolicy, record::CiliumClusterwideNetworkPolicy, cilium_clusterwide_network_policies, "cilium.io", "v2", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", false;
    CalicoNetworkPolicy, record::CalicoNetworkPolicy, calico_network_policies, "crd.projectcalico.org", "v1", "NetworkPolicy", "networkpolicies", true;
    CalicoGlobalNetworkPolicy, record::CalicoGlobalNetworkPolicy, calico_global_network_policies, "crd.projectcalico.org", "v1", "GlobalNetworkPolicy", "globalnetworkpolicies", false;
    CalicoTier, record::CalicoTier, calico_tiers, "crd.projectcalico.org", "v1", "Tier", "tiers", false;
    CalicoNetworkSet, record::CalicoNetworkSet, calico_network_sets, "crd.projectcalico.org", "v1", "NetworkSet", "networksets", true;
    CalicoGlobalNetworkSet, record::CalicoGlobalNetworkSet, calico_global_network_sets, "crd.projectcalico.org", "v1", "GlobalNetworkSet", "globalnetworksets", false;
    CalicoHostEndpoint, record::CalicoHostEndpoint, calico_host_endpoints, "crd.projectcalico.org", "v1", "HostEndpoint", "hostendpoints", false;
    Role, record::Role, roles, "rbac.authorization.k8s.io", "v1", "Role", "roles", true;
    ClusterRole, record::ClusterRole, cluster_roles, "rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false;
    RoleBinding, record::RoleBinding, role_bindings, "rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true;
    ClusterRoleBinding, record::ClusterRoleBinding, cluster_role_bindings, "rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false;
    RuntimeClass, record::RuntimeClass, runtime_classes, "node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", false;
    MutatingWebhook, record::WebhookConfiguration, mutating_webhooks, "admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false;
    ValidatingWebhook, record::WebhookConfiguration, validating_webhooks, "admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false;
    ValidatingPolicy, record::ValidatingPolicy, validating_policies, "admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false;
    ValidatingPolicyBinding, record::PolicyBinding, validating_policy_bindings, "admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false;
    MutatingPolicy, record::MutatingPolicy, mutating_policies, "admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies", false;
    MutatingPolicyBinding, record::PolicyBinding, mutating_policy_bindings, "admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", false;
    VolumeAttachment, record::VolumeAttachment, volume_attachments, "storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", false;
    CsiDriver, record::CsiDriver, csi_drivers, "storage.k8s.io", "v1", "CSIDriver", "csidrivers", false;
    ResourceClaim, record::ResourceClaim, resource_claims, "resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", true;
    ResourceSlice, record::ResourceSlice, resource_slices, "resource.k8s.io", "v1", "ResourceSlice", "resourceslices", false;
    PodCertificateRequest, record::PodCertificateRequest, pod_certificate_requests, "certificates.k8s.io", "v1alpha1", "PodCertificateRequest", "podcertificaterequests", true;
    CustomResourceDefinition, record::CustomResourceDefinition, custom_resource_definitions, "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false;
    GatewayClass, record::gateway::GatewayClass, gateway_classes, "gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses", false;
    Gateway, record::gateway::Gateway, gateways, "gateway.networking.k8s.io", "v1", "Gateway", "gateways", true;
    ListenerSet, record::gateway::ListenerSet, listener_sets, "gateway.networking.k8s.io", "v1", "ListenerSet", "listenersets", true;
    HttpRoute, record::gateway::GatewayRoute, http_routes, "gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true;
    GrpcRoute, record::gateway::GatewayRoute, grpc_routes, "gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes", true;
    TlsRoute, record::gateway::GatewayRoute, tls_routes, "gateway.networking.k8s.io", "v1", "TLSRoute", "tlsroutes", true;
    TcpRoute, record::gateway::GatewayRoute, tcp_routes, "gateway.networking.k8s.io", "v1alpha2", "TCPRoute", "tcproutes", true;
    UdpRoute, record::gateway::GatewayRoute, udp_routes, "gateway.networking.k8s.io", "v1alpha2", "UDPRoute", "udproutes", true;
    ReferenceGrant, record::gateway::ReferenceGrant, reference_grants, "gateway.networking.k8s.io", "v1beta1", "ReferenceGrant", "referencegrants", true;
    OpenShiftRoute, record::edge::OpenShiftRoute, open_shift_routes, "route.openshift.io", "v1", "Route", "routes", true;
    IstioGateway, record::edge::IstioGateway, istio_gateways, "networking.istio.io", "v1", "Gateway", "gateways", true;
    VirtualService, record::edge::VirtualService, virtual_services, "networking.istio.io", "v1", "VirtualService", "virtualservices", true;
    TraefikRoute, record::edge::TraefikRoute, traefik_routes, "traefik.io", "v1alpha1", "IngressRoute", "ingressroutes", true;
    HttpProxy, record::edge::HttpProxy, http_proxies, "projectcontour.io", "v1", "HTTPProxy", "httpproxies", true;
    AwsClassParams, record::edge::AwsClassParams, aws_class_params, "elbv2.k8s.aws", "v1beta1", "IngressClassParams", "ingressclassparams", false;
    EksClassParams, record::edge::AwsClassParams, eks_class_params, "eks.amazonaws.com", "v1", "IngressClassParams", "ingressclassparams", false;
    MetalLbPool, record::edge::MetalLbPool, metal_lb_pools, "metallb.io", "v1beta1", "IPAddressPool", "ipaddresspools", true;
    CiliumPool, record::edge::CiliumPool, cilium_pools, "cilium.io", "v2", "CiliumLoadBalancerIPPool", "ciliumloadbalancerippools", false;
}

/// An object that lost to another of the same kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duplicate {
    /// Kind name.
    pub kind: String,
    /// `namespace/name`.
    pub name: String,
    /// Resource version that was dropped.
    pub dropped: String,
    /// Resource version that was kept.
    pub kept: String,
}

impl Object {
    /// `Kind namespace/name`, for messages.
    #[must_use]
    pub fn title(&self) -> String {
        let kind = match self {
            Self::Other(other) => other.kind.to_string(),
            _ => self.kind().map_or_else(String::new, |kind| kind.name().to_owned()),
        };
        format!("{kind} {}", self.meta().full_name())
    }

    /// The object as JSON in the API's shape, `apiVersion` and `kind` first, with the kept
    /// fields only.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let record = self.record_json();
        let Some(kind) = self.kind() else { return record };
        let mut json = format!("{{\"apiVersion\":\"{}\"", kind.api_version()).into_bytes();
        if !matches!(self, Self::Workload(_)) {
            json.extend_from_slice(format!(",\"kind\":\"{}\"", kind.name()).as_bytes());
        }
        if record.len() > 2 {
            json.push(b',');
        }
        json.extend_from_slice(&record[1..]);
        json
    }

    /// [`Self::to_json`] as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = self.record_value();
        if let (Some(kind), Some(fields)) = (self.kind(), value.as_object_mut()) {
            fields.insert("apiVersion".to_owned(), kind.api_version().into());
            if !matches!(self, Self::Workload(_)) {
                fields.insert("kind".to_owned(), kind.name().into());
            }
        }
        value
    }

    /// Reads one object of any kind from JSON bytes that carry `apiVersion` and `kind`.
    pub fn read(json: &[u8]) -> Result<Self, ObjectError> {
        let (api_version, kind) = types(json)?;
        Self::read_as(&api_version, &kind, json)
    }

    /// Reads again what the model wrote, from a snapshot or after a change: what stands in it for
    /// values that were not kept still does.
    pub fn read_again(json: &[u8]) -> Result<Self, ObjectError> {
        let (api_version, kind) = types(json)?;
        let mut object = Self::as_it_is(&api_version, &kind, json)?;
        crate::border::scrub(&mut object, Comes::FromModel);
        Ok(object)
    }

    /// Reads one object whose type is known from outside (an item of a typed List).
    pub fn read_as(api_version: &str, kind: &str, json: &[u8]) -> Result<Self, ObjectError> {
        let mut object = Self::as_it_is(api_version, kind, json)?;
        crate::border::scrub(&mut object, Comes::FromOutside);
        Ok(object)
    }

    fn as_it_is(api_version: &str, kind: &str, json: &[u8]) -> Result<Self, ObjectError> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if let Some(known) = Kind::of(group, kind) {
            return known.as_it_is(json);
        }
        let mut other: record::Other = read(kind, json)?;
        if record::custom::SPECIFIED.contains(&(group, kind)) {
            other.spec = read::<record::custom::Specified>(kind, json)?.spec;
        }
        other.api_version = Str::new(api_version);
        other.kind = Str::new(kind);
        other.keep_spec(json);
        Ok(Self::Other(other))
    }
}

/// The type that an object says it has.
fn types(json: &[u8]) -> Result<(String, String), ObjectError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct TypeMeta<'a> {
        #[serde(default, borrow)]
        api_version: Option<std::borrow::Cow<'a, str>>,
        #[serde(default, borrow)]
        kind: Option<std::borrow::Cow<'a, str>>,
    }
    let types: TypeMeta<'_> = read("object", json)?;
    let said = |word: Option<std::borrow::Cow<'_, str>>| word.unwrap_or_default().into_owned();
    Ok((said(types.api_version), said(types.kind)))
}
