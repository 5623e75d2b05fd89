//! What a solver hands over so that nobody has to believe it.

use serde::{Deserialize, Serialize};

use super::problem::FixId;
use crate::graph::{EdgeId, NodeId};

/// The version of [`Certificate`] that this crate writes and reads.
pub const VERSION: u32 = 1;

/// Chosen fixes, their cost, and the proof of a lower bound of what any choice costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`VERSION`].
    pub version: u32,
    /// The chosen fixes, ascending: with them no goal has a derivation.
    pub fixes: Vec<u32>,
    /// Sum of their costs.
    pub cost: u64,
    /// No set of fixes that does the same costs less.
    pub bound: u64,
    /// Why.
    pub proof: Proof,
}

/// Why no cheaper set than the bound exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Proof {
    /// Derivations with integer weights such that those through any one fix weigh at most its
    /// cost. Each must be hit, and a fix hits no more weight than it costs: the bound is the sum
    /// of the weights. With costs of one, they are disjoint.
    Packing {
        /// The derivations.
        derivations: Vec<Evidence>,
    },
    /// The same with fractional weights, all over one denominator: the bound is the sum,
    /// rounded up, since costs are integers.
    Dual {
        /// What the weights are divided by.
        denominator: u64,
        /// The derivations.
        derivations: Vec<Evidence>,
    },
    /// Derivations, all of which must be hit: the bound is the cost of the cheapest set of
    /// fixes that hits them, found by exhaustive search.
    Core {
        /// The derivations, weights unused and one.
        derivations: Vec<Evidence>,
    },
}

impl Proof {
    /// `packing`, `dual` or `core`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Packing { .. } => "packing",
            Self::Dual { .. } => "dual",
            Self::Core { .. } => "core",
        }
    }

    /// The derivations of the proof.
    #[must_use]
    pub fn derivations(&self) -> &[Evidence] {
        match self {
            Self::Packing { derivations }
            | Self::Dual { derivations, .. }
            | Self::Core { derivations } => derivations,
        }
    }
}

/// One derivation of a proof.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The goal it violates, by position.
    pub goal: u32,
    /// The target of that goal that it derives.
    pub target: u32,
    /// Its edges, each once, every edge after those that it rests on.
    pub edges: Vec<u32>,
    /// The fixes that may be used and cut one of the edges, ascending.
    pub fixes: Vec<u32>,
    /// Its weight.
    pub weight: u64,
}

/// A derivation that no fix cuts: for its goal no cut exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncuttable {
    /// The goal, by position.
    pub goal: usize,
    /// The target that is derived.
    pub target: NodeId,
    /// The edges, none of which has a fix that may be used. Empty where the target is an entry.
    pub edges: Vec<EdgeId>,
}

/// A set of fixes after which no goal has a derivation, and how good it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// The fixes, ascending. None can be left out.
    pub fixes: Vec<FixId>,
    /// What they cost.
    pub cost: u64,
    /// What any such set costs at least, as far as is proved.
    pub bound: u64,
    /// Why.
    pub proof: Proof,
}

impl Solution {
    /// Whether no cheaper set exists, by the proof.
    #[must_use]
    pub fn is_optimal(&self) -> bool {
        self.cost == self.bound
    }

    /// How far cost and bound are apart.
    #[must_use]
    pub fn gap(&self) -> u64 {
        self.cost - self.bound
    }

    /// The solution as data, for [`super::check`].
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        Certificate {
            version: VERSION,
            fixes: self.fixes.iter().map(|fix| fix.0).collect(),
            cost: self.cost,
            bound: self.bound,
            proof: self.proof.clone(),
        }
    }
}

/// What the solver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A cut.
    Cut(Solution),
    /// There is none, and why.
    Impossible(Uncuttable),
}
