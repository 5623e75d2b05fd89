//! Which findings are asked for: severities and namespaces. A word that names nothing is an
//! error that names it, never an empty result.

use std::collections::BTreeSet;

use ringfort_attack::find::matches;
use ringfort_model::Str;

use crate::check::{Severity, UnknownSeverity};
use crate::run::Finding;

/// A filter that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No severity.
    #[error("--severity: {0}")]
    Severity(#[from] UnknownSeverity),
    /// No namespace.
    #[error("--namespace {0}: nothing that was read is in such a namespace")]
    Namespace(String),
}

/// What is asked for; by default everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    severities: BTreeSet<Severity>,
    namespaces: Vec<String>,
}

impl Selection {
    /// From words: severities, or `>=` and one of them; namespaces, with `*` for any text.
    pub fn new(severities: &[String], namespaces: &[String]) -> Result<Self, SelectError> {
        let mut chosen = BTreeSet::new();
        for word in severities {
            let word = word.trim();
            match word.strip_prefix(">=") {
                Some(least) => {
                    let least: Severity = least.trim().parse()?;
                    chosen.extend(Severity::ALL.into_iter().filter(|one| *one >= least));
                }
                None => {
                    chosen.insert(word.parse()?);
                }
            }
        }
        let namespaces = namespaces.iter().map(|word| word.trim().to_owned()).collect();
        Ok(Self { severities: chosen, namespaces })
    }

    /// Whether the namespaces that are asked for are among those that exist.
    pub fn exists(&self, known: &BTreeSet<Str>) -> Result<(), SelectError> {
        let lost = |word: &&String| !known.iter().any(|name| matches(word, name));
        match self.namespaces.iter().find(lost) {
            Some(word) => Err(SelectError::Namespace(word.clone())),
            None => Ok(()),
        }
    }

    /// The severities that are asked for, the mildest first; empty for all.
    #[must_use]
    pub fn severities(&self) -> Vec<&'static str> {
        self.severities.iter().map(|one| one.name()).collect()
    }

    /// The namespaces that are asked for; empty for all.
    #[must_use]
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Whether something is of the severities that are asked for.
    #[must_use]
    pub fn has_severity(&self, finding: &Finding) -> bool {
        let known = Severity::ALL.into_iter().find(|one| one.name() == finding.severity);
        self.severities.is_empty() || known.is_some_and(|one| self.severities.contains(&one))
    }

    /// Whether a finding's object is in the namespaces that are asked for, or is one of them.
    #[must_use]
    pub fn has_place(&self, finding: &Finding) -> bool {
        self.namespaces.is_empty() || finding.about.is_in(|name| self.has_namespace(name))
    }

    /// Whether a namespace is asked for.
    #[must_use]
    pub fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|word| matches(word, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(severities: &[&str], namespaces: &[&str]) -> Result<Selection, SelectError> {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        Selection::new(&owned(severities), &owned(namespaces))
    }

    #[test]
    fn words_that_name_nothing_are_errors() {
        assert_eq!(selection(&["HIGH", " critical"], &[]).unwrap().severities().len(), 2);
        assert_eq!(selection(&[">=medium"], &[]).unwrap().severities().len(), 3);
        let error = selection(&["hihg"], &[]).unwrap_err().to_string();
        assert!(error.contains("hihg"), "{error}");
        assert!(selection(&[""], &[]).is_err());
        assert!(selection(&[">high"], &[]).is_err());
        let known: BTreeSet<Str> = ["shop".into(), "ops".into()].into();
        let asked = selection(&[], &["shop", "o*"]).unwrap();
        assert_eq!(asked.exists(&known), Ok(()));
        let asked = selection(&[], &["shop", "shpo"]).unwrap();
        assert_eq!(asked.exists(&known), Err(SelectError::Namespace("shpo".into())));
    }
}
