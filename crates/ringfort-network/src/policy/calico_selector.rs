//! Calico's selector language (libcalico-go `lib/selector`): `all()`, `has(k)`, `k == 'v'`,
//! `k != 'v'`, `k in {…}`, `k not in {…}`, `k contains 'v'`, `k starts with 'v'`,
//! `k ends with 'v'`, `!`, `&&`, `||`, brackets.

use ringfort_model::{Cluster, Str};

use crate::policy::cni_rules::rules;
use crate::policy::expr::{Expr, Key, NAMESPACE_LABEL, Op};

/// What the keys of a selector are labels of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Endpoints: with labels that Calico adds, among them those of the namespace (`pcns.`) and
    /// of the account (`pcsa.`).
    Endpoints,
    /// Namespaces.
    Namespaces,
    /// Accounts.
    Accounts,
}

/// What is selected.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// Pods of this cluster.
    Pods(&'a Cluster),
    /// Sets of addresses: they have no account and no orchestrator, and global ones have no
    /// namespace.
    Sets,
}

/// Prefix of labels of the namespace, and of the account, among those of an endpoint.
const PREFIXES: [&str; 2] = ["pcns.", "pcsa."];
/// The name of a namespace and of an account among their own labels.
const NAME: &str = "projectcalico.org/name";

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

/// Reads a selector; the empty text selects everything.
pub(crate) fn parse(text: &str, of: Of, whose: Whose<'_>) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Expr::everything());
    }
    let mut reader = Reader { tokens, at: 0, of, whose };
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

fn always(holds: bool) -> Expr {
    if holds { Expr::everything() } else { Expr::nothing() }
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    of: Of,
    whose: Whose<'a>,
}

/// Brackets and negations inside each other.
const DEEPEST: usize = 64;

impl Reader<'_> {
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
                // Of namespaces: what has one, and what has none.
                "all" if self.of == Of::Namespaces => {
                    self.wants(")").map(|()| Expr::Test(Key::Namespace, Op::Exists))
                }
                "global" if self.of == Of::Namespaces => {
                    self.wants(")").map(|()| Expr::Test(Key::Namespace, Op::Absent))
                }
                "all" => self.wants(")").map(|()| Expr::everything()),
                "global" => self.wants(")").map(|()| Expr::nothing()),
                _ => {
                    let Some(Token::Word(key)) = self.next() else {
                        return Err("expected a label".to_owned());
                    };
                    self.wants(")")?;
                    self.test(&key, Op::Exists)
                }
            };
        }
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
        self.test(&word, op)
    }

    /// A question about a label (libcalico-go `lib/backend/k8s/conversion`: the labels of
    /// workload endpoints and of the profiles `kns.` and `ksa.`).
    fn test(&self, name: &str, op: Op) -> Result<Expr, String> {
        let [of_namespace, of_account] = PREFIXES.map(|prefix| name.strip_prefix(prefix));
        let plain = Expr::Test(Key::Label(Str::new(name)), op.clone());
        Ok(match (self.of, name) {
            (Of::Namespaces, _) => Self::namespace(name, op),
            (Of::Accounts, _) => self.account(name, op),
            (Of::Endpoints, "projectcalico.org/namespace") => Expr::Test(Key::Namespace, op),
            (Of::Endpoints, "projectcalico.org/serviceaccount") => Expr::Test(Key::Account, op),
            _ if !rules().switches.calico_adds_labels => plain,
            (Of::Endpoints, "projectcalico.org/orchestrator") => match self.whose {
                Whose::Pods(_) => always(op.holds(Some("k8s"))),
                Whose::Sets => always(op.holds(None)),
            },
            (Of::Endpoints, NAME | "projectcalico.org/kind") => match self.whose {
                Whose::Pods(_) => plain,
                Whose::Sets => {
                    return Err(format!(
                        "whether sets have the label {name} depends on the version"
                    ));
                }
            },
            (Of::Endpoints, _) => match (of_namespace, of_account) {
                (Some(name), _) => Self::namespace(name, op),
                (_, Some(name)) => self.account(name, op),
                _ => plain,
            },
        })
    }

    fn namespace(name: &str, op: Op) -> Expr {
        match name {
            NAME | NAMESPACE_LABEL => Expr::Test(Key::Namespace, op),
            _ => Expr::Test(Key::NamespaceLabel(Str::new(name)), op),
        }
    }

    /// A label of the account: the pods of the accounts that have it.
    fn account(&self, name: &str, op: Op) -> Expr {
        let cluster = match self.whose {
            _ if name == NAME => return Expr::Test(Key::Account, op),
            Whose::Sets => return always(op.holds(None)),
            Whose::Pods(cluster) => cluster,
        };
        // What holds of a label that is absent holds of everybody but some accounts.
        let of_absent = op.holds(None);
        let all = !rules().switches.calico_accounts_count;
        let accounts = cluster.service_accounts.iter().filter(|account| {
            let value = account.metadata.labels.get(name).map(Str::as_str);
            all || op.holds(value) != of_absent
        });
        let pods = accounts.map(|account| {
            let named = Op::In(vec![account.metadata.name.clone()]);
            Expr::namespace(&account.metadata.namespace).and(Expr::Test(Key::Account, named))
        });
        let pods = Expr::Any(pods.collect());
        if of_absent { Expr::Not(Box::new(pods)) } else { pods }
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
            assert_eq!(
                parse(text, Of::Endpoints, Whose::Sets).expect(text).holds(&labels),
                expected,
                "{text}"
            );
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
            assert!(parse(wrong, Of::Endpoints, Whose::Sets).is_err(), "{wrong}");
        }
    }
}
