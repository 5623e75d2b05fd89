//! Filters, gates, baselines and exceptions as a pipeline meets them: exit codes and messages.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use ringfort_model::{Kind, WorkloadKind};
use ringfort_testkit::{Behaviour, Fault, Objects, Server};
use serde_json::Value;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let unique = MADE.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("gates-{}-{unique}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("app")).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a plain path").to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
        let output = command.current_dir(&self.0).args(arguments).output().expect("it starts");
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            said: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Scans `app` with its objects as all there are.
    fn scan(&self, more: &[&str]) -> Run {
        let all = ["scan", "app", "--complete", "--k8s-version", "1.36", "-f", "json"];
        self.run(&[&all, more].concat())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Run {
    code: Option<i32>,
    out: String,
    said: String,
}

impl Run {
    fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.said);
        for part in parts {
            assert!(self.said.contains(part), "{part} is missing: {}", self.said);
        }
    }

    fn report(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.said))
    }
}

/// A deployment with containers that are privileged or not.
fn deployment(namespace: &str, name: &str, annotations: &str, privileged: &[bool]) -> String {
    let containers: String = privileged
        .iter()
        .enumerate()
        .map(|(at, on)| {
            format!(
                "      - {{name: c{at}, image: registry.example/a:1, securityContext: {{privileged: {on}}}}}\n"
            )
        })
        .collect();
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\n\
         metadata: {{name: {name}, namespace: {namespace}, annotations: {{{annotations}}}}}\n\
         spec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
         metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n{containers}"
    )
}

fn finding<'r>(report: &'r Value, id: &str) -> &'r Value {
    let all = report["findings"].as_array().expect("findings");
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no {id} in {all:#?}"))
}

const ONLY: [&str; 2] = ["--checks", "RF-WKL-001"];

#[test]
fn words_that_name_nothing_are_wrong_usage() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    for (arguments, part) in [
        (vec!["--severity", "hihg"], "hihg"),
        (vec!["--severity", "high,"], "\"\""),
        (vec!["--namespace", "shpo"], "shpo"),
        (vec!["-n", "shop,ops*"], "ops*"),
        (vec!["--checks", "RF-WLK-001"], "RF-WLK-001"),
        (vec!["--fail-on", "severty>=high"], "severty>=high"),
        (vec!["--fail-on", "severity>=hihg"], "hihg"),
        (vec!["--fail-on", "coverage<0"], "coverage<0"),
        (vec!["--fail-on", "zone<0"], "zone<0"),
        (vec!["--fail-on", "zone.imapct<70"], "zone.imapct<70"),
        (vec!["--fail-on", "new-path"], "--baseline"),
        (vec!["--fail-on", "new-finding>=high"], "--baseline"),
        (vec!["-n", "shop", "-A"], "--all-namespaces"),
        (vec!["--registries", "http://foo/"], "http://foo/"),
        (vec!["--registries", "*"], "\"*\""),
        (vec!["--registries", "docker.io,*"], "\"*\""),
        (vec!["--registries", "docker.io,"], "\"\""),
        (vec!["--registries", "docker.io/a//b"], "docker.io/a//b"),
        (vec!["--threads", "257"], "257"),
        (vec!["-f", "sarif=./a.json", "-f", "csv=a.json"], "two formats"),
        (vec!["-f", "csv", "-f", "sarif=a", "-f", "junit=app/../a"], "two formats"),
    ] {
        let run = folder.scan(&arguments);
        run.expect(2, &[part]);
        assert!(run.out.is_empty(), "{arguments:?}");
    }
    let idle = folder.run(&["scan", "app", "-f", "csv=a.csv", "-o", "b.txt"]);
    idle.expect(2, &["--output b.txt"]);
    let good = ["--registries", "registry.example:5000/team/x,docker.io,[::1]:5000/"];
    assert_eq!(folder.scan(&good).code, Some(0));
}

