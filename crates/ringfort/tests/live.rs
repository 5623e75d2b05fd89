//! The program on a live cluster: the test server, and any real one that is offered.

use std::collections::BTreeMap;
use std::process::{Command, Output};

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

const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The demo's objects on a server.
fn demo() -> Objects {
    let mut objects = Objects::new("v1.36.0");
    for document in include_str!("../src/demo.yaml").split("\n---\n").skip(1) {
        objects.add(document).expect("an object");
    }
    objects
}

fn plan(server: &Server, name: &str, arguments: &[&str]) -> (std::path::PathBuf, Output) {
    let base = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("live-plan-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&base);
    std::fs::create_dir_all(&base).expect("a folder");
    let config = base.join("config");
    server.write_kubeconfig(&config).expect("a file");
    let folder = base.join("plan");
    let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(["plan", "--kubeconfig"])
        .arg(config)
        .arg("-o")
        .arg(&folder)
        .args(arguments)
        .output()
        .expect("the program starts");
    (folder, output)
}

#[test]
fn without_being_asked_nothing_but_get_is_sent() {
    let server = Server::start(demo(), Behaviour::default()).expect("a server");
    let (folder, output) = plan(&server, "off", &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(server.asked().iter().all(|asked| asked.method == "GET"));
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a README");
    assert!(readme.contains("were not sent to a server for validation"), "{readme}");
}

#[test]
fn a_dry_run_tries_every_patch_and_stores_nothing() {
    let server = Server::start(demo(), Behaviour::default()).expect("a server");
    let (folder, output) = plan(&server, "on", &["--server-dry-run"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let asked = server.asked();
    let writes: Vec<_> = asked.iter().filter(|asked| asked.method != "GET").collect();
    assert!(!writes.is_empty());
    assert!(writes.iter().all(|asked| asked.query["dryRun"] == "All" && asked.status < 300));
    let accepted = format!("{} accepted, 0 refused, 0 not validated", writes.len());
    assert!(text.contains(&accepted), "{text}");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a README");
    assert!(readme.contains(&accepted), "{readme}");
    // The labels of a Pod Security level are tried in each of their steps.
    let labels = |asked: &&&ringfort_testkit::Asked| asked.path == "/api/v1/namespaces/ops";
    assert_eq!(writes.iter().filter(labels).count(), 3, "{writes:?}");
}

#[test]
fn what_the_server_refuses_is_said_in_its_words() {
    let refused_writes = BTreeMap::from([
        ("namespaces".to_owned(), 403),
        ("clusterrolebindings".to_owned(), 404),
        ("deployments".to_owned(), 422),
    ]);
    let behaviour = Behaviour { refused_writes, ..Behaviour::default() };
    let server = Server::start(demo(), behaviour).expect("a server");
    let (folder, output) = plan(&server, "refused", &["--server-dry-run"]);
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a README");
    for said in [
        "Namespace ops: forbidden (403): writes of namespaces are refused",
        "ClusterRoleBinding deployer: not found (404)",
        "writes of deployments are refused",
    ] {
        assert!(text.contains(said), "{said}: {text}");
        assert!(readme.contains(said), "{said}: {readme}");
    }
    assert!(readme.contains("0 accepted"), "{readme}");
    // The closing line is still the last one.
    assert!(text.trim_end().lines().last().is_some_and(|line| line.starts_with("plan: ")));
}

#[test]
fn a_bare_pod_is_named_as_not_validated() {
    let mut objects = Objects::new("v1.36.0");
    for object in [
        serde_json::json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a",
            "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}),
        serde_json::json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "bare", "namespace": "a", "uid": "1"},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i",
                "securityContext": {"privileged": true},
                "volumeMounts": [{"name": "kube-api-access-x", "mountPath": ACCOUNT}]}],
                "volumes": [{"name": "kube-api-access-x", "projected": {"sources": []}}]},
            "status": {"phase": "Running"}}),
    ] {
        objects.add(&object.to_string()).expect("an object");
    }
    let server = Server::start(objects, Behaviour::default()).expect("a server");
    let arguments = ["--server-dry-run", "--goal", "no path from pod/a/bare to node/n"];
    let (folder, output) = plan(&server, "bare", &arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("not validated: Pod a/bare: "), "{text}");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a README");
    assert!(readme.contains("Not validated:"), "{readme}");
    let asked = server.asked();
    let writes: Vec<_> = asked.iter().filter(|asked| asked.method != "GET").collect();
    assert!(writes.iter().any(|asked| asked.method == "DELETE"
        && asked.path == "/api/v1/namespaces/a/pods/bare"
        && asked.query["dryRun"] == "All"));
}

#[test]
fn a_dry_run_needs_a_live_cluster() {
    let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(["plan", concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml"), "--server-dry-run"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}
