//! Which crate may use which: a stage sees only what is left of it.

use std::collections::BTreeMap;
use std::process::Command;

/// Crates of the workspace that each may use.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let engines = [
        "ringfort-model",
        "ringfort-authz",
        "ringfort-podsec",
        "ringfort-isolation",
        "ringfort-network",
        "ringfort-admission",
    ];
    let with = |more: &[&'static str]| engines.iter().chain(more).copied().collect::<Vec<_>>();
    let attack = ["ringfort-graph", "ringfort-language", "ringfort-attack"];
    BTreeMap::from([
        ("ringfort-model", vec![]),
        ("ringfort-graph", vec![]),
        ("ringfort-language", vec![]),
        ("ringfort-authz", vec!["ringfort-model"]),
        ("ringfort-podsec", vec!["ringfort-model"]),
        ("ringfort-isolation", vec!["ringfort-model", "ringfort-podsec"]),
        ("ringfort-network", vec!["ringfort-model"]),
        ("ringfort-admission", vec!["ringfort-model", "ringfort-podsec", "ringfort-isolation"]),
        ("ringfort-collect", vec!["ringfort-model"]),
        ("ringfort-testkit", vec!["ringfort-model"]),
        ("ringfort-attack", with(&["ringfort-graph", "ringfort-language"])),
        ("ringfort-plan", with(&attack)),
        ("ringfort-checks", with(&["ringfort-graph", "ringfort-attack", "ringfort-plan"])),
        (
            "ringfort-report",
            vec![
                "ringfort-model",
                "ringfort-graph",
                "ringfort-language",
                "ringfort-attack",
                "ringfort-plan",
                "ringfort-checks",
            ],
        ),
        (
            "ringfort-verify",
            with(&["ringfort-graph", "ringfort-attack", "ringfort-plan", "ringfort-collect"]),
        ),
        (
            "ringfort",
            with(&[
                "ringfort-graph",
                "ringfort-language",
                "ringfort-attack",
                "ringfort-plan",
                "ringfort-checks",
                "ringfort-report",
                "ringfort-collect",
                "ringfort-verify",
            ]),
        ),
        (
            "xtask",
            with(&["ringfort-attack", "ringfort-checks", "ringfort-collect", "ringfort-verify"]),
        ),
    ])
}

#[test]
fn no_stage_looks_right() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let allowed = allowed();
    let mut wrong = Vec::new();
    let packages = metadata["packages"].as_array().expect("there are packages");
    for package in packages {
        let name = package["name"].as_str().expect("packages have names");
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("{name} has no row in this test"));
            continue;
        };
        for dependency in package["dependencies"].as_array().expect("a list") {
            let used = dependency["name"].as_str().expect("dependencies have names");
            let dev = dependency["kind"].as_str() == Some("dev");
            if used.starts_with("ringfort") && !may.contains(&used) && !dev {
                wrong.push(format!("{name} must not use {used}"));
            }
            let client = ["kube", "tokio", "reqwest", "hyper"].contains(&used);
            if client && name != "ringfort-collect" {
                wrong.push(format!("{name} must not use the network crate {used}"));
            }
        }
    }
    assert!(packages.len() >= 10, "the workspace was not read");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
