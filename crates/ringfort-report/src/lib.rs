//! One report type, one file for each output format.
//!
//! [`Report`] is plain data with a documented, versioned JSON shape (`docs/report.md`); every
//! format reads it and nothing else. Names from a cluster are hostile until escaped: each
//! format escapes for its own medium.

mod adopted;
mod build;
pub mod change;
pub mod csv;
mod depth;
pub mod format;
pub mod framework;
pub mod gate;
pub mod gitlab_sast;
pub mod graph_export;
pub mod html;
pub mod human;
pub mod json;
pub mod junit;
mod locate;
pub mod markdown;
mod matrix;
pub mod ocsf;
mod picture;
pub mod prometheus;
mod report;
pub mod sarif;
mod score;
mod standing;
mod versions;

pub use build::{Head, build, shown as path};
pub use depth::controls;
pub use format::{Format, Rendered, UnknownFormat};
pub use report::{
    Connected, Coverage, Evidence, Facts, Filter, Fix, Gap, NoCut, Path, PlanSection, Planned,
    Point, Report, Source, Step, Tool, Unevaluated, Vector, VectorInstance, Zone,
};

/// The version of the JSON shape.
pub const SCHEMA: &str = "ringfort.report/1";
