//! Which class of credential a value is. Asked at the border, where values are dropped: only
//! the class survives, never the value or a part of it.
//!
//! A class is a matter of format, not of a key's name; the one exception,
//! [`NAMED`], is a literal under a name that says what it is, and is marked as such.

use std::collections::{BTreeMap, BTreeSet};

/// A signed token of a ServiceAccount.
pub const ACCOUNT_TOKEN: &str = "service-account-token";
/// The private key of a certificate authority, its certificate beside it.
pub const CA_KEY: &str = "ca-key";
/// The private key of a certificate that signs no others.
pub const TLS_KEY: &str = "tls-key";
/// A private key without its certificate: what it signs is not shown.
pub const PRIVATE_KEY: &str = "private-key";
/// A private key for SSH.
pub const SSH_KEY: &str = "ssh-key";
/// A credential for image registries.
pub const REGISTRY: &str = "registry-credential";
/// A long-lived access key of Amazon Web Services.
pub const AWS_KEY: &str = "aws-access-key";
/// A key of a Google Cloud service account.
pub const GOOGLE_KEY: &str = "google-service-account-key";
/// A key of an Azure storage account.
pub const AZURE_KEY: &str = "azure-storage-key";
/// A token of a source code host.
pub const SOURCE_TOKEN: &str = "source-host-token";
/// A user name with a password in an address.
pub const ADDRESS: &str = "address-with-password";
/// A literal under a name that says that it is secret.
pub const NAMED: &str = "named-as-secret";
/// A bootstrap token that logs in: the API server's authenticator wants exactly `true`
/// (`plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go`).
pub const BOOTSTRAP_LOGIN: &str = "bootstrap-login";
/// Some value could not be read, so that classes may be missing.
pub const UNREAD: &str = "unread";
/// Kubeconfigs by what they log in with.
pub const KUBECONFIG: [&str; 5] = [
    "kubeconfig-static-cert",
    "kubeconfig-static-token",
    "kubeconfig-basic",
    "kubeconfig-exec",
    "kubeconfig-token-file",
];

/// Classes by which whoever reads them acts in a cloud account.
pub const CLOUD: [&str; 3] = [AWS_KEY, GOOGLE_KEY, AZURE_KEY];

/// The class if it is a known one, for classes that come with a snapshot.
#[must_use]
pub(crate) fn known(class: &str) -> bool {
    let all = [
        ACCOUNT_TOKEN,
        CA_KEY,
        TLS_KEY,
        PRIVATE_KEY,
        SSH_KEY,
        REGISTRY,
        AWS_KEY,
        GOOGLE_KEY,
        AZURE_KEY,
        SOURCE_TOKEN,
        ADDRESS,
        NAMED,
        BOOTSTRAP_LOGIN,
        UNREAD,
    ];
    all.contains(&class) || KUBECONFIG.contains(&class)
}

/// Looks at the entries of one object, a private key together with its certificate.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    found: BTreeSet<&'static str>,
    /// Stems of entries that are private keys.
    keys: BTreeSet<String>,
    /// Stems of entries that are certificates: whether the first is an authority's.
    certificates: BTreeMap<String, bool>,
}

impl Finder {
    /// Looks at one entry.
    pub(crate) fn entry(&mut self, key: &str, value: &str) {
        // Most values are plain words: a format is looked for only where its bytes occur.
        let bytes = Bytes::of(value);
        if bytes.has(b'-') && value.contains("-----BEGIN ") {
            self.pem(key, value);
        }
        if bytes.has(b':') {
            self.found.extend(kubeconfig(value));
        }
        self.found.extend(token(value, &bytes));
    }

    /// Looks at one entry of a Secret.
    pub(crate) fn secret_entry(&mut self, key: &str, value: &str) {
        self.entry(key, value);
        if key == "usage-bootstrap-authentication" && value == "true" {
            self.found.insert(BOOTSTRAP_LOGIN);
        }
    }

