//! Every row of the technique table is there: with its file, its section of the generated page, and
//! tests that ask about it. Where the table itself is at hand, its columns are compared with what
//! the techniques say of themselves.

#![allow(clippy::needless_pass_by_value)]

mod fixture;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fixture::{holds, pod, reaches, rule};
use ringfort_attack::Impact;
use ringfort_attack::techniques::{ALL, NOT_EVALUATED, STRUCTURE};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of all files below a folder.
fn sources(folder: &Path) -> String {
    let mut found = String::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => found.push_str(&sources(&path)),
            false if path.extension().is_some_and(|end| end == "rs") => {
                found.push_str(&text(&path));
            }
            false => {}
        }
    }
    found
}

#[test]
fn each_technique_has_its_file_and_its_section() {
    let folder = root().join("crates/ringfort-attack/src/techniques");
    let page = text(&root().join("docs/techniques.md"));
    let sections: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut files = BTreeSet::new();
    for technique in ALL {
        let file = format!("{}.rs", technique.id.replace('-', "_"));
        assert!(text(&folder.join(&file)).contains(&format!("\"{}\"", technique.id)), "{file}");
        assert!(sections.contains(technique.id), "{} has no section", technique.id);
        files.insert(file);
    }
    files.insert("mod.rs".to_owned());
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
        assert!(files.contains(&name), "{name} is no technique of the list");
    }
    for (id, _) in STRUCTURE.iter().chain(NOT_EVALUATED) {
        assert!(page.contains(&format!("- {id}: ")), "{id} is not told");
    }
}

#[test]
fn tests_ask_about_each_technique_vector_and_impact() {
    let tests = sources(&root().join("crates/ringfort/tests"));
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    let mut need = |id: String, least: usize| {
        let count = [format!("\"{id}\""), format!("\"fact/{id}\""), format!("\"impact/{id}\"")]
            .iter()
            .map(|quoted| tests.matches(quoted).count())
            .sum();
        // Once in a pair of an edge and of what gives none, or in two tests.
        if count < least {
            asked.insert(id, count);
        }
    };
    for technique in ALL {
        need(technique.id.to_owned(), 1);
    }
    for at in 1..=13 {
        need(format!("V{at}"), 2);
    }
    for impact in Impact::ALL {
        need(impact.name().to_owned(), 1);
    }
    assert_eq!(asked, BTreeMap::new(), "no test asks about these");
}

/// A row of the table, as far as it is compared.
#[derive(Debug)]
struct Row {
    section: u32,
    difficulty: String,
    zone: String,
    attack: BTreeSet<String>,
    cut_by: BTreeSet<String>,
}

fn words(cell: &str) -> BTreeSet<String> {
    cell.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect()
}

/// Ids of ATT&CK and of the threat matrix; words beside them are dropped.
fn ids(cell: &str) -> BTreeSet<String> {
    let is_id = |word: &&str| {
        word.starts_with('T') && word[1..].starts_with(|c: char| c.is_ascii_digit())
            || word.starts_with("MS-")
    };
    cell.split([',', ' ']).filter(is_id).map(str::to_owned).collect()
}

/// The rows of the design's table, or `None` after saying that it is not at hand.
fn table() -> Option<BTreeMap<String, Row>> {
    let shared = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    let path = shared.unwrap_or_else(|| root().join("../shared")).join("design/techniques.md");
    let Ok(page) = std::fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return None;
    };
    let mut rows = BTreeMap::new();
    let mut section = 0;
    for line in page.lines() {
        if let Some(number) = line.strip_prefix("## ").and_then(|rest| rest.split('.').next()) {
            section = number.parse().unwrap_or(0);
        }
        let Some(line) = line.strip_prefix("| `") else { continue };
        // `\|` is a bar within a cell.
        let line = line.replace("\\|", "/");
        let cells: Vec<&str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        let id = cells[0].trim_end_matches('`').to_owned();
        // Where the difficulty stands; zone, ATT&CK and fixes follow it.
        let of = |at: usize| (cells[at], cells[at + 1], cells[at + 2], cells[at + 3]);
        let (difficulty, zone, attack, cut_by) = match section {
            1..=5 | 7 => of(5),
            6 if id == "deputy-generic" => ("D2", "IC", "T1078, T1098, T1610", "rbac"),
            6 => ("D1", "IC", "T1078, T1098, T1610", "rbac, cicd, admission"),
            8 => of(4),
            _ => continue,
        };
        let (difficulty, zone) = (difficulty.to_owned(), zone.to_owned());
        let row = Row { section, difficulty, zone, attack: ids(attack), cut_by: words(cut_by) };
        assert!(rows.insert(id.clone(), row).is_none(), "{id} is in the table twice");
    }
    assert!(rows.len() > 150, "{}: {} rows", path.display(), rows.len());
    Some(rows)
}

