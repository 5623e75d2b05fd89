//! Gateway API (gateway.networking.k8s.io), the fields that decide what attaches to what.

use crate::record::admission::LabelSelector;
use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::{List, Map, record};

record! {
    /// GatewayClass.
    pub struct GatewayClass {
        pub metadata: Meta,
        pub spec: Option<GatewayClassSpec>,
    }
    /// GatewayClassSpec.
    pub struct GatewayClassSpec {
        pub controller_name: Str,
    }
    /// Gateway.
    pub struct Gateway {
        pub metadata: Meta,
        pub spec: Option<GatewaySpec>,
        pub status: Option<GatewayStatus>,
    }
    /// GatewaySpec.
    pub struct GatewaySpec {
        pub gateway_class_name: Str,
        pub listeners: List<GatewayListener>,
        pub addresses: List<GatewayAddress>,
        pub infrastructure: Option<GatewayInfrastructure>,
        pub allowed_listeners: Option<AllowedListeners>,
    }
    /// GatewayInfrastructure.
    pub struct GatewayInfrastructure {
        pub annotations: Map,
    }
    /// AllowedListeners.
    pub struct AllowedListeners {
        pub namespaces: Option<FromNamespaces>,
    }
    /// GatewayStatus.
    pub struct GatewayStatus {
        pub addresses: List<GatewayAddress>,
    }
    /// An address of a Gateway, in its specification or its status.
    pub struct GatewayAddress {
        #[serde(rename = "type")]
        pub kind: Option<Str>,
        pub value: Str,
    }
    /// Listener, or ListenerEntry of a ListenerSet.
    pub struct GatewayListener {
        pub name: Str,
        pub hostname: Option<Str>,
        pub port: Option<i64>,
        pub protocol: Str,
        pub tls: Option<ListenerTls>,
        pub allowed_routes: Option<AllowedRoutes>,
    }
    /// ListenerTLSConfig.
    pub struct ListenerTls {
        pub mode: Option<Str>,
        pub certificate_refs: List<ObjectReference>,
    }
    /// AllowedRoutes.
    pub struct AllowedRoutes {
        pub namespaces: Option<FromNamespaces>,
        pub kinds: List<RouteGroupKind>,
    }
    /// RouteNamespaces or ListenerNamespaces.
    pub struct FromNamespaces {
        pub from: Option<Str>,
        pub selector: Option<LabelSelector>,
    }
    /// RouteGroupKind.
    pub struct RouteGroupKind {
        pub group: Option<Str>,
        pub kind: Str,
    }
    /// ListenerSet.
    pub struct ListenerSet {
        pub metadata: Meta,
        pub spec: Option<ListenerSetSpec>,
    }
    /// ListenerSetSpec.
    pub struct ListenerSetSpec {
        pub parent_ref: Option<ParentReference>,
        pub listeners: List<GatewayListener>,
    }
    /// HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute: what they have in common.
    pub struct GatewayRoute {
        pub metadata: Meta,
        pub spec: Option<GatewayRouteSpec>,
    }
    /// The specification of a route.
    pub struct GatewayRouteSpec {
        pub parent_refs: List<ParentReference>,
        pub hostnames: List<Str>,
        pub rules: List<RouteRule>,
    }
    /// ParentReference.
    pub struct ParentReference {
        pub group: Option<Str>,
        pub kind: Option<Str>,
        pub namespace: Option<Str>,
        pub name: Str,
        pub section_name: Option<Str>,
        pub port: Option<i64>,
    }
    /// A rule of a route.
    pub struct RouteRule {
        pub matches: List<RouteMatch>,
        pub backend_refs: List<ObjectReference>,
    }
    /// A match of a rule; only HTTPRoutes have paths.
    pub struct RouteMatch {
        pub path: Option<RoutePath>,
    }
    /// HTTPPathMatch.
    pub struct RoutePath {
        #[serde(rename = "type")]
        pub kind: Option<Str>,
        pub value: Option<Str>,
    }
    /// BackendRef or SecretObjectReference.
    pub struct ObjectReference {
        pub group: Option<Str>,
        pub kind: Option<Str>,
        pub namespace: Option<Str>,
        pub name: Str,
        pub port: Option<i64>,
        pub weight: Option<i64>,
    }
    /// ReferenceGrant.
    pub struct ReferenceGrant {
        pub metadata: Meta,
        pub spec: Option<ReferenceGrantSpec>,
    }
    /// ReferenceGrantSpec.
    pub struct ReferenceGrantSpec {
        pub from: List<ReferenceGrantFrom>,
        pub to: List<ReferenceGrantTo>,
    }
    /// ReferenceGrantFrom.
    pub struct ReferenceGrantFrom {
        pub group: Str,
        pub kind: Str,
        pub namespace: Str,
    }
    /// ReferenceGrantTo.
    pub struct ReferenceGrantTo {
        pub group: Str,
        pub kind: Str,
        pub name: Option<Str>,
    }
}
has_meta!(GatewayClass, Gateway, ListenerSet, GatewayRoute, ReferenceGrant);
