//! `ringfort.yaml` and the environment: flag, then environment, then file, then default.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml");

/// A folder with the file, and an empty folder within it where the program runs.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, text: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("config-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a/b")).expect("a folder");
        std::fs::write(folder.join("ringfort.yaml"), text).expect("a file");
        Self(folder)
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
        command.current_dir(self.0.join("a/b")).args(arguments);
        command.envs(environment.iter().copied()).output().expect("the program starts")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn version(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    report["cluster"]["version"].as_str().expect("a version").to_owned()
}

#[test]
fn a_flag_beats_the_environment_and_that_the_file() {
    let place = Place::new("order", "k8s-version: \"1.30\"\nquiet: true\nformat: [json]\n");
    let file = place.run(&["scan", DEMO], &[]);
    assert_eq!(version(&file), "1.30");
    assert!(file.stderr.is_empty(), "the file says quiet");
    let environment = [("RINGFORT_K8S_VERSION", "1.31")];
    assert_eq!(version(&place.run(&["scan", DEMO], &environment)), "1.31");
    let flag = ["scan", DEMO, "--k8s-version", "1.32"];
    assert_eq!(version(&place.run(&flag, &environment)), "1.32");
}

#[test]
fn every_flag_is_in_the_environment() {
    let place = Place::new("environment", "");
    let environment = [("RINGFORT_FORMAT", "json"), ("RINGFORT_K8S_VERSION", "1.33")];
    assert_eq!(version(&place.run(&["scan", DEMO], &environment)), "1.33");
    let more = [("RINGFORT_MAX_CHANGES", "1"), ("RINGFORT_QUIET", "yes")];
    let plan = place.run(&["plan", DEMO], &more);
    let text = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(text.contains("plan: 1 changes"), "{text}");
    assert!(plan.stderr.is_empty());
}

