//! As much of HTTP/1.1 as a client of the API needs, and ways to break off.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::time::Duration;

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) accept: String,
    pub(crate) authorization: String,
    pub(crate) content: String,
    pub(crate) body: Vec<u8>,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Cut,
    Stall,
    Drip,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) retry_after: Option<u32>,
    pub(crate) end: End,
}

/// The next request of a connection; `None` when it was closed.
pub(crate) fn read(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let mut chunk = [0; 4096];
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(buffer).map_err(io::Error::other)? {
            httparse::Status::Complete(length) => {
                let header = |name: &str| {
                    let mut all = request.headers.iter();
                    let found = all.find(|header| header.name.eq_ignore_ascii_case(name));
                    found
                        .map_or_else(String::new, |h| String::from_utf8_lossy(h.value).into_owned())
                };
                let (accept, authorization) = (header("accept"), header("authorization"));
                let content = header("content-type");
                let long: usize = header("content-length").parse().unwrap_or_default();
                let method = request.method.unwrap_or_default().to_owned();
                let target = request.path.unwrap_or_default();
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(key), decoded(value))
                });
                let mut found = Request {
                    method,
                    path: path.to_owned(),
                    query: pairs.collect(),
                    accept,
                    authorization,
                    content,
                    body: Vec::new(),
                };
                buffer.drain(..length);
                while buffer.len() < long {
                    let read = stream.read(&mut chunk)?;
                    if read == 0 {
                        return Ok(None);
                    }
                    buffer.extend_from_slice(&chunk[..read]);
                }
                found.body = buffer.drain(..long).collect();
                return Ok(Some(found));
            }
            httparse::Status::Partial => {}
        }
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(None);
        }
        buffer.extend_from_slice(&chunk[..read]);
    }
}

pub(crate) fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes an answer; `false` when the connection is to be closed.
pub(crate) fn write(stream: &mut impl Write, answer: &Answer) -> io::Result<bool> {
    let retry = answer.retry_after.map_or_else(String::new, |s| format!("Retry-After: {s}\r\n"));
    let head = format!(
        "HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\n{retry}\r\n",
        answer.status,
        answer.content,
        answer.body.len()
    );
    stream.write_all(head.as_bytes())?;
    if answer.end == End::Whole {
        stream.write_all(&answer.body)?;
        stream.flush()?;
        return Ok(true);
    }
    if answer.end == End::Drip {
        for byte in &answer.body {
            stream.write_all(&[*byte])?;
            stream.flush()?;
            std::thread::sleep(Duration::from_millis(50));
        }
        return Ok(true);
    }
    stream.write_all(&answer.body[..answer.body.len() / 2])?;
    stream.flush()?;
    if answer.end == End::Stall {
        std::thread::sleep(Duration::from_secs(5));
    }
    Ok(false)
}
