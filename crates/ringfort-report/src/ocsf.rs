//! OCSF events, one on a line: class Compliance Finding (2003) of schema version 1.6.0.
//! <https://schema.ocsf.io/1.6.0/classes/compliance_finding>
//!
//! A finding is an event with status Fail, suppressed where an exception covers it. A check that
//! passes on all it looked at is one event with status Pass; what a check could not decide is
//! one with status Unknown, so that it is neither absent nor a pass.

use ringfort_checks::{Check, Finding, Tally};
use serde_json::{Value, json};

use crate::human::harmless;
use crate::json::plain;
use crate::locate::{clipped, located, sentence};
use crate::report::Report;

/// Version of the schema.
const VERSION: &str = "1.6.0";

/// Class Compliance Finding in category Findings.
const CLASS: u32 = 2003;

/// Characters of a text.
const TEXT: usize = 8_000;

/// Names of severities by their ids.
const SEVERITIES: [&str; 6] = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"];

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut events: Vec<Value> = Vec::new();
    if let Some(checked) = &report.checked {
        events.extend(checked.findings.iter().map(|one| failed(report, one)));
        for tally in &checked.checks {
            if tally.unknown > 0 {
                events.push(undecided(report, tally));
            } else if tally.status == "pass" {
                events.push(passed(report, tally));
            }
        }
    }
    events.iter().map(|event| plain(&format!("{event}\n"))).collect()
}

/// What every event has.
fn event(report: &Report, activity: u32, status: u32, severity: u32, message: &str) -> Value {
    let activity_name = if activity == 1 { "Create" } else { "Update" };
    let severity_name = SEVERITIES[severity as usize];
    json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Compliance Finding: {activity_name}"),
        "time": report.generated_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": if status == 3 { "Suppressed" } else { "New" },
        "message": clipped(&harmless(message), TEXT),
        "metadata": {
            "version": VERSION,
            "product": {
                "name": report.tool.name,
                "uid": report.tool.name,
                "vendor_name": "Ringfort",
                "version": report.tool.version,
            },
        },
    })
}

fn check(report: &Report, id: &str) -> Option<&'static Check> {
    report.checked.as_ref()?.check(id)
}

fn compliance(report: &Report, id: &str, status: (u32, &str), detail: &str) -> Value {
    let references = check(report, id).map(|check| check.references).unwrap_or_default();
    let mut standards = vec!["Ringfort checks"];
    standards.extend(references);
    json!({
        "control": id,
        "standards": standards,
        "requirements": [id],
        "status_id": status.0,
        "status": status.1,
        "status_detail": clipped(&harmless(detail), TEXT),
    })
}

fn analytic(id: &str, title: &str) -> Value {
    json!({"type_id": 1, "type": "Rule", "uid": id, "name": title})
}

fn failed(report: &Report, finding: &Finding) -> Value {
    let about = &finding.about;
    let severity = match finding.severity {
        "critical" => 5,
        "high" => 4,
        "medium" => 3,
        "low" => 2,
        "info" => 1,
        _ => 0,
    };
    let status = if about.excepted.is_some() { 3 } else { 1 };
    let activity = if matches!(about.change, Some("worse" | "unchanged")) { 2 } else { 1 };
    let said = sentence(finding);
    let mut event = event(report, activity, status, severity, &said);
    let place = located(report, finding);
    let mut resource = json!({
        "uid": format!("{}/{}/{}", about.kind, about.namespace, about.name),
        "name": harmless(&about.name),
        "type": about.kind,
        "version": report.cluster.version,
    });
    if !about.namespace.is_empty() {
        resource["namespace"] = about.namespace.clone().into();
    }
    event["resources"] = json!([resource]);
    event["finding_info"] = json!({
        "uid": about.fingerprint,
        "title": finding.title,
        "desc": clipped(&harmless(&said), TEXT),
        "types": [finding.zone],
        "analytic": analytic(finding.id, finding.title),
    });
    event["compliance"] = compliance(report, finding.id, (3, "Fail"), &said);
    let commands: Vec<String> = finding
        .fixes
        .iter()
        .take(5)
        .map(|fix| format!("{}: {}", harmless(&fix.title), harmless(&fix.command)))
        .collect();
    let desc = std::iter::once(finding.fix.to_owned()).chain(commands).collect::<Vec<_>>();
    event["remediation"] = json!({"desc": clipped(&desc.join("\n"), TEXT)});
    if let Some(one) = &about.excepted {
        event["comment"] = harmless(&one.reason).into();
    }
    event["unmapped"] = json!({
        "paths": finding.paths,
        "cuts": finding.cuts,
        "change": about.change,
        "file": place.exists.then_some(place.file),
        "line": place.exists.then_some(place.line),
    });
    event
}

fn about_check(report: &Report, tally: &Tally, status: (u32, &str), said: &str) -> Value {
    let mut event = event(report, 1, 1, u32::from(status.0 == 1), said);
    event["finding_info"] = json!({
        "uid": format!("{}/{}", tally.id, status.1.to_lowercase()),
        "title": if tally.title.is_empty() { tally.id } else { tally.title },
        "desc": clipped(&harmless(said), TEXT),
        "analytic": analytic(tally.id, tally.title),
    });
    event["compliance"] = compliance(report, tally.id, status, said);
    event["remediation"] = json!({
        "desc": check(report, tally.id).map_or("", |check| check.doc.fix),
    });
    event["resources"] = json!([{
        "uid": "cluster",
        "name": "cluster",
        "type": "Cluster",
        "version": report.cluster.version,
    }]);
    event
}

fn passed(report: &Report, tally: &Tally) -> Value {
    let said = format!("{}: {} objects pass.", tally.id, tally.pass);
    about_check(report, tally, (1, "Pass"), &said)
}

fn undecided(report: &Report, tally: &Tally) -> Value {
    let reasons: Vec<String> = tally
        .reasons
        .iter()
        .map(|reason| format!("{} of {} results", reason.missing, reason.objects))
        .collect();
    let said =
        format!("{}: {} results are unknown: {}.", tally.id, tally.unknown, reasons.join("; "));
    about_check(report, tally, (0, "Unknown"), &said)
}
