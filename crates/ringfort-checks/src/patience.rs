//! How long a check may take. One that takes longer is given up where it goes from one object to
//! the next, and what it was asked is unknown.

use std::time::{Duration, Instant};

/// The payload with which a check that took too long unwinds.
pub(crate) struct TookTooLong;

/// Until when a check may go on; for ever by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience(Option<Instant>);

impl Patience {
    /// From now on for so long; for ever without a limit.
    #[must_use]
    pub fn of(limit: Option<Duration>) -> Self {
        Self(limit.and_then(|limit| Instant::now().checked_add(limit)))
    }

    /// Gives the check up if its time is over. It unwinds without a word: the runner says it.
    pub(crate) fn ask(&self) {
        if self.0.is_some_and(|end| Instant::now() >= end) {
            std::panic::resume_unwind(Box::new(TookTooLong));
        }
    }
}
