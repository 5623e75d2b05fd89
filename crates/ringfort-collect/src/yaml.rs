//! YAML documents as JSON, with the scalars that kubectl reads: sigs.k8s.io/yaml keeps the
//! rules of go-yaml v2, which are those of YAML 1.1 (`yes` and `on` are booleans, a leading
//! zero means octal).

use ringfort_model::Str;
use ringfort_model::record::FieldLine;
use serde_json::{Map, Number, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

use crate::field_lines::Keys;
use crate::tabs;

/// A document, and the lines of its values, each before those in it.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) lines: Vec<FieldLine>,
}

impl Document {
    /// The line on which it begins.
    #[cfg(test)]
    pub(crate) fn line(&self) -> u32 {
        self.lines.first().map_or(0, |first| first.line)
    }

    /// The lines of the values of each item of a field that is a list.
    pub(crate) fn items(&self, field: &str) -> Vec<&[FieldLine]> {
        let children = |at: usize| {
            let end = at + self.lines.get(at).map_or(0, |value| value.size as usize);
            let mut next = at + 1;
            std::iter::from_fn(move || {
                let at = next;
                next += self.lines.get(at)?.size.max(1) as usize;
                (at < end).then_some(at)
            })
        };
        // Of equal keys the last holds.
        match children(0).filter(|&at| self.lines[at].key == field).last() {
            Some(list) => children(list)
                .map(|at| &self.lines[at..at + self.lines[at].size as usize])
                .collect(),
            None => Vec::new(),
        }
    }
}

/// Broken documents of one file that are passed over.
const ERRORS: usize = 100;

/// Bytes from which on a text is cut into parts.
const PART: usize = 64 << 10;

/// Cuts a text at lines that begin a document, each part with how many lines are before it. No
/// scalar holds such a line (`c-forbidden` of YAML 1.2, 9.1.2). A text with directives, which stand
/// before that line, is one part.
pub(crate) fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    if text.starts_with('%') || memchr::memmem::find(text.as_bytes(), b"\n%").is_some() {
        return vec![(0, text)];
    }
    let (mut from, mut before) = (0, 0);
    while text.len() - from > PART {
        let mut markers = memchr::memmem::find_iter(&text.as_bytes()[from + PART..], b"\n---");
        let begins = |at: &usize| {
            let after = text.as_bytes().get(from + PART + at + 4);
            after.is_none_or(u8::is_ascii_whitespace)
        };
        let Some(at) = markers.find(begins) else { break };
        let end = from + PART + at + 1;
        let part = &text[from..end];
        found.push((before, part));
        before += memchr::memchr_iter(b'\n', part.as_bytes()).count();
        from = end;
    }
    found.push((before, &text[from..]));
    found
}

