//! Services, their endpoints and Ingress (core/v1, discovery.k8s.io/v1, networking.k8s.io).

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::{IntOrString, List, Map, record};

record! {
    /// Service.
    pub struct Service {
        pub metadata: Meta,
        pub spec: Option<ServiceSpec>,
        pub status: Option<ServiceStatus>,
    }
    /// ServiceSpec.
    pub struct ServiceSpec {
        #[serde(rename = "type")]
        pub kind: Str,
        #[serde(rename = "clusterIP")]
        pub cluster_ip: Str,
        pub selector: Map,
        pub ports: List<ServicePort>,
        #[serde(rename = "externalIPs")]
        pub external_ips: List<Str>,
        #[serde(rename = "loadBalancerIP")]
        pub load_balancer_ip: Str,
        pub load_balancer_class: Option<Str>,
        pub load_balancer_source_ranges: List<Str>,
        pub external_traffic_policy: Str,
        pub allocate_load_balancer_node_ports: Option<bool>,
        pub external_name: Str,
        pub publish_not_ready_addresses: Option<bool>,
    }
    /// ServicePort.
    pub struct ServicePort {
        pub name: Str,
        pub protocol: Str,
        pub port: Option<i64>,
        pub target_port: Option<IntOrString>,
        pub node_port: Option<i64>,
    }
    /// ServiceStatus and IngressStatus.
    pub struct ServiceStatus {
        pub load_balancer: Option<LoadBalancerStatus>,
    }
    /// LoadBalancerStatus.
    pub struct LoadBalancerStatus {
        pub ingress: List<LoadBalancerIngress>,
    }
    /// LoadBalancerIngress.
    pub struct LoadBalancerIngress {
        pub ip: Str,
        pub hostname: Str,
        pub ip_mode: Option<Str>,
    }
    /// EndpointSlice.
    pub struct EndpointSlice {
        pub metadata: Meta,
        pub address_type: Str,
        pub endpoints: List<Endpoint>,
        pub ports: List<EndpointPort>,
    }
    /// Endpoint.
    pub struct Endpoint {
        pub addresses: List<Str>,
        pub conditions: Option<EndpointConditions>,
        pub target_ref: Option<TargetRef>,
        pub node_name: Option<Str>,
    }
    /// EndpointConditions.
    pub struct EndpointConditions {
        pub ready: Option<bool>,
        pub serving: Option<bool>,
        pub terminating: Option<bool>,
    }
    /// The object behind an endpoint.
    pub struct TargetRef {
        pub kind: Str,
        pub namespace: Str,
        pub name: Str,
    }
    /// EndpointPort.
    pub struct EndpointPort {
        pub name: Str,
        pub port: Option<i64>,
        pub protocol: Str,
    }
    /// Ingress.
    pub struct Ingress {
        pub metadata: Meta,
        pub spec: Option<IngressSpec>,
        pub status: Option<ServiceStatus>,
    }
    /// IngressSpec of v1; `backend` is the v1beta1 spelling of `defaultBackend`.
    pub struct IngressSpec {
        pub ingress_class_name: Option<Str>,
        pub default_backend: Option<IngressBackend>,
        pub backend: Option<IngressBackend>,
        pub rules: List<IngressRule>,
        pub tls: List<IngressTls>,
    }
    /// IngressTLS.
    pub struct IngressTls {
        pub hosts: List<Str>,
        pub secret_name: Str,
    }
    /// IngressRule.
    pub struct IngressRule {
        pub host: Str,
        pub http: Option<HttpRule>,
    }
    /// HTTPIngressRuleValue.
    pub struct HttpRule {
        pub paths: List<HttpPath>,
    }
    /// HTTPIngressPath.
    pub struct HttpPath {
        pub path: Str,
        pub path_type: Option<Str>,
        pub backend: Option<IngressBackend>,
    }
    /// IngressBackend in both spellings.
    pub struct IngressBackend {
        pub service: Option<IngressService>,
        pub service_name: Str,
        pub service_port: Option<IntOrString>,
    }
    /// IngressServiceBackend.
    pub struct IngressService {
        pub name: Str,
        pub port: Option<BackendPort>,
    }
    /// ServiceBackendPort.
    pub struct BackendPort {
        pub number: Option<i64>,
        pub name: Str,
    }
    /// IngressClass.
    pub struct IngressClass {
        pub metadata: Meta,
        pub spec: Option<IngressClassSpec>,
    }
    /// IngressClassSpec.
    pub struct IngressClassSpec {
        pub controller: Str,
        pub parameters: Option<IngressClassParameters>,
    }
    /// IngressClassParametersReference.
    pub struct IngressClassParameters {
        pub api_group: Option<Str>,
        pub kind: Str,
        pub name: Str,
    }
}
has_meta!(Service, EndpointSlice, Ingress, IngressClass);

impl IngressBackend {
    /// Name of the Service, in whichever spelling.
    #[must_use]
    pub fn service_name(&self) -> Option<&Str> {
        match &self.service {
            Some(service) => Some(&service.name),
            None => (!self.service_name.is_empty()).then_some(&self.service_name),
        }
    }
}

impl Service {
    /// Addresses and host names of the load balancer, as the status gives them.
    pub fn load_balancer_ingress(&self) -> impl Iterator<Item = &LoadBalancerIngress> {
        self.status.iter().filter_map(|s| s.load_balancer.as_ref()).flat_map(|lb| lb.ingress.iter())
    }
}
