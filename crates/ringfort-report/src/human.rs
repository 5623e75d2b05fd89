//! The first screen: what was read, the zones, the ways in, the worst path, the few changes.
//! It fits 24 lines of 100 columns; [`tables`] follow on demand.

use std::fmt::Write;

use ringfort_checks::Findings;
use ringfort_language::{Language, Sentence, message, padded, say, sentence, width};

use crate::report::{Path, Report, Step, Zone};
use crate::{adopted, matrix};

/// Columns of the first screen.
const WIDTH: usize = 100;

/// How to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether the terminal takes colours.
    pub color: bool,
    /// The language.
    pub language: Language,
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

fn cut(text: &str, columns: usize) -> String {
    ringfort_language::cut(&harmless(text), columns)
}

/// The first screen of a scan.
#[must_use]
pub fn first_screen(report: &Report, style: Style) -> String {
    let language = style.language;
    let bold =
        |text: &str| if style.color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let facts = &report.cluster;
    line(cut(
        &say!(
            language,
            "Kubernetes {version}: {nodes} nodes, {namespaces} namespaces, {pods} pods, {bindings} bindings; {percent}% of kinds read, {gaps} gaps",
            version = language.text(&facts.version),
            nodes = facts.nodes,
            namespaces = facts.namespaces,
            pods = facts.pods,
            bindings = facts.bindings,
            percent = report.coverage.percent,
            gaps = report.gaps.len() + report.coverage.incomplete.len(),
        ),
        WIDTH,
    ));
    if let Some(gap) = report.gaps.first().or(report.coverage.incomplete.first()) {
        let (subject, reason) = (&gap.subject, &gap.reason);
        let text = say!(language, "not read: {subject}: {reason}", subject, reason);
        line(cut(&format!("  {text}"), WIDTH));
    }
    let weakest = report.zones.iter().find(|zone| report.weakest_zone == Some(zone.id));
    line(bold(&match weakest {
        Some(zone) => {
            say!(language, "Zones; the weakest is {zone}", zone = language.text(zone.title))
        }
        None => say!(language, "Zones").to_owned(),
    }));
    for zone in &report.zones {
        let known = say!(language, "{percent}% known", percent = format!("{:>3}", zone.coverage));
        let text = format!(
            "  {} {} {known}  {}",
            padded(language.text(zone.title), 20),
            padded(&score(zone, language), 10),
            language.say(&zone.state)
        );
        line(cut(&text, WIDTH));
    }
    line(bold(say!(language, "Ways in")));
    let cells: Vec<String> =
        report.vectors.iter().map(|v| format!("{} {}", v.id, language.text(v.state))).collect();
    for row in cells.chunks(5) {
        let row: Vec<String> = row.iter().map(|cell| padded(cell, 16)).collect();
        line(format!("  {}", row.join("")).trim_end().to_owned());
    }
    match report.paths.first() {
        Some(path) => {
            let text = say!(
                language,
                "Worst path ({effort}); {pairs} pairs, {unverified} on unverified entries",
                effort = effort(path, message!("effort {effort}, {controls} controls{doubt}")),
                pairs = report.pairs,
                unverified = report.unverified_pairs
            );
            line(bold(&cut(&text, WIDTH)));
            let drawn = drawn(path, language);
            let skipped = drawn.len().saturating_sub(6);
            for (at, text) in drawn.iter().enumerate() {
                if skipped > 0 && at == 4 {
                    let more = say!(language, "… {count} more steps", count = skipped + 1);
                    line(format!("  {more}"));
                } else if skipped == 0 || at < 4 || at > 4 + skipped {
                    line(cut(text, WIDTH));
                }
            }
        }
        None => line(bold(say!(language, "No path from a way in to a target."))),
    }
    if !report.fixes.is_empty() {
        line(bold(say!(language, "Changes that cut most, each tried on the cluster's model")));
        for fix in report.fixes.iter().take(2) {
            let text = say!(
                language,
                "cuts {cuts} of {pairs}: {change}",
                cuts = fix.cuts,
                pairs = report.pairs,
                change = &fix.title
            );
            line(cut(&format!("  {text}"), WIDTH));
            line(command(&fix.command, language));
        }
    }
    if let Some(plan) = report.plan.as_ref().filter(|_| report.fixes.is_empty()) {
        // Where no change cuts a pair by itself, the plan's first ones are what to begin with.
        if !plan.fixes.is_empty() {
            line(bold(say!(
                language,
                "No change cuts a pair by itself. The plan begins with (ringfort plan -o DIR)"
            )));
        }
        for fix in plan.fixes.iter().take(3) {
            line(cut(&format!("  {}", language.say(&fix.title)), WIDTH));
        }
    }
    match &report.plan {
        Some(plan) if plan.fixes.is_empty() => {}
        Some(plan) => {
            let summary = &plan.summary;
            let text = match plan.no_cut.len() {
                0 => say!(language, "All that can be cut: {summary}", summary),
                count => say!(
                    language,
                    "All that can be cut: {summary}; {count} of {pairs} have no cut",
                    summary,
                    count,
                    pairs = report.pairs
                ),
            };
            line(cut(&text, WIDTH));
        }
        None if report.pairs == 0 => {}
        None => {
            let text = say!(
                language,
                "All that can be cut: ringfort plan; at this size a scan leaves it out"
            );
            line(text.to_owned());
        }
    }
    line(cut(
        &say!(
            language,
            "More: ringfort paths, explain ID, scan -v, -f html=r.html; {unknown} facts unknown, {skipped} not evaluated",
            unknown = report.unknown.len(),
            skipped = report.not_evaluated.len()
        ),
        WIDTH,
    ));
    if let Some(versions) = crate::versions::line(report, language) {
        line(cut(&versions, WIDTH));
    }
    if let Some(checked) = &report.checked {
        let hidden = report.filter.as_ref().map_or(0, |filter| filter.hidden);
        line(cut(&counted(checked, hidden, language), WIDTH));
    }
    crate::framework::human(&mut out, &report.frameworks, language);
    out
}

