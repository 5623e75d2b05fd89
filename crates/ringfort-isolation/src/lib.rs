//! What holds a container in: which controls are present, and which of them work.
//!
//! ```text
//!  pod specification ─┬─ tokens        which account tokens it can read as files (EFF-03, EFF-04)
//!                     ├─ user          which uid its processes have
//!                     ├─ capability    which capabilities they hold, and whether they can use them
//!                     ├─ privilege     whether they can gain more (no_new_privs)
//!  node, server ──────┼─ user_namespace  whether `hostUsers: false` does anything (EFF-UNS)
//!  runtime classes ───┼─ sandbox         whether a class name stands for a sandbox (EFF-RTC)
//!                     └─ profile         seccomp and AppArmor (EFF-SEC, EFF-AA)
//! ```
//!
//! Every control is judged as absent, present but not effective, effective, or unknown with
//! what is missing ([`Effect`]), and names the fields that decide. Unknown is never effective.

pub mod capability;
pub mod effect;
pub mod node_facts;
pub mod privilege;
pub mod profile;
pub mod sandbox;
pub mod scheduling;
pub mod tokens;
pub mod user;
pub mod user_namespace;

pub use capability::{CapabilityUse, Caps, DEFAULTS, capabilities, capability_use, has_cap};
pub use effect::{Control, Effect, container_path};
pub use node_facts::{LowLevelRuntime, NodeFacts};
pub use privilege::no_new_privileges;
pub use profile::{app_armor, seccomp};
pub use sandbox::sandbox;
pub use tokens::{
    Audience, ContainerTokens, TokenFile, TokenSource, automount, token_files, tokens_kept_out,
};
pub use user::{Uid, uid, uid_field};
pub use user_namespace::{user_namespace, user_namespace_with};
