//! One request: retries with back-off, time limits, and what a refusal means.

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;

use super::LiveOptions;

/// Waits that a server may ask for are followed up to this long.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Characters of a server's message that are kept.
const MESSAGE: usize = 300;

/// Why a request gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// 403.
    Forbidden(String),
    /// 404 or 405.
    Absent,
    /// 410, with the token to go on with a later state if the server offers one.
    Expired(Option<String>),
    /// The answer is larger than a page may be.
    Large,
    /// Any other status that asking again does not change, in the server's words.
    Refused(String),
    /// Anything else, after all attempts.
    Other(String),
}

/// What is asked of a server.
pub(super) struct Ask<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) accept: &'a str,
    /// Type of the body, empty without one.
    pub(super) content: &'static str,
    pub(super) body: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(message) => write!(f, "forbidden (403): {message}"),
            Self::Absent => f.write_str("not found (404)"),
            Self::Expired(_) => f.write_str("the list expired while it was read (410)"),
            Self::Large => f.write_str("the answer is too large"),
            Self::Refused(message) | Self::Other(message) => f.write_str(message),
        }
    }
}

/// A server that is asked.
pub(super) struct Server {
    client: Client,
    pub(super) options: LiveOptions,
}

/// What kept one attempt from succeeding.
enum Attempt {
    Final(Failure),
    Again { why: String, wait: Option<Duration> },
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    message: String,
    metadata: StatusMeta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusMeta {
    r#continue: String,
}

impl Server {
    pub(super) fn new(client: Client, options: LiveOptions) -> Self {
        Self { client, options }
    }

    /// The server's version as it writes it.
    pub(super) async fn version(&self) -> Result<Option<String>, Failure> {
        let bytes = self.get("/version", "application/json").await?;
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(value.get("gitVersion").and_then(|text| text.as_str()).map(str::to_owned))
    }

    /// The body of a GET.
    pub(super) async fn get(&self, path: &str, accept: &str) -> Result<Vec<u8>, Failure> {
        self.ask(&Ask { method: "GET", path, accept, content: "", body: String::new() }).await
    }

    /// The body of an answer. What may pass (429, 5xx, a cut connection, a stall) is tried again:
    /// nothing is asked here that changes anything.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Vec<u8>, Failure> {
        let mut wait = self.options.back_off;
        let mut attempt = 1;
        loop {
            let (why, asked) = match self.once(ask).await {
                Ok(bytes) => return Ok(bytes),
                Err(Attempt::Final(failure)) => return Err(failure),
                Err(Attempt::Again { why, wait }) => (why, wait),
            };
            if attempt >= self.options.attempts {
                return Err(Failure::Other(format!("{why}, {attempt} times")));
            }
            attempt += 1;
            tokio::time::sleep(asked.unwrap_or(wait).min(LONGEST_WAIT)).await;
            wait *= 2;
        }
    }

    /// One attempt, within the time that an answer may take.
    async fn once(&self, ask: &Ask<'_>) -> Result<Vec<u8>, Attempt> {
        let whole = self.options.whole;
        tokio::time::timeout(whole, self.answer(ask)).await.unwrap_or_else(|_| {
            let why = format!("the answer did not end within {} s", whole.as_secs_f32());
            Err(Attempt::Again { why, wait: None })
        })
    }

    async fn answer(&self, ask: &Ask<'_>) -> Result<Vec<u8>, Attempt> {
        let again = |why: String| Attempt::Again { why, wait: None };
        let mut request =
            http::Request::builder().method(ask.method).uri(ask.path).header(ACCEPT, ask.accept);
        let mut body = Body::empty();
        if !ask.content.is_empty() {
            request = request.header(CONTENT_TYPE, ask.content);
            body = Body::from(ask.body.clone().into_bytes());
        }
        let request = request
            .body(body)
            .map_err(|error| Attempt::Final(Failure::Other(error.to_string())))?;
        let stall = self.options.stall;
        let stalled = || again(format!("no answer within {} s", stall.as_secs_f32()));
        let sent = tokio::time::timeout(stall, self.client.send(request)).await;
        let answer = sent.map_err(|_| stalled())?.map_err(|error| {
            let why = format!("the connection failed: {}", root_cause(&error));
            match error {
                // A credential that cannot be had is not had by asking again.
                kube::Error::Auth(_) => Attempt::Final(Failure::Other(why)),
                _ => again(why),
            }
        })?;
        let status = answer.status();
        let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let mut body = answer.into_body();
        let mut bytes = Vec::new();
        loop {
            let frame = tokio::time::timeout(stall, body.frame()).await.map_err(|_| stalled())?;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|error| {
                again(format!("the connection was cut: {}", root_cause(&error)))
            })?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > self.options.page_bytes {
                    return Err(Attempt::Final(Failure::Large));
                }
                bytes.extend_from_slice(data);
            }
        }
        if status.is_success() {
            return Ok(bytes);
        }
        let said: Status = serde_json::from_slice(&bytes).unwrap_or_default();
        let message: String = said.message.chars().take(MESSAGE).collect();
        Err(match status.as_u16() {
            403 => Attempt::Final(Failure::Forbidden(message)),
            404 | 405 => Attempt::Final(Failure::Absent),
            410 => {
                let token = said.metadata.r#continue;
                Attempt::Final(Failure::Expired((!token.is_empty()).then_some(token)))
            }
            // A webhook that fails, or one that cannot do dry runs, is no fault that passes.
            500 if ask.method != "GET" => {
                Attempt::Final(Failure::Refused(format!("the server answered {status}: {message}")))
            }
            408 | 429 | 500..=599 => {
                Attempt::Again { why: format!("the server answered {status}"), wait: after }
            }
            _ => {
                let text = format!("the server answered {status}: {message}");
                Attempt::Final(Failure::Refused(text))
            }
        })
    }
}

/// The innermost reason of an error: the outer ones only say that a request failed.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().chars().take(MESSAGE).collect()
}
