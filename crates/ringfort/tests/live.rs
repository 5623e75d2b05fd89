//! The program on a live cluster: the test server, and any real one that is offered.

use std::process::Command;

use ringfort_testkit::{Behaviour, Objects, Server};
use serde_json::Value;

fn ringfort(arguments: &[&str]) -> (Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(arguments)
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (serde_json::from_slice(&output.stdout).expect("the report is JSON"), said)
}

#[test]
fn the_current_context_is_the_source_unless_one_is_given() {
    let mut objects = Objects::new("v1.36.2");
    objects
        .add(r#"{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"n","uid":"n"}}]}"#)
        .expect("a list");
    let server = Server::start(objects, Behaviour::default()).expect("a server");
    let path = std::env::temp_dir().join(format!("ringfort-scan-{}", std::process::id()));
    server.write_kubeconfig(&path).expect("a file");
    let file = path.to_str().expect("a plain path");
    let (report, said) = ringfort(&["scan", "--kubeconfig", file, "-f", "json"]);
    assert_eq!(report["cluster"]["nodes"], 1, "{report}");
    assert!(said.contains("live cluster at https://127.0.0.1"), "{said}");
    let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(["scan", "-f", "json"])
        .env("KUBECONFIG", file)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let clash = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(["scan", file, "--kubeconfig", file])
        .output()
        .expect("the program starts");
    assert_eq!(clash.status.code(), Some(2));
    std::fs::remove_file(path).expect("it was written");
}

/// Set `RINGFORT_E2E_KUBECONFIG` to scan a real cluster.
#[test]
fn a_real_cluster_that_is_offered() {
    let Ok(file) = std::env::var("RINGFORT_E2E_KUBECONFIG") else {
        println!("skipped: RINGFORT_E2E_KUBECONFIG is not set");
        return;
    };
    let (report, said) = ringfort(&["scan", "--kubeconfig", &file, "-f", "json"]);
    assert!(report["cluster"]["namespaces"].as_u64() > Some(0), "{said}");
    assert!(!report["coverage"].is_null());
}
