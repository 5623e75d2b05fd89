//! Which formats a run writes, and where to.

use std::path::{Path, PathBuf};

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
            let place = file.as_deref().map(place);
            if found.iter().any(|one| one.file.as_deref().map(self::place) == place) {
                return Err(usage("two formats for one output; write NAME=FILE"));
            }
            found.push(Wanted { name: name.to_owned(), format, file });
        }
        if let Some(file) = &self.output
            && found.iter().all(|one| one.file.as_ref() != Some(file))
        {
            let file = file.display();
            return Err(usage(format!("--output {file}: every format has a file of its own")));
        }
        Ok(found)
    }
}

/// One name for each place, however it is written: links are followed as far as there are any.
fn place(file: &Path) -> PathBuf {
    if let Ok(found) = file.canonicalize() {
        return found;
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), file.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => file.to_owned(),
    }
}