/// How hard a path is. The template has the places `effort`, `controls` and `doubt`.
pub(crate) fn effort(path: &Path, template: &'static str) -> Sentence {
    let doubt = match path.entry_verified {
        true => Sentence::default(),
        false => sentence!(", entry unverified"),
    };
    Sentence::plain(template)
        .with("effort", path.effort)
        .with("controls", path.controls)
        .with("doubt", doubt)
}

/// A command that can be copied as it stands, or where the whole of it is.
fn command(text: &str, language: Language) -> String {
    let whole = format!("    {}", harmless(text));
    if !whole.contains('\n') && width(&whole) <= WIDTH {
        return whole;
    }
    let elsewhere = format!("  ({})", say!(language, "whole: -f html=r.html"));
    let first = text.lines().next().unwrap_or_default();
    let room = WIDTH - width(&elsewhere) - 5;
    let mut short = cut(first, room);
    if !short.ends_with('…') {
        short.push('…');
    }
    format!("    {short}{elsewhere}")
}

/// A score, or the bound of one.
fn score(zone: &Zone, language: Language) -> String {
    match zone.score {
        Some(score) => say!(language, "{score} of 100", score),
        None => say!(language, "at most {score}", score = zone.at_most),
    }
}

/// What `-v` adds to the first screen: how the scores come about, the matrix of vectors, and how
/// far controls are adopted.
#[must_use]
pub fn tables(report: &Report, language: Language) -> String {
    let mut out = format!("\n{}\n", say!(language, "Scores (docs/scores.md)"));
    for zone in &report.zones {
        let (title, score) = (language.text(zone.title), score(zone, language));
        let text = match zone.lost {
            Some([worst, spread]) => say!(
                language,
                "{zone}: 100, less {worst} for the worst, less {spread} for how much there is, is {score}",
                zone = title,
                worst,
                spread,
                score
            ),
            None => say!(language, "{zone}: {score}, for not all was read", zone = title, score),
        };
        let _ = writeln!(out, "  {text}");
    }
    out.push('\n');
    let row = |out: &mut String, widths: &[usize], cells: &[&str]| {
        let cells: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(at, cell)| padded(cell, widths.get(at).copied().unwrap_or(0)))
            .collect();
        let _ = writeln!(out, "  {}", cells.join(" "));
    };
    const VECTORS: [usize; 4] = [37, 8, 14, 28];
    let columns = matrix::COLUMNS.map(|column| language.text(column));
    row(&mut out, &VECTORS, &columns[..5]);
    for one in matrix::rows(report, language) {
        let cells = [
            &*language.say(&one.name),
            language.text(one.vector.state),
            language.text(one.zone),
            &one.entries,
            &one.vector.pairs.to_string(),
        ];
        row(&mut out, &VECTORS, &cells);
        for control in one.controls {
            let _ = writeln!(out, "      {}", language.say(&control));
        }
    }
    out.push('\n');
    const CONTROLS: [usize; 3] = [16, 24, 24];
    let columns = adopted::COLUMNS.map(|column| language.text(column));
    row(&mut out, &CONTROLS, &[columns[0], columns[2], columns[3], columns[1]]);
    for (one, numbers) in adopted::counted(report) {
        let present = numbers.present.map_or_else(|| "-".to_owned(), |text| language.say(&text));
        let effective = language.say(&numbers.effective);
        let cells = [one.metric.id, &*present, &*effective, language.text(one.metric.of)];
        row(&mut out, &CONTROLS, &cells);
    }
    let left = adopted::left_out(report);
    if !left.is_empty() {
        let text =
            say!(language, "nothing to count here: {metrics}", metrics = language.list(&left));
        let _ = writeln!(out, "  {text}");
    }
    out
}

