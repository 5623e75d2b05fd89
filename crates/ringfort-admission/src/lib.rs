//! What would be admitted in a namespace (semantics section 5).
//!
//! ```text
//!  Request ──► skipped? ──► MutatingAdmissionPolicies (CEL) ──► mutating webhooks
//!                               │  the object as it is made, or   │  may change the object
//!                               ▼  not known                      ▼
//!              Pod Security ──► ValidatingAdmissionPolicies (CEL) ──► validating webhooks
//!                               │                                        opaque: unknown
//!                               ▼
//!              Decision: admitted, refused by whom, unknown for which reasons
//! ```
//!
//! A refusal is proven by what is known, whatever else is not: where the object may be changed
//! on the way, only what refuses every object, or every object of the class that is asked about,
//! is a proof. Controls that are present and
//! do not hold are named beside the verdict and never count in it.

mod admission;
pub mod cel;
mod compiled;
mod decision;
pub mod defaulting;
mod engine;
mod environment;
mod escape;
pub mod held_rules;
mod in_force;
mod matching;
mod merge;
mod mutate;
pub mod mutation_rules;
pub mod own;
mod params;
mod patch;
mod pod_security;
mod policy;
mod quantity;
mod refusals;
mod request;
mod resource;
pub mod rules;
mod search;
mod shapes;
mod signature;
mod sketch;
mod webhook;
mod whole;

pub use admission::{Admission, Options};
pub use decision::{Control, Decision, Finding, Problem, Verdict};
pub use escape::{AddedContainer, ClassAdmission, PodAdmission, PodWrite};
pub use in_force::{EngineObject, Held};
pub use pod_security::Exemptions;
pub use refusals::{Action, Refusal, Refusals, Says};
pub use request::{Identity, Operation, Request};
pub use resource::ResourceType;
pub use signature::Signed;
pub use sketch::Shape;
pub use whole::{Ground, Namespaces, Whole};
