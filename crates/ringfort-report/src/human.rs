//! The first screen: what was read, the zones, the ways in, the worst path, the few changes.
//! It fits 24 lines of 100 columns; [`tables`] follow on demand.

use std::fmt::Write;

use ringfort_checks::Findings;

use crate::report::{Path, Report, Step, Zone};
use crate::{adopted, matrix};

/// Columns of the first screen.
const WIDTH: usize = 100;

/// How to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether the terminal takes colours.
    pub color: bool,
}

/// Makes a text harmless for a terminal: control characters, and those that change the
/// direction of what follows, are shown as escapes.
#[must_use]
pub fn harmless(text: &str) -> String {
    let hostile = |c: char| c.is_control() || is_hidden(c);
    if !text.chars().any(hostile) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if hostile(c) { c.escape_unicode().to_string() } else { c.to_string() })
        .collect()
}

/// Whether a character turns the text around it, or is not seen.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

fn cut(text: &str, width: usize) -> String {
    let text = harmless(text);
    if text.chars().count() <= width {
        return text;
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The first screen of a scan.
#[must_use]
pub fn first_screen(report: &Report, style: Style) -> String {
    let bold =
        |text: &str| if style.color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let facts = &report.cluster;
    line(cut(
        &format!(
            "Kubernetes {}: {} nodes, {} namespaces, {} pods, {} bindings; {}% of kinds read, {} gaps",
            facts.version,
            facts.nodes,
            facts.namespaces,
            facts.pods,
            facts.bindings,
            report.coverage.percent,
            report.gaps.len() + report.coverage.incomplete.len(),
        ),
        WIDTH,
    ));
    if let Some(gap) = report.gaps.first().or(report.coverage.incomplete.first()) {
        line(cut(&format!("  not read: {}: {}", gap.subject, gap.reason), WIDTH));
    }
    let weakest = report.zones.iter().find(|zone| report.weakest_zone == Some(zone.id));
    line(bold(&match weakest {
        Some(zone) => format!("Zones; the weakest is {}", zone.title),
        None => "Zones".to_owned(),
    }));
    for zone in &report.zones {
        let text = format!(
            "  {:<20} {:<10} {:>3}% known  {}",
            zone.title,
            score(zone),
            zone.coverage,
            zone.state
        );
        line(cut(&text, WIDTH));
    }
    line(bold("Ways in"));
    let cells: Vec<String> =
        report.vectors.iter().map(|v| format!("{} {}", v.id, v.state)).collect();
    for row in cells.chunks(5) {
        let row: Vec<String> = row.iter().map(|cell| format!("{cell:<16}")).collect();
        line(format!("  {}", row.join("")).trim_end().to_owned());
    }
    match report.paths.first() {
        Some(path) => {
            let unverified = if path.entry_verified { "" } else { ", entry unverified" };
            line(bold(&cut(
                &format!(
                    "Worst path (effort {}, {} controls{unverified}); {} pairs, {} on unverified entries",
                    path.effort, path.controls, report.pairs, report.unverified_pairs
                ),
                WIDTH,
            )));
            let drawn = drawn(path);
            let skipped = drawn.len().saturating_sub(6);
            for (at, text) in drawn.iter().enumerate() {
                if skipped > 0 && at == 4 {
                    line(format!("  … {} more steps", skipped + 1));
                } else if skipped == 0 || at < 4 || at > 4 + skipped {
                    line(cut(text, WIDTH));
                }
            }
        }
        None => line(bold("No path from a way in to a target.")),
    }
    if !report.fixes.is_empty() {
        line(bold("Changes that cut most, each tried on the cluster's model"));
        for fix in report.fixes.iter().take(2) {
            line(cut(&format!("  cuts {} of {}: {}", fix.cuts, report.pairs, fix.title), WIDTH));
            line(command(&fix.command));
        }
    }
    if let Some(plan) = report.plan.as_ref().filter(|_| report.fixes.is_empty()) {
        // Where no change cuts a pair by itself, the plan's first ones are what to begin with.
        if !plan.fixes.is_empty() {
            line(bold(
                "No change cuts a pair by itself. The plan begins with (ringfort plan -o DIR)",
            ));
        }
        for fix in plan.fixes.iter().take(3) {
            line(cut(&format!("  {}", fix.title), WIDTH));
        }
    }
    match &report.plan {
        Some(plan) if plan.fixes.is_empty() => {}
        Some(plan) => {
            let rest = match plan.no_cut.len() {
                0 => String::new(),
                count => format!("; {count} of {} have no cut", report.pairs),
            };
            line(cut(&format!("All that can be cut: {}{rest}", plan.summary), WIDTH));
        }
        None if report.pairs == 0 => {}
        None => {
            line("All that can be cut: ringfort plan; at this size a scan leaves it out".into());
        }
    }
    line(cut(
        &format!(
            "More: ringfort paths, explain ID, scan -v, -f html=r.html; {} facts unknown, {} not evaluated",
            report.unknown.len(),
            report.not_evaluated.len()
        ),
        WIDTH,
    ));
    if let Some(versions) = crate::versions::line(report) {
        line(cut(&versions, WIDTH));
    }
    if let Some(checked) = &report.checked {
        let hidden = report.filter.as_ref().map_or(0, |filter| filter.hidden);
        line(cut(&counted(checked, hidden), WIDTH));
    }
    crate::framework::human(&mut out, &report.frameworks);
    out
}

/// A command that can be copied as it stands, or where the whole of it is.
fn command(text: &str) -> String {
    let whole = format!("    {}", harmless(text));
    if !whole.contains('\n') && whole.chars().count() <= WIDTH {
        return whole;
    }
    const ELSEWHERE: &str = "  (whole: -f html=r.html)";
    let first = text.lines().next().unwrap_or_default();
    let room = WIDTH - ELSEWHERE.chars().count() - 5;
    let mut short = cut(first, room);
    if !short.ends_with('…') {
        short.push('…');
    }
    format!("    {short}{ELSEWHERE}")
}

/// A score, or the bound of one.
fn score(zone: &Zone) -> String {
    match zone.score {
        Some(score) => format!("{score} of 100"),
        None => format!("at most {}", zone.at_most),
    }
}

/// What `-v` adds to the first screen: how the scores come about, the matrix of vectors, and how
/// far controls are adopted.
#[must_use]
pub fn tables(report: &Report) -> String {
    let mut out = String::from("\nScores (docs/scores.md)\n");
    for zone in &report.zones {
        let text = match zone.lost {
            Some([worst, spread]) => format!(
                "{}: 100, less {worst} for the worst, less {spread} for how much there is, is {}",
                zone.title,
                score(zone)
            ),
            None => format!("{}: {}, for not all was read", zone.title, score(zone)),
        };
        let _ = writeln!(out, "  {text}");
    }
    let columns = matrix::COLUMNS;
    let _ = writeln!(
        out,
        "\n  {:<37} {:<8} {:<14} {:<28} {}",
        columns[0], columns[1], columns[2], columns[3], columns[4]
    );
    for row in matrix::rows(report) {
        let _ = writeln!(
            out,
            "  {:<37} {:<8} {:<14} {:<28} {}",
            row.name, row.vector.state, row.zone, row.entries, row.vector.pairs
        );
        for control in row.controls {
            let _ = writeln!(out, "      {control}");
        }
    }
    let columns = adopted::COLUMNS;
    let _ = writeln!(
        out,
        "\n  {:<16} {:<24} {:<24} {}",
        columns[0], columns[2], columns[3], columns[1]
    );
    for (one, numbers) in adopted::counted(report) {
        let present = numbers.present.as_deref().unwrap_or("-");
        let _ = writeln!(
            out,
            "  {:<16} {present:<24} {:<24} {}",
            one.metric.id, numbers.effective, one.metric.of
        );
    }
    let left = adopted::left_out(report);
    if !left.is_empty() {
        let _ = writeln!(out, "  nothing to count here: {}", left.join(", "));
    }
    out
}

/// The numbers of findings, and how much of the checks is decided.
fn counted(checked: &Findings, hidden: usize) -> String {
    let counts: Vec<String> =
        checked.counts().iter().map(|(count, severity)| format!("{count} {severity}")).collect();
    let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
    let excepted = checked.findings.iter().filter(|one| one.about.excepted.is_some()).count();
    let beside = [(excepted, "excepted"), (hidden, "filtered out")];
    let beside = beside.iter().filter(|(count, _)| *count > 0);
    let beside: Vec<String> = beside.map(|(count, what)| format!("{count} {what}")).collect();
    let beside = match beside.is_empty() {
        true => String::new(),
        false => format!(" ({})", beside.join(", ")),
    };
    let on_paths = checked.findings.iter().filter(|one| one.cuts > 0).count();
    format!(
        "Findings: {counts}{beside}; {on_paths} cut paths; {}% of results decided",
        checked.checks_coverage
    )
}

/// A path as lines, what is merely held joined with what is done.
fn drawn(path: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &path.steps {
        if step.technique.is_none() && step.weight == 0 && !is_landmark(&step.to) {
            continue;
        }
        let mark = match step.zone {
            "initial-access" => "─▶",
            "impact" => "═▶",
            _ => "─▶",
        };
        let doubt = if matches!(step.confidence, "unverified-control" | "unknown")
            && step.technique.is_some()
        {
            "?"
        } else {
            ""
        };
        lines.push(format!("  {mark} {}{doubt} → {}", step.title, step.to_title));
    }
    lines
}

fn is_landmark(id: &str) -> bool {
    ["impact/", "node/", "clusterrole/", "role/", "workload/", "pod/"]
        .iter()
        .any(|p| id.starts_with(p))
        && !id.contains(':')
}

/// Every path with its evidence.
#[must_use]
pub fn paths(report: &Report) -> String {
    let mut out = String::new();
    for (at, path) in report.paths.iter().enumerate() {
        let doubt = if path.entry_verified { "" } else { ", entry unverified" };
        let _ = writeln!(
            out,
            "{}. {} to {} (effort {}, {} controls in the way{doubt})",
            at + 1,
            harmless(&path.from),
            harmless(&path.to),
            path.effort,
            path.controls
        );
        for step in &path.steps {
            self::step(&mut out, step);
        }
    }
    if report.paths.is_empty() {
        out.push_str("no path\n");
    }
    out
}

fn step(out: &mut String, step: &Step) {
    let technique = step.technique.map_or_else(String::new, |id| format!(" [{id}]"));
    let _ =
        writeln!(out, "   {} -> {}{technique}", harmless(&step.title), harmless(&step.to_title));
    if let Some(note) = &step.note {
        let _ = writeln!(out, "      note: {}", harmless(note));
    }
    for one in &step.evidence {
        let field = if one.field.is_empty() { String::new() } else { format!(" {}", one.field) };
        let _ = writeln!(
            out,
            "      {}{}: {}",
            harmless(&one.object),
            harmless(&field),
            harmless(&one.value)
        );
        if !one.command.is_empty() {
            let _ = writeln!(out, "        $ {}", harmless(&one.command));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(harmless("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(harmless("plain ü"), "plain ü");
    }
}
