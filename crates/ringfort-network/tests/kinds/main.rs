//! Every field that is modelled of the kinds that others define: what it does, and what looks
//! like it and does not; and that an unknown field is unknown.

mod admin;
mod calico;
mod cilium;
mod world;
