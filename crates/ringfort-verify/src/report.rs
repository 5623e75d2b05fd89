//! What every suite is reported as: the outcome, what is not covered, and where the suite
//! comes from.
//!
//! The machine form is `{"suite", "commit", "agree", "total", "disagreements": [..],
//! "not_covered": [..]}`, with `explained` where a suite's cases may be refuted by a rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::kubehound::{Comparison, Verdict};
use crate::network::NetworkOutcome;
use crate::outcome::Outcome;

/// The most disagreements that are printed.
const SHOWN: usize = 20;

/// A suite's outcome with its origin.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Name of the suite.
    pub suite: String,
    /// `OWNER/REPOSITORY COMMIT`, `recorded`, `own`, or `unknown`.
    pub commit: String,
    /// Cases with the recorded answer.
    pub agree: usize,
    /// Cases asked, of those that count.
    pub total: usize,
    /// One line for each case with another answer.
    pub disagreements: Vec<String>,
    /// Name and reason of each case that the suite asks and nothing here covers.
    pub not_covered: Vec<NotCovered>,
    /// Cases whose answer a rule refutes, with the rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explained: Vec<String>,
}

/// A case that is not covered.
#[derive(Clone, Debug, Serialize)]
pub struct NotCovered {
    /// The case.
    pub case: String,
    /// Why not.
    pub reason: String,
}

impl Report {
    /// Whether there was a case, and none has another answer.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.total > 0
            && self.disagreements.is_empty()
            && self.agree + self.explained.len() == self.total
    }

    /// The suite under another name and with its origin.
    #[must_use]
    pub fn named(mut self, suite: &str, commit: String) -> Self {
        suite.clone_into(&mut self.suite);
        self.commit = commit;
        self
    }

    /// The first disagreements, the cases not covered, the origin, and `agree N of M`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = first(self.disagreements.iter());
        for one in &self.not_covered {
            let _ = writeln!(text, "not covered: {}: {}", one.case, one.reason);
        }
        for one in &self.explained {
            let _ = writeln!(text, "explained: {one}");
        }
        let _ = writeln!(text, "suite {} ({})", self.suite, self.commit);
        text.push_str(&closing(self.agree, self.total, self.explained.len()));
        text
    }

    /// The suite in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let mut text = format!("{}: agree {} of {}", self.suite, self.agree, self.total);
        if !self.explained.is_empty() {
            let _ = write!(text, ", explained {}", self.explained.len());
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &self.not_covered {
            *reasons.entry(&one.reason).or_default() += 1;
        }
        if !reasons.is_empty() {
            let counted: Vec<String> =
                reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            let count = self.not_covered.len();
            let _ = write!(text, ", not covered {count} ({})", counted.join("; "));
        }
        let _ = write!(text, " [{}]", self.commit);
        text
    }
}

/// The first disagreements, one a line.
pub(crate) fn first(all: impl Iterator<Item = impl AsRef<str>>) -> String {
    all.take(SHOWN).fold(String::new(), |text, line| text + line.as_ref() + "\n")
}

/// The line that closes every comparison.
pub(crate) fn closing(agree: usize, total: usize, explained: usize) -> String {
    match explained {
        0 => format!("agree {agree} of {total}\n"),
        _ => format!("agree {agree} of {total}, explained {explained}\n"),
    }
}

impl From<Outcome> for Report {
    fn from(outcome: Outcome) -> Self {
        Self {
            suite: outcome.suite,
            agree: outcome.agree,
            total: outcome.total,
            disagreements: outcome.disagreements,
            ..Self::default()
        }
    }
}

impl From<NetworkOutcome> for Report {
    fn from(found: NetworkOutcome) -> Self {
        let not_covered = found.not_covered.into_iter();
        let not_covered = not_covered.map(|(case, reason)| NotCovered { case, reason });
        Self { not_covered: not_covered.collect(), ..found.outcome.into() }
    }
}

/// Facts that must be present and are not count among the disagreements, never in the total.
impl From<&Comparison> for Report {
    fn from(found: &Comparison) -> Self {
        let mut report = Self {
            suite: "kubehound".to_owned(),
            agree: found.agree(),
            total: found.total(),
            ..Self::default()
        };
        for answer in &found.answers {
            let named = format!("{} {}", answer.attack, answer.fact);
            match &answer.verdict {
                Verdict::Agree => {}
                Verdict::Explained(rule) if answer.exact => {
                    report.explained.push(format!("{named}: {rule}"));
                }
                Verdict::Explained(rule) => {
                    report.disagreements.push(format!("{named}: must be present, but {rule}"));
                }
                Verdict::Contradiction(rule) => {
                    report.disagreements.push(format!("{named}: shown although {rule}"));
                }
                Verdict::Missing => report.disagreements.push(format!("{named}: missing")),
            }
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubehound::Answer;

    #[test]
    fn a_fact_that_must_be_present_cannot_be_explained_away() {
        let answer = |exact: bool, verdict: Verdict| Answer {
            attack: "A".into(),
            fact: "f".into(),
            exact,
            verdict,
        };
        let refuted = || Verdict::Explained("no".into());
        let all = |answers: Vec<Answer>| {
            let comparison = Comparison { answers };
            let report = Report::from(&comparison);
            assert_eq!(report.holds(), comparison.holds());
            report
        };
        let good = all(vec![answer(true, refuted()), answer(true, Verdict::Agree)]);
        assert!(good.holds());
        assert!(good.text().ends_with("agree 1 of 2, explained 1\n"));
        assert!(!all(vec![answer(true, Verdict::Agree), answer(false, refuted())]).holds());
        let both = Verdict::Contradiction("no".into());
        assert!(!all(vec![answer(true, Verdict::Agree), answer(true, both)]).holds());
        assert!(!all(Vec::new()).holds());
    }

    #[test]
    fn twenty_disagreements_are_printed_and_the_rest_counted() {
        let mut outcome = Outcome::of("x");
        for at in 0..30 {
            outcome.count((at > 4).then(|| format!("case {at}")));
        }
        let text = Report::from(outcome).text();
        assert_eq!(text.lines().filter(|line| line.starts_with("case ")).count(), 20);
        assert!(text.ends_with("agree 5 of 30\n"), "{text}");
    }
}