    fn pem(&mut self, key: &str, value: &str) {
        let stem = key.rsplit_once('.').map_or(key, |(stem, _)| stem);
        let stem = stem.strip_suffix("-key").unwrap_or(stem).to_ascii_lowercase();
        if value.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
            self.found.insert(SSH_KEY);
        } else if is_private_key(value) && !value.contains("\"private_key\"") {
            self.keys.insert(stem.clone());
        }
        if let Some(der) = first_certificate(value) {
            self.certificates.insert(stem, is_authority(&der));
        }
    }

    /// Some value was not there to be looked at.
    pub(crate) fn unread(&mut self) {
        self.found.insert(UNREAD);
    }

    /// The classes, sorted.
    pub(crate) fn classes(mut self) -> Vec<&'static str> {
        for stem in &self.keys {
            self.found.insert(match self.certificates.get(stem) {
                Some(true) => CA_KEY,
                Some(false) => TLS_KEY,
                None => PRIVATE_KEY,
            });
        }
        self.found.into_iter().collect()
    }
}

/// Which bytes a value has.
struct Bytes([u64; 4]);

impl Bytes {
    fn of(value: &str) -> Self {
        let mut seen = [0; 4];
        for byte in value.bytes() {
            seen[usize::from(byte / 64)] |= 1 << (byte % 64);
        }
        Self(seen)
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] & (1 << (byte % 64)) != 0
    }
}

/// The class of a literal under a name: its format's, else what the name says.
pub(crate) fn literal(name: &str, value: &str) -> Option<&'static str> {
    class(name, value).filter(|_| !is_placeholder(value))
}

fn class(name: &str, value: &str) -> Option<&'static str> {
    let mut finder = Finder::default();
    finder.entry(name, value);
    if let Some(class) = finder.classes().first() {
        return Some(class);
    }
    says_secret(name, value).then_some(NAMED)
}

/// Whether a name says that its value is secret, and the value may be.
fn says_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let says = ["PASSWORD", "PASSWD", "SECRET_KEY", "SECRET_ACCESS_KEY", "API_KEY", "APIKEY"];
    let says = says.iter().any(|word| name.ends_with(word))
        || name.ends_with("_TOKEN")
        || name.ends_with("_SECRET")
        || matches!(name.as_str(), "TOKEN" | "SECRET");
    // A path, an address or a switch under such a name is no secret.
    let plain = value.starts_with('/')
        || value.contains("://")
        || matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "none")
        || value.bytes().all(|b| b.is_ascii_digit());
    says && !plain
}

/// The classes of credential in the value of an annotation, which may be an object written as
/// JSON. `setting`: its key is a documented one, whose name says nothing of the value.
pub(crate) fn annotation(key: &str, value: &str, setting: bool) -> Vec<&'static str> {
    if value == "REDACTED" {
        return vec![UNREAD];
    }
    let mut finder = Finder::default();
    let bytes = Bytes::of(value);
    let json = value.trim_start().starts_with(['{', '[']);
    // What has to be looked at leaf by leaf: texts in texts, whole values, names beside values.
    let nested = json
        && (bytes.has(b'\\')
            || bytes.has(b'@')
            || value.contains("\"value\"")
            || value.contains("eyJ"));
    match nested.then(|| serde_json::from_str(value)) {
        Some(Ok(document)) => leaves(&mut finder, key, &document),
        // Whatever is not whole is looked at as text.
        Some(Err(_)) | None => finder.entry(key, value),
    }
    let name = key.rsplit('/').next().unwrap_or(key).replace(['-', '.'], "_");
    // An annotation that is called a secret names an object.
    let refers = name.to_ascii_uppercase().ends_with("SECRET");
    if !setting && !refers && !json && says_secret(&name, value) && !is_placeholder(value) {
        finder.found.insert(NAMED);
    }
    finder.classes()
}

