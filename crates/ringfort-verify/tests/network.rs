//! np-guard's cases, where its suite is at hand.

use std::path::PathBuf;

use ringfort_verify::network::{NetworkOutcome, run};

fn suite(cases: &str) -> Option<NetworkOutcome> {
    let root = std::env::var_os("RINGFORT_SUITES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = root.join("suites/netpol");
    if !folder.exists() {
        println!("skipped: no {}", folder.display());
        return None;
    }
    Some(run(&folder, &folder.join(cases)).expect("the cases read"))
}

fn show(found: &NetworkOutcome) {
    println!("{}", found.outcome);
    for line in &found.outcome.disagreements {
        println!("{}", line.chars().take(600).collect::<String>());
    }
}

#[test]
fn edges_exposure_explanations_and_differences_agree() {
    let Some(found) = suite("cases.jsonl") else { return };
    show(&found);
    assert!(found.outcome.holds(), "{}", found.outcome);
    assert_eq!((found.outcome.total, found.not_covered.len()), (270, 50));
}

#[test]
fn single_questions_and_maps_agree() {
    let Some(found) = suite("eval.jsonl") else { return };
    show(&found);
    assert!(found.outcome.holds(), "{}", found.outcome);
    assert_eq!(found.outcome.total, 15);
}

#[test]
fn what_the_api_server_refuses_is_an_error() {
    let Some(found) = suite("errors.jsonl") else { return };
    show(&found);
    for (name, why) in &found.not_covered {
        println!("not covered: {name}: {why}");
    }
    assert!(found.outcome.holds(), "{}", found.outcome);
}