/// Starts the program with a standard stream that cannot be written, and reads none of the other.
#[cfg(unix)]
fn deaf(folder: &Folder, arguments: &[&str], closed: bool) -> Option<i32> {
    use std::process::Stdio;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.current_dir(&folder.0).args(arguments).stderr(Stdio::null());
    if closed {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        command.stdout(writer);
    } else {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        command.stdout(Stdio::null()).stderr(full);
    }
    command.status().expect("it starts").code()
}

#[cfg(unix)]
#[test]
fn a_reader_that_is_gone_changes_neither_files_nor_the_exit_code() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    let gate = ["--complete", "--fail-on", "severity>=medium"];
    for format in ["human", "json", "csv"] {
        let asked = [&["scan", "app", "-f", format, "-f", "sarif=late.sarif"], &gate[..]].concat();
        assert_eq!(deaf(&folder, &asked, true), Some(3), "{format}");
        let late = folder.0.join("late.sarif");
        assert!(std::fs::metadata(&late).is_ok_and(|file| file.len() > 100), "{format}");
        std::fs::remove_file(late).expect("it is there");
    }
    let can = ["can", "user/a", "get", "pods", "--cluster", "app", "--complete", "--exit-code"];
    assert_eq!(deaf(&folder, &can, true), Some(3));
    assert_eq!(deaf(&folder, &[&["scan", "app"], &gate[..]].concat(), false), Some(3));
    assert_eq!(deaf(&folder, &["scan", "nowhere"], false), Some(1));
}

#[test]
fn filters_leave_out_and_say_so() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    folder.write("app/b.yaml", &deployment("ops", "tool", "", &[true]));
    let all = folder.scan(&[]).report();
    let of = |report: &Value| report["findings"].as_array().expect("findings").len() as u64;
    assert!(all["filter"].is_null());
    let shop = folder.scan(&["-n", "shop"]).report();
    assert!(of(&shop) > 0 && of(&shop) < of(&all));
    for one in shop["findings"].as_array().expect("findings") {
        let is_there = one["namespace"] == "shop" || one["name"] == "shop";
        assert!(is_there, "{one}");
    }
    assert_eq!(shop["filter"]["hidden"], of(&all) - of(&shop));
    let high = folder.scan(&["--severity", ">=high"]).report();
    assert!(of(&high) > 0 && of(&high) < of(&all));
    assert_eq!(high["filter"]["severities"], serde_json::json!(["high", "critical"]));
    // What is left out still counts in what the checks found, and for a gate.
    assert_eq!(high["checks"], all["checks"]);
    let run = folder.scan(&["--severity", "critical", "--fail-on", "severity>=low"]);
    run.expect(3, &["gate severity>=low failed"]);
}

#[test]
fn a_gate_fails_passes_or_is_undecided() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false]));
    let gate = ["--fail-on", "severity>=high", ONLY[0], ONLY[1]];
    folder.scan(&gate).expect(0, &["gate severity>=high passed"]);
    let report = folder.scan(&gate).report();
    assert_eq!(report["gates"][0]["state"], "passed");
    // Without a word that this is all there is, pods may exist that nobody listed.
    let silent = folder.run(&[&["scan", "app", "-q"], &gate[..]].concat());
    silent.expect(4, &["undecided", "pods were not listed", "--complete"]);
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false, true]));
    folder.scan(&gate).expect(3, &["failed", "RF-WKL-001 Deployment shop/web"]);
    // A finding is certain whatever else was not read.
    folder.run(&[&["scan", "app"], &gate[..]].concat()).expect(3, &["failed"]);
}

#[test]
fn a_check_that_is_not_evaluated_passes_no_gate() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false]));
    let id = ringfort_checks::checks::NOT_EVALUATED.first().expect("some are left");
    let run = folder.scan(&["--checks", id, "--fail-on", "severity>=info"]);
    run.expect(4, &["is undecided", id]);
}

#[test]
fn coverage_has_a_gate() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false]));
    let gate = ["--fail-on", "coverage<90", ONLY[0], ONLY[1]];
    folder.scan(&gate).expect(0, &["gate coverage<90 passed: 100% of kinds read, 100%"]);
    folder.run(&[&["scan", "app"], &gate[..]].concat()).expect(4, &["gate coverage<90"]);
}

