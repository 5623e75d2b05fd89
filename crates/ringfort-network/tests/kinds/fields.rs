//! Every field that docs/network.md lists as modelled has a fixture: a policy that uses it, with
//! the verdicts that upstream's documentation gives. Taking the field out of the policy has to
//! change a verdict, unless the field is listed as having no effect; then it must not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ringfort_network::policy::Tri;
use serde_json::Value;

use crate::world::World;

/// Heading of the page, and the fixtures of its table.
const TABLES: [(&str, &str); 3] = [
    ("AdminNetworkPolicy, BaselineAdminNetworkPolicy", "admin"),
    ("CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy", "cilium"),
    ("Calico", "calico"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn cases(name: &str) -> Vec<Value> {
    let path = root().join("fixtures").join(format!("{name}.json"));
    let text = std::fs::read_to_string(path).expect("the fixtures");
    serde_json::from_str(&text).expect("a list of cases")
}

/// Names of fields in the first column of the table under a heading, without the path to them.
fn listed(page: &str, heading: &str) -> BTreeSet<String> {
    let section = page.split("\n## ").find(|one| one.starts_with(heading)).expect(heading);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let first = rows.filter_map(|row| row.split(" | ").next());
    let mut found = BTreeSet::new();
    for cell in first {
        // Every second part stands between backticks.
        for field in cell.split('`').skip(1).step_by(2) {
            let last = field.rsplit('.').next().unwrap_or(field);
            found.insert(last.trim_end_matches("[]").to_owned());
        }
    }
    found
}

fn answers(objects: &[Value], case: &Value) -> Vec<&'static str> {
    let world = World::new(objects);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let asked = case["ask"].as_array().expect("questions");
    let one = |asked: &Value| match world.ask(&text(&asked[0]), &text(&asked[1]), &text(&asked[2]))
    {
        Tri::Yes => "yes",
        Tri::Unknown => "unknown",
        Tri::No => "no",
    };
    asked.iter().map(one).collect()
}

/// Takes a field out of a specification, wherever it stands.
fn take_out(value: &mut Value, field: &str) -> bool {
    match value {
        Value::Object(fields) => {
            let mut found = fields.remove(field).is_some();
            for below in fields.values_mut() {
                found |= take_out(below, field);
            }
            found
        }
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= take_out(item, field);
            }
            found
        }
        _ => false,
    }
}

/// The policies without the field. NetworkPolicies of Kubernetes stay as they are.
fn without(objects: &[Value], field: &str) -> Vec<Value> {
    let mut changed = objects.to_vec();
    let mut found = false;
    for object in changed.iter_mut().filter(|one| one["apiVersion"] != "networking.k8s.io/v1") {
        for part in ["spec", "specs"] {
            if field == part {
                found |= object.as_object_mut().expect("an object").remove(part).is_some();
            } else if let Some(spec) = object.get_mut(part) {
                found |= take_out(spec, field);
            }
        }
    }
    assert!(found, "no policy has the field {field}: {objects:?}");
    changed
}

#[test]
fn every_field_that_is_listed_as_modelled_has_a_fixture() {
    let page = std::fs::read_to_string(root().join("../../docs/network.md")).expect("the page");
    for (heading, name) in TABLES {
        let listed = listed(&page, heading);
        assert!(listed.len() > 15, "{heading}: {listed:?}");
        let shown: BTreeSet<String> = cases(name)
            .iter()
            .map(|case| case["field"].as_str().expect("a field").to_owned())
            .collect();
        let missing: Vec<&String> = listed.difference(&shown).collect();
        assert!(missing.is_empty(), "{name}: no fixture shows {missing:?}");
    }
}

#[test]
fn fields_do_what_their_fixtures_say_and_nothing_without_them() {
    let mut wrong = Vec::new();
    let mut shown: BTreeMap<(&str, String), bool> = BTreeMap::new();
    for (_, name) in TABLES {
        for (at, case) in cases(name).iter().enumerate() {
            let field = case["field"].as_str().expect("a field");
            let objects = case["objects"].as_array().expect("objects");
            let asked = case["ask"].as_array().expect("questions");
            let wanted: Vec<&str> =
                asked.iter().map(|one| one[3].as_str().expect("an answer")).collect();
            let found = answers(objects, case);
            if found != wanted {
                wrong.push(format!("{name} {at}, {field}: want {wanted:?}, found {found:?}"));
                continue;
            }
            let idle = case["without_effect"] == true;
            let changes = answers(&without(objects, field), case) != found;
            if idle && changes {
                wrong.push(format!("{name} {at}, {field}: has an effect all the same"));
            }
            *shown.entry((name, field.to_owned())).or_default() |= changes || idle;
        }
    }
    let dead = shown.iter().filter(|(_, shown)| !**shown);
    wrong.extend(dead.map(|((name, field), _)| format!("{name}, {field}: no case needs it")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
