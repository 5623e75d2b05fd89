//! The report as JSON, indented, with a newline at the end.

use crate::report::Report;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report)
        .expect("the report has text keys only, so it always serialises");
    text.push('\n');
    text
}
