//! What the checks' results say of a framework's controls.

use serde::Serialize;

use super::{Control, Framework};
use crate::run::Tally;

/// What is known of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It does not hold.
    Fail,
    /// What decides it is missing. Never a pass.
    Unknown,
    /// It holds.
    Pass,
    /// Nothing that was read is what it asks about.
    NotApplicable,
    /// No check asks for it.
    NotCovered,
}

impl State {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
            Self::NotCovered => "not-covered",
        }
    }
}

/// Controls by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Counts {
    pub pass: usize,
    pub fail: usize,
    pub unknown: usize,
    pub not_applicable: usize,
    pub not_covered: usize,
}

/// A check within a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The check.
    pub id: String,
    /// Its status, as in the list of checks; `not-run` if `--checks` left it out.
    pub status: &'static str,
    /// Objects that fail.
    pub fail: usize,
    /// Objects that pass.
    pub pass: usize,
    /// Objects of which it is unknown.
    pub unknown: usize,
    /// Whether it asks more than the control.
    pub wider: bool,
}

/// A control with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Its id in the framework.
    pub id: String,
    /// The part of the framework that it stands in.
    pub section: String,
    /// What it asks.
    pub title: String,
    /// What is known of it.
    pub state: State,
    /// Its checks.
    pub checks: Vec<Part>,
    /// Why it is unknown, or what is unknown beside a failure.
    pub reasons: Vec<String>,
}

/// A framework with the state of its controls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// The edition.
    pub version: String,
    /// The day of the edition, or on which its controls were read.
    pub date: String,
    /// Where it is published; may be empty.
    pub source: String,
    /// What a reader has to know.
    pub note: String,
    /// Percent, rounded down, of the controls that checks ask for and that apply which pass;
    /// unknown counts against it. None if there are none.
    pub score: Option<usize>,
    /// Percent, rounded down, of the controls that apply which pass or fail.
    pub coverage: usize,
    /// Controls by state.
    pub counts: Counts,
    /// The controls, in the order of the framework.
    pub controls: Vec<Judged>,
}

/// Judges a framework by the results of checks, which are in the order of their ids.
#[must_use]
pub fn assess(framework: &Framework, tallies: &[Tally]) -> Assessment {
    let controls: Vec<Judged> =
        framework.controls.iter().map(|control| judge(control, tallies)).collect();
    let mut counts = Counts::default();
    for control in &controls {
        *match control.state {
            State::Pass => &mut counts.pass,
            State::Fail => &mut counts.fail,
            State::Unknown => &mut counts.unknown,
            State::NotApplicable => &mut counts.not_applicable,
            State::NotCovered => &mut counts.not_covered,
        } += 1;
    }
    let decided = counts.pass + counts.fail;
    let asked = decided + counts.unknown;
    Assessment {
        id: framework.id.clone(),
        title: framework.title.clone(),
        version: framework.version.clone(),
        date: framework.date.to_string(),
        source: framework.source.clone(),
        note: framework.note.clone(),
        score: (counts.pass * 100).checked_div(asked),
        coverage: (decided * 100).checked_div(asked + counts.not_covered).unwrap_or(0),
        counts,
        controls,
    }
}

fn judge(control: &Control, tallies: &[Tally]) -> Judged {
    let wider = control.wider.iter().map(|id| (id, true));
    let parts = control.checks.iter().map(|id| (id, false)).chain(wider);
    let (mut state, mut reasons) = (State::NotApplicable, Vec::new());
    let mut checks = Vec::new();
    for (id, wider) in parts {
        let tally = tallies.iter().find(|tally| tally.id == id);
        let of = match tally.map(|tally| (tally.status, tally.reasons.first())) {
            None => {
                reasons.push(format!("{id} was not run"));
                State::Unknown
            }
            Some(("fail", _)) if wider => {
                reasons.push(format!("{id}, which asks more, fails"));
                State::Unknown
            }
            Some(("fail", _)) => State::Fail,
            Some(("pass", _)) => State::Pass,
            Some(("not-applicable", _)) => State::NotApplicable,
            Some((_, reason)) => {
                let missing = reason.map_or("no reason is known", |one| one.missing.as_str());
                reasons.push(format!("{id}: {missing}"));
                State::Unknown
            }
        };
        state = state.min(of);
        checks.push(Part {
            id: id.clone(),
            status: tally.map_or("not-run", |tally| tally.status),
            fail: tally.map_or(0, |tally| tally.fail),
            pass: tally.map_or(0, |tally| tally.pass),
            unknown: tally.map_or(0, |tally| tally.unknown),
            wider,
        });
    }
    if checks.is_empty() {
        state = State::NotCovered;
    }
    if let Some(rest) = &control.rest {
        // What no check asks is not answered by checks that do not apply either.
        state = state.min(State::Unknown);
        reasons.push(format!("not asked: {rest}"));
    }
    Judged {
        id: control.id.clone(),
        section: control.section.clone(),
        title: control.title.clone(),
        state,
        checks,
        reasons,
    }
}