#[test]
fn a_file_that_cannot_be_read_passes_no_gate() {
    for (name, text) in [
        ("broken.yaml", "apiVersion: v1\nkind: Pod\nspec: [\n"),
        ("template.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n"),
        ("list.json", "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"kind\""),
        ("utf16.yaml", "\u{feff}"),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: [1]}\n"),
        ("x.tar.gz", "no archive"),
    ] {
        let folder = Folder::new();
        folder.write("app/a.yaml", &deployment("shop", "web", "", &[false]));
        if name == "utf16.yaml" {
            std::fs::write(folder.0.join("app").join(name), [0xff, 0xfe, b'a', 0]).expect("a file");
        } else {
            folder.write(&format!("app/{name}"), text);
        }
        let run = folder.scan(&["--fail-on", "severity>=info", ONLY[0], ONLY[1]]);
        assert_eq!(run.code, Some(4), "{name}: {}", run.said);
    }
    // Files of other tools are none of ours.
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false]));
    folder.write("app/values.yaml", "replicas: 3\n");
    folder.write("app/notes.txt", "hello");
    folder.scan(&["--fail-on", "severity>=info", ONLY[0], ONLY[1]]).expect(0, &["passed"]);
}

#[test]
fn a_kind_that_the_server_refuses_passes_no_gate() {
    let folder = Folder::new();
    let scan = |faults: &[&str]| {
        let mut objects = Objects::new("v1.36.0");
        objects
            .add(r#"{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"n","uid":"n"}}]}"#)
            .expect("a list");
        let faults = faults.iter().map(|name| ((*name).to_owned(), Fault::Status(403))).collect();
        let behaviour = Behaviour { faults, ..Behaviour::default() };
        let server = Server::start(objects, behaviour).expect("a server");
        let file = folder.0.join("config");
        server.write_kubeconfig(&file).expect("a file");
        let gate = ["--fail-on", "severity>=info", ONLY[0], ONLY[1]];
        folder.run(&[&["scan", "--kubeconfig", "config"], &gate[..]].concat())
    };
    scan(&[]).expect(0, &["passed"]);
    scan(&["pods"]).expect(4, &["is undecided", "pods could not be read"]);
    scan(&["daemonsets"]).expect(4, &["is undecided", "daemonsets.apps could not be read"]);
}

/// A list of every kind that the model keeps, empty but for a node and a namespace.
fn empty_dump() -> Vec<(Kind, String)> {
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    let list = |kind: Kind| {
        let version = match kind.group() {
            "" => kind.version().to_owned(),
            group => format!("{group}/{}", kind.version()),
        };
        let items = match kind {
            Kind::Node | Kind::Namespace => {
                r#"{"metadata": {"name": "n", "uid": "n", "resourceVersion": "1"}}"#
            }
            _ => "",
        };
        let list = format!(
            r#"{{"apiVersion": "{version}", "kind": "{}List", "items": [{items}]}}"#,
            kind.name()
        );
        (kind, list)
    };
    workloads.chain(Kind::PLAIN.iter().copied()).map(list).collect()
}

#[test]
fn whichever_kind_is_missing_no_gate_passes_that_needs_it() {
    let folder = Folder::new();
    let lists = empty_dump();
    let file = |kind: Kind| format!("app/{}.json", ringfort_model::Coverage::key(kind));
    for (kind, list) in &lists {
        folder.write(&file(*kind), list);
    }
    let scan = |gate: &str| {
        folder.run(&["-q", "scan", "app", "--k8s-version", "1.36", "--fail-on", gate, "-f", "json"])
    };
    scan("severity>=critical").expect(0, &[]);
    let all = ringfort_checks::choose(None).expect("every check");
    let read: std::collections::BTreeSet<Kind> =
        all.checks.iter().flat_map(|check| check.reads).copied().collect();
    let by_pods = |kind: Kind| matches!(kind, Kind::Pod | Kind::Workload(_));
    let mut missed = 0;
    for (kind, list) in &lists {
        std::fs::remove_file(folder.0.join(file(*kind))).expect("it is there");
        let key = ringfort_model::Coverage::key(*kind);
        let needed = read.contains(kind) || by_pods(*kind);
        let run = scan("severity>=critical");
        assert_eq!(run.code, Some(if needed { 4 } else { 0 }), "{key}: {}", run.said);
        missed += usize::from(needed);
        // Scores rest on every kind.
        scan("coverage<100,zone<1")
            .expect(4, &["gate coverage<100 is undecided", "gate zone<1 is undecided", &key]);
        folder.write(&file(*kind), list);
    }
    assert!(missed > 15, "{missed}");
}

#[test]
fn zones_have_a_gate() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    let report = folder.scan(&[]).report();
    let score = |id: &str| {
        let zones = report["zones"].as_array().expect("zones");
        let zone = zones.iter().find(|zone| zone["id"] == id).expect("a zone");
        zone["score"].as_u64().expect("a score")
    };
    let impact = score("impact");
    assert!(impact > 0 && impact < 100, "{impact}");
    let gate = |text: String| folder.scan(&["--fail-on", &text]);
    let passed = gate(format!("zone.impact<{impact}"));
    passed.expect(0, &["passed: no score that is lower"]);
    let failed = gate(format!("zone.impact<{}", impact + 1));
    failed.expect(3, &["failed: one score that is lower", &format!("impact: {impact}, ")]);
    assert_eq!(failed.report()["gates"][0]["state"], "failed");
    gate("zone<100".to_owned()).expect(3, &["failed: 3 scores that are lower"]);
    gate(format!("zone < {}", impact + 1)).expect(3, &["failed"]);
    let lowest = ["initial-access", "in-cluster", "impact"].map(score).into_iter().min();
    gate(format!("zone<{}", lowest.expect("three"))).expect(0, &["passed"]);
    // Severities and namespaces that are shown change no score.
    let shown = ["--severity", "critical", "-n", "shop", "--fail-on"];
    let text = format!("zone.impact<{impact}");
    folder.scan(&[&shown[..], &[&text]].concat()).expect(0, &["passed"]);
}

