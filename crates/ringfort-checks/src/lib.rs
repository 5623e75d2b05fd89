//! Findings: what is wrong with which object, how sure that is, and what mends it.
//!
//! ```text
//!  engines ─► World ─► checks::ALL, one predicate a file ─► Outcomes: fail, pass, unknown, n/a
//!  graph ──────┤                                               │
//!  plan ───────┴───────── pairs, cuts, fixes ──────────────► Findings, ordered by what mending
//!                                                             them cuts, and a tally per check
//! ```
//!
//! - A check asks the engines and never matches rules, paths or names that an engine knows.
//! - Three values: what was not read, cannot be decided or panicked is unknown, with the
//!   reason, and lowers the coverage. Unknown is never a pass.
//! - Pods are judged once for each group of equal pods and reported once, on the owner; roles
//!   are judged by what bound subjects hold (checks CHK-01 to CHK-05).
//! - Ids of the catalogue that have no file yet are in [`checks::NOT_EVALUATED`] and answer
//!   unknown.

pub mod about;
pub mod adoption;
pub mod baseline;
pub mod check;
pub mod checks;
mod culprits;
mod custom;
mod entitled;
pub mod exceptions;
mod facts;
pub mod filter;
pub mod framework;
mod gain;
mod held;
mod images;
pub mod import;
mod isolated;
mod limits;
pub mod need;
pub mod order;
pub mod outcome;
pub mod own;
pub mod patience;
pub mod pods;
pub mod run;
mod runners;
mod secrets;
pub mod select;
mod settings;
mod tokens;
pub mod versions;
pub mod world;

pub use about::{About, Place};
pub use check::{Check, Doc, Judge, Modifier, Severity};
pub use exceptions::{Exception, ExceptionError, Exceptions};
pub use filter::{Chosen, FilterError, choose, choose_with, unanswered};
pub use framework::Framework;
pub use need::{Need, unmet};
pub use outcome::{Fault, Object, Outcomes, Verdict};
pub use run::{Finding, Findings, Repair, Tally, outcomes, run};
pub use select::{SelectError, Selection};
pub use world::World;
