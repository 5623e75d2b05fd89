//! Markdown for a comment in a pull request.
//!
//! GitHub takes comments of at most 65,536 characters. The parts that matter most come first,
//! each with a share of the room; what does not fit is counted. Every name from a cluster stands
//! in a code span or a code block, in which nothing is a link, a mention, HTML or the end of a
//! table's cell.

use std::fmt::Write;

use ringfort_checks::Finding;

use crate::format::Rendered;
use crate::gate::State;
use crate::human::harmless;
use crate::locate::{clipped, located};
use crate::report::{Path, Report};
use crate::{adopted, matrix};

/// Bytes that a comment may have: no text has more characters than bytes.
const MOST: usize = 65_536;

/// Where the table of findings ends at the latest.
const FINDINGS: usize = 40_000;

/// Where what changed ends at the latest.
const CHANGES: usize = 12_000;

/// Where the paths end at the latest.
const PATHS: usize = 50_000;

/// Room that is kept for the closing lines.
const CLOSING: usize = 1_500;

/// Characters of a name that are shown.
pub(crate) const NAME: usize = 120;

/// Characters of a command that are shown.
const COMMAND: usize = 2_000;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> Rendered {
    let mut out = String::from("<!-- ringfort -->\n");
    let mut cut: Vec<String> = Vec::new();
    head(&mut out, report);
    zones(&mut out, report);
    changes(&mut out, report, &mut cut);
    findings(&mut out, report, &mut cut);
    out.push_str(&crate::versions::markdown(report, |text| code(text, NAME)));
    crate::framework::markdown(&mut out, &report.frameworks, &mut cut);
    paths(&mut out, report, &mut cut);
    fixes(&mut out, report, &mut cut);
    tables(&mut out, report, &mut cut);
    if !cut.is_empty() {
        let _ = writeln!(
            out,
            "\n_Left out, for a comment has room for {MOST} characters: {}. The whole report is `ringfort scan -f html=report.html` or `-f json=report.json`._",
            cut.join(", ")
        );
    }
    debug_assert!(out.len() <= MOST, "{}", out.len());
    Rendered { text: out, cut: cut.join(", ") }
}

/// A hostile text within a line.
pub(crate) fn code(text: &str, most: usize) -> String {
    // A pipe ends a cell even within a code span, and how a backslash before it is read differs.
    let text = harmless(&clipped(text, most)).replace('|', "\\u{7c}");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Hostile lines.
fn block(text: &str) -> String {
    let text: Vec<String> = clipped(text, COMMAND).lines().map(harmless).collect();
    let text = text.join("\n");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}sh\n{text}\n{fence}\n")
}

/// Adds pieces while they end before a byte; counts what is left.
pub(crate) fn fill(
    out: &mut String,
    pieces: impl IntoIterator<Item = String>,
    end: usize,
) -> usize {
    let mut left = 0;
    for piece in pieces {
        if left > 0 || out.len() + piece.len() > end {
            left += 1;
        } else {
            out.push_str(&piece);
        }
    }
    left
}

