//! Network reachability against np-guard's netpol-analyzer: its own test cases.
//!
//! A case names folders of manifests, options, and an output. Edges, exposure sections,
//! explained pairs and differences are compared as sets; layouts are not. The tool's
//! conventions are handled here ([`input`], [`edges`], [`exposure`]) and never in the engine.

mod change;
mod edges;
mod exposure;
mod golden;
mod input;
mod question;
mod refusal;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use ringfort_network::policy::ConnectionSet;
use serde::Deserialize;

use crate::cases::{SuiteError, each_line, open};
use crate::outcome::Outcome;
use edges::Flags;
use input::{Files, Input};

/// The outcome of the suite, and the cases that it asks and nothing here covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkOutcome {
    /// What was compared.
    pub outcome: Outcome,
    /// Name and reason of every other case, in the order of the file.
    pub not_covered: Vec<(String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Case {
    kind: String,
    #[serde(rename = "case")]
    title: String,
    input: Vec<String>,
    golden: String,
    format: String,
    flags: Flags,
    outcome: String,
    message_contains: Vec<String>,
    source: question::Place,
    destination: question::Place,
    protocol: String,
    port: Option<u16>,
    allowed: bool,
    all_connections: bool,
}

/// Compares every case of a file. `root` is the suite's folder or archive.
pub fn run(root: &Path, cases: &Path) -> Result<NetworkOutcome, SuiteError> {
    let files = files(root)?;
    let mut found = NetworkOutcome { outcome: Outcome::of("network"), not_covered: Vec::new() };
    each_line(cases, |line, case: Case| {
        let name = if case.title.is_empty() {
            format!("line {line} ({} {})", case.kind, case.input.join(" "))
        } else {
            format!("{} {}", case.kind, case.title)
        };
        if case.flags.multiple_networks {
            let reason = "uses user-defined and secondary networks (NP-10)".to_owned();
            found.not_covered.push((name, reason));
            return Ok(());
        }
        let answer = match (case.outcome.as_str(), case.kind.as_str()) {
            ("", "connlist" | "exposure") => edges_agree(&files, &case),
            ("", "explain") => explained(&files, &case),
            ("", "diff") => change::agree(&files, &case),
            ("", "eval") => question::one(&files, &case),
            ("", "eval-map") => question::map(&files, &case),
            (_, "connlist" | "diff") => match refusal::judge(&files, &case) {
                refusal::Judged::NotCovered(reason) => {
                    found.not_covered.push((name, reason));
                    return Ok(());
                }
                refusal::Judged::Answered(answer) => answer,
            },
            (_, kind) => Err(format!("unknown kind {kind}")),
        };
        found.outcome.count(answer.err().map(|why| format!("{name}: {why}")));
        Ok(())
    })?;
    Ok(found)
}

/// Every file of the suite, by path.
fn files(root: &Path) -> Result<Files, SuiteError> {
    let mut files = Files::new();
    if root.is_dir() {
        if let Some(packed) = crate::files::archive_in(root)? {
            return unpack(&packed);
        }
        walk(root, root, &mut files)?;
        return Ok(files);
    }
    unpack(root)
}

fn unpack(path: &Path) -> Result<Files, SuiteError> {
    let mut files = Files::new();
    let mut archive = tar::Archive::new(open(path)?);
    let io = |source| SuiteError::io(path, source);
    for entry in archive.entries().map_err(io)? {
        let mut entry = entry.map_err(io)?;
        let name = entry.path().map_err(io)?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(io)?;
        files.insert(name.trim_start_matches("./").to_owned(), bytes);
    }
    Ok(files)
}

fn walk(root: &Path, folder: &Path, files: &mut Files) -> Result<(), SuiteError> {
    let listing = std::fs::read_dir(folder).map_err(|source| SuiteError::io(folder, source))?;
    for entry in listing {
        let path = entry.map_err(|source| SuiteError::io(folder, source))?.path();
        if path.is_dir() {
            walk(root, &path, files)?;
        } else {
            let bytes = std::fs::read(&path).map_err(|source| SuiteError::io(&path, source))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.insert(name, bytes);
        }
    }
    Ok(())
}

fn golden_of(files: &Files, path: &str) -> Result<String, String> {
    let bytes = files.get(path).ok_or_else(|| format!("no golden {path}"))?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn input_of(files: &Files, path: &str) -> Result<Input, String> {
    Input::read(files, path).map_err(|_| format!("no manifest in {path}"))
}

/// The first things that only one side has.
fn differences<T: Ord + std::fmt::Debug>(
    theirs: &std::collections::BTreeSet<T>,
    ours: &std::collections::BTreeSet<T>,
) -> Result<(), String> {
    let missing: Vec<&T> = theirs.difference(ours).collect();
    let extra: Vec<&T> = ours.difference(theirs).collect();
    if missing.is_empty() && extra.is_empty() {
        return Ok(());
    }
    let few = |list: &[&T]| format!("{} {:?}", list.len(), &list[..list.len().min(2)]);
    Err(format!("missing {}, extra {}", few(&missing), few(&extra)))
}

fn edges_agree(files: &Files, case: &Case) -> Result<(), String> {
    let golden = golden_of(files, &case.golden)?;
    let input = input_of(files, &case.input[0])?;
    let edges = edges::connections(&input, &case.flags)?;
    let focused = !case.flags.focus_conn.is_empty();
    let shown = |text: String| if focused { String::new() } else { text };
    let ours: golden::Lines = edges
        .iter()
        .map(|edge| {
            let connections = shown(edges::text(&edge.connections, &[]));
            (edge.from.clone(), edge.to.clone(), connections)
        })
        .collect();
    let (theirs, their_exposure) = match case.format.as_str() {
        "dot" => golden::dot(&golden),
        _ => golden::connlist(&golden),
    };
    differences(&theirs, &ours).map_err(|why| format!("edges: {why}"))?;
    if !case.flags.exposure {
        return Ok(());
    }
    let mut exposure = exposure::exposure(&input, &case.flags, &edges);
    exposure.lines = exposure
        .lines
        .into_iter()
        .map(|(arrow, own, peer, text)| (arrow, own, peer, shown(text)))
        .collect();
    if focused {
        // The section on unprotected workloads is left out.
        exposure.unprotected.clear();
    }
    if case.format == "dot" {
        // External edges stand among the others, and nothing says who is unprotected.
        exposure.lines.retain(|line| !line.2.ends_with("[External]"));
        exposure.unprotected.clear();
    }
    differences(&their_exposure.lines, &exposure.lines)
        .map_err(|why| format!("exposure: {why}"))?;
    differences(&their_exposure.unprotected, &exposure.unprotected)
        .map_err(|why| format!("unprotected: {why}"))
}

fn explained(files: &Files, case: &Case) -> Result<(), String> {
    let golden = golden::explain(&golden_of(files, &case.golden)?);
    let input = input_of(files, &case.input[0])?;
    let flags = &case.flags;
    let mut pairs = edges::pairs(&input, &edges::Cuts::of(&input), flags)?;
    pairs.extend(edges::ingress(&input, flags));
    let scope = flags.focus().unwrap_or_else(ConnectionSet::all);
    let mut ours: BTreeMap<(String, String), ConnectionSet> = BTreeMap::new();
    for pair in pairs {
        let allowed = pair.connections.intersection(&scope);
        let shown = match flags.explain_only.as_str() {
            "allow" => !allowed.is_empty(),
            "deny" => allowed.is_empty(),
            _ => true,
        };
        if shown {
            ours.insert((pair.from, pair.to), allowed);
        }
    }
    differences(&golden.into_iter().collect(), &ours.into_iter().collect())
}
