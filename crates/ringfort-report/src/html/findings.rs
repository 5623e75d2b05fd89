//! The table of findings, in the report's order: what mending them cuts, then severity. Its
//! filters are native controls; without a script all rows are there.

use std::fmt::Write;

use ringfort_checks::{Finding, Severity};
use ringfort_language::{Language, message, say};

use crate::html::escaped;
use crate::html::table::{Table, column};
use crate::locate::located;
use crate::report::Report;

/// Rows that a page has at the most; a page of many thousand is slow to open.
pub(crate) const ROWS: usize = 500;

const COLUMNS: [&str; 6] = [
    message!("severity"),
    message!("finding"),
    message!("object"),
    message!("where"),
    message!("cuts, of pairs through it"),
    message!("how to mend it"),
];

pub(crate) const SCRIPT: &str = "
const fq=document.getElementById('fq');if(fq){const fs=document.getElementById('fs'),fc=document.getElementById('fc'),
rows=[...document.querySelectorAll('#findings tbody tr')],said=document.getElementById('fn');
const filter=()=>{const w=fq.value.toLowerCase();let n=0;for(const r of rows){
const hit=(!fs.value||r.dataset.s===fs.value)&&(!fc.checked||r.dataset.c!=='0')&&r.textContent.toLowerCase().includes(w);
r.hidden=!hit;if(hit)n++}said.textContent=said.dataset.said.replace('{n}',n)};
for(const one of [fq,fs,fc])one.addEventListener('input',filter)}";

pub(crate) fn write(out: &mut String, report: &Report, language: Language) {
    let Some(checked) = &report.checked else { return };
    let _ = write!(out, "<h2>{}</h2>", say!(language, "Findings"));
    let all = checked.findings.len();
    let _ = write!(
        out,
        "<p class=\"soft\">{}</p>",
        say!(
            language,
            "{percent}% of the results of checks are decided; the first findings are those whose mending cuts most pairs.",
            percent = checked.checks_coverage
        )
    );
    if let Some(filter) = report.filter.as_ref().filter(|filter| filter.hidden > 0) {
        let text = say!(language, "{count} findings are filtered out.", count = filter.hidden);
        let _ = write!(out, "<p>{text}</p>");
    }
    if all == 0 {
        let _ = write!(out, "<p>{}</p>", say!(language, "There is no finding."));
        return;
    }
    if all > ROWS {
        let _ = write!(
            out,
            "<p>{}</p>",
            say!(
                language,
                "{left} of {all} findings are left out here; all are in the report as JSON or CSV.",
                left = all - ROWS,
                all
            )
        );
    }
    filters(out, report, all.min(ROWS), language);
    let columns = COLUMNS.map(|column| language.text(column));
    let mut table = Table::open(out, "findings", say!(language, "findings"), &columns);
    for finding in checked.findings.iter().take(ROWS) {
        row(&mut table, &columns, report, finding, language);
    }
    table.close();
}

fn filters(out: &mut String, report: &Report, shown: usize, language: Language) {
    let _ = write!(
        out,
        "<div class=\"filter\"><label>{} <input id=\"fq\" type=\"search\"></label>\
         <label>{} <select id=\"fs\"><option value=\"\">{}</option>",
        say!(language, "search findings"),
        say!(language, "severity"),
        say!(language, "all")
    );
    let findings = || report.checked.iter().flat_map(|checked| checked.findings.iter().take(ROWS));
    for severity in Severity::ALL.into_iter().rev().map(Severity::name) {
        let count = findings().filter(|one| one.severity == severity).count();
        if count > 0 {
            let shown = language.text(severity);
            let _ = write!(out, "<option value=\"{severity}\">{shown} ({count})</option>");
        }
    }
    let said = |n: &str| say!(language, "{n} of {all} findings shown", n, all = shown);
    let _ = write!(
        out,
        "</select></label><label><input id=\"fc\" type=\"checkbox\"> {}</label></div>\
         <p id=\"fn\" class=\"soft\" role=\"status\" data-said=\"{}\">{}</p>",
        say!(language, "only those whose mending cuts paths"),
        said("{n}"),
        said(&shown.to_string())
    );
}

