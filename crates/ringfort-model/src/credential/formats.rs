//! Credentials that are known by their own format, wherever in a value they stand.

use super::names::{is_placeholder, is_random};
use super::{
    ACCOUNT_TOKEN, ADDRESS, AWS_KEY, AZURE_KEY, AZURE_SECRET, Bytes, GOOGLE_KEY, KUBECONFIG,
    REGISTRY, SERVICE_TOKEN, SOURCE_TOKEN, WEB_TOKEN, WEBHOOK,
};

pub(super) fn is_private_key(value: &str) -> bool {
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----",
    ]
    .iter()
    .any(|mark| value.contains(mark))
}

/// Kubeconfigs: a document of kind Config with clusters, by what its users log in with.
pub(super) fn kubeconfig(value: &str) -> Vec<&'static str> {
    let config = value.contains("kind: Config")
        || value.contains("\"kind\":\"Config\"")
        || value.contains("\"kind\": \"Config\"");
    if !config || !value.contains("clusters") {
        return Vec::new();
    }
    let marks = [
        (["client-key-data", "client-key-data"], KUBECONFIG[0]),
        (["token:", "\"token\""], KUBECONFIG[1]),
        (["password:", "\"password\""], KUBECONFIG[2]),
        (["exec:", "\"exec\""], KUBECONFIG[3]),
        (["tokenFile:", "\"tokenFile\""], KUBECONFIG[4]),
    ];
    let has = |words: &[&str; 2]| words.iter().any(|word| value.contains(word));
    marks.iter().filter(|(words, _)| has(words)).map(|(_, class)| *class).collect()
}

/// Tokens and keys that are known by their own format.
pub(super) fn token(value: &str, bytes: &Bytes) -> Vec<&'static str> {
    let mut found = Vec::new();
    if bytes.has(b'@') && value.match_indices("://").any(|(at, _)| has_password(value, at)) {
        found.push(ADDRESS);
    }
    if value.len() < SHORTEST {
        return found;
    }
    if bytes.has(b'.') {
        found.extend(web_tokens(value));
    }
    let quoted = bytes.has(b'"');
    if quoted
        && value.contains("\"auths\"")
        && (value.contains("\"auth\"") || value.contains("\"password\""))
    {
        found.push(REGISTRY);
    }
    if bytes.has(b'K')
        && has_word(value, "AKIA", 16, |b| b.is_ascii_uppercase() || b.is_ascii_digit())
    {
        found.push(AWS_KEY);
    }
    if quoted && value.contains("\"service_account\"") && value.contains("\"private_key\"") {
        found.push(GOOGLE_KEY);
    }
    let account = match bytes.has(b'=') {
        true => value.split_once("AccountKey=").map(|(_, key)| key),
        false => None,
    };
    if account.is_some_and(|key| key.bytes().take_while(|b| is_base64(*b)).count() >= 86) {
        found.push(AZURE_KEY);
    }
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (bytes.has(b'_') || bytes.has(b'-'))
        && ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-"]
            .iter()
            .any(|prefix| has_word(value, prefix, 20, word))
    {
        found.push(SOURCE_TOKEN);
    }
    if SERVICES.iter().any(|service| service.is_in(value)) {
        found.push(SERVICE_TOKEN);
    }
    if bytes.has(b'~') && value.match_indices("Q~").any(|(at, _)| is_client_secret(value, at)) {
        found.push(AZURE_SECRET);
    }
    if bytes.has(b'/') && WEBHOOKS.iter().any(|(prefix, parts)| is_webhook(value, prefix, *parts)) {
        found.push(WEBHOOK);
    }
    found
}

/// No token but a password in an address is shorter.
const SHORTEST: usize = 20;

/// A kind of token of a service on the internet.
struct Service {
    /// What it begins with.
    prefix: &'static str,
    /// What the rest has beside letters and digits.
    signs: &'static [u8],
    /// How long the rest is at least, and at most.
    length: (usize, usize),
    /// Whether the rest is made as the service makes it.
    shape: fn(&[u8]) -> bool,
}

impl Service {
    const fn new(prefix: &'static str, signs: &'static [u8], least: usize) -> Self {
        Self { prefix, signs, length: (least, LONGEST_WORD), shape: |_| true }
    }

