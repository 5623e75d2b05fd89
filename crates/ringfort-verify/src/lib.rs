//! Runs truth suites and says where Ringfort agrees. Other tools' conventions are handled
//! here and never in an engine.

pub mod automount;
pub mod cases;
pub mod controls;
pub mod escalation;
pub mod exposure;
mod files;
pub mod kubehound;
pub mod network;
pub mod origin;
pub mod outcome;
pub mod podsec;
pub mod rbac;
pub mod report;
pub mod suites;
pub mod vap;

pub use cases::SuiteError;
pub use outcome::Outcome;
pub use report::Report;
