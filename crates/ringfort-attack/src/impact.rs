//! Impacts: where a path ends (techniques section 9). A sink is decided by effective
//! permission or control, never by the name of a role.

use ringfort_language::message;

/// An impact sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Impact {
    /// Every verb on every resource, cluster-wide.
    ClusterAdmin,
    /// Cluster CA key, ServiceAccount signing key, etcd, or root on a node that holds them.
    ControlPlane,
    /// Root on any node.
    AnyNode,
    /// Every Secret of the cluster.
    AllSecrets,
    /// Full write on workloads, Secrets and RBAC in one namespace.
    NamespaceAdmin,
    /// Data of a persistent volume.
    DataStore,
    /// Leave something behind that survives the removal of the entry.
    Persistence,
    /// A credential for another cluster.
    Fleet,
    /// Deletion of data.
    DataDestruction,
    /// Code that is sold, consumed or run elsewhere can be changed.
    SupplyChainPush,
    /// A cloud identity.
    CloudRole,
    /// Computing at somebody else's cost.
    ComputeHijack,
    /// Services stop.
    DenialOfService,
    /// Private images, source or models are read.
    IpTheft,
    /// Whoever administers the cloud account.
    CloudAdmin,
}

impl Impact {
    /// All impacts, worst first.
    pub const ALL: [Self; 15] = [
        Self::ClusterAdmin,
        Self::ControlPlane,
        Self::AllSecrets,
        Self::AnyNode,
        Self::CloudAdmin,
        Self::CloudRole,
        Self::NamespaceAdmin,
        Self::DataStore,
        Self::Persistence,
        Self::Fleet,
        Self::SupplyChainPush,
        Self::DataDestruction,
        Self::IpTheft,
        Self::ComputeHijack,
        Self::DenialOfService,
    ];

    /// The impacts that paths end in unless others are asked for.
    pub const DEFAULT_TARGETS: [Self; 6] = [
        Self::ClusterAdmin,
        Self::ControlPlane,
        Self::AllSecrets,
        Self::AnyNode,
        Self::CloudAdmin,
        Self::CloudRole,
    ];

    /// Targets that are no position of the graph but a question about pairs of positions, each
    /// with where it is asked.
    pub const ASKED_ELSEWHERE: &'static [(&'static str, &'static str)] = &[(
        "tenant-crossing",
        "a tenant's pods reach what belongs to another. A target of every scan and plan where \
         namespaces carry the label ringfort.dev/tenant; for another label: ringfort crossing \
         --tenants label=KEY",
    )];

    /// Name in ids: `impact/NAME`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClusterAdmin => "cluster-admin",
            Self::ControlPlane => "control-plane",
            Self::AnyNode => "node",
            Self::AllSecrets => "all-secrets",
            Self::NamespaceAdmin => "namespace-admin",
            Self::DataStore => "data-store",
            Self::Persistence => "persistence",
            Self::Fleet => "fleet",
            Self::DataDestruction => "data-destruction",
            Self::SupplyChainPush => "supply-chain-push",
            Self::CloudRole => "cloud-role",
            Self::ComputeHijack => "compute-hijack",
            Self::DenialOfService => "denial-of-service",
            Self::IpTheft => "ip-theft",
            Self::CloudAdmin => "cloud-admin",
        }
    }

    /// What it means, in one clause.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ClusterAdmin => message!("full control of the cluster"),
            Self::ControlPlane => message!("the control plane's keys and data"),
            Self::AnyNode => message!("root on a node"),
            Self::AllSecrets => message!("every Secret of the cluster"),
            Self::NamespaceAdmin => message!("full control of a namespace"),
            Self::DataStore => message!("data of a persistent volume"),
            Self::Persistence => message!("a foothold that survives"),
            Self::Fleet => message!("a credential for another cluster"),
            Self::DataDestruction => message!("deletion of data"),
            Self::SupplyChainPush => message!("changes to images or source that others use"),
            Self::CloudRole => message!("an identity of the cloud account"),
            Self::ComputeHijack => message!("computing at the owner's cost"),
            Self::DenialOfService => message!("services stopped"),
            Self::IpTheft => message!("private images or source"),
            Self::CloudAdmin => message!("control of the cloud account"),
        }
    }

    /// The impact of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|impact| impact.name() == name)
    }
}