    const fn shaped(self, shape: fn(&[u8]) -> bool) -> Self {
        Self { shape, ..self }
    }

    /// Whether a text has one in it.
    fn is_in(&self, value: &str) -> bool {
        let (least, most) = self.length;
        words(value, self.prefix, |b| b.is_ascii_alphanumeric() || self.signs.contains(&b)).any(
            |rest| {
                (least..=most).contains(&rest.len())
                    && (self.shape)(rest.as_bytes())
                    && is_random(rest)
            },
        )
    }
}

/// Tokens of services on the internet, from the services' documentation.
const SERVICES: &[Service] = &[
    Service::new("xoxb-", b"-", 20).shaped(begins_with_digit),
    Service::new("xoxp-", b"-", 20).shaped(begins_with_digit),
    Service::new("xoxa-", b"-", 20).shaped(begins_with_digit),
    Service::new("xapp-", b"-", 20)
        .shaped(|rest| matches!(rest, [digit, b'-', ..] if digit.is_ascii_digit())),
    Service::new("sk_live_", b"", 20),
    Service::new("rk_live_", b"", 20),
    Service { length: (36, 36), ..Service::new("npm_", b"", 36) },
    Service::new("hf_", b"", 30),
    // Two parts: the name of the key, of 22 letters, and the key.
    Service::new("SG.", b"_-.", 40).shaped(|rest| rest.get(22) == Some(&b'.')),
    Service::new("dop_v1_", b"", 40),
    Service::new("AIza", b"_-", 35),
    Service::new("sk-ant-", b"_-", 40),
    Service::new("hvs.", b"_-.", 24),
    Service::new("pypi-AgE", b"_-", 40),
];

fn begins_with_digit(rest: &[u8]) -> bool {
    rest.first().is_some_and(u8::is_ascii_digit)
}

/// Addresses by which whoever knows them speaks: what they begin with, and how many parts follow.
const WEBHOOKS: &[(&str, usize)] = &[
    ("hooks.slack.com/services/", 3),
    ("discord.com/api/webhooks/", 2),
    ("discordapp.com/api/webhooks/", 2),
    ("webhook.office.com/webhookb2/", 1),
];

/// How many bytes of a word behind a prefix are looked at: what a value may be made of is up to
/// whoever wrote it, and the work must not grow with the square of its length.
const LONGEST_WORD: usize = 512;

/// How many bytes of a JSON web token are looked at.
const LONGEST_TOKEN: usize = 8 << 10;

/// The beginning of a text, of so many bytes at most.
pub(super) fn up_to(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The end of a text, of so many bytes at most.
pub(super) fn last_of(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

fn is_webhook(value: &str, prefix: &str, parts: usize) -> bool {
    value.match_indices(prefix).any(|(at, _)| {
        let path = up_to(&value[at + prefix.len()..], LONGEST_WORD).split(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '?' | '#' | '<' | ',')
        });
        let path = path.into_iter().next().unwrap_or_default();
        let given = path.split('/').filter(|part| !part.is_empty());
        given.count() >= parts && !path.contains(['$', '{']) && !is_placeholder(path)
    })
}

/// A secret of an application of Entra: three letters, a digit, `Q~` and 31 to 34 letters more.
fn is_client_secret(value: &str, at: usize) -> bool {
    let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'.' | b'-');
    let bytes = value.as_bytes();
    let before = bytes[..at].iter().rev().take(5).take_while(|b| letter(b)).count();
    let behind = bytes[at + 2..].iter().take(35).take_while(|b| letter(b)).count();
    before == 4 && bytes[at - 1].is_ascii_digit() && (31..=34).contains(&behind)
}

/// What follows a prefix that begins a word, as far as it is looked at.
fn words<'v>(
    value: &'v str,
    prefix: &'v str,
    allowed: impl Fn(u8) -> bool,
) -> impl Iterator<Item = &'v str> {
    value.match_indices(prefix).filter_map(move |(at, _)| {
        let starts = !value[..at].bytes().next_back().is_some_and(|b| b.is_ascii_alphanumeric());
        if !starts {
            return None;
        }
        let rest = &value[at + prefix.len()..];
        let length = rest.bytes().take(LONGEST_WORD).take_while(|b| allowed(*b)).count();
        Some(&rest[..length])
    })
}

