//! Goes through a source: directories, archives and compressed files down to single files.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use ringfort_model::{Cluster, snapshot};

use crate::finish::{Extras, finish};
use crate::guard::{Counted, Guarded};
use crate::lists::{Lists, State};
use crate::options::{Limits, Options};
use crate::pool::{Batch, Filled, Pool, Text};
use crate::split::Splitter;
use crate::visit::{Visited, Visitor};
use crate::{CollectError, Collected, Source, manifest, pool, yaml};

/// How deep archives and compression may be nested in one another.
const NESTING: u32 = 4;

/// What was found before it is made a cluster.
enum Found {
    /// A snapshot, which is one.
    Snapshot(Box<Cluster>),
    /// Objects, what stands beside them, and what the source is.
    Filled(Box<(Filled, Extras, &'static str)>),
}

/// How a source is gone through.
#[derive(Clone, Copy)]
struct Way<'w> {
    options: &'w Options,
    visitor: Option<&'w Visitor<'w>>,
}

/// Reads a source that is no running cluster.
pub(crate) fn read(source: &Source, options: &Options) -> Result<Collected, CollectError> {
    let place = place_of(source);
    match found(source, Way { options, visitor: None })? {
        Found::Snapshot(cluster) => {
            Ok(Collected { cluster: *cluster, described: "snapshot".to_owned() })
        }
        Found::Filled(found) => {
            let (filled, extras, what) = *found;
            finish(filled, extras, options, &place, what)
        }
    }
}

/// Shows the objects of a source that is no running cluster.
pub(crate) fn visit(
    source: &Source,
    options: &Options,
    visitor: &Visitor<'_>,
) -> Result<Visited, CollectError> {
    match found(source, Way { options, visitor: Some(visitor) })? {
        Found::Snapshot(_) => Ok(Visited::Records),
        Found::Filled(_) => Ok(Visited::Whole),
    }
}

fn place_of(source: &Source) -> String {
    match source {
        Source::Path(path) => path.display().to_string(),
        Source::Held { place, .. } => place.clone(),
        Source::Stdin | Source::Live(_) => "standard input".to_owned(),
    }
}

fn found(source: &Source, way: Way<'_>) -> Result<Found, CollectError> {
    let place = place_of(source);
    let path = match source {
        Source::Path(path) => path,
        Source::Held { name, bytes, .. } => {
            let what = if name == "stdin" { "standard input" } else { "pipe" };
            return stream(&place, (what, name), Cursor::new(bytes), None, way);
        }
        Source::Stdin | Source::Live(_) => {
            return stream(&place, ("standard input", "stdin"), std::io::stdin().lock(), None, way);
        }
    };
    let open = |error| CollectError::Open { path: path.clone(), source: error };
    if path.is_dir() {
        std::fs::read_dir(path).map_err(open)?;
        return Ok(fill(way, |walk| {
            walk.directory(path);
            "directory"
        }));
    }
    let mut file = File::open(path).map_err(open)?;
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into());
    if file.metadata().map_err(open)?.is_file() {
        let tail = tail_of(&mut file).map_err(open)?;
        return stream(&place, ("file", &name), file, Some(&tail), way);
    }
    stream(&place, ("pipe", &name), file, None, way)
}

/// Reads what can be read once: a snapshot, which its first bytes tell, or anything else.
fn stream(
    place: &str,
    (what, name): (&'static str, &str),
    mut reader: impl Read,
    tail: Option<&[u8]>,
    way: Way<'_>,
) -> Result<Found, CollectError> {
    let open = |error| CollectError::Open { path: place.into(), source: error };
    let mut start = Vec::with_capacity(snapshot::MAGIC.len());
    (&mut reader).take(snapshot::MAGIC.len() as u64).read_to_end(&mut start).map_err(open)?;
    let is_snapshot = start == *snapshot::MAGIC;
    let mut whole = Cursor::new(start).chain(reader);
    if is_snapshot {
        let largest = way.options.limits.object_bytes;
        let cluster = snapshot::read(BufReader::new(whole), largest)
            .map_err(|source| CollectError::Snapshot { place: place.to_owned(), source })?;
        return Ok(Found::Snapshot(Box::new(cluster)));
    }
    Ok(fill(way, |walk| {
        walk.stream(name, &mut whole, tail, 0);
        what
    }))
}

pub(crate) fn read_texts(
    texts: &[(&str, &[u8])],
    options: &Options,
) -> Result<Collected, CollectError> {
    let found = fill(Way { options, visitor: None }, |walk| {
        for (name, bytes) in texts {
            walk.stream(name, &mut Cursor::new(*bytes), None, 0);
        }
        "memory"
    });
    match found {
        Found::Filled(found) => {
            let (filled, extras, what) = *found;
            finish(filled, extras, options, "memory", what)
        }
        Found::Snapshot(cluster) => {
            Ok(Collected { cluster: *cluster, described: "snapshot".to_owned() })
        }
    }
}

fn fill(way: Way<'_>, work: impl FnOnce(&mut Walk<'_, '_>) -> &'static str) -> Found {
    let threads = match way.options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        wanted => wanted,
    };
    let mut extras = Extras::default();
    let mut what = "";
    let filled = pool::run(threads, way.visitor, |pool| {
        let limits = way.options.limits;
        let mut walk = Walk { pool, limits, entries: 0, unpacked: 0, extras: &mut extras };
        what = work(&mut walk);
    });
    Found::Filled(Box::new((filled, extras, what)))
}

