//! SARIF 2.1.0 for code scanning. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>
//!
//! GitHub takes files of at most 10 MB compressed, shows 5,000 results of a run, 100 locations of
//! a result and 10 tags of a rule
//! (<https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads>). What
//! is over that is left out, the mildest first, and the file says so. It wants a file and a line
//! for each result: objects of a running cluster get a path that stands for them.
//!
//! Unknown is no result, for GitHub would show it as an alert and other readers might count it
//! as a pass: it is a notification of the run.

use ringfort_checks::{Finding, Severity};
use serde_json::{Map, Value, json};

use crate::format::Rendered;
use crate::human::harmless;
use crate::json::plain;
use crate::locate::{clipped, located, sentence, uri};
use crate::report::Report;

/// Results that are shown of a run.
const RESULTS: usize = 5_000;

/// Bytes of results. A compressed file is never larger than its content by more than a few
/// bytes, so what is smaller uncompressed is small enough.
const BYTES: usize = 8_000_000;

/// Locations that are shown of a result.
const LOCATIONS: usize = 100;

/// Tags that are shown of a rule.
const TAGS: usize = 10;

/// Characters of a message.
const MESSAGE: usize = 2_000;

/// Notifications that are written.
const NOTIFICATIONS: usize = 500;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> Rendered {
    let mut findings: Vec<&Finding> =
        report.checked.iter().flat_map(|checked| &checked.findings).collect();
    let rank = |finding: &Finding| finding.severity.parse::<Severity>().ok();
    // The order among equals is that of the report.
    findings.sort_by_key(|finding| std::cmp::Reverse(rank(finding)));
    let rules = rules(report);
    let mut results = Vec::new();
    let mut bytes = 0;
    for finding in &findings {
        let result = result(report, finding, &rules);
        bytes += result.to_string().len() + 1;
        if results.len() == RESULTS || bytes > BYTES {
            break;
        }
        results.push(result);
    }
    let left_out = findings.len() - results.len();
    let cut = match left_out {
        0 => String::new(),
        count => format!(
            "{count} of {} findings, the mildest, are left out for GitHub's limits of {RESULTS} results and 10 MB",
            findings.len()
        ),
    };
    let descriptors: Vec<Value> = rules.iter().map(|(_, rule)| rule.clone()).collect();
    let file = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "semanticVersion": report.tool.version,
                "rules": descriptors,
            }},
            "invocations": [{
                "executionSuccessful": true,
                "endTimeUtc": report.generated_at,
                "toolExecutionNotifications": notifications(report, &cut),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "findings": findings.len(),
                "leftOut": left_out,
                "kindsReadPercent": report.coverage.percent,
                "resultsDecidedPercent":
                    report.checked.as_ref().map_or(0, |checked| checked.checks_coverage),
                "kubernetesVersion": report.cluster.version,
            },
        }],
    });
    Rendered { text: plain(&format!("{file}\n")), cut }
}

/// A text as a plain message: braces are doubled (SARIF 3.11.5) and nothing in it is a link
/// (3.11.6).
fn message(text: &str) -> Value {
    let text = harmless(&clipped(text, MESSAGE))
        .replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "\\](");
    json!({ "text": text })
}

/// The checks that ran, as rules, by id.
fn rules(report: &Report) -> Vec<(&'static str, Value)> {
    let found = report.checked.iter();
    let run = found.flat_map(|all| all.checks.iter().filter_map(|tally| all.check(tally.id)));
    run.map(|check| {
        let doc = &check.doc;
        let help = format!(
            "{}\n\nFails: {}\n\nPasses: {}\n\nUnknown: {}\n\nFix: {}",
            doc.why, doc.fails, doc.not, doc.unknown, doc.fix
        );
        let zone = check.zone.name();
        let tags: Vec<&str> = ["security", "kubernetes", zone]
            .into_iter()
            .chain(check.references.iter().copied())
            .take(TAGS)
            .collect();
        let rule = json!({
            "id": check.id,
            "name": check.id,
            "shortDescription": {"text": check.title},
            "fullDescription": {"text": doc.why},
            "help": {"text": help},
            "defaultConfiguration": {"level": level(check.severity.name())},
            "properties": {
                "tags": tags,
                "precision": "high",
                "problem.severity": match level(check.severity.name()) {
                    "error" => "error",
                    "warning" => "warning",
                    _ => "recommendation",
                },
                "security-severity": score(check.severity),
            },
        });
        (check.id, rule)
    })
    .collect()
}

/// GitHub's ranges: critical above 9, high from 7, medium from 4, low above 0.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

fn level(severity: &str) -> &'static str {
    match severity {
        "critical" | "high" => "error",
        "medium" => "warning",
        _ => "note",
    }
}

fn physical(file: &str, line: u32) -> Value {
    json!({"artifactLocation": {"uri": uri(file)}, "region": {"startLine": line}})
}