/// Where the techniques differ from the table, and why.
const DIFFERS: &[(&str, &str, &str)] = &[
    ("deputy-gatekeeper", "difficulty", "the victim's next object has to be waited for"),
    ("deputy-sealed-vault-injector", "cut_by", "the vault's bound claims decide"),
    ("deputy-helm-tiller", "cut_by", "no grant is needed: it is removed, or kept from pods"),
    ("deputy-vcluster-syncer", "cut_by", "no CI is part of it; the host's Pod Security is"),
    ("literal-credential", "attack", "credentials in configuration are MS-TA9027 of the matrix"),
    ("role-bind-covered", "zone", "it gives persistence, which is an impact"),
];

#[test]
fn the_list_is_the_table() {
    let Some(table) = table() else { return };
    let known: BTreeSet<&str> =
        ALL.iter().map(|technique| technique.id).chain(STRUCTURE.iter().map(|row| row.0)).collect();
    let wanted: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(known, wanted);
    let mut used = BTreeSet::new();
    for technique in ALL {
        let id = technique.id;
        let row = &table[id];
        let mut same = |what: &'static str, holds: bool, shown: String| {
            let excused = DIFFERS.iter().any(|one| (one.0, one.1) == (id, what));
            assert!(holds || excused, "{id}: {what}: {shown}, the table has {row:?}");
            if !holds {
                used.insert((id, what));
            }
        };
        let difficulty = format!("{:?}", technique.difficulty);
        // A dash leaves it open; `D1/D2` are its variants.
        let either = row.difficulty == "–" || row.difficulty.contains(&difficulty);
        same("difficulty", either, difficulty);
        let zone = match technique.zone.name() {
            "initial-access" => "IA",
            "in-cluster" => "IC",
            _ => "IM",
        };
        same("zone", row.zone.contains(zone), zone.to_owned());
        let attack: BTreeSet<String> = technique.attack.iter().map(|&id| id.to_owned()).collect();
        same("attack", row.attack.is_subset(&attack), format!("{attack:?}"));
        let cut_by: BTreeSet<String> =
            technique.cut_by.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect();
        same("cut_by", row.cut_by.is_subset(&cut_by), format!("{cut_by:?}"));
        assert!((1..=8).contains(&row.section));
    }
    let listed: BTreeSet<(&str, &str)> = DIFFERS.iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(used, listed, "what is excused differs");
}

/// `hostpath-log-symlink`: two positions of the attacker, a writable folder of logs and somebody
/// who reads them.
#[test]
fn who_writes_log_files_and_reads_logs_reads_files_of_the_node() {
    let objects = |path: &str, read_only: bool, rules: Value| {
        let mut objects = holds(false, rules);
        objects[4] = pod(
            json!({"serviceAccountName": "t",
                "volumes": [{"name": "v", "hostPath": {"path": path}}]}),
            json!({"volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": read_only}]}),
        );
        objects
    };
    let id = "hostpath-log-symlink";
    let logs = || json!([rule(&["get"], "", &["pods/log"])]);
    let (both, files) = (["pod/a/p@n", "sa/a/s"], "node-files/n/all");
    let writable = objects("/var/log", false, logs());
    assert!(!fixture::of(id, &writable).is_empty());
    assert!(reaches(&writable, &both, files));
    for alone in [&both[..1], &both[1..]] {
        assert!(!reaches(&writable, alone, files), "{alone:?}");
    }
    for (what, other) in [
        ("read-only", objects("/var/log", true, logs())),
        ("a folder of the application", objects("/var/log/app", false, logs())),
        ("nobody reads logs", objects("/var/log", false, json!([rule(&["get"], "", &["pods"])]))),
    ] {
        assert!(!reaches(&other, &both, files), "{what}");
    }
}