#[test]
fn a_gate_on_zones_fails_closed() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    // Manifests are silent about other kinds: no score, whatever is asked for.
    let open = |gate: &str| folder.run(&["scan", "app", "--fail-on", gate, "-f", "json"]);
    let undecided = open("zone<1");
    undecided.expect(4, &["gate zone<1 is undecided", "say so with --complete"]);
    let zones = undecided.report()["zones"].clone();
    for zone in zones.as_array().expect("zones") {
        assert!(zone["score"].is_null() && zone["lost"].is_null(), "{zone}");
        assert!(zone["coverage"].as_u64().is_some_and(|known| known < 100), "{zone}");
    }
    // What is certain already leaves less than all, whatever else there is.
    let bound = zones[1]["at_most"].as_u64().expect("a bound");
    open(&format!("zone.in-cluster<{bound}")).expect(4, &["is undecided"]);
    // A file that is no object may hold anything.
    folder.write("app/b.yaml", "a: [\n");
    folder.scan(&["--fail-on", "zone<1"]).expect(4, &["was not read in full"]);
}

#[test]
fn the_file_and_the_environment_set_gates() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    folder.write("ringfort.yaml", "scan: {fail-on: [\"severity>=high\", \"coverage<1\"]}\n");
    folder.scan(&ONLY).expect(3, &["gate severity>=high failed", "gate coverage<1 passed"]);
    folder.write("ringfort.yaml", "scan: {fail-on: \"severty>=high\"}\n");
    folder.scan(&ONLY).expect(2, &["severty>=high"]);
    folder.write("ringfort.yaml", "scan: {fail_on: \"severity>=high\"}\n");
    folder.scan(&ONLY).expect(2, &["unknown key scan.fail_on"]);
}

