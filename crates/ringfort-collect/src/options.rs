//! Options of reading, and the limits that keep hostile input harmless.

use ringfort_model::KubeVersion;

use crate::live::LiveOptions;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Worker threads; 0 takes the number of processors.
    pub threads: usize,
    /// Whether a kind without a file has no object (`--complete`).
    pub complete: bool,
    /// The server's version where the source does not say it.
    pub version: Option<KubeVersion>,
    /// Limits.
    pub limits: Limits,
    /// How a live cluster is asked.
    pub live: LiveOptions,
}

/// Limits on what is read. Beyond them something is left out and becomes a gap.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one object. An API server takes at most 3 MiB in a request; objects of a dump
    /// are indented, which can triple them.
    pub object_bytes: usize,
    /// Bytes that an archive or compressed file may unpack to.
    pub unpacked_bytes: u64,
    /// Bytes unpacked for each byte packed, once 64 MiB have been unpacked.
    pub ratio: u64,
    /// Files or archive entries.
    pub entries: u64,
    /// Nesting of JSON and YAML.
    pub depth: usize,
    /// Bytes of one YAML file, which is parsed as a whole.
    pub yaml_bytes: u64,
    /// Bytes of list items that may wait for the list to say of which kind they are.
    pub held_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes: 16 << 20,
            unpacked_bytes: 64 << 30,
            ratio: 1000,
            entries: 2_000_000,
            depth: 100,
            yaml_bytes: 512 << 20,
            held_bytes: 256 << 20,
        }
    }
}