#[test]
fn a_format_of_scan_says_nothing_to_a_question() {
    let shown = |place: &Place, environment: &[(&str, &str)], more: &[&str]| {
        let mut arguments = vec!["blast-radius", "sa/ops/deployer", "--cluster", DEMO];
        arguments.extend(more);
        let output = place.run(&arguments, environment);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let bare = Place::new("no-format", "quiet: true\n");
    let (_, plain) = shown(&bare, &[], &[]);
    assert!(plain.starts_with("sa/ops/deployer reaches\n"), "{plain}");
    assert_eq!(shown(&bare, &[("RINGFORT_FORMAT", "sarif")], &[]), (Some(0), plain.clone()));
    for format in ["sarif", "[sarif]", "[human, json=out.json]"] {
        let place = Place::new("formats", &format!("quiet: true\nformat: {format}\n"));
        assert_eq!(shown(&place, &[], &[]), (Some(0), plain.clone()), "{format}");
    }
    // What it knows it takes, and what is typed or said to it alone has to be known.
    let known = Place::new("known-format", "quiet: true\nformat: json\n");
    assert!(shown(&known, &[], &[]).1.starts_with('{'));
    assert_eq!(shown(&known, &[], &["-f", "sarif"]).0, Some(2));
    let own = Place::new("own-format", "quiet: true\nblast-radius: {format: sarif}\n");
    assert_eq!(shown(&own, &[], &[]).0, Some(2));
}

#[test]
fn what_means_nothing_is_named_with_its_file() {
    for (name, text, key) in [
        ("key", "formatt: json\n", "unknown key formatt"),
        ("cost", "costs: {labels: 3}\n", "unknown key costs.labels"),
        ("section", "scan: {goal: x}\n", "unknown key scan.goal"),
        ("zero", "costs: {label: 0}\n", "costs.label"),
        ("list", "k8s-version: [\"1.30\", \"1.31\"]\n", "k8s-version"),
        ("map", "quiet: {a: 1}\n", "quiet"),
        ("shape", "- scan\n", "not one mapping"),
        ("yaml", "a: [\n", "ringfort.yaml"),
    ] {
        let place = Place::new(name, text);
        let output = place.run(&["explain", "V1"], &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(key) && said.contains("ringfort.yaml"), "{name}: {said}");
        assert!(output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn a_section_is_for_its_command_and_a_flag_excludes_what_it_conflicts_with() {
    let text = "quiet: true\ncomplete: true\nk8s-version: \"1.36\"\nplan: {goal: [\"no path from sa/ops/deployer to impact/node\"], max-changes: 1}\n";
    let place = Place::new("section", text);
    let text = |arguments: &[&str]| {
        let output = place.run(arguments, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // --to and --goal exclude each other; the one that is typed wins.
    let typed = text(&["plan", DEMO, "--to", "impact/cluster-admin"]);
    let file = text(&["plan", DEMO]);
    assert!(typed.contains("plan: 1 changes"), "{typed}");
    assert_ne!(typed, file);
    let both = ["plan", DEMO, "--to", "impact/node", "--goal", "no path from internet to node/*"];
    assert_eq!(place.run(&both, &[]).status.code(), Some(2));
}

#[test]
fn costs_decide_what_a_plan_takes() {
    let cheap = Place::new("cheap", "quiet: true\ncomplete: true\nk8s-version: \"1.36\"\n");
    let dear = Place::new(
        "dear",
        "quiet: true\ncomplete: true\nk8s-version: \"1.36\"\ncosts: {label: 100, grant: 2, workload: 5, architecture: 120}\n",
    );
    let plan = |place: &Place| {
        let output = place.run(&["plan", DEMO], &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (with_labels, without) = (plan(&cheap), plan(&dear));
    assert!(with_labels.contains("enforce Pod Security"), "{with_labels}");
    assert!(!without.contains("enforce Pod Security"), "{without}");
    // The same costs hold for the fixes and the plan of a scan.
    let scan = dear.run(&["scan", DEMO, "-f", "json"], &[]);
    let report: Value = serde_json::from_slice(&scan.stdout).expect("JSON");
    assert!(without.contains(report["plan"]["summary"].as_str().expect("a line")), "{without}");
}

#[test]
fn a_number_is_what_is_written_and_a_key_stands_once() {
    let place = Place::new("numbers", "k8s-version: 1.30\nformat: [json]\nthreads: 1\n");
    assert_eq!(version(&place.run(&["scan", DEMO], &[])), "1.30");
    let text = "fail-on: [severity>=high]\nquiet: true\nfail-on: [coverage<1]\n";
    let twice = Place::new("twice", text).run(&["scan", DEMO], &[]);
    assert_eq!(twice.status.code(), Some(2));
    let said = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert!(said.contains("line 3") && said.contains("fail-on"), "{said}");
    let old = Place::new("minors", "k8s-version: 1.3\n").run(&["scan", DEMO], &[]);
    assert_eq!(old.status.code(), Some(2));
}

#[test]
fn a_misspelt_variable_is_wrong_usage() {
    let place = Place::new("misspelt", "");
    let wrong = place.run(&["scan", DEMO], &[("RINGFORT_FALI_ON", "severity>=high")]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("RINGFORT_FALI_ON") && said.contains("RINGFORT_FAIL_ON"), "{said}");
    let other = place.run(&["scan", DEMO, "-q"], &[("RINGFORT_SERVICE_PORT", "80")]);
    assert!(other.status.success() && other.stderr.is_empty());
    let script = place.run(&["scan", DEMO, "-q"], &[("RINGFORT_HOME", "/x")]);
    assert!(script.status.success());
    assert!(String::from_utf8_lossy(&script.stderr).contains("RINGFORT_HOME"));
}

#[test]
fn a_value_that_the_parser_refuses_is_blamed_on_the_key() {
    let said = |text: &str, typed: &[&str], environment: &[(&str, &str)]| {
        let place = Place::new("refused", text);
        let mut all = vec!["scan", DEMO];
        all.extend(typed);
        let output = place.run(&all, environment);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        text
    };
    for (text, key, value) in [
        ("threads: 999\n", "threads", "999"),
        ("check-timeout: 5\nscan: {check-timeout: soon}\n", "scan.check-timeout", "soon"),
        ("color: sometimes\n", "color", "sometimes"),
        ("complete: perhaps\n", "complete", "perhaps"),
    ] {
        let said = said(text, &[], &[]);
        assert!(said.contains(&format!("ringfort.yaml: {key}: ")), "{said}");
        assert!(said.contains(value), "{said}");
    }
    // What is typed, or in the environment, is no matter of the file.
    let typed = said("threads: 2\n", &["--threads", "997"], &[]);
    assert!(!typed.contains("ringfort.yaml") && typed.contains("997"), "{typed}");
    let both = said("threads: 997\n", &["--threads", "997"], &[]);
    assert!(!both.contains("ringfort.yaml"), "{both}");
    let variable = said("threads: 2\n", &[], &[("RINGFORT_THREADS", "996")]);
    assert!(!variable.contains("ringfort.yaml") && variable.contains("996"), "{variable}");
}

#[test]
fn progress_is_for_terminals() {
    let place = Place::new("progress", "");
    for typed in [&["demo"][..], &["demo", "--no-progress"]] {
        let output = place.run(typed, &[]);
        assert!(output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains('\r') && !said.contains("drawing"), "{said}");
    }
    let place = Place::new("no-progress", "no-progress: true\n");
    assert!(place.run(&["demo", "-q"], &[]).status.success());
}
