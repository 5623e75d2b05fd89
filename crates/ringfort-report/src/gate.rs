//! Gates: what must not be in a report. A gate fails closed: where something that it asks about
//! could not be read it is undecided, which is not passed.
//!
//! - `severity>=S`, `new-finding`, `new-finding>=S`: findings that no exception covers; undecided
//!   while the checks lack evidence that could be read in principle.
//! - `new-path`: a connected pair of a way in and a target that was not connected before;
//!   undecided while a kind that rules read was not read in full.
//! - `zone<N`, `zone.ID<N`: a score below N, of any zone or of one; undecided while a zone has no
//!   score, unless what is known already leaves less.
//! - `coverage<N`: the lower of the percent of kinds read and the percent of results decided.
//!
//! `--severity` decides what is shown, never what a gate sees.

use ringfort_attack::Zone as ZoneId;
use ringfort_checks::{Need, Severity};
use ringfort_language::{Sentence, message, sentence};
use serde::Serialize;

use crate::report::{Gap, Report, Zone};

/// A gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Any finding at least this bad.
    Severity(Severity),
    /// Any finding at least this bad that is new or worse.
    NewFinding(Severity),
    /// Any new pair.
    NewPath,
    /// Coverage below this percent.
    Coverage(u32),
    /// A score of this zone, or of any, below this.
    Zone(Option<ZoneId>, u32),
}

/// The zones that a gate may name.
const ZONES: [ZoneId; 3] = [ZoneId::Initial, ZoneId::InCluster, ZoneId::Impact];

/// Why a text is no gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// No such gate.
    #[error(
        "--fail-on {0}: no such gate; severity>=S, new-finding, new-finding>=S, new-path, coverage<N, zone<N and zone.ID<N are"
    )]
    Unknown(String),
    /// No severity.
    #[error("--fail-on {gate}: {reason}")]
    Severity {
        /// The text.
        gate: String,
        /// Why.
        reason: ringfort_checks::check::UnknownSeverity,
    },
    /// No percentage.
    #[error("--fail-on {0}: write a whole number from 1 to 100")]
    Percent(String),
    /// No zone.
    #[error("--fail-on {0}: initial-access, in-cluster and impact are zones")]
    Zone(String),
}

impl std::str::FromStr for Gate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let severity = |word: &str| {
            word.parse().map_err(|reason| GateError::Severity { gate: text.to_owned(), reason })
        };
        if plain == "new-path" {
            return Ok(Self::NewPath);
        }
        if plain == "new-finding" {
            return Ok(Self::NewFinding(Severity::Info));
        }
        if let Some(word) = plain.strip_prefix("new-finding>=") {
            return severity(word).map(Self::NewFinding);
        }
        if let Some(word) = plain.strip_prefix("severity>=") {
            return severity(word).map(Self::Severity);
        }
        let number = |word: &str| {
            let number = word.parse().ok().filter(|number| (1..=100).contains(number));
            number.ok_or_else(|| GateError::Percent(text.to_owned()))
        };
        if let Some(word) = plain.strip_prefix("coverage<") {
            return number(word).map(Self::Coverage);
        }
        if let Some(word) = plain.strip_prefix("zone<") {
            return number(word).map(|least| Self::Zone(None, least));
        }
        if let Some((name, word)) =
            plain.strip_prefix("zone.").and_then(|rest| rest.split_once('<'))
        {
            let zone = ZONES.into_iter().find(|zone| zone.name() == name);
            let zone = zone.ok_or_else(|| GateError::Zone(text.to_owned()))?;
            return number(word).map(|least| Self::Zone(Some(zone), least));
        }
        Err(GateError::Unknown(text.to_owned()))
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Severity(least) => write!(f, "severity>={}", least.name()),
            Self::NewFinding(Severity::Info) => f.write_str("new-finding"),
            Self::NewFinding(least) => write!(f, "new-finding>={}", least.name()),
            Self::NewPath => f.write_str("new-path"),
            Self::Coverage(percent) => write!(f, "coverage<{percent}"),
            Self::Zone(None, least) => write!(f, "zone<{least}"),
            Self::Zone(Some(zone), least) => write!(f, "zone.{}<{least}", zone.name()),
        }
    }
}

