//! What a name says of the value beside it, and which values stand for a secret and are none.

use super::{AWS_KEY, NAMED};

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Something that people choose, which may be any word.
    Chosen,
    /// Something that is generated: a word that looks like a name is one, of the object that holds it.
    Generated,
}

/// Endings of names of what people choose, as [`spelled`] writes them.
const CHOSEN: &[&str] = &["PASSWORD", "PASSWD", "PASSPHRASE", "_PASS", "_PWD"];

/// Endings of names of what is generated.
const GENERATED: &[&str] = &[
    "SECRET_KEY",
    "ACCESS_KEY",
    "ACCOUNT_KEY",
    "PRIVATE_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "API_KEY",
    "APIKEY",
    "APP_KEY",
    "KEY_BASE",
    "MASTER_KEY",
    "_TOKEN",
    "_SECRET",
];

/// Endings of names under which Amazon's tools look for the secret half of a key.
const AWS_SECRET: &[&str] = &["SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECRET"];

/// A name as variables are spelled: `dbPassword`, `db.password` and `db-password` are one.
fn spelled(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut low = false;
    for c in name.chars() {
        if low && c.is_ascii_uppercase() {
            out.push('_');
        }
        low = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    }
    out
}

/// What the name promises, if anything.
fn promise(spelled: &str) -> Option<Promise> {
    let ends = |words: &[&str]| words.iter().any(|word| spelled.ends_with(word));
    if ends(CHOSEN) || spelled == "PASS" {
        Some(Promise::Chosen)
    } else if ends(GENERATED) || matches!(spelled, "TOKEN" | "SECRET" | "CREDENTIALS") {
        Some(Promise::Generated)
    } else {
        None
    }
}

/// Whether the last byte of a name is one that such names end in: most names are told apart by it.
pub(super) fn may_promise(name: &str) -> bool {
    matches!(name.as_bytes().last(), Some(b'd' | b'D' | b'e' | b'E' | b'n' | b'N' | b's' | b'S'))
        || matches!(name.as_bytes().last(), Some(b't' | b'T' | b'y' | b'Y'))
}

/// The class of a value that a program finds under a name and takes as it is, as a variable.
pub(super) fn taken(name: &str, value: &str) -> Option<&'static str> {
    if !may_promise(name) {
        return None;
    }
    let name = spelled(name);
    if is_header(&name, value) {
        return Some(NAMED);
    }
    let promise = promise(&name)?;
    let none = is_plain(value)
        || is_placeholder(value)
        || is_elsewhere(value)
        || is_label(&name, promise, value);
    (!none).then(|| class(&name, value))
}

/// The class of a value that stands under a name in a text, where it may as well be a word of a
/// language or the name of an object.
pub(super) fn written(name: &str, value: &str) -> Option<&'static str> {
    if !may_promise(name) {
        return None;
    }
    let dotted = name.contains('.');
    let name = spelled(name);
    if is_header(&name, value) {
        return Some(NAMED);
    }
    let promise = promise(&name)?;
    let is_one = match promise {
        Promise::Chosen => {
            value.len() >= 4
                && !is_word(&name, value)
                && !is_label(&name, promise, value)
                && !is_caption(&name, dotted, value)
        }
        Promise::Generated => is_random(value),
    };
    (is_one && !is_plain(value) && !is_reference(value) && !is_placeholder(value))
        .then(|| class(&name, value))
}

/// Whether a value is what a request shows in its header `Authorization`: a scheme, and after it
/// what was generated (RFC 6750), or a name and a password in base64 (RFC 7617).
fn is_header(spelled: &str, value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(' ') else { return false };
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let pair = || rest.len() >= 8 && rest.len() % 4 == 0 && rest.bytes().all(base64);
    spelled.ends_with("AUTHORIZATION")
        && !is_placeholder(rest)
        && (is("Bearer") && is_random(rest) || is("Basic") && pair())
}

/// Whether a value says no more than its name, as a variable and what a form calls its fields, or is
/// a type.
fn is_word(spelled: &str, value: &str) -> bool {
    const TYPES: &[&str] = &["string", "text", "str", "bytes"];
    let last = spelled.rsplit('_').find(|word| !word.is_empty()).unwrap_or(spelled);
    value.eq_ignore_ascii_case(last) || TYPES.contains(&value)
}

/// Whether a value is what people are shown, in texts of programs under the keys of their parts: a
/// sentence, a word of a language that is not written in ASCII alone, and under a key of several
/// parts a word that begins as a title does.
fn is_caption(spelled: &str, dotted: bool, value: &str) -> bool {
    let signs = ['.', ',', ';', ':', '?', '!', '\'', '\u{2019}', '\u{2026}', '-'];
    let word = |part: &str| {
        let bare = part.trim_matches(signs);
        bare.chars().all(|c| c.is_alphabetic() || signs.contains(&c))
    };
    let mut letters = value.chars();
    let title = letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase);
    let several = value.split_whitespace().nth(1).is_some() && !spelled.ends_with("PASSPHRASE");
    value.split_whitespace().all(word) && (several || !value.is_ascii() || (dotted && title))
}

