//! The portable snapshot file (`.rfs`), described in `docs/snapshot.md`.
//!
//! ```text
//!  RFSNAP1\n
//!  {"format":3,"source":"dump","version":"v1.36.2",…}\n      header, one line of JSON
//!  zstd frame with checksum:
//!      one object of the API's shape per line, by kind, namespace, name
//!      {"end":N}\n                                            number of objects
//! ```

use std::io::{BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

use crate::cluster::{Cluster, ClusterBuilder, SourceKind};
use crate::coverage::{Coverage, Gap, Listed, Written};
use crate::kinds::Object;
use crate::record;
use crate::text::{Interner, Str, with_interner};
use crate::version::KubeVersion;

/// The first bytes of a snapshot.
pub const MAGIC: &[u8; 8] = b"RFSNAP1\n";

/// The version of the format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 4;

/// The first format that says which annotations hold credentials.
const ANNOTATED: u32 = 3;

/// The first format that says which keys of ConfigMaps hold credentials, be they known by a name
/// only, and which words of command lines do.
const KEYED: u32 = 4;

/// Longest header, in bytes.
const LONGEST_HEADER: u64 = 64 << 20;

/// Why a snapshot cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Reading or writing failed, or the data is damaged.
    #[error("snapshot cannot be read or written")]
    Io(#[from] std::io::Error),
    /// The file does not begin as a snapshot does.
    #[error("not a snapshot")]
    Magic,
    /// The header is not what the format says.
    #[error("snapshot header: {0}")]
    Header(String),
    /// A newer format.
    #[error("snapshot format {0} is newer than this program reads, which is {FORMAT}")]
    Format(u32),
    /// An object does not read.
    #[error("snapshot object {number}: {reason}")]
    Object {
        /// Position, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// The file ends before its end.
    #[error("snapshot ends early, after {0} objects")]
    Truncated(usize),
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    source: SourceKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minor: Option<u32>,
    #[serde(default)]
    version: Str,
    resources: Vec<(Str, Listed)>,
    rest_is_complete: bool,
    not_listed: Vec<Str>,
    #[serde(default)]
    unread: bool,
    gaps: Vec<Gap>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    written: Vec<Written>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: usize,
}

/// Writes a snapshot.
pub fn write(cluster: &Cluster, mut out: impl Write) -> Result<(), SnapshotError> {
    let header = Header {
        format: FORMAT,
        source: cluster.source,
        minor: cluster.version.map(|version| version.minor),
        version: cluster.git_version.clone(),
        resources: cluster
            .coverage
            .resources
            .iter()
            .map(|(name, listed)| (name.clone(), listed.clone()))
            .collect(),
        rest_is_complete: cluster.coverage.rest_is_complete,
        not_listed: cluster.coverage.not_listed.clone(),
        unread: cluster.coverage.unread,
        gaps: cluster.gaps.clone(),
        written: cluster.written.clone(),
    };
    out.write_all(MAGIC)?;
    serde_json::to_writer(&mut out, &header).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    let mut frame = zstd::stream::write::Encoder::new(out, 3)?;
    frame.include_checksum(true)?;
    let mut count = 0;
    for object in cluster.objects() {
        frame.write_all(&object.to_json())?;
        frame.write_all(b"\n")?;
        count += 1;
    }
    serde_json::to_writer(&mut frame, &End { end: count }).map_err(std::io::Error::from)?;
    frame.write_all(b"\n")?;
    frame.finish()?.flush()?;
    Ok(())
}

/// Reads a snapshot. Objects longer than `largest` bytes are refused.
pub fn read(mut input: impl BufRead, largest: usize) -> Result<Cluster, SnapshotError> {
    let mut magic = [0; MAGIC.len()];
    input.read_exact(&mut magic).map_err(|_| SnapshotError::Magic)?;
    if magic != *MAGIC {
        return Err(SnapshotError::Magic);
    }
    let mut line = Vec::new();
    (&mut input).take(LONGEST_HEADER).read_until(b'\n', &mut line)?;
    #[derive(Deserialize)]
    struct FormatOnly {
        format: u32,
    }
    let wrong = |error: serde_json::Error| SnapshotError::Header(error.to_string());
    let format: FormatOnly = serde_json::from_slice(&line).map_err(wrong)?;
    if format.format > FORMAT {
        return Err(SnapshotError::Format(format.format));
    }
    let header: Header = serde_json::from_slice(&line).map_err(wrong)?;
    let mut builder = ClusterBuilder::new(header.source);
    builder.version(header.minor.map(KubeVersion::minor), &header.version);
    *builder.coverage() = Coverage {
        resources: header.resources.into_iter().collect(),
        rest_is_complete: header.rest_is_complete,
        not_listed: header.not_listed,
        unread: header.unread,
    };
    for gap in header.gaps {
        builder.gap(&gap.subject, &gap.reason);
    }
    if format.format < ANNOTATED {
        let reason = "whether they hold credentials was not looked at by the program that wrote \
                      the snapshot";
        builder.gap("annotations", reason);
    }
    if format.format < KEYED {
        let reason = "whether they hold credentials that a name tells was not looked at by the \
                      program that wrote the snapshot";
        builder.gap("configmaps", reason);
        builder.gap("command lines of containers", reason);
    }
    builder.written(header.written);
    let frame = BufReader::new(zstd::stream::read::Decoder::with_buffer(input)?);
    let (result, _) = with_interner(Interner::default(), || objects(frame, largest, &mut builder));
    result?;
    Ok(builder.freeze())
}

fn objects(
    mut frame: impl BufRead,
    largest: usize,
    builder: &mut ClusterBuilder,
) -> Result<(), SnapshotError> {
    let mut count = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut frame).take(largest as u64 + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Err(SnapshotError::Truncated(count));
        }
        let number = count + 1;
        if read > largest {
            let reason = format!("is longer than {largest} bytes");
            return Err(SnapshotError::Object { number, reason });
        }
        if line.starts_with(b"{\"end\"") {
            let end: End = serde_json::from_slice(&line)
                .map_err(|error| SnapshotError::Object { number, reason: error.to_string() })?;
            // Reading on to the end of the frame checks its checksum.
            let mut rest = [0; 1];
            if end.end != count || frame.read(&mut rest)? != 0 {
                return Err(SnapshotError::Truncated(count));
            }
            return Ok(());
        }
        let wrong = |reason: String| SnapshotError::Object { number, reason };
        let mut object = Object::read_again(&line).map_err(|error| wrong(error.to_string()))?;
        if let Object::ConfigMap(config) = &mut object {
            // The values that they were found in are gone; the snapshot vouches for them, be it
            // without their keys.
            let kept: record::ConfigMap =
                serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
            config.credentials = kept.credentials;
        }
        if let Object::Secret(secret) = &mut object {
            let kept: record::Secret =
                serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
            secret.credentials = kept.credentials;
        }
        builder.add(object);
        count += 1;
    }
}
