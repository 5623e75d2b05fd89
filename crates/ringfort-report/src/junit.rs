//! JUnit as the xUnit plug-in of Jenkins reads it (its schema `junit-10.xsd`).
//!
//! A check is a suite, a finding a case that failed. What could not be read is an error, so that
//! a build on it is not green; what no API tells, an id that is not evaluated and a finding that
//! an exception covers is skipped. Passes are one case with their number.

use std::fmt::Write;

use ringfort_checks::{Finding, Tally};

use crate::human::harmless;
use crate::locate::{located, sentence};
use crate::report::Report;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut suites = String::new();
    let mut all = Counts::default();
    for tally in report.checked.iter().flat_map(|checked| &checked.checks) {
        let mut suite = Suite::default();
        suite.check(report, tally);
        suite.close(&mut suites, &format!("{} {}", tally.id, tally.title), report);
        all.add(suite.counts);
    }
    let mut run = Suite::default();
    run.run(report);
    run.close(&mut suites, "the run itself", report);
    all.add(run.counts);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ringfort\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n{suites}</testsuites>\n",
        all.tests, all.failures, all.errors
    )
}

#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

#[derive(Default)]
struct Suite {
    counts: Counts,
    cases: String,
}

impl Suite {
    fn check(&mut self, report: &Report, tally: &Tally) {
        let findings = report.checked.iter().flat_map(|checked| &checked.findings);
        for finding in findings.filter(|finding| finding.id == tally.id) {
            let name = &finding.object;
            match &finding.about.excepted {
                Some(one) => self.case(tally.id, name, "skipped", "excepted", &one.reason, ""),
                None => {
                    let body = body(report, finding);
                    self.case(tally.id, name, "failure", finding.severity, finding.title, &body);
                }
            }
        }
        for reason in &tally.reasons {
            let unread = report
                .unmet
                .iter()
                .any(|need| need.missing == reason.missing || need.missing.contains(tally.id));
            let (element, kind) = if unread { ("error", "unread") } else { ("skipped", "unknown") };
            let name = format!("{} results are unknown: {}", reason.objects, reason.missing);
            let body = format!("first: {}", reason.first);
            self.case(tally.id, &name, element, kind, &reason.missing, &body);
        }
        if tally.pass > 0 {
            self.case(tally.id, &format!("{} objects pass", tally.pass), "", "", "", "");
        }
        if self.counts.tests == 0 {
            let why = if tally.fail > 0 { "filtered out" } else { "not applicable" };
            self.case(tally.id, why, "skipped", why, why, "");
        }
    }

    /// What the gates say, and which files were not read.
    fn run(&mut self, report: &Report) {
        use crate::gate::State;
        for gate in &report.gates {
            let element = match gate.state {
                State::Passed => "",
                State::Failed => "failure",
                State::Undecided => "error",
            };
            let first: Vec<String> = gate.first.iter().map(ToString::to_string).collect();
            let (why, first) = (gate.why.to_string(), first.join("\n"));
            self.case("gate", &gate.gate, element, "gate", &why, &first);
        }
        for gap in &report.gaps {
            self.case("gap", &gap.subject, "skipped", "gap", &gap.reason.to_string(), "");
        }
        if self.counts.tests == 0 {
            self.case("gap", "everything was read", "", "", "", "");
        }
    }

    fn case(
        &mut self,
        class: &str,
        name: &str,
        element: &str,
        kind: &str,
        message: &str,
        body: &str,
    ) {
        self.counts.tests += 1;
        match element {
            "failure" => self.counts.failures += 1,
            "error" => self.counts.errors += 1,
            "skipped" => self.counts.skipped += 1,
            _ => {}
        }
        let _ = write!(
            self.cases,
            "    <testcase name=\"{}\" classname=\"{}\"",
            attribute(name),
            attribute(class)
        );
        if element.is_empty() {
            self.cases.push_str("/>\n");
            return;
        }
        let _ = writeln!(
            self.cases,
            ">\n      <{element} type=\"{}\" message=\"{}\">{}</{element}>\n    </testcase>",
            attribute(kind),
            attribute(message),
            content(body)
        );
    }

    fn close(&self, out: &mut String, name: &str, report: &Report) {
        let Counts { tests, failures, errors, skipped } = self.counts;
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" timestamp=\"{}\">\n{}  </testsuite>",
            attribute(name),
            attribute(&report.generated_at),
            self.cases
        );
    }
}

fn body(report: &Report, finding: &Finding) -> String {
    let mut text = sentence(finding);
    let place = located(report, finding);
    if place.exists {
        let _ = write!(text, "\nat {}:{}", place.file, place.line);
    }
    for spot in finding.evidence.iter().filter(|spot| !spot.command.is_empty()).take(3) {
        let _ = write!(text, "\nshow: {}", spot.command);
    }
    let _ = write!(text, "\nfix: {}", finding.fix);
    for fix in finding.fixes.iter().take(3) {
        let _ = write!(text, "\n{}: {}", fix.title, fix.command);
    }
    text
}

/// Text within quotes, on one line.
fn attribute(text: &str) -> String {
    escaped(&harmless(text))
}

/// Text between tags, whose lines stay.
fn content(text: &str) -> String {
    text.lines().map(|line| escaped(&harmless(line))).collect::<Vec<_>>().join("\n")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // XML 1.0 has no such characters, not even as references.
            '\u{fffe}' | '\u{ffff}' => out.push_str(&c.escape_unicode().to_string()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_what_xml_does_not_have_are_escaped() {
        assert_eq!(attribute("a<b>\"&'\u{0}\n"), "a&lt;b&gt;&quot;&amp;&apos;\\u{0}\\u{a}");
        assert_eq!(content("]]>\n\u{ffff}"), "]]&gt;\n\\u{ffff}");
    }
}
