//! KubeHound's facts, where its suite is at hand, and what changes them.

use std::path::PathBuf;

use ringfort_collect::{Options, Source, read};
use ringfort_model::{Cluster, Coverage, Kind, Listed, Object};
use ringfort_verify::kubehound::{Comparison, Verdict, run};

fn suite() -> Option<(Cluster, PathBuf)> {
    let root = std::env::var_os("RINGFORT_SUITES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = root.join("suites/kubehound");
    if !folder.exists() {
        println!("skipped: no {}", folder.display());
        return None;
    }
    let source = Source::Path(folder.join("cluster.tar.zst"));
    let cluster = read(&source, &Options::default()).expect("it reads").cluster;
    Some((cluster, folder.join("kubehound-facts.json")))
}

fn with(cluster: &Cluster, objects: &[&str]) -> Cluster {
    let mut builder = cluster.clone().into_builder();
    for json in objects {
        builder.add(Object::read(json.as_bytes()).expect("an object"));
    }
    builder.freeze()
}

fn verdict<'c>(found: &'c Comparison, attack: &str, fact: &str) -> &'c Verdict {
    let mut all = found.answers.iter();
    &all.find(|one| one.attack == attack && one.fact == fact).expect("a fact of the suite").verdict
}

#[test]
fn every_fact_is_shown_or_refuted() {
    let Some((cluster, facts)) = suite() else { return };
    let found = run(&cluster, &facts).expect("readable facts");
    assert!(found.holds(), "{found}");
    assert_eq!((found.total(), found.agree() + found.explained()), (204, 204));
    assert_eq!(found.present(), (25, 25));
}

const FACT: &str = "list-secrets::pod-list-secrets -> impersonate-sa";

#[test]
fn a_token_secret_is_shown_and_refuted_no_more() {
    let Some((cluster, facts)) = suite() else { return };
    let before = run(&cluster, &facts).expect("readable facts");
    assert!(matches!(verdict(&before, "TOKEN_LIST", FACT), Verdict::Explained(_)));
    let token = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"t","namespace":"default",
        "annotations":{"kubernetes.io/service-account.name":"impersonate-sa"}},
        "type":"kubernetes.io/service-account-token"}"#;
    let after = run(&with(&cluster, &[token]), &facts).expect("readable facts");
    assert_eq!(verdict(&after, "TOKEN_LIST", FACT), &Verdict::Agree);
    assert!(after.holds() && after.explained() == before.explained() - 2);
}

#[test]
fn secrets_that_were_not_listed_refute_nothing() {
    let Some((cluster, facts)) = suite() else { return };
    let mut blind = cluster;
    let secrets = Coverage::key(Kind::Secret);
    blind.coverage.note(&secrets, Listed::Forbidden("not allowed".into()));
    let found = run(&blind, &facts).expect("readable facts");
    assert_eq!(verdict(&found, "TOKEN_LIST", FACT), &Verdict::Missing);
    assert!(!found.holds());
}

#[test]
fn a_binding_that_is_gone_is_missed() {
    let Some((cluster, facts)) = suite() else { return };
    let objects = cluster.objects().filter(|object| object.meta().name != "pod-exec-pods");
    let mut builder = ringfort_model::ClusterBuilder::new(cluster.source);
    *builder.coverage() = cluster.coverage.clone();
    builder.version(cluster.version, &cluster.git_version);
    for object in objects {
        builder.add(object);
    }
    let found = run(&builder.freeze(), &facts).expect("readable facts");
    let fact = "exec-pods::pod-exec-pods -> control-pod";
    assert_eq!(verdict(&found, "POD_EXEC", fact), &Verdict::Missing);
    assert!(!found.holds());
}
