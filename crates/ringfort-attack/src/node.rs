//! The nodes of the attack graph: positions that an attacker can hold.

use ringfort_model::record::Node;
use ringfort_model::{ContainerKind, Id, Str};

use crate::impact::Impact;

/// An identity that a binding can name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A user name, node users (`system:node:NAME`) among them.
    User(Str),
    /// A group.
    Group(Str),
    /// A ServiceAccount: namespace, name.
    ServiceAccount(Str, Str),
    /// Another identity as somebody may use it by constrained impersonation.
    Limited(Box<Limited>),
}

/// An identity that is used through constrained impersonation: only for the requests that the
/// requester's rules name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Limited {
    /// Whose rules are used.
    pub target: Subject,
    /// The mode, for example `user-info`.
    pub mode: &'static str,
    /// Who uses it, as an id.
    pub by: Str,
}

/// Where a grant holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Everywhere, cluster-scoped resources included.
    Cluster,
    /// One namespace.
    Namespace(Str),
}

impl Scope {
    /// Whether a request in this namespace (or, for `None`, on a cluster-scoped resource) falls
    /// into the scope.
    #[must_use]
    pub fn reaches(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Self::Cluster, _) => true,
            (Self::Namespace(own), Some(wanted)) => own == wanted,
            (Self::Namespace(_), None) => false,
        }
    }

    /// The narrower of two scopes if one lies within the other.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Cluster, narrow) | (narrow, Self::Cluster) => Some(narrow.clone()),
            (a, b) => (a == b).then(|| a.clone()),
        }
    }
}

/// A role as a set of permissions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleKey {
    /// A ClusterRole by name.
    Cluster(Str),
    /// A Role by namespace and name.
    Namespaced(Str, Str),
    /// One of these limited by one rule of another: what is left of it for the requests that
    /// the rule names. The text tells apart by whom, by which rule and in which scopes.
    Limited(Box<RoleKey>, Str),
    /// What the node authorizer lets a node do, by the node's name.
    Node(Str),
}

/// A power over everything of one sort in a scope. Powers factor the graph: an identity has
/// one edge to a power, and the power has one edge to each object, instead of one edge for
/// each pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Power {
    /// Run a pod with a specification of one's own choice.
    RunPods,
    /// Execute commands in any pod.
    ExecPods,
    /// Attach to any pod.
    AttachPods,
    /// Replace the image of any pod.
    SwapImages,
    /// Add an ephemeral container to any pod.
    AddContainers,
    /// Read every Secret.
    ReadSecrets,
    /// Obtain a token of every ServiceAccount.
    MintTokens,
    /// Act as every ServiceAccount through impersonation.
    ImpersonateAccounts,
    /// Bind any role.
    BindRoles,
    /// Execute in every container of every node through the kubelet.
    ExecNodes,
    /// Every verb on every resource of the scope.
    Everything,
    /// Forward ports of any pod.
    ForwardPorts,
    /// Reach any port of any pod through the API server.
    ProxyPods,
    /// Reach the pods of any Service through the API server.
    ProxyServices,
    /// Read the log of any pod.
    ReadLogs,
    /// Read the log of any pod of any node through the kubelet.
    ReadNodeLogs,
    /// Read the log folder of any node.
    ReadLogFolders,
    /// Read the specifications of any node's pods from its kubelet.
    ReadPodsOfNodes,
    /// Have pods start on a node that the attacker controls.
    SteerPods,
    /// Read the data of any claim.
    ReadVolumes,
    /// Read the specifications of any pod or workload.
    ReadPodSpecs,
    /// Read any ConfigMap.
    ReadConfigs,
}

/// Files of a node, by what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Files {
    /// Every file.
    All,
    /// The kubelet's client credential.
    Kubelet,
    /// The kubelet's folder of pods: their tokens, and Secrets that are mounted as files.
    Pods,
    /// Keys and data of the control plane.
    ControlPlane,
    /// SSH keys of the node's users.
    SshKeys,
    /// The configuration of the cloud provider, which may hold its credentials.
    CloudConfig,
    /// The folder of logs.
    Logs,
    /// Memory of containers, as a checkpoint writes it.
    Memory,
}

