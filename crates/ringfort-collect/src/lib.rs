//! Reads clusters from API servers, dumps, archives, manifests and snapshots.
//!
//! ```text
//!  directory ─┐                 ┌ split   items of a JSON List, without parsing them
//!  archive   ─┼─ walk ─ file ───┤                 │ batches
//!  stdin     ─┘   limits        ├ yaml    documents as JSON
//!  API server ── live ─ page ───┴ snapshot        ▼
//!                                            pool ── Object::read_as ──► ClusterBuilder
//! ```
//!
//! Nothing is unpacked to disk. One broken file, entry or object never stops a run: it
//! becomes a gap that names it, and the rest is read.

mod document;
mod field_lines;
mod finish;
mod guard;
mod lists;
mod live;
mod manifest;
mod names;
mod options;
mod pool;
mod split;
mod tabs;
mod unjudged;
mod version;
mod visit;
mod walk;
mod yaml;

use std::path::PathBuf;
use std::sync::Arc;

use ringfort_model::Cluster;
use ringfort_model::record::FieldLines;

pub use live::{Live, LiveOptions, Trial, Tried, Write, dry_run};
pub use options::{Limits, Options};
pub use visit::{HELD, Raw, Visited, Visitor, hold, visit};

/// Where to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory, a file, an archive or a snapshot.
    Path(PathBuf),
    /// Standard input, of any of the formats that a file may have.
    Stdin,
    /// What could be read once only, kept ([`hold`]).
    Held {
        /// The path as given, or `standard input`.
        place: String,
        /// The name that files have in reports.
        name: String,
        /// All of it.
        bytes: Arc<[u8]>,
    },
    /// A running cluster.
    Live(Live),
}

/// What was read.
#[derive(Debug)]
pub struct Collected {
    /// The cluster, its gaps included.
    pub cluster: Cluster,
    /// What the source was recognised as, for one line on standard error.
    pub described: String,
}

/// Why nothing could be read at all.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The source itself cannot be opened.
    #[error("cannot read {path}")]
    Open {
        /// The path as given.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A cluster cannot be reached, or its configuration cannot be used.
    #[error("cannot reach the cluster: {reason}")]
    Connect {
        /// Why.
        reason: String,
    },
    /// There is no object in it.
    #[error("no Kubernetes object in {place}{detail}")]
    Empty {
        /// The path, or `standard input`.
        place: String,
        /// The first gap, if any.
        detail: String,
    },
    /// A snapshot that cannot be read.
    #[error("{place}")]
    Snapshot {
        /// The path.
        place: String,
        /// Why.
        #[source]
        source: ringfort_model::snapshot::SnapshotError,
    },
}

/// Reads a source.
pub fn read(source: &Source, options: &Options) -> Result<Collected, CollectError> {
    match source {
        Source::Live(live) => live::read(live, options),
        other => walk::read(other, options),
    }
}

/// Reads objects from texts in memory: file name and bytes each.
pub fn read_objects(texts: &[(&str, &[u8])], options: &Options) -> Result<Collected, CollectError> {
    walk::read_texts(texts, options)
}

/// Every document of a YAML or JSON text as a JSON value, with the scalars that kubectl reads.
pub fn yaml_values(text: &str) -> Result<Vec<serde_json::Value>, std::io::Error> {
    let limits = Limits::default();
    let (documents, errors) = yaml::documents(text, 0, limits.depth, 1_000_000);
    match errors.into_iter().next() {
        Some(error) => Err(std::io::Error::other(error)),
        None => Ok(documents.into_iter().map(|document| document.value).collect()),
    }
}

/// A document and the lines on which its values stand.
pub type Lined = (serde_json::Value, FieldLines);

fn lined(documents: Vec<yaml::Document>) -> Vec<Lined> {
    documents.into_iter().map(|one| (one.value, FieldLines::new(&one.lines))).collect()
}

/// The same of a file of settings, where a mapping that says a key twice is an error, and a number
/// that is not written as it would be printed stays text: `1.30` is no `1.3`.
pub fn yaml_settings(text: &str) -> Result<Vec<Lined>, std::io::Error> {
    let settings = yaml::settings(text, Limits::default().depth, 1_000_000);
    settings.map(lined).map_err(std::io::Error::other)
}

/// The same with the lines on which values stand.
pub fn yaml_documents(text: &str) -> Result<Vec<Lined>, std::io::Error> {
    let (documents, errors) = yaml::documents(text, 0, Limits::default().depth, 1_000_000);
    match errors.into_iter().next() {
        Some(error) => Err(std::io::Error::other(error)),
        None => Ok(lined(documents)),
    }
}
