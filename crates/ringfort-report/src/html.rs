//! One self-contained page: zones, the matrix of vectors, the fixes, the worst paths as SVG, the
//! findings, the adoption of controls.
//! It loads nothing and runs from `file://`.

mod findings;
mod table;

use std::fmt::Write;

use ringfort_language::{Language, Sentence, cut, message, say, sentence};

use crate::human::effort;
use crate::matrix;
use crate::report::{Path, Point, Report, Vector};
use table::Table;

/// Columns of letters that fit into the box of a step.
const LETTERS: usize = 130;

/// How many paths are drawn; the rest is in the JSON report.
const DRAWN: usize = 25;

/// Escapes text for HTML and attributes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "
:root{--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--open:#b42318;--unknown:#9a6700;--guarded:#0a5dc2;--closed:#1a7f37}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9198a1;--line:#30363d;--card:#161b22;--open:#ff7b72;--unknown:#e3b341;--guarded:#79c0ff;--closed:#56d364}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1180px;padding:24px;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 8px}.soft{color:var(--soft)}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:12px}.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px}
.weak{outline:2px solid var(--open)}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:6px 8px;text-align:left;vertical-align:top}
.open{color:var(--open)}.unknown{color:var(--unknown)}.guarded{color:var(--guarded)}.closed{color:var(--closed)}
strong{overflow-wrap:anywhere}code{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}input[type=search],select{width:100%;padding:8px;font:inherit;border:1px solid var(--line);border-radius:6px;background:var(--bg);color:var(--fg)}
.path{margin:12px 0}svg{max-width:100%;height:auto;display:block}svg text{fill:var(--fg);font:13px system-ui,sans-serif}svg .s{fill:var(--soft);font-size:12px}
svg rect{fill:var(--card);stroke:var(--line)}svg g:hover rect{stroke:var(--guarded);stroke-width:2}svg path{stroke:var(--soft);fill:none}
details summary{cursor:pointer;color:var(--soft)}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:8px;padding:8px}svg.map{max-width:none}svg.map text{font-size:12px}svg.steps{max-width:none;width:max(640px,100%)}.scroll{overflow-x:auto}
:focus-visible{outline:2px solid var(--guarded);outline-offset:2px}[hidden]{display:none!important}
.filter{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:12px;align-items:end}.stack td{overflow-wrap:anywhere}.long{overflow-wrap:anywhere;min-width:10em}.word{white-space:nowrap}.path,.card,details{overflow-wrap:anywhere}.score{font-size:28px;line-height:1.2}
@media(max-width:600px){body{padding:12px}td,th{padding:4px}td:first-child,td:last-child{overflow-wrap:anywhere}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.stack,.stack tbody,.stack tr,.stack td{display:block;width:100%}.stack tr{border-bottom:1px solid var(--line);padding:6px 0}.stack td{border:0;padding:2px 4px}.stack td::before{content:attr(data-l) ': ';color:var(--soft)}}
@media print{details>*{display:block}#q,.filter{display:none}}svg .cut{stroke:var(--open);stroke-dasharray:5 4;stroke-width:2}svg .mark{fill:var(--open)}svg .line{stroke:var(--guarded);stroke-width:2}";

const SCRIPT: &str = "
const q=document.getElementById('q');q.addEventListener('input',()=>{const w=q.value.toLowerCase();let n=0;
for(const p of document.querySelectorAll('.path')){const hit=p.textContent.toLowerCase().includes(w);p.hidden=!hit;if(hit)n++}
const said=document.getElementById('n');said.textContent=said.dataset.said.replace('{n}',n)});";

/// Fonts of a language, after those of the system: an operating system of another language may
/// take the forms of letters of the wrong country. Nothing is loaded.
fn fonts(language: Language) -> &'static str {
    match language {
        Language::English => "",
        Language::SimplifiedChinese => {
            "\nbody,svg text{font-family:system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif}"
        }
        Language::TraditionalChinese => {
            "\nbody,svg text{font-family:system-ui,'PingFang TC','Microsoft JhengHei','Noto Sans CJK TC','Noto Sans TC',sans-serif}"
        }
    }
}

