//! The schemas under `schemas/` against what the program writes. Readers may meet fields that
//! are newer than their schema; here every field has to be in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::{Resource, Validator};
use serde_json::Value;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml");

/// Makes every object of a schema refuse fields that it does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") && fields.contains_key("required") {
                fields.insert("additionalProperties".into(), false.into());
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn schema(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(name);
    let mut schema = serde_json::from_slice(&std::fs::read(file).expect(name)).expect("JSON");
    close(&mut schema);
    schema
}

fn report_schema() -> Validator {
    let findings = Resource::from_contents(schema("findings.schema.json"));
    let registry = jsonschema::Registry::new()
        .add("urn:ringfort:findings:v1", findings)
        .expect("a resource")
        .prepare()
        .expect("a registry");
    jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&schema("report.schema.json"))
        .expect("a schema")
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    let text = |error: jsonschema::ValidationError<'_>| {
        format!("{}: {error}", error.instance_path()).chars().take(300).collect()
    };
    validator.iter_errors(value).map(text).collect()
}

fn scan(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    let output =
        command.arg("-q").args(arguments).args(["-f", "json"]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The recorded cluster, or `None` after saying that the test is skipped.
fn shop() -> Option<PathBuf> {
    let given = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let path = given.unwrap_or(beside).join("clusters/shop.tar.zst");
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: no cluster at {}", path.display());
    None
}

#[test]
fn reports_have_the_documented_shape() {
    let validator = report_schema();
    let mut report = scan(&["scan", DEMO, "--complete", "--k8s-version", "1.36"]);
    assert_eq!(errors(&validator, &report), [""; 0]);
    assert_eq!(errors(&validator, &scan(&["demo"])), [""; 0]);
    assert_eq!(errors(&validator, &scan(&["paths", "--cluster", DEMO])), [""; 0]);
    if let Some(shop) = shop() {
        let report = scan(&["scan", shop.to_str().expect("a plain path")]);
        assert_eq!(errors(&validator, &report), [""; 0]);
    }
    // The schemas are in use, the one within the other as well.
    report["more"] = 1.into();
    report["findings"][0]["severity"] = "awful".into();
    report["findings"][0]["evidence"][0]["more"] = 1.into();
    report["generated_at"] = "yesterday".into();
    assert_eq!(errors(&validator, &report).len(), 4);
}

#[test]
fn frameworks_have_the_documented_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = root.join("docs/frameworks/own.yaml");
    let asked = format!("*,{}", own.display());
    let mut report =
        scan(&["scan", DEMO, "--complete", "--k8s-version", "1.36", "--framework", &asked]);
    let validator = report_schema();
    assert_eq!(errors(&validator, &report), [""; 0]);
    assert_eq!(report["frameworks"].as_array().map(Vec::len), Some(7));
    report["frameworks"][0]["controls"][0]["state"] = "good".into();
    assert_eq!(errors(&validator, &report).len(), 1);
    // The files themselves.
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema("framework.schema.json"))
        .expect("a schema");
    let folder = root.join("crates/ringfort-checks/data/frameworks");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.push(own);
    assert_eq!(files.len(), 7);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        let values = ringfort_collect::yaml_values(&text).expect("YAML");
        assert_eq!(errors(&validator, &values[0]), [""; 0], "{}", file.display());
        let mut wrong = values[0].clone();
        wrong["date"] = "soon".into();
        wrong["controls"][0]["more"] = 1.into();
        assert_eq!(errors(&validator, &wrong).len(), 2, "{}", file.display());
    }
}