/// Whether the value holds the prefix at the start of a word, and then so many such bytes and
/// no more for fixed formats. Example keys of documentation are none.
fn has_word(value: &str, prefix: &str, least: usize, allowed: impl Fn(u8) -> bool) -> bool {
    let filled = |rest: &str| rest.bytes().all(|b| b.eq_ignore_ascii_case(&rest.as_bytes()[0]));
    words(value, prefix, allowed)
        .any(|rest| rest.len() >= least && !rest.ends_with("EXAMPLE") && !filled(rest))
}

/// `scheme://user:password@host`, where the password is no reference; `at` is where the scheme ends.
fn has_password(value: &str, at: usize) -> bool {
    let scheme = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    let behind = &value[at + 3..];
    let end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '`');
    let authority = behind.split(end).next().unwrap_or(behind);
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    let Some((_, password)) = user.split_once(':') else { return false };
    value[..at].bytes().next_back().is_some_and(scheme)
        && !is_placeholder(password)
        && !password.contains(['$', '{'])
        && !password.starts_with('%')
}

/// The classes of JSON web tokens (RFC 7519): of a ServiceAccount, or of somebody else's where the
/// header names an algorithm. What is all of a value need not look like one.
fn web_tokens(value: &str) -> Vec<&'static str> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=');
    // Several may begin within one run of such letters: its end is found once.
    let mut end = 0;
    let some = value.match_indices("eyJ").filter_map(|(at, _)| {
        let starts =
            at == 0 || !letter(value.as_bytes()[at - 1]) || value.as_bytes()[at - 1] == b'=';
        if !starts {
            return None;
        }
        if end <= at {
            end = at + value[at..].bytes().take_while(|b| letter(*b)).count();
        }
        web_token(&value[at..end.min(at + LONGEST_TOKEN)])
    });
    let mut found: Vec<&str> = some.collect();
    found.extend(web_token(value.trim()));
    found
}

fn web_token(word: &str) -> Option<&'static str> {
    #[derive(serde::Deserialize)]
    struct Part<'a> {
        #[serde(borrow, default)]
        alg: std::borrow::Cow<'a, str>,
        #[serde(borrow, default)]
        sub: std::borrow::Cow<'a, str>,
    }
    let mut parts = word.trim_end_matches('.').split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if signature.is_empty() || parts.next().is_some() {
        return None;
    }
    let (header, payload) = (base64(header)?, base64(payload)?);
    let payload: Part<'_> = serde_json::from_slice(&payload).ok()?;
    if payload.sub.starts_with("system:serviceaccount:") {
        return Some(ACCOUNT_TOKEN);
    }
    let header: Part<'_> = serde_json::from_slice(&header).ok()?;
    (!header.alg.is_empty() && header.alg != "none").then_some(WEB_TOKEN)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Decodes base64, of either alphabet, padded or not, with line breaks.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    let mut ended = false;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                ended = true;
                continue;
            }
            b'\n' | b'\r' => continue,
            _ => return None,
        };
        if ended {
            return None;
        }
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    (bits != 6).then_some(out)
}

/// The first certificate of a PEM text.
pub(super) fn first_certificate(value: &str) -> Option<Vec<u8>> {
    let (_, rest) = value.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    base64(body.trim())
}

/// Whether a certificate carries basicConstraints with cA true (RFC 5280 section 4.2.1.9).
pub(super) fn is_authority(der: &[u8]) -> bool {
    // OBJECT IDENTIFIER 2.5.29.19, perhaps critical, an OCTET STRING with a SEQUENCE in it
    // whose first part is the BOOLEAN cA.
    const NAME: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x13];
    der.windows(NAME.len()).position(|window| window == NAME).is_some_and(|at| {
        let rest = &der[at + NAME.len()..];
        let rest = match rest {
            [0x01, 0x01, _, rest @ ..] => rest,
            rest => rest,
        };
        matches!(rest, [0x04, _, 0x30, _, 0x01, 0x01, value, ..] if *value != 0)
    })
}
