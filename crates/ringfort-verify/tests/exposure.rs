//! Exposure: the table of our own, and each Service of the shop cluster, written down by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ringfort_collect::{Options, Source};
use ringfort_network::exposure::{Exposure, Reach};
use ringfort_verify::exposure::{Covered, run_covering};

/// A file beside this crate.
fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// A file of the suites; `None`, with a line that says so, where they are absent.
fn suite(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("RINGFORT_SUITES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {}", path.display());
    None
}

#[test]
fn the_table_agrees_and_covers_every_rule() {
    let mut covered = Covered::default();
    let outcome = run_covering(&data("exposure.jsonl"), &mut covered).expect("a readable table");
    assert!(outcome.holds(), "{}: {:#?}", outcome.agree, outcome.disagreements);
    assert!(outcome.total >= 150, "{} rows", outcome.total);
    let rules = (1..=14).chain(20..=21).map(|number| format!("EXP-{number:02}"));
    let rules: BTreeSet<String> = rules.chain(["4.1".to_owned()]).collect();
    let missing: Vec<_> = rules.difference(&covered.rules).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let missing: Vec<_> = rules.difference(&covered.near_misses).collect();
    assert!(missing.is_empty(), "no near miss for {missing:?}");
}

#[test]
fn every_service_of_the_shop() {
    let Some(path) = suite("clusters/shop.tar.zst") else { return };
    let text = std::fs::read_to_string(data("shop-services.txt")).expect("the golden file");
    let mut golden: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (said, why) = line.split_once("  # ").expect("a comment on every line");
        let (name, reach) = said.split_once(": ").expect("a name");
        assert!(!why.is_empty(), "{line}");
        golden.insert(name.to_owned(), reach.to_owned());
    }
    let collected =
        ringfort_collect::read(&Source::Path(path), &Options::default()).expect("a cluster");
    let cluster = &collected.cluster;
    let exposure = Exposure::new(cluster);
    let mut found: BTreeMap<String, BTreeMap<&str, Reach>> = cluster
        .services
        .iter()
        .map(|service| (service.metadata.full_name(), BTreeMap::new()))
        .collect();
    for listener in &exposure.listeners {
        let Some((namespace, name)) = &listener.service else { continue };
        let kinds = found.entry(format!("{namespace}/{name}")).or_default();
        let reach = kinds.entry(listener.kind.name()).or_insert(Reach::Internal);
        *reach = (*reach).min(listener.verdict.reach);
    }
    let found: BTreeMap<String, String> = found
        .into_iter()
        .map(|(name, kinds)| {
            let kinds = kinds.iter().map(|(kind, reach)| format!("{kind} {}", reach.name()));
            (name, kinds.collect::<Vec<_>>().join(", "))
        })
        .collect();
    assert_eq!(found, golden);
}