/// Renders the page.
#[must_use]
pub fn render(report: &Report, language: Language) -> String {
    let mut out = String::new();
    let facts = &report.cluster;
    let _ = write!(
        out,
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'\">\
         <title>{}</title><style>{STYLE}{}</style></head><body><main><h1>Ringfort</h1><p class=\"soft\">{} {}</p>",
        language.tag(),
        say!(language, "Ringfort report"),
        fonts(language),
        say!(
            language,
            "Kubernetes {version}, {nodes} nodes, {namespaces} namespaces, {pods} pods, {bindings} bindings. {percent}% of the kinds that rules read were read in full.",
            version = escaped(language.text(&facts.version)),
            nodes = facts.nodes,
            namespaces = facts.namespaces,
            pods = facts.pods,
            bindings = facts.bindings,
            percent = report.coverage.percent
        ),
        escaped(&report.generated_at),
    );
    zones(&mut out, report, language);
    vectors(&mut out, report, language);
    fixes(&mut out, report, language);
    plan(&mut out, report, language);
    let _ = write!(
        out,
        "<h2>{}</h2><p class=\"soft\">{}</p><input id=\"q\" type=\"search\" placeholder=\"{search}\" aria-label=\"{search}\"><p id=\"n\" class=\"soft\" data-said=\"{}\"></p>",
        say!(language, "Paths"),
        say!(
            language,
            "{pairs} pairs of a way in and a target are connected, {unverified} of them from ways in that could not be verified. The easiest path of each is shown, up to {drawn}.",
            pairs = report.pairs,
            unverified = report.unverified_pairs,
            drawn = DRAWN
        ),
        say!(language, "{n} shown", n = "{n}"),
        search = say!(language, "search paths"),
    );
    for path in report.paths.iter().take(DRAWN) {
        draw(&mut out, path, language);
    }
    crate::versions::html(&mut out, report, escaped, language);
    findings::write(&mut out, report, language);
    findings::adoption(&mut out, report, language);
    crate::framework::html(&mut out, &report.frameworks, language);
    unknown(&mut out, report, language);
    gaps(&mut out, report, language);
    let _ = writeln!(out, "</main><script>{SCRIPT}{}</script></body></html>", findings::SCRIPT);
    out
}

/// What the page has no room for; empty if nothing.
#[must_use]
pub fn left_out(report: &Report, language: Language) -> String {
    let all = report.checked.as_ref().map_or(0, |checked| checked.findings.len());
    match all.saturating_sub(findings::ROWS) {
        0 => String::new(),
        left => say!(language, "{left} of {all} findings", left, all),
    }
}

fn zones(out: &mut String, report: &Report, language: Language) {
    let _ = write!(out, "<h2>{}</h2><div class=\"row\">", say!(language, "Zones"));
    for zone in &report.zones {
        let weak = report.weakest_zone == Some(zone.id);
        let large = |text: String| format!("<span class=\"score\">{text}</span>");
        let score = match zone.score {
            Some(score) => say!(language, "{score} of 100", score = large(score.to_string())),
            None => {
                let bound = say!(language, "at most {score}", score = zone.at_most);
                say!(language, "{score} of 100, for not all was read", score = large(bound))
            }
        };
        let lost = zone.lost.map_or_else(String::new, |[worst, spread]| {
            format!(
                "<br><span class=\"soft\">{}</span>",
                say!(
                    language,
                    "{worst} points lost for the worst, {spread} for how much there is",
                    worst,
                    spread
                )
            )
        });
        let mark = match weak {
            true => format!(" · {}", say!(language, "weakest")),
            false => String::new(),
        };
        let _ = write!(
            out,
            "<div class=\"card{}\"><strong>{}</strong>{mark}<br>{score}<br>{}{lost}<br>{}<br>{}</div>",
            if weak { " weak" } else { "" },
            escaped(language.text(zone.title)),
            say!(language, "{percent}% is known", percent = zone.coverage),
            escaped(&language.say(&zone.state)),
            say!(
                language,
                "{percent}% of the shown paths meet no control here",
                percent = zone.unhindered
            )
        );
    }
    out.push_str("</div>");
}

fn vectors(out: &mut String, report: &Report, language: Language) {
    let _ = write!(out, "<h2>{}</h2>", say!(language, "Ways in"));
    let columns = matrix::COLUMNS.map(|column| language.text(column));
    let mut table = Table::open(out, "vectors", say!(language, "ways in by vector"), &columns);
    for row in matrix::rows(report, language) {
        table.row("");
        table.cell(columns[0], &escaped(&language.say(&row.name)));
        let state = row.vector.state;
        let shown = language.text(state);
        table.cell(columns[1], &format!("<span class=\"word {state}\">{shown}</span>"));
        let zone = language.text(row.zone);
        table.cell(columns[2], &format!("<span class=\"word\">{zone}</span>"));
        table.cell(columns[3], &ways(row.vector, &row.entries, language));
        table.cell(columns[4], &row.vector.pairs.to_string());
        let controls = row.controls.iter().map(|text| escaped(&language.say(text)));
        let controls: Vec<String> = controls.collect();
        table.cell(columns[5], table::column(&controls.join("<br>")));
    }
    table.close();
}

