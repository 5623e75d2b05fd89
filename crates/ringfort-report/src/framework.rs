//! Frameworks in a report for people: the figures of each, then its controls. The score never
//! stands without the coverage beside it.

use std::fmt::Write;

use ringfort_checks::framework::{Assessment, Judged, State};

use crate::html::escaped;
use crate::human::harmless;
use crate::markdown::{NAME, code, fill};

/// Where the table in a comment ends at the latest, in bytes.
const TABLE: usize = 42_000;

/// Ids of failing controls that a comment shows of one framework.
const SHOWN: usize = 12;

fn score(one: &Assessment) -> String {
    one.score.map_or_else(|| "none".to_owned(), |score| format!("{score} of 100"))
}

fn counted(one: &Assessment) -> String {
    let counts = one.counts;
    format!(
        "{} pass, {} fail, {} unknown, {} not applicable, {} not covered",
        counts.pass, counts.fail, counts.unknown, counts.not_applicable, counts.not_covered
    )
}

/// What stands behind a state: the checks that fail, else the first reason of an unknown.
fn because(control: &Judged) -> String {
    let fails = control.checks.iter().filter(|part| part.status == "fail" && !part.wider);
    match control.state {
        State::Fail => {
            let said: Vec<String> =
                fails.map(|part| format!("{} on {}", part.id, part.fail)).collect();
            said.join(", ")
        }
        State::Unknown => match control.reasons.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
        },
        State::Pass | State::NotApplicable | State::NotCovered => String::new(),
    }
}

/// The lines for a terminal.
pub(crate) fn human(out: &mut String, frameworks: &[Assessment]) {
    for one in frameworks {
        let _ = writeln!(
            out,
            "\n{} {} ({}): score {}, coverage {}%\n  {}",
            harmless(&one.title),
            harmless(&one.version),
            harmless(&one.date),
            score(one),
            one.coverage,
            counted(one)
        );
        let width = one.controls.iter().map(|control| control.id.chars().count()).max();
        let width = width.unwrap_or(0).min(28);
        for control in &one.controls {
            let because = match because(control) {
                text if text.is_empty() => text,
                text => format!(": {text}"),
            };
            let text = format!(
                "  {:<14}  {:<width$}  {}{because}",
                control.state.name(),
                control.id,
                control.title
            );
            let _ = writeln!(out, "{}", harmless(&text));
        }
    }
}

/// The table for a comment.
pub(crate) fn markdown(out: &mut String, frameworks: &[Assessment], cut: &mut Vec<String>) {
    if frameworks.is_empty() {
        return;
    }
    out.push_str("\n#### Frameworks\n\n| framework | score | coverage | controls | fail |\n|---|---|---|---|---|\n");
    let rows = frameworks.iter().map(|one| {
        let failing = || one.controls.iter().filter(|control| control.state == State::Fail);
        let mut ids: Vec<String> =
            failing().take(SHOWN).map(|control| code(&control.id, NAME)).collect();
        if failing().count() > SHOWN {
            ids.push(format!("{} more", failing().count() - SHOWN));
        }
        format!(
            "| {} | {} | {}% | {} | {} |\n",
            code(&format!("{} {} ({})", one.title, one.version, one.date), NAME),
            score(one),
            one.coverage,
            counted(one),
            ids.join(", ")
        )
    });
    let left = fill(out, rows, TABLE);
    if left > 0 {
        cut.push(format!("{left} frameworks"));
    }
}

/// The section of the page.
pub(crate) fn html(out: &mut String, frameworks: &[Assessment]) {
    if frameworks.is_empty() {
        return;
    }
    out.push_str("<h2>Frameworks</h2>");
    for one in frameworks {
        let _ = write!(
            out,
            "<h3>{} {}</h3><p>Score {}, coverage {}%. {}. <span class=\"soft\">Of {}. {}</span></p><details><summary>{} controls</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"controls of {}\"><table><tr><th>control</th><th>state</th><th>because</th></tr>",
            escaped(&one.title),
            escaped(&one.version),
            score(one),
            one.coverage,
            counted(one),
            escaped(&one.date),
            escaped(&one.note),
            one.controls.len(),
            escaped(&one.title)
        );
        for control in &one.controls {
            let class = match control.state {
                State::Fail => "open",
                State::Unknown => "unknown",
                State::Pass => "closed",
                State::NotApplicable | State::NotCovered => "soft",
            };
            let _ = write!(
                out,
                "<tr><td>{} {}</td><td class=\"{class}\">{}</td><td>{}</td></tr>",
                escaped(&control.id),
                escaped(&control.title),
                control.state.name(),
                escaped(&because(control))
            );
        }
        out.push_str("</table></div></details>");
    }
}
