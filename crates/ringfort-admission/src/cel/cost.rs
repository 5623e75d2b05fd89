//! The budget of an evaluation (apiserver `pkg/apis/cel/config.go`, cel-go `interpreter`
//! `runtimecost.go`).
//!
//! The server stops an expression that costs too much, which is an error. The count here
//! follows the same tables but not to the last unit, so an evaluation that comes near the
//! limit is unknown: it is never said to be inside or outside.

use std::cell::Cell;

use super::Stop;

/// Limit of one expression.
pub(crate) const PER_EXPRESSION: u64 = 1_000_000;
/// Limit of all expressions of one binding with one parameter.
pub(crate) const PER_BINDING: u64 = 10_000_000;
/// Limit of the match conditions of one policy or webhook.
pub(crate) const MATCH_CONDITIONS: u64 = 2_500_000;

/// The part of a limit up to which the count is sure to be inside it.
const SURE: u64 = 4;

/// Counts.
#[derive(Debug)]
pub(crate) struct Cost {
    spent: Cell<u64>,
    total: Cell<u64>,
    limit: u64,
}

impl Cost {
    /// With the limit of everything that is counted together.
    pub(crate) fn new(limit: u64) -> Self {
        Self { spent: Cell::new(0), total: Cell::new(0), limit }
    }

    /// Begins an expression.
    pub(crate) fn begin(&self) {
        self.spent.set(0);
    }

    /// Counts; unknown when a limit may be reached.
    pub(crate) fn spend(&self, units: u64) -> Result<(), Stop> {
        let spent = self.spent.get().saturating_add(units);
        let total = self.total.get().saturating_add(units);
        self.spent.set(spent);
        self.total.set(total);
        if spent > PER_EXPRESSION / SURE || total > self.limit / SURE {
            return Err(Stop::Unknown("the expression may exceed its cost budget".to_owned()));
        }
        Ok(())
    }
}

/// The cost of reading a text: a tenth of its length, rounded up.
pub(super) fn text(length: usize) -> u64 {
    (length as u64).div_ceil(10)
}