/// How many ways in there are, and each of them on demand.
fn ways(vector: &Vector, counted: &str, language: Language) -> String {
    if vector.instances.is_empty() {
        return escaped(language.text(vector.note));
    }
    let mut out = format!("<details><summary>{counted}</summary>");
    for one in &vector.instances {
        let _ = write!(
            out,
            "<div><span class=\"{}\">{}</span> {}",
            one.state,
            language.text(one.state),
            escaped(&language.say(&one.title))
        );
        if !one.missing.is_empty() {
            let facts: Vec<&str> = one.missing.iter().map(|fact| language.text(fact)).collect();
            let facts = escaped(&facts.join("; "));
            let _ = write!(
                out,
                " <span class=\"soft\">{}</span>",
                say!(language, "not known: {facts}", facts)
            );
        }
        out.push_str("</div>");
    }
    out.push_str("</details>");
    out
}

/// A row of heads of a table.
fn heads(language: Language, names: &[&'static str]) -> String {
    let cells: String =
        names.iter().map(|name| format!("<th>{}</th>", language.text(name))).collect();
    format!("<table><tr>{cells}</tr>")
}

fn fixes(out: &mut String, report: &Report, language: Language) {
    let _ = write!(out, "<h2>{}</h2>", say!(language, "Changes that cut most"));
    if report.fixes.is_empty() {
        let text = say!(language, "No single change that may be made cuts a pair.");
        let _ = write!(out, "<p class=\"soft\">{text}</p>");
        return;
    }
    out.push_str(&heads(language, &[message!("cuts"), message!("left"), message!("change")]));
    for fix in &report.fixes {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"long\">{}<br><code>{}</code></td></tr>",
            fix.cuts,
            fix.left,
            escaped(&language.say(&fix.title)),
            escaped(&fix.command)
        );
    }
    out.push_str("</table>");
}

fn plan(out: &mut String, report: &Report, language: Language) {
    let Some(plan) = &report.plan else { return };
    let _ = write!(
        out,
        "<h2>{}</h2><p>{}</p>{}",
        say!(language, "The smallest set of changes"),
        escaped(&language.say(&plan.summary)),
        heads(language, &[message!("change"), message!("cost"), message!("could break")])
    );
    for fix in &plan.fixes {
        let _ = write!(out, "<tr><td class=\"long\">{}", escaped(&language.say(&fix.title)));
        if let Some(instead) = &fix.instead {
            let place = escaped(&language.say(instead));
            let _ = write!(
                out,
                "<br><span class=\"soft\">{}</span>",
                say!(language, "would be written again: change it {place}", place)
            );
        }
        let _ = write!(
            out,
            "</td><td>{}</td><td class=\"long\">{}</td></tr>",
            fix.cost,
            escaped(&fix.breaks.join("; "))
        );
    }
    out.push_str("</table>");
    curve(out, &plan.curve, language);
    if !plan.no_cut.is_empty() {
        let _ = write!(
            out,
            "<details><summary>{}</summary>",
            say!(language, "{count} pairs that nothing cuts", count = plan.no_cut.len())
        );
        for one in &plan.no_cut {
            let _ = write!(
                out,
                "<div>{} → {}: {}</div>",
                escaped(&one.from),
                escaped(&one.to),
                escaped(language.text(&one.reason))
            );
        }
        out.push_str("</details>");
    }
    out.push_str(&crate::picture::render(report, language));
}

/// Changes made against pairs that are left.
fn curve(out: &mut String, points: &[Point], language: Language) {
    const WIDTH: usize = 560;
    const HEIGHT: usize = 160;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    if points.len() < 2 || first.pairs == 0 {
        return;
    }
    let x = |point: &Point| 40 + point.changes * (WIDTH - 60) / last.changes.max(1);
    let y =
        |pairs: usize| 10 + (HEIGHT - 40) * (first.pairs - pairs.min(first.pairs)) / first.pairs;
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\"><text class=\"s\" x=\"0\" y=\"20\">{}</text><text class=\"s\" x=\"0\" y=\"{}\">0</text><path class=\"line\" d=\"",
        say!(language, "pairs left by number of changes"),
        first.pairs,
        y(0) + 4
    );
    for (at, point) in points.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if at == 0 { "M" } else { " L" }, x(point), y(point.pairs));
    }
    out.push_str("\"/>");
    for point in points {
        let _ = write!(
            out,
            "<g><title>{}</title><circle class=\"mark\" cx=\"{}\" cy=\"{}\" r=\"4\"/><text class=\"s\" x=\"{}\" y=\"{}\">{}</text></g>",
            left(point, language),
            x(point),
            y(point.pairs),
            x(point).saturating_sub(4),
            HEIGHT - 8,
            point.changes
        );
    }
    let _ = write!(
        out,
        "</svg><p class=\"soft\">{}</p>",
        say!(
            language,
            "Of the pairs that changes cut, those that are left after the first changes."
        )
    );
}

