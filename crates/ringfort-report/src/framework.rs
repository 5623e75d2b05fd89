//! Frameworks in a report for people: the figures of each, then its controls. The score never
//! stands without the coverage beside it.

use std::fmt::Write;

use ringfort_checks::framework::{Assessment, Judged, State};
use ringfort_language::{Language, message, padded, say, width};

use crate::html::escaped;
use crate::human::harmless;
use crate::markdown::{NAME, code, columns, fill};

/// Where the table in a comment ends at the latest, in bytes.
const TABLE: usize = 42_000;

/// Ids of failing controls that a comment shows of one framework.
const SHOWN: usize = 12;

fn score(one: &Assessment, language: Language) -> String {
    match one.score {
        Some(score) => say!(language, "{score} of 100", score),
        None => say!(language, "none").to_owned(),
    }
}

fn counted(one: &Assessment, language: Language) -> String {
    let counts = one.counts;
    say!(
        language,
        "{pass} pass, {fail} fail, {unknown} unknown, {not_applicable} not applicable, {not_covered} not covered",
        pass = counts.pass,
        fail = counts.fail,
        unknown = counts.unknown,
        not_applicable = counts.not_applicable,
        not_covered = counts.not_covered
    )
}

/// What stands behind a state: the checks that fail, else the first reason of an unknown.
fn because(control: &Judged, language: Language) -> String {
    let fails = control.checks.iter().filter(|part| part.status == "fail" && !part.wider);
    match control.state {
        State::Fail => {
            let said = fails.map(|part| {
                say!(language, "{check} on {count}", check = part.id.as_str(), count = part.fail)
            });
            language.list(&said.collect::<Vec<_>>())
        }
        State::Unknown => match control.reasons.as_slice() {
            [] => String::new(),
            [only] => language.text(only).to_owned(),
            [first, rest @ ..] => say!(
                language,
                "{first} (and {count} more)",
                first = language.text(first),
                count = rest.len()
            ),
        },
        State::Pass | State::NotApplicable | State::NotCovered => String::new(),
    }
}

/// The lines for a terminal.
pub(crate) fn human(out: &mut String, frameworks: &[Assessment], language: Language) {
    for one in frameworks {
        let text = say!(
            language,
            "{title} {version} ({date}): score {score}, coverage {percent}%",
            title = language.text(&one.title),
            version = &one.version,
            date = &one.date,
            score = score(one, language),
            percent = one.coverage
        );
        let _ = writeln!(out, "\n{}\n  {}", harmless(&text), counted(one, language));
        let longest = one.controls.iter().map(|control| width(&control.id)).max();
        let longest = longest.unwrap_or(0).min(28);
        for control in &one.controls {
            let because = match because(control, language) {
                text if text.is_empty() => text,
                text => format!(": {text}"),
            };
            let text = format!(
                "  {}  {}  {}{because}",
                padded(language.text(control.state.name()), 14),
                padded(&control.id, longest),
                language.text(&control.title)
            );
            let _ = writeln!(out, "{}", harmless(&text));
        }
    }
}

/// The table for a comment.
pub(crate) fn markdown(
    out: &mut String,
    frameworks: &[Assessment],
    cut: &mut Vec<String>,
    language: Language,
) {
    if frameworks.is_empty() {
        return;
    }
    let names = [
        message!("framework"),
        message!("score"),
        message!("coverage"),
        message!("controls"),
        message!("fail"),
    ];
    let title = say!(language, "Frameworks");
    let _ = write!(out, "\n#### {title}\n\n{}", columns(language, &names));
    let rows = frameworks.iter().map(|one| {
        let failing = || one.controls.iter().filter(|control| control.state == State::Fail);
        let mut ids: Vec<String> =
            failing().take(SHOWN).map(|control| code(&control.id, NAME)).collect();
        if failing().count() > SHOWN {
            ids.push(say!(language, "{count} more", count = failing().count() - SHOWN));
        }
        format!(
            "| {} | {} | {}% | {} | {} |\n",
            code(&format!("{} {} ({})", language.text(&one.title), one.version, one.date), NAME),
            score(one, language),
            one.coverage,
            counted(one, language),
            language.list(&ids)
        )
    });
    let left = fill(out, rows, TABLE);
    if left > 0 {
        cut.push(say!(language, "{left} frameworks", left));
    }
}

/// The section of the page.
pub(crate) fn html(out: &mut String, frameworks: &[Assessment], language: Language) {
    if frameworks.is_empty() {
        return;
    }
    let _ = write!(out, "<h2>{}</h2>", say!(language, "Frameworks"));
    for one in frameworks {
        let title = escaped(language.text(&one.title));
        let state = say!(
            language,
            "Score {score}, coverage {percent}%. {counts}.",
            score = score(one, language),
            percent = one.coverage,
            counts = counted(one, language)
        );
        let note = say!(
            language,
            "Of {date}. {note}",
            date = escaped(&one.date),
            note = escaped(language.text(&one.note))
        );
        let _ = write!(
            out,
            "<h3>{title} {}</h3><p>{state} <span class=\"soft\">{note}</span></p><details><summary>{}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><tr><th>{}</th><th>{}</th><th>{}</th></tr>",
            escaped(&one.version),
            say!(language, "{count} controls", count = one.controls.len()),
            say!(language, "controls of {framework}", framework = &title),
            say!(language, "control"),
            say!(language, "state"),
            say!(language, "because")
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
                escaped(language.text(&control.title)),
                language.text(control.state.name()),
                escaped(&because(control, language))
            );
        }
        out.push_str("</table></div></details>");
    }
}
