//! Pod Security Standards as the API server decides them, by policy version.
//!
//! ```text
//!  namespace labels ──NamespacePolicy::of──► level and version per mode
//!                                                 │
//!  pod specification (defaulted) ──evaluate──► checks::REGISTRY at that level and version
//!                                                 │
//!                                            Vec<Violation>, empty = admitted
//! ```
//!
//! - [`request`]: what the plug-in answers to a pod, a change of one, a template.
//! - [`mod@relabel`]: what it answers to a change of the labels.
//! - [`mod@standing`]: where a namespace stands, and the label that it could have today.
//!
//! Follows kubernetes/pod-security-admission: `policy/registry.go` for which checks run
//! (semantics PSS-01, PSS-02), `policy/check_*.go` for each of them, `api/helpers.go` for
//! the labels. A check is one file below [`checks`]; its version edges are data there.
//!
//! A specification must have been defaulted first (`ringfort_model::defaults::pod`): a
//! volume without a source is an emptyDir, and a pod on the host network holds host ports.

pub mod checks;
pub mod escape;
pub mod evaluate;
pub mod exempt;
pub mod level;
pub mod namespace;
pub mod relabel;
pub mod request;
pub mod rules;
pub mod standing;

pub use escape::{EscapeClass, admits, classes_admitted};
pub use evaluate::{Violation, evaluate, refusal_message, strictest};
pub use exempt::Exemptions;
pub use level::{Level, NEWEST_MINOR, PolicyVersion};
pub use namespace::{NamespacePolicy, enforcement_on};
pub use relabel::{Relabelled, label_new, relabel};
pub use request::{Answer, Body, Request, is_ignored, is_significant};
pub use standing::{Holder, Patch, Standing, Violating, standing, standings};
