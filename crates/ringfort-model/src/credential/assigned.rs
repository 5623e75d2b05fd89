//! Values under names in a text: properties, INI, YAML, JSON, TOML, XML, shell, connection strings.
//!
//! No format is parsed, as a text may be of any and of several: a name, one of `=`, `:` and the end of
//! a tag, and a value on the same line are found. Comments and prose give nothing, nor do expressions.

use super::formats::{last_of, up_to};
use super::names;

/// How far back a name is looked for: no key of an object is longer.
const LONGEST_NAME: usize = 253;

/// How much of what follows a sign is looked at.
const LONGEST_LINE: usize = 4 << 10;

/// By how much of it a value is judged.
const LONGEST_VALUE: usize = 256;

/// How far back the name that stands before a value is looked for.
const FARTHEST_NAME: usize = 1 << 10;

/// Calls `found` with the class of each value under a name that says that it is secret.
pub(super) fn each(text: &str, found: &mut dyn FnMut(&'static str)) {
    let bytes = text.as_bytes();
    let mut line = Line::default();
    for at in memchr::memchr3_iter(b'=', b':', b'>', bytes) {
        let Some(name) = name_before(text, at) else { continue };
        if !names::may_promise(name) {
            continue;
        }
        let Some(value) = value_after(text, at, name) else { continue };
        let class = match name.eq_ignore_ascii_case("value") {
            true => named_above(text, at).and_then(|name| names::written(name, value)),
            false => names::written(name, value),
        };
        if let Some(class) = class
            && !line.is_comment(text, at)
        {
            found(class);
        }
    }
}

/// The line that is looked at: found once for all places in it, which come in order.
#[derive(Default)]
struct Line {
    /// Up to where the text was looked through for ends of lines.
    seen: usize,
    start: usize,
    comment: Option<bool>,
}

impl Line {
    /// Whether the line of a place begins as a comment.
    fn is_comment(&mut self, text: &str, at: usize) -> bool {
        const MARKS: &[&str] = &["#", "//", ";", "* ", "-- ", "<!--", "rem ", "REM "];
        if let Some(end) = memchr::memrchr(b'\n', &text.as_bytes()[self.seen..at]) {
            self.start = self.seen + end + 1;
            self.comment = None;
        }
        self.seen = at;
        *self.comment.get_or_insert_with(|| {
            let line = text[self.start..at].trim_start();
            MARKS.iter().any(|mark| line.starts_with(mark))
        })
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The name in front of a sign. That of a tag must be its start: `<name>`.
fn name_before(text: &str, at: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let tag = bytes[at] == b'>';
    let first = at.saturating_sub(LONGEST_NAME);
    let mut end = at;
    if !tag {
        // Two signs compare, or `:=` assigns, of which the first is passed over.
        if bytes.get(at + 1) == Some(&b'=')
            || matches!(bytes.get(at.wrapping_sub(1)), Some(b'=' | b'!'))
        {
            return None;
        }
        while end > first
            && matches!(bytes[end - 1], b' ' | b'\t' | b'"' | b'\'' | b'\\' | b']' | b':')
        {
            end -= 1;
        }
    }
    let before = bytes[first..end].iter().rposition(|byte| !is_name(*byte));
    let start = before.map_or(first, |before| first + before + 1);
    // A name is of ASCII; where there is none, the cut may be within a letter of another script.
    let name = text.get(start..end)?;
    (!name.is_empty() && (!tag || start > 0 && bytes[start - 1] == b'<')).then_some(name)
}

/// The value behind a sign, if it is a literal that stands alone.
fn value_after<'t>(text: &'t str, at: usize, name: &str) -> Option<&'t str> {
    let sign = text.as_bytes()[at];
    let rest = &text[at + 1..];
    let rest = rest.strip_prefix('>').unwrap_or(rest);
    let rest = up_to(rest, LONGEST_LINE);
    let line = rest.split('\n').next().unwrap_or(rest);
    if sign == b'>' {
        let (value, behind) = line.split_once('<')?;
        return behind.starts_with('/').then(|| up_to(value.trim(), LONGEST_VALUE));
    }
    let value = line.trim_start_matches([' ', '\t', '\\']);
    let spaced = value.len() < line.len();
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) {
        let inner = &value[1..];
        return up_to(inner, LONGEST_VALUE).split([quote, '\\']).next();
    }
    // In YAML a sign that no space follows is a part of the word.
    if sign == b':' && !spaced {
        return None;
    }
    if sign == b':' && matches!(value.trim_end(), "|" | "|-" | ">" | ">-") {
        return rest.split('\n').nth(1).map(|line| up_to(line.trim(), LONGEST_VALUE));
    }
    let start = up_to(value, LONGEST_VALUE);
    let end = start.find(|c: char| c.is_whitespace() || ",;&\"'<>)}`|".contains(c));
    let Some(end) = end else {
        // What is longer than a value is judged by its beginning, whatever follows it.
        return Some(start);
    };
    let (word, behind) = value.split_at(end);
    // What more words follow is a sentence or an expression; but for assignments of a shell and
    // settings in one line.
    let behind = behind.trim_start();
    let alone = behind.is_empty()
        || behind.starts_with(['#', ',', ';', '}', '&', '"', '\'', '<', '|', '`', ')']);
    let identifier = || word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if value[end..].starts_with(')') && identifier() && !names::is_random(word) {
        // The argument of a call.
        return None;
    }
    let more = || {
        let next = behind.split_whitespace().next().unwrap_or(behind);
        next.contains('=')
            || is_variable(name)
            || !begins_line(text, at - name.len().min(at))
            // A program that is started with the variable; words alone are a text under its key.
            || (is_of_shell(name) && word.bytes().any(|b| b.is_ascii_digit()))
    };
    (alone || (sign == b'=' && !spaced && more())).then_some(word)
}