impl Gate {
    /// Whether it compares with a baseline.
    #[must_use]
    pub fn needs_baseline(self) -> bool {
        matches!(self, Self::NewFinding(_) | Self::NewPath)
    }
}

/// How a gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing that it forbids is there, and all that it asks about was read.
    Passed,
    /// Something that it forbids is there.
    Failed,
    /// Nothing that it forbids was found, but something that it asks about was not read; or the
    /// coverage is too low.
    Undecided,
}

/// What a gate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The gate.
    pub gate: String,
    /// How it stands.
    pub state: State,
    /// Why, in a few words.
    pub why: Sentence,
    /// The first of what failed it or is missing.
    pub first: Vec<Sentence>,
}

/// How many reasons are named.
const NAMED: usize = 5;

/// Judges a report before anything is filtered out by severity. `needs` is what the checks did
/// not get, `unanswered` the words of `--checks` that only name ids without a predicate,
/// `broken` whether some file or object was not read in full.
#[must_use]
pub fn judge(
    gate: Gate,
    report: &Report,
    needs: &[Need],
    unanswered: &[String],
    broken: bool,
) -> Judged {
    let said = |state, why: Sentence, first: Vec<Sentence>| Judged {
        gate: gate.to_string(),
        state,
        why,
        first: first.into_iter().take(NAMED).collect(),
    };
    let mut missing: Vec<Sentence> = Vec::new();
    if broken {
        missing.push(sentence!("a file or an object was not read in full, see the gaps"));
    }
    let not_read = || report.coverage.incomplete.iter().map(not_read);
    let failing: Vec<Sentence> = match gate {
        Gate::Coverage(percent) => {
            let kinds = report.coverage.percent;
            let results = report.checked.as_ref().map_or(0, |checked| checked.checks_coverage);
            let why =
                sentence!("{kinds}% of kinds read, {results}% of results decided", kinds, results);
            let enough = kinds.min(results) >= percent && !broken;
            let state = if enough { State::Passed } else { State::Undecided };
            return said(state, why, missing);
        }
        Gate::Severity(least) | Gate::NewFinding(least) => {
            missing.extend(needs.iter().map(|need| {
                let (missing, check) = (&need.missing, need.checks[0]);
                match need.checks.len() {
                    1 => sentence!("{missing} ({check})", missing, check),
                    count => sentence!(
                        "{missing} ({check} and {more} more)",
                        missing,
                        check,
                        more = count - 1
                    ),
                }
            }));
            let words = unanswered.iter();
            missing.extend(
                words.map(|word| sentence!("no check behind {word} is evaluated yet", word)),
            );
            let new_only = matches!(gate, Gate::NewFinding(_));
            let findings = report.checked.iter().flat_map(|checked| &checked.findings);
            findings
                .filter(|one| one.severity.parse::<Severity>().is_ok_and(|known| known >= least))
                .filter(|one| one.about.excepted.is_none())
                .filter(|one| !new_only || one.about.change != Some("unchanged"))
                .map(|one| Sentence::plain(format!("{} {}", one.id, one.object)))
                .collect()
        }
        Gate::Zone(which, least) => {
            let meant = |zone: &&Zone| which.is_none_or(|known| known.name() == zone.id);
            let zones: Vec<&Zone> = report.zones.iter().filter(meant).collect();
            if zones.is_empty() {
                missing.push(sentence!("no zone was judged"));
            }
            if zones.iter().any(|zone| zone.score.is_none()) {
                missing.extend(not_read());
            }
            let lower = zones.iter().filter(|zone| zone.score.unwrap_or(zone.at_most) < least);
            lower
                .map(|zone| {
                    let (title, known) = (Sentence::plain(zone.title), zone.coverage);
                    match zone.score {
                        Some(score) => {
                            sentence!("{zone}: {score}, {known}% known", zone = title, score, known)
                        }
                        None => sentence!(
                            "{zone}: at most {score}, {known}% known",
                            zone = title,
                            score = zone.at_most,
                            known
                        ),
                    }
                })
                .collect()
        }
        Gate::NewPath => {
            missing.extend(not_read());
            let new = report.baseline.iter().flat_map(|change| &change.new_paths);
            new.filter(|pair| !pair.excepted)
                .map(|pair| Sentence::plain(format!("{} -> {}", pair.from, pair.to)))
                .collect()
        }
    };
    match (failing.len(), missing.len()) {
        (0, 0) => said(State::Passed, counted(gate, 0), Vec::new()),
        (0, 1) => said(State::Undecided, sentence!("one thing is missing"), missing),
        (0, count) => {
            said(State::Undecided, sentence!("{count} things are missing", count), missing)
        }
        (count, _) => said(State::Failed, counted(gate, count), failing),
    }
}

