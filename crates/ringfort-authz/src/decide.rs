//! The whole chain: `system:masters`, the node authorizer, RBAC, what the server's own modes add;
//! and what cannot be decided.

use ringfort_model::Kind;

use crate::authorizers::{Beyond, Said, beyond};
use crate::evaluator::{Authz, Granted};
use crate::node::NodeAuthorizer;
use crate::request::{Attributes, Request};

/// Why a request is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user is in `system:masters`, which is allowed before any other authorizer.
    Masters,
    /// The node authorizer allows it; the text says by which relation.
    Node(String),
    /// RBAC allows it.
    Rbac(Granted),
    /// The server allows everything.
    Everything(Said),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Masters => f.write_str("group system:masters is never refused"),
            Self::Node(relation) => write!(f, "node authorizer: {relation}"),
            Self::Rbac(granted) => granted.fmt(f),
            Self::Everything(said) => write!(f, "the API server allows everything ({said})"),
        }
    }
}

/// The answer of the authorizer chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Yes(Reason),
    /// Not allowed by any authorizer that can be seen.
    No,
    /// Not decidable, and what is missing.
    Unknown(Vec<String>),
}

impl Authz<'_> {
    /// Asks Node and RBAC together. A refusal that rests on lists which could not be read, or
    /// that another authorizer could overrule, is unknown.
    #[must_use]
    pub fn decide(&self, request: &Request, nodes: &NodeAuthorizer<'_>) -> Decision {
        if request.user.is_in("system:masters") {
            return Decision::Yes(Reason::Masters);
        }
        let mut missing = Vec::new();
        if let Some(node) = request.user.as_node() {
            match nodes.decide(node, request) {
                Decision::Yes(reason) => return Decision::Yes(reason),
                Decision::Unknown(what) => missing.extend(what),
                Decision::No => {}
            }
        }
        if let Some(granted) = self.rbac(request) {
            return Decision::Yes(Reason::Rbac(granted));
        }
        let namespaced = matches!(&request.attributes,
            Attributes::Resource { namespace, .. } if !namespace.is_empty());
        let kinds: &[Kind] = match namespaced {
            true => &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
            false => &[Kind::ClusterRole, Kind::ClusterRoleBinding],
        };
        for &kind in kinds {
            if !self.cluster().coverage.is_complete(kind) {
                missing.push(format!("{} were not all read", kind.plural()));
            }
        }
        match beyond(self.cluster()) {
            Beyond::Nothing => {}
            Beyond::Everything(said) => return Decision::Yes(Reason::Everything(said)),
            Beyond::Perhaps(all) => missing.extend(all.iter().map(Said::doubt)),
        }
        if missing.is_empty() { Decision::No } else { Decision::Unknown(missing) }
    }
}
