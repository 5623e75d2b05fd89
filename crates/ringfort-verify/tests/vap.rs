//! A library of ValidatingAdmissionPolicies, where its tests are at hand, and whether they can
//! fail.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use ringfort_verify::vap;

fn suite() -> Option<PathBuf> {
    let root = std::env::var_os("RINGFORT_SUITES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = root.join("suites/vap/vap-controls.tar.zst");
    if !file.exists() {
        println!("skipped: no {}", file.display());
        return None;
    }
    Some(file)
}

/// The files of the suite, with every policy changed, in a folder of their own.
fn changed(archive: &Path, name: &str, change: impl Fn(&str, String) -> String) -> PathBuf {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    let file = std::fs::File::open(archive).expect("it opens");
    let decoder = zstd::stream::read::Decoder::new(file).expect("zstd");
    let mut archive = tar::Archive::new(decoder);
    for entry in archive.entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").into_owned();
        let mut text = String::new();
        if entry.header().entry_type().is_file() && entry.read_to_string(&mut text).is_ok() {
            files.insert(path, text);
        }
    }
    let root = std::env::temp_dir().join(format!("ringfort-vap-{}-{name}", std::process::id()));
    for (path, text) in files {
        let to = root.join(&path);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::write(to, change(&path.to_string_lossy(), text)).expect("written");
    }
    root
}

#[test]
fn every_test_of_the_library_agrees() {
    let Some(root) = suite() else { return };
    let outcome = vap::run(&root, None).expect("it reads");
    assert!(outcome.holds(), "{outcome}: {:#?}", outcome.disagreements);
    assert_eq!(outcome.total, 628);
}

#[test]
fn other_policies_do_not_agree() {
    let Some(archive) = suite() else { return };
    let root =
        changed(&archive, "open", |path, text| match path.ends_with("policy-binding.yaml") {
            true => text.replace("[Deny]", "[Audit]"),
            false => text,
        });
    let open = vap::run(&root, None).expect("it reads");
    std::fs::remove_dir_all(&root).expect("removed");
    // Nothing is refused: just the tests that expect no refusal agree.
    assert_eq!((open.total, open.agree), (628, 276));
    let root = changed(&archive, "all", |path, text| match path.ends_with("policy.yaml") {
        true => text.replace(".all(", ".exists("),
        false => text,
    });
    let other = vap::run(&root, None).expect("it reads");
    std::fs::remove_dir_all(&root).expect("removed");
    assert!(other.agree < 600, "{other}");
}
