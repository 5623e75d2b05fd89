//! Findings on manifests point at the file and line that show them, in files of many styles.
//!
//! `# here: ID` marks the line of a finding in the files; the golden file holds the place of every
//! finding with the text that stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/positions");

fn scan(arguments: &[&str], input: Option<&[u8]>) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.args(["-q", "scan"]).args(arguments).args(["-f", "json", "--k8s-version", "1.36"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.unwrap_or_default()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Every file below the folder, with its text.
fn files(folder: &Path, base: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = format!("{base}{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => files(&entry.path(), &format!("{name}/"), found),
            false => {
                found.insert(name, std::fs::read_to_string(entry.path()).expect("text"));
            }
        }
    }
}

/// File, line and check of each finding that has a place.
fn places(report: &Value) -> Vec<(String, usize, String, String)> {
    let findings = report["findings"].as_array().expect("findings");
    let mut found: Vec<_> = findings
        .iter()
        .filter(|one| !one["place"].is_null())
        .map(|one| {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let line = one["place"]["line"].as_u64().expect("a line");
            let line = usize::try_from(line).expect("small");
            (text(&one["place"]["file"]), line, text(&one["id"]), text(&one["object"]))
        })
        .collect();
    found.sort();
    found
}

/// The lines that are marked for a check.
fn marked(text: &str) -> BTreeSet<(usize, String)> {
    let numbered = text.lines().enumerate();
    let mark = |(at, line): (usize, &str)| {
        let (_, id) = line.split_once("# here: ")?;
        Some((at + 1, id.trim().to_owned()))
    };
    numbered.filter_map(mark).collect()
}

/// The checks whose places are marked in the files.
const MARKED: [&str; 7] = [
    "RF-WKL-001",
    "RF-WKL-002",
    "RF-WKL-003",
    "RF-WKL-004",
    "RF-WKL-009",
    "RF-ADM-003",
    "RF-SEC-007",
];

/// Lines of files in JSON, which has no comments.
const UNMARKED: [(&str, usize, &str); 7] = [
    ("flow.yaml", 6, "RF-WKL-001"),
    ("json-in.yaml", 9, "RF-WKL-002"),
    ("json-in.yaml", 19, "RF-WKL-001"),
    ("list.json", 10, "RF-WKL-002"),
    ("list.json", 23, "RF-WKL-001"),
    ("objects.json", 16, "RF-WKL-001"),
    ("objects.json", 24, "RF-WKL-002"),
];

fn expected(files: &BTreeMap<String, String>) -> BTreeSet<(String, usize, String)> {
    let marks = files.iter().flat_map(|(name, text)| {
        marked(text).into_iter().map(|(line, id)| (name.clone(), line, id))
    });
    let others =
        UNMARKED.iter().map(|(name, line, id)| ((*name).to_owned(), *line, (*id).to_owned()));
    marks.chain(others).collect()
}

/// Whether the line of a finding says the name of a field that its evidence names, or begins the
/// object or the item that it is about.
fn names_its_field(finding: &Value, files: &BTreeMap<String, String>) -> bool {
    let Some(line) = finding["place"]["line"].as_u64() else { return true };
    let file = finding["place"]["file"].as_str().expect("a file");
    let line = files[file].lines().nth(line as usize - 1).expect("the line is in the file");
    let begins = ["-", "{", "[", "apiVersion", "\"apiVersion", "name:"];
    // One key of the files is written with an escape.
    let line = line.trim().trim_start_matches('\u{feff}').replace("\\x50", "P");
    begins.iter().any(|begin| line.starts_with(begin))
        || finding["evidence"].as_array().expect("evidence").iter().any(|spot| {
            let field = spot["field"].as_str().expect("a field");
            field.split(['.', '[', ']']).any(|key| !key.is_empty() && line.contains(key))
        })
}

#[test]
fn every_finding_points_at_its_line() {
    let mut all = BTreeMap::new();
    files(Path::new(FOLDER), "", &mut all);
    assert!(all.len() >= 19, "{:?}", all.keys());
    let report = scan(&[FOLDER], None);
    assert_eq!(report["gaps"], serde_json::json!([]));
    let found = places(&report);
    let named: BTreeSet<(String, usize, String)> = found
        .iter()
        .filter(|(_, _, id, _)| MARKED.contains(&id.as_str()))
        .map(|(file, line, id, _)| (file.clone(), *line, id.clone()))
        .collect();
    let wanted = expected(&all);
    let lost: Vec<_> = wanted.difference(&named).collect();
    let other: Vec<_> = named.difference(&wanted).collect();
    assert!(lost.is_empty() && other.is_empty(), "lost: {lost:#?}\nelsewhere: {other:#?}");

    let rows: Vec<String> = found
        .iter()
        .map(|(file, line, id, object)| {
            let text = all[file].lines().nth(line - 1).expect("the line is in the file").trim();
            let text: String = text.chars().take(80).collect();
            format!("{file}:{line} {id} {object} | {text}")
        })
        .collect();
    let rows = rows.join("\n") + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/positions.txt");
    if std::env::var_os("RINGFORT_BLESS").is_some() {
        std::fs::write(&golden, &rows).expect("the golden file can be written");
    }
    let known = std::fs::read_to_string(&golden).expect("the golden file is there");
    assert_eq!(known, rows);
    for one in report["findings"].as_array().expect("findings") {
        assert!(names_its_field(one, &all), "{one}");
        // What stands nowhere is no object of a file.
        let is_nowhere = one["place"].is_null();
        assert!(!is_nowhere || one["kind"] == "Namespace" || one["kind"] == "Cluster", "{one}");
    }
}

#[test]
fn standard_input_and_windows_newlines_keep_the_lines() {
    let mut all = BTreeMap::new();
    files(Path::new(FOLDER), "", &mut all);
    for (name, text) in all.iter().filter(|(name, _)| !name.contains("json")) {
        let wanted: BTreeSet<(usize, String)> = expected(&all)
            .into_iter()
            .filter(|(file, ..)| file == name)
            .map(|(_, line, id)| (line, id))
            .collect();
        // Two files are of that style already.
        let text = &text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let windows = text.replace('\n', "\r\n");
        let marked = format!("\u{feff}{text}");
        for (style, input) in [("as it is", text), ("windows", &windows), ("mark", &marked)] {
            // A directive is the first thing in a file, or it is none.
            if style == "mark" && text.starts_with('%') {
                continue;
            }
            let report = scan(&["-"], Some(input.as_bytes()));
            assert_eq!(report["gaps"], serde_json::json!([]), "{name} {style}");
            let found = places(&report);
            let named: BTreeSet<(usize, String)> = found
                .iter()
                .filter(|(_, _, id, _)| MARKED.contains(&id.as_str()))
                .map(|(file, line, id, _)| {
                    assert_eq!(file, "stdin");
                    (*line, id.clone())
                })
                .collect();
            assert_eq!(named, wanted, "{name} {style}");
        }
    }
}

#[test]
fn a_snapshot_keeps_the_places_and_what_was_not_read() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("positions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let snapshot = folder.join("x.rfs");
    let snapshot = snapshot.to_str().expect("a plain path");
    let taken = |source: &str, complete: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
            .args(["-q", "snapshot", source, "-o", snapshot])
            .args(complete)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    taken(FOLDER, &[]);
    let (direct, kept) = (scan(&[FOLDER], None), scan(&[snapshot], None));
    assert_eq!(places(&direct), places(&kept));
    assert_eq!(direct["findings"], kept["findings"]);
    // What could not be read passes no gate after it either.
    std::fs::write(
        folder.join("a.yaml"),
        "a: [\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n",
    )
    .expect("a file");
    let source = folder.join("a.yaml");
    taken(source.to_str().expect("a plain path"), &["--complete"]);
    for place in [source.to_str().expect("a plain path"), snapshot] {
        let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
            .args(["-q", "scan", place, "--complete", "--fail-on", "severity>=critical"])
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(4), "{place}");
    }
    std::fs::remove_dir_all(&folder).expect("it was made");
}

