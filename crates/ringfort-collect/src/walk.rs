//! Goes through a source: directories, archives and compressed files down to single files.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use ringfort_model::{Cluster, Listed, snapshot};

use crate::document::{TypeMeta, type_in_fragments, type_of, type_of_file};
use crate::finish::{Extras, finish};
use crate::options::{Limits, Options};
use crate::pool::{BATCH_BYTES, Batch, Pool, read_one, resource_of};
use crate::split::{Sink, Splitter};
use crate::{CollectError, Collected, pool, yaml};

/// How deep archives and compression may be nested in one another.
const NESTING: u32 = 4;

/// Reads a path, or standard input.
pub(crate) fn read(path: Option<&Path>, options: &Options) -> Result<Collected, CollectError> {
    let place = path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    if let Some(path) = path {
        let open = |error| CollectError::Open { path: path.to_owned(), source: error };
        if path.is_dir() {
            std::fs::read_dir(path).map_err(open)?;
        } else if let Some(cluster) = snapshot_in(path, options).map_err(open)? {
            let cluster = cluster.map_err(|source| CollectError::Snapshot { place, source })?;
            return Ok(Collected { cluster, described: "snapshot".to_owned() });
        }
    }
    collect(&place, options, |walk| match path {
        Some(path) if path.is_dir() => {
            walk.directory(path);
            "directory"
        }
        Some(path) => {
            let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into());
            walk.path(&name, path);
            "file"
        }
        None => {
            walk.stream("stdin", &mut std::io::stdin().lock(), None, 0);
            "standard input"
        }
    })
}

pub(crate) fn read_texts(
    texts: &[(&str, &[u8])],
    options: &Options,
) -> Result<Collected, CollectError> {
    collect("memory", options, |walk| {
        for (name, bytes) in texts {
            walk.stream(name, &mut Cursor::new(*bytes), None, 0);
        }
        "memory"
    })
}

fn collect(
    place: &str,
    options: &Options,
    work: impl FnOnce(&mut Walk<'_, '_>) -> &'static str,
) -> Result<Collected, CollectError> {
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        wanted => wanted,
    };
    let mut extras = Extras::default();
    let mut what = "";
    let filled = pool::run(threads, |pool| {
        let limits = options.limits;
        let mut walk = Walk { pool, limits, entries: 0, unpacked: 0, extras: &mut extras };
        what = work(&mut walk);
    });
    finish(filled, extras, options, place, what)
}

type SnapshotRead = Result<Cluster, snapshot::SnapshotError>;