#[test]
fn a_baseline_that_cannot_be_read_is_no_empty_one() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    let gate = |file: &str| folder.scan(&["--fail-on", "new-finding", "--baseline", file]);
    gate("none.json").expect(1, &["cannot read the baseline none.json"]);
    folder.write("empty.json", "");
    gate("empty.json").expect(1, &["the baseline empty.json cannot be used"]);
    folder.write("half.json", &folder.scan(&[]).out[..5000]);
    gate("half.json").expect(1, &["the baseline half.json cannot be used"]);
    folder.write("other.json", "{\"schema\": \"trivy/2\", \"findings\": []}");
    gate("other.json").expect(1, &["trivy/2"]);
    folder.write("filtered.json", &folder.scan(&["--severity", "critical"]).out);
    gate("filtered.json").expect(2, &["--severity"]);
}

#[test]
fn findings_are_new_worse_unchanged_or_fixed() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    folder.write("before.json", &folder.scan(&ONLY).out);
    let both = ["--checks", "RF-WKL-001,RF-WKL-002"];
    folder.write("both.json", &folder.scan(&both).out);
    let gate = ["--fail-on", "new-finding", "--baseline", "before.json", ONLY[0], ONLY[1]];
    let same = folder.scan(&gate);
    same.expect(0, &["0 new, 0 worse, 1 unchanged, 0 fixed findings"]);
    assert_eq!(finding(&same.report(), "RF-WKL-001")["change"], "unchanged");
    // A good container before the bad one moves it, which changes nothing.
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false, true]));
    folder.scan(&gate).expect(0, &["1 unchanged"]);
    // A second bad container is more of the same finding.
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true, true]));
    let worse = folder.scan(&gate);
    worse.expect(3, &["1 worse", "RF-WKL-001 Deployment shop/web"]);
    assert_eq!(finding(&worse.report(), "RF-WKL-001")["change"], "worse");
    // Another object.
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    folder.write("app/b.yaml", &deployment("shop", "api", "", &[true]));
    folder.scan(&gate).expect(3, &["1 new", "Deployment shop/api"]);
    // Gone.
    std::fs::remove_file(folder.0.join("app/b.yaml")).expect("it is there");
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false]));
    let fixed = folder.scan(&gate);
    fixed.expect(0, &["1 fixed findings"]);
    assert_eq!(fixed.report()["baseline"]["fixed"][0]["object"], "Deployment shop/web");
    // Gone from what is no longer known in full is not fixed.
    let silent = folder.run(&[&["scan", "app", "-f", "json"], &gate[..]].concat());
    silent.expect(4, &["0 fixed findings"]);
    assert_eq!(silent.report()["baseline"]["undecided"][0]["id"], "RF-WKL-001");
    // Of a check that is not asked for, nothing is said.
    let other = ["--baseline", "both.json", "--checks", "RF-WKL-002"];
    folder.scan(&other).expect(0, &["0 new, 0 worse, 0 unchanged, 0 fixed findings"]);
}

#[test]
fn new_paths_fail_their_gate_unless_excepted() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml");
    let folder = Folder::new();
    let scan = |more: &[&str]| {
        let all = ["scan", demo, "--complete", "--k8s-version", "1.36", "-f", "json"];
        folder.run(&[&all, more].concat())
    };
    let now = scan(&[]).out;
    folder.write("now.json", &now);
    let gate = ["--fail-on", "new-path", "--baseline"];
    scan(&[&gate[..], &["now.json"]].concat()).expect(0, &["gate new-path passed", "0 new"]);
    // The same cluster, as it was before one of its ways was open.
    let mut before: Value = serde_json::from_str(&now).expect("JSON");
    let lost = before["connected"].as_array_mut().expect("pairs").remove(0);
    folder.write("before.json", &before.to_string());
    let run = scan(&[&gate[..], &["before.json"]].concat());
    let to = lost["to"].as_str().expect("a target");
    run.expect(3, &["gate new-path failed", to]);
    let count = lost["from"].as_array().expect("ways in").len();
    assert_eq!(run.report()["baseline"]["new_paths"].as_array().map(Vec::len), Some(count));
    folder.write(
        "exceptions.yaml",
        &format!("- {{path: {{from: \"*\", to: {to}}}, reason: known}}\n"),
    );
    let excepted = ["before.json", "--exceptions", "exceptions.yaml"];
    let run = scan(&[&gate[..], &excepted].concat());
    run.expect(0, &["gate new-path passed"]);
    let report = run.report();
    let paths = report["paths"].as_array().expect("paths");
    let marked = paths.iter().filter(|path| path["to"] == to);
    assert!(marked.clone().count() > 0);
    assert!(marked.clone().all(|path| path["excepted"]["reason"] == "known"));
    // Without the whole cluster, no path is no news.
    let all = ["scan", "partial.yaml", "-f", "json"];
    folder.write("partial.yaml", &deployment("shop", "web", "", &[false]));
    let run = folder.run(&[&all, &gate[..], &["now.json"]].concat());
    run.expect(4, &["gate new-path is undecided"]);
}

