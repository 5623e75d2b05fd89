//! The attack graph: every way in, every way on, and what it ends in.
//!
//! ```text
//!  internet ──► vector instance ──► pods ──► container ──token──► account ──► role ──► power
//!                                               │                                       │
//!                                               └──escape──► node ──► tokens, Secrets   ▼
//!                                                              └────────────────────► impact
//! ```
//!
//! Techniques ([`techniques`]) are one file each; they ask the engines and draw edges through
//! a [`maker::Maker`]. Permissions are factored by role and power, pods by unit, so that edges
//! grow with objects and not with pairs; meaning never changes with size.

mod annotated;
pub mod argo_policy;
pub mod argo_settings;
pub mod attack;
mod bindable;
mod choice;
pub mod cloud;
pub mod conjunction;
mod constrained;
pub mod context;
pub mod coverage;
mod draw;
pub mod effect;
mod engine_policies;
mod escape;
pub mod evidence;
pub mod find;
pub mod gitops;
pub mod given;
mod harm;
mod held_back;
mod ids;
mod image;
pub mod impact;
mod listener;
pub mod maker;
mod mesh;
mod network;
pub mod node;
pub mod operator;
mod placement;
mod pod_making;
mod problems;
pub mod recognise;
pub mod server;
mod signed;
mod structure;
pub mod technique;
pub mod techniques;
pub mod vectors;
pub mod webhooks;
pub mod why;
mod writes;

pub use attack::{Attack, Engines};
pub use context::{Context, Ground};
pub use escape::{NodeMount, node_mounts, path_gives, user_namespace_holds};
pub use evidence::{Evidence, target};
pub use held_back::held_back;
pub use impact::Impact;
pub use maker::{EdgeInfo, WhyId};
pub use node::{Files, Limited, NodeKey, Power, Provider, RoleKey, Scope, Subject};
pub use structure::is_everything;
pub use technique::{Confidence, Difficulty, FixKind, Technique, Zone};
pub use vectors::{Instance, State, Vector};
pub use why::{BindingKey, Way, Why};
