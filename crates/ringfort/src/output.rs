//! Which formats a run writes, and where to.

use std::path::PathBuf;

use anyhow::Result;
use ringfort_report::{Format, UnknownFormat};

use crate::args::Output;
use crate::commands::usage;

/// One format and its file; none for standard output.
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

impl Output {
    /// The formats as they were typed. Two for one place are wrong usage.
    pub(crate) fn wanted(&self) -> Result<Vec<Wanted>> {
        let mut found: Vec<Wanted> = Vec::new();
        for text in &self.formats {
            let (name, file) = match text.split_once('=') {
                Some((_, "")) => return Err(usage(format!("{text}: write NAME=FILE"))),
                Some((name, "-")) => (name, None),
                Some((name, file)) => (name, Some(PathBuf::from(file))),
                None => (text.as_str(), self.output.clone()),
            };
            let format = name.parse().map_err(|error: UnknownFormat| usage(error.to_string()))?;
            if found.iter().any(|one| one.file == file) {
                return Err(usage("two formats for one output; write NAME=FILE"));
            }
            found.push(Wanted { name: name.to_owned(), format, file });
        }
        Ok(found)
    }
}
