//! Regular expressions: RE2's syntax, which the server uses, written for the engine here.
//!
//! Both find the same things, but the classes `\d`, `\w`, `\s` and `\b` are ASCII in RE2, and
//! `[`, `&`, `-` and `~` have no double meaning inside a class there.

use super::Stop;

/// The pattern for the engine here. What has no counterpart is unknown.
pub(super) fn translate(pattern: &str) -> Result<String, Stop> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    // Inside a class, and whether its first character is still to come.
    let mut class = false;
    let mut first = false;
    while let Some(c) = chars.next() {
        let is_first = std::mem::take(&mut first);
        match c {
            '\\' => {
                let Some(next) = chars.next() else {
                    return Err(Stop::Error("trailing backslash in pattern".to_owned()));
                };
                match (next, class) {
                    ('d', false) => out.push_str("[0-9]"),
                    ('w', false) => out.push_str("[0-9A-Za-z_]"),
                    ('s', false) => out.push_str("[\\t\\n\\x0C\\r ]"),
                    ('d', true) => out.push_str("0-9"),
                    ('w', true) => out.push_str("0-9A-Za-z_"),
                    ('s', true) => out.push_str("\\t\\n\\x0C\\r "),
                    ('D', _) => out.push_str("[^0-9]"),
                    ('W', _) => out.push_str("[^0-9A-Za-z_]"),
                    ('S', _) => out.push_str("[^\\t\\n\\x0C\\r ]"),
                    ('b', false) => out.push_str("(?-u:\\b)"),
                    ('B' | 'C' | 'Q' | 'E' | '1'..='9', _) => {
                        return Err(Stop::Unknown(format!("pattern \"{pattern}\": \\{next}")));
                    }
                    (next, _) => {
                        out.push('\\');
                        out.push(next);
                    }
                }
            }
            '[' if !class => {
                class = true;
                first = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            '[' if chars.peek() == Some(&':') => {
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            ']' if class && is_first => out.push_str("\\]"),
            ']' if class => {
                class = false;
                out.push(']');
            }
            '[' | '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// The pattern, compiled. One that does not compile here is unknown: it may compile there.
pub(super) fn compile(pattern: &str) -> Result<regex::Regex, Stop> {
    let translated = translate(pattern)?;
    regex::Regex::new(&translated)
        .map_err(|_| Stop::Unknown(format!("pattern \"{pattern}\" is not understood")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ascii_and_brackets_plain() {
        for (pattern, text, want) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^\w$", "é", false),
            (r"^[\w.-]+$", "a.b-c", true),
            (r"^[[]$", "[", true),
            (r"^[]a]+$", "]a", true),
            (r"^[^]]$", "]", false),
            (r"^[[:alpha:]]$", "x", true),
            (r"[a&&b]", "&", true),
            (r"\bfoo\b", "a foo b", true),
        ] {
            assert_eq!(
                compile(pattern).expect("compiles").is_match(text),
                want,
                "{pattern} {text}"
            );
        }
        assert!(matches!(compile(r"\Qa"), Err(Stop::Unknown(_))));
    }
}
