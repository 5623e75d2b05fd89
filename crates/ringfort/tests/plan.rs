//! `plan`, `plan check`, `what-if`, `crossing` and the questions as a user runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml");

fn ringfort(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.arg("-q").args(arguments).output().expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("output is UTF-8")
}

/// Runs on the demo's objects, as a complete dump of a 1.36 server.
fn on_demo(arguments: &[&str]) -> Output {
    let mut all = arguments.to_vec();
    all.extend(["--complete", "--k8s-version", "1.36"]);
    ringfort(&all)
}

/// A path of this test's own, where nothing is.
fn free(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("plan-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let _ = std::fs::remove_file(&path);
    path
}

fn refused(output: &Output, names: &str) {
    assert_eq!(output.status.code(), Some(2), "{}{}", stdout(output), stderr(output));
    assert!(stderr(output).contains(names), "{names} is not named: {}", stderr(output));
    assert!(output.stdout.is_empty(), "something was printed: {}", stdout(output));
}

#[test]
fn a_plan_is_written_checks_and_closes_with_its_line() {
    let folder = free("written");
    let place = folder.to_str().expect("a plain path");
    let output = on_demo(&["plan", DEMO, "-o", place]);
    assert!(output.status.success(), "{}", stderr(&output));
    let closing = stdout(&output).lines().last().expect("a line").to_owned();
    assert!(closing.starts_with("plan: ") && closing.ends_with(", optimal"), "{closing}");
    let file = folder.join("plan.json");
    let plan: Value =
        serde_json::from_slice(&std::fs::read(&file).expect("plan.json")).expect("JSON");
    assert_eq!(plan["summary"], closing.as_str());
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a README");
    assert!(readme.contains("not sent to a server"), "{readme}");
    assert!(folder.join("rollback").is_dir());

    let place = file.to_str().expect("a plain path");
    let checked = on_demo(&["plan", "check", place, "--cluster", DEMO]);
    assert_eq!(checked.status.code(), Some(0), "{}", stdout(&checked));
    assert_eq!(stdout(&checked).trim_end(), format!("checks: {closing}"));
    // What there is no time for is not verified, and nothing that passes.
    let ended = on_demo(&["plan", "check", place, "--cluster", DEMO, "--seconds", "0"]);
    assert_eq!(ended.status.code(), Some(3), "{}", stdout(&ended));
    assert!(stdout(&ended).starts_with("not verified: "), "{}", stdout(&ended));

    // A second plan does not mix with the first.
    let again = on_demo(&["plan", DEMO, "-o", folder.to_str().expect("a plain path")]);
    refused(&again, "is not empty");

    // Every way of tampering with what the plan claims is noticed.
    for (name, tamper) in [
        ("cost", json!({"fixes": [{"cost": 1}]})),
        ("summary", json!({"summary": "plan: 0 changes, cost 0, bound 0, optimal"})),
        ("before", json!({"before": []})),
        ("curve", json!({})),
    ] {
        let mut wrong = plan.clone();
        match name {
            "curve" => wrong["curve"][1]["pairs"] = json!(0),
            "cost" => wrong["fixes"].as_array_mut().expect("fixes").truncate(1),
            _ => wrong[name] = tamper[name].clone(),
        }
        std::fs::write(&file, wrong.to_string()).expect("the file can be written");
        let checked = on_demo(&["plan", "check", place, "--cluster", DEMO]);
        assert_eq!(checked.status.code(), Some(3), "{name}: {}", stdout(&checked));
        assert!(stdout(&checked).contains("does not check"), "{name}: {}", stdout(&checked));
    }
    for rubbish in ["", "[]", "{\"schema\": 1}", "no plan"] {
        std::fs::write(&file, rubbish).expect("the file can be written");
        let checked = on_demo(&["plan", "check", place, "--cluster", DEMO]);
        assert_eq!(checked.status.code(), Some(1), "{rubbish}: {}", stdout(&checked));
        assert!(stderr(&checked).contains("is no plan"), "{}", stderr(&checked));
    }
    std::fs::remove_dir_all(folder).expect("it was written");
}

#[test]
fn bad_input_is_named_and_writes_nothing() {
    let folder = free("nothing");
    let place = folder.to_str().expect("a plain path");
    for (arguments, names) in [
        (vec!["--to", "sa/no/body"], "sa/no/body"),
        (vec!["--goal", "no path from internet to pod/nowhere/*"], "pod/nowhere/*"),
        (vec!["--goal", "no path from sa/no/body to impact/node"], "sa/no/body"),
        (vec!["--goal", "close everything"], "close everything"),
        (vec!["--goal", "no path from  to impact/node"], "no path from  to impact/node"),
        (vec!["--goal", "no path from sa/ops/deployer to sa/ops/deployer"], "sa/ops/deployer"),
        // Of several goals each has to mean something.
        (
            vec![
                "--goal",
                "no path from internet to impact/node",
                "--goal",
                "no path from internet to sa/no/body",
            ],
            "sa/no/body",
        ),
        (vec!["--to", "impact/nothing"], "impact/nothing"),
        (vec!["--assume", "compromised=pod/no/pod"], "pod/no/pod"),
        (vec!["--assume", "pod/tickets/storefront-0"], "compromised="),
        (vec!["--only", "namespace=nowhere"], "nowhere"),
        (vec!["--only", "tickets"], "namespace="),
        (vec!["--forbid", "no-such-fix/*"], "no-such-fix/*"),
    ] {
        let mut all = vec!["plan", DEMO, "-o", place];
        all.extend(&arguments);
        refused(&on_demo(&all), names);
        assert!(!folder.exists(), "{arguments:?} wrote something");
        // An empty folder that is there already stays empty.
        std::fs::create_dir(&folder).expect("a folder can be made");
        refused(&on_demo(&all), names);
        let mut inside = std::fs::read_dir(&folder).expect("it is there");
        assert!(inside.next().is_none(), "{arguments:?} wrote something");
        std::fs::remove_dir(&folder).expect("it is empty");
    }
}

#[test]
fn a_plan_that_is_cut_short_says_what_is_left() {
    let output = on_demo(&["plan", DEMO, "--max-changes", "1"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let closing = text.lines().last().expect("a line");
    assert!(closing.starts_with("plan: 1 changes"), "{closing}");
    assert!(closing.contains(" pairs left, bound "), "{closing}");
    // With nothing to choose from it says so, and does not call that optimal.
    let output = on_demo(&["plan", DEMO, "--forbid", "*"]);
    let text = stdout(&output);
    let closing = text.lines().last().expect("a line");
    assert!(closing.starts_with("plan: 0 changes, cost 0, none of "), "{closing}");
    assert!(closing.ends_with(" pairs has a cut"), "{closing}");
    assert!(text.contains("every change that cuts it is ruled out"), "{text}");
}

#[test]
fn what_if_refuses_what_does_not_fit() {
    let file = free("patch");
    let place = file.to_str().expect("a plain path");
    for (patch, names) in [
        (json!({"kind": "Role", "namespace": "x", "name": "none", "delete": true}), "Role x/none"),
        (
            json!({"kind": "Role", "namespace": "tickets", "name": "rollout",
                "patch": [{"op": "remove", "path": "/rules/9"}]}),
            "Role tickets/rollout",
        ),
        // Of several changes each has to fit; the first ones are not made.
        (
            json!([
                {"kind": "ClusterRoleBinding", "name": "deployer", "delete": true},
                {"kind": "ClusterRoleBinding", "name": "deployer", "merge": {"x": 1}},
            ]),
            "ClusterRoleBinding deployer",
        ),
        (json!({"kind": "Gadget", "name": "x", "delete": true}), "Gadget x"),
        (
            json!({"kind": "ClusterRoleBinding", "name": "deployer", "merge": {
                "roleRef": {"name": "view"}}}),
            "roleRef",
        ),
        (json!({"kind": "ClusterRoleBinding", "name": "deployer", "restart": true}), "deployer"),
        (
            json!({"kind": "ClusterRoleBinding", "name": "new", "create": {
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": "other"}}}),
            "ClusterRoleBinding new",
        ),
        (json!({"name": "rollout"}), "no change"),
        (json!("delete everything"), "no change"),
        (json!([]), "no change"),
    ] {
        std::fs::write(&file, patch.to_string()).expect("the file can be written");
        refused(&on_demo(&["what-if", "--patch", place, "--cluster", DEMO]), names);
    }
    let good = json!({"kind": "RoleBinding", "namespace": "tickets", "name": "rollout",
        "delete": true});
    std::fs::write(&file, good.to_string()).expect("the file can be written");
    let output = on_demo(&["what-if", "--patch", place, "--cluster", DEMO]);
    assert!(output.status.success(), "{}", stderr(&output));
    let gone = stdout(&output);
    assert!(gone.lines().any(|line| line.starts_with("gone  ")), "{gone}");
    assert!(gone.contains(" 0 new"), "{gone}");
    std::fs::remove_file(file).expect("it was written");
}

/// What `plan -o` wrote is read as it is: the folder, a file of it, and the plan itself.
#[test]
fn what_if_reads_what_plan_has_written() {
    let folder = free("artefacts");
    let place = folder.to_str().expect("a plain path");
    let goal = ["--goal", "no path from pod/* to node/*"];
    assert!(on_demo(&[&["plan", DEMO, "-o", place][..], &goal[..]].concat()).status.success());
    let plan: Value = serde_json::from_slice(&std::fs::read(folder.join("plan.json")).expect("it"))
        .expect("JSON");
    let pairs = |key: &str| plan[key].as_array().expect("pairs").len();
    let asked = |path: &Path| {
        let path = path.to_str().expect("a plain path");
        on_demo(&["what-if", "--patch", path, "--cluster", DEMO, "-f", "json"])
    };
    let answer = |path: &Path| -> Value {
        let output = asked(path);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let count = |answer: &Value, key: &str| answer[key].as_array().expect("pairs").len();
    // The question is the plan's.
    for path in [folder.clone(), folder.join("plan.json")] {
        let answer = answer(&path);
        let counts = ["gone", "new", "left"].map(|key| count(&answer, key));
        assert_eq!(counts, [pairs("before") - pairs("after"), 0, pairs("after")], "{path:?}");
    }
    let steps = plan["steps"].as_array().expect("steps");
    let files: Vec<&str> = steps.iter().filter_map(|step| step["file"].as_str()).collect();
    assert!(!files.is_empty());
    for file in &files {
        let answer = answer(&folder.join(file));
        assert_eq!(count(&answer, "gone") + count(&answer, "left"), pairs("before"), "{file}");
        assert_eq!(count(&answer, "new"), 0, "{file}");
    }
    let checks = |code: i32, says: &str| {
        let checked = on_demo(&["plan", "check", place, "--cluster", DEMO]);
        assert_eq!(checked.status.code(), Some(code), "{}{}", stdout(&checked), stderr(&checked));
        assert!(format!("{}{}", stdout(&checked), stderr(&checked)).contains(says));
    };
    checks(0, "checks: plan: ");
    // What a file holds is what is tried.
    let first = folder.join(files[0]);
    let known = std::fs::read(&first).expect("it is there");
    std::fs::write(&first, r#"[{"op": "remove", "path": "/none/9"}]"#).expect("it is written");
    let object = steps.iter().find(|step| step["file"] == files[0]).expect("a step");
    let name = object["change"]["name"].as_str().expect("a name");
    refused(&asked(&folder), name);
    refused(&asked(&first), name);
    checks(3, files[0]);
    std::fs::write(&first, "{\"x\": 1}").expect("it is written");
    if object["change"]["patch"].is_array() {
        refused(&asked(&folder), files[0]);
    }
    // A patch that is missing, and one that is not of the plan.
    std::fs::remove_file(&first).expect("it is there");
    refused(&asked(&folder), files[0]);
    checks(2, files[0]);
    std::fs::write(&first, known).expect("it is written");
    std::fs::write(folder.join("99-more.json"), "[]").expect("it is written");
    refused(&asked(&folder), "99-more.json");
    // Alone a patch does not say what it is of.
    refused(&asked(&folder.join("99-more.json")), "no change");
    std::fs::remove_dir_all(&folder).expect("it was written");
    let missing = asked(&folder);
    assert_eq!(missing.status.code(), Some(1), "{}", stderr(&missing));
    assert!(stderr(&missing).contains("artefacts"), "{}", stderr(&missing));
}

/// Two tenants on nodes of their own; red's account may run commands in blue's pods.
fn tenants(name: &str, label: &str, tenants: [&str; 2]) -> PathBuf {
    let pod = |namespace: &str| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "app", "namespace": namespace, "uid": namespace},
            "spec": {"serviceAccountName": "app", "nodeName": namespace, "hostUsers": false,
                "containers": [{"name": "c", "image": "i", "securityContext": {
                    "allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 1000,
                    "capabilities": {"drop": ["ALL"]},
                    "seccompProfile": {"type": "RuntimeDefault"}},
                    "volumeMounts": [{"name": "kube-api-access-x",
                        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
                "volumes": [{"name": "kube-api-access-x", "projected": {"sources": [
                    {"serviceAccountToken": {"path": "token"}}]}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"}})
    };
    let mut items = Vec::new();
    for (tenant, named) in ["red", "blue"].into_iter().zip(tenants) {
        items.push(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": tenant}}));
        items.push(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": tenant, "labels": {label: named}}}));
        items.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "app", "namespace": tenant}}));
        items.push(pod(tenant));
    }
    items.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "exec", "namespace": "blue"}, "rules": [{"apiGroups": [""],
            "resources": ["pods/exec"], "verbs": ["get", "create"]}]}));
    items.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "exec", "namespace": "blue"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "exec"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "red", "name": "app"}]}));
    let path = free(name).with_extension("json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(&path, list.to_string()).expect("the file can be written");
    path
}

#[test]
fn one_tenant_reaches_the_other_and_not_the_reverse() {
    let file = tenants("tenants", "tenant", ["red", "blue"]);
    let place = file.to_str().expect("a plain path");
    let output = on_demo(&["crossing", "--tenants", "label=tenant", "--cluster", place]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", stderr(&output));
    assert!(text.contains("tenant/red reaches tenant/blue"), "{text}");
    assert!(text.contains("tenant/blue does not reach tenant/red"), "{text}");
    assert!(text.contains("-pod-exec->"), "the way is shown: {text}");
    let closing = text.lines().last().expect("a line");
    assert!(closing.starts_with("plan: 1 changes") && closing.ends_with("optimal"), "{text}");
    let none = on_demo(&["crossing", "--tenants", "label=team", "--cluster", place]);
    refused(&none, "team");
    std::fs::remove_file(file).expect("it was written");
}

#[test]
fn tenants_by_the_common_label_are_a_target_of_every_plan() {
    let file = tenants("labelled", "ringfort.dev/tenant", ["red", "blue"]);
    let place = file.to_str().expect("a plain path");
    for arguments in [&["plan", place][..], &["plan", place, "--to", "impact/tenant-crossing"]] {
        let folder = free("labelled-plan");
        let mut all = arguments.to_vec();
        all.extend(["-o", folder.to_str().expect("a plain path")]);
        let output = on_demo(&all);
        let text = stdout(&output);
        assert!(output.status.success(), "{text}{}", stderr(&output));
        let closing = text.lines().last().expect("a line");
        assert!(closing.starts_with("plan: 1 changes") && closing.ends_with("optimal"), "{text}");
        let plan = std::fs::read(folder.join("plan.json")).expect("plan.json");
        let plan: Value = serde_json::from_slice(&plan).expect("JSON");
        let crossing = json!(["tenant/red", "tenant/blue"]);
        assert!(plan["before"].as_array().expect("pairs").contains(&crossing), "{plan:#}");
        assert_eq!(plan["after"], json!([]));
        std::fs::remove_dir_all(folder).expect("it was written");
    }
    // One tenant has nobody to cross to; neither have namespaces without the label.
    let alone = tenants("alone", "ringfort.dev/tenant", ["red", "red"]);
    let other = tenants("other", "tenant", ["red", "blue"]);
    for file in [&alone, &other] {
        let place = file.to_str().expect("a plain path");
        assert!(!stdout(&on_demo(&["plan", place])).contains("tenant/"));
        let asked = on_demo(&["plan", place, "--to", "impact/tenant-crossing"]);
        refused(&asked, "ringfort.dev/tenant");
    }
    for file in [file, alone, other] {
        std::fs::remove_file(file).expect("it was written");
    }
}

#[test]
fn questions_about_positions() {
    let radius = on_demo(&["blast-radius", "sa/ops/deployer", "--cluster", DEMO, "--all"]);
    let text = stdout(&radius);
    assert!(text.starts_with("sa/ops/deployer reaches\n"), "{text}");
    for line in ["  impact/cluster-admin", "  node/harbour-b"] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    // The reader's account reaches nothing that matters.
    let reader = stdout(&on_demo(&["blast-radius", "sa/reports/reporter", "--cluster", DEMO]));
    assert!(!reader.contains("impact/"), "{reader}");

    let exposure = on_demo(&["exposure-of", "sa/ops/deployer", "--cluster", DEMO, "--all"]);
    let text = stdout(&exposure);
    assert!(text.lines().any(|line| line == "  node/harbour-b"), "{text}");
    assert!(!text.lines().any(|line| line.contains("sa/reports/reporter")), "{text}");

    let leads = on_demo(&["why-not", "node/harbour-b", "sa/ops/deployer", "--cluster", DEMO]);
    let text = stdout(&leads);
    assert!(text.contains("leads to sa/ops/deployer with effort"), "{text}");
    assert!(text.contains("0 independent controls are in the way\n"), "{text}");
    // A node's own files are no setting of the cluster; a grant is.
    assert!(text.contains("no change would stand between node/harbour-b and"), "{text}");
    let held = ["why-not", "sa/ops/deployer", "impact/cluster-admin", "--cluster", DEMO];
    let text = stdout(&on_demo(&held));
    assert!(text.contains("1 changes would stand between them, cost 5, at least 5:\n"), "{text}");
    assert!(text.contains("  delete ClusterRoleBinding deployer\n"), "{text}");
    let paths = stdout(&on_demo(&["paths", "--cluster", DEMO]));
    let heads: Vec<&str> = paths.lines().filter(|line| line.contains(" (effort ")).collect();
    assert!(heads.iter().all(|line| line.contains(" controls in the way")), "{heads:?}");
    let apart = ["why-not", "sa/reports/reporter", "impact/cluster-admin", "--cluster", DEMO];
    let text = stdout(&on_demo(&apart));
    assert!(text.starts_with("nothing leads from sa/reports/reporter"), "{text}");
    refused(&on_demo(&["blast-radius", "sa/no/body", "--cluster", DEMO]), "sa/no/body");
    refused(&on_demo(&["exposure-of", "sa/no/body", "--cluster", DEMO]), "sa/no/body");
    refused(&on_demo(&["why-not", "internet", "sa/no/body", "--cluster", DEMO]), "sa/no/body");
}

/// Controls, shares and the weakest zone follow from the steps that the report shows.
#[test]
fn defence_in_depth_follows_from_the_steps() {
    let report: Value =
        serde_json::from_slice(&on_demo(&["scan", DEMO, "-f", "json"]).stdout).expect("JSON");
    let list = |value: &Value| value.as_array().cloned().expect("a list");
    let paths = list(&report["paths"]);
    let hindered = |path: &Value| -> Vec<Value> {
        list(&path["steps"]).into_iter().filter(|step| step["hindered"] == true).collect()
    };
    let mut with_controls = 0;
    for path in &paths {
        let (mut named, mut bare) = (std::collections::BTreeSet::new(), 0);
        for step in hindered(path) {
            match step["note"].as_str() {
                Some(note) => _ = named.insert(note.to_owned()),
                None => bare += 1,
            }
        }
        assert_eq!(path["controls"], named.len() + bare, "{path:#}");
        with_controls += usize::from(path["controls"] != 0);
    }
    assert!(with_controls > 0 && with_controls < paths.len(), "{with_controls}");
    let zones = list(&report["zones"]);
    let mut shares = Vec::new();
    for zone in &zones {
        let free = paths
            .iter()
            .filter(|path| !hindered(path).iter().any(|step| step["zone"] == zone["id"]));
        let share = free.count() * 100 / paths.len();
        assert_eq!(zone["unhindered"], share, "{zone}");
        shares.push(share);
    }
    assert_eq!(shares.len(), 3);
    let weakest = zones.iter().find(|zone| zone["id"] == report["weakest_zone"]);
    let weakest = weakest.expect("there are paths")["score"].as_u64().expect("a score");
    assert!(zones.iter().all(|zone| zone["score"].as_u64().is_some_and(|score| score >= weakest)));
}

#[test]
fn techniques_vectors_and_impacts_are_explained() {
    for (id, says) in [
        ("escape-privileged", "ATT&CK: "),
        ("V4", "kubelet API"),
        ("v13", "runtime"),
        ("vector/V10", "execution as a service"),
        ("impact/cluster-admin", "full control of the cluster"),
        ("data-store", "persistent volume"),
        ("impact/tenant-crossing", "ringfort.dev/tenant"),
    ] {
        let output = ringfort(&["explain", id]);
        assert!(output.status.success(), "{id}");
        assert!(stdout(&output).contains(says), "{id}: {}", stdout(&output));
    }
    for id in ["V14", "V", "impact/none", "no-such-technique"] {
        refused(&ringfort(&["explain", id]), id);
    }
}

#[test]
fn plans_have_the_documented_shape() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../schemas/plan.schema.json")).expect("JSON");
    for (name, more) in [("whole", &[][..]), ("short", &["--max-changes", "1"])] {
        let folder = free(&format!("shape-{name}"));
        let mut arguments = vec!["plan", DEMO, "-o", folder.to_str().expect("a plain path")];
        arguments.extend(more);
        assert!(on_demo(&arguments).status.success());
        let text = std::fs::read(folder.join("plan.json")).expect("plan.json");
        let mut plan: Value = serde_json::from_slice(&text).expect("JSON");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let wrong = |plan: &Value| -> Vec<String> {
            validator.iter_errors(plan).map(|error| error.instance_path().to_string()).collect()
        };
        assert_eq!(wrong(&plan), [""; 0]);
        plan["wish"]["to"] = json!(7);
        assert_eq!(wrong(&plan), ["/wish/to"]);
        plan["more"] = json!(1);
        assert_eq!(wrong(&plan).len(), 2);
        std::fs::remove_dir_all(folder).expect("it was written");
    }
}
