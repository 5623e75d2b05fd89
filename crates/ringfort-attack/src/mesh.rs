//! What a mesh asks of whoever connects to a pod (semantics EFF-MESH, NP-43), by listener: asked
//! once for each group of equal pods, whoever may connect.

use ringfort_isolation::{Control, Effect, Member, Mesh};
use ringfort_model::Cluster;
use ringfort_network::policy::{ConnectionSet, Protocol};
use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::node::NodeKey;

/// The controls that are present, or may be.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// Whether only identities that a policy names connect to a listener.
    limited: FxHashMap<NodeKey, Control>,
    /// Whether only peers with some identity of the mesh connect to the pods of a unit.
    strict: FxHashMap<u32, Control>,
}

/// What is said of an edge that has to pass a policy of the mesh.
pub(crate) const IDENTITY: &str = "the mesh lets only identities in that a policy names";

impl Peers {
    pub(crate) fn of(context: &Context<'_>) -> Self {
        let cluster: &Cluster = context.cluster;
        let mesh = Mesh::of(cluster);
        let mut found = Self::default();
        for (at, ports) in context.listening().iter().enumerate() {
            let unit = &context.units[at];
            let latent = unit.latent;
            let namespace = cluster.namespaces.get("", &unit.namespace);
            let member = Member {
                labels: &unit.labels,
                annotations: &unit.annotations,
                namespace: &unit.namespace,
                spec: &unit.spec,
                namespace_meta: namespace.map(|one| &one.metadata),
            };
            let unit = at as u32;
            let strict = mesh.strict(&member);
            if strict.effect != Effect::Absent {
                found.strict.insert(unit, strict);
            }
            if latent {
                continue;
            }
            let mut add = |key: NodeKey, ports: &ConnectionSet| {
                let ranges: Vec<(u16, u16)> = ports.ranges_of(Protocol::Tcp).collect();
                let mut control = mesh.limits_peers(&member, &ranges);
                // Only TCP is redirected (istio-iptables, linkerd2-proxy-init).
                let others = [Protocol::Udp, Protocol::Sctp];
                if control.effect.is_effective()
                    && others.into_iter().any(|one| ports.ranges_of(one).next().is_some())
                {
                    control.effect = Effect::without("the mesh takes TCP alone");
                }
                if control.effect != Effect::Absent {
                    found.limited.insert(key, control);
                }
            };
            if !ports.is_empty() {
                add(NodeKey::Listener(unit), ports);
            }
            for open in context.open_ports(unit) {
                let port = ConnectionSet::ports(Protocol::Tcp, open.port, open.port);
                add(NodeKey::Port(unit, open.port), &port);
            }
        }
        found
    }

    /// Whether only identities that a policy names connect to a listener; nothing where the pod
    /// is in no mesh.
    pub(crate) fn limited(&self, listener: &NodeKey) -> Option<&Control> {
        self.limited.get(listener)
    }

    /// Whether only peers with an identity of the mesh connect to a unit.
    pub(crate) fn strict(&self, unit: u32) -> Option<&Control> {
        self.strict.get(&unit)
    }
}

impl Context<'_> {
    /// What the mesh asks of whoever connects.
    pub(crate) fn asked_of_peers(&self) -> &Peers {
        self.peers.get_or_init(|| Peers::of(self))
    }

    /// Whether only peers with an identity of the mesh connect to the pods of a unit (EFF-MESH);
    /// nothing where they are in no mesh.
    #[must_use]
    pub fn mesh(&self, unit: u32) -> Option<&Control> {
        self.asked_of_peers().strict(unit)
    }
}
