//! The report as JSON, indented, with a newline at the end.

use std::io::Write;

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
pub fn write(report: &Report, mut to: impl Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut to, report)?;
    to.write_all(b"\n")?;
    to.flush()
}