/// Reads every document of a text that has so many lines before it. After one that is broken it
/// goes on at the next line that begins a document; the errors say what is missing.
pub(crate) fn documents(
    text: &str,
    before: usize,
    depth: usize,
    nodes: usize,
) -> (Vec<Document>, Vec<String>) {
    let mut builder = Builder { depth, before, budget: nodes, ..Builder::default() };
    let mut errors = Vec::new();
    // go-yaml takes a byte order mark for what it is.
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
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

/// Reads every document of a file of settings: a key stands once in its mapping, and a number that
/// is written otherwise than it is printed stays text.
pub(crate) fn settings(text: &str, depth: usize, nodes: usize) -> Result<Vec<Document>, String> {
    let mut builder = Builder { depth, budget: nodes, is_settings: true, ..Builder::default() };
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut budget = tabs::BUDGET;
    match builder.read(&tabs::in_brackets(rest, &mut budget)) {
        Some((line, error)) => Err(format!("line {line}: {error}")),
        None => Ok(builder.done),
    }
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
    anchors: std::collections::BTreeMap<usize, (Value, Vec<FieldLine>)>,
    /// Lines of the values of the document so far, and of keys that wait for their value.
    lines: Vec<FieldLine>,
    keys: Keys,
    depth: usize,
    budget: usize,
    is_spent: bool,
    /// Keys stand once, and numbers stay as they are written.
    is_settings: bool,
    /// Lines before the text that is read now.
    before: usize,
    error: Option<(usize, String)>,
}

/// A list, or a mapping with the key that waits for its value and what merge keys bring; the
/// anchor, and the place of the value's own line.
enum Open {
    List(Vec<Value>, usize, usize),
    Map(Map<String, Value>, Option<(String, u32)>, Vec<Value>, usize, usize),
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
                self.lines.clear();
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.suffix);
                let is_key = matches!(self.stack.last(), Some(Open::Map(_, None, ..)));
                let value = match style {
                    TScalarStyle::Plain if !is_key => match scalar(&text, tag.as_deref()) {
                        Value::Number(number) if self.is_settings && number.to_string() != text => {
                            Value::String(text)
                        }
                        value => value,
                    },
                    _ => Value::String(text),
                };
                if is_key {
                    self.value(value, anchor, mark, None);
                } else {
                    let at = self.begin(mark);
                    self.value(value, anchor, mark, Some(at));
                }
            }
            Event::SequenceStart(anchor, _) => {
                let at = self.begin(mark);
                self.open(Open::List(Vec::new(), anchor, at), mark);
            }
            Event::MappingStart(anchor, _) => {
                let at = self.begin(mark);
                self.open(Open::Map(Map::new(), None, Vec::new(), anchor, at), mark);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (value, anchor, at) = match self.stack.pop() {
                    Some(Open::List(items, anchor, at)) => (Value::Array(items), anchor, at),
                    Some(Open::Map(mut map, _, merged, anchor, at)) => {
                        for source in merged {
                            merge(&mut map, source);
                        }
                        (Value::Object(map), anchor, at)
                    }
                    None => return,
                };
                self.value(value, anchor, mark, Some(at));
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some((value, lines)) => {
                    self.spend(size(&value), mark);
                    let at = self.begin(mark);
                    // What is in it stands where it was written.
                    self.lines.extend(lines.into_iter().skip(1));
                    self.value(value, 0, mark, Some(at));
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
        if self.stack.len() >= self.depth {
            self.error = Some((mark.line(), format!("nested more than {} deep", self.depth)));
        }
        self.stack.push(open);
    }

    /// Begins a value that is no key: its line is that of its key, if it has one.
    fn begin(&mut self, mark: Marker) -> usize {
        let (key, line) = match self.stack.last() {
            Some(Open::Map(_, Some((key, line)), ..)) => (self.keys.share(key), *line),
            _ => (Str::default(), (self.before + mark.line()) as u32),
        };
        self.lines.push(FieldLine { key, line, size: 1 });
        self.lines.len() - 1
    }

    /// Ends a value whose own line has that place, if it has one.
    fn value(&mut self, value: Value, anchor: usize, mark: Marker, at: Option<usize>) {
        self.spend(1, mark);
        if let Some(at) = at {
            self.lines[at].size = (self.lines.len() - at) as u32;
        }
        if anchor > 0 {
            // The copy costs memory whether an alias uses it or not.
            self.spend(size(&value), mark);
            let lines = at.map(|at| self.lines[at..].to_vec()).unwrap_or_default();
            self.anchors.insert(anchor, (value.clone(), lines));
        }
        match self.stack.last_mut() {
            None => self.done.push(Document { value, lines: std::mem::take(&mut self.lines) }),
            Some(Open::List(items, ..)) => items.push(value),
            Some(Open::Map(map, key, merged, ..)) => match key.take() {
                None => {
                    let text = match value {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    *key = Some((text, (self.before + mark.line()) as u32));
                }
                Some((name, _)) if name == "<<" => merged.push(value),
                Some((name, line)) => {
                    if self.is_settings && map.contains_key(&name) {
                        let line = line as usize - self.before;
                        self.error = Some((line, format!("the key {name} stands twice")));
                    }
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
            0,
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
    fn settings_say_a_key_once_and_keep_their_numbers() {
        let read = |text: &str| -> Result<Vec<Value>, String> {
            Ok(settings(text, 100, 1000)?.into_iter().map(|one| one.value).collect())
        };
        assert_eq!(
            read("a: 1.30\nb: 1.5\nc: 20\nd: 010\ne: [1_0, 3]\nf: yes\n"),
            Ok(vec![serde_json::json!({"a": "1.30", "b": 1.5, "c": 20, "d": "010",
                "e": ["1_0", 3], "f": true})])
        );
        assert_eq!(read("a: 1\n---\na: 2\n").map(|all| all.len()), Ok(2));
        assert_eq!(
            read("a: 1\nb: {c: 1, d: 2}\na: 3\n"),
            Err("line 3: the key a stands twice".to_owned())
        );
        assert!(read("b: {c: 1, c: 1}\n").is_err_and(|error| error.contains("the key c")));
    }

    #[test]
    fn documents_before_an_error_are_kept_and_bombs_refused() {
        let (found, errors) = documents("a: 1\n---\nb: &x [1]\nc: *x\n---\nd: [\n", 0, 100, 1000);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].value, serde_json::json!({"b": [1], "c": [1]}));
        assert_eq!(found[1].line(), 3);
        assert_eq!(errors.len(), 1);
        let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let list = vec![before; 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(documents(&bomb, 0, 100, 100_000).1[0].contains("too many"));
    }

    #[test]
    fn documents_after_a_broken_one_are_read() {
        let text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: 'x\n---\ne: *none\n--- \nf: 6\n";
        let (found, errors) = documents(text, 0, 100, 1000);
        let keys: Vec<String> = found.iter().map(|one| one.value.to_string()).collect();
        assert_eq!(keys, ["{\"a\":1}", "{\"c\":3}", "{\"f\":6}"]);
        assert_eq!(found.iter().map(Document::line).collect::<Vec<_>>(), [1, 5, 11]);
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[2].starts_with("line 9: "), "{errors:?}");
    }

    #[test]
    fn nesting_is_refused_before_it_fills_the_stack() {
        for (open, close) in [("- ", ""), ("[", ""), ("{a: ", ""), ("? ", ""), ("[", "]")] {
            let text = format!("a:\n  {}1{}\n", open.repeat(200_000), close.repeat(200_000));
            let error = &documents(&text, 0, 100, 1_000_000).1[0];
            assert!(error.contains("deep") || error.contains("recursion"), "{open} {error}");
        }
    }

    #[test]
    fn anchors_that_hold_one_another_are_a_bomb_too() {
        let nested: String = (0..90).map(|level| format!("&a{level} [")).collect();
        let text = format!("{nested}{}{}", "1,".repeat(10_000), "]".repeat(90));
        assert!(documents(&text, 0, 100, 100_000).1[0].contains("too many"));
    }

    #[test]
    fn merge_keys_do_not_replace() {
        let (found, _) = documents("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  x: 3\n", 0, 100, 1000);
        assert_eq!(found[0].value["use"], serde_json::json!({"x": 3, "y": 2}));
    }

    #[test]
    fn long_texts_are_cut_where_documents_begin() {
        let line = format!("# {}\n", "x".repeat(200));
        let padding = line.repeat(PART / 2 / line.len());
        let mut text = String::new();
        for at in 0..9 {
            text.push_str(&format!(
                "--- # {at}\n{padding}a: {at}\nb: |\n  ---\n   --- x\nc: '\n ---'\n"
            ));
            text.push_str("---x: 1\n");
        }
        text.push_str("--- last");
        let whole = documents(&text, 0, 100, 100_000);
        let parts = parts(&text);
        assert!(parts.len() > 3, "{}", parts.len());
        assert_eq!(parts.iter().map(|one| one.1).collect::<String>(), text);
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for (before, part) in parts {
            let (some, wrong) = documents(part, before, 100, 100_000);
            found.extend(some);
            errors.extend(wrong);
        }
        let told = |list: &[Document]| -> Vec<(String, Vec<FieldLine>)> {
            list.iter().map(|one| (one.value.to_string(), one.lines.clone())).collect()
        };
        assert_eq!(told(&found), told(&whole.0));
        assert_eq!(errors, whole.1);
        assert_eq!(found.len(), 10);
        // Directives stand before the line that begins their document.
        let with = format!("{text}\n...\n%YAML 1.2\n---\nd: 1\n");
        assert_eq!(super::parts(&with).len(), 1);
    }
}
