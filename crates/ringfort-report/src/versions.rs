//! The section on versions as a line, a Markdown table and an HTML table.

use std::fmt::Write;

use ringfort_checks::versions::{STALE_DAYS, Section, Versioned};
use ringfort_language::{Language, Sentence, message, say, sentence};

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
fn dated(section: &Section, report: &Report) -> Sentence {
    let date = &section.date;
    match age(section, report) {
        Some(days) => sentence!("data of {date}, {days} days old", date, days),
        None => sentence!("data of {date}", date),
    }
}

/// One line: how much is outdated, and how much of that is reached.
pub(crate) fn line(report: &Report, language: Language) -> Option<String> {
    let section = report.versions.as_ref()?;
    let outdated: Vec<&Versioned> =
        section.components.iter().filter(|one| one.is_outdated()).collect();
    let reached = outdated.iter().filter(|one| one.reached != "no").count();
    let first = outdated.first();
    let first = first.map(|one| sentence!(", first {name}", name = name(one))).unwrap_or_default();
    Some(say!(
        language,
        "Versions ({date}): {outdated} outdated, {reached} of them reached or maybe{first}",
        date = dated(section, report),
        outdated = outdated.len(),
        reached,
        first
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
fn advisories(one: &Versioned, language: Language) -> String {
    let named: Vec<&str> =
        one.advisories.iter().rev().take(NAMED).map(|one| one.id.as_str()).collect();
    let more = one.advisories.len().saturating_sub(NAMED);
    match (named.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => language.list(&named),
        (false, more) => {
            say!(language, "{parts} and {more} more", parts = language.list(&named), more)
        }
    }
}

fn support(one: &Versioned, language: Language) -> String {
    match (one.supported, &one.support_ends) {
        ("unknown", _) => say!(language, "unknown").to_owned(),
        ("yes", None) => say!(language, "yes").to_owned(),
        ("yes", Some(day)) => say!(language, "until {day}", day),
        (_, Some(day)) => say!(language, "ended {day}", day),
        (_, None) => say!(language, "ended").to_owned(),
    }
}

/// Cells of a row, in the order of [`HEADS`].
fn cells(one: &Versioned, language: Language) -> [String; 6] {
    let undecided = match one.undecided.len() {
        0 => String::new(),
        count => say!(language, "{count} undecided", count),
    };
    let where_ = match one.count {
        1 => one.first.clone(),
        count => say!(language, "{object}, {count} in all", object = &one.first, count),
    };
    let (support, advisories) = (support(one, language), advisories(one, language));
    let reached = language.text(one.reached).to_owned();
    [name(one), support, advisories, undecided, reached, where_]
}

const HEADS: [&str; 6] = [
    message!("component"),
    message!("supported"),
    message!("advisories"),
    message!("unknown"),
    message!("reached"),
    message!("where"),
];

/// A table for a page. `escaped` makes a text harmless.
pub(crate) fn html(
    out: &mut String,
    report: &Report,
    escaped: fn(&str) -> String,
    language: Language,
) {
    let Some(section) = &report.versions else { return };
    let _ = write!(
        out,
        "<h2>{}</h2><p class=\"soft\">{}</p>",
        say!(language, "Versions"),
        say!(
            language,
            "By {date}. What is outdated and reached comes first.",
            date = escaped(&language.say(&dated(section, report)))
        )
    );
    let names = HEADS.map(|head| language.text(head));
    let heads: String = names.iter().map(|head| format!("<th>{head}</th>")).collect();
    let _ = write!(out, "<table class=\"stack\"><thead><tr>{heads}</tr></thead><tbody>");
    for one in &section.components {
        let cells = cells(one, language);
        let cells = names.iter().zip(&cells);
        let cells: String = cells
            .map(|(head, cell)| format!("<td data-l=\"{head}\">{}</td>", escaped(cell)))
            .collect();
        let _ = write!(out, "<tr>{cells}</tr>");
    }
    out.push_str("</tbody></table>");
    if let Some(missing) = section.apis_unknown {
        let fact = escaped(language.text(missing));
        let text = say!(language, "Not known: {fact}.", fact);
        let _ = write!(out, "<p class=\"soft\">{text}</p>");
    }
    for one in &section.apis {
        let text = api(one, language);
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

fn api(one: &ringfort_checks::versions::ApiUse, language: Language) -> String {
    let instead = match one.instead.as_str() {
        "" => sentence!("nothing takes its place"),
        instead => sentence!("write {version}", version = instead),
    };
    say!(
        language,
        "{object} is written in {version}, served no more from {removed}; {instead}",
        object = one.object.as_str(),
        version = one.api_version.as_str(),
        removed = one.removed.as_str(),
        instead
    )
}

/// A table for a comment. `code` makes a text harmless within a cell.
pub(crate) fn markdown(
    report: &Report,
    code: impl Fn(&str) -> String,
    language: Language,
) -> String {
    let Some(section) = &report.versions else { return String::new() };
    let rows: Vec<&Versioned> = section.components.iter().filter(|one| one.is_outdated()).collect();
    let title = say!(language, "Versions ({date})", date = dated(section, report));
    let mut out = format!("\n#### {title}\n\n");
    if rows.is_empty() && section.apis.is_empty() {
        let _ = writeln!(out, "{}", say!(language, "Nothing is known to be outdated."));
        return out;
    }
    if !rows.is_empty() {
        let heads = HEADS.map(|head| language.text(head));
        let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    }
    let shown = rows.iter().map(|one| {
        let cells: Vec<String> = cells(one, language)
            .iter()
            .map(|cell| if cell.is_empty() { String::new() } else { code(cell) })
            .collect();
        format!("| {} |\n", cells.join(" | "))
    });
    let left = fill(&mut out, shown);
    if left > 0 {
        let text = say!(language, "{left} more components are outdated.", left);
        let _ = writeln!(out, "\n{text}");
    }
    out.push('\n');
    let left =
        fill(&mut out, section.apis.iter().map(|one| format!("- {}\n", code(&api(one, language)))));
    if left > 0 {
        let _ = writeln!(out, "- {}", say!(language, "{left} more objects", left));
    }
    out
}