/// How many findings of each severity there are.
pub(crate) fn severities(checked: &Findings, language: Language) -> String {
    let count = |(count, severity): &(usize, &'static str)| {
        let severity = Sentence::plain(*severity);
        say!(language, "{count} {severity}", count = *count, severity)
    };
    let counts: Vec<String> = checked.counts().iter().map(count).collect();
    if counts.is_empty() { say!(language, "none").to_owned() } else { language.list(&counts) }
}

/// The numbers of findings, and how much of the checks is decided.
fn counted(checked: &Findings, hidden: usize, language: Language) -> String {
    let excepted = checked.findings.iter().filter(|one| one.about.excepted.is_some()).count();
    let beside = match (excepted, hidden) {
        (0, 0) => Sentence::default(),
        (count, 0) => sentence!(" ({count} excepted)", count),
        (0, count) => sentence!(" ({count} filtered out)", count),
        (excepted, hidden) => {
            sentence!(" ({excepted} excepted, {hidden} filtered out)", excepted, hidden)
        }
    };
    say!(
        language,
        "Findings: {counts}{beside}; {paths} cut paths; {percent}% of results decided",
        counts = severities(checked, language),
        beside,
        paths = checked.findings.iter().filter(|one| one.cuts > 0).count(),
        percent = checked.checks_coverage
    )
}

/// A path as lines, what is merely held joined with what is done.
fn drawn(path: &Path, language: Language) -> Vec<String> {
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
        let (title, to) = (language.text(step.title), language.say(&step.to_title));
        lines.push(format!("  {mark} {title}{doubt} → {to}"));
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
pub fn paths(report: &Report, language: Language) -> String {
    let mut out = String::new();
    for (at, path) in report.paths.iter().enumerate() {
        let text = say!(
            language,
            "{number}. {from} to {to} ({effort})",
            number = at + 1,
            from = harmless(&path.from),
            to = harmless(&path.to),
            effort =
                effort(path, message!("effort {effort}, {controls} controls in the way{doubt}"))
        );
        let _ = writeln!(out, "{text}");
        for step in &path.steps {
            self::step(&mut out, step, language);
        }
    }
    if report.paths.is_empty() {
        let _ = writeln!(out, "{}", say!(language, "no path"));
    }
    out
}

fn step(out: &mut String, step: &Step, language: Language) {
    let technique = step.technique.map_or_else(String::new, |id| format!(" [{id}]"));
    let (title, to) = (language.text(step.title), language.say(&step.to_title));
    let _ = writeln!(out, "   {} -> {}{technique}", harmless(title), harmless(&to));
    if let Some(note) = &step.note {
        let note = say!(language, "note: {note}", note = language.text(note));
        let _ = writeln!(out, "      {}", harmless(&note));
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
