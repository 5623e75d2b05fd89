//! YAML documents as JSON, with the scalars that kubectl reads: sigs.k8s.io/yaml keeps the
//! rules of go-yaml v2, which are those of YAML 1.1 (`yes` and `on` are booleans, a leading
//! zero means octal).

use serde_json::{Map, Number, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

use crate::tabs;

/// A document, and the line on which it begins.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) line: u32,
}

/// Broken documents of one file that are passed over.
const ERRORS: usize = 100;

/// Reads every document. After one that is broken it goes on at the next line that begins a
/// document; the errors say what is missing.
pub(crate) fn documents(text: &str, depth: usize, nodes: usize) -> (Vec<Document>, Vec<String>) {
    let mut builder = Builder { depth, budget: nodes, ..Builder::default() };
    let mut errors = Vec::new();
    let mut rest = text;
    let mut budget = tabs::BUDGET;
    while let Some((line, error)) = builder.read(&tabs::in_brackets(rest, &mut budget)) {
        errors.push(format!("line {}: {error}", builder.before + line));
        if errors.len() == ERRORS {
            errors.push("more documents are broken; what follows was not read".to_owned());
            break;
        }
        if builder.is_spent {
            break;
        }
        let Some((lines, next)) = next_document(rest, line) else { break };
        builder.before += lines;
        rest = next;
    }
    (builder.done, errors)
}

/// The text from the first line on that begins a document and is not before the given one,
/// counted from 1, nor the first of all; and how many lines are before it.
fn next_document(text: &str, line: usize) -> Option<(usize, &str)> {
    let mut at = 0;
    for (number, content) in text.split_inclusive('\n').enumerate() {
        if number > 0 && number + 1 >= line && content.starts_with("---") {
            return Some((number, &text[at..]));
        }
        at += content.len();
    }
    None
}

#[derive(Default)]
struct Builder {
    done: Vec<Document>,
    stack: Vec<Open>,
    anchors: std::collections::BTreeMap<usize, Value>,
    line: u32,
    depth: usize,
    budget: usize,
    is_spent: bool,
    /// Lines before the text that is read now.
    before: usize,
    error: Option<(usize, String)>,
}

enum Open {
    List(Vec<Value>, usize),
    Map(Map<String, Value>, Option<String>, Vec<Value>, usize),
}

impl Builder {
    /// Reads a text up to its first error, and says on which of its lines that is.
    ///
    /// Events are taken one by one: the parser's own loop calls itself once for each level of
    /// nesting, however deep a hostile file is.
    fn read(&mut self, text: &str) -> Option<(usize, String)> {
        let mut parser = Parser::new_from_str(text);
        while self.error.is_none() {
            match parser.next_token() {
                Ok((Event::StreamEnd, _)) => return None,
                Ok((event, mark)) => self.event(event, mark),
                Err(error) => {
                    self.error = Some((error.marker().line(), error.info().to_owned()));
                }
            }
        }
        self.error.take()
    }

    fn event(&mut self, event: Event, mark: Marker) {
        match event {
            Event::DocumentStart => {
                self.anchors.clear();
                self.stack.clear();
                self.line = 0;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.suffix);
                let is_key = matches!(self.stack.last(), Some(Open::Map(_, None, _, _)));
                let value = match style {
                    TScalarStyle::Plain if !is_key => scalar(&text, tag.as_deref()),
                    _ => Value::String(text),
                };
                self.value(value, anchor, mark);
            }
            Event::SequenceStart(anchor, _) => self.open(Open::List(Vec::new(), anchor), mark),
            Event::MappingStart(anchor, _) => {
                self.open(Open::Map(Map::new(), None, Vec::new(), anchor), mark);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (value, anchor) = match self.stack.pop() {
                    Some(Open::List(items, anchor)) => (Value::Array(items), anchor),
                    Some(Open::Map(mut map, _, merged, anchor)) => {
                        for source in merged {
                            merge(&mut map, source);
                        }
                        (Value::Object(map), anchor)
                    }
                    None => return,
                };
                self.value(value, anchor, mark);
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(value) => {
                    self.spend(size(&value), mark);
                    self.value(value, 0, mark);
                }
                None => self.error = Some((mark.line(), "unknown alias".to_owned())),
            },
            _ => {}
        }
    }

    fn spend(&mut self, nodes: usize, mark: Marker) {
        match self.budget.checked_sub(nodes) {
            Some(rest) => self.budget = rest,
            None => {
                self.is_spent = true;
                self.error = Some((
                    mark.line(),
                    "aliases expand to too many values; what follows was not read".to_owned(),
                ));
            }
        }
    }

    fn open(&mut self, open: Open, mark: Marker) {
        if self.stack.is_empty() && self.line == 0 {
            self.line = (self.before + mark.line()) as u32;
        }
        if self.stack.len() >= self.depth {
            self.error = Some((mark.line(), format!("nested more than {} deep", self.depth)));
        }
        self.stack.push(open);
    }

    fn value(&mut self, value: Value, anchor: usize, mark: Marker) {
        self.spend(1, mark);
        if anchor > 0 {
            // The copy costs memory whether an alias uses it or not.
            self.spend(size(&value), mark);
            self.anchors.insert(anchor, value.clone());
        }
        match self.stack.last_mut() {
            None => self.done.push(Document {
                value,
                line: if self.line == 0 { (self.before + mark.line()) as u32 } else { self.line },
            }),
            Some(Open::List(items, _)) => items.push(value),
            Some(Open::Map(map, key, merged, _)) => match key.take() {
                None => {
                    *key = Some(match value {
                        Value::String(text) => text,
                        other => other.to_string(),
                    });
                }
                Some(name) if name == "<<" => merged.push(value),
                Some(name) => {
                    map.insert(name, value);
                }
            },
        }
    }
}

