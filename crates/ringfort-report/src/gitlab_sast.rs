//! GitLab's report of static analysis, schema version 15.0.4, which all of GitLab 15.8 and later
//! take (`sast-report-format.json` of gitlab-org/security-products/security-report-schemas).
//!
//! Texts are Markdown there, so names stand in code spans. GitLab has no place for what an
//! exception covers, nor for what is unknown: both are messages of the scan.

use ringfort_checks::Finding;
use serde_json::{Value, json};

use crate::human::harmless;
use crate::json::plain;
use crate::locate::{clipped, located};
use crate::report::Report;

/// Version of the schema.
const VERSION: &str = "15.0.4";

/// Characters of a solution.
const SOLUTION: usize = 6_900;

/// Characters of a name in a text.
const NAME: usize = 500;

/// Messages of the scan.
const MESSAGES: usize = 500;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let tool = json!({
        "id": report.tool.name,
        "name": "Ringfort",
        "version": report.tool.version,
        "vendor": {"name": "Ringfort"},
    });
    let time = time(&report.generated_at);
    let findings = report.checked.iter().flat_map(|checked| &checked.findings);
    let vulnerabilities: Vec<Value> = findings
        .filter(|finding| finding.about.excepted.is_none())
        .map(|finding| vulnerability(report, finding))
        .collect();
    let file = json!({
        "version": VERSION,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "sast",
            "start_time": time,
            "end_time": time,
            "status": "success",
            "messages": messages(report),
        },
        "vulnerabilities": vulnerabilities,
    });
    plain(&format!("{file:#}\n"))
}

/// UTC to the second, without its zone.
fn time(text: &str) -> String {
    let known = text.parse::<jiff::Timestamp>().unwrap_or_default();
    jiff::tz::TimeZone::UTC.to_datetime(known).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A hostile text in a line of Markdown.
fn code(text: &str) -> String {
    let text = harmless(&clipped(text, NAME));
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

fn vulnerability(report: &Report, finding: &Finding) -> Value {
    let mut severity = finding.severity.to_owned();
    if let Some(first) = severity.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut lines = vec![format!("{}: {}", code(&finding.object), finding.title)];
    if !finding.note.is_empty() {
        lines.push(code(&finding.note));
    }
    for spot in finding.evidence.iter().take(20) {
        lines.push(format!(
            "- {}",
            code(&format!("{} {}: {}", spot.object, spot.field, spot.value))
        ));
    }
    lines.push(format!(
        "{} paths from a way in to a target run through it; mending it cuts {}.",
        finding.paths, finding.cuts
    ));
    let mut solution = finding.fix.to_owned();
    for fix in finding.fixes.iter().take(3) {
        let more = format!("\n\n{}\n\n{}", code(&fix.title), code(&fix.command));
        if solution.chars().count() + more.chars().count() <= SOLUTION {
            solution.push_str(&more);
        }
    }
    let checked = report.checked.as_ref();
    let check = checked.and_then(|all| all.check(finding.id));
    let references = check.map(|check| check.references).unwrap_or_default();
    let mut identifiers =
        vec![json!({"type": "ringfort", "name": finding.id, "value": finding.id})];
    identifiers.extend(
        references
            .iter()
            .map(|reference| json!({"type": "reference", "name": reference, "value": reference})),
    );
    let place = located(report, finding);
    json!({
        "id": finding.about.fingerprint,
        "name": clipped(finding.title, 255),
        "description": lines.join("\n\n"),
        "severity": severity,
        "solution": solution,
        "identifiers": identifiers,
        "location": {
            "file": place.file,
            "start_line": place.line,
            "class": harmless(&finding.object),
        },
    })
}

fn messages(report: &Report) -> Vec<Value> {
    let mut said: Vec<(&str, String)> = Vec::new();
    for need in &report.unmet {
        said.push(("warn", format!("needed and not read: {}", need.missing)));
    }
    for gap in &report.gaps {
        said.push(("warn", format!("not read: {}: {}", gap.subject, gap.reason)));
    }
    if let Some(checked) = &report.checked {
        let excepted: Vec<&Finding> =
            checked.findings.iter().filter(|one| one.about.excepted.is_some()).collect();
        if !excepted.is_empty() {
            said.push(("info", format!("exceptions cover {} findings", excepted.len())));
        }
        for tally in checked.checks.iter().filter(|tally| tally.unknown > 0) {
            said.push(("info", format!("{}: {} results are unknown", tally.id, tally.unknown)));
        }
    }
    if let Some(filter) = report.filter.as_ref().filter(|filter| filter.hidden > 0) {
        said.push(("info", format!("{} findings are filtered out", filter.hidden)));
    }
    let more = said.len().saturating_sub(MESSAGES);
    said.truncate(MESSAGES);
    if more > 0 {
        said.push(("warn", format!("{more} more messages are left out")));
    }
    said.into_iter()
        .map(|(level, text)| json!({"level": level, "value": harmless(&text)}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_no_zone_and_no_fraction() {
        assert_eq!(time("2026-11-25T21:00:20.123456Z"), "2026-11-25T21:00:20");
        assert_eq!(time("2026-11-25T23:00:20+02:00"), "2026-11-25T21:00:20");
    }
}
