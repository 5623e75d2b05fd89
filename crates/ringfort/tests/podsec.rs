//! `ringfort podsec` as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn podsec(source: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.args(["-q", "podsec", "--cluster"]).arg(source).args(arguments);
    command.output().expect("the program starts")
}

fn source(name: &str, objects: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("podsec-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let path = folder.join("all.json");
    let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{objects}]}}"#);
    std::fs::write(&path, list).expect("the file can be written");
    std::fs::write(
        folder.join("version.json"),
        r#"{"major":"1","minor":"36","gitVersion":"v1.36.2"}"#,
    )
    .expect("the file can be written");
    std::fs::write(folder.join("complete.json"), r#"{"complete":true,"not_listed":[]}"#)
        .expect("the file can be written");
    folder
}

const TWO: &str = r#"
    {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","uid":"1"}},
    {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"2"},
     "spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running"}},
    {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"old","uid":"3","labels":{
     "pod-security.kubernetes.io/enforce":"baseline"}}},
    {"apiVersion":"v1","kind":"Pod","metadata":{"name":"agent\u001b[2J","namespace":"old","uid":"4"},
     "spec":{"hostPID":true,"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running"}}"#;

#[test]
fn levels_holders_violations_and_the_patch() {
    let source = source("two", TWO);
    let output = podsec(&source, &[]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success());
    for line in [
        "ns/old  enforce baseline:latest  audit privileged  warn baseline:latest",
        "  satisfies privileged at latest (1 pods, 0 templates)",
        "  it alone: without it the namespace satisfies restricted",
        "  labelled but violated by 1 live pods:",
        "ns/shop  enforce privileged  audit privileged  warn privileged",
        "  satisfies baseline at latest (1 pods, 0 templates)",
        "  could enforce baseline today:",
        "    kubectl label --overwrite namespace shop \
         pod-security.kubernetes.io/enforce=baseline \
         pod-security.kubernetes.io/enforce-version=v1.36",
        "      name: \"shop\"",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "names cannot move the cursor");
    assert!(text.contains("pod/old/agent\\u{1b}[2J: hostNamespaces"), "{text}");
}

#[test]
fn json_says_the_same() {
    let source = source("json", TWO);
    let output = podsec(&source, &["-n", "shop", "-f", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let all = report["namespaces"].as_array().expect("a list");
    assert_eq!(all.len(), 1);
    let shop = &all[0];
    assert_eq!(shop["id"], "ns/shop");
    assert_eq!(shop["satisfies"]["level"], "baseline");
    assert_eq!(shop["held_down_by"][0]["id"], "pod/shop/web");
    assert_eq!(shop["patch"]["labels"]["pod-security.kubernetes.io/enforce"], "baseline");
}

#[test]
fn a_namespace_that_does_not_exist_is_wrong_usage() {
    let output = podsec(&source("none", TWO), &["-n", "gone"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("namespace gone does not exist"), "{error}");
}