/// What is left after the changes of a point.
fn left(point: &Point, language: Language) -> String {
    let best = match point.exact {
        true => sentence!(", the best choice"),
        false => Sentence::default(),
    };
    say!(
        language,
        "{changes} changes, cost {cost}: {pairs} pairs, {targets} targets, {entries} ways in left{best}",
        changes = point.changes,
        cost = point.cost,
        pairs = point.pairs,
        targets = point.targets,
        entries = point.entries,
        best
    )
}

/// A path as a column of boxes; hovering a box shows its evidence.
fn draw(out: &mut String, path: &Path, language: Language) {
    const STEP: usize = 56;
    let shown: Vec<_> = path
        .steps
        .iter()
        .filter(|step| {
            step.technique.is_some() || step.weight > 0 || step.to.starts_with("impact/")
        })
        .collect();
    let height = shown.len() * STEP + 4;
    let (from, to) = (escaped(&path.from), escaped(&path.to));
    let _ = write!(
        out,
        "<div class=\"path card\"><strong>{from} → {to}</strong> <span class=\"soft\">{}</span><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><svg class=\"steps\" viewBox=\"0 0 1100 {height}\" role=\"img\" aria-label=\"{}\">",
        language
            .say(&effort(path, message!("effort {effort}, {controls} controls in the way{doubt}"))),
        say!(language, "steps of the path from {from} to {to}", from = &from, to = &to),
        say!(language, "attack path")
    );
    for (at, step) in shown.iter().enumerate() {
        let y = at * STEP + 2;
        let mut tip = String::new();
        for one in &step.evidence {
            let _ = writeln!(tip, "{} {}: {}", one.object, one.field, one.value);
        }
        let _ = write!(
            out,
            "<g><title>{}</title><rect x=\"20\" y=\"{y}\" width=\"1060\" height=\"42\" rx=\"6\"/><text class=\"s\" x=\"32\" y=\"{}\">{}{}</text><text x=\"32\" y=\"{}\">{}</text></g>",
            escaped(&tip),
            y + 17,
            escaped(language.text(step.title)),
            step.technique.map_or_else(String::new, |id| format!(" · {id}"))
                + &match step.cut_by {
                    Some(_) => format!(" · {}", say!(language, "cut by the plan")),
                    None => String::new(),
                },
            y + 34,
            escaped(&cut(&language.say(&step.to_title), LETTERS)),
        );
        if at + 1 < shown.len() {
            let _ = write!(out, "<path d=\"M50 {} v14 m-4 -5 l4 5 l4 -5\"/>", y + 42);
        }
    }
    let _ = write!(out, "</svg></div><details><summary>{}</summary>", say!(language, "evidence"));
    for step in &path.steps {
        for one in &step.evidence {
            let _ = write!(
                out,
                "<div>{} <code>{}</code> {} <code class=\"soft\">{}</code></div>",
                escaped(&one.object),
                escaped(&one.field),
                escaped(&one.value),
                escaped(&one.command)
            );
        }
    }
    out.push_str("</details></div>");
}

/// Facts from outside of the cluster that would decide steps.
fn unknown(out: &mut String, report: &Report, language: Language) {
    if report.unknown.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<h2>{}</h2><p class=\"soft\">{}</p>{}",
        say!(language, "Facts that are not known"),
        say!(language, "Steps that rest on them are drawn as unknown; unknown is never a pass."),
        heads(
            language,
            &[message!("technique"), message!("fact that would decide it"), message!("steps")]
        )
    );
    let assumed = say!(language, " (no path passes it unless it is assumed)");
    for row in &report.unknown {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}{}</td><td>{}</td></tr>",
            escaped(row.technique.unwrap_or(language.text("impact"))),
            escaped(language.text(&row.fact)),
            if row.passed { "" } else { assumed },
            row.edges
        );
    }
    out.push_str("</table>");
}

fn gaps(out: &mut String, report: &Report, language: Language) {
    let _ = write!(out, "<h2>{}</h2><table>", say!(language, "Not read, not evaluated"));
    for gap in report.gaps.iter().chain(&report.coverage.incomplete) {
        let _ = write!(
            out,
            "<tr><td class=\"long\">{}</td><td class=\"long\">{}</td></tr>",
            escaped(&gap.subject),
            escaped(&language.say(&gap.reason))
        );
    }
    for row in &report.not_evaluated {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td></tr>",
            escaped(row.id),
            escaped(&say!(language, "needs {fact}", fact = language.text(row.needs)))
        );
    }
    out.push_str("</table>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_text() {
        assert_eq!(escaped("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(escaped("a\x1bb\u{202e}"), "a\u{fffd}b\u{fffd}");
    }
}