fn row(
    table: &mut Table<'_>,
    columns: &[&str; 6],
    report: &Report,
    finding: &Finding,
    language: Language,
) {
    table.row(&format!("data-s=\"{}\" data-c=\"{}\"", finding.severity, finding.cuts));
    let mut marks = format!("<strong class=\"word\">{}</strong>", language.text(finding.severity));
    if let Some(change @ ("new" | "worse")) = finding.about.change {
        let _ = write!(marks, ", {}", language.text(change));
    }
    if let Some(excepted) = &finding.about.excepted {
        let reason = escaped(&excepted.reason);
        let _ = write!(marks, ", {}", say!(language, "excepted: {reason}", reason));
    }
    table.cell(columns[0], &marks);
    let note = match finding.note.as_str() {
        "" => String::new(),
        note => format!("<br>{}", escaped(language.text(note))),
    };
    let title = escaped(language.text(finding.title));
    let what = format!("{title}{note}<br><span class=\"soft\">{}</span>", finding.id);
    table.cell(columns[1], &what);
    table.cell(columns[2], &format!("<code>{}</code>", escaped(&finding.object)));
    table.cell(columns[3], &place(report, finding));
    table.cell(
        columns[4],
        &format!(
            "<span class=\"word\">{}</span>",
            say!(language, "{count} of {of}", count = finding.cuts, of = finding.paths)
        ),
    );
    table.cell(columns[5], &mending(finding, language));
}

/// The file and line, else the first field that shows it.
fn place(report: &Report, finding: &Finding) -> String {
    let place = located(report, finding);
    if place.exists {
        return format!("<code>{}:{}</code>", escaped(&place.file), place.line);
    }
    let shown = finding.evidence.first().map(|spot| {
        let field = if spot.field.is_empty() { &spot.object } else { &spot.field };
        format!("<code>{}: {}</code>", escaped(field), escaped(&spot.value))
    });
    shown.unwrap_or_default()
}

fn mending(finding: &Finding, language: Language) -> String {
    let mut text = escaped(language.text(finding.fix));
    let commands = finding.fixes.iter().filter(|fix| !fix.command.is_empty());
    let commands: Vec<&str> = commands.map(|fix| fix.command.as_str()).collect();
    let shows = finding.evidence.iter().map(|spot| spot.command.as_str());
    let mut shows: Vec<&str> = shows.filter(|command| !command.is_empty()).collect();
    shows.dedup();
    for (title, list) in [
        (say!(language, "commands that mend it"), commands),
        (say!(language, "commands that show it"), shows),
    ] {
        if list.is_empty() {
            continue;
        }
        let _ = write!(text, "<details><summary>{title}</summary>");
        for command in list {
            let _ = write!(text, "<div><code>{}</code></div>", escaped(command));
        }
        text.push_str("</details>");
    }
    text
}

/// How far controls are adopted.
pub(crate) fn adoption(out: &mut String, report: &Report, language: Language) {
    if report.adoption.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<h2>{}</h2><p class=\"soft\">{}</p>",
        say!(language, "Adoption of controls"),
        say!(
            language,
            "Present: the object or field is there. Effective: it works. What is unknown is in neither number."
        )
    );
    let columns = crate::adopted::COLUMNS.map(|column| language.text(column));
    let name = say!(language, "adoption of controls");
    let mut table = Table::open(out, "adoption", name, &columns);
    for (one, numbers) in crate::adopted::counted(report) {
        let metric = &one.metric;
        table.row("");
        table.cell(columns[0], &format!("<code class=\"word\">{}</code>", metric.id));
        table.cell(columns[1], &escaped(language.text(metric.of)));
        let present = numbers.present.map_or_else(|| "–".to_owned(), |text| language.say(&text));
        table.cell(columns[2], &present);
        table.cell(columns[3], &language.say(&numbers.effective));
        table.cell(columns[4], &escaped(column(language.text(metric.present))));
        table.cell(columns[5], &escaped(column(language.text(metric.effective))));
    }
    table.close();
    let left = crate::adopted::left_out(report);
    if !left.is_empty() {
        let text =
            say!(language, "Nothing to count here: {metrics}.", metrics = language.list(&left));
        let _ = write!(out, "<p class=\"soft\">{text}</p>");
    }
}
