//! What a technique is: one file each, one row in [`crate::techniques::ALL`].

use crate::context::Context;
use crate::maker::Maker;

/// Zone of an edge: where on the way from outside to harm it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// Initial access.
    Initial,
    /// In-cluster movement.
    InCluster,
    /// Impact.
    Impact,
}

impl Zone {
    /// The three zones in the order in which an attacker passes them.
    pub const ALL: [Self; 3] = [Self::Initial, Self::InCluster, Self::Impact];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial-access",
            Self::InCluster => "in-cluster",
            Self::Impact => "impact",
        }
    }
}

/// How hard a step is (techniques TEC-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Difficulty {
    /// No act at all: what follows is already held.
    D0,
    /// One ordinary request or shell command.
    D1,
    /// Several ordinary steps, or waiting for a frequent event.
    D2,
    /// Exploit code, a race, or a specific runtime condition.
    D3,
    /// An act of a victim, or a rare configuration.
    D4,
}

impl Difficulty {
    /// Weight in a path's effort.
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Self::D0 => 0,
            Self::D1 => 1,
            Self::D2 => 2,
            Self::D3 => 5,
            Self::D4 => 12,
        }
    }

    /// The next harder class, for a control that weakens an edge (TEC-05).
    #[must_use]
    pub fn harder(self) -> Self {
        match self {
            Self::D0 => Self::D1,
            Self::D1 => Self::D2,
            Self::D2 => Self::D3,
            Self::D3 | Self::D4 => Self::D4,
        }
    }
}

/// How sure an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Every condition is shown by an object that was read.
    Proven,
    /// An upstream default that is insecure was assumed where nothing could be read.
    AssumedDefault,
    /// A control stands in the way whose effect cannot be decided.
    UnverifiedControl,
    /// A condition lies outside what was read: the edge's note names the fact that would
    /// decide it. Never a pass: the edge is drawn, and reports say that it is unknown.
    Unknown,
}

impl Confidence {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::AssumedDefault => "assumed-default",
            Self::UnverifiedControl => "unverified-control",
            Self::Unknown => "unknown",
        }
    }
}

/// What sort of change cuts a technique (techniques TEC-09).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum FixKind {
    Rbac,
    Pss,
    Pod,
    Netpol,
    Admission,
    Node,
    Cloud,
    Cicd,
    Image,
    Mesh,
    Delete,
}

/// The fixed documentation sections of a technique; its page is generated from them.
#[derive(Clone, Copy, Debug)]
pub struct Doc {
    /// What an attacker does, in two or three sentences.
    pub what: &'static str,
    /// When the edge exists, exactly.
    pub when: &'static str,
    /// What looks like it and is no edge.
    pub not: &'static str,
    /// What weakens or removes it, and which versions matter; empty if nothing does.
    pub controls: &'static str,
    /// How to cut it.
    pub cut: &'static str,
    /// The upstream source of the rule: document or source path.
    pub upstream: &'static str,
}

/// One technique.
#[derive(Clone, Copy)]
pub struct Technique {
    /// Stable id in kebab case, never reused.
    pub id: &'static str,
    /// The act in a few words, for a step of a path: `read the pod's token`.
    pub title: &'static str,
    /// Zone of its edges.
    pub zone: Zone,
    /// Ids in MITRE ATT&CK and the Microsoft threat matrix.
    pub attack: &'static [&'static str],
    /// Its difficulty without discounts.
    pub difficulty: Difficulty,
    /// What sorts of change cut it.
    pub cut_by: &'static [FixKind],
    /// Documentation.
    pub doc: Doc,
    /// Adds its edges.
    pub find: fn(&Context<'_>, &mut Maker<'_>),
}

impl std::fmt::Debug for Technique {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}