struct Walk<'w, 'p> {
    pool: &'w mut Pool<'p>,
    limits: Limits,
    entries: u64,
    unpacked: u64,
    extras: &'w mut Extras,
}

impl Walk<'_, '_> {
    /// Notes that something was not read.
    fn gap(&mut self, subject: &str, reason: &str) {
        self.extras.unread = true;
        self.pool.with(|filled| filled.builder.gap(subject, reason));
    }

    fn directory(&mut self, root: &Path) {
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            let shown = relative(root, &folder);
            let listing = match std::fs::read_dir(&folder) {
                Ok(listing) => listing,
                Err(error) => {
                    self.gap(&shown, &format!("cannot be listed: {error}"));
                    continue;
                }
            };
            let mut paths: Vec<_> = listing.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                let shown = relative(root, &path);
                let hidden =
                    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
                if hidden {
                    continue;
                }
                let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
                if path.is_dir() && is_link {
                    self.gap(&shown, "is a link to a directory, which is not followed");
                } else if path.is_dir() {
                    waiting.push(path);
                } else {
                    self.path(&shown, &path);
                }
            }
        }
    }

    fn path(&mut self, name: &str, path: &Path) {
        if !self.counts() {
            return;
        }
        // Opening a pipe waits for its writer; a device may never end.
        if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return self.gap(name, "is a pipe, socket or device, which is not read in a directory");
        }
        let result = File::open(path).and_then(|mut file| {
            let tail = tail_of(&mut file)?;
            self.stream(name, &mut file, Some(&tail), 0);
            Ok(())
        });
        if let Err(error) = result {
            self.gap(name, &format!("cannot be read: {error}"));
        }
    }

    /// Whether another file or entry may be read.
    fn counts(&mut self) -> bool {
        self.entries += 1;
        if self.entries == self.limits.entries + 1 {
            let text =
                format!("has more than {} files; the rest was not read", self.limits.entries);
            self.gap("the source", &text);
            self.extras.broken = true;
        }
        self.entries <= self.limits.entries
    }

    /// Reads one file of whatever format its content says.
    fn stream(&mut self, name: &str, reader: &mut dyn Read, tail: Option<&[u8]>, nesting: u32) {
        let mut prefix = Vec::with_capacity(1024);
        if let Err(error) = (&mut *reader).take(1024).read_to_end(&mut prefix) {
            self.gap(name, &format!("cannot be read: {error}"));
            self.extras.broken = true;
            return;
        }
        let packed_bytes = Cell::new(0);
        let mut whole =
            Counted { inner: Cursor::new(prefix.clone()).chain(reader), count: &packed_bytes };
        let packed = prefix.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
            || prefix.starts_with(&[0x1f, 0x8b])
            || prefix.starts_with(b"PK\x03\x04")
            || prefix.get(257..262) == Some(b"ustar");
        if packed && nesting >= NESTING {
            self.gap(name, "is packed too often in itself");
        } else if prefix.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            match zstd::stream::read::Decoder::new(whole) {
                Ok(decoder) => self.unpacked(name, decoder, &packed_bytes, nesting),
                Err(error) => self.gap(name, &format!("is broken zstd: {error}")),
            }
        } else if prefix.starts_with(&[0x1f, 0x8b]) {
            let decoder = flate2::read::MultiGzDecoder::new(whole);
            self.unpacked(name, decoder, &packed_bytes, nesting);
        } else if prefix.starts_with(b"PK\x03\x04") {
            self.zip(name, &mut whole, nesting);
        } else if prefix.get(257..262) == Some(b"ustar") {
            self.tar(name, &mut whole, nesting);
        } else if prefix.starts_with(&[0xff, 0xfe]) || prefix.starts_with(&[0xfe, 0xff]) {
            self.gap(name, "is UTF-16 text; Kubernetes objects are UTF-8");
        } else {
            self.text(name, &prefix, &mut whole, tail);
        }
    }

    fn unpacked(&mut self, name: &str, decoder: impl Read, packed: &Cell<u64>, nesting: u32) {
        let name = name.strip_suffix(".zst").or(name.strip_suffix(".gz")).unwrap_or(name);
        let mut guarded = Guarded {
            inner: decoder,
            left: self.limits.unpacked_bytes.saturating_sub(self.unpacked),
            read: 0,
            packed,
            ratio: self.limits.ratio,
        };
        self.stream(name, &mut guarded, None, nesting + 1);
        self.unpacked += guarded.read;
    }

    fn tar(&mut self, name: &str, reader: &mut dyn Read, nesting: u32) {
        let mut archive = tar::Archive::new(reader);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.gap(name, &format!("is a broken archive: {error}")),
        };
        for entry in entries {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.extras.broken = true;
                    let text = format!("ends early, what came before was read: {error}");
                    return self.gap(name, &text);
                }
            };
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            if kind.is_dir() || kind.is_pax_global_extensions() {
                continue;
            }
            if !self.counts() {
                return;
            }
            if !kind.is_file() {
                self.gap(&path, "is a link or device in an archive, which is not read");
            } else if self.is_safe(&path) {
                self.stream(trimmed(&path), &mut entry, None, nesting + 1);
            }
        }
    }

    fn zip(&mut self, name: &str, reader: &mut dyn Read, nesting: u32) {
        let mut bytes = Vec::new();
        let most = self.limits.unpacked_bytes.min(2 << 30);
        if let Err(error) = reader.take(most + 1).read_to_end(&mut bytes) {
            return self.gap(name, &format!("cannot be read: {error}"));
        }
        if bytes.len() as u64 > most {
            return self.gap(name, &format!("is a zip of more than {most} bytes"));
        }
        let packed = Cell::new(bytes.len() as u64);
        let mut archive = match zip::ZipArchive::new(Cursor::new(bytes)) {
            Ok(archive) => archive,
            Err(error) => {
                self.extras.broken = true;
                return self.gap(name, &format!("is a broken zip: {error}"));
            }
        };
        for at in 0..archive.len() {
            if !self.counts() {
                return;
            }
            let entry = match archive.by_index(at) {
                Ok(entry) => entry,
                Err(error) => {
                    self.extras.broken = true;
                    self.gap(name, &format!("entry {at} cannot be read: {error}"));
                    continue;
                }
            };
            if entry.is_dir() {
                continue;
            }
            let path = entry.name().to_owned();
            if entry.is_symlink() {
                self.gap(&path, "is a link or device in an archive, which is not read");
            } else if self.is_safe(&path) {
                let mut guarded = Guarded {
                    inner: entry,
                    left: self.limits.unpacked_bytes.saturating_sub(self.unpacked),
                    read: 0,
                    packed: &packed,
                    ratio: self.limits.ratio,
                };
                self.stream(trimmed(&path), &mut guarded, None, nesting + 1);
                self.unpacked += guarded.read;
            }
        }
    }

    /// Refuses names that would leave the archive. Nothing is written, but such an archive
    /// was made to harm and its entries may pose as others.
    fn is_safe(&mut self, path: &str) -> bool {
        let hostile = path.starts_with(['/', '\\'])
            || path.contains('\0')
            || path.split(['/', '\\']).any(|part| part == "..")
            || path.as_bytes().get(1) == Some(&b':');
        if hostile {
            self.gap(path, "has a name that points outside the archive; it was not read");
        }
        !hostile && !path.rsplit('/').next().is_some_and(|file| file.starts_with('.'))
    }

    fn text(&mut self, name: &str, prefix: &[u8], reader: &mut dyn Read, tail: Option<&[u8]>) {
        let base = name.rsplit('/').next().unwrap_or(name);
        let start = prefix.strip_prefix(b"\xef\xbb\xbf").unwrap_or(prefix);
        let first = start.trim_ascii_start().first().copied();
        if matches!(base, "complete.json" | "version.json" | "version.yaml") {
            self.extra(name, base, reader);
        } else if matches!(first, Some(b'{' | b'['))
            && (base.ends_with(".yaml") || base.ends_with(".yml"))
        {
            self.yaml_in_braces(name, reader, tail);
        } else if matches!(first, Some(b'{' | b'[')) && !base.ends_with(".log") {
            if start.len() < prefix.len() {
                // The mark was seen in full, so these three bytes are there.
                let mut mark = [0; 3];
                if reader.read_exact(&mut mark).is_err() {
                    return;
                }
            }
            self.json(name, reader, tail);
        } else if first.is_some() && (base.ends_with(".yaml") || base.ends_with(".yml"))
            || memchr::memmem::find(prefix, b"apiVersion:").is_some()
        {
            self.yaml(name, reader);
        } else if first.is_none() && (base.ends_with(".yaml") || base.ends_with(".yml")) {
            self.extras.hollow.push(name.to_owned());
        } else if let Some(what) = promised(base) {
            self.extras.broken = true;
            let nothing = if first.is_none() { ": it begins with nothing" } else { "" };
            self.gap(name, &format!("is no {what}{nothing}"));
        }
    }

    fn extra(&mut self, name: &str, base: &str, reader: &mut dyn Read) {
        let mut bytes = Vec::new();
        let read = reader.take(1 << 20).read_to_end(&mut bytes);
        let value = match (read, base.ends_with(".yaml")) {
            (Err(error), _) => return self.gap(name, &format!("cannot be read: {error}")),
            (Ok(_), false) => serde_json::from_slice(&bytes).ok(),
            (Ok(_), true) => {
                let text = String::from_utf8_lossy(&bytes);
                yaml::documents(&text, 0, self.limits.depth, 10_000).0.pop().map(|one| one.value)
            }
        };
        match value {
            Some(value) if base == "complete.json" => self.extras.complete(&value),
            Some(value) => self.extras.version(&value),
            None => self.gap(name, "is not readable"),
        }
    }

    fn json(&mut self, name: &str, reader: &mut dyn Read, tail: Option<&[u8]>) {
        let mut splitter = Splitter::new(self.limits);
        let mut sink = Lists {
            file: Arc::from(name),
            tail: tail.map(<[u8]>::to_vec),
            state: State::Unknown,
            batch: Batch::default(),
            guessed: None,
            pool: self.pool,
            held: self.limits.held_bytes,
            extras: self.extras,
        };
        let mut buffer = vec![0; 256 << 10];
        let result = loop {
            match reader.read(&mut buffer) {
                Ok(0) => break splitter.finish().map_err(|error| error.to_string()),
                Ok(read) => {
                    if let Err(error) = splitter.feed(&buffer[..read], &mut sink) {
                        break Err(error.to_string());
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Err(format!("breaks off: {error}")),
            }
        };
        if let Err(error) = result {
            sink.broken(&error);
        }
    }

    /// YAML whose first document is in braces. If it is too large, or is none, it is read as the
    /// JSON that it may be.
    fn yaml_in_braces(&mut self, name: &str, reader: &mut dyn Read, tail: Option<&[u8]>) {
        let mut bytes = Vec::new();
        let read = (&mut *reader).take(self.limits.yaml_bytes + 1).read_to_end(&mut bytes);
        let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let whole = read.is_ok() && bytes.len() as u64 <= self.limits.yaml_bytes;
        if let (true, Ok(text)) = (whole, std::str::from_utf8(start)) {
            let budget = manifest::budget(text);
            let (documents, errors) = yaml::documents(text, 0, self.limits.depth, budget);
            if errors.is_empty() {
                manifest::keep(self.pool.store(), name, &documents);
                return;
            }
        }
        self.json(name, &mut Cursor::new(start).chain(reader), tail);
        if let Err(error) = read {
            self.extras.broken = true;
            self.gap(name, &format!("breaks off: {error}"));
        }
    }

    fn yaml(&mut self, name: &str, reader: &mut dyn Read) {
        let mut bytes = Vec::new();
        if let Err(error) = reader.take(self.limits.yaml_bytes + 1).read_to_end(&mut bytes) {
            self.extras.broken = true;
            self.gap(name, &format!("breaks off: {error}"));
        }
        if bytes.len() as u64 > self.limits.yaml_bytes {
            return self
                .gap(name, &format!("is YAML of more than {} bytes", self.limits.yaml_bytes));
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return self.gap(name, "is not UTF-8 text");
        };
        let file: Arc<str> = Arc::from(name);
        for (before, text) in yaml::parts(text) {
            let (file, content) = (Arc::clone(&file), text.to_owned());
            self.pool.parse_text(Text { file, content, before, depth: self.limits.depth });
        }
    }
}

/// What a file's name says of its content, for files in which that was not found.
fn promised(base: &str) -> Option<&'static str> {
    let ends = [
        (".json", "JSON"),
        (".yaml", "YAML"),
        (".yml", "YAML"),
        (".tar", "tar archive"),
        (".tgz", "gzip"),
        (".gz", "gzip"),
        (".zst", "zstd"),
        (".zip", "zip"),
        (".rfs", "snapshot by itself"),
    ];
    ends.into_iter().find(|(end, _)| base.ends_with(end)).map(|(_, what)| what)
}

/// The end of a plain file after its last list, where it may say what the list holds.
fn tail_of(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(4096);
    if file.seek(SeekFrom::Start(from)).is_err() {
        return Ok(Vec::new());
    }
    let mut tail = Vec::new();
    file.take(4096).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(memchr::memrchr(b']', &tail).map_or_else(Vec::new, |at| tail.split_off(at)))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn trimmed(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}
