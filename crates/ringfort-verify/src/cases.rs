//! Reads recorded answers: JSON Lines, plain or zstd.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Why a suite could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A line or a file inside is not what the suite's format says.
    #[error("{place}: {reason}")]
    Format {
        /// File and line, or file inside the archive.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// Nothing to compare with.
    #[error("no cases in {0}")]
    Empty(PathBuf),
}

impl SuiteError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn format(place: impl Into<String>, reason: &dyn Display) -> Self {
        Self::Format { place: place.into(), reason: reason.to_string() }
    }
}

/// Opens a file, and unpacks it if its name ends in `.zst`.
pub fn open(path: &Path) -> Result<Box<dyn Read>, SuiteError> {
    let file = File::open(path).map_err(|source| SuiteError::io(path, source))?;
    if path.extension().is_some_and(|end| end == "zst") {
        let decoder = zstd::stream::read::Decoder::new(file)
            .map_err(|source| SuiteError::io(path, source))?;
        return Ok(Box::new(decoder));
    }
    Ok(Box::new(file))
}

/// Gives every line of a JSON Lines file to `each`, with its number from 1.
pub fn each_line<T: DeserializeOwned>(
    path: &Path,
    each: impl FnMut(usize, T) -> Result<(), SuiteError>,
) -> Result<(), SuiteError> {
    each_line_in(open(path)?, path, each)
}

/// The same of what is read already; `path` is what errors name.
pub(crate) fn each_line_in<T: DeserializeOwned>(
    read: impl Read,
    path: &Path,
    mut each: impl FnMut(usize, T) -> Result<(), SuiteError>,
) -> Result<(), SuiteError> {
    let mut count = 0;
    for (at, line) in BufReader::new(read).lines().enumerate() {
        let line = line.map_err(|source| SuiteError::io(path, source))?;
        if line.trim().is_empty() {
            continue;
        }
        let place = format!("{}:{}", path.display(), at + 1);
        let case = serde_json::from_str(&line).map_err(|e| SuiteError::format(place, &e))?;
        each(at + 1, case)?;
        count += 1;
    }
    if count == 0 { Err(SuiteError::Empty(path.to_owned())) } else { Ok(()) }
}
