//! YAML documents as JSON, with the scalars that kubectl reads: sigs.k8s.io/yaml keeps the
//! rules of go-yaml v2, which are those of YAML 1.1 (`yes` and `on` are booleans, a leading
//! zero means octal).

use serde_json::{Map, Number, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

/// A document, and the line on which it begins.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) line: u32,
}

/// Reads every document up to the first error; the documents before it are kept.
///
/// Events are taken one by one: the parser's own loop calls itself once for each level of
/// nesting, however deep a hostile file is.
pub(crate) fn documents(text: &str, depth: usize, nodes: usize) -> (Vec<Document>, Option<String>) {
    let mut builder = Builder { depth, budget: nodes, ..Builder::default() };
    let mut parser = Parser::new_from_str(text);
    while builder.error.is_none() {
        match parser.next_token() {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, mark)) => builder.event(event, mark),
            Err(error) => builder.error = Some(error.to_string()),
        }
    }
    (builder.done, builder.error)
}

#[derive(Default)]
struct Builder {
    done: Vec<Document>,
    stack: Vec<Open>,
    anchors: std::collections::BTreeMap<usize, Value>,
    line: u32,
    depth: usize,
    budget: usize,
    error: Option<String>,
}

enum Open {
    List(Vec<Value>, usize),
    Map(Map<String, Value>, Option<String>, Vec<Value>, usize),
}

impl Builder {
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
                    self.spend(size(&value));
                    self.value(value, 0, mark);
                }
                None => self.error = Some(format!("line {}: unknown alias", mark.line())),
            },
            _ => {}
        }
    }

    fn spend(&mut self, nodes: usize) {
        match self.budget.checked_sub(nodes) {
            Some(rest) => self.budget = rest,
            None => self.error = Some("aliases expand to too many values".to_owned()),
        }
    }

    fn open(&mut self, open: Open, mark: Marker) {
        if self.stack.is_empty() && self.line == 0 {
            self.line = mark.line() as u32;
        }
        if self.stack.len() >= self.depth {
            self.error =
                Some(format!("line {}: nested more than {} deep", mark.line(), self.depth));
        }
        self.stack.push(open);
    }

    fn value(&mut self, value: Value, anchor: usize, mark: Marker) {
        self.spend(1);
        if anchor > 0 {
            // The copy costs memory whether an alias uses it or not.
            self.spend(size(&value));
            self.anchors.insert(anchor, value.clone());
        }
        match self.stack.last_mut() {
            None => self.done.push(Document {
                value,
                line: if self.line == 0 { mark.line() as u32 } else { self.line },
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
        let (documents, error) = documents(
            "a: 0644\nb: \"true\"\nc: true\nd: yes\ne: 1.5\nf: ~\ng: 1.2.3\nh: 0x1F\ni: !!str 5\n",
            100,
            1000,
        );
        assert_eq!(error, None);
        assert_eq!(
            documents[0].value,
            serde_json::json!({"a": 420, "b": "true", "c": true, "d": true, "e": 1.5,
                "f": null, "g": "1.2.3", "h": 31, "i": "5"})
        );
    }

    #[test]
    fn documents_before_an_error_are_kept_and_bombs_refused() {
        let (found, error) = documents("a: 1\n---\nb: &x [1]\nc: *x\n---\nd: [\n", 100, 1000);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].value, serde_json::json!({"b": [1], "c": [1]}));
        assert_eq!(found[1].line, 3);
        assert!(error.is_some());
        let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let list = vec![before; 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(documents(&bomb, 100, 100_000).1.expect("refused").contains("too many"));
    }

    #[test]
    fn nesting_is_refused_before_it_fills_the_stack() {
        for (open, close) in [("- ", ""), ("[", ""), ("{a: ", ""), ("? ", ""), ("[", "]")] {
            let text = format!("a:\n  {}1{}\n", open.repeat(200_000), close.repeat(200_000));
            let error = documents(&text, 100, 1_000_000).1.expect("refused");
            assert!(error.contains("deep") || error.contains("recursion"), "{open} {error}");
        }
    }

    #[test]
    fn anchors_that_hold_one_another_are_a_bomb_too() {
        let nested: String = (0..90).map(|level| format!("&a{level} [")).collect();
        let text = format!("{nested}{}{}", "1,".repeat(10_000), "]".repeat(90));
        assert!(documents(&text, 100, 100_000).1.expect("refused").contains("too many"));
    }

    #[test]
    fn merge_keys_do_not_replace() {
        let (found, _) = documents("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  x: 3\n", 100, 1000);
        assert_eq!(found[0].value["use"], serde_json::json!({"x": 3, "y": 2}));
    }
}
