//! String literals of a source in Rust, and where they stand: enough of the language's lexical
//! structure (Rust Reference, "Tokens") to tell them from comments, characters and lifetimes.

/// A string literal of the program; those of its tests are left out.
#[derive(Debug)]
pub(crate) struct Literal {
    /// Its value.
    pub(crate) text: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Name of the constant or function that it stands in.
    pub(crate) item: String,
    /// The code before it.
    before: String,
}

impl Literal {
    /// Whether it is the template of a sentence, or a message.
    pub(crate) fn is_message(&self) -> bool {
        let before = self.before.trim_end();
        if before.ends_with("message!(") || before.ends_with("sentence!(") {
            return true;
        }
        // say!(language, "…")
        let Some(inside) = before.strip_suffix(',') else { return false };
        let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        inside.trim_end().trim_end_matches(name).trim_end().ends_with("say!(")
    }

    /// Whether it names a placeholder, or is what the program says when it is wrong itself.
    pub(crate) fn is_name(&self) -> bool {
        let before = self.before.trim_end();
        let asserted = before.rsplit("assert").next().filter(|_| before.contains("assert"));
        before.ends_with(".with(")
            || before.ends_with(".expect(")
            || asserted.is_some_and(|since| !since.contains(';'))
    }
}

/// The literals of a source before its module of tests.
pub(crate) fn literals(source: &str) -> Vec<Literal> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut code = String::new();
    let mut at = 0;
    let mut line = 1;
    while at < chars.len() {
        let next = chars.get(at + 1);
        match chars[at] {
            '/' if next == Some(&'/') => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
                continue;
            }
            // A character; a lifetime has no closing quote so near.
            '\'' if next == Some(&'\\') => {
                at += 3;
                while chars[at] != '\'' {
                    at += 1;
                }
            }
            '\'' if chars.get(at + 2) == Some(&'\'') => at += 2,
            '"' => {
                let start = line;
                let (text, end, lines) = string(&chars, at + 1);
                let before: String = code.chars().rev().take(200).collect();
                found.push(Literal {
                    text,
                    line: start,
                    item: item(&code),
                    before: before.chars().rev().collect(),
                });
                line += lines;
                at = end;
                code.push_str("\"\"");
            }
            c => {
                line += usize::from(c == '\n');
                code.push(c);
            }
        }
        at += 1;
    }
    found
}

/// The value of a literal from behind its quote, where its closing quote is, and lines within.
fn string(chars: &[char], mut at: usize) -> (String, usize, usize) {
    let (mut text, mut lines) = (String::new(), 0);
    while chars[at] != '"' {
        match (chars[at], chars.get(at + 1)) {
            ('\\', Some('\n')) => {
                // The line goes on at its first letter.
                while chars[at + 1].is_whitespace() {
                    lines += usize::from(chars[at + 1] == '\n');
                    at += 1;
                }
            }
            ('\\', Some('x')) => {
                let digits: String = chars[at + 2..at + 4].iter().collect();
                text.extend(u8::from_str_radix(&digits, 16).ok().map(char::from));
                at += 3;
            }
            ('\\', Some(&c)) => {
                at += 1;
                text.push(match c {
                    'n' => '\n',
                    't' => '\t',
                    c => c,
                });
            }
            (c, _) => {
                lines += usize::from(c == '\n');
                text.push(c);
            }
        }
        at += 1;
    }
    (text, at, lines)
}

/// The name of the last item that began.
fn item(code: &str) -> String {
    let name = |line: &str| {
        let line = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        let words = ["const ", "static ", "fn "];
        let rest = words.iter().find_map(|word| line.strip_prefix(word))?;
        Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
    };
    code.lines().rev().find_map(name).unwrap_or_default()
}
