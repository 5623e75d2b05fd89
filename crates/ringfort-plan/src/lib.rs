//! Fixes for paths, and what a change would do.
//!
//! ```text
//!  paths ──reasons──► candidate changes ──block in the graph──► the promising ones
//!                                                                    │
//!  cluster ──[`change::apply`]──► changed cluster ──pipeline──► pairs that are gone
//! ```
//!
//! A fix is printed only after the changed cluster went through the whole pipeline again.

pub mod change;
pub mod edits;
pub mod first;
pub mod fix;
pub mod owner;
pub mod what_if;

pub use change::{Change, ChangeError, Edit, apply};
pub use first::{FirstFix, first_fixes};
pub use fix::{Catalogue, Costs, Fix};
pub use what_if::{WhatIf, what_if};
