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

    /// Whether it is what the program says when it is wrong itself.
    pub(crate) fn is_expectation(&self) -> bool {
        [".expect(", "allow("].iter().any(|call| self.before.trim_end().ends_with(call))
            || self.before.contains("assert")
                && !self.before.rsplit("assert").next().unwrap_or_default().contains(';')
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
    let begun = ["const ", "static ", "fn "].iter().filter_map(|word| {
        let at = code.rfind(word)?;
        Some((at, &code[at + word.len()..]))
    });
    let (_, rest) = begun.max_by_key(|(at, _)| *at).unwrap_or((0, ""));
    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
