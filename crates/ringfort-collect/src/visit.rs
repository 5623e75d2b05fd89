//! A second look at a source: every object whole, as it is written there, one after the other,
//! and none of them kept.
//!
//! Records hold the fields that the engines read. Who asks about any field, as rules of the
//! user's own and admission policies do, sees the object itself. The second look passes over the
//! same objects as the first one, and leaves out what was a gap there.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use ringfort_model::record::{FieldLines, Meta};
use ringfort_model::{Listed, Str};

use crate::document::TypeMeta;
use crate::lists::stand;
use crate::pool::read_one;
use crate::{CollectError, Options, Source, live, walk};

/// Bytes of standard input, or of a pipe, that are kept to be read twice.
pub const HELD: u64 = 1 << 30;

/// An object as its source holds it, but for `metadata.managedFields`, which may be left out, and
/// values of Secrets, which a live cluster is not asked for.
#[derive(Debug)]
pub struct Raw<'r> {
    /// Group and version.
    pub api_version: &'r str,
    /// Kind.
    pub kind: &'r str,
    /// Metadata as the model keeps it, with the place in a manifest.
    pub meta: &'r Meta,
    /// The object.
    pub json: &'r [u8],
}

/// Which objects somebody wants to see, by group with version and kind, and what is done with each.
/// Several threads call both.
#[derive(Clone, Copy)]
pub struct Visitor<'v> {
    /// Whether objects of a type are wanted.
    pub wanted: &'v (dyn Fn(&str, &str) -> bool + Sync),
    /// Takes an object.
    pub each: &'v (dyn Fn(&Raw<'_>) + Sync),
}

impl Visitor<'_> {
    /// Shows an object if it is wanted and reads.
    pub(crate) fn show(&self, types: &TypeMeta, json: &[u8], (file, line): (&Str, u32)) {
        if !(self.wanted)(&types.api_version, &types.kind) {
            return;
        }
        if let Ok((mut object, _)) = read_one(types, json) {
            stand(&mut object, file, line, FieldLines::default);
            let (api_version, kind) = (types.api_version.as_str(), types.kind.as_str());
            (self.each)(&Raw { api_version, kind, meta: object.meta(), json });
        }
    }
}

/// How a second look ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visited {
    /// Every object that was kept the first time was shown, if it was wanted.
    Whole,
    /// As far as lists of a running cluster could be read: how each of `plural.group` ended.
    Lists(BTreeMap<String, Listed>),
    /// Nothing was shown: a snapshot holds records and no whole objects.
    Records,
}

/// A source that can be read twice: what can be read once only is kept in memory.
pub fn hold(source: Source) -> Result<Source, CollectError> {
    let (place, name, reader): (_, String, Box<dyn Read>) = match &source {
        Source::Stdin => {
            ("standard input".to_owned(), "stdin".to_owned(), Box::new(std::io::stdin().lock()))
        }
        Source::Path(path) if is_pipe(path) => {
            let open = |error| CollectError::Open { path: path.clone(), source: error };
            let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into());
            let file = std::fs::File::open(path).map_err(open)?;
            (path.display().to_string(), name, Box::new(file))
        }
        _ => return Ok(source),
    };
    let open = |error| CollectError::Open { path: place.clone().into(), source: error };
    let mut bytes = Vec::new();
    reader.take(HELD + 1).read_to_end(&mut bytes).map_err(open)?;
    if bytes.len() as u64 > HELD {
        let text = format!("it is read twice and holds more than {HELD} bytes; name a file");
        return Err(open(std::io::Error::other(text)));
    }
    Ok(Source::Held { place, name, bytes: Arc::from(bytes) })
}

/// Whether a path can be read once only.
fn is_pipe(path: &std::path::Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// Shows the objects of a source to a visitor. Standard input must be [held](hold).
pub fn visit(
    source: &Source,
    options: &Options,
    visitor: &Visitor<'_>,
) -> Result<Visited, CollectError> {
    match source {
        Source::Live(cluster) => live::visit(cluster, options, visitor).map(Visited::Lists),
        other => walk::visit(other, options, visitor),
    }
}