/// Whether a name is one that a shell takes for a variable.
fn is_of_shell(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a name is spelled as variables of a shell are.
fn is_variable(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether nothing stands in the line before a place.
fn begins_line(text: &str, at: usize) -> bool {
    let before = text.as_bytes()[..at].iter().rev().take(LONGEST_NAME);
    let other = before.copied().find(|byte| !matches!(byte, b' ' | b'\t'));
    matches!(other, None | Some(b'\n' | b'\r'))
}

/// The name that stands before a value, in its line or the one above: `name: X`, `value: Y`.
fn named_above(text: &str, at: usize) -> Option<&str> {
    let named = |line: &'_ str| -> Option<(usize, usize)> {
        line.rmatch_indices("name").find_map(|(found, word)| {
            let behind = found + word.len();
            let signs = |c: char| matches!(c, '"' | '\'' | '\\' | ':' | ' ' | '=' | '>');
            let start = behind + line[behind..].find(|c| !signs(c))?;
            let length = line[start..].bytes().take_while(|byte| is_name(*byte)).count();
            let closes = line[..found].ends_with('/');
            (start > behind && length > 0 && !closes).then_some((start, length))
        })
    };
    let mut lines = last_of(&text[..at], FARTHEST_NAME).rsplit('\n').take(2);
    lines.find_map(|line| named(line).map(|(start, length)| &line[start..start + length]))
}

#[cfg(test)]
mod tests {
    use super::super::{AWS_KEY, NAMED};
    use super::*;

    fn classes(text: &str) -> Vec<&'static str> {
        let mut all = Vec::new();
        each(text, &mut |class| all.push(class));
        all
    }

    #[test]
    fn values_are_found_in_every_notation() {
        for text in [
            "db.password=S3cr3t-9fKq2\n",
            "[db]\nuser = app\npassword = postgres ; the default\n",
            "db:\n  password: S3cr3t-9fKq2\n",
            "db:\n  password: 'S3cr3t 9fKq2' # rotated\n",
            "db: {user: app, password: S3cr3t-9fKq2}\n",
            "password: |\n  S3cr3t-9fKq2\n",
            "{\"user\":\"app\",\"password\":\"S3cr3t-9fKq2\"}",
            "{\"app\":\"{\\\"password\\\":\\\"S3cr3t-9fKq2\\\"}\"}",
            "export DB_PASSWORD=S3cr3t-9fKq2\n",
            "PGPASSWORD=S3cr3t-9fKq2 psql -h db",
            "psql user=app password=S3cr3t-9fKq2 host=db",
            "env db_password=S3cr3t-9fKq2 app",
            "db_password=S3cr3t-9fKq2 app --verbose\n",
            "db_password=hunter2 app\n",
            "connect(user=app, password=S3cr3tX9fKq2)\n",
            "connect to it (password=S3cr3t-9fKq2)\n",
            "(password: S3cr3t-9fKq2)\n",
            "Server=db;User Id=app;Password=S3cr3t-9fKq2;",
            "jdbc:mysql://db/x?user=app&password=S3cr3t-9fKq2&ssl=true",
            "<Password>S3cr3t-9fKq2</Password>",
            "<property><name>javax.jdo.ConnectionPassword</name><value>S3cr3t-9fKq2</value>",
            "- name: DB_PASSWORD\n  value: S3cr3t-9fKq2\n",
            "$config['db_password'] = 'S3cr3t-9fKq2';",
            "dbPassword := \"S3cr3t-9fKq2\"",
            "'password' => 'S3cr3t-9fKq2',",
        ] {
            assert_eq!(classes(text), [NAMED], "{text}");
        }
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzKq83hd71p";
        assert_eq!(classes(&format!("[default]\naws_secret_access_key = {secret}\n")), [AWS_KEY]);
    }

    #[test]
    fn comments_prose_and_expressions_give_nothing() {
        for text in [
            "# db.password=S3cr3t-9fKq2\n",
            "  // password: \"S3cr3t-9fKq2\"\n",
            "password: the one of the database\n",
            "password: \n  secretKeyRef: {name: db, key: password}\n",
            "password = os.environ['DB_PASSWORD']\n",
            "password = get(\"DB_PASSWORD\")\n",
            "if password == 'S3cr3t-9fKq2':\n",
            "password != S3cr3t-9fKq2\n",
            "DB_PASSWORD=$(cat /run/secrets/db)\n",
            "DB_PASSWORD=\"${DB_PASSWORD}\"\n",
            "password_file = /run/secrets/db\n",
            "password: changeme\n",
            "tls_secret: web-tls\n",
            "token: kube-system/bootstrap\n",
            "bearer_token: ENC[AES256_GCM,data:S3cr3t9fKq2]\n",
            "ssl_session_timeout 5m; listen 443;\n",
            "password:S3cr3t-9fKq2\n",
            "connect(user=user, password=password)\n",
            "connect(host, password=the_password)\n",
            "interface Login {\n  password: string;\n}\n",
            "login.password=Password\n",
            "error.password=Invalid login\n",
            "error_password=Invalid login\n",
            "error.password=Must have 8 characters\n",
            "label.password=Kennwort\n",
            "label.password=Mot de passe\n",
            "label.password=Contrase\u{f1}a\n",
            "password: \u{5bc6}\u{7801}\n",
            "{\"password\": \"Mot de passe\", \"user\": \"Nom\"}",
            "{\"forgot_password\": \"Forgot your password?\"}",
            "{\"password\": \"Enter your password, please.\"}",
            "call(password=the_password)\n",
            "(password: optional)\n",
        ] {
            assert_eq!(classes(text), [] as [&str; 0], "{text}");
        }
    }
}
