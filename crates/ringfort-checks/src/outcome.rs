//! What a check says about an object.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Evidence, NodeKey, Why};
use ringfort_model::Str;

use crate::check::Severity;
use crate::patience::Patience;

/// An object that a result is about, by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    /// Kind name; `Group` and `User` for subjects that are no object, `Cluster` for all of it,
    /// `Resource` for a list that was not read.
    pub kind: Str,
    /// Namespace, empty for cluster scope.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl Object {
    /// An object.
    #[must_use]
    pub fn new(kind: &str, namespace: &Str, name: &Str) -> Self {
        Self { kind: Str::new(kind), namespace: namespace.clone(), name: name.clone() }
    }

    /// An object of cluster scope.
    #[must_use]
    pub fn wide(kind: &str, name: &str) -> Self {
        Self { kind: Str::new(kind), namespace: Str::default(), name: Str::new(name) }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// What is wrong with an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The fields that show it, as reasons; the plan knows the fixes of many of them.
    pub spots: Vec<Why>,
    /// Fields that show it and are not to be changed for it: those of others that the way leads on
    /// to, and what the object is by its purpose.
    pub beyond: Vec<Why>,
    /// Fields that show it and that no engine knows, in words.
    pub shown: Vec<Evidence>,
    /// What they mean together; may be empty.
    pub note: String,
    /// Positions in the graph at which it lies.
    pub at: BTreeSet<NodeKey>,
    /// The severity before modifiers, where it is not the check's own.
    pub severity: Option<Severity>,
    /// The control that compensates it, with effect.
    pub compensated: Option<String>,
    /// Whether the internet reaches it.
    pub exposed: bool,
    /// Whether it is a part of the cluster itself or of an add-on.
    pub system: bool,
    /// A command that mends it, where it is no change that the plan knows.
    pub command: Option<String>,
}

impl Fault {
    /// A fault that these fields show.
    #[must_use]
    pub fn of(spots: Vec<Why>) -> Self {
        Self { spots, ..Self::default() }
    }

    /// The same with words.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn join(&mut self, other: Self) {
        self.spots.extend(other.spots);
        self.beyond.extend(other.beyond);
        self.shown.extend(other.shown);
        if self.note.is_empty() {
            self.note = other.note;
        }
        self.at.extend(other.at);
        self.severity = self.severity.max(other.severity);
        // A part that nothing compensates is not compensated.
        if other.compensated.is_none() {
            self.compensated = None;
        }
        self.exposed |= other.exposed;
        self.system &= other.system;
        self.command = self.command.take().or(other.command);
    }
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bad state is there.
    Fail(Fault),
    /// Evidence that decides it is missing. Never a pass.
    Unknown(BTreeSet<String>),
    /// The state is good.
    Pass,
    /// The check does not ask about such an object.
    NotApplicable,
}

impl Verdict {
    /// Unknown for want of one thing.
    #[must_use]
    pub fn missing(what: impl Into<String>) -> Self {
        Self::Unknown(BTreeSet::from([what.into()]))
    }

    /// Failed if there is a spot, else passed.
    #[must_use]
    pub fn of(spots: Vec<Why>) -> Self {
        if spots.is_empty() { Self::Pass } else { Self::Fail(Fault::of(spots)) }
    }

    /// Failed if there is a spot, else unknown if something is missing, else passed.
    #[must_use]
    pub fn with(spots: Vec<Why>, missing: BTreeSet<String>) -> Self {
        match (spots.is_empty(), missing.is_empty()) {
            (false, _) => Self::Fail(Fault::of(spots)),
            (true, false) => Self::Unknown(missing),
            (true, true) => Self::Pass,
        }
    }

    /// Stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fail(_) => "fail",
            Self::Unknown(_) => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// Of two parts of one object the worse decides: fail, unknown, pass, not applicable.
    pub fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Fail(own), Self::Fail(other)) => own.join(other),
            (Self::Fail(_), _) | (Self::Unknown(_) | Self::Pass, Self::NotApplicable) => {}
            (Self::Unknown(own), Self::Unknown(other)) => own.extend(other),
            (Self::Unknown(_) | Self::Pass, Self::Pass) => {}
            (_, other) => *self = other,
        }
    }
}

/// The results of one check, by object.
#[derive(Clone, Debug, Default)]
pub struct Outcomes(BTreeMap<Object, Verdict>, Patience);

impl Outcomes {
    /// Results of a check that is given up when its time is over.
    #[must_use]
    pub fn until(patience: Patience) -> Self {
        Self(BTreeMap::new(), patience)
    }

    /// Adds a result; of several about one object the worst decides.
    pub fn add(&mut self, object: Object, verdict: Verdict) {
        self.1.ask();
        match self.0.entry(object) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(verdict);
            }
            std::collections::btree_map::Entry::Occupied(mut known) => {
                known.get_mut().join(verdict);
            }
        }
    }

    /// The results in the order of the objects.
    pub fn iter(&self) -> impl Iterator<Item = (&Object, &Verdict)> {
        self.0.iter()
    }

    /// What is wrong, in the order of the objects.
    pub fn failed(self) -> impl Iterator<Item = (Object, Fault)> {
        self.into_iter().filter_map(|(object, verdict)| match verdict {
            Verdict::Fail(fault) => Some((object, fault)),
            _ => None,
        })
    }

    /// The result about an object.
    #[must_use]
    pub fn get(&self, object: &Object) -> Option<&Verdict> {
        self.0.get(object)
    }
}

impl IntoIterator for Outcomes {
    type Item = (Object, Verdict);
    type IntoIter = std::collections::btree_map::IntoIter<Object, Verdict>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
