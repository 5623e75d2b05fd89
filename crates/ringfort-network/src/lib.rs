//! What reaches what: network policies between pods, and exposure to the outside.

pub mod exposure;
pub mod policy;
