//! Why an edge exists: compact evidence, rendered into text only when somebody asks
//! (see [`crate::evidence`]). Each `Why` but a [`Why::Mark`] is a conjunct: removing any one removes
//! the edge.

use ringfort_model::record::Node;
use ringfort_model::{ContainerKind, EntityId, Id, Str};

use crate::node::{RoleKey, Scope, Subject};

/// A binding.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BindingKey {
    /// ClusterRoleBinding by name.
    Cluster(Str),
    /// RoleBinding by namespace and name.
    Namespaced(Str, Str),
    /// No object: the node authorizer, by the node's name.
    Node(Str),
}

/// One reason, with enough in it to show it and to remove it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// A binding names the subject (index into `subjects`).
    Bound {
        /// The binding.
        binding: BindingKey,
        /// Index into its subjects.
        subject: u32,
    },
    /// A rule of a role allows a request.
    Rule {
        /// The role.
        role: RoleKey,
        /// Where the binding makes it hold.
        scope: Scope,
        /// Index into its rules.
        rule: u32,
        /// The verb used.
        verb: &'static str,
        /// API group.
        group: &'static str,
        /// `resource` or `resource/subresource`.
        resource: &'static str,
        /// The name used, if the request carries one.
        name: Option<Str>,
    },
    /// A role holds a rule; shown as evidence where no single request is meant.
    Held {
        /// The role.
        role: RoleKey,
        /// Where the binding makes it hold.
        scope: Scope,
        /// Index into its rules.
        rule: u32,
    },
    /// A rule of the requester lets it make the request as another identity.
    Limit {
        /// The role.
        role: RoleKey,
        /// Index into its rules.
        rule: u32,
    },
    /// The subject is a member of a group by construction.
    Member(Subject, Str),
    /// The attacker's identity is in `system:masters`, which the API server never refuses.
    Masters,
    /// A field of a unit's pod specification has a value. The path is relative to the pod
    /// specification, for example `containers[0].securityContext.privileged`.
    PodField {
        /// Index of the unit.
        unit: u32,
        /// Path below the pod specification.
        path: Str,
        /// The value found; empty when the field is unset and its default matters.
        value: Str,
    },
    /// A container mounts a host path.
    HostMount {
        /// Index of the unit.
        unit: u32,
        /// List of the container.
        kind: ContainerKind,
        /// Index in that list.
        container: u32,
        /// Index into the container's `volumeMounts`.
        mount: u32,
        /// The path of the node.
        path: Str,
        /// Whether the mount is read-only.
        read_only: bool,
    },
    /// A container holds a token of its ServiceAccount.
    Token {
        /// Index of the unit.
        unit: u32,
        /// List of the container.
        kind: ContainerKind,
        /// Index in that list.
        container: u32,
        /// Where the token is mounted.
        path: Str,
        /// How it came there.
        how: TokenSource,
    },
    /// A pod runs on a node.
    RunsOn {
        /// Index of the unit.
        unit: u32,
        /// The node; `None` when the template may run on any.
        node: Option<Id<Node>>,
    },
    /// A namespace's Pod Security label lets something through.
    PodSecurity {
        /// The namespace.
        namespace: Str,
        /// The enforced level, empty if there is no label.
        level: Str,
        /// What it lets through, for example `privileged`.
        admits: &'static str,
    },
    /// A field of any object has a value.
    Field {
        /// The object, as an id.
        object: EntityId,
        /// Path of the field.
        path: Str,
        /// The value found.
        value: Str,
    },
    /// A field of an object whose kind has no id.
    ObjectField {
        /// Kind name.
        kind: &'static str,
        /// Namespace, empty for cluster scope.
        namespace: Str,
        /// Name.
        name: Str,
        /// Path of the field.
        path: Str,
        /// The value found.
        value: Str,
    },
    /// No network policy that has an effect stops a connection.
    Passes {
        /// Index of the unit: where the connection ends, or where it begins.
        unit: u32,
        /// Which connection.
        way: Way,
    },
    /// A mark by which something is known for what it is, or for how far it reaches. It shows why
    /// an edge exists, and no change of it is a fix: the program that an image names is still
    /// there after its tag became a digest.
    Mark(Box<Why>),
    /// Something that holds by the design of Kubernetes; the text says what.
    Design(&'static str),
    /// A fact that could not be read and would decide the edge.
    Missing(&'static str),
}

impl Why {
    /// The same as a mark.
    #[must_use]
    pub fn into_mark(self) -> Self {
        match self {
            Self::Mark(_) => self,
            other => Self::Mark(Box::new(other)),
        }
    }

    /// What shows it, be it a mark or not.
    #[must_use]
    pub fn shown(&self) -> &Self {
        match self {
            Self::Mark(field) => field.shown(),
            other => other,
        }
    }

    /// The field of a container's image, which is a mark unless the tag is what matters.
    #[must_use]
    pub fn image(unit: u32, kind: ContainerKind, index: usize, image: &Str) -> Self {
        let path = Str::from(format!("{}[{index}].image", kind.field()));
        Self::PodField { unit, path, value: image.clone() }.into_mark()
    }

    /// The role whose rule is the reason.
    #[must_use]
    pub fn role(&self) -> Option<&RoleKey> {
        match self {
            Self::Rule { role, .. } | Self::Held { role, .. } | Self::Limit { role, .. } => {
                Some(role)
            }
            _ => None,
        }
    }
}

/// A connection of a unit's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// Into them from any namespace: no policy isolates them.
    FromAnywhere,
    /// Into them from their own namespace: no policy isolates them.
    FromNamespace,
    /// Into them from some pods: a rule of a policy allows it.
    ByRule,
    /// Into them from the node that they run on, which no policy stops.
    FromNode,
    /// Out of them to the metadata service of the cloud.
    ToMetadata,
    /// Out of them to an address of a node.
    ToNodes,
    /// Out of them to a server beside the cluster.
    ToServer,
}

impl Way {
    /// In words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::FromAnywhere => "no policy keeps other namespaces out",
            Self::FromNamespace => "no policy keeps its own namespace out",
            Self::ByRule => "a rule of a policy lets these pods in",
            Self::FromNode => "no policy stops the node that a pod runs on",
            Self::ToMetadata => "no policy stops connections to the metadata service",
            Self::ToNodes => "no policy stops connections to nodes",
            Self::ToServer => "no policy stops connections to the server",
        }
    }
}

/// How a token came into a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenSource {
    /// The automatic mount.
    Automount,
    /// A projected volume written by the user.
    Projected,
    /// A mounted token Secret.
    Secret,
}