fn result(report: &Report, finding: &Finding, rules: &[(&str, Value)]) -> Value {
    let about = &finding.about;
    let place = located(report, finding);
    let name = match about.namespace.as_str() {
        "" => about.name.clone(),
        namespace => format!("{namespace}/{}", about.name),
    };
    let location = json!({
        "physicalLocation": physical(&place.file, place.line),
        "logicalLocations": [{
            "name": about.name,
            "kind": "resource",
            "fullyQualifiedName": format!("{} {name}", about.kind),
        }],
    });
    let related: Vec<Value> = finding
        .evidence
        .iter()
        .filter_map(|spot| Some((spot, spot.place.as_ref()?)))
        .filter(|(_, at)| about.place.as_ref() != Some(*at))
        .take(LOCATIONS - 1)
        .enumerate()
        .map(|(at, (spot, place))| {
            let file = crate::locate::joined(&report.source.base, &place.file);
            json!({
                "id": at + 1,
                "physicalLocation": physical(&file, place.line),
                "message": message(&format!("{} {}: {}", spot.object, spot.field, spot.value)),
            })
        })
        .collect();
    let fixes: Vec<Value> = finding
        .fixes
        .iter()
        .map(|fix| json!({"title": harmless(&fix.title), "command": harmless(&fix.command)}))
        .collect();
    let suppressions: Vec<Value> = about
        .excepted
        .iter()
        .map(|one| {
            let kind = if one.source == "annotation" { "inSource" } else { "external" };
            let until =
                one.expires.as_ref().map_or_else(String::new, |day| format!(" until {day}"));
            let owner = match one.owner.as_str() {
                "" => String::new(),
                owner => format!(" ({owner})"),
            };
            let why = harmless(&format!("{}{owner}{until}", one.reason));
            json!({"kind": kind, "status": "accepted", "justification": why})
        })
        .collect();
    let mut result = Map::new();
    result.insert("ruleId".into(), finding.id.into());
    if let Some(at) = rules.iter().position(|(id, _)| *id == finding.id) {
        result.insert("ruleIndex".into(), at.into());
    }
    result.insert("level".into(), level(finding.severity).into());
    result.insert("message".into(), message(&sentence(finding)));
    result.insert("locations".into(), json!([location]));
    if !related.is_empty() {
        result.insert("relatedLocations".into(), related.into());
    }
    let print = &about.fingerprint;
    result.insert(
        "partialFingerprints".into(),
        json!({"ringfort/v1": print, "primaryLocationLineHash": print}),
    );
    result.insert("suppressions".into(), suppressions.into());
    if let Some(change) = about.change {
        let state = match change {
            "new" => "new",
            "worse" => "updated",
            _ => "unchanged",
        };
        result.insert("baselineState".into(), state.into());
    }
    result.insert(
        "properties".into(),
        json!({
            "severity": finding.severity,
            "zone": finding.zone,
            "paths": finding.paths,
            "cuts": finding.cuts,
            "fix": finding.fix,
            "fixes": fixes,
        }),
    );
    result.into()
}

/// What was not read or decided, and what was left out.
fn notifications(report: &Report, cut: &str) -> Vec<Value> {
    let mut said: Vec<(&str, Option<&str>, String)> = Vec::new();
    if !cut.is_empty() {
        said.push(("warning", None, cut.to_owned()));
    }
    if let Some(filter) = report.filter.as_ref().filter(|filter| filter.hidden > 0) {
        said.push(("note", None, format!("{} findings are filtered out", filter.hidden)));
    }
    for need in &report.unmet {
        said.push(("error", None, format!("needed and not read: {}", need.missing)));
    }
    for gap in report.coverage.incomplete.iter().chain(&report.gaps) {
        said.push(("warning", None, format!("{}: {}", gap.subject, gap.reason)));
    }
    let tallies = report.checked.iter().flat_map(|checked| &checked.checks);
    for tally in tallies.filter(|tally| tally.unknown > 0) {
        let found = report.checked.as_ref();
        let known = found.and_then(|all| all.check(tally.id)).map(|check| check.id);
        for reason in &tally.reasons {
            let text = format!(
                "{}: {} of its results are unknown: {}",
                tally.id, reason.objects, reason.missing
            );
            said.push(("note", known, text));
        }
    }
    let more = said.len().saturating_sub(NOTIFICATIONS);
    said.truncate(NOTIFICATIONS);
    if more > 0 {
        said.push(("warning", None, format!("{more} more notifications are left out")));
    }
    said.into_iter()
        .map(|(level, rule, text)| match rule {
            Some(rule) => json!({
                "level": level,
                "message": message(&text),
                "associatedRule": {"id": rule},
            }),
            None => json!({"level": level, "message": message(&text)}),
        })
        .collect()
}
