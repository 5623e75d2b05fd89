//! The files of a plan as somebody uses them: the commands of its README and its patch files,
//! applied to the manifests that it was made for by code that shares nothing with the program.
//! The patched manifests are scanned again, and no path is left that the plan said it cuts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml");

/// Manifests with fields that no rule reads beside those that are patched: none may be lost.
const SHOP: &str = include_str!("printed/shop.yaml");

fn ringfort(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    let fixed = ["-q", "plan", "--complete", "--k8s-version", "1.36", "-f", "json"];
    let output = command.args(fixed).args(arguments).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("printed-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// Writes documents as one file of manifests.
fn write(folder: &Path, documents: &[Value]) {
    std::fs::create_dir_all(folder).expect("a folder");
    let text: Vec<String> = documents.iter().map(Value::to_string).collect();
    std::fs::write(folder.join("all.yaml"), text.join("\n---\n")).expect("a file");
}

/// Pairs of a plan's list, of either shape.
fn pairs(list: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let pair = |one: &Value| match one {
        Value::Array(pair) => (text(&pair[0]), text(&pair[1])),
        one => (text(&one["from"]), text(&one["to"])),
    };
    list.as_array().expect("a list").iter().map(pair).collect()
}

/// The commands that make the plan's changes; those that take them back are left out.
fn commands(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut inside, mut back) = (false, false);
    for line in readme.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            "Back:" => back = true,
            line if line.starts_with("## ") => back = false,
            line if inside && !back => found.push(line.to_owned()),
            _ => {}
        }
    }
    found
}

/// What a command of kubectl does to manifests.
fn execute(documents: &mut Vec<Value>, command: &str, files: &Path) {
    assert!(!command.contains(['\'', '"']), "a name that needs quotes: {command}");
    let words: Vec<&str> = command.split(' ').collect();
    let after = |flag: &str| words.iter().position(|word| *word == flag).map(|at| words[at + 1]);
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(files.join(name)).expect(name)).expect(name)
    };
    let place = |documents: &[Value]| {
        let (kind, group) =
            words[2].split_once('.').map_or((words[2], None), |(k, g)| (k, Some(g)));
        let namespace = after("-n").unwrap_or_default();
        let is_it = |one: &Value| {
            let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str).unwrap_or("");
            let own = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
            text("/kind").to_lowercase() == kind
                && group.is_none_or(|group| group == own)
                && text("/metadata/name") == words[3]
                && text("/metadata/namespace") == namespace
        };
        let found = documents.iter().position(is_it);
        found.unwrap_or_else(|| panic!("{command}: no such manifest"))
    };
    match words[..2] {
        ["kubectl", "create"] => documents.push(read(after("-f").expect("a file"))),
        ["kubectl", "delete"] => _ = documents.remove(place(documents)),
        // What replaces a pod is a patch of its manifest.
        ["kubectl", "patch" | "get"] if command.contains("--patch-file") => {
            let patch = read(after("--patch-file").expect("a file"));
            let at = place(documents);
            let sorts = ["--type=json", "--type=merge"].map(|sort| words.contains(&sort));
            match sorts {
                [true, false] => patch_json(&mut documents[at], &patch),
                [false, true] => patch_merge(&mut documents[at], &patch),
                _ => panic!("{command}: how it is patched is not said"),
            }
        }
        // Manifests have no pods that a roll-out would renew.
        ["kubectl", "rollout"] => {}
        _ => panic!("an unknown command: {command}"),
    }
}

