//! Markdown for a comment in a pull request.
//!
//! GitHub takes comments of at most 65,536 characters. The parts that matter most come first,
//! each with a share of the room; what does not fit is counted. Every name from a cluster stands
//! in a code span or a code block, in which nothing is a link, a mention, HTML or the end of a
//! table's cell.

use std::fmt::Write;

use ringfort_checks::Finding;
use ringfort_language::{Language, message, say};

use crate::format::Rendered;
use crate::gate::{State, not_read};
use crate::human::{effort, harmless, severities};
use crate::locate::{clipped, located};
use crate::report::{Gap, Path, Report};
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
pub fn render(report: &Report, language: Language) -> Rendered {
    let mut out = String::from("<!-- ringfort -->\n");
    let mut cut: Vec<String> = Vec::new();
    head(&mut out, report, language);
    zones(&mut out, report, language);
    changes(&mut out, report, &mut cut, language);
    findings(&mut out, report, &mut cut, language);
    out.push_str(&crate::versions::markdown(report, |text| code(text, NAME), language));
    crate::framework::markdown(&mut out, &report.frameworks, &mut cut, language);
    paths(&mut out, report, &mut cut, language);
    fixes(&mut out, report, &mut cut, language);
    tables(&mut out, report, &mut cut, language);
    let left_out = language.list(&cut);
    if !cut.is_empty() {
        let text = say!(
            language,
            "Left out, for a comment has room for {most} characters: {parts}. The whole report is {html} or {json}.",
            most = MOST,
            parts = &left_out,
            html = "`ringfort scan -f html=report.html`",
            json = "`-f json=report.json`"
        );
        let _ = writeln!(out, "\n_{text}_");
    }
    debug_assert!(out.len() <= MOST, "{}", out.len());
    Rendered { text: out, cut: left_out }
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

fn head(out: &mut String, report: &Report, language: Language) {
    let worst = report.gates.iter().map(|gate| gate.state).max_by_key(|state| match state {
        State::Passed => 0,
        State::Undecided => 1,
        State::Failed => 2,
    });
    let verdict = match worst {
        Some(State::Failed) => say!(language, "Ringfort: a gate failed"),
        Some(State::Undecided) => say!(language, "Ringfort: a gate is undecided"),
        Some(State::Passed) => say!(language, "Ringfort: all gates passed"),
        None => say!(language, "Ringfort: no gate"),
    };
    let _ = writeln!(out, "### {verdict}\n");
    for gate in report.gates.iter().take(20) {
        let name = code(&gate.gate, NAME);
        let why = code(&language.say(&gate.why), NAME);
        let text = match gate.state {
            State::Passed => say!(language, "{gate} passed: {why}", gate = name, why),
            State::Failed => say!(language, "{gate} **failed**: {why}", gate = name, why),
            State::Undecided => {
                say!(language, "{gate} **is undecided**: {why}", gate = name, why)
            }
        };
        let _ = writeln!(out, "- {text}");
        if gate.state == State::Undecided {
            for one in &gate.first {
                let _ = writeln!(out, "  - {}", code(&language.say(one), NAME));
            }
        }
    }
    let (counts, decided) = match &report.checked {
        Some(checked) => (severities(checked, language), checked.checks_coverage),
        None => (say!(language, "none").to_owned(), 0),
    };
    let text = say!(
        language,
        "Findings: {counts}. {pairs} pairs of a way in and a target are connected. {percent}% of kinds were read, {decided}% of results are decided.",
        counts,
        pairs = report.pairs,
        percent = report.coverage.percent,
        decided
    );
    let _ = writeln!(out, "\n{text}");
    if let Some(filter) = report.filter.as_ref().filter(|filter| filter.hidden > 0) {
        let text = say!(language, "{count} findings are filtered out.", count = filter.hidden);
        let _ = writeln!(out, "{text}");
    }
    let unread = |gap: &Gap| code(&language.say(&not_read(gap)), NAME);
    let unread: Vec<String> = report.gaps.iter().map(unread).collect();
    if !unread.is_empty() {
        let shown = unread.len().min(5);
        let parts = language.list(&unread[..shown]);
        let text = match unread.len() - shown {
            0 => say!(language, "Not read: {parts}.", parts),
            more => say!(language, "Not read: {parts} and {more} more.", parts, more),
        };
        let _ = writeln!(out, "\n{text}");
    }
}

/// The head of a table.
pub(crate) fn columns(language: Language, names: &[&'static str]) -> String {
    let names: Vec<&str> = names.iter().map(|name| language.text(name)).collect();
    // A column without a name stands between two bars with one space.
    let names: Vec<String> = names
        .iter()
        .map(|name| if name.is_empty() { " ".to_owned() } else { format!(" {name} ") })
        .collect();
    format!("|{}|\n|{}\n", names.join("|"), "---|".repeat(names.len()))
}

/// The scores, and beside each how much of it is known.
fn zones(out: &mut String, report: &Report, language: Language) {
    if report.zones.is_empty() {
        return;
    }
    let names = [message!("zone"), message!("score"), message!("known"), ""];
    let _ = write!(out, "\n{}", columns(language, &names));
    for zone in &report.zones {
        let mark = match report.weakest_zone == Some(zone.id) {
            true => say!(language, " (weakest)"),
            false => "",
        };
        let score = match zone.score {
            Some(score) => score.to_string(),
            None => say!(language, "at most {score}", score = zone.at_most),
        };
        let _ = writeln!(
            out,
            "| {}{mark} | {score} | {}% | {} |",
            language.text(zone.title),
            zone.coverage,
            language.say(&zone.state)
        );
    }
}

/// What is looked up rather than read, folded up.
fn tables(out: &mut String, report: &Report, cut: &mut Vec<String>, language: Language) {
    let open = |title: &str, names: &[&'static str]| {
        format!("\n<details><summary>{title}</summary>\n\n{}", columns(language, names))
    };
    let mut vectors = open(say!(language, "Ways in by vector"), &matrix::COLUMNS);
    for row in matrix::rows(report, language) {
        let controls: Vec<String> = row.controls.iter().map(|text| language.say(text)).collect();
        let _ = writeln!(
            vectors,
            "| {} | {} | {} | {} | {} | {} |",
            language.say(&row.name),
            language.text(row.vector.state),
            language.text(row.zone),
            row.entries,
            row.vector.pairs,
            controls.join("<br>")
        );
    }
    vectors.push_str("\n</details>\n");
    let mut adoption = open(say!(language, "Adoption of controls"), &adopted::COLUMNS);
    for (one, numbers) in adopted::counted(report) {
        let _ = writeln!(
            adoption,
            "| {} | {} | {} | {} | {} | {} |",
            one.metric.id,
            language.text(one.metric.of),
            numbers.present.map_or_else(|| "–".to_owned(), |text| language.say(&text)),
            language.say(&numbers.effective),
            language.text(one.metric.present),
            language.text(one.metric.effective)
        );
    }
    adoption.push_str("\n</details>\n");
    for (name, table, empty) in [
        (say!(language, "the table of vectors"), vectors, report.vectors.is_empty()),
        (say!(language, "the adoption of controls"), adoption, report.adoption.is_empty()),
    ] {
        if !empty && fill(out, [table], MOST - CLOSING) > 0 {
            cut.push(name.to_owned());
        }
    }
}

fn changes(out: &mut String, report: &Report, cut: &mut Vec<String>, language: Language) {
    let Some(change) = &report.baseline else { return };
    let text = say!(
        language,
        "{new} new, {worse} worse, {unchanged} unchanged, {fixed} fixed findings; {new_paths} new and {fixed_paths} fixed paths.",
        new = change.new,
        worse = change.worse,
        unchanged = change.unchanged,
        fixed = change.fixed.len(),
        new_paths = change.new_paths.len(),
        fixed_paths = change.fixed_paths.len()
    );
    let _ = writeln!(out, "\n#### {}\n\n{text}\n", say!(language, "Since the baseline"));
    let new = change.new_paths.iter().map(|pair| {
        let note = if pair.excepted { say!(language, " (excepted)") } else { "" };
        let (from, to) = (code(&pair.from, NAME), code(&pair.to, NAME));
        format!("- {}{note}\n", say!(language, "new path {from} → {to}", from, to))
    });
    let fixed = change.fixed.iter().map(|gone| {
        let (id, object) = (code(&gone.id, NAME), code(&gone.object, NAME));
        format!("- {}\n", say!(language, "fixed {id} {object}", id, object))
    });
    let left = fill(out, new.chain(fixed), CHANGES);
    if left > 0 {
        cut.push(say!(language, "{left} changes", left));
    }
}

fn findings(out: &mut String, report: &Report, cut: &mut Vec<String>, language: Language) {
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
    let names = [
        "",
        message!("check"),
        message!("object"),
        message!("what"),
        message!("where"),
        message!("cuts"),
    ];
    let _ = write!(out, "\n#### {}\n\n{}", say!(language, "Findings"), columns(language, &names));
    let left = fill(out, rows.into_iter().map(|one| row(report, one, language)), FINDINGS);
    if left > 0 {
        let all = checked.findings.len();
        cut.push(say!(language, "{left} of {all} findings", left, all));
    }
}

fn row(report: &Report, finding: &Finding, language: Language) -> String {
    let place = located(report, finding);
    let at = match place.exists {
        true => code(&format!("{}:{}", place.file, place.line), NAME),
        false => finding.evidence.first().map_or_else(String::new, |spot| code(&spot.field, NAME)),
    };
    let mut marks = vec![language.text(finding.severity)];
    if let Some(change @ ("new" | "worse")) = finding.about.change {
        marks.push(language.text(change));
    }
    if finding.about.excepted.is_some() {
        marks.push(say!(language, "excepted"));
    }
    let note = match finding.note.as_str() {
        "" => String::new(),
        note => format!(": {}", code(language.text(note), NAME)),
    };
    format!(
        "| {} | {} | {} | {}{note} | {at} | {} |\n",
        language.list(&marks),
        finding.id,
        code(&finding.object, NAME),
        language.text(finding.title),
        finding.cuts
    )
}

fn paths(out: &mut String, report: &Report, cut: &mut Vec<String>, language: Language) {
    if report.paths.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n#### {}", say!(language, "Worst paths"));
    let shown = report.paths.iter().take(5);
    let left = fill(out, shown.map(|one| path(one, language)), PATHS);
    let left = left + report.paths.len().saturating_sub(5);
    if left > 0 {
        cut.push(say!(language, "{left} of {all} paths", left, all = report.paths.len()));
    }
}

fn path(path: &Path, language: Language) -> String {
    let excepted = if path.excepted.is_some() { say!(language, ", excepted") } else { "" };
    let mut text = format!(
        "\n<details><summary>{}{excepted}</summary>\n\n{} → {}\n\n",
        language.say(&effort(path, message!("effort {effort}{doubt}"))),
        code(&path.from, NAME),
        code(&path.to, NAME)
    );
    for step in &path.steps {
        let doubt = if step.confidence == "unknown" { say!(language, " (unknown)") } else { "" };
        let _ = writeln!(
            text,
            "1. {} → {}{doubt}",
            code(language.text(step.title), NAME),
            code(&language.say(&step.to_title), NAME)
        );
    }
    text.push_str("\n</details>\n");
    text
}

fn fixes(out: &mut String, report: &Report, cut: &mut Vec<String>, language: Language) {
    if report.fixes.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n#### {}", say!(language, "Changes that cut most"));
    let shown = report.fixes.iter().map(|fix| {
        format!(
            "\n<details><summary>{}</summary>\n\n{}\n\n{}\n</details>\n",
            say!(language, "cuts {cuts} of {pairs}", cuts = fix.cuts, pairs = report.pairs),
            code(&language.say(&fix.title), NAME),
            block(&fix.command)
        )
    });
    let left = fill(out, shown, MOST - CLOSING);
    if left > 0 {
        let all = report.fixes.len();
        cut.push(say!(language, "{left} of {all} changes that cut paths", left, all));
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
