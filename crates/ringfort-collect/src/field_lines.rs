//! Lines of the values of a JSON text, for manifests in JSON. The text has been read as an object
//! before; what cannot be followed ends the list, and values behind it have no line.

use ringfort_model::Str;
use ringfort_model::record::{FieldLine, FieldLines};
use rustc_hash::FxHashSet;

/// Keys, each kept once.
#[derive(Default)]
pub(crate) struct Keys(FxHashSet<Str>);

impl Keys {
    pub(crate) fn share(&mut self, key: &str) -> Str {
        if let Some(known) = self.0.get(key) {
            return known.clone();
        }
        let made = Str::new(key);
        self.0.insert(made.clone());
        made
    }
}

/// A mapping or list that is open.
struct Open {
    /// Its place in the list of values.
    at: usize,
    is_map: bool,
}

/// The values of a text whose first byte is on a line.
pub(crate) fn of_json(json: &[u8], first: u32) -> FieldLines {
    let mut values: Vec<FieldLine> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut keys = Keys::default();
    let mut line = first;
    // The key, and its line, of the value that comes next.
    let mut key: Option<(Str, u32)> = None;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'\n' => line += 1,
            b' ' | b'\t' | b'\r' | b',' | b':' => {}
            b'}' | b']' => {
                let Some(closed) = open.pop() else { break };
                values[closed.at].size = (values.len() - closed.at) as u32;
                if open.is_empty() {
                    break;
                }
            }
            b'"' => {
                let Some(end) = string_end(json, at) else { break };
                let is_key = key.is_none() && open.last().is_some_and(|open| open.is_map);
                if is_key {
                    let Ok(text) = serde_json::from_slice::<String>(&json[at..end]) else { break };
                    key = Some((keys.share(&text), line));
                } else {
                    values.push(value(key.take(), line));
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                open.push(Open { at: values.len(), is_map: byte == b'{' });
                values.push(value(key.take(), line));
            }
            _ => {
                let length = json[at..]
                    .iter()
                    .take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
                    .count();
                if length == 0 {
                    break;
                }
                values.push(value(key.take(), line));
                at += length;
                continue;
            }
        }
        at += 1;
    }
    let end = values.len();
    for left in open {
        values[left.at].size = (end - left.at) as u32;
    }
    FieldLines::new(&values)
}

fn value(key: Option<(Str, u32)>, line: u32) -> FieldLine {
    let (key, line) = key.unwrap_or((Str::default(), line));
    FieldLine { key, line, size: 1 }
}

/// The place after a string's closing quote.
fn string_end(json: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        match json[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_line_of_their_key_or_item() {
        let text = "{\n \"a\\\"b\": 1, \"list\": [\n  true,\n  {\"x\":\n    \"y\"}, [],\n -1.5e3],\n \"z\": {}}";
        let lines = of_json(text.as_bytes(), 10);
        for (path, line) in [
            ("", 10),
            ("a\"b", 11),
            ("list", 11),
            ("list[0]", 12),
            ("list[1]", 13),
            ("list[1].x", 13),
            ("list[2]", 14),
            ("list[3]", 15),
            ("z", 16),
            ("z.none", 16),
        ] {
            assert_eq!(lines.line_of(path), Some(line), "{path}");
        }
    }

    #[test]
    fn broken_text_ends_the_list() {
        for text in ["", "{", "{\"a", "{\"a\\", "[1,", "}", "{\"a\": #}", "[[[[", "{\"\\u00\": 1}"]
        {
            let _ = of_json(text.as_bytes(), 1);
        }
        assert_eq!(of_json(b"{\"a\": [1,\n2", 1).line_of("a[1]"), Some(2));
    }
}