#[test]
fn exceptions_cover_until_they_expire() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    let scan = |text: &str| {
        folder.write("e.yaml", text);
        let gate = ["--fail-on", "severity>=info", "--exceptions", "e.yaml"];
        folder.scan(&[&gate[..], &ONLY].concat())
    };
    let run = scan(
        "exceptions:\n- id: RF-WKL-*\n  object: Deployment shop/*\n  reason: debugging\n  owner: team-a\n  expires: 2999-12-31\n",
    );
    run.expect(0, &["passed"]);
    let report = run.report();
    let excepted = &finding(&report, "RF-WKL-001")["excepted"];
    assert_eq!(excepted["reason"], "debugging");
    assert_eq!(
        (&excepted["owner"], &excepted["expires"]),
        (&"team-a".into(), &"2999-12-31".into())
    );
    assert_eq!(report["exceptions"][0]["state"], "used");
    let run = scan("- {id: RF-WKL-001, reason: x, expires: 2020-01-01}\n");
    run.expect(3, &["exception RF-WKL-001 * is expired"]);
    let run = scan("- {id: RF-WKL-001, object: Deployment ops/*, reason: x}\n");
    run.expect(3, &["exception RF-WKL-001 Deployment ops/* is unused"]);
}

#[test]
fn exceptions_that_cannot_be_used_end_the_run() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    let scan = |file: &str| folder.scan(&["--exceptions", file]);
    scan("none.yaml").expect(1, &["cannot read the exceptions none.yaml"]);
    for (text, code, part) in [
        ("a: [\n", 1, "no YAML"),
        ("", 1, "empty"),
        ("- {id: RF-WKL-001}\n", 1, "reason"),
        ("- {id: RF-WKL-001, reason: x, until: 2027-01-01}\n", 1, "until"),
        ("- {id: RF-WKL-001, reason: x, expires: tomorrow}\n", 1, "tomorrow"),
        ("ignore:\n- RF-WKL-001\n", 1, "not a list of exceptions"),
        ("- {id: RF-WLK-001, reason: x}\n", 2, "RF-WLK-001"),
    ] {
        folder.write("e.yaml", text);
        let run = scan("e.yaml");
        run.expect(code, &[part, "e.yaml"]);
        assert!(run.out.is_empty(), "{text}");
    }
    // The configuration file holds them as well.
    let gate = ["--fail-on", "severity>=info", ONLY[0], ONLY[1]];
    folder.write("ringfort.yaml", "exceptions: [{id: RF-WKL-001, reason: x}]\n");
    folder.scan(&gate).expect(0, &["passed"]);
    folder.write("ringfort.yaml", "exceptions: [{id: RF-WKL-001}]\n");
    folder.scan(&gate).expect(2, &["ringfort.yaml", "exceptions"]);
    folder.write("e.yaml", "- {id: RF-WKL-001, reason: x}\n");
    folder.write("ringfort.yaml", "exceptions: e.yaml\n");
    folder.scan(&gate).expect(0, &["passed"]);
}