/// RFC 6902.
fn patch_json(document: &mut Value, operations: &Value) {
    for operation in operations.as_array().expect("a list of operations") {
        let path = operation["path"].as_str().expect("a path");
        let (parent, key) = path.rsplit_once('/').expect("a field");
        let key = key.replace("~1", "/").replace("~0", "~");
        let value = || operation.get("value").expect("a value").clone();
        if operation["op"] == "test" {
            assert_eq!(document.pointer(path), operation.get("value"), "{path}");
            continue;
        }
        let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("{path}: no parent"));
        match (operation["op"].as_str().expect("an operation"), parent) {
            ("add", Value::Object(fields)) => _ = fields.insert(key, value()),
            ("replace", Value::Object(fields)) => {
                assert!(fields.insert(key, value()).is_some(), "{path} is not there");
            }
            ("remove", Value::Object(fields)) => {
                assert!(fields.remove(&key).is_some(), "{path} is not there");
            }
            ("add", Value::Array(items)) if key == "-" => items.push(value()),
            ("add", Value::Array(items)) => items.insert(key.parse().expect("an index"), value()),
            ("replace", Value::Array(items)) => {
                items[key.parse::<usize>().expect("an index")] = value();
            }
            ("remove", Value::Array(items)) => _ = items.remove(key.parse().expect("an index")),
            (operation, _) => panic!("{operation} {path}"),
        }
    }
}

/// RFC 7396.
fn patch_merge(document: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *document = patch.clone();
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let fields = document.as_object_mut().expect("an object");
    for (name, value) in patch {
        match value {
            Value::Null => _ = fields.remove(name),
            value => patch_merge(fields.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

/// Plans, executes what is printed, plans again. Gives the manifests before and after.
fn carried_out(name: &str, documents: Vec<Value>) -> (Vec<Value>, Vec<Value>) {
    let (before, files, after) =
        (folder(&format!("{name}-before")), folder(&format!("{name}-plan")), folder(name));
    write(&before, &documents);
    let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
    let plan = ringfort(&[&text(&before), "-o", &text(&files)]);
    let (connected, no_cut) = (pairs(&plan["before"]), pairs(&plan["no_cut"]));
    assert!(connected.len() > no_cut.len(), "{name}: something to cut");
    let readme = std::fs::read_to_string(files.join("README.md")).expect("a README");
    let commands = commands(&readme);
    assert!(!commands.is_empty(), "{name}: {readme}");
    let mut patched = documents.clone();
    for command in &commands {
        execute(&mut patched, command, &files);
    }
    write(&after, &patched);
    let again = ringfort(&[&text(&after)]);
    let left: BTreeSet<_> = pairs(&again["before"]).difference(&no_cut).cloned().collect();
    assert!(left.is_empty(), "{name}: {left:?} after {commands:#?}");
    assert_eq!(again["fixes"], Value::Array(Vec::new()), "{name}: nothing more to do");
    for path in [before, files, after] {
        std::fs::remove_dir_all(path).expect("it was written");
    }
    (documents, patched)
}

#[test]
fn the_printed_files_close_what_the_plan_says_they_close() {
    let documents = ringfort_collect::yaml_values(SHOP).expect("YAML");
    let (before, after) = carried_out("shop", documents);
    // Patches change what they are for: most fields of every manifest are as they were.
    for one in &before {
        let name = |one: &Value| (one["kind"].clone(), one["metadata"].clone()["name"].clone());
        let Some(now) = after.iter().find(|other| name(other) == name(one)) else { continue };
        for field in [
            "/spec/template/spec/containers/0/resources",
            "/spec/sessionAffinity",
            "/spec/template/spec/containers/0/livenessProbe",
            "/spec/template/spec/dnsConfig",
            "/spec/template/spec/containers/0/securityContext/runAsGroup",
            "/metadata/annotations",
        ] {
            assert_eq!(one.pointer(field), now.pointer(field), "{field} of {}", one["metadata"]);
        }
    }
}

/// The demo as its manifests: without the pods that its controllers have made.
#[test]
fn the_printed_files_close_the_demo() {
    let text = std::fs::read_to_string(DEMO).expect("the demo");
    let mut documents = ringfort_collect::yaml_values(&text).expect("YAML");
    documents.retain(|one| one["metadata"].get("ownerReferences").is_none());
    for one in &mut documents {
        let meta = one["metadata"].as_object_mut().expect("metadata");
        meta.remove("uid");
        meta.remove("resourceVersion");
    }
    carried_out("demo", documents);
}
