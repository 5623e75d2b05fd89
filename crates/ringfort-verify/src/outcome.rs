//! The outcome of a suite: how many answers agree, and which do not.

use std::fmt;

/// Agreement with a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was asked, for example `podsec`.
    pub suite: String,
    /// Cases asked.
    pub total: usize,
    /// Cases with the recorded answer.
    pub agree: usize,
    /// One line for each of the others, in the order of the file.
    pub disagreements: Vec<String>,
}

impl Outcome {
    /// An outcome without cases.
    #[must_use]
    pub fn of(suite: &str) -> Self {
        Self { suite: suite.to_owned(), ..Self::default() }
    }

    /// Counts a case; `difference` says what is different, if anything.
    pub fn count(&mut self, difference: Option<String>) {
        self.total += 1;
        match difference {
            None => self.agree += 1,
            Some(line) => self.disagreements.push(line),
        }
    }

    /// Whether there was at least one case and every one agreed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.total > 0 && self.agree == self.total
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: agree {} of {}", self.suite, self.agree, self.total)
    }
}
