//! Which class of credential a value is. Asked at the border, where values are dropped: only
//! the class survives, never the value or a part of it.
//!
//! A class is a matter of format, not of a key's name; the one exception,
//! [`NAMED`], is a literal under a name that says what it is, and is marked as such.

mod assigned;
mod formats;
mod names;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::text::Str;

pub(crate) use formats::base64;
pub(crate) use words::classes as of_words;

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
/// A secret of an application of Entra, by which it acts in Azure.
pub const AZURE_SECRET: &str = "azure-client-secret";
/// A JSON web token of somebody else than a ServiceAccount.
pub const WEB_TOKEN: &str = "json-web-token";
/// A token of a service on the internet.
pub const SERVICE_TOKEN: &str = "service-token";
/// An address that whoever knows it may write to.
pub const WEBHOOK: &str = "webhook-address";
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
pub const CLOUD: [&str; 4] = [AWS_KEY, GOOGLE_KEY, AZURE_KEY, AZURE_SECRET];

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
        AZURE_SECRET,
        WEB_TOKEN,
        SERVICE_TOKEN,
        WEBHOOK,
        SOURCE_TOKEN,
        ADDRESS,
        NAMED,
        BOOTSTRAP_LOGIN,
        UNREAD,
    ];
    all.contains(&class) || KUBECONFIG.contains(&class)
}

/// Whether a class is a credential that lasts: a kubeconfig that starts a program or reads a file
/// holds none, and of what was not read nobody knows.
#[must_use]
pub fn is_held(class: &str) -> bool {
    class != KUBECONFIG[3] && class != KUBECONFIG[4] && class != UNREAD
}

/// The class that says most of several: a key of a cloud before others by their format, these before
/// what only a name says.
fn first(classes: &[&'static str]) -> Option<&'static str> {
    let rank = |class: &&&'static str| match **class {
        class if CLOUD.contains(&class) => 0,
        NAMED | UNREAD => 2,
        _ => 1,
    };
    classes.iter().min_by_key(rank).copied()
}

/// Looks at the entries of one object, a private key together with its certificate.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// Key of the entry, and a class that it holds.
    found: BTreeSet<(Str, &'static str)>,
    /// Stems of entries that are private keys, with the key.
    keys: BTreeMap<String, Str>,
    /// Stems of entries that are certificates: whether the first is an authority's.
    certificates: BTreeMap<String, bool>,
}

impl Finder {
    /// Looks at one entry for what is known by its format.
    pub(crate) fn entry(&mut self, key: &str, value: &str) {
        // Most values are plain words: a format is looked for only where its bytes occur.
        let bytes = Bytes::of(value);
        if bytes.has(b'-') && value.contains("-----BEGIN ") {
            self.pem(key, value);
        }
        if bytes.has(b':') {
            self.hold(key, formats::kubeconfig(value));
        }
        self.hold(key, formats::token(value, &bytes));
    }

    /// Looks at one entry of a Secret.
    pub(crate) fn secret_entry(&mut self, key: &str, value: &str) {
        self.entry(key, value);
        if key == "usage-bootstrap-authentication" && value == "true" {
            self.hold(key, [BOOTSTRAP_LOGIN]);
        }
    }

    /// Looks at one entry of a ConfigMap: a value under its key, or a text with names in it.
    pub(crate) fn config_entry(&mut self, key: &str, value: &str) {
        self.entry(key, value);
        if value == "REDACTED" {
            self.hold(key, [UNREAD]);
        }
        self.hold(key, names::written(key, value.trim()));
        let mut named = BTreeSet::new();
        assigned::each(value, &mut |class| {
            named.insert(class);
        });
        self.hold(key, named);
    }

    fn hold(&mut self, key: &str, classes: impl IntoIterator<Item = &'static str>) {
        self.found.extend(classes.into_iter().map(|class| (Str::new(key), class)));
    }

    fn pem(&mut self, key: &str, value: &str) {
        let stem = key.rsplit_once('.').map_or(key, |(stem, _)| stem);
        let stem = stem.strip_suffix("-key").unwrap_or(stem).to_ascii_lowercase();
        if value.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
            self.hold(key, [SSH_KEY]);
        } else if formats::is_private_key(value) && !value.contains("\"private_key\"") {
            self.keys.insert(stem.clone(), Str::new(key));
        }
        if let Some(der) = formats::first_certificate(value) {
            self.certificates.insert(stem, formats::is_authority(&der));
        }
    }

    /// A value was not there to be looked at.
    pub(crate) fn unread(&mut self, key: &str) {
        self.hold(key, [UNREAD]);
    }

    /// The keys of entries with the classes that they hold, sorted.
    pub(crate) fn entries(mut self) -> BTreeSet<(Str, &'static str)> {
        for (stem, key) in self.keys {
            let class = match self.certificates.get(&stem) {
                Some(true) => CA_KEY,
                Some(false) => TLS_KEY,
                None => PRIVATE_KEY,
            };
            self.found.insert((key, class));
        }
        self.found
    }

    /// The classes, sorted.
    pub(crate) fn classes(self) -> Vec<&'static str> {
        let classes: BTreeSet<&str> = self.entries().into_iter().map(|(_, class)| class).collect();
        classes.into_iter().collect()
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

/// The class of a literal under a name: its format's, else what the name says, else what names in
/// it say.
pub(crate) fn literal(name: &str, value: &str) -> Option<&'static str> {
    if value == "REDACTED" {
        return Some(UNREAD);
    }
    let mut finder = Finder::default();
    finder.entry(name, value);
    let mut classes = finder.classes();
    classes.extend(names::taken(name, value));
    assigned::each(value, &mut |class| classes.push(class));
    first(&classes)
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
    // An annotation that is called a secret names an object; a checksum is of what it names.
    let refers = name.to_ascii_uppercase().ends_with("SECRET")
        || ["checksum/", "hash/", "sha256/"].iter().any(|sum| key.starts_with(sum));
    if !setting && !refers && !json {
        finder.hold(key, names::taken(&name, value));
    }
    if !nested {
        let mut named = BTreeSet::new();
        assigned::each(value, &mut |class| {
            named.insert(class);
        });
        finder.hold(key, named);
    }
    finder.classes()
}

