//! What a check is: one file each, one line in [`crate::checks::ALL`].

use ringfort_attack::Zone;
use ringfort_model::Kind;

use crate::outcome::{Outcomes, Verdict};
use crate::world::{Place, World};

/// How bad a finding is (checks CHK-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// All, the mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Moved by some steps, within the five.
    #[must_use]
    pub fn moved(self, steps: i32) -> Self {
        let at = (self as i32 + steps).clamp(0, 4);
        Self::ALL[usize::try_from(at).unwrap_or_default()]
    }
}

impl std::str::FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        let known = Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| UnknownSeverity(text.to_owned()))
    }
}

/// A word that is no severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no severity; info, low, medium, high and critical are")]
pub struct UnknownSeverity(pub String);

/// What moves the severity of a finding (CHK-05), in the order of application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Modifier {
    /// One up if the object lies on a path from an open or guarded entry to a target.
    Path,
    /// One up if the internet reaches it.
    Exposed,
    /// One down if a control that compensates is effective; the finding names it.
    Compensated,
}

impl Modifier {
    /// As the catalogue writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "+path",
            Self::Exposed => "+ext",
            Self::Compensated => "-eff",
        }
    }
}

/// The fixed documentation sections of a check; its row and page are generated from them.
#[derive(Clone, Copy, Debug)]
pub struct Doc {
    /// Why the state is bad, in a sentence or two.
    pub why: &'static str,
    /// When it fails, exactly.
    pub fails: &'static str,
    /// What looks like it and passes.
    pub not: &'static str,
    /// When it is unknown, beside kinds that were not read.
    pub unknown: &'static str,
    /// What to change.
    pub fix: &'static str,
}

/// How a check looks at a cluster.
#[derive(Clone, Copy)]
pub enum Judge {
    /// One group of equal pods after the other; the results are joined for each owner.
    Pods(fn(&World<'_>, &Place<'_>) -> Verdict),
    /// Whatever it wants to.
    Cluster(fn(&World<'_>, &mut Outcomes)),
    /// Whole objects were asked before ([`crate::own`]); the results come with the world.
    Asked,
}

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Stable id `RF-AREA-NNN`, never reused.
    pub id: &'static str,
    /// The bad state.
    pub title: &'static str,
    /// Zone of the defence.
    pub zone: Zone,
    /// Severity without modifiers.
    pub severity: Severity,
    /// What moves it.
    pub modifiers: &'static [Modifier],
    /// Checks of other catalogues with a similar intent.
    pub references: &'static [&'static str],
    /// Kinds that must have been read in full; each that was not is an unknown of its own.
    pub reads: &'static [Kind],
    /// Documentation.
    pub doc: Doc,
    /// The predicate.
    pub judge: Judge,
}

/// Ids are unique.
impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Check {}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}
