//! Objects and lists as they are found in files, on their way to the parsers.

use std::sync::Arc;

use ringfort_model::record::{FieldLines, Origin};
use ringfort_model::{Listed, Object, Str, Written};
use serde_json::Value;

use crate::document::{TypeMeta, type_in_fragments, type_of, type_of_file};
use crate::field_lines::of_json;
use crate::finish::Extras;
use crate::pool::{BATCH_BYTES, Batch, Pool, Store, read_one, resource_of};
use crate::split::Sink;
use crate::unjudged;

/// Adds an object that stands by itself in a file, or in a list of YAML.
pub(crate) fn single(
    store: Store<'_>,
    name: &str,
    line: u32,
    types: &TypeMeta,
    json: &[u8],
    fields: impl FnOnce() -> FieldLines,
) {
    if let Some(visitor) = store.visitor() {
        return visitor.show(types, json, (&Str::new(name), line));
    }
    match read_one(types, json) {
        Ok((mut object, warning)) => {
            stand(&mut object, &Str::new(name), line, fields);
            let not_judged = unjudged::of(types, &object, json);
            store.with(|filled| {
                if let Some(warning) = warning {
                    filled.builder.gap(&object.title(), warning);
                }
                if let Some(why) = not_judged {
                    filled.unjudged(&object.title(), &why);
                }
                filled.builder.written(Written::of(&types.api_version, &object));
                filled.add(object);
            });
        }
        // A document without a kind is some other tool's file.
        Err(reason) if types.kind.is_empty() => {
            store.with(|filled| filled.builder.gap(name, reason));
        }
        Err(reason) => store.with(|filled| filled.unread(name, types, &reason)),
    }
}

/// Notes where an object stands, if no server wrote it.
pub(crate) fn stand(
    object: &mut Object,
    file: &Str,
    line: u32,
    fields: impl FnOnce() -> FieldLines,
) {
    let meta = object.meta_mut();
    if line > 0 && meta.uid.is_empty() && meta.resource_version.is_empty() {
        let origin = Origin { file: file.clone(), line, fields: fields() };
        meta.origin = Some(Arc::new(origin));
    }
}

/// What is known about the type of a list's items.
pub(crate) enum State {
    Unknown,
    /// Every item says its own.
    Own,
    /// The list says it.
    Typed(TypeMeta),
    /// Nothing says it yet; the items wait.
    Held,
}

/// Takes the elements of a JSON file's lists, and the documents around them.
pub(crate) struct Lists<'w, 'p> {
    pub(crate) file: Arc<str>,
    pub(crate) tail: Option<Vec<u8>>,
    pub(crate) state: State,
    pub(crate) batch: Batch,
    /// The list's type as its tail seemed to say it, to be confirmed at the end.
    pub(crate) guessed: Option<TypeMeta>,
    pub(crate) pool: &'w mut Pool<'p>,
    pub(crate) held: usize,
    pub(crate) extras: &'w mut Extras,
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

    pub(crate) fn broken(&mut self, error: &str) {
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
    fn item(&mut self, head: &[u8], item: &[u8], line: u32) {
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
        self.batch.lines.push(line);
        if self.batch.bytes.len() >= BATCH_BYTES && !matches!(self.state, State::Held) {
            self.flush();
        }
    }

    fn document(&mut self, head: &[u8], list: bool, line: u32) {
        let types = type_of(head);
        if !list && !types.kind.ends_with("List") {
            if types.kind.is_empty() && memchr::memmem::find(head, b"gitVersion").is_some() {
                if let Ok(value) = serde_json::from_slice(head) {
                    self.extras.version(&value);
                }
                return;
            }
            single(self.pool.store(), &self.file, line, &types, head, || of_json(head, line));
            return;
        }
        self.pool.with(|filled| filled.listed = true);
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
        if let Err(what) = is_emptied(head) {
            self.extras.broken = true;
            let file = Arc::clone(&self.file);
            let reason = format!("a {} {what}", types.kind);
            self.pool.with(|filled| filled.unread(&file, &types, &reason));
        }
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
        self.extras.unread = true;
        let file = Arc::clone(&self.file);
        self.pool.with(|filled| {
            filled.builder.gap(&file, format!("an object of {bytes} bytes was left out"));
        });
    }
}

/// Whether all that a list held was taken out of it.
pub(crate) fn is_emptied(head: &[u8]) -> Result<(), &'static str> {
    let value: Value = serde_json::from_slice(head).map_err(|_| "is no JSON outside its items")?;
    let items = if value.is_array() { Some(&value) } else { value.get("items") };
    match items {
        None => Err("has no items"),
        Some(Value::Null) => Ok(()),
        Some(Value::Array(items)) if items.is_empty() => Ok(()),
        Some(_) => Err("has items twice, or items that are no list"),
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
