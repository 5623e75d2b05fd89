//! The files of a suite: a directory or a `.tar` or `.tar.zst` archive; a directory may hold
//! one such archive instead.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cases::{SuiteError, open};

/// Every wanted file by its path inside, with forward slashes.
pub(crate) fn read(
    path: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, SuiteError> {
    let packed = archive_in(path)?;
    let path = packed.as_deref().unwrap_or(path);
    let io = |source| SuiteError::io(path, source);
    let mut files = BTreeMap::new();
    if path.is_dir() {
        let mut open_dirs = vec![path.to_owned()];
        while let Some(dir) = open_dirs.pop() {
            for entry in std::fs::read_dir(&dir).map_err(io)? {
                let found = entry.map_err(io)?.path();
                if found.is_dir() {
                    open_dirs.push(found);
                    continue;
                }
                let inside = found.strip_prefix(path).unwrap_or(&found);
                let parts: Vec<_> =
                    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
                let name = parts.join("/");
                if wanted(&name) {
                    files.insert(name, std::fs::read_to_string(&found).map_err(io)?);
                }
            }
        }
        return Ok(files);
    }
    let mut archive = tar::Archive::new(open(path)?);
    for entry in archive.entries().map_err(io)? {
        let mut entry = entry.map_err(io)?;
        let name = entry.path().map_err(io)?.to_string_lossy().into_owned();
        let name = name.trim_start_matches("./").to_owned();
        if !wanted(&name) || !entry.header().entry_type().is_file() {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(io)?;
        files.insert(name, text);
    }
    Ok(files)
}

/// The only archive directly in a directory.
pub(crate) fn archive_in(path: &Path) -> Result<Option<PathBuf>, SuiteError> {
    if !path.is_dir() {
        return Ok(None);
    }
    let listing = std::fs::read_dir(path).map_err(|source| SuiteError::io(path, source))?;
    let mut found: Vec<PathBuf> = listing
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.to_string_lossy();
            name.ends_with(".tar.zst") || name.ends_with(".tar")
        })
        .collect();
    Ok(if found.len() == 1 { found.pop() } else { None })
}
