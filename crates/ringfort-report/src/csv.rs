//! Findings as a table (RFC 4180), with a row for what each check could not decide.
//!
//! A cell that a spreadsheet would take for a formula begins with a single quote.

use crate::human::harmless;
use crate::locate::located;
use crate::report::Report;

/// The columns.
const COLUMNS: [&str; 20] = [
    "status",
    "severity",
    "check",
    "title",
    "zone",
    "kind",
    "namespace",
    "name",
    "note",
    "paths",
    "cuts",
    "file",
    "line",
    "evidence",
    "fix",
    "command",
    "change",
    "excepted",
    "expires",
    "fingerprint",
];

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = row(&COLUMNS.map(str::to_owned));
    let Some(checked) = &report.checked else { return out };
    for finding in &checked.findings {
        let about = &finding.about;
        let place = located(report, finding);
        let (file, line) = match place.exists {
            true => (place.file, place.line.to_string()),
            false => (String::new(), String::new()),
        };
        let evidence: Vec<String> = finding
            .evidence
            .iter()
            .map(|spot| format!("{} {}: {}", spot.object, spot.field, spot.value))
            .collect();
        let excepted = about.excepted.as_ref();
        out.push_str(&row(&[
            if excepted.is_some() { "excepted" } else { "fail" }.to_owned(),
            finding.severity.to_owned(),
            finding.id.to_owned(),
            finding.title.to_owned(),
            finding.zone.to_owned(),
            about.kind.clone(),
            about.namespace.clone(),
            about.name.clone(),
            finding.note.clone(),
            finding.paths.to_string(),
            finding.cuts.to_string(),
            file,
            line,
            evidence.join("; "),
            finding.fix.to_owned(),
            finding.fixes.first().map_or_else(String::new, |fix| fix.command.clone()),
            about.change.unwrap_or_default().to_owned(),
            excepted.map_or_else(String::new, |one| one.reason.clone()),
            excepted.and_then(|one| one.expires.clone()).unwrap_or_default(),
            about.fingerprint.clone(),
        ]));
    }
    for tally in &checked.checks {
        for reason in &tally.reasons {
            let mut cells = COLUMNS.map(|_| String::new());
            "unknown".clone_into(&mut cells[0]);
            tally.id.clone_into(&mut cells[2]);
            tally.title.clone_into(&mut cells[3]);
            cells[8] = format!("{} results: {}", reason.objects, reason.missing);
            out.push_str(&row(&cells));
        }
    }
    out
}

fn row(cells: &[String; 20]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let mut text = harmless(text);
    // Spreadsheets take the wide forms for the same.
    if text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']) {
        text.insert(0, '\'');
    }
    match text.contains([',', '"', '\n', '\r', ';', '\'']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_out() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        for formula in ["+1", "-1", "@x", " =1", "＝1", "\t=1", "|x"] {
            let shown = cell(formula);
            assert!(shown.starts_with("\"'") || shown.starts_with("\\u"), "{shown}");
        }
        assert_eq!(cell("a,\r\nb"), "\"a,\\u{d}\\u{a}b\"");
        assert_eq!(cell("plain"), "plain");
    }
}