#[test]
fn annotations_are_exceptions_of_their_object() {
    let folder = Folder::new();
    let scan = |annotations: &str| {
        folder.write("app/a.yaml", &deployment("shop", "web", annotations, &[true]));
        folder.scan(&["--fail-on", "severity>=info", ONLY[0], ONLY[1]])
    };
    let run = scan("ringfort.dev/ignore.RF-WKL-001: \"needs the host\"");
    run.expect(0, &["passed"]);
    let excepted = finding(&run.report(), "RF-WKL-001")["excepted"].clone();
    assert_eq!(excepted["source"], "annotation");
    assert_eq!(excepted["reason"], "needs the host");
    scan("ringfort.dev/ignore.RF-WKL-001: x, ringfort.dev/ignore-until: \"2020-01-01\"")
        .expect(3, &["is expired"]);
    scan("ringfort.dev/ignore.RF-WKL-001: x, ringfort.dev/ignore-until: \"2999-01-01\"")
        .expect(0, &["passed"]);
    scan("ringfort.dev/ignore.RF-WKL-001: x, ringfort.dev/ignore-until: later")
        .expect(3, &["is invalid", "later"]);
    scan("ringfort.dev/ignore.RF-WKL-001: \"\"").expect(3, &["is invalid", "reason"]);
    scan("ringfort.dev/ignore.RF-WLK-001: x").expect(3, &["is invalid", "RF-WLK-001"]);
    let run = scan("ringfort.dev/ignore.RF-WKL-002: x");
    run.expect(3, &["failed"]);
    assert_eq!(run.report()["exceptions"][0]["state"], "not-asked");
    let run = folder.scan(&["--checks", "RF-WKL-002"]);
    run.expect(0, &["exception RF-WKL-002 Deployment shop/web is unused"]);
}

#[test]
fn what_is_empty_or_does_not_read() {
    let folder = Folder::new();
    let gated = |folder: &Folder| folder.scan(&["--fail-on", "severity>=high", ONLY[0], ONLY[1]]);
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[false]));
    folder.write("app/nothing.yaml", "");
    gated(&folder).expect(0, &[]);
    // An object of a kind that the check does not ask for.
    let bad = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: shop}\ndata: 7\n";
    folder.write("app/b.yaml", bad);
    gated(&folder).expect(4, &["was not read in full"]);
    // In what a server wrote, a file without anything is one that broke off.
    let folder = Folder::new();
    let list = r#"{"apiVersion": "v1", "kind": "NamespaceList", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "uid": "u"}}]}"#;
    folder.write("app/n.json", list);
    gated(&folder).expect(0, &[]);
    folder.write("app/pods.yaml", "");
    gated(&folder).expect(4, &[]);
    // A cluster that was listed and has nothing is a cluster.
    let folder = Folder::new();
    folder.write("app/all.json", r#"{"apiVersion": "v1", "kind": "List", "items": []}"#);
    let none = folder.scan(&[]);
    none.expect(0, &[]);
    assert_eq!(none.report()["zones"].as_array().map(Vec::len), Some(3));
    folder.run(&["scan", "app"]).expect(1, &["no Kubernetes object"]);
}

#[test]
fn what_is_filtered_out_is_told_at_the_prompt() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    let human = ["scan", "app", "--complete", "--severity", "critical"];
    let run = folder.run(&human);
    let line = run.out.lines().find(|line| line.starts_with("Findings:")).expect("a line");
    assert!(line.starts_with("Findings: none (") && line.contains(" filtered out)"), "{line}");
    folder.write("broken.json", "{");
    let run = folder.scan(&["--baseline", "broken.json"]);
    run.expect(1, &["is no report"]);
    assert_eq!(run.said.matches("EOF while parsing").count(), 1, "{}", run.said);
}

