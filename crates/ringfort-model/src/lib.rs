//! What is known about a Kubernetes cluster, compact and frozen.
//!
//! ```text
//!  JSON bytes ──Kind::read──► Object ──ClusterBuilder::add──► Tables ──freeze──► Cluster
//!                  │ border: values of Secrets are never read, others scrubbed
//!                  └ records keep the API's own shape, with only the fields that rules read
//! ```
//!
//! - [`record`] holds one struct per kind in the API's own shape; nulls are absent fields.
//! - [`Cluster`] holds one sorted table per kind; [`Id`]s are positions in them and follow
//!   the order of namespace and name, so anything computed in id order is deterministic.
//! - [`Coverage`] says for every resource whether an object that is missing here does not
//!   exist, or is merely not known.
//! - Text is interned ([`Str`]), pod specifications are shared between equal pods: 150,000
//!   pods of a few hundred templates cost little more than their names.
//!
//! There is no client, no runtime, no clock and no I/O here.

pub mod api_server;
pub mod border;
pub mod cluster;
pub mod coverage;
pub mod credential;
pub mod defaults;
pub mod id;
pub mod image;
pub mod kinds;
pub mod mutation;
mod owner;
pub mod record;
pub mod snapshot;
pub mod table;
pub mod text;
pub mod token_volume;
pub mod unit;
pub mod version;
pub mod wire;

pub use border::{keeps_entry, keeps_variable};
pub use cluster::{Cluster, ClusterBuilder, SourceKind, SpecPool};
pub use coverage::{Coverage, Gap, Listed, Written};
pub use id::{EntityId, IdError};
pub use kinds::{Duplicate, Kind, Object, ObjectError, Tables};
pub use record::{
    Container, ContainerKind, Pod, PodSpec, Record, RollOut, Volume, VolumeSource, Workload,
    WorkloadKind,
};
pub use table::{Id, Table};
pub use text::{Interner, Str, go_bool, with_interner};
pub use unit::{Unit, is_replica_label};
pub use version::KubeVersion;
pub use wire::{IntOrString, Keys, List, Map};
