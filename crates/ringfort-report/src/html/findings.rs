//! The table of findings, in the report's order: what mending them cuts, then severity. Its
//! filters are native controls; without a script all rows are there.

use std::fmt::Write;

use ringfort_checks::{Finding, Severity};

use crate::html::escaped;
use crate::html::table::{Table, column};
use crate::locate::located;
use crate::report::Report;

/// Rows that a page has at the most; a page of many thousand is slow to open.
pub(crate) const ROWS: usize = 500;

const COLUMNS: [&str; 6] =
    ["severity", "finding", "object", "where", "cuts, of pairs through it", "how to mend it"];

pub(crate) const SCRIPT: &str = "
const fq=document.getElementById('fq');if(fq){const fs=document.getElementById('fs'),fc=document.getElementById('fc'),
rows=[...document.querySelectorAll('#findings tbody tr')],said=document.getElementById('fn');
const filter=()=>{const w=fq.value.toLowerCase();let n=0;for(const r of rows){
const hit=(!fs.value||r.dataset.s===fs.value)&&(!fc.checked||r.dataset.c!=='0')&&r.textContent.toLowerCase().includes(w);
r.hidden=!hit;if(hit)n++}said.textContent=said.dataset.said.replace('{n}',n)};
for(const one of [fq,fs,fc])one.addEventListener('input',filter)}";

pub(crate) fn write(out: &mut String, report: &Report) {
    let Some(checked) = &report.checked else { return };
    out.push_str("<h2>Findings</h2>");
    let all = checked.findings.len();
    let _ = write!(
        out,
        "<p class=\"soft\">{} of the results of checks are decided; the first findings are those whose mending cuts most pairs.</p>",
        format_args!("{}%", checked.checks_coverage)
    );
    if let Some(filter) = report.filter.as_ref().filter(|filter| filter.hidden > 0) {
        let _ = write!(out, "<p>{} findings are filtered out.</p>", filter.hidden);
    }
    if all == 0 {
        out.push_str("<p>There is no finding.</p>");
        return;
    }
    if all > ROWS {
        let _ = write!(
            out,
            "<p>{} of {all} findings are left out here; all are in the report as JSON or CSV.</p>",
            all - ROWS
        );
    }
    filters(out, report, all.min(ROWS));
    let mut table = Table::open(out, "findings", "findings", &COLUMNS);
    for finding in checked.findings.iter().take(ROWS) {
        row(&mut table, report, finding);
    }
    table.close();
}

fn filters(out: &mut String, report: &Report, shown: usize) {
    out.push_str(
        "<div class=\"filter\"><label>search findings <input id=\"fq\" type=\"search\"></label>\
         <label>severity <select id=\"fs\"><option value=\"\">all</option>",
    );
    let findings = || report.checked.iter().flat_map(|checked| checked.findings.iter().take(ROWS));
    for severity in Severity::ALL.into_iter().rev().map(Severity::name) {
        let count = findings().filter(|one| one.severity == severity).count();
        if count > 0 {
            let _ = write!(out, "<option value=\"{severity}\">{severity} ({count})</option>");
        }
    }
    let _ = write!(
        out,
        "</select></label><label><input id=\"fc\" type=\"checkbox\"> only those whose mending cuts paths</label></div>\
         <p id=\"fn\" class=\"soft\" role=\"status\" data-said=\"{{n}} of {shown} findings shown\">{shown} of {shown} findings shown</p>"
    );
}

fn row(table: &mut Table<'_>, report: &Report, finding: &Finding) {
    table.row(&format!("data-s=\"{}\" data-c=\"{}\"", finding.severity, finding.cuts));
    let mut marks = format!("<strong class=\"word\">{}</strong>", finding.severity);
    if let Some(change @ ("new" | "worse")) = finding.about.change {
        let _ = write!(marks, ", {change}");
    }
    if let Some(excepted) = &finding.about.excepted {
        let _ = write!(marks, ", excepted: {}", escaped(&excepted.reason));
    }
    table.cell(COLUMNS[0], &marks);
    let note = match finding.note.as_str() {
        "" => String::new(),
        note => format!("<br>{}", escaped(note)),
    };
    let what =
        format!("{}{note}<br><span class=\"soft\">{}</span>", escaped(finding.title), finding.id);
    table.cell(COLUMNS[1], &what);
    table.cell(COLUMNS[2], &format!("<code>{}</code>", escaped(&finding.object)));
    table.cell(COLUMNS[3], &place(report, finding));
    table.cell(
        COLUMNS[4],
        &format!("<span class=\"word\">{} of {}</span>", finding.cuts, finding.paths),
    );
    table.cell(COLUMNS[5], &mending(finding));
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

fn mending(finding: &Finding) -> String {
    let mut text = escaped(finding.fix);
    let commands = finding.fixes.iter().filter(|fix| !fix.command.is_empty());
    let commands: Vec<&str> = commands.map(|fix| fix.command.as_str()).collect();
    let shows = finding.evidence.iter().map(|spot| spot.command.as_str());
    let mut shows: Vec<&str> = shows.filter(|command| !command.is_empty()).collect();
    shows.dedup();
    for (title, list) in [("commands that mend it", commands), ("commands that show it", shows)] {
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
pub(crate) fn adoption(out: &mut String, report: &Report) {
    if report.adoption.is_empty() {
        return;
    }
    out.push_str(
        "<h2>Adoption of controls</h2><p class=\"soft\">Present: the object or field is there. \
         Effective: it works. What is unknown is in neither number.</p>",
    );
    let columns = crate::adopted::COLUMNS;
    let mut table = Table::open(out, "adoption", "adoption of controls", &columns);
    for (one, numbers) in crate::adopted::counted(report) {
        let metric = &one.metric;
        table.row("");
        table.cell(columns[0], &format!("<code class=\"word\">{}</code>", metric.id));
        table.cell(columns[1], &escaped(metric.of));
        table.cell(columns[2], numbers.present.as_deref().unwrap_or("–"));
        table.cell(columns[3], &numbers.effective);
        table.cell(columns[4], &escaped(column(metric.present)));
        table.cell(columns[5], &escaped(column(metric.effective)));
    }
    table.close();
    let left = crate::adopted::left_out(report);
    if !left.is_empty() {
        let _ = write!(out, "<p class=\"soft\">Nothing to count here: {}.</p>", left.join(", "));
    }
}