/// Looks at every text of a document: those under a name by their format, and variables, which
/// are a name beside a value, as literals.
fn leaves(finder: &mut Finder, key: &str, document: &serde_json::Value) {
    use serde_json::Value;
    // The parser limits how deep a document is.
    match document {
        Value::String(text) => finder.entry(key, text),
        Value::Array(items) => items.iter().for_each(|item| leaves(finder, key, item)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let (Some(name), Some(value)) = (text("name"), text("value")) {
                finder.found.extend(literal(name, value));
            }
            for (name, value) in fields {
                leaves(finder, name, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Values that stand for a secret and are none.
fn is_placeholder(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let lower = value.to_ascii_lowercase();
    const WORDS: &[&str] = &[
        "changeme",
        "change-me",
        "change_me",
        "example",
        "placeholder",
        "redacted",
        "replace",
        "your-",
        "your_",
        "dummy",
        "todo",
        "xxx",
        "***",
        "<",
        "insert",
    ];
    value.is_empty()
        || value.starts_with("${")
        || value.starts_with("$(")
        || value.starts_with("{{")
        || WORDS.iter().any(|word| lower.contains(word))
}

fn is_private_key(value: &str) -> bool {
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----",
    ]
    .iter()
    .any(|mark| value.contains(mark))
}

/// Kubeconfigs: a document of kind Config with clusters, by what its users log in with.
fn kubeconfig(value: &str) -> Vec<&'static str> {
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
fn token(value: &str, bytes: &Bytes) -> Vec<&'static str> {
    let mut found = Vec::new();
    let trimmed = value.trim();
    if bytes.has(b'.') && is_account_token(trimmed) {
        found.push(ACCOUNT_TOKEN);
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
    if bytes.has(b'@') && address_with_password(trimmed) {
        found.push(ADDRESS);
    }
    found
}

/// Whether the value holds the prefix at the start of a word, and then so many such bytes and
/// no more for fixed formats. Example keys of documentation are none.
fn has_word(value: &str, prefix: &str, least: usize, allowed: impl Fn(u8) -> bool) -> bool {
    value.match_indices(prefix).any(|(at, _)| {
        let starts = !value[..at].bytes().next_back().is_some_and(|b| b.is_ascii_alphanumeric());
        let rest = &value[at + prefix.len()..];
        let length = rest.bytes().take_while(|b| allowed(*b)).count();
        starts && length >= least && !rest[..length].ends_with("EXAMPLE")
    })
}

/// `scheme://user:password@host`, where the password is no reference.
fn address_with_password(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', ' ']).next().unwrap_or(rest);
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    let Some((_, password)) = user.split_once(':') else { return false };
    scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
        && !is_placeholder(password)
        && !password.contains('$')
}

/// A JSON web token whose subject is a ServiceAccount.
fn is_account_token(value: &str) -> bool {
    let parts: Vec<&str> = value.split('.').collect();
    let [_, payload, signature] = parts.as_slice() else { return false };
    if signature.is_empty() {
        return false;
    }
    let Some(payload) = base64(payload) else { return false };
    #[derive(serde::Deserialize)]
    struct Claims<'a> {
        #[serde(borrow, default)]
        sub: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice::<Claims<'_>>(&payload)
        .is_ok_and(|claims| claims.sub.starts_with("system:serviceaccount:"))
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
fn first_certificate(value: &str) -> Option<Vec<u8>> {
    let (_, rest) = value.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    base64(body.trim())
}

/// Whether a certificate carries basicConstraints with cA true (RFC 5280 section 4.2.1.9).
fn is_authority(der: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(entries: &[(&str, &str)]) -> Vec<&'static str> {
        let mut finder = Finder::default();
        for (key, value) in entries {
            finder.entry(key, value);
        }
        finder.classes()
    }

    /// A certificate as far as the question goes: the extension, with or without cA.
    fn certificate(authority: bool) -> String {
        let body = match authority {
            true => "MA8GA1UdEwEB/wQFMAMBAf8=",
            false => "MAwGA1UdEwEB/wQCMAA=",
        };
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn keys_are_told_apart_by_their_certificate() {
        let key = "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----";
        assert_eq!(classes(&[("tls.crt", &certificate(true)), ("tls.key", key)]), [CA_KEY]);
        assert_eq!(classes(&[("tls.crt", &certificate(false)), ("tls.key", key)]), [TLS_KEY]);
        // The authority's certificate without its key is public.
        let beside = [("ca.crt", certificate(true)), ("tls.crt", certificate(false))];
        let mut entries: Vec<(&str, &str)> = beside.iter().map(|(k, v)| (*k, &**v)).collect();
        entries.push(("tls.key", key));
        assert_eq!(classes(&entries), [TLS_KEY]);
        assert_eq!(classes(&[("ca.crt", &certificate(true))]), [] as [&str; 0]);
        assert_eq!(classes(&[("sa.key", key)]), [PRIVATE_KEY]);
        assert_eq!(classes(&[("id", "-----BEGIN OPENSSH PRIVATE KEY-----\n")]), [SSH_KEY]);
    }

    #[test]
    fn formats_decide_and_examples_are_none() {
        // {"sub":"system:serviceaccount:a:b"} and {"sub":"ann"}
        let token = "e30.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpiIn0.c2ln";
        assert_eq!(classes(&[("x", token)]), [ACCOUNT_TOKEN]);
        assert!(classes(&[("x", "e30.eyJzdWIiOiJhbm4ifQ.c2ln")]).is_empty());
        let aws = format!("id = {}{}", "AKIA", "ABCDEFGHIJKLMNOP");
        assert_eq!(classes(&[("x", &aws)]), [AWS_KEY]);
        assert!(classes(&[("x", "AKIAIOSFODNN7EXAMPLE")]).is_empty());
        assert!(classes(&[("x", "XAKIAABCDEFGHIJKLMNOP")]).is_empty());
        let google =
            "{\"type\": \"service_account\", \"private_key\": \"-----BEGIN PRIVATE KEY-----\"}";
        assert_eq!(classes(&[("key.json", google)]), [GOOGLE_KEY]);
        let registry = "{\"auths\": {\"r.example.org\": {\"auth\": \"dTpw\"}}}";
        assert_eq!(classes(&[(".dockerconfigjson", registry)]), [REGISTRY]);
        assert!(classes(&[(".dockerconfigjson", "{\"auths\": {}}")]).is_empty());
        let config = "kind: Config\nclusters: []\nusers:\n- user:\n    exec:\n      command: x\n";
        assert_eq!(classes(&[("value", config)]), ["kubeconfig-exec"]);
    }

    #[test]
    fn literals_are_credentials_by_format_or_name_and_placeholders_are_none() {
        assert_eq!(literal("DB_URL", "postgres://u:hunter2@db/x"), Some(ADDRESS));
        assert_eq!(literal("DB_URL", "postgres://u:$(PASSWORD)@db/x"), None);
        assert_eq!(literal("DB_URL", "postgres://db/x"), None);
        assert_eq!(literal("DB_PASSWORD", "hunter2"), Some(NAMED));
        for value in
            ["", "changeme", "<password>", "${PASSWORD}", "$(PW)", "/run/secrets/pw", "true"]
        {
            assert_eq!(literal("DB_PASSWORD", value), None, "{value}");
        }
        assert_eq!(literal("TOKEN_COUNT", "hunter2"), None);
        assert_eq!(literal("COLOUR", "blue"), None);
    }

    #[test]
    fn annotations_are_looked_at_leaf_by_leaf() {
        let key = format!("{}{}", "AKIA", "ABCDEFGHIJKLMNOP");
        let found = |key: &str, value: &str| annotation(key, value, false);
        assert_eq!(found("a.example.com/note", &key), [AWS_KEY]);
        // An object in which values stand beside their names, and texts in texts.
        let applied = r#"{"kind":"Deployment","spec":{"containers":[{"env":[
            {"name":"DB_PASSWORD","value":"hunter2"},{"name":"COLOUR","value":"blue"}]}]}}"#;
        let last = "kubectl.kubernetes.io/last-applied-configuration";
        assert_eq!(found(last, applied), [NAMED]);
        let registry = r#"{"data":{"c":"{\"auths\": {\"r.example.org\": {\"auth\": \"dTpw\"}}}"}}"#;
        assert_eq!(found(last, registry), [REGISTRY]);
        let address = r#"{"data":{"url":"mq://u:hunter2@h","other":"mq://h"}}"#;
        assert_eq!(found(last, address), [ADDRESS]);
        // What is cut off is text.
        assert_eq!(found(last, &format!(r#"{{"data":{{"id":"{key}"#)), [AWS_KEY]);
        assert_eq!(found("a.example.com/db-password", "hunter2"), [NAMED]);
        assert_eq!(found("a.example.com/note", "REDACTED"), [UNREAD]);
        for (key, value) in [
            ("nginx.ingress.kubernetes.io/auth-secret", "basic-auth"),
            ("a.example.com/inject-token", "true"),
            ("a.example.com/api-token", "<token>"),
            ("a.example.com/note", "hunter2"),
            (last, r#"{"spec":{"env":[{"name":"DB_PASSWORD","value":"changeme"}]}}"#),
            (last, r#"{"spec":{"env":[{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{}}}]}}"#),
        ] {
            assert!(found(key, value).is_empty(), "{key}: {value}");
        }
        // A container may be called anything.
        let profile = "container.apparmor.security.beta.kubernetes.io/token";
        assert!(annotation(profile, "runtime/default", true).is_empty());
    }

    #[test]
    fn base64_reads_both_alphabets() {
        assert_eq!(base64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(base64("aGk"), Some(b"hi".to_vec()));
        assert_eq!(base64("-_8"), base64("+/8="));
        assert_eq!(base64("a"), None);
        assert_eq!(base64("a b"), None);
    }
}
