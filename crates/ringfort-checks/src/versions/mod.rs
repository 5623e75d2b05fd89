//! Versions of the cluster's components: which run, until when they are supported, which
//! advisories concern them, and which removed API versions are written.
//!
//! ```text
//!  versions.json ─► Data (dated, checked) ─┐
//!  nodes, images, /version ─► inventory ───┼─► judge: yes, no, unknown ─► reached: by whom ─► triage
//!  apiVersion of manifests ────────────────┘
//! ```
//!
//! Everything is judged on the day of the data, so that the same input gives the same answer on
//! every day; how old the data are is said by the program, which has a clock. A component of
//! which the data know nothing is unknown, and so is a version that no object shows or that a
//! distribution builds with fixes of its own. `docs/versions.md` documents data and rules.

mod apis;
mod conditions;
mod data;
mod images;
mod inventory;
mod judge;
mod reached;
mod release;
mod section;
mod triage;

pub use data::{AdvisoryError, Data, DataError, STALE_DAYS, Source};
pub use section::{Advised, ApiUse, Section, Versioned, measure};
pub use triage::{Affected, Place, Triage, Urgency, triage};

pub(crate) use data::Gives;
pub(crate) use images::mark;
pub(crate) use inventory::{Running, Site, running};
pub(crate) use judge::{Answer, concerning};
pub(crate) use release::{Bound, Point, Range};
pub(crate) use section::support;
