//! Who can reach a listener from outside (semantics section 4).
//!
//! ```text
//!  Services ──balance (provider, amazon)──┐
//!  nodes, pods ──node───────────────────── ├─► Listener ─► Verdict
//!  Ingress, Gateway API, Route, Istio … ───┘      │  the reach of a route is that of the
//!            edge: what stands in front           │  listeners in front of its controller
//!                                                 └► Backends (units, pods, addresses outside)
//! ```
//!
//! A listener keeps intent (what specification and annotations ask for) and fact (what the
//! status shows) apart; where both are known the fact decides. Every verdict names the field
//! that decides it. Nothing is resolved or probed here: what only a firewall, a name server or
//! a cloud account can tell is unknown.

pub mod address;
mod amazon;
mod backend;
pub(crate) use backend::{is_added, service_of};
mod balance;
mod cilium;
mod edge;
mod gateway;
mod ingress;
mod listener;
mod node;
mod pool;
mod products;
mod provider;
mod proxy;
pub mod route_rules;
pub mod rules;
mod spelling;

use std::sync::Arc;

use ringfort_model::{Cluster, Id, Pod, Str, Unit};

pub use backend::Backends;
pub use ingress::INGRESS_NGINX;
pub use listener::listener_serves;
pub use spelling::{Asked, asked};

/// Who reaches a listener, widest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// Anybody on the internet.
    Public,
    /// Listed sources only.
    AllowListed,
    /// Cannot be decided.
    Unknown,
    /// Private networks only.
    Internal,
}

impl Reach {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::AllowListed => "allow-listed",
            Self::Unknown => "unknown",
            Self::Internal => "internal",
        }
    }
}

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// A status or a field says so.
    Shown,
    /// The documented default of the controller or cloud is assumed (EXP-14).
    AssumedDefault,
}

impl Confidence {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::AssumedDefault => "assumed-default",
        }
    }
}

/// An object by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Kind name, for example `Service`.
    pub kind: &'static str,
    /// Namespace, empty for cluster scope.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            return write!(f, "{} {}", self.kind, self.name);
        }
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// A verdict with what decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Who reaches it.
    pub reach: Reach,
    /// How sure that is.
    pub confidence: Confidence,
    /// The object that decides.
    pub object: ObjectRef,
    /// The field of it that decides.
    pub path: Str,
    /// The field's value, or `absent`.
    pub value: Str,
    /// Why that decides it.
    pub reason: Str,
}

/// What kind of listener it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum ListenerKind {
    LoadBalancer,
    NodePort,
    ExternalIp,
    ClusterIp,
    ExternalName,
    HostPort,
    HostNetwork,
    Ingress,
    Gateway,
    OpenShiftRoute,
    Istio,
    Traefik,
    Contour,
    /// A product's route of a kind whose rules are not modelled.
    Other,
    ApiServer,
    Kubelet,
}

impl ListenerKind {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load-balancer",
            Self::NodePort => "node-port",
            Self::ExternalIp => "external-ip",
            Self::ClusterIp => "cluster-ip",
            Self::ExternalName => "external-name",
            Self::HostPort => "host-port",
            Self::HostNetwork => "host-network",
            Self::Ingress => "ingress",
            Self::Gateway => "gateway",
            Self::OpenShiftRoute => "openshift-route",
            Self::Istio => "istio",
            Self::Traefik => "traefik",
            Self::Contour => "contour",
            Self::Other => "other",
            Self::ApiServer => "api-server",
            Self::Kubelet => "kubelet",
        }
    }
}

/// The host and path that a request must name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Host, possibly with a wildcard; empty for any.
    pub host: Str,
    /// Path; empty for any.
    pub path: Str,
    /// How the path is compared, in the words of the object.
    pub path_type: Str,
}

/// An open port, or a route behind one.
#[derive(Clone, Debug)]
pub struct Listener {
    /// What kind.
    pub kind: ListenerKind,
    /// The object that opens it.
    pub object: ObjectRef,
    /// Part of the object, for example the name of a Gateway's listener.
    pub part: Str,
    /// Addresses and host names that are known, shared between listeners.
    pub addresses: Arc<[Str]>,
    /// Port; `None` where it is not known or not one.
    pub port: Option<i64>,
    /// `TCP`, `UDP`, `SCTP` or the Gateway's protocol.
    pub protocol: Str,
    /// Host and path that lead to the backends.
    pub condition: Option<Condition>,
    /// The Service behind it, namespace and name.
    pub service: Option<(Str, Str)>,
    /// What is behind it.
    pub backends: Arc<Backends>,
    /// Sources that it lets in; empty means everybody who reaches the addresses.
    pub sources: Vec<Str>,
    /// What specification and annotations ask for.
    pub intent: Verdict,
    /// What the status shows.
    pub fact: Option<Verdict>,
    /// The verdict.
    pub verdict: Verdict,
}

/// An object that opens nothing, or cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The object.
    pub object: ObjectRef,
    /// The field.
    pub path: Str,
    /// What is the matter.
    pub reason: String,
    /// Whether the field is wrong, as opposed to a route that leads nowhere.
    pub is_error: bool,
}

/// Every listener of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// Listeners, sorted by the object that opens them, then by port.
    pub listeners: Vec<Listener>,
    /// Routes that nothing serves and fields that do not read, sorted.
    pub notes: Vec<Note>,
}

impl Exposure {
    /// Finds every listener. Backends name units by their position in [`Cluster::units`].
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        Self::with_units(cluster, &cluster.units())
    }

    /// The same with the cluster's units at hand.
    #[must_use]
    pub fn with_units(cluster: &Cluster, units: &[Unit]) -> Self {
        let mut finder = edge::Finder::new(cluster, units);
        balance::find(&mut finder);
        node::find(&mut finder);
        finder.front();
        ingress::find(&mut finder);
        gateway::find(&mut finder);
        products::find(&mut finder);
        let mut found = finder.finish();
        found.listeners.sort_by(|a, b| order(a).cmp(&order(b)));
        found.notes.sort();
        found.notes.dedup();
        found
    }

    /// Listeners whose backends hold a unit, in the order of [`Self::listeners`], for every
    /// unit.
    #[must_use]
    pub fn by_unit(&self, units: usize) -> Vec<Vec<u32>> {
        let mut found = vec![Vec::new(); units];
        for (at, listener) in self.listeners.iter().enumerate() {
            for &unit in &listener.backends.units {
                found[unit as usize].push(at as u32);
            }
        }
        found
    }
}

type Order<'a> = (
    &'a ObjectRef,
    ListenerKind,
    &'a Str,
    Option<i64>,
    &'a Str,
    &'a Option<Condition>,
    &'a Option<(Str, Str)>,
);

fn order(listener: &Listener) -> Order<'_> {
    (
        &listener.object,
        listener.kind,
        &listener.part,
        listener.port,
        &listener.protocol,
        &listener.condition,
        &listener.service,
    )
}

impl Backends {
    /// The pods behind, in order of their units.
    pub fn pods<'a>(&'a self, units: &'a [Unit]) -> impl Iterator<Item = Id<Pod>> + 'a {
        let whole = self.some_pods.is_none();
        let all = self.units.iter().filter(move |_| whole);
        let all = all.flat_map(move |&unit| units[unit as usize].pods.iter().copied());
        all.chain(self.some_pods.iter().flatten().copied())
    }
}
