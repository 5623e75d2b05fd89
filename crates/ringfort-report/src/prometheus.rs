//! Numbers for Prometheus in its text format, as the textfile collector of the node exporter
//! reads it. Labels are ids and states, never names of objects, so that their number is bounded.

use std::collections::BTreeMap;
use std::fmt::Write;

use ringfort_checks::Severity;

use crate::gate::State;
use crate::report::Report;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = Text::default();
    out.family("ringfort_info", "The program and the cluster's version.");
    let (version, server) = (&report.tool.version, &report.cluster.version);
    out.sample("ringfort_info", &[("version", version), ("kubernetes_version", server)], 1);
    if let Ok(time) = report.generated_at.parse::<jiff::Timestamp>() {
        out.family("ringfort_scan_timestamp_seconds", "When the report was made.");
        out.sample("ringfort_scan_timestamp_seconds", &[], time.as_second());
    }
    out.family(
        "ringfort_coverage_percent",
        "Percent of the kinds that rules read which were read in full, and of results that are decided.",
    );
    out.sample("ringfort_coverage_percent", &[("of", "kinds")], report.coverage.percent);
    if let Some(checked) = &report.checked {
        out.sample("ringfort_coverage_percent", &[("of", "results")], checked.checks_coverage);
    }
    out.family("ringfort_gaps", "Things that could not be read.");
    out.sample("ringfort_gaps", &[], report.gaps.len() + report.coverage.incomplete.len());
    findings(&mut out, report);
    zones(&mut out, report);
    adoption(&mut out, report);
    out.family("ringfort_entries", "Ways in by vector and state.");
    for vector in &report.vectors {
        for state in ["open", "unknown", "guarded"] {
            let count = vector.instances.iter().filter(|one| one.state == state).count();
            out.sample("ringfort_entries", &[("vector", vector.id), ("state", state)], count);
        }
    }
    out.family("ringfort_connected_pairs", "Pairs of a way in and a target that are connected.");
    out.sample("ringfort_connected_pairs", &[], report.pairs);
    out.family("ringfort_unverified_pairs", "Of these, pairs whose way in is not verified.");
    out.sample("ringfort_unverified_pairs", &[], report.unverified_pairs);
    out.family("ringfort_target_entries", "Ways in that lead to a target.");
    for one in &report.connected {
        out.sample("ringfort_target_entries", &[("target", &one.to)], one.from.len());
    }
    if let Some(plan) = &report.plan {
        out.family("ringfort_plan_changes", "Changes of the plan that cuts all that can be cut.");
        out.sample("ringfort_plan_changes", &[], plan.fixes.len());
    }
    if !report.gates.is_empty() {
        out.family("ringfort_gate", "Whether a gate has a state.");
        for gate in &report.gates {
            for (state, name) in [
                (State::Passed, "passed"),
                (State::Failed, "failed"),
                (State::Undecided, "undecided"),
            ] {
                let labels = [("gate", gate.gate.as_str()), ("state", name)];
                out.sample("ringfort_gate", &labels, u8::from(gate.state == state));
            }
        }
    }
    out.0
}

fn zones(out: &mut Text, report: &Report) {
    out.family("ringfort_zone_score", "Score of a zone, 0 to 100; none where not all was read.");
    for zone in &report.zones {
        if let Some(score) = zone.score {
            out.sample("ringfort_zone_score", &[("zone", zone.id)], score);
        }
    }
    out.family("ringfort_zone_score_bound", "What the score is at most.");
    for zone in &report.zones {
        out.sample("ringfort_zone_score_bound", &[("zone", zone.id)], zone.at_most);
    }
    out.family("ringfort_zone_coverage_percent", "How much of what a zone judges is known.");
    for zone in &report.zones {
        out.sample("ringfort_zone_coverage_percent", &[("zone", zone.id)], zone.coverage);
    }
}

/// As counts, so that those of many clusters add up.
fn adoption(out: &mut Text, report: &Report) {
    if report.adoption.is_empty() {
        return;
    }
    out.family("ringfort_adoption_of", "What the figures of a metric are of.");
    for one in &report.adoption {
        out.sample("ringfort_adoption_of", &[("metric", one.metric.id)], one.total.of);
    }
    out.family(
        "ringfort_adoption",
        "Where a control is present and where it has an effect, and of how many that is unknown.",
    );
    for one in &report.adoption {
        let figures = [("present", one.total.present), ("effective", Some(one.total.effective))];
        for (figure, known) in figures {
            let Some(known) = known else { continue };
            for (answer, count) in [("yes", known.count), ("unknown", known.unknown)] {
                let labels = [("metric", one.metric.id), ("figure", figure), ("answer", answer)];
                out.sample("ringfort_adoption", &labels, count);
            }
        }
    }
}

fn findings(out: &mut Text, report: &Report) {
    let Some(checked) = &report.checked else { return };
    let mut counts: BTreeMap<(Severity, bool), usize> = BTreeMap::new();
    for severity in Severity::ALL {
        counts.insert((severity, false), 0);
        counts.insert((severity, true), 0);
    }
    for finding in &checked.findings {
        if let Ok(severity) = finding.severity.parse() {
            *counts.entry((severity, finding.about.excepted.is_some())).or_default() += 1;
        }
    }
    out.family("ringfort_findings", "Findings by severity, and whether an exception covers them.");
    for ((severity, excepted), count) in counts {
        let excepted = if excepted { "true" } else { "false" };
        let labels = [("severity", severity.name()), ("excepted", excepted)];
        out.sample("ringfort_findings", &labels, count);
    }
    out.family("ringfort_check_results", "Results of each check.");
    for tally in &checked.checks {
        for (result, count) in [
            ("fail", tally.fail),
            ("pass", tally.pass),
            ("unknown", tally.unknown),
            ("not-applicable", tally.not_applicable),
        ] {
            let labels = [("check", tally.id), ("result", result)];
            out.sample("ringfort_check_results", &labels, count);
        }
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        if !labels.is_empty() {
            let pairs: Vec<String> =
                labels.iter().map(|(key, value)| format!("{key}=\"{}\"", label(value))).collect();
            let _ = write!(self.0, "{{{}}}", pairs.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(label("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