#[test]
fn what_a_server_wrote_stands_nowhere() {
    let demo = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.yaml"));
    let report = scan(&[demo.to_str().expect("a plain path")], None);
    assert!(!report["findings"].as_array().expect("findings").is_empty());
    assert_eq!(places(&report), []);
    assert!(!report.to_string().contains("\"place\":{"));
}

#[test]
fn formats_for_pipelines_name_file_and_line_from_where_one_stands() {
    let here = Path::new(FOLDER).parent().expect("a folder");
    for (source, prefix) in [("positions", "positions/"), ("positions/block.yaml", "positions/")] {
        let run = |format: &str| {
            let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
                .current_dir(here)
                .args(["-q", "scan", source, "--checks", "RF-WKL-001", "-f", format])
                .output()
                .expect("the program starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text")
        };
        let sarif: Value = serde_json::from_str(&run("sarif")).expect("JSON");
        let results = sarif["runs"][0]["results"].as_array().expect("results");
        let at = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"];
            (place["artifactLocation"]["uri"].clone(), place["region"]["startLine"].clone())
        };
        let wanted = (Value::from(format!("{prefix}block.yaml")), Value::from(21));
        assert!(results.iter().any(|one| at(one) == wanted), "{results:#?}");
        let place = format!("{prefix}block.yaml:21");
        assert!(run("junit").contains(&place));
        assert!(run("markdown").contains(&place));
        assert!(run("csv").contains(&format!("{prefix}block.yaml,21,")));
        let gitlab: Value = serde_json::from_str(&run("gitlab-sast")).expect("JSON");
        let all = gitlab["vulnerabilities"].as_array().expect("a list");
        let file = format!("{prefix}block.yaml");
        assert!(
            all.iter().any(|one| {
                one["location"]["file"] == file && one["location"]["start_line"] == 21
            })
        );
    }
}
