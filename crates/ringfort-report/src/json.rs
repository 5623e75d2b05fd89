//! The report as JSON, indented, with a newline at the end.

use std::io::Write;

use crate::human::is_hidden;
use crate::report::Report;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &mut text).expect("the report has text keys only, so it always serialises");
    String::from_utf8(text).expect("JSON is text")
}

/// Writes the same without holding the text: that of a large cluster is long.
///
/// # Errors
///
/// What the writer cannot take.
pub fn write(report: &Report, to: impl Write) -> std::io::Result<()> {
    let mut to = Plain(to);
    serde_json::to_writer_pretty(&mut to, report)?;
    to.write_all(b"\n")?;
    to.flush()
}

/// Writes JSON as text that shows what it says: characters that turn a line around or are not seen
/// at all become escapes. They occur within strings alone, where an escape means the same.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The serialiser hands over whole strings, or whole runs of one.
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_ascii() && text.contains(is_hidden) => {
                self.0.write_all(plain(text).as_bytes())?;
            }
            _ => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The same of a text that is JSON.
pub(crate) fn plain(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match is_hidden(c) {
            true => out.push_str(&format!("\\u{:04x}", c as u32)),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_a_line_around_is_an_escape() {
        let name = "a\u{202e}b\u{2066}c\u{200b}d\u{feff}é";
        let mut text = Vec::new();
        serde_json::to_writer(Plain(&mut text), &serde_json::json!({ name: name })).expect("JSON");
        let text = String::from_utf8(text).expect("text");
        let escaped = "a\\u202eb\\u2066c\\u200bd\\ufeffé";
        assert_eq!(text, format!("{{\"{escaped}\":\"{escaped}\"}}"));
        let back: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(back[name], name);
        assert_eq!(plain(&back.to_string()), text);
    }
}
