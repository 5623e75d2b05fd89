//! The Common Expression Language as the API server evaluates it for admission.
//!
//! Expressions are parsed, and the libraries of Kubernetes are called, through `kube-cel`.
//! The evaluation of the language itself is here, because three things must hold that a plain
//! interpreter does not give:
//!
//! - an error is a value: `&&`, `||`, `all` and `exists` absorb it where the other side
//!   decides (cel-go `interpreter`);
//! - what is not known is a value too: an expression whose outcome does not depend on it is
//!   decided, every other one is unknown with the reason, and nothing is guessed;
//! - of an object nothing but a few fields may be known, and of a list a few elements: what
//!   holds for every such object is decided;
//! - a field of something that has no fields is an error, never `false`.
//!
//! `docs/admission.md` lists what is decided and what is unknown.

mod call;
mod compare;
mod convert;
pub(crate) mod cost;
mod eval;
mod expression;
mod function;
mod opaque;
mod open;
mod pattern;

pub use eval::Environment;
pub(crate) use expression::Words;
pub use expression::{Expression, ExpressionError};
pub(crate) use opaque::as_partial;
pub use opaque::{anything, open_list, partial};

pub use kube_cel::cel::Value;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The server's evaluation ends in an error too.
    Error(String),
    /// Not known here, for this reason.
    Unknown(String),
}

/// The outcome of an expression.
pub type Outcome = Result<Value, Stop>;

pub use convert::from_json;
pub(crate) use convert::{configuration, operations};