fn head(out: &mut String, report: &Report) {
    let worst = report.gates.iter().map(|gate| gate.state).max_by_key(|state| match state {
        State::Passed => 0,
        State::Undecided => 1,
        State::Failed => 2,
    });
    let verdict = match worst {
        Some(State::Failed) => "a gate failed",
        Some(State::Undecided) => "a gate is undecided",
        Some(State::Passed) => "all gates passed",
        None => "no gate",
    };
    let _ = writeln!(out, "### Ringfort: {verdict}\n");
    for gate in report.gates.iter().take(20) {
        let state = match gate.state {
            State::Passed => "passed",
            State::Failed => "**failed**",
            State::Undecided => "**is undecided**",
        };
        let _ = writeln!(out, "- {} {state}: {}", code(&gate.gate, NAME), code(&gate.why, NAME));
        if gate.state == State::Undecided {
            for one in &gate.first {
                let _ = writeln!(out, "  - {}", code(one, NAME));
            }
        }
    }
    let (counts, decided) = match &report.checked {
        Some(checked) => {
            let counts: Vec<String> =
                checked.counts().iter().map(|(count, name)| format!("{count} {name}")).collect();
            (counts.join(", "), checked.checks_coverage)
        }
        None => (String::new(), 0),
    };
    let counts = if counts.is_empty() { "none".to_owned() } else { counts };
    let _ = writeln!(
        out,
        "\nFindings: {counts}. {} pairs of a way in and a target are connected. {}% of kinds were read, {decided}% of results are decided.",
        report.pairs, report.coverage.percent
    );
    if let Some(filter) = report.filter.as_ref().filter(|filter| filter.hidden > 0) {
        let _ = writeln!(out, "{} findings are filtered out.", filter.hidden);
    }
    let unread: Vec<String> = report
        .gaps
        .iter()
        .map(|gap| code(&format!("{}: {}", gap.subject, gap.reason), NAME))
        .collect();
    if !unread.is_empty() {
        let shown = unread.len().min(5);
        let more = match unread.len() - shown {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(out, "\nNot read: {}{more}.", unread[..shown].join(", "));
    }
}

/// The scores, and beside each how much of it is known.
fn zones(out: &mut String, report: &Report) {
    if report.zones.is_empty() {
        return;
    }
    out.push_str("\n| zone | score | known | |\n|---|---|---|---|\n");
    for zone in &report.zones {
        let mark = if report.weakest_zone == Some(zone.id) { " (weakest)" } else { "" };
        let score = match zone.score {
            Some(score) => score.to_string(),
            None => format!("at most {}", zone.at_most),
        };
        let _ = writeln!(
            out,
            "| {}{mark} | {score} | {}% | {} |",
            zone.title, zone.coverage, zone.state
        );
    }
}

/// What is looked up rather than read, folded up.
fn tables(out: &mut String, report: &Report, cut: &mut Vec<String>) {
    let mut vectors = format!(
        "\n<details><summary>Ways in by vector</summary>\n\n| {} |\n|{}\n",
        matrix::COLUMNS.join(" | "),
        "---|".repeat(matrix::COLUMNS.len())
    );
    for row in matrix::rows(report) {
        let _ = writeln!(
            vectors,
            "| {} | {} | {} | {} | {} | {} |",
            row.name,
            row.vector.state,
            row.zone,
            row.entries,
            row.vector.pairs,
            row.controls.join("<br>")
        );
    }
    vectors.push_str("\n</details>\n");
    let mut adoption = format!(
        "\n<details><summary>Adoption of controls</summary>\n\n| {} |\n|{}\n",
        adopted::COLUMNS.join(" | "),
        "---|".repeat(adopted::COLUMNS.len())
    );
    for (one, numbers) in adopted::counted(report) {
        let _ = writeln!(
            adoption,
            "| {} | {} | {} | {} | {} | {} |",
            one.metric.id,
            one.metric.of,
            numbers.present.as_deref().unwrap_or("–"),
            numbers.effective,
            one.metric.present,
            one.metric.effective
        );
    }
    adoption.push_str("\n</details>\n");
    for (name, table, empty) in [
        ("the table of vectors", vectors, report.vectors.is_empty()),
        ("the adoption of controls", adoption, report.adoption.is_empty()),
    ] {
        if !empty && fill(out, [table], MOST - CLOSING) > 0 {
            cut.push(name.to_owned());
        }
    }
}

fn changes(out: &mut String, report: &Report, cut: &mut Vec<String>) {
    let Some(change) = &report.baseline else { return };
    let _ = writeln!(
        out,
        "\n#### Since the baseline\n\n{} new, {} worse, {} unchanged, {} fixed findings; {} new and {} fixed paths.\n",
        change.new,
        change.worse,
        change.unchanged,
        change.fixed.len(),
        change.new_paths.len(),
        change.fixed_paths.len()
    );
    let new = change.new_paths.iter().map(|pair| {
        let note = if pair.excepted { " (excepted)" } else { "" };
        format!("- new path {} → {}{note}\n", code(&pair.from, NAME), code(&pair.to, NAME))
    });
    let fixed = change
        .fixed
        .iter()
        .map(|gone| format!("- fixed {} {}\n", code(&gone.id, NAME), code(&gone.object, NAME)));
    let left = fill(out, new.chain(fixed), CHANGES);
    if left > 0 {
        cut.push(format!("{left} changes"));
    }
}

fn findings(out: &mut String, report: &Report, cut: &mut Vec<String>) {
    let Some(checked) = &report.checked else { return };
    if checked.findings.is_empty() {
        return;
    }
    // What is new comes first, what is excepted last; else the order of the report.
    let mut rows: Vec<&Finding> = checked.findings.iter().collect();
    rows.sort_by_key(|one| {
        let known = one.about.change == Some("unchanged");
        (one.about.excepted.is_some(), known)
    });
    out.push_str("\n#### Findings\n\n| | check | object | what | where | cuts |\n|---|---|---|---|---|---|\n");
    let left = fill(out, rows.into_iter().map(|one| row(report, one)), FINDINGS);
    if left > 0 {
        cut.push(format!("{left} of {} findings", checked.findings.len()));
    }
}

fn row(report: &Report, finding: &Finding) -> String {
    let place = located(report, finding);
    let at = match place.exists {
        true => code(&format!("{}:{}", place.file, place.line), NAME),
        false => finding.evidence.first().map_or_else(String::new, |spot| code(&spot.field, NAME)),
    };
    let mut marks = finding.severity.to_owned();
    if let Some(change @ ("new" | "worse")) = finding.about.change {
        let _ = write!(marks, ", {change}");
    }
    if finding.about.excepted.is_some() {
        marks.push_str(", excepted");
    }
    let note = match finding.note.as_str() {
        "" => String::new(),
        note => format!(": {}", code(note, NAME)),
    };
    format!(
        "| {marks} | {} | {} | {}{note} | {at} | {} |\n",
        finding.id,
        code(&finding.object, NAME),
        finding.title,
        finding.cuts
    )
}

fn paths(out: &mut String, report: &Report, cut: &mut Vec<String>) {
    if report.paths.is_empty() {
        return;
    }
    out.push_str("\n#### Worst paths\n");
    let shown = report.paths.iter().take(5);
    let left = fill(out, shown.map(path), PATHS);
    let left = left + report.paths.len().saturating_sub(5);
    if left > 0 {
        cut.push(format!("{left} of {} paths", report.paths.len()));
    }
}

fn path(path: &Path) -> String {
    let doubt = if path.entry_verified { "" } else { ", entry unverified" };
    let excepted = if path.excepted.is_some() { ", excepted" } else { "" };
    let mut text = format!(
        "\n<details><summary>effort {}{doubt}{excepted}</summary>\n\n{} → {}\n\n",
        path.effort,
        code(&path.from, NAME),
        code(&path.to, NAME)
    );
    for step in &path.steps {
        let doubt = if step.confidence == "unknown" { " (unknown)" } else { "" };
        let _ = writeln!(
            text,
            "1. {} → {}{doubt}",
            code(&step.title, NAME),
            code(&step.to_title, NAME)
        );
    }
    text.push_str("\n</details>\n");
    text
}

fn fixes(out: &mut String, report: &Report, cut: &mut Vec<String>) {
    if report.fixes.is_empty() {
        return;
    }
    out.push_str("\n#### Changes that cut most\n");
    let shown = report.fixes.iter().map(|fix| {
        format!(
            "\n<details><summary>cuts {} of {}</summary>\n\n{}\n\n{}\n</details>\n",
            fix.cuts,
            report.pairs,
            code(&fix.title, NAME),
            block(&fix.command)
        )
    });
    let left = fill(out, shown, MOST - CLOSING);
    if left > 0 {
        cut.push(format!("{left} of {} changes that cut paths", report.fixes.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_code_span() {
        assert_eq!(code("plain", 10), "`plain`");
        assert_eq!(code("a`b", 10), "``a`b``");
        assert_eq!(code("``", 10), "``` `` ```");
        assert_eq!(code("a|b\n@team", 30), "`a\\u{7c}b\\u{a}@team`");
        assert_eq!(code("", 10), "`  `");
        assert_eq!(block("a\n```\nb"), "````sh\na\n```\nb\n````\n");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut out = String::new();
        let pieces = ["aaaa", "bbbb", "c"].map(str::to_owned);
        assert_eq!(fill(&mut out, pieces, 6), 2);
        assert_eq!(out, "aaaa");
    }
}
