//! Who may do what, exactly as a Kubernetes API server decides it.
//!
//! ```text
//!  Request ──► system:masters? ──► Node authorizer ──► RBAC ──► Decision: yes / no / unknown
//!                                                        │
//!              Grant { binding, subject, role, rule } ◄──┘ the reason of a yes
//! ```
//!
//! - [`authorizers`]: what the server's own modes allow beside Node and RBAC.
//! - [`rule`]: whether one rule allows one request (kubernetes `pkg/apis/rbac/v1/evaluation_helpers.go`).
//! - [`Authz`]: bindings indexed by subject (`plugin/pkg/auth/authorizer/rbac/rbac.go`).
//! - [`cover`] and [`escalation`]: what may be written into roles and bindings (`pkg/registry/rbac`).
//! - [`impersonation`]: acting as somebody else (apiserver `pkg/endpoints/filters/impersonation`).
//!
//! Semantics section 1 numbers the rules; comments name them.

pub mod authorizers;
pub mod cover;
pub mod decide;
pub mod escalation;
pub mod evaluator;
pub mod impersonation;
pub mod limited;
pub mod node;
pub mod request;
pub mod rule;
pub mod rules;

pub use authorizers::{Beyond, Said, beyond};
pub use cover::{covers, uncovered};
pub use decide::{Decision, Reason};
pub use escalation::{Gate, full_authority};
pub use evaluator::{Authz, Granted};
pub use node::NodeAuthorizer;
pub use request::{Attributes, Request, User};
pub use rule::{Names, RuleRequest, rule_allows_path, rule_names};
