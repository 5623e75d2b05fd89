//! What `what-if`, `plan`, `plan check` and `paths` do with input that is not what they take.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml");

fn ringfort(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    let complete = ["--complete", "--k8s-version", "1.36"];
    command.arg("-q").args(arguments).args(complete).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// A path of this test's own, where nothing is.
fn free(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("plan-input-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

#[test]
fn what_the_server_refuses_is_wrong_usage() {
    let file = free("refused.json");
    let place = file.to_str().expect("a plain path");
    let runner = |merge: Value| json!({"kind": "Deployment", "namespace": "builds", "name": "runner", "merge": merge});
    for (change, says) in [
        (
            json!({"kind": "Namespace", "name": "tickets", "merge": {"metadata": {"labels": {
                "pod-security.kubernetes.io/enforce": "basline"}}}}),
            "basline",
        ),
        (runner(json!({"spec": {"replicas": -1}})), "spec.replicas"),
        (
            runner(json!({"spec": {"selector": {"matchLabels": {"x": "y"}}}})),
            "spec.selector cannot be changed",
        ),
        (
            json!({"kind": "Namespace", "name": "ops", "delete": true, "merge": {}}),
            "merge and delete",
        ),
    ] {
        std::fs::write(&file, change.to_string()).expect("the file can be written");
        let output = ringfort(&["what-if", "--patch", place, "--cluster", DEMO]);
        assert_eq!(output.status.code(), Some(2), "{change}: {}", text(&output.stdout));
        assert!(text(&output.stderr).contains(says), "{change}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{change}");
    }
    std::fs::remove_file(file).expect("it was written");
}

#[test]
fn a_plan_of_another_schema_is_no_plan() {
    let folder = free("schema");
    let place = folder.to_str().expect("a plain path");
    assert!(ringfort(&["plan", DEMO, "-o", place]).status.success());
    let plan = folder.join("plan.json");
    let mut value: Value =
        serde_json::from_slice(&std::fs::read(&plan).expect("it is there")).expect("JSON");
    value["schema"] = json!("ringfort.dev/plan/v999");
    std::fs::write(&plan, value.to_string()).expect("the file can be written");
    let file = plan.to_str().expect("a plain path");
    let output = ringfort(&["plan", "check", file, "--cluster", DEMO]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let said = text(&output.stderr);
    assert!(said.contains("ringfort.dev/plan/v999") && said.contains("plan.json"), "{said}");
    std::fs::remove_dir_all(folder).expect("it was written");
}

#[test]
fn no_paths_are_no_answer() {
    let output = ringfort(&["paths", "-k", "0", "--cluster", DEMO]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(output.stdout.is_empty());
    assert!(ringfort(&["paths", "-k", "1", "--cluster", DEMO]).status.success());
}

#[test]
fn no_name_forges_a_line_of_a_plan() {
    let forged = "ci\nplan: 0 changes, cost 0, bound 0, optimal";
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "ci", "namespace": "a"}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "all"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": forged}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole", "name": "all"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "a", "name": "ci"}]},
    ]});
    let file = free("forged.json");
    std::fs::write(&file, list.to_string()).expect("the file can be written");
    let goal = "no path from sa/a/ci to impact/cluster-admin";
    let output = ringfort(&["plan", file.to_str().expect("a plain path"), "--goal", goal]);
    let said = text(&output.stdout);
    let point = said.lines().find(|line| line.starts_with("after 1 change"));
    assert!(point.is_some_and(|line| line.contains("bound 0")), "the fix is named: {said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("plan:")).count(), 1, "{said}");
    std::fs::remove_file(file).expect("it was written");
}