/// Something that was not read, and why.
pub(crate) fn not_read(gap: &Gap) -> Sentence {
    sentence!("{subject}: {reason}", subject = &gap.subject, reason = &gap.reason)
}

/// How many of what a gate forbids there are.
fn counted(gate: Gate, count: usize) -> Sentence {
    let [none, one, many] = match gate {
        Gate::NewPath => {
            [message!("no new path"), message!("one new path"), message!("{count} new paths")]
        }
        Gate::NewFinding(_) => [
            message!("no new finding"),
            message!("one new finding"),
            message!("{count} new findings"),
        ],
        Gate::Severity(_) | Gate::Coverage(_) => {
            [message!("no finding"), message!("one finding"), message!("{count} findings")]
        }
        Gate::Zone(..) => [
            message!("no score that is lower"),
            message!("one score that is lower"),
            message!("{count} scores that are lower"),
        ],
    };
    match count {
        0 => Sentence::plain(none),
        1 => Sentence::plain(one),
        _ => Sentence::plain(many).with("count", count),
    }
}

/// The exit code of all gates: 3 if one failed, else 4 if one is undecided, else 0.
#[must_use]
pub fn exit_code(judged: &[Judged]) -> u8 {
    let any = |state| judged.iter().any(|one| one.state == state);
    match (any(State::Failed), any(State::Undecided)) {
        (true, _) => 3,
        (false, true) => 4,
        (false, false) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_read_as_they_are_written() {
        for text in [
            "severity>=high",
            "new-finding",
            "new-finding>=medium",
            "new-path",
            "coverage<95",
            "zone<70",
            "zone.initial-access<1",
            "zone.in-cluster<50",
            "zone.impact<100",
        ] {
            assert_eq!(text.parse::<Gate>().expect(text).to_string(), text);
        }
        assert_eq!("severity >= HIGH".parse(), Ok(Gate::Severity(Severity::High)));
        for text in [
            "",
            "severity",
            "severity>=hihg",
            "severity>high",
            "severty>=high",
            "new-paths",
            "coverage<0",
            "coverage<101",
            "coverage<x",
            "coverage>50",
            "zone",
            "zone<0",
            "zone<101",
            "zone>70",
            "zone<",
            "zone.<70",
            "zone.imapct<70",
            "zone.impact",
        ] {
            assert!(text.parse::<Gate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_failed_gate_weighs_more_than_an_undecided_one() {
        let one =
            |state| Judged { gate: String::new(), state, why: Sentence::default(), first: vec![] };
        assert_eq!(exit_code(&[]), 0);
        assert_eq!(exit_code(&[one(State::Passed)]), 0);
        assert_eq!(exit_code(&[one(State::Undecided), one(State::Passed)]), 4);
        assert_eq!(exit_code(&[one(State::Undecided), one(State::Failed)]), 3);
    }
}