fn snapshot_in(path: &Path, options: &Options) -> std::io::Result<Option<SnapshotRead>> {
    let mut file = File::open(path)?;
    let mut magic = [0; snapshot::MAGIC.len()];
    if file.read_exact(&mut magic).is_err() || magic != *snapshot::MAGIC {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let largest = options.limits.object_bytes;
    Ok(Some(snapshot::read(BufReader::new(file), largest)))
}

struct Walk<'w, 'p> {
    pool: &'w mut Pool<'p>,
    limits: Limits,
    entries: u64,
    unpacked: u64,
    extras: &'w mut Extras,
}

impl Walk<'_, '_> {
    fn gap(&mut self, subject: &str, reason: &str) {
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
        let mut whole = Cursor::new(prefix.clone()).chain(reader);
        let packed = prefix.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
            || prefix.starts_with(&[0x1f, 0x8b])
            || prefix.starts_with(b"PK\x03\x04")
            || prefix.get(257..262) == Some(b"ustar");
        if packed && nesting >= NESTING {
            self.gap(name, "is packed too often in itself");
        } else if prefix.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            match zstd::stream::read::Decoder::new(whole) {
                Ok(decoder) => self.unpacked(name, decoder, nesting),
                Err(error) => self.gap(name, &format!("is broken zstd: {error}")),
            }
        } else if prefix.starts_with(&[0x1f, 0x8b]) {
            self.unpacked(name, flate2::read::MultiGzDecoder::new(whole), nesting);
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

    fn unpacked(&mut self, name: &str, decoder: impl Read, nesting: u32) {
        let name = name.strip_suffix(".zst").or(name.strip_suffix(".gz")).unwrap_or(name);
        let mut guarded = Guarded {
            inner: decoder,
            left: self.limits.unpacked_bytes.saturating_sub(self.unpacked),
            read: 0,
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
        let packed = bytes.len() as u64;
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
                let most = packed.saturating_mul(self.limits.ratio).max(64 << 20);
                let left = most.min(self.limits.unpacked_bytes).saturating_sub(self.unpacked);
                let mut guarded = Guarded { inner: entry, left, read: 0 };
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
        } else if matches!(first, Some(b'{' | b'[')) && !base.ends_with(".log") {
            if start.len() < prefix.len() {
                // The mark was seen in full, so these three bytes are there.
                let mut mark = [0; 3];
                if reader.read_exact(&mut mark).is_err() {
                    return;
                }
            }
            self.json(name, reader, tail);
        } else if base.ends_with(".yaml")
            || base.ends_with(".yml")
            || memchr::memmem::find(prefix, b"apiVersion:").is_some()
        {
            self.yaml(name, reader);
        } else if base.ends_with(".json") && first.is_some() {
            self.extras.broken = true;
            self.gap(name, "is no JSON");
        } else {
            self.extras.skipped += 1;
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
                yaml::documents(&text, self.limits.depth, 10_000).0.pop().map(|one| one.value)
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
        let budget = (text.len() * 4).max(100_000);
        let (documents, error) = yaml::documents(text, self.limits.depth, budget);
        for document in documents {
            self.yaml_document(name, &document);
        }
        if let Some(error) = error {
            self.extras.broken = true;
            self.gap(name, &format!("is broken YAML: {error}; what came before was read"));
        }
    }

    fn yaml_document(&mut self, name: &str, document: &yaml::Document) {
        let text = |key: &str| {
            document.value.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        let types = TypeMeta { api_version: text("apiVersion"), kind: text("kind") };
        let items = document.value.get("items").and_then(|items| items.as_array());
        let (Some(items), true) = (items, types.kind.ends_with("List")) else {
            if !document.value.is_null() {
                let json = document.value.to_string();
                self.single(name, document.line, &types, json.as_bytes());
            }
            return;
        };
        let element = types.element();
        let file: Arc<str> = Arc::from(name);
        if let Some(types) = &element {
            self.pool.with(|filled| filled.seen.insert((Arc::clone(&file), types.clone())));
        }
        for item in items {
            let json = item.to_string();
            let own = type_of(json.as_bytes());
            let types = match (&element, own.kind.is_empty()) {
                (Some(element), true) => element,
                _ => &own,
            };
            if element.is_none() {
                let types = types.clone();
                self.pool.with(|filled| filled.seen.insert((Arc::clone(&file), types)));
            }
            self.single(name, document.line, types, json.as_bytes());
        }
        if let Some(resource) = element.as_ref().and_then(resource_of) {
            self.pool.with(|filled| filled.builder.coverage().note(&resource, Listed::Complete));
        }
    }

    fn single(&mut self, name: &str, line: u32, types: &TypeMeta, json: &[u8]) {
        single(self.pool, name, line, types, json);
    }
}

/// Adds an object that stands by itself in a file.
fn single(pool: &Pool<'_>, name: &str, line: u32, types: &TypeMeta, json: &[u8]) {
    match read_one(types, json) {
        Ok((mut object, warning)) => pool.with(|filled| {
            let meta = object.meta_mut();
            if meta.uid.is_empty() && meta.resource_version.is_empty() {
                let file = name.into();
                meta.origin = Some(ringfort_model::record::Origin { file, line });
            }
            if let Some(warning) = warning {
                filled.builder.gap(&object.title(), warning);
            }
            filled.add(object);
        }),
        Err(reason) => pool.with(|filled| filled.builder.gap(name, reason)),
    }
}

/// What is known about the type of a list's items.
enum State {
    Unknown,
    /// Every item says its own.
    Own,
    /// The list says it.
    Typed(TypeMeta),
    /// Nothing says it yet; the items wait.
    Held,
}

struct Lists<'w, 'p> {
    file: Arc<str>,
    tail: Option<Vec<u8>>,
    state: State,
    batch: Batch,
    /// The list's type as its tail seemed to say it, to be confirmed at the end.
    guessed: Option<TypeMeta>,
    pool: &'w mut Pool<'p>,
    held: usize,
    extras: &'w mut Extras,
}

impl Lists<'_, '_> {
    fn flush(&mut self) {
        if self.batch.ends.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.batch);
        batch.file = Arc::clone(&self.file);
        if let State::Typed(types) = &self.state {
            batch.types = Some(types.clone());
        }
        self.pool.parse(batch);
    }

    fn decide(&mut self, head: &[u8], item: &[u8]) {
        if let Some(types) = type_in_fragments(&[head]) {
            self.state = types.element().map_or(State::Own, State::Typed);
        } else if let Some(types) = self.by_tail(head) {
            self.state = types.element().map_or(State::Own, State::Typed);
            self.guessed = Some(types);
        } else if !type_of(item).kind.is_empty() {
            self.state = State::Own;
        } else {
            self.state = State::Held;
        }
    }

    /// The type as head and tail of the file say it together.
    fn by_tail(&self, head: &[u8]) -> Option<TypeMeta> {
        let types = type_in_fragments(&[self.tail.as_deref()?, head])?;
        types.kind.ends_with("List").then_some(types)
    }

    fn broken(&mut self, error: &str) {
        self.extras.broken = true;
        if matches!(self.state, State::Held) {
            self.state = type_of_file(&self.file).map_or(State::Own, State::Typed);
        }
        let resource = match &self.state {
            State::Typed(types) => resource_of(types),
            _ => type_of_file(&self.file).as_ref().and_then(resource_of),
        };
        self.flush();
        let text = format!("{error}; what came before was read");
        let file = Arc::clone(&self.file);
        self.pool.with(|filled| {
            filled.builder.gap(&file, &text);
            if let Some(resource) = resource {
                filled
                    .builder
                    .coverage()
                    .note(&resource, Listed::Partial("the list breaks off".into()));
            }
        });
    }
}

impl Sink for Lists<'_, '_> {
    fn item(&mut self, head: &[u8], item: &[u8]) {
        if matches!(self.state, State::Unknown) {
            self.decide(head, item);
        }
        if matches!(self.state, State::Held) && self.batch.bytes.len() + item.len() > self.held {
            self.extras.broken = true;
            let file = Arc::clone(&self.file);
            self.pool.with(|filled| {
                filled
                    .builder
                    .gap(&file, "is a list that does not say what it lists before its items");
            });
            return;
        }
        self.batch.bytes.extend_from_slice(item);
        self.batch.ends.push(self.batch.bytes.len());
        if self.batch.bytes.len() >= BATCH_BYTES && !matches!(self.state, State::Held) {
            self.flush();
        }
    }

    fn document(&mut self, head: &[u8], list: bool) {
        let types = type_of(head);
        if !list && !types.kind.ends_with("List") {
            if types.kind.is_empty() && memchr::memmem::find(head, b"gitVersion").is_some() {
                if let Ok(value) = serde_json::from_slice(head) {
                    self.extras.version(&value);
                }
                return;
            }
            single(self.pool, &self.file, 1, &types, head);
            return;
        }
        let types = if types.kind.is_empty() {
            type_of_file(&self.file)
                .map(|one| TypeMeta { kind: format!("{}List", one.kind), ..one })
                .unwrap_or_default()
        } else {
            types
        };
        if matches!(self.state, State::Held | State::Unknown) {
            self.state = types.element().map_or(State::Own, State::Typed);
        }
        self.flush();
        self.state = State::Unknown;
        if self.guessed.take().is_some_and(|guessed| guessed != types) {
            self.extras.broken = true;
            let file = Arc::clone(&self.file);
            self.pool.with(|filled| {
                filled
                    .builder
                    .gap(&file, "holds several documents whose kinds stand at their ends");
            });
        }
        let resource = types.element().as_ref().and_then(resource_of);
        let more = continues(head);
        let file = Arc::clone(&self.file);
        self.pool.with(|filled| {
            if more {
                filled.builder.gap(&file, "is one page of a list; the pages after it are missing");
            }
            if let (Some(resource), true) = (resource, more) {
                let listed = Listed::Partial("only the first page was read".into());
                filled.builder.coverage().note(&resource, listed);
            } else if let Some(types) = types.element() {
                filled.seen.insert((Arc::clone(&file), types));
            }
        });
    }

    fn oversized(&mut self, bytes: usize) {
        let file = Arc::clone(&self.file);
        self.pool.with(|filled| {
            filled.builder.gap(&file, format!("an object of {bytes} bytes was left out"));
        });
    }
}

/// Whether a list's metadata says that it goes on.
fn continues(head: &[u8]) -> bool {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Head {
        metadata: Option<ListMeta>,
    }
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct ListMeta {
        #[serde(rename = "continue")]
        next: Option<String>,
    }
    let head: Head = serde_json::from_slice(head).unwrap_or_default();
    head.metadata.and_then(|meta| meta.next).is_some_and(|next| !next.is_empty())
}

/// Stops a decompressor that gives more than the limits allow.
struct Guarded<R> {
    inner: R,
    left: u64,
    read: u64,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        if self.read > self.left {
            return Err(std::io::Error::other("it unpacks to more than the limit allows"));
        }
        Ok(read)
    }
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
