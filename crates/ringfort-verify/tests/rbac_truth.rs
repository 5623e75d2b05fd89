//! Answers recorded from a real API server, where the suites are at hand.

use std::path::PathBuf;

use ringfort_collect::{Options, Source};
use ringfort_model::Cluster;

/// The suites' folder, or `None` after saying that the test is skipped.
fn suites() -> Option<PathBuf> {
    let given = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let path = given.unwrap_or(beside);
    if path.join("truth").is_dir() {
        return Some(path);
    }
    println!("skipped: no recorded answers at {}", path.display());
    None
}

fn cluster(path: PathBuf) -> Cluster {
    let read = ringfort_collect::read(&Source::Path(path), &Options::default());
    read.expect("the cluster reads").cluster
}

#[test]
fn rbac_equals_the_server() {
    let Some(root) = suites() else { return };
    for (archive, cases) in [("clusters/shop", "rbac-shop"), ("truth/rbac-odd-cluster", "rbac-odd")]
    {
        let cluster = cluster(root.join(format!("{archive}.tar.zst")));
        assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
        let cases = root.join(format!("truth/{cases}.jsonl.zst"));
        let outcome = ringfort_verify::rbac::run(&cluster, &cases).expect("the cases read");
        let first = &outcome.disagreements[..outcome.disagreements.len().min(5)];
        assert!(outcome.holds(), "{outcome} {first:#?}");
    }
}

#[test]
fn node_and_rbac_equal_the_server() {
    let Some(root) = suites() else { return };
    let cluster = cluster(root.join("clusters/shop.tar.zst"));
    let cases = root.join("truth/node-shop.jsonl.zst");
    let outcome = ringfort_verify::rbac::run_node(&cluster, &cases).expect("the cases read");
    let first = &outcome.disagreements[..outcome.disagreements.len().min(5)];
    assert!(outcome.holds(), "{outcome} {first:#?}");
}

#[test]
fn escalation_equals_the_server() {
    let Some(root) = suites() else { return };
    let cluster = cluster(root.join("truth/escalation-cluster.tar.zst"));
    let cases = root.join("truth/escalation.jsonl.zst");
    let outcome = ringfort_verify::escalation::run(&cluster, &cases).expect("the cases read");
    let first = &outcome.disagreements[..outcome.disagreements.len().min(5)];
    assert!(outcome.holds(), "{outcome} {first:#?}");
}
