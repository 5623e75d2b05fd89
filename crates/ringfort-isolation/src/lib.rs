//! What holds a container in: which controls are present, and which of them work.
//!
//! ```text
//!  pod specification ─┬─ tokens, mountable_secrets   what it can read (EFF-AUTO, EFF-05)
//!                     ├─ user, non_root              which uid its processes have (EFF-NONROOT)
//!                     ├─ capability, privilege       what they hold and can gain (EFF-CAPS, EFF-APE)
//!                     ├─ root_filesystem, proc_mount what they can change and see (EFF-RO)
//!                     ├─ images, lasting             what runs (EFF-IMG, EFF-PULLCRED, EFF-06)
//!  node, server ──────┼─ user_namespace              `hostUsers: false` (EFF-UNS)
//!  runtime classes ───┼─ sandbox                     a class that stands for a sandbox (EFF-RTC)
//!                     ├─ profile, se_linux           seccomp, AppArmor, SELinux
//!  all pods, nodes ───┼─ scheduling                  who can run beside it (EFF-SCHED)
//!  namespace ─────────┼─ quota, pod_security         (EFF-QUOTA, EFF-PSS)
//!  mesh ──────────────┼─ mesh                        who may connect to it (EFF-MESH)
//!  cloud, API server ─┴─ outside                     what only facts from there decide
//! ```
//!
//! Every control is judged as absent, present but not effective, effective, or unknown with
//! what is missing ([`Effect`]), and names the fields that decide. Unknown is never effective.
//! [`features`] says from which version what exists. [`controls`] lists every rule and who judges
//! it: some are judged elsewhere, by the engines that know.

pub mod capability;
pub mod control_rules;
pub mod controls;
pub mod effect;
pub mod features;
pub mod images;
pub mod lasting;
pub mod mesh;
pub mod mesh_rules;
pub mod mountable_secrets;
pub mod node_facts;
pub mod non_root;
pub mod outside;
pub mod pod_security;
pub mod privilege;
pub mod proc_mount;
pub mod profile;
pub mod quota;
pub mod root_filesystem;
pub mod rules;
pub mod sandbox;
pub mod scheduling;
pub mod se_linux;
pub mod token_control;
pub mod tokens;
pub mod user;
pub mod user_namespace;

pub use capability::{
    CapabilityUse, Caps, DEFAULTS, capabilities, capability_use, dropped_capabilities, has_cap,
};
pub use effect::{Control, Effect, container_path};
pub use images::{digest_pin, images, is_pinned, pull_credentials};
pub use lasting::{lasting, lasts};
pub use mesh::{Member, Mesh, Ports};
pub use mountable_secrets::mountable_secrets;
pub use node_facts::{Handler, LowLevelRuntime, NodeFacts, PullVerification};
pub use non_root::non_root;
pub use outside::{
    audit_log, cloud_identity, metadata_block, secret_encryption, workload_identity,
};
pub use pod_security::pod_security;
pub use privilege::no_new_privileges;
pub use proc_mount::proc_mask;
pub use profile::{app_armor, seccomp};
pub use quota::quota;
pub use root_filesystem::read_only_root;
pub use sandbox::{sandbox, sandbox_with};
pub use se_linux::se_linux;
pub use token_control::{no_token, unread_secrets};
pub use tokens::{
    Audience, ContainerTokens, TokenFile, TokenSource, TokenVariable, automount, token_files,
    tokens_kept_out,
};
pub use user::{Uid, uid, uid_field};
pub use user_namespace::{user_namespace, user_namespace_with};