#[test]
fn what_gates_baselines_and_exceptions_say_has_the_documented_shape() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("schemas-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a plain path").to_owned()
    };
    let demo = scan(&["scan", DEMO, "--complete", "--k8s-version", "1.36"]);
    let mut before = demo.clone();
    before["findings"].as_array_mut().expect("findings").remove(0);
    before["findings"][0]["object"] = "Pod none/none".into();
    before["findings"][1]["evidence"] = serde_json::json!([]);
    before["connected"].as_array_mut().expect("pairs").remove(0);
    let baseline = file("before.json", &before.to_string());
    let exceptions = file(
        "exceptions.yaml",
        "- {id: RF-WKL-*, reason: x, owner: me, expires: 2999-01-01}\n\
         - {id: RF-SA-001, object: none, reason: x}\n\
         - {id: RF-*, reason: x, expires: 2001-01-01}\n\
         - {path: {from: '*', to: impact/node}, reason: x}\n",
    );
    file(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: extra\n  annotations: {ringfort.dev/ignore.RF-X: why}\nspec:\n  hostPID: true\n  containers: [{name: a, image: b}]\n---\na: [\n",
    );
    std::fs::copy(DEMO, folder.join("demo.yaml")).expect("a copy");
    let report = scan(&[
        "scan",
        folder.to_str().expect("a plain path"),
        "--baseline",
        &baseline,
        "--exceptions",
        &exceptions,
        "--severity",
        ">=low",
        "-n",
        "*",
        "--fail-on",
        "severity>=low,new-finding,new-path,coverage<90",
    ]);
    let found = errors(&report_schema(), &report);
    std::fs::remove_dir_all(&folder).expect("it was made");
    assert_eq!(found, [""; 0]);
    for part in ["gaps", "gates", "exceptions", "unmet", "baseline", "filter"] {
        assert!(!report[part].is_null() && report[part] != serde_json::json!([]), "{part}");
    }
    let states: std::collections::BTreeSet<&str> = report["exceptions"]
        .as_array()
        .expect("exceptions")
        .iter()
        .filter_map(|one| one["state"].as_str())
        .collect();
    assert_eq!(states.into_iter().collect::<Vec<_>>(), ["expired", "invalid", "unused", "used"]);
}

/// What the program prints, with the code that it exits with.
fn asked(arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    let demo = ["--complete", "--k8s-version", "1.36", "--cluster", DEMO];
    let output = command.arg("-q").args(arguments).args(demo).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.is_empty(), "{arguments:?}: {said}");
    (String::from_utf8(output.stdout).expect("text"), output.status.code())
}

#[test]
fn answers_have_the_documented_shape() {
    let registry = jsonschema::Registry::new()
        .add("urn:ringfort:plan:v1", Resource::from_contents(schema("plan.schema.json")))
        .expect("a resource")
        .prepare()
        .expect("a registry");
    let answers = schema("answers.schema.json");
    let build = |schema: &Value| {
        jsonschema::options().with_registry(&registry).build(schema).expect("a schema")
    };
    let any = build(&answers);
    let patch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answers-patch.yaml");
    let change = "kind: ClusterRoleBinding\nname: deployer\ndelete: true\n";
    std::fs::write(&patch, change).expect("a file");
    let patch = patch.to_str().expect("a plain path");
    let (storefront, viewer) = ("pod/tickets/storefront-0", "pod/reports/viewer-0");
    for (name, arguments) in [
        ("blast-radius", &["blast-radius", "sa/ops/deployer"][..]),
        ("exposure-of", &["exposure-of", "sa/ops/deployer"]),
        ("why-not", &["why-not", "sa/ops/deployer", "impact/cluster-admin"]),
        ("why-not", &["why-not", "node/harbour-b", "sa/ops/deployer"]),
        ("why-not", &["why-not", "sa/reports/reporter", "impact/cluster-admin"]),
        ("crossing", &["crossing", "--tenants", "kubernetes.io/metadata.name"]),
        ("reach", &["reach", storefront, viewer]),
        ("reach", &["reach", "--who", viewer]),
        ("exposed", &["exposed"]),
        ("what-if", &["what-if", "--patch", patch]),
    ] {
        let mut for_programs = arguments.to_vec();
        for_programs.extend(["-f", "json"]);
        let (text, code) = asked(&for_programs);
        let mut value: Value = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{arguments:?}: {error}: {text}");
        });
        assert_eq!(value["schema"], format!("ringfort.{name}/1"));
        // By its own part, for an error that says where, and among all.
        let mut own = answers.clone();
        own.as_object_mut().expect("a schema").remove("oneOf");
        own["$ref"] = format!("#/$defs/{name}").into();
        assert_eq!(errors(&build(&own), &value), [""; 0], "{arguments:?}");
        assert_eq!(errors(&any, &value), [""; 0], "{arguments:?}");
        // Text for people says the same and exits alike.
        let (shown, same) = asked(arguments);
        assert_eq!(code, same, "{arguments:?}");
        // These name every pair in words as well.
        let named = ids(&value).into_iter().filter(|_| matches!(name, "crossing" | "what-if"));
        for id in named {
            assert!(shown.contains(&id), "{arguments:?}: {id}");
        }
        value["more"] = 1.into();
        assert_eq!(errors(&any, &value).len(), 1, "{arguments:?}: the schema is in use");
    }
    let plan = build(&schema("plan.schema.json"));
    let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(["-q", "plan", DEMO, "--complete", "--k8s-version", "1.36", "-f", "json"])
        .output()
        .expect("it starts");
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(errors(&plan, &value), [""; 0]);
}

