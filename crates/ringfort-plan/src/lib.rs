//! Fixes for paths, and what a change would do.
//!
//! ```text
//!  paths ──reasons──► candidate changes ──block in the graph──► the promising ones
//!                                                                    │
//!  cluster ──[`apply::apply`]──► changed cluster ──pipeline──► pairs that are gone
//! ```
//!
//! A fix is printed only after the changed cluster went through the whole pipeline again.

mod admit;
mod aggregate;
pub mod apply;
pub mod change;
mod closing;
mod completed;
pub mod edits;
pub mod first;
pub mod fix;
pub mod folder;
mod invalid;
mod left;
mod lift;
mod named;
mod narrow;
mod nodes;
pub mod owner;
mod place;
pub mod plan;
pub mod plan_file;
mod points;
pub mod question;
mod refuse;
mod renew;
pub mod rollback;
mod same;
pub mod what_if;

pub use apply::apply;
pub use change::{Change, ChangeError, Edit};
pub use first::{FirstFix, first_fixes};
pub use fix::{Catalogue, Costs, Fix, Remedies};
pub use folder::{DryRun, StepFile, Tried, files, patches};
pub use plan::{Plan, PlanError, Posed, Residual, Wish, Work, plan, planned, pose, tried};
pub use plan_file::{CheckError, FixFile, NoCut, PlanFile, PointFile};
pub use question::{GoalText, Pair, Question, QuestionError};
pub use what_if::{WhatIf, what_if, what_if_asked};
