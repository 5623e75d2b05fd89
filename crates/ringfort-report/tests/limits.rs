//! Formats with limits on a report that is far beyond them.

use ringfort_checks::{About, Finding, Findings};
use ringfort_language::{Language, Sentence};
use ringfort_report::{Format, Report, Source, Tool};
use serde_json::Value;

/// A report of that many findings with names of that many characters.
fn report(count: usize, length: usize) -> Report {
    let finding = |at: usize| {
        let name = format!("{at:06}{}", "`|".repeat(length / 2));
        Finding {
            id: "RF-WKL-001",
            title: "Container is privileged",
            object: format!("Pod shop/{name}"),
            severity: ["low", "critical", "medium"][at % 3],
            moved_by: Vec::new(),
            zone: "in-cluster",
            note: name.clone(),
            paths: 0,
            cuts: 0,
            effort: None,
            evidence: Vec::new(),
            fix: "Take it away.",
            fixes: Vec::new(),
            about: About {
                kind: "Pod".into(),
                namespace: "shop".into(),
                fingerprint: format!("RF-WKL-001/Pod/shop/{name}"),
                name,
                ..About::default()
            },
        }
    };
    Report {
        schema: ringfort_report::SCHEMA,
        tool: Tool { name: "ringfort", version: "0".into() },
        source: Source { place: String::new(), described: String::new(), base: String::new() },
        generated_at: "2026-11-25T21:00:00Z".into(),
        cluster: ringfort_report::Facts {
            version: "1.36".into(),
            nodes: 0,
            namespaces: 0,
            pods: 0,
            service_accounts: 0,
            bindings: 0,
            positions: 0,
            edges: 0,
        },
        coverage: ringfort_report::Coverage { percent: 100, incomplete: Vec::new() },
        gaps: (0..5_000)
            .map(|at| ringfort_report::Gap {
                subject: format!("file {at}"),
                reason: Sentence::plain("x".repeat(length)),
            })
            .collect(),
        zones: Vec::new(),
        weakest_zone: None,
        pairs: 0,
        unverified_pairs: 0,
        vectors: Vec::new(),
        paths: Vec::new(),
        connected: Vec::new(),
        fixes: Vec::new(),
        plan: None,
        unknown: Vec::new(),
        not_evaluated: Vec::new(),
        checked: Some(Findings {
            findings: (0..count).map(finding).collect(),
            ..Findings::default()
        }),
        adoption: Vec::new(),
        versions: None,
        frameworks: Vec::new(),
        unmet: Vec::new(),
        filter: None,
        exceptions: Vec::new(),
        baseline: None,
        gates: Vec::new(),
    }
}

fn render(name: &str, report: &Report) -> ringfort_report::Rendered {
    let format: Format = name.parse().expect("a format");
    format.render(report, Language::English).expect("it needs no more than the report")
}

#[test]
fn sarif_keeps_the_worst_and_says_what_it_left_out() {
    for (count, length) in [(6_000, 10), (5_500, 250)] {
        let rendered = render("sarif", &report(count, length));
        assert!(rendered.text.len() < 10_000_000, "{}", rendered.text.len());
        let file: Value = serde_json::from_str(&rendered.text).expect("JSON");
        let run = &file["runs"][0];
        let results = run["results"].as_array().expect("results");
        assert!(results.len() <= 5_000 && results.len() > 1_000, "{}", results.len());
        let critical = results.iter().filter(|one| one["level"] == "error").count();
        assert_eq!(critical, (count / 3).min(results.len()));
        let left = count - results.len();
        assert_eq!(run["properties"]["leftOut"], left);
        assert!(rendered.cut.contains(&left.to_string()), "{}", rendered.cut);
        let said = run["invocations"][0]["toolExecutionNotifications"].to_string();
        assert!(said.contains(&format!("{left} of {count} findings")));
        assert!(said.contains("more notifications are left out"));
    }
    assert_eq!(render("sarif", &report(3, 10)).cut, "");
}

#[test]
fn markdown_fits_a_comment_and_says_what_it_left_out() {
    for (count, length) in [(1_000, 10), (6_000, 4_000), (150, 300)] {
        let rendered = render("markdown", &report(count, length));
        assert!(rendered.text.chars().count() <= 65_536, "{}", rendered.text.len());
        let rows = rendered.text.lines().filter(|line| line.contains(" | RF-WKL-001 | ")).count();
        assert!(rows > 30 && rows < count, "{rows}");
        assert!(rendered.text.contains(&format!("{} of {count} findings", count - rows)));
        assert_eq!(rendered.cut, format!("{} of {count} findings", count - rows));
    }
    let whole = render("markdown", &report(3, 10));
    assert_eq!((whole.cut.as_str(), whole.text.contains("Left out")), ("", false));
}

#[test]
fn html_keeps_the_first_findings_and_says_how_many_are_left_out() {
    let rows = |text: &str| text.matches("<tr role=\"row\" data-s=").count();
    let rendered = render("html", &report(620, 10));
    assert_eq!(rows(&rendered.text), 500);
    assert!(rendered.text.contains("120 of 620 findings are left out here"));
    assert!(rendered.text.contains("500 of 500 findings shown"));
    assert_eq!(rendered.cut, "120 of 620 findings");
    let whole = render("html", &report(500, 10));
    assert_eq!((rows(&whole.text), whole.cut.as_str()), (500, ""));
    assert!(!whole.text.contains("left out"));
}

#[test]
fn a_comment_has_room_in_every_language() {
    let format: Format = "markdown".parse().expect("a format");
    for language in Language::ALL {
        let rendered = format.render(&report(3_000, 60), language).expect("a report");
        assert!(rendered.text.len() <= 65_536, "{language:?}: {}", rendered.text.len());
        assert!(!rendered.cut.is_empty(), "{language:?}");
    }
}
