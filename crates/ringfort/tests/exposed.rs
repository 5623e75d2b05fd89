//! `ringfort exposed` and `ringfort verify exposure` as a user runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn ringfort(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.arg("-q").args(arguments).output().expect("the program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn source(name: &str, objects: &Value) -> PathBuf {
    let file = format!("{name}-{}.json", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, objects.to_string()).expect("the file can be written");
    path
}

fn objects() -> Value {
    json!({"kind": "List", "apiVersion": "v1", "items": [
        {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "shop", "uid": "1"}},
        {"kind": "Service", "apiVersion": "v1",
         "metadata": {"name": "evil\u{1b}[2J\nname", "namespace": "shop", "uid": "2"},
         "spec": {"type": "LoadBalancer", "selector": {"app": "web"},
            "ports": [{"port": 80, "protocol": "TCP"}]},
         "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}},
        {"kind": "Service", "apiVersion": "v1",
         "metadata": {"name": "wrong", "namespace": "shop", "uid": "3"},
         "spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/40"],
            "ports": [{"port": 81}]}},
        {"kind": "Pod", "apiVersion": "v1",
         "metadata": {"name": "web-1", "namespace": "shop", "uid": "4", "labels": {"app": "web"}},
         "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x:1"}]},
         "status": {"phase": "Running"}},
    ]})
}

#[test]
fn listeners_services_and_pods_are_listed_with_their_reason() {
    let path = source("exposed", &objects());
    let path = path.to_str().expect("a plain path");
    let output = ringfort(&["exposed", "--cluster", path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.contains(&0x1b), "{}", text(&output));
    let shown = text(&output);
    let first: Vec<&str> = shown.lines().take(3).collect();
    assert!(first[0].starts_with("public       load-balancer   Service shop/evil"), "{shown}");
    assert!(first[0].ends_with("80/TCP  on 203.0.113.9"), "{shown}");
    assert!(first[1].ends_with("-> 1 pod: Pod shop/web-1"), "{shown}");
    assert!(first[2].contains("status.loadBalancer.ingress[].ip = 203.0.113.9"), "{shown}");
    assert!(
        shown.contains("error  Service shop/wrong  spec.loadBalancerSourceRanges: \"10.0.0.0/40\""),
        "{shown}"
    );
    assert!(shown.ends_with("2 listeners: 1 public, 0 allow-listed, 1 unknown, 0 internal\n"));
}

#[test]
fn json_holds_intent_fact_and_verdict() {
    let path = source("exposed-json", &objects());
    let path = path.to_str().expect("a plain path");
    let output = ringfort(&["exposed", "--cluster", path, "-f", "json", "-n", "shop"]);
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let first = &all["listeners"][0];
    assert_eq!(first["verdict"]["reach"], "public");
    assert_eq!(first["fact"]["reach"], "public");
    assert_eq!(first["intent"]["reach"], "unknown");
    assert_eq!(first["pods"], json!(["pod/shop/web-1"]));
    assert_eq!(all["notes"][0]["field"], "spec.loadBalancerSourceRanges");
    let wrong = ringfort(&["exposed", "--cluster", path, "-n", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong));
}

#[test]
fn the_table_agrees_and_a_wrong_row_is_told() {
    let table =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../ringfort-verify/data/exposure.jsonl");
    let output = ringfort(&["verify", "exposure", "--cases", table.to_str().expect("plain")]);
    assert!(output.status.success(), "{}", text(&output));
    let rows = std::fs::read_to_string(&table).expect("the table");
    let count = rows.lines().count();
    assert!(text(&output).ends_with(&format!("agree {count} of {count}\n")), "{}", text(&output));
    let first = rows.lines().next().expect("a row").replace("\"reach\":\"", "\"reach\":\"not-");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exposure-wrong.jsonl");
    std::fs::write(&file, first).expect("the file can be written");
    let output = ringfort(&["verify", "exposure", "--cases", file.to_str().expect("plain")]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).ends_with("agree 0 of 1\n"), "{}", text(&output));
}

#[test]
fn all_suites_skip_what_is_missing_and_fail_for_what_is_broken() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("all-suites");
    std::fs::create_dir_all(root.join("truth")).expect("made");
    let table = root.join("truth/automount.jsonl.zst");
    let _ = std::fs::remove_file(&table);
    let place = root.to_str().expect("plain");
    let output = ringfort(&["verify", "all", "--suites", place]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let own = said.lines().find(|line| line.starts_with("exposure: ")).expect("our own table");
    let counts = own.strip_prefix("exposure: ").and_then(|rest| rest.strip_suffix(" [own]"));
    assert_eq!(said.lines().last(), counts, "{said}");
    assert_eq!(said.matches("skipped, no ").count(), 13, "{said}");
    std::fs::write(&table, "no zstd").expect("written");
    let output = ringfort(&["verify", "all", "--json", "--suites", place]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let named = |name: &str| {
        let mut suites = all.as_array().expect("a list").iter();
        suites.find(|one| one["suite"] == name).expect("the suite").clone()
    };
    assert!(named("automount")["error"].is_string());
    assert!(named("vap")["skipped"].is_string());
    let own = named("exposure");
    assert_eq!((&own["commit"], &own["agree"]), (&json!("own"), &own["total"]));
    assert_eq!((&own["disagreements"], &own["not_covered"]), (&json!([]), &json!([])));
    let output = ringfort(&["verify", "all", "--suites", "no-such-folder"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}