/// Whether a value is what an object is called: a label of DNS without a digit. What people choose
/// may be a single word, and a passphrase several.
fn is_label(spelled: &str, promise: Promise, value: &str) -> bool {
    let label = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        && value.len() <= 63
        && !value.starts_with('-')
        && !value.ends_with('-');
    let several = value.contains('-') && !spelled.ends_with("PASSPHRASE");
    label && (promise == Promise::Generated || several)
}

/// Whether a value says in which store another is found.
fn is_elsewhere(value: &str) -> bool {
    const STARTS: &[&str] =
        &["env:", "env.", "file:", "ref+", "secret:", "vault:", "arn:aws", "ENC["];
    STARTS.iter().any(|start| value.starts_with(start))
}

fn class(spelled: &str, value: &str) -> &'static str {
    match AWS_SECRET.iter().any(|word| spelled.ends_with(word)) && is_aws_secret(value) {
        true => AWS_KEY,
        false => NAMED,
    }
}

/// Forty letters of base64 (AWS: "secret access key"), of which some are none of a hash in
/// hexadecimal.
fn is_aws_secret(value: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    value.len() == 40 && value.bytes().all(letters) && !value.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A path, an address or a switch under such a name is no secret.
fn is_plain(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "yes",
        "no",
        "none",
        "null",
        "nil",
        "undefined",
        "on",
        "off",
        "enabled",
        "disabled",
        "required",
        "optional",
    ];
    value.starts_with('/')
        || value.contains("://")
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a value says where another is found: a variable, a template, a call, an attribute.
fn is_reference(value: &str) -> bool {
    const STARTS: &[&str] = &["<", "%", "@", "&", "*", "!", "["];
    let attribute = || {
        value.contains('.')
            && value.split('.').all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
            })
    };
    value.contains(['$', '(', '{'])
        || STARTS.iter().any(|start| value.starts_with(start))
        || is_elsewhere(value)
        || value.ends_with(['[', ']'])
        || attribute()
}

/// Whether a value is none that somebody would call an object: letters of both cases with digits, or
/// many of one.
pub(super) fn is_random(value: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| value.as_bytes().iter().any(kind);
    let digits = has(u8::is_ascii_digit);
    let (lower, upper) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
    let mixed = value.len() >= 8 && digits && lower && upper;
    let long = || value.len() >= 20 && digits && (lower || upper) && !is_called(value);
    (mixed || long()) && !value.contains(' ') && bits(value) >= 2.5
}

/// Whether a value is made of words, numbers, versions and the like, as names of objects are.
fn is_called(value: &str) -> bool {
    value.split(['-', '_', '.', '/']).all(|part| {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let year = part.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(part);
        part.bytes().all(|b| b.is_ascii_alphabetic())
            || digits(part)
            || part.strip_prefix('v').is_some_and(digits)
            || (year.len() <= 4 && digits(year))
    })
}

/// Shannon's entropy of a text, in bits for each byte.
fn bits(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let shares = counts.iter().filter(|count| **count > 0).map(|&count| f64::from(count) / length);
    shares.map(|share| -share * share.log2()).sum()
}

