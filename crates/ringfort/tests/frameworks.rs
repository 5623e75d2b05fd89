//! `scan --framework` as a user sees it: states, figures, files of one's own, wrong words.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml");

fn scan(arguments: &[&str]) -> Output {
    let fixed = ["-q", "scan", DEMO, "--k8s-version", "1.36"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.args(fixed).args(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn frameworks(arguments: &[&str]) -> Vec<Value> {
    let output = scan(&[arguments, &["-f", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report["frameworks"].as_array_mut().map(std::mem::take).expect("frameworks")
}

fn state<'a>(framework: &'a Value, id: &str) -> &'a str {
    let controls = framework["controls"].as_array().expect("controls");
    let found = controls.iter().find(|one| one["id"] == id).expect("the control exists");
    found["state"].as_str().expect("a state")
}

/// A file of this test's own.
fn file(name: &str, body: &str) -> PathBuf {
    let name = format!("frameworks-{}-{name}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, body).expect("a file");
    path
}

fn own(controls: &str) -> String {
    format!(
        "schema: ringfort.framework/1\nid: own\ntitle: \"Ours \\e[2J<b>\"\nversion: '1'\ndate: 2026-01-31\ncontrols:\n{controls}"
    )
}

#[test]
fn controls_are_judged_by_what_the_checks_found() {
    let found = frameworks(&["--complete", "--framework", "pss-1.36", "--framework", "cis-*"]);
    assert_eq!(found.len(), 2);
    let (pss, cis) = (&found[0], &found[1]);
    // The demonstration has a privileged workload, and none in a namespace of its node.
    assert_eq!(state(pss, "privileged"), "fail");
    assert_eq!(state(pss, "hostNamespaces"), "pass");
    assert_eq!(state(pss, "hostProbesAndHostLifecycle"), "unknown");
    assert_eq!(state(cis, "5.2.2"), "fail");
    assert_eq!(state(cis, "5.2.3"), "pass");
    assert_eq!(state(cis, "1.2.1"), "unknown");
    assert_eq!(state(cis, "1.1.1"), "not-covered");
    for one in &found {
        let of = |name: &str| one["counts"][name].as_u64().expect("a number");
        let (pass, fail, unknown) = (of("pass"), of("fail"), of("unknown"));
        assert_eq!(one["score"], pass * 100 / (pass + fail + unknown));
        let all = pass + fail + unknown + of("not_covered");
        assert_eq!(one["coverage"], (pass + fail) * 100 / all);
        let controls = one["controls"].as_array().expect("controls").len() as u64;
        assert_eq!(controls, all + of("not_applicable"));
    }
}

#[test]
fn what_was_not_read_or_not_run_never_passes() {
    // Manifests are silent about the kinds that they do not hold.
    for one in frameworks(&["--framework", "*"]) {
        assert_eq!(one["counts"]["pass"], 0, "{}", one["id"]);
    }
    let narrow = frameworks(&["--complete", "--checks", "RF-WKL-002", "--framework", "cis-1.12"]);
    assert_eq!(state(&narrow[0], "5.2.3"), "pass");
    assert_eq!(state(&narrow[0], "5.2.2"), "unknown");
    assert_eq!(narrow[0]["counts"]["pass"], 1);
}

#[test]
fn a_file_is_judged_like_the_others_and_shown_without_harm() {
    let path = file(
        "own.yaml",
        &own(
            "- {id: a, title: t, checks: [RF-WKL-001]}\n- {id: b, title: t, checks: [RF-WKL-002]}\n- {id: c, title: t}\n",
        ),
    );
    let path = path.to_str().expect("a plain path");
    let found = frameworks(&["--complete", "--framework", path]);
    assert_eq!(["a", "b", "c"].map(|id| state(&found[0], id)), ["fail", "pass", "not-covered"]);
    assert_eq!((&found[0]["score"], &found[0]["coverage"]), (&50.into(), &66.into()));
    for (format, wanted, never) in [
        ("human", "score 50 of 100, coverage 66%", "\u{1b}[2J"),
        ("markdown", "| 50 of 100 | 66% |", "\u{1b}"),
        ("html", "Score 50 of 100, coverage 66%", "<b>"),
    ] {
        let output = scan(&["--complete", "--framework", path, "-f", format, "--color", "never"]);
        let shown = text(&output.stdout);
        assert!(shown.contains(wanted), "{format}: {shown}");
        assert!(!shown.contains(never), "{format}: {shown}");
    }
}

#[test]
fn wrong_frameworks_are_refused_with_the_place() {
    let broken = file("broken.yaml", &own("- {id: a}\n"));
    let check = file("check.yaml", &own("- {id: a, title: t, checks: [RF-WLK-001]}\n"));
    let two = file("two.yaml", &own("- {id: a, title: t}\n"));
    let other = file("other.yaml", &own("- {id: b, title: t}\n"));
    let both = format!("{},{}", two.display(), other.display());
    for (word, code, said) in [
        ("cis", 2, "--framework cis: neither a file nor one of"),
        ("", 2, "neither a file"),
        (check.to_str().expect("plain"), 2, "controls[0] (a): no check has the id RF-WLK-001"),
        (broken.to_str().expect("plain"), 1, "controls[0] (a): missing field `title`"),
        (&both, 2, "two frameworks have the id own"),
    ] {
        let output = scan(&["--framework", word]);
        assert_eq!(output.status.code(), Some(code), "{word}");
        assert!(output.stdout.is_empty(), "{word}");
        let error = text(&output.stderr);
        assert!(error.contains(said), "{word}: {error}");
    }
    assert_eq!(frameworks(&["--framework", two.to_str().expect("plain")]).len(), 1);
}
