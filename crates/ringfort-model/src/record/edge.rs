//! Kinds of single products that open a cluster to the outside: OpenShift routes, Istio
//! gateways, Traefik and Contour routes, parameters of the AWS controller, address pools.

use crate::record::admission::LabelSelector;
use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::{List, Map, record};

record! {
    /// Route (route.openshift.io).
    pub struct OpenShiftRoute {
        pub metadata: Meta,
        pub spec: Option<OpenShiftRouteSpec>,
        pub status: Option<OpenShiftRouteStatus>,
    }
    /// RouteSpec.
    pub struct OpenShiftRouteSpec {
        pub host: Str,
        pub path: Str,
        pub to: Option<RouteTarget>,
        pub alternate_backends: List<RouteTarget>,
        pub tls: Option<RouteTls>,
    }
    /// RouteTargetReference.
    pub struct RouteTarget {
        pub kind: Str,
        pub name: Str,
        pub weight: Option<i64>,
    }
    /// TLSConfig.
    pub struct RouteTls {
        pub termination: Str,
    }
    /// RouteStatus.
    pub struct OpenShiftRouteStatus {
        pub ingress: List<RouteIngress>,
    }
    /// RouteIngress: one router that looked at the route.
    pub struct RouteIngress {
        pub router_name: Str,
        pub conditions: List<RouteCondition>,
    }
    /// RouteIngressCondition.
    pub struct RouteCondition {
        #[serde(rename = "type")]
        pub kind: Str,
        pub status: Str,
    }
    /// Gateway (networking.istio.io).
    pub struct IstioGateway {
        pub metadata: Meta,
        pub spec: Option<IstioGatewaySpec>,
    }
    /// Its specification.
    pub struct IstioGatewaySpec {
        pub selector: Map,
        pub servers: List<IstioServer>,
    }
    /// Server.
    pub struct IstioServer {
        pub port: Option<IstioPort>,
        pub hosts: List<Str>,
    }
    /// Port of a server.
    pub struct IstioPort {
        pub number: Option<i64>,
        pub protocol: Str,
    }
    /// VirtualService (networking.istio.io).
    pub struct VirtualService {
        pub metadata: Meta,
        pub spec: Option<VirtualServiceSpec>,
    }
    /// Its specification.
    pub struct VirtualServiceSpec {
        pub hosts: List<Str>,
        pub gateways: List<Str>,
        pub http: List<IstioRoute>,
        pub tls: List<IstioRoute>,
        pub tcp: List<IstioRoute>,
    }
    /// HTTPRoute, TLSRoute or TCPRoute of a VirtualService.
    pub struct IstioRoute {
        pub route: List<IstioDestinationWeight>,
    }
    /// RouteDestination.
    pub struct IstioDestinationWeight {
        pub destination: Option<IstioDestination>,
    }
    /// Destination.
    pub struct IstioDestination {
        pub host: Str,
    }
    /// IngressRoute (traefik.io), also IngressRouteTCP and IngressRouteUDP.
    pub struct TraefikRoute {
        pub metadata: Meta,
        pub spec: Option<TraefikRouteSpec>,
    }
    /// Its specification.
    pub struct TraefikRouteSpec {
        pub routes: List<TraefikRule>,
    }
    /// A route of it.
    pub struct TraefikRule {
        #[serde(rename = "match")]
        pub rule: Str,
        pub services: List<TraefikService>,
    }
    /// A backend; kind `TraefikService` is not a Service.
    pub struct TraefikService {
        pub kind: Str,
        pub namespace: Str,
        pub name: Str,
    }
    /// HTTPProxy (projectcontour.io).
    pub struct HttpProxy {
        pub metadata: Meta,
        pub spec: Option<HttpProxySpec>,
    }
    /// HTTPProxySpec.
    pub struct HttpProxySpec {
        pub virtualhost: Option<VirtualHost>,
        pub routes: List<ContourRoute>,
        pub includes: List<ContourInclude>,
    }
    /// VirtualHost.
    pub struct VirtualHost {
        pub fqdn: Str,
    }
    /// Route of an HTTPProxy.
    pub struct ContourRoute {
        pub services: List<ContourService>,
    }
    /// Service of a route.
    pub struct ContourService {
        pub name: Str,
    }
    /// Include of another HTTPProxy.
    pub struct ContourInclude {
        pub name: Str,
        pub namespace: Str,
    }
    /// IngressClassParams (elbv2.k8s.aws, and eks.amazonaws.com of EKS Auto Mode).
    pub struct AwsClassParams {
        pub metadata: Meta,
        pub spec: Option<AwsClassParamsSpec>,
    }
    /// IngressClassParamsSpec.
    pub struct AwsClassParamsSpec {
        pub scheme: Option<Str>,
        pub group: Option<AwsGroup>,
        #[serde(rename = "inboundCIDRs")]
        pub inbound_cidrs: List<Str>,
    }
    /// IngressGroup: the Ingresses that share a load balancer.
    pub struct AwsGroup {
        pub name: Str,
    }
    /// IPAddressPool (metallb.io).
    pub struct MetalLbPool {
        pub metadata: Meta,
        pub spec: Option<MetalLbPoolSpec>,
    }
    /// IPAddressPoolSpec.
    pub struct MetalLbPoolSpec {
        pub addresses: List<Str>,
        pub auto_assign: Option<bool>,
        pub service_allocation: Option<MetalLbAllocation>,
    }
    /// ServiceAllocation: which Services may have addresses of the pool.
    pub struct MetalLbAllocation {
        pub namespaces: List<Str>,
        pub namespace_selectors: List<LabelSelector>,
        pub service_selectors: List<LabelSelector>,
    }
    /// CiliumLoadBalancerIPPool (cilium.io).
    pub struct CiliumPool {
        pub metadata: Meta,
        pub spec: Option<CiliumPoolSpec>,
    }
    /// Its specification; `cidrs` is the older spelling of `blocks`.
    pub struct CiliumPoolSpec {
        pub blocks: List<CiliumPoolBlock>,
        pub cidrs: List<CiliumPoolBlock>,
        pub disabled: Option<bool>,
        pub service_selector: Option<LabelSelector>,
    }
    /// CiliumLoadBalancerIPPoolIPBlock.
    pub struct CiliumPoolBlock {
        pub cidr: Str,
        pub start: Str,
        pub stop: Str,
    }
}
has_meta!(
    OpenShiftRoute,
    IstioGateway,
    VirtualService,
    TraefikRoute,
    HttpProxy,
    AwsClassParams,
    MetalLbPool,
    CiliumPool,
);