/// Ids that an answer's pairs name.
fn ids(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, one) in fields.iter().filter(|(name, _)| *name != "plan") {
                match (name.as_str(), one) {
                    ("from" | "to", Value::String(id)) => found.push(id.clone()),
                    _ => found.extend(ids(one)),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|one| found.extend(ids(one))),
        _ => {}
    }
    found
}

#[test]
fn why_not_says_in_json_what_it_says_in_words() {
    let json = |arguments: &[&str]| -> Value {
        let mut arguments = arguments.to_vec();
        arguments.extend(["-f", "json"]);
        serde_json::from_str(&asked(&arguments).0).expect("JSON")
    };
    let held = json(&["why-not", "sa/ops/deployer", "impact/cluster-admin"]);
    assert_eq!((&held["connected"], &held["controls"]), (&true.into(), &0.into()));
    assert_eq!(held["changes"]["cost"], 5);
    assert_eq!(held["changes"]["fixes"][0]["title"], "delete ClusterRoleBinding deployer");
    let steps = held["path"]["steps"].as_array().expect("steps");
    assert_eq!(steps.first().expect("a step")["from"], "sa/ops/deployer");
    assert_eq!(steps.last().expect("a step")["to"], "impact/cluster-admin");
    let files = json(&["why-not", "node/harbour-b", "sa/ops/deployer"]);
    assert_eq!(files["no_change"][0]["from"], "node/harbour-b");
    let apart = json(&["why-not", "sa/reports/reporter", "impact/cluster-admin"]);
    assert_eq!((&apart["connected"], &apart["path"]), (&false.into(), &Value::Null));
    let groups = apart["reached_from"].as_array().expect("groups");
    assert!(groups.iter().any(|one| one["sort"] == "sa"), "{groups:?}");
    // Everything is named, whatever the text leaves out.
    let radius = json(&["blast-radius", "sa/ops/deployer"]);
    let (whole, _) = asked(&["blast-radius", "sa/ops/deployer", "--all"]);
    let all = radius["reaches"].as_array().expect("groups").iter();
    let ids: Vec<&str> =
        all.flat_map(|one| one["ids"].as_array().expect("ids")).filter_map(Value::as_str).collect();
    assert_eq!(ids.len(), whole.lines().filter(|line| line.starts_with("  ")).count());
    assert!(ids.iter().all(|id| whole.contains(id)));
}

#[test]
fn rules_have_the_documented_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let validator = jsonschema::options().build(&schema("rules.schema.json")).expect("a schema");
    let read = |name: &str| {
        let text = std::fs::read_to_string(root.join(name)).expect("text");
        ringfort_collect::yaml_values(&text).expect("YAML").remove(0)
    };
    let rules = read("docs/rules/rules.yaml");
    assert_eq!(errors(&validator, &rules), [""; 0]);
    for (pointer, wrong) in [
        ("/rules/0/id", "RF-WKL-001"),
        ("/rules/0/zone", "moon"),
        ("/rules/0/severity", "awful"),
        ("/rules/0/match/kinds/0", "Thing."),
        ("/rules/1/variables/0/name", "1"),
        ("/schema", "ringfort.rules/9"),
    ] {
        let mut rules = rules.clone();
        *rules.pointer_mut(pointer).expect("it is there") = wrong.into();
        assert_eq!(errors(&validator, &rules).len(), 1, "{pointer}");
    }
    let mut both = rules.clone();
    both["rules"][1]["expression"] = "true".into();
    assert_eq!(errors(&validator, &both).len(), 1);
    // Reports of rules and of policies have the shape of all others.
    let own = root.join("docs/rules");
    let file = |name: &str| own.join(name).to_str().expect("a plain path").to_owned();
    let (rules, policies) = (file("rules.yaml"), file("policies.yaml"));
    let report = scan(&["scan", DEMO, "--complete", "--rules", &rules, "--policies", &policies]);
    assert_eq!(errors(&report_schema(), &report), [""; 0]);
    let ran = report["checks"].to_string();
    assert!(ran.contains("SHOP-001") && ran.contains("vap.images-by-digest"), "{ran}");
}
