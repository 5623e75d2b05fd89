//! The section on versions as a line, a Markdown table and an HTML table.

use std::fmt::Write;

use ringfort_checks::versions::{STALE_DAYS, Section, Versioned};

use crate::report::Report;

/// Bytes of the section in Markdown, where a comment has little room.
const MOST: usize = 8_000;
/// Advisories that a row names.
const NAMED: usize = 3;

/// How old the data are, if they are old on the day of the report.
fn age(section: &Section, report: &Report) -> Option<i32> {
    let made: jiff::Timestamp = report.generated_at.parse().ok()?;
    let day = made.to_zoned(jiff::tz::TimeZone::UTC).date();
    let data: jiff::civil::Date = section.date.parse().ok()?;
    let days = day.since((jiff::Unit::Day, data)).ok()?.get_days();
    (days > STALE_DAYS).then_some(days)
}

/// The day of the data, with a warning if they are old.
fn dated(section: &Section, report: &Report) -> String {
    match age(section, report) {
        Some(days) => format!("data of {}, {days} days old", section.date),
        None => format!("data of {}", section.date),
    }
}

/// One line: how much is outdated, and how much of that is reached.
pub(crate) fn line(report: &Report) -> Option<String> {
    let section = report.versions.as_ref()?;
    let outdated: Vec<&Versioned> =
        section.components.iter().filter(|one| one.is_outdated()).collect();
    let reached = outdated.iter().filter(|one| one.reached != "no").count();
    let first = outdated.first().map(|one| format!(", first {}", name(one))).unwrap_or_default();
    Some(format!(
        "Versions ({}): {} outdated, {reached} of them reached or maybe{first}",
        dated(section, report),
        outdated.len(),
    ))
}

fn name(one: &Versioned) -> String {
    let part = match one.part {
        "" => String::new(),
        part => format!(" ({part})"),
    };
    format!("{}{part} {}", one.component, one.version).trim_end().to_owned()
}

/// The advisories of a row, the newest first.
fn advisories(one: &Versioned) -> String {
    let named: Vec<&str> =
        one.advisories.iter().rev().take(NAMED).map(|one| one.id.as_str()).collect();
    let more = one.advisories.len().saturating_sub(NAMED);
    match (named.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => named.join(", "),
        (false, more) => format!("{} and {more} more", named.join(", ")),
    }
}

fn support(one: &Versioned) -> String {
    match (one.supported, &one.support_ends) {
        ("unknown", _) => "unknown".to_owned(),
        ("yes", None) => "yes".to_owned(),
        ("yes", Some(day)) => format!("until {day}"),
        (_, Some(day)) => format!("ended {day}"),
        (_, None) => "ended".to_owned(),
    }
}

/// Cells of a row, in the order of [`HEADS`].
fn cells(one: &Versioned) -> [String; 6] {
    let undecided = match one.undecided.len() {
        0 => String::new(),
        count => format!("{count} undecided"),
    };
    let where_ = match one.count {
        1 => one.first.clone(),
        count => format!("{}, {count} in all", one.first),
    };
    [name(one), support(one), advisories(one), undecided, one.reached.to_owned(), where_]
}

const HEADS: [&str; 6] = ["component", "supported", "advisories", "unknown", "reached", "where"];

/// A table for a page. `escaped` makes a text harmless.
pub(crate) fn html(out: &mut String, report: &Report, escaped: fn(&str) -> String) {
    let Some(section) = &report.versions else { return };
    let _ = write!(
        out,
        "<h2>Versions</h2><p class=\"soft\">By {}. What is outdated and reached comes first.</p>",
        escaped(&dated(section, report))
    );
    let heads: String = HEADS.iter().map(|head| format!("<th>{head}</th>")).collect();
    let _ = write!(out, "<table class=\"stack\"><thead><tr>{heads}</tr></thead><tbody>");
    for one in &section.components {
        let cells = cells(one);
        let cells = HEADS.iter().zip(&cells);
        let cells: String = cells
            .map(|(head, cell)| format!("<td data-l=\"{head}\">{}</td>", escaped(cell)))
            .collect();
        let _ = write!(out, "<tr>{cells}</tr>");
    }
    out.push_str("</tbody></table>");
    if let Some(missing) = section.apis_unknown {
        let _ = write!(out, "<p class=\"soft\">Not known: {}.</p>", escaped(missing));
    }
    for one in &section.apis {
        let text = api(one);
        let _ = write!(out, "<div>{}</div>", escaped(&text));
    }
}

/// Adds pieces while there is room; how many were left out.
fn fill(out: &mut String, pieces: impl Iterator<Item = String>) -> usize {
    let mut left = 0;
    for piece in pieces {
        match left == 0 && out.len() + piece.len() <= MOST {
            true => out.push_str(&piece),
            false => left += 1,
        }
    }
    left
}

fn api(one: &ringfort_checks::versions::ApiUse) -> String {
    let instead = match one.instead.as_str() {
        "" => "nothing takes its place".to_owned(),
        instead => format!("write {instead}"),
    };
    format!(
        "{} is written in {}, served no more from {}; {instead}",
        one.object, one.api_version, one.removed
    )
}

/// A table for a comment. `code` makes a text harmless within a cell.
pub(crate) fn markdown(report: &Report, code: impl Fn(&str) -> String) -> String {
    let Some(section) = &report.versions else { return String::new() };
    let rows: Vec<&Versioned> = section.components.iter().filter(|one| one.is_outdated()).collect();
    let mut out = format!("\n#### Versions ({})\n\n", dated(section, report));
    if rows.is_empty() && section.apis.is_empty() {
        out.push_str("Nothing is known to be outdated.\n");
        return out;
    }
    if !rows.is_empty() {
        let _ = writeln!(out, "| {} |\n|{}", HEADS.join(" | "), "---|".repeat(HEADS.len()));
    }
    let shown = rows.iter().map(|one| {
        let cells: Vec<String> = cells(one)
            .iter()
            .map(|cell| if cell.is_empty() { String::new() } else { code(cell) })
            .collect();
        format!("| {} |\n", cells.join(" | "))
    });
    let left = fill(&mut out, shown);
    if left > 0 {
        let _ = writeln!(out, "\n{left} more components are outdated.");
    }
    out.push('\n');
    let left = fill(&mut out, section.apis.iter().map(|one| format!("- {}\n", code(&api(one)))));
    if left > 0 {
        let _ = writeln!(out, "- {left} more objects");
    }
    out
}
