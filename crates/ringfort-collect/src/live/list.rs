//! One list, page by page.

use std::cell::RefCell;
use std::sync::Arc;

use ringfort_model::{Listed, Str};
use serde::Deserialize;

use super::request::{Failure, Server};
use super::{Done, Job};
use crate::document::TypeMeta;
use crate::lists::is_emptied;
use crate::options::Limits;
use crate::pool::{BATCH_BYTES, Batch, Pool};
use crate::split::{Sink, Splitter};

const JSON: &str = "application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// How often a list that expires is begun again.
const RESTARTS: u32 = 3;

/// The items of one page, in batches for the pool.
struct Page {
    file: Arc<str>,
    types: TypeMeta,
    /// Put in front of every item: what metadata alone does not say.
    prefix: Vec<u8>,
    batches: Vec<Batch>,
    head: Vec<u8>,
    documents: u32,
    oversized: Vec<usize>,
}

impl Sink for Page {
    fn item(&mut self, _: &[u8], item: &[u8], _: u32) {
        let full = self.batches.last().is_none_or(|batch| batch.bytes.len() >= BATCH_BYTES);
        if full {
            let (file, types) = (self.file.clone(), Some(self.types.clone()));
            self.batches.push(Batch { file, types, ..Batch::default() });
        }
        let batch = self.batches.last_mut().expect("one was pushed");
        match (self.prefix.is_empty(), item.strip_prefix(b"{")) {
            (false, Some(rest)) => {
                batch.bytes.extend_from_slice(&self.prefix);
                batch.bytes.extend_from_slice(rest);
            }
            _ => batch.bytes.extend_from_slice(item),
        }
        batch.ends.push(batch.bytes.len());
    }
    fn document(&mut self, head: &[u8], _: bool, _: u32) {
        self.head = head.to_vec();
        self.documents += 1;
    }
    fn oversized(&mut self, bytes: usize) {
        self.oversized.push(bytes);
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Head {
    kind: String,
    metadata: HeadMeta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HeadMeta {
    r#continue: String,
}

/// Reads a list to its end, or says why it could not be read.
pub(super) async fn read(
    server: &Server,
    job: Job,
    pool: &RefCell<&mut Pool<'_>>,
    limits: Limits,
) -> Done {
    let mut gaps = Vec::new();
    let mut token = String::new();
    let mut page = server.options.page;
    let mut restarts = 0;
    let mut some = false;
    let mut whole = true;
    loop {
        let path = path(&job, page, &token);
        let accept = if job.metadata.is_some() { METADATA } else { JSON };
        let answer = server.get(&path, accept).await;
        let failure = match answer.and_then(|bytes| split(&job, &bytes, limits)) {
            Ok((found, next)) => {
                some |= !found.batches.is_empty();
                whole &= found.oversized.is_empty();
                gaps.extend(found.oversized.iter().map(|bytes| {
                    format!("an object of {bytes} bytes is larger than {}", limits.object_bytes)
                }));
                let mut pool = pool.borrow_mut();
                for batch in found.batches {
                    pool.parse(batch);
                }
                if next.is_empty() {
                    let listed = match whole {
                        true => Listed::Complete,
                        false => Listed::Partial("some objects are too large".into()),
                    };
                    return (job.resource, listed, gaps);
                }
                token = next;
                continue;
            }
            Err(failure) => failure,
        };
        match failure {
            Failure::Large if page > 1 => page = (page / 4).max(1),
            Failure::Expired(next) if restarts < RESTARTS => {
                restarts += 1;
                let how = match &next {
                    Some(_) => "the rest was read from a later state",
                    None => "it was read again; objects deleted meanwhile may still be shown",
                };
                gaps.push(format!("the list expired while it was read (410): {how}"));
                token = next.unwrap_or_default();
            }
            failure => {
                let text = Str::from(failure.to_string());
                gaps.push(match some {
                    true => format!("the list breaks off: {text}"),
                    false => text.to_string(),
                });
                let listed = match failure {
                    Failure::Forbidden(_) if !some => Listed::Forbidden(text),
                    _ => Listed::Partial(text),
                };
                return (job.resource, listed, gaps);
            }
        }
    }
}

fn path(job: &Job, page: u32, token: &str) -> String {
    let mut path = format!("{}?limit={page}", job.path);
    if let Some((selector, _)) = job.metadata {
        path.push_str("&fieldSelector=");
        path.push_str(&encoded(selector));
    }
    if !token.is_empty() {
        path.push_str("&continue=");
        path.push_str(&encoded(token));
    }
    path
}

/// Percent-encodes a query value, or a segment of a path.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The items of a page and the token of the next.
fn split(job: &Job, bytes: &[u8], limits: Limits) -> Result<(Page, String), Failure> {
    let prefix = match job.metadata {
        Some((_, of_type)) => format!("{{\"type\":\"{of_type}\",").into_bytes(),
        None => Vec::new(),
    };
    let mut found = Page {
        file: Arc::from(job.resource.as_str()),
        types: job.types.clone(),
        prefix,
        batches: Vec::new(),
        head: Vec::new(),
        documents: 0,
        oversized: Vec::new(),
    };
    let mut splitter = Splitter::without_lines(limits);
    let whole = splitter.feed(bytes, &mut found).and_then(|()| splitter.finish());
    let broken = |why: &str| Failure::Other(format!("the answer is no list: {why}"));
    whole.map_err(|error| broken(&error.to_string()))?;
    is_emptied(&found.head).map_err(broken)?;
    let head: Head =
        serde_json::from_slice(&found.head).map_err(|error| broken(&error.to_string()))?;
    if found.documents != 1 || !head.kind.ends_with("List") {
        return Err(broken(&format!("it is of kind {:?}", head.kind)));
    }
    if job.metadata.is_some() && head.kind != "PartialObjectMetadataList" {
        let text = "the server does not give metadata alone; values are not asked for";
        return Err(Failure::Other(text.to_owned()));
    }
    Ok((found, head.metadata.r#continue))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::Kind;

    fn job(metadata: bool) -> Job {
        let metadata = metadata.then_some(("type=a/b", "a/b"));
        Job::of(Kind::Secret, "/api/v1/secrets".into(), metadata)
    }

    #[test]
    fn pages_are_asked_for_by_selector_and_token() {
        assert_eq!(path(&job(false), 500, ""), "/api/v1/secrets?limit=500");
        assert_eq!(
            path(&job(true), 5, "a=="),
            "/api/v1/secrets?limit=5&fieldSelector=type%3Da%2Fb&continue=a%3D%3D"
        );
    }

    #[test]
    fn values_of_secrets_are_refused_and_types_filled_in() {
        let metadata = br#"{"kind":"PartialObjectMetadataList","metadata":{"continue":"n"},
            "items":[{"kind":"PartialObjectMetadata","metadata":{"name":"x"}}]}"#;
        let (page, next) = split(&job(true), metadata, Limits::default()).expect("a page");
        assert_eq!(next, "n");
        let item = String::from_utf8(page.batches[0].bytes.clone()).expect("text");
        assert!(item.starts_with(r#"{"type":"a/b","kind":"PartialObjectMetadata""#));
        let full = br#"{"kind":"SecretList","metadata":{},"items":[{"data":{"k":"dg=="}}]}"#;
        assert!(split(&job(true), full, Limits::default()).is_err());
        // How an API server encodes metadata of no object.
        let none = br#"{"kind":"PartialObjectMetadataList","metadata":{},"items":null}"#;
        assert!(split(&job(true), none, Limits::default()).is_ok());
        let missing = br#"{"kind":"PartialObjectMetadataList","metadata":{}}"#;
        assert!(split(&job(true), missing, Limits::default()).is_err());
        let page = br"<html>please log in</html>";
        assert!(split(&job(false), page, Limits::default()).is_err());
        assert!(
            split(&job(false), br#"{"kind":"SecretList","items":[{"#, Limits::default()).is_err()
        );
    }
}
