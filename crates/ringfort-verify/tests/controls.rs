//! Every technique, vector and impact has a positive control, which gives it, and negative ones,
//! which give nothing; and the files say what is so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ringfort_verify::controls::{self, About};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ringfort-attack/fixtures")
}

#[test]
fn each_technique_vector_and_impact_has_its_controls() {
    let all = controls::read(&fixtures()).expect("the files are well formed");
    let known: BTreeSet<About> = all.iter().map(|one| one.about).collect();
    let without: Vec<About> = About::all().difference(&known).copied().collect();
    assert!(without.is_empty(), "no controls of {without:?}");
    assert_eq!(known.len(), all.len(), "two files about the same");
}

#[test]
fn each_control_holds() {
    let all = controls::read(&fixtures()).expect("the files are well formed");
    let mut failed = Vec::new();
    let (mut positive, mut negative) = (0, 0);
    for one in &all {
        let (yes, no) = one.count();
        positive += yes;
        negative += no;
        for fault in one.judge() {
            failed.push(format!("{:?} [{}] {}", one.about, fault.what, fault.reason));
        }
    }
    println!("controls: {} positive, {} negative, {} fail", positive, negative, failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