#[test]
fn a_baseline_of_other_checks_is_wrong_usage() {
    let folder = Folder::new();
    folder.write("app/a.yaml", &deployment("shop", "web", "", &[true]));
    folder.write("few.json", &folder.scan(&ONLY).out);
    let against = |more: &[&str]| {
        let run =
            folder.scan(&[&["--baseline", "few.json", "--fail-on", "new-finding"], more].concat());
        (run.code, run.said)
    };
    assert_eq!(against(&ONLY).0, Some(0));
    let (code, said) = against(&[]);
    assert!(code == Some(2) && said.contains("--checks") && said.contains("more"), "{said}");
    let (code, said) = against(&["--checks", "RF-WKL-001,RF-WKL-002"]);
    assert!(code == Some(2) && said.contains("RF-WKL-002 did not run"), "{said}");
}

#[test]
fn annotations_of_ours_that_mean_nothing_are_named() {
    let folder = Folder::new();
    let web = |annotations: &str, template: &str| {
        let text = deployment("shop", "web", annotations, &[true]);
        let labels = "labels: {app: web}}\n    spec";
        let more = format!("labels: {{app: web}}, annotations: {{{template}}}}}\n    spec");
        folder.write("app/a.yaml", &text.replace(labels, &more));
        let report = folder.scan(&ONLY).report();
        let states = report["exceptions"].as_array().expect("exceptions").clone();
        let said = |one: &Value| format!("{} {}", one["state"], one["id"]).replace('"', "");
        states.iter().map(said).collect::<Vec<_>>()
    };
    let ignore = "ringfort.dev/ignore.RF-WKL-001: why";
    assert_eq!(
        web(&format!("{ignore}, ringfort.dev/ignore-untl: \"2020-01-01\""), ""),
        ["used RF-WKL-001", "invalid ringfort.dev/ignore-untl"]
    );
    assert_eq!(web("ringfort.dev/ignore: why", ""), ["invalid ringfort.dev/ignore"]);
    let until = |day: &str| format!("ringfort.dev/ignore-until: \"{day}\"");
    assert_eq!(web(ignore, &until("2020-01-01")), ["expired RF-WKL-001"], "the template's day");
    assert_eq!(web(&until("2020-01-01"), ignore), ["expired RF-WKL-001"], "the object's day");
    let both = format!("{ignore}, {}", until("2999-01-01"));
    assert_eq!(web(&both, &until("2020-01-01")), ["expired RF-WKL-001"], "the earlier");
    assert_eq!(web(&both, ""), ["used RF-WKL-001"]);
}

/// A manifest of a kind that is not read, with a pod in it.
fn rollout(meta: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: r, namespace: a{meta}}}\n\
         spec:\n  template:\n    spec:\n      hostPID: true\n      \
         containers: [{{name: c, image: registry.example/a:1}}]\n"
    )
}

#[test]
fn what_makes_pods_and_is_not_judged_leaves_gates_undecided() {
    let read = deployment("a", "d", "", &[false]);
    let typo = read.replace("kind: Deployment", "kind: deployment");
    let group = read.replace("apiVersion: apps/v1", "apiVersion: v1");
    assert!(typo != read && group != read, "{read}");
    for (text, gap) in
        [(rollout(""), "Rollout a/r"), (typo, "deployment a/d"), (group, "Deployment a/d")]
    {
        let folder = Folder::new();
        folder.write("app/x.yaml", &text);
        folder.write("app/n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n");
        let run = folder.scan(&["--fail-on", "severity>=low", "--checks", "RF-WKL-00*"]);
        run.expect(4, &["is undecided", "not read in full"]);
        let report = run.report();
        let gaps = report["gaps"].as_array().expect("a list");
        let told = gaps.iter().find(|one| one["subject"] == gap).expect(gap);
        let reason = told["reason"].to_string();
        assert!(reason.contains("is not judged"), "{reason}");
        let checks = report["checks"].as_array().expect("a list");
        assert!(checks.iter().all(|one| one["status"] != "pass"), "{checks:?}");
    }
    // What a server holds makes pods that are read themselves.
    let folder = Folder::new();
    folder.write("app/x.yaml", &rollout(", uid: u"));
    folder.scan(&["--fail-on", "severity>=low", "--checks", "RF-WKL-00*"]).expect(0, &["passed"]);
}