/// Values that stand for a secret and are none.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let lower = value.to_ascii_lowercase();
    const WORDS: &[&str] = &[
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "redacted",
        "your-",
        "your_",
        "dummy",
        "***",
        "<",
    ];
    // These may also occur by chance among random letters.
    const SHORT: &[&str] = &["example", "replace", "todo", "xxx", "insert"];
    let is_short = |word: &&str| {
        let whole = || {
            lower
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|part| part == *word || (part.len() >= 3 && part.bytes().all(|b| b == b'x')))
        };
        lower.contains(*word) && (!is_random(value) || whole())
    };
    value.is_empty()
        || value.starts_with("${")
        || value.starts_with("$(")
        || value.starts_with("{{")
        || WORDS.iter().any(|word| lower.contains(word))
        || value.contains("EXAMPLE")
        || SHORT.iter().any(is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_frameworks_and_headers_are_generated() {
        let hex = "5267768822ee624d48fce15ec5ca79cb";
        let app = "base64:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=";
        let bearer = "Bearer qILwrISLC2tMp7Qrh0mav0N3rqSBK5XqYSmk3bVm";
        for (name, value) in [
            ("SECRET_KEY_BASE", hex),
            ("RAILS_MASTER_KEY", hex),
            ("APP_KEY", app),
            ("AUTHORIZATION", bearer),
            ("PROXY_AUTHORIZATION", "Basic dXNlcjpwYXNz"),
            ("credentials", bearer.trim_start_matches("Bearer ")),
        ] {
            assert_eq!(taken(name, value), Some(NAMED), "{name}");
            assert_eq!(written(name, value), Some(NAMED), "{name}");
        }
        for (name, value) in [
            ("AUTHORIZATION", "RBAC"),
            ("AUTHORIZATION", "Bearer $(TOKEN)"),
            ("AUTHORIZATION", "Bearer token"),
            ("AUTHORIZATION", "Basic realm"),
            ("APP_KEY", "checkout"),
            ("CREDENTIALS", "/etc/credentials"),
        ] {
            assert_eq!((taken(name, value), written(name, value)), (None, None), "{value}");
        }
    }

    #[test]
    fn names_are_one_however_they_are_spelled() {
        for name in ["DB_PASSWORD", "db.password", "dbPassword", "db-password", "Password"] {
            assert_eq!(taken(name, "hunter2"), Some(NAMED), "{name}");
            assert_eq!(written(name, "hunter2"), Some(NAMED), "{name}");
        }
        for name in ["passwordFile", "secretName", "tokenPolicy", "PWD", "keyring", "COMPASS", ""] {
            assert_eq!(taken(name, "hunter2"), None, "{name}");
        }
    }

    #[test]
    fn in_a_text_what_is_generated_looks_it() {
        for value in ["hunter2-Zq81", "abcdef.0123456789abcdef", "9b74c9897bac770ffc029102a200c5de"]
        {
            assert_eq!(written("token", value), Some(NAMED), "{value}");
        }
        for value in ["regcred", "tls-web-1", "my-app-token", "a1", "AAAAAAAAaaaaaaaaa1aaaaaaaa"] {
            assert_eq!(written("tls_secret", value), None, "{value}");
        }
        for value in ["tls-web-1", "a1", "AAAAAAAAaaaaaaaaa1aaaaaaaa"] {
            assert_eq!(taken("TLS_SECRET", value), Some(NAMED), "{value}");
        }
        for value in
            ["$PASSWORD", "%(pw)s", "os.environ", "getpass()", "env:PW", "ENC[AES,x]", "pw"]
        {
            assert_eq!(written("password", value), None, "{value}");
        }
    }

    #[test]
    fn names_of_objects_and_of_stores_are_no_secrets() {
        for (name, value) in [
            ("DB_PASSWORD", "vault:secret/data/mysql#password"),
            ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"),
            ("ACME_ACCOUNT_KEY", "letsencrypt-account"),
            ("LOGIN_PASS", "enabled-by-default"),
            ("IMAGE_PULL_SECRET", "regcred"),
        ] {
            assert_eq!(taken(name, value), None, "{name}");
        }
        for value in
            ["wildcard-corp-com-tls-2024", "my-configmap-name-2024x", "web/tls/v2/for-2024"]
        {
            assert!(!is_random(value), "{value}");
            assert_eq!(written("tls_secret", value), None, "{value}");
        }
        for (name, value) in [
            ("password", "password"),
            ("login.password", "Password"),
            ("password", "string"),
            ("password", "file-provider"),
        ] {
            assert_eq!(written(name, value), None, "{value}");
        }
        for (name, value) in [
            ("label.password", "Kennwort"),
            ("password", "Mot de passe"),
            ("forgot_password", "Forgot your password?"),
            ("password", "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}"),
        ] {
            assert_eq!(written(name, value), None, "{value}");
        }
        for (name, value) in [
            ("password", "Kennwort"),
            ("spring.datasource.password", "Kennwort1"),
            ("db.password", "kennwort"),
            ("passphrase", "correct horse battery"),
            ("password", "S3cr3t 9fKq2"),
        ] {
            assert_eq!(written(name, value), Some(NAMED), "{value}");
        }
        // A word without a digit under the name of what is generated may be what an object is called.
        assert_eq!(taken("API_TOKEN", "correcthorsebatterystaple"), None);
        assert_eq!(taken("API_TOKEN", "correcthorsebatterystaple1"), Some(NAMED));
        assert_eq!(taken("DB_PASSWORD", "correcthorsebatterystaple"), Some(NAMED));
        assert_eq!(written("password", "postgres"), Some(NAMED));
        assert_eq!(taken("PASSPHRASE", "correct-horse-battery"), Some(NAMED));
        assert_eq!(taken("DB_PASSWORD", "pa$sword"), Some(NAMED));
    }

    #[test]
    fn words_of_placeholders_may_be_in_random_letters() {
        for value in ["xxx", "a-xxxxxx-1", "example", "TODO", "replace-me", "insertpassword"] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["9fXxXKq2Zq81", "aTodo7Kq2Zq81w"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn the_secret_half_of_a_key_of_aws_has_forty_letters() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzKq83hd71p";
        for name in ["AWS_SECRET_ACCESS_KEY", "aws_secret_access_key", "secretAccessKey"] {
            assert_eq!(taken(name, secret), Some(AWS_KEY), "{name}");
            assert_eq!(taken(name, &secret[1..]), Some(NAMED), "{name}");
        }
        assert_eq!(taken("OTHER_ACCESS_KEY", secret), Some(NAMED));
        let documented = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        assert_eq!(taken("AWS_SECRET_ACCESS_KEY", documented), None);
    }
}