impl Files {
    /// What [`Files::All`] holds and something follows from.
    pub const PARTS: [Self; 3] = [Self::Kubelet, Self::Pods, Self::ControlPlane];

    /// Name in ids.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Kubelet => "kubelet",
            Self::Pods => "pods",
            Self::ControlPlane => "control-plane",
            Self::SshKeys => "ssh-keys",
            Self::CloudConfig => "cloud-config",
            Self::Logs => "logs",
            Self::Memory => "memory",
        }
    }
}

/// Who issues principals outside the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Google,
    /// Microsoft Azure.
    Azure,
    /// HashiCorp Vault and those that speak its protocol.
    Vault,
}

impl Provider {
    /// Name in ids.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Google => "google",
            Self::Azure => "azure",
            Self::Vault => "vault",
        }
    }

    /// Whether its principals hold power in a cloud account.
    #[must_use]
    pub fn is_cloud(self) -> bool {
        self != Self::Vault
    }
}

/// A position in the attack graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKey {
    /// Anybody on the internet.
    Internet,
    /// One instance of an entry vector: `V7`, instance name.
    Vector(&'static str, Str),
    /// An identity.
    Subject(Subject),
    /// The permissions of a role in a scope, as whoever holds a binding to it has them.
    Role(RoleKey, Scope),
    /// A power in a scope.
    Power(Power, Scope),
    /// A stage of a technique that needs several permissions of one identity.
    Stage(&'static str, Box<NodeKey>, Str),
    /// The pods of a unit (index into [`crate::Context::units`]); with a node, those of its
    /// pods that run there. The node is named only where something that follows depends on it.
    Pods(u32, Option<Id<Node>>),
    /// A container of such pods.
    Container(u32, Option<Id<Node>>, ContainerKind, u32),
    /// Root on a node.
    Node(Id<Node>),
    /// Root on the one node that stands in when a source has no nodes.
    AnyNode,
    /// Every node at once: who may place a pod anywhere holds it.
    EveryNode,
    /// Some of the nodes at once: those that pods of a namespace can be placed on (index into
    /// the context's sets of nodes).
    Nodes(u32),
    /// The kubelet's API of a node, with authority to execute.
    Kubelet(Option<Id<Node>>),
    /// Files of a node, readable as root, without execution.
    NodeFiles(Option<Id<Node>>, Files),
    /// Listeners that a node offers to itself: its loopback and the metadata service.
    NodeLoopback(Option<Id<Node>>),
    /// The traffic of a node.
    Traffic(Option<Id<Node>>),
    /// Shared memory of the host's IPC namespace on a node.
    SharedMemory(Option<Id<Node>>),
    /// Processes of a node that hold no more than a set of capabilities, by user id.
    Processes(Option<Id<Node>>, Str),
    /// Whoever reads the log of some pod of a node.
    LogReader(Option<Id<Node>>),
    /// The specifications of the pods of a node.
    PodSpecs(Option<Id<Node>>),
    /// Root on whichever node the attacker holds.
    SomeNode,
    /// A namespace whose Pod Security label the attacker controls.
    OpenNamespace(Str),
    /// A Secret's contents: namespace, name.
    Secret(Str, Str),
    /// A ConfigMap's contents: namespace, name.
    ConfigMap(Str, Str),
    /// The data of a PersistentVolumeClaim: namespace, name.
    Claim(Str, Str),
    /// The listeners of a unit's pods on the pod's address.
    Listener(u32),
    /// One TCP port of a unit's pods on which something is known to listen that asks nobody
    /// who calls.
    Port(u32, u16),
    /// Whoever sends from a unit's pods on some node, or on any: code in one of their containers,
    /// of which there are several.
    Sender(u32, Option<Id<Node>>),
    /// The network of a unit's pods from inside: every listener, loopback included.
    PodNetwork(u32),
    /// A technique's AND node: technique id, distinguishing text. Everything that leads to it
    /// is needed, so each conjunct that is met in several ways is a [`NodeKey::Conjunct`].
    And(&'static str, Str),
    /// One conjunct of an AND node, met by whatever leads to it.
    Conjunct(&'static str, Str),
    /// A principal of a cloud, or a role of a vault, by the name that objects give it.
    Principal(Provider, Str),
    /// Whatever in the cloud account may change the cluster: the permissions that the rows of
    /// cloud techniques name, held by whichever principals have them.
    CloudAccount(Provider),
    /// A source repository, by address: whoever may change the revision that is deployed.
    Repository(Str),
    /// Whoever gets a job or a payload of their choice into a pipeline.
    Pipeline(Str),
    /// What the jobs of a pipeline hold: variables, identity tokens, stored credentials.
    PipelineSecrets(Str),
    /// A repository of an image registry: whoever may push to it.
    RegistryRepository(Str),
    /// What an image reference resolves to.
    Image(Str),
    /// The entries of an outside secret store that the cluster may read.
    Vault(Str),
    /// A fact that no object shows and on which a technique rests, by the technique's id.
    /// Nobody holds it unless it is assumed.
    Fact(&'static str),
    /// A Secret whose contents were not read, so that nothing of what it may hold is excluded.
    UnreadSecret,
    /// Code and answers of a mutating webhook: what it sees can be changed as it is admitted.
    Webhook(Str),
    /// Data of an application in a folder of a node.
    HostData(Option<Id<Node>>, Str),
    /// Something beside the cluster's objects: its sort (`cloud-principal`, `registry`,
    /// `account` …) and its name.
    Outside(&'static str, Str),
    /// Where positions meet from which the same follows: their sort and what tells them apart,
    /// which may be a number that only this graph knows.
    Join(&'static str, Str),
    /// Cluster CA key, ServiceAccount signing key or etcd.
    ControlPlane,
    /// An impact.
    Impact(Impact),
}

impl NodeKey {
    /// Whether it only stands between others: permissions, conjunctions, several nodes at once,
    /// places where ways meet, and facts that are assumed. What an attacker holds there is told by what follows from it.
    #[must_use]
    pub fn is_step(&self) -> bool {
        matches!(
            self,
            Self::Role(..)
                | Self::Power(..)
                | Self::Stage(..)
                | Self::And(..)
                | Self::Conjunct(..)
                | Self::Join(..)
                | Self::Nodes(_)
                | Self::EveryNode
                | Self::SomeNode
                | Self::Fact(_)
        )
    }
}

impl Subject {
    /// The ServiceAccount or user that a user name means.
    #[must_use]
    pub fn of_user_name(name: &str) -> Self {
        if let Some(rest) = name.strip_prefix("system:serviceaccount:")
            && let Some((namespace, account)) = rest.split_once(':')
            && !namespace.is_empty()
            && !account.is_empty()
            && !account.contains(':')
        {
            return Self::ServiceAccount(Str::new(namespace), Str::new(account));
        }
        Self::User(Str::new(name))
    }

    /// The groups that every member of this subject is in without any binding (semantics
    /// RBAC-20 to RBAC-23), widest last. A group's result is what its members share.
    #[must_use]
    pub fn implicit_groups(&self) -> Vec<Str> {
        const ALL: &str = "system:authenticated";
        const ACCOUNTS: &str = "system:serviceaccounts";
        match self {
            Self::ServiceAccount(namespace, _) => {
                vec![
                    Str::from(format!("{ACCOUNTS}:{namespace}")),
                    Str::new(ACCOUNTS),
                    Str::new(ALL),
                ]
            }
            Self::User(name) if name == "system:anonymous" => {
                vec![Str::new("system:unauthenticated")]
            }
            Self::User(name) => {
                let mut groups = Vec::new();
                if name.len() > "system:node:".len() && name.starts_with("system:node:") {
                    groups.push(Str::new("system:nodes"));
                }
                groups.push(Str::new(ALL));
                groups
            }
            Self::Group(name) => match name.as_str() {
                ALL | "system:unauthenticated" => Vec::new(),
                ACCOUNTS => vec![Str::new(ALL)],
                other if other.starts_with("system:serviceaccounts:") => {
                    vec![Str::new(ACCOUNTS), Str::new(ALL)]
                }
                _ => vec![Str::new(ALL)],
            },
            // The rules of its groups are among the limited ones already.
            Self::Limited(_) => Vec::new(),
        }
    }
}
