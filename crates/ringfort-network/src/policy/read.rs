//! What readers of all kinds share.

use crate::policy::rule::Tri;

/// A field that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) field: String,
    pub(crate) reason: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "field {}: {}", self.field, self.reason)
    }
}

pub(crate) fn refuse(field: impl Into<String>, reason: impl Into<String>) -> Refused {
    Refused { field: field.into(), reason: reason.into() }
}

/// What does not read of a whole specification, as `PATH: REASON` below it.
pub(crate) fn unread(said: &str) -> Refused {
    match said.split_once(": ") {
        Some(("apiVersion", reason)) => refuse("apiVersion", reason),
        Some((field, reason)) if reason == "is not modelled" => refuse(field, reason),
        _ => refuse("spec", said),
    }
}

/// Whether a block of addresses means nodes, by whether it means pods: implementations that
/// match packets by address match both, those with identities neither.
pub(crate) fn blocks_match(pods: Tri) -> Tri {
    pods
}
