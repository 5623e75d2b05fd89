//! Findings as a user sees them: filters, explanations, and the recorded cluster row by row.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn ringfort(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.arg("-q").args(arguments).output().expect("the program starts")
}

/// The recorded cluster, or `None` after saying that the test is skipped.
fn shop() -> Option<PathBuf> {
    let given = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let path = given.unwrap_or(beside).join("clusters/shop.tar.zst");
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: no cluster at {}", path.display());
    None
}

fn rows(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("findings");
    let row = |one: &Value| {
        let fields: Vec<String> = one["evidence"]
            .as_array()
            .expect("evidence")
            .iter()
            .map(|spot| format!("{} {}", text(&spot["object"]), text(&spot["field"])))
            .collect();
        format!(
            "{} of {} {} {} {}: {} [{}]",
            one["cuts"],
            one["paths"],
            text(&one["severity"]),
            text(&one["id"]),
            text(&one["object"]),
            text(&one["note"]),
            fields.join("; ")
        )
    };
    findings.iter().map(row).collect()
}

#[test]
fn the_recorded_cluster_has_the_findings_that_were_read() {
    let Some(shop) = shop() else { return };
    let output = ringfort(&["scan", shop.to_str().expect("a plain path"), "-f", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = rows(&report).join("\n") + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/shop-findings.txt");
    if std::env::var_os("RINGFORT_BLESS").is_some() {
        std::fs::write(&golden, &found).expect("the golden file can be written");
    }
    let known = std::fs::read_to_string(&golden).expect("the golden file is there");
    let lost: Vec<&str> = known.lines().filter(|line| !found.contains(*line)).collect();
    let new: Vec<&str> = found.lines().filter(|line| !known.contains(*line)).collect();
    assert!(known == found, "lost: {lost:#?}\nnew: {new:#?}");
}

#[test]
fn a_filter_that_names_nothing_is_wrong_usage() {
    let missing = ringfort(&["scan", "/nowhere", "--checks", "RF-WLK-*"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("RF-WLK-*"));
}

#[test]
fn checks_are_explained() {
    let text = |id: &str| {
        let output = ringfort(&["explain", id]);
        assert!(output.status.success(), "{id}");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(text("RF-WKL-001").contains("KSV-0017"));
    assert!(text("RF-CLD-001").contains("unknown"));
    assert_eq!(ringfort(&["explain", "RF-WKL-999"]).status.code(), Some(2));
}