/// Adds what a merge key brings, without replacing what is there.
fn merge(map: &mut Map<String, Value>, source: Value) {
    match source {
        Value::Object(other) => {
            for (key, value) in other {
                map.entry(key).or_insert(value);
            }
        }
        Value::Array(list) => {
            for one in list {
                if let Value::Object(_) = one {
                    merge(map, one);
                }
            }
        }
        _ => {}
    }
}

fn size(value: &Value) -> usize {
    let mut count = 0;
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        count += 1;
        match value {
            Value::Array(items) => stack.extend(items),
            Value::Object(map) => stack.extend(map.values()),
            _ => {}
        }
    }
    count
}

fn scalar(text: &str, tag: Option<&str>) -> Value {
    if tag == Some("str") {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        if let Some(number) = integer(text) {
            return Value::Number(number);
        }
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-_".contains(&b));
        if plain
            && digits.bytes().any(|b| b.is_ascii_digit())
            && let Ok(float) = text.replace('_', "").parse::<f64>()
            && let Some(number) = Number::from_f64(float)
        {
            return Value::Number(number);
        }
    }
    Value::String(text.to_owned())
}

/// Integers in the four bases of go-yaml; a leading zero means octal, as in YAML 1.1.
fn integer(text: &str) -> Option<Number> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (digits, base) = match digits.as_bytes() {
        [b'0', b'x', ..] => (&digits[2..], 16),
        [b'0', b'b', ..] => (&digits[2..], 2),
        [b'0', b'o', ..] => (&digits[2..], 8),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    let value = i64::from_str_radix(digits, base).ok()?;
    Some(Number::from(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_read_as_kubectl_reads_them() {
        let (documents, errors) = documents(
            "a: 0644\nb: \"true\"\nc: true\nd: yes\ne: 1.5\nf: ~\ng: 1.2.3\nh: 0x1F\ni: !!str 5\n",
            100,
            1000,
        );
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(
            documents[0].value,
            serde_json::json!({"a": 420, "b": "true", "c": true, "d": true, "e": 1.5,
                "f": null, "g": "1.2.3", "h": 31, "i": "5"})
        );
    }

    #[test]
    fn documents_before_an_error_are_kept_and_bombs_refused() {
        let (found, errors) = documents("a: 1\n---\nb: &x [1]\nc: *x\n---\nd: [\n", 100, 1000);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].value, serde_json::json!({"b": [1], "c": [1]}));
        assert_eq!(found[1].line, 3);
        assert_eq!(errors.len(), 1);
        let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let list = vec![before; 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(documents(&bomb, 100, 100_000).1[0].contains("too many"));
    }

    #[test]
    fn documents_after_a_broken_one_are_read() {
        let text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: 'x\n---\ne: *none\n--- \nf: 6\n";
        let (found, errors) = documents(text, 100, 1000);
        let keys: Vec<String> = found.iter().map(|one| one.value.to_string()).collect();
        assert_eq!(keys, ["{\"a\":1}", "{\"c\":3}", "{\"f\":6}"]);
        assert_eq!(found.iter().map(|one| one.line).collect::<Vec<_>>(), [1, 5, 11]);
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[2].starts_with("line 9: "), "{errors:?}");
    }

    #[test]
    fn nesting_is_refused_before_it_fills_the_stack() {
        for (open, close) in [("- ", ""), ("[", ""), ("{a: ", ""), ("? ", ""), ("[", "]")] {
            let text = format!("a:\n  {}1{}\n", open.repeat(200_000), close.repeat(200_000));
            let error = &documents(&text, 100, 1_000_000).1[0];
            assert!(error.contains("deep") || error.contains("recursion"), "{open} {error}");
        }
    }

    #[test]
    fn anchors_that_hold_one_another_are_a_bomb_too() {
        let nested: String = (0..90).map(|level| format!("&a{level} [")).collect();
        let text = format!("{nested}{}{}", "1,".repeat(10_000), "]".repeat(90));
        assert!(documents(&text, 100, 100_000).1[0].contains("too many"));
    }

    #[test]
    fn merge_keys_do_not_replace() {
        let (found, _) = documents("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  x: 3\n", 100, 1000);
        assert_eq!(found[0].value["use"], serde_json::json!({"x": 3, "y": 2}));
    }
}