/// Looks at every text of a document: those under a name by their format, and variables, which
/// are a name beside a value, as literals.
fn leaves(finder: &mut Finder, key: &str, document: &serde_json::Value) {
    use serde_json::Value;
    // The parser limits how deep a document is.
    match document {
        Value::String(text) => {
            finder.entry(key, text);
            let mut named = BTreeSet::new();
            assigned::each(text, &mut |class| {
                named.insert(class);
            });
            finder.hold(key, named);
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(finder, key, item)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let (Some(name), Some(value)) = (text("name"), text("value")) {
                finder.hold(key, literal(name, value));
            }
            for (name, value) in fields {
                if let Value::String(text) = value {
                    finder.hold(key, names::written(name, text));
                }
                leaves(finder, name, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
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
        assert_eq!(literal("DB_URL", "postgres://u:hunter2@db.example/x"), Some(ADDRESS));
        assert_eq!(literal("GITHUB", &format!("ghp_{}", "x".repeat(36))), None);
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
            (
                "checksum/db-password",
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
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
    fn tokens_of_services_have_their_shape() {
        let random = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3gH5";
        for token in [
            format!("npm_{random}"),
            format!("xoxb-1234567890-{random}"),
            format!("xapp-1-{random}"),
            format!("SG.{}.{random}", &random[..22]),
            format!("hvs.{random}"),
            format!("pypi-AgE{random}{random}"),
        ] {
            assert_eq!(classes(&[("x", &token)]), [SERVICE_TOKEN], "{token}");
        }
        for other in [
            "npm_config_cache_directory_of_build_2024_and_more",
            &format!("npm_{random}1"),
            &format!("xoxb-{random}"),
            "pypi-mirror-1.eu-west-2.internal.example-corp.net.local",
            "xapp-frontend-7d9c5b8f4d-abcde-12345",
            "hf_home.cache-1.example-2.corp.internal",
        ] {
            assert!(classes(&[("x", other)]).is_empty(), "{other}");
        }
        // An address is short.
        assert_eq!(classes(&[("x", "a://u:hunter2@h")]), [ADDRESS]);
    }

    #[test]
    fn long_values_cost_no_more_than_their_length() {
        // Each once took time by the square of its length: this test would take hours.
        for pattern in [
            "Q~",
            "npm_",
            "npm_1aB",
            "SG.",
            "hvs.1aB",
            "xoxb-",
            "ghp_",
            "AKIA",
            "eyJ=",
            "eyJ.",
            "eyJ",
            ":",
            ": ",
            ":: ",
            "password::::: ",
            "=",
            "= ",
            ">",
            "<password>",
            "value=",
            "value: name",
            "password=",
            "password=changeme",
            "password=hunter2,",
            "password=\"",
            "--password hunter2 ",
            "hooks.slack.com/services/",
            "discord.com/api/webhooks/",
            "a://u:p@",
            "\u{e4}:",
            "\u{e4}= \u{e4}",
        ] {
            let value = pattern.repeat((1 << 17) / pattern.len());
            let mut finder = Finder::default();
            finder.config_entry("x", &value);
            of_words(&[&value]);
        }
    }

    #[test]
    fn what_is_cut_is_cut_between_letters() {
        for shift in 0..4 {
            let wide = "\u{1f511}".repeat(3000);
            let value = format!("{}{wide}password={wide}", "x".repeat(shift));
            let mut finder = Finder::default();
            finder.config_entry("x", &value);
            let value = format!("{}hooks.slack.com/services/{wide}=a", "x".repeat(shift));
            finder.config_entry("y", &value);
            finder.config_entry("z", &format!("{wide}{}=a", " ".repeat(shift + 1)));
            finder.config_entry("v", &format!("{wide}{}value=a", " ".repeat(shift + 1)));
        }
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
