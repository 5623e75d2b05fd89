//! Which connections policies allow (semantics section 3).
//!
//! ```text
//!  objects ─ read_* ─► policies in one form ─► sets of classes ─► rows of verdicts ─► Network
//!                      stage, group, rules      class, atoms       row, decide
//! ```
//!
//! - [`Network::new`] reads every policy and computes, for each subject, the verdict of every
//!   class of peers.
//! - [`Network::between`] answers for two classes: what is allowed, what is unknown, and the
//!   policy and rule that decide each connection.
//! - [`Network::enforcement`] says whether anything enforces it. That is a separate question.

mod asked;
mod atoms;
mod calico_order;
mod calico_ports;
mod calico_selector;
mod cilium_labels;
mod class;
mod decide;
mod enforce;
mod family;
mod gain;
mod gather;
mod network;
mod peers;
mod place;
mod read;
mod read_admin;
mod read_calico;
mod read_cilium;
mod read_v1;
mod row;
mod settings;
mod share;
mod strict;
mod suggest;

pub mod address;
pub mod cni_rules;
pub mod connection;
pub mod expr;
pub mod gain_rules;
pub mod label;
pub mod ranges;
pub mod rule;
pub mod rules;

pub use address::AddressSet;
pub use class::NamedPorts;
pub use class::resolve;
pub use class::{Class, Segment, TemplateKey};
pub use connection::{ConnectionSet, Protocol};
pub use decide::{Piece, Reason, Verdict};
pub use enforce::{Agent, Enforcement};
pub use family::{Families, Family};
pub use gain::Change;
pub use gather::Assumptions;
pub use network::{Between, Network};
pub use place::{Passage, Place, PlaceError};
pub use rule::{Action, Direction, Peer, Policy, PolicyError, PolicyName, Ports, Rule, Tri};
pub use share::CutShare;
pub use suggest::{SuggestError, Suggestion, suggest};
