//! Calico's selector language (libcalico-go `lib/selector`): `all()`, `has(k)`, `k == 'v'`,
//! `k != 'v'`, `k in {…}`, `k not in {…}`, `k contains 'v'`, `k starts with 'v'`,
//! `k ends with 'v'`, `!`, `&&`, `||`, brackets.

use ringfort_model::Str;

use crate::policy::expr::{Expr, Key, NAMESPACE_LABEL, Op};

/// What the keys of a selector are labels of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Endpoints,
    Namespaces,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

/// Reads a selector; the empty text selects everything.
pub(crate) fn parse(text: &str, of: Of) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Expr::everything());
    }
    let mut reader = Reader { tokens, at: 0, of };
    let expr = reader.either(0)?;
    match reader.peek() {
        None => Ok(expr),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

const SIGNS: &[&str] = &["&&", "||", "==", "!=", "!", "(", ")", "{", "}", ","];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '\'' || first == '"' {
            let end = rest[1..].find(first).ok_or("a text does not end")?;
            found.push(Token::Text(rest[1..=end].to_owned()));
            rest = &rest[end + 2..];
        } else {
            let word = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("unexpected {first:?}"));
            }
            found.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(found)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    of: Of,
}

/// Brackets and negations inside each other.
const DEEPEST: usize = 64;

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(own)) if *own == sign);
        self.at += usize::from(is);
        is
    }

    fn wants(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(format!("expected {sign}")) }
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(own)) if own == word);
        self.at += usize::from(is);
        is
    }

    fn either(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.both(depth)?];
        while self.takes("||") {
            parts.push(self.both(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }

    fn both(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("&&") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > DEEPEST {
            return Err("is nested too deeply".to_owned());
        }
        if self.takes("!") {
            return Ok(Expr::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let expr = self.either(depth + 1)?;
            self.wants(")")?;
            return Ok(expr);
        }
        let Some(Token::Word(word)) = self.next() else {
            return Err("expected a label".to_owned());
        };
        if matches!(word.as_str(), "all" | "has" | "global") && self.takes("(") {
            return match word.as_str() {
                "all" => self.wants(")").map(|()| Expr::everything()),
                // Pods are never global; what is global is not selected by this.
                "global" => self.wants(")").map(|()| Expr::nothing()),
                _ => {
                    let Some(Token::Word(key)) = self.next() else {
                        return Err("expected a label".to_owned());
                    };
                    self.wants(")")?;
                    Ok(Expr::Test(self.key(&key), Op::Exists))
                }
            };
        }
        let key = self.key(&word);
        let op = if self.takes("==") {
            Op::In(vec![self.text()?])
        } else if self.takes("!=") {
            Op::NotIn(vec![self.text()?])
        } else if self.word("in") {
            Op::In(self.set()?)
        } else if self.word("not") {
            if !self.word("in") {
                return Err("expected in".to_owned());
            }
            Op::NotIn(self.set()?)
        } else if self.word("contains") {
            Op::Contains(self.text()?)
        } else if self.word("starts") && self.word("with") {
            Op::StartsWith(self.text()?)
        } else if self.word("ends") && self.word("with") {
            Op::EndsWith(self.text()?)
        } else {
            return Err(format!("expected an operator after {word}"));
        };
        Ok(Expr::Test(key, op))
    }

    fn key(&self, name: &str) -> Key {
        match (self.of, name) {
            (Of::Endpoints, "projectcalico.org/namespace") => Key::Namespace,
            (Of::Endpoints, "projectcalico.org/serviceaccount") => Key::Account,
            (Of::Endpoints, _) => Key::Label(Str::new(name)),
            (Of::Namespaces, "projectcalico.org/name" | NAMESPACE_LABEL) => Key::Namespace,
            (Of::Namespaces, _) => Key::NamespaceLabel(Str::new(name)),
        }
    }

    fn text(&mut self) -> Result<Str, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Str::from(text)),
            _ => Err("expected a text in quotes".to_owned()),
        }
    }

    fn set(&mut self) -> Result<Vec<Str>, String> {
        self.wants("{")?;
        let mut values = Vec::new();
        while !self.takes("}") {
            values.push(self.text()?);
            if !self.takes(",") {
                self.wants("}")?;
                break;
            }
        }
        values.sort();
        values.dedup();
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use ringfort_model::Map;

    use super::*;

    #[test]
    fn every_operator_selects_as_documented() {
        let labels: Map = [("app", "web-1"), ("tier", "front")]
            .into_iter()
            .map(|(key, value)| (Str::new(key), Str::new(value)))
            .collect();
        for (text, expected) in [
            ("", true),
            ("all()", true),
            ("has(app)", true),
            ("!has(app)", false),
            ("app == 'web-1'", true),
            ("app != \"web-1\"", false),
            ("none != 'x'", true),
            ("app in {'a', 'web-1'}", true),
            ("app in {}", false),
            ("app not in {'a'}", true),
            ("none not in {'a'}", true),
            ("app contains 'eb-'", true),
            ("app starts with 'web'", true),
            ("app ends with '2'", false),
            ("tier == 'back' || app starts with 'web' && has(tier)", true),
            ("(tier == 'back' || app starts with 'web') && !has(tier)", false),
            ("global()", false),
        ] {
            assert_eq!(parse(text, Of::Endpoints).expect(text).holds(&labels), expected, "{text}");
        }
        for wrong in [
            "app",
            "app =",
            "app == x",
            "has(",
            "app in {'a'",
            "app == 'a' &&",
            "(app == 'a'",
            "'a'",
            "a not 'b'",
        ] {
            assert!(parse(wrong, Of::Endpoints).is_err(), "{wrong}");
        }
    }
}
