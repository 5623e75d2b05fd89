//! The common form of every policy: stages of groups of policies with ordered rules.
//!
//! ```text
//!  stage     admin tier ─► Kubernetes policies ─► baseline ─► allowed
//!  lane      kinds between which no order is defined
//!  group     policies of one order: what they say together
//!  policy    subject, rules in order, whether selecting isolates
//!  rule      action, peers, ports
//! ```
//!
//! - A rule that matches with Allow or Deny ends the evaluation, Pass ends the stage.
//! - At the end of a stage, an isolating policy that selects the subject denies what is left
//!   (NP-01, NP-41).
//! - In a group each policy is evaluated by itself, in a stage each lane. Where two of them
//!   match with different actions the answer is left to the implementation (NP-21): ambiguous.

use std::fmt;

use ringfort_model::Str;

use crate::policy::address::AddressSet;
use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::expr::Expr;

/// Yes, no, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Tri {
    No,
    Unknown,
    Yes,
}

/// The direction of traffic, seen from the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Into the subject.
    Ingress,
    /// Out of it.
    Egress,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// A policy's kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyName {
    /// Kind, with `Calico` in front where Kubernetes has the same name.
    pub kind: &'static str,
    /// Namespace, empty for cluster-scoped kinds.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// What a rule does to what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Allows it, finally.
    Allow,
    /// Denies it, finally.
    Deny,
    /// Leaves it to the next stage.
    Pass,
}

/// Which side of a connection a rule means.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// Pods of the pod network; never host-network pods (NP-07, NP-31).
    Pods(Expr),
    /// Addresses. Whether pods and nodes are matched by theirs depends on the kind of rule and
    /// on the implementation (NP-06, NP-31, NP-40).
    Addresses {
        /// The addresses.
        set: AddressSet,
        /// Whether a pod with such an address is meant.
        pods: Tri,
        /// Whether a node with such an address is meant.
        nodes: Tri,
    },
    /// Nodes and what runs in their network.
    Nodes(Expr),
    /// Perhaps everything of some kinds of endpoints: pods, hosts, addresses outside. Names that
    /// are learned from DNS, and what depends on where a pod runs.
    Perhaps {
        /// Pods, hosts, outside.
        segments: [bool; 3],
        /// Why it is not known.
        why: Str,
    },
    /// Everything.
    Any,
}

/// Which connections a rule means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    /// What needs no destination to be known.
    pub fixed: ConnectionSet,
    /// Names of container ports of the destination; without a protocol, whichever it has.
    pub named: Vec<(Str, Option<Protocol>)>,
    /// Connections that are perhaps meant as well (sections that are not modelled), and why.
    pub perhaps: Option<(ConnectionSet, Str)>,
}

impl Ports {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self::fixed(ConnectionSet::all())
    }

    /// A fixed set.
    #[must_use]
    pub fn fixed(fixed: ConnectionSet) -> Self {
        Self { fixed, named: Vec::new(), perhaps: None }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Its name, or `#N`.
    pub name: Str,
    /// What it does.
    pub action: Action,
    /// Whom it means: any of these.
    pub peers: Vec<Peer>,
    /// What it means.
    pub ports: Ports,
}

/// One direction of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Whether the policy has a say in this direction at all.
    pub applies: bool,
    /// Whether what no rule matched is denied at the end of the stage.
    pub isolates: bool,
    /// The rules in order.
    pub rules: Vec<Rule>,
}

/// Where a policy stands. Smaller comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The stage.
    pub stage: u64,
    /// The lane: kinds whose order among each other is left to the implementation (NP-35).
    pub lane: u8,
    /// The group within the lane.
    pub group: u64,
}

/// A policy in the common form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Kind and name.
    pub name: PolicyName,
    /// Where it stands.
    pub place: Place,
    /// The pods that it selects.
    pub subject: Expr,
    /// The nodes that it selects, for the kinds that protect hosts.
    pub hosts: Option<Expr>,
    /// Whether anything enforces policies of its kind, where policies are enforced at all.
    pub enforced: Tri,
    /// Why what it says is not known; then the verdicts of its subjects are unknown.
    pub broken: Option<Str>,
    /// Ingress.
    pub ingress: Side,
    /// Egress.
    pub egress: Side,
}

impl Policy {
    /// The side of a direction.
    #[must_use]
    pub fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// Something that the API server would refuse, or that its controller cannot use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{object}: field {field}: {reason}")]
pub struct PolicyError {
    /// `Kind namespace/name`.
    pub object: String,
    /// Path of the field.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}
