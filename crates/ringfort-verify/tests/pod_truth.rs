//! Pod Security and token files against the recorded truth, where the suites are at hand.

use std::path::PathBuf;

use ringfort_model::{KubeVersion, Object, defaults};
use ringfort_podsec::{evaluate, refusal_message};
use ringfort_verify::cases::each_line;
use ringfort_verify::{Outcome, SuiteError, automount, podsec};

/// A file of the suites; `None`, with a line that says so, where they are absent.
fn suite(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("RINGFORT_SUITES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {}", path.display());
    None
}

fn holds(name: &str, run: impl Fn(&PathBuf) -> Result<Outcome, SuiteError>, total: usize) {
    let Some(path) = suite(name) else { return };
    let outcome = run(&path).expect("a readable suite");
    let first: Vec<_> = outcome.disagreements.iter().take(10).collect();
    assert!(outcome.holds(), "{outcome}: {first:#?}");
    assert_eq!(outcome.total, total);
}

#[test]
fn upstream_fixtures() {
    holds("suites/pss/pss-fixtures.tar.zst", |path| podsec::run_fixtures(path), 4537);
}

#[test]
fn recorded_pods() {
    holds("truth/podsec.jsonl.zst", |path| podsec::run_cases(path, None), 10329);
}

#[test]
fn recorded_odd_pods() {
    holds("truth/podsec-odd.jsonl.zst", |path| podsec::run_cases(path, None), 2749);
}

#[test]
fn recorded_token_files() {
    holds("truth/automount.jsonl.zst", |path| automount::run_cases(path), 800);
}

#[test]
fn refusals_are_worded_as_the_server_words_them() {
    let server = Some(KubeVersion::minor(36));
    for name in ["truth/podsec.jsonl.zst", "truth/podsec-odd.jsonl.zst"] {
        let Some(path) = suite(name) else { continue };
        let mut refusals = 0;
        each_line(&path, |line, case: serde_json::Value| {
            let text = |field: &str| case[field].as_str().expect("a text").to_owned();
            let Some(theirs) = case["message"].as_str() else { return Ok(()) };
            let mut object = Object::read(case["pod"].to_string().as_bytes()).expect("a pod");
            defaults::object(&mut object, server);
            let Object::Pod(pod) = object else { panic!("line {line} is no pod") };
            let (level, version) = (text("level"), text("version"));
            let found = evaluate(
                &pod.spec,
                &pod.metadata.annotations,
                level.parse().expect("a level"),
                version.parse().expect("a version"),
                server,
            );
            let ours = format!("\"{level}:{version}\": {}", refusal_message(&found));
            assert_eq!(ours, theirs, "{name} line {line}");
            refusals += 1;
            Ok(())
        })
        .expect("a readable recording");
        assert!(refusals > 1000, "{name} has {refusals} refusals");
    }
}
