//! What was seen of each object, added up while objects pass by in any order on any thread.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::Evidence;

use crate::check::Severity;
use crate::outcome::{Fault, Object, Outcomes, Verdict};

/// Results of checks that were worked out beside the graph, by id.
#[derive(Clone, Debug, Default)]
pub struct Answers(pub(super) BTreeMap<&'static str, Outcomes>);

impl Answers {
    /// The results of a check; `None` if it was not asked.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<&Outcomes> {
        self.0.get(id)
    }
}

/// One thing that is wrong with an object, or with one of those that it owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wrong {
    /// The milder the later, so that the worst is the first.
    pub(super) mildness: std::cmp::Reverse<Severity>,
    /// The object itself, as `Kind namespace/name`.
    pub(super) object: String,
    pub(super) note: String,
    pub(super) evidence: Vec<Evidence>,
}

/// What was seen of an object and of those that it owns.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Objects that something is wrong with.
    wrong: BTreeSet<String>,
    worst: Option<Wrong>,
    unknown: BTreeSet<String>,
}

/// Reasons that are kept of one owner; more say nothing new.
const MOST: usize = 1000;

impl Seen {
    pub(super) fn fails(&mut self, wrong: Wrong) {
        self.wrong.insert(wrong.object.clone());
        if self.worst.as_ref().is_none_or(|worst| wrong < *worst) {
            self.worst = Some(wrong);
        }
    }

    pub(super) fn unknown(&mut self, reason: String) {
        if self.unknown.len() < MOST {
            self.unknown.insert(reason);
        }
    }

    /// The result for an object that all this was seen of.
    pub(super) fn verdict(self, object: &Object) -> Verdict {
        let Some(worst) = self.worst else {
            return match self.unknown.is_empty() {
                true => Verdict::Pass,
                false => Verdict::Unknown(self.unknown),
            };
        };
        let own = object.to_string();
        let others = self.wrong.iter().filter(|one| **one != own).count();
        let note = match others {
            0 => worst.note,
            1 => format!("{}: {}", worst.object, worst.note),
            _ => format!("{}: {} ({others} such objects)", worst.object, worst.note),
        };
        Verdict::Fail(Fault {
            note,
            shown: worst.evidence,
            severity: Some(worst.mildness.0),
            ..Fault::default()
        })
    }
}
