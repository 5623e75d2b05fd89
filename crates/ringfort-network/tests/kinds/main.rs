//! Every field that is modelled of the kinds that others define: what it does, and what looks
//! like it and does not; and that an unknown field is unknown. And rules of NetworkPolicy that
//! the random clusters of `naive` do not meet.

// Objects are written where they are used, and given away.
#![allow(clippy::needless_pass_by_value)]

mod admin;
mod calico;
mod cilium;
mod fields;
mod gains;
mod v1;
mod world;
