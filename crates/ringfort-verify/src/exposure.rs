//! Exposure: a table of our own, each row with the upstream test or page that its expectation
//! was taken from.
//!
//! A row holds objects, names a kind of listener of one of them, and says who reaches the
//! widest such listener (`none` if there is no such listener), and where given the field that
//! decides, the pods and addresses behind, the addresses in front, and words of a note.

use std::collections::BTreeSet;
use std::path::Path;

use ringfort_model::{ClusterBuilder, Listed, Object, SourceKind, Unit, defaults};
use ringfort_network::exposure::{Exposure, Listener};
use serde::Deserialize;
use serde_json::Value;

use crate::cases::{SuiteError, each_line_in, open};
use crate::outcome::Outcome;

/// A row.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    id: String,
    /// The rule of the semantics.
    rule: String,
    /// The upstream test, source or page that says so.
    cites: String,
    /// Whether the row is a near miss: almost the rule's case, with the other outcome.
    near_miss: bool,
    /// Whether the objects are manifests, to which API defaults apply.
    manifests: bool,
    /// Resources that were not read.
    not_read: Vec<String>,
    objects: Vec<Value>,
    /// `Kind namespace/name`.
    of: String,
    /// Kind of listener.
    listener: String,
    /// Host or name of the listener's part, where the object has several.
    part: Option<String>,
    port: Option<i64>,
    reach: String,
    intent: Option<String>,
    fact: Option<String>,
    field: Option<String>,
    pods: Option<BTreeSet<String>>,
    outside: Option<BTreeSet<String>>,
    addresses: Option<BTreeSet<String>>,
    note: Option<String>,
}

/// What the table covers.
#[derive(Debug, Default)]
pub struct Covered {
    /// Rules with at least one row.
    pub rules: BTreeSet<String>,
    /// Rules with a near miss.
    pub near_misses: BTreeSet<String>,
}

/// Compares every row.
pub fn run(cases: &Path) -> Result<Outcome, SuiteError> {
    run_covering(cases, &mut Covered::default())
}

/// Compares every row of the table that is part of the program.
pub fn run_own() -> Result<Outcome, SuiteError> {
    const OWN: &[u8] = include_bytes!("../data/exposure.jsonl");
    compare_all(OWN, Path::new("exposure.jsonl"), &mut Covered::default())
}

/// The same, and says what the table covers.
pub fn run_covering(cases: &Path, covered: &mut Covered) -> Result<Outcome, SuiteError> {
    compare_all(open(cases)?, cases, covered)
}

fn compare_all(
    rows: impl std::io::Read,
    cases: &Path,
    covered: &mut Covered,
) -> Result<Outcome, SuiteError> {
    let mut outcome = Outcome::of("exposure");
    let mut seen: BTreeSet<String> = BTreeSet::new();
    each_line_in(rows, cases, |line, row: Row| {
        let place = || format!("{}:{line}", cases.display());
        let says = |reason: &str| SuiteError::format(place(), &reason);
        if row.cites.is_empty() || row.rule.is_empty() || row.objects.is_empty() {
            return Err(says("a row needs rule, cites and objects"));
        }
        if !seen.insert(row.id.clone()) {
            return Err(says("a row with this id stands above"));
        }
        covered.rules.insert(row.rule.clone());
        if row.near_miss {
            covered.near_misses.insert(row.rule.clone());
        }
        let wrong = compare(&row).map_err(|reason| says(&reason))?;
        outcome
            .count(wrong.map(|wrong| format!("line {line}, {} ({}): {wrong}", row.id, row.rule)));
        Ok(())
    })?;
    Ok(outcome)
}

/// What differs, if anything.
fn compare(row: &Row) -> Result<Option<String>, String> {
    let source = if row.manifests { SourceKind::Manifests } else { SourceKind::Dump };
    let mut builder = ClusterBuilder::new(source);
    builder.coverage().rest_is_complete = true;
    for resource in &row.not_read {
        builder.coverage().note(resource, Listed::Silent);
    }
    for value in &row.objects {
        let mut object =
            Object::read(value.to_string().as_bytes()).map_err(|error| error.to_string())?;
        if row.manifests {
            defaults::object(&mut object, None);
        }
        builder.add(object);
    }
    let cluster = builder.freeze();
    let units = cluster.units();
    let exposure = Exposure::with_units(&cluster, &units);
    let asked: Vec<&Listener> = exposure
        .listeners
        .iter()
        .filter(|one| one.object.to_string() == row.of && one.kind.name() == row.listener)
        .filter(|one| row.part.as_ref().is_none_or(|part| named(one, part)))
        .filter(|one| row.port.is_none_or(|port| one.port == Some(port)))
        .collect();
    let widest = asked.iter().min_by_key(|one| one.verdict.reach);
    let mut wrong = Vec::new();
    let mut differ = |what: &str, expected: String, ours: String| {
        if expected != ours {
            wrong.push(format!("{what} expected {expected}, here {ours}"));
        }
    };
    let reach = widest.map_or("none", |one| one.verdict.reach.name());
    differ("reach", row.reach.clone(), reach.to_owned());
    if let Some(intent) = &row.intent {
        let ours = widest.map_or("none", |one| one.intent.reach.name());
        differ("intent", intent.clone(), ours.to_owned());
    }
    if let Some(fact) = &row.fact {
        let ours = widest.and_then(|one| one.fact.as_ref()).map_or("none", |one| one.reach.name());
        differ("fact", fact.clone(), ours.to_owned());
    }
    if let Some(field) = &row.field {
        let ours = widest.map_or("none", |one| one.verdict.path.as_str());
        differ("field", field.clone(), ours.to_owned());
    }
    let sets = |texts: BTreeSet<String>| texts.into_iter().collect::<Vec<_>>().join(",");
    if let Some(pods) = &row.pods {
        let all = asked.iter().flat_map(|one| behind(&cluster, &units, one)).collect();
        differ("pods", sets(pods.clone()), sets(all));
    }
    if let Some(outside) = &row.outside {
        let all = asked.iter().flat_map(|one| one.backends.outside.iter());
        differ("outside", sets(outside.clone()), sets(all.map(ToString::to_string).collect()));
    }
    if let Some(addresses) = &row.addresses {
        let all = asked.iter().flat_map(|one| one.addresses.iter());
        differ("addresses", sets(addresses.clone()), sets(all.map(ToString::to_string).collect()));
    }
    if let Some(note) = &row.note {
        let said = exposure.notes.iter().find(|one| {
            one.object.to_string() == row.of
                && format!("{}: {}", one.path, one.reason).contains(note)
        });
        if said.is_none() {
            wrong.push(format!("no note says {note:?}: {:?}", exposure.notes));
        }
    }
    Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
}

fn named(listener: &Listener, part: &str) -> bool {
    let host = listener.condition.as_ref().map_or("", |condition| condition.host.as_str());
    listener.part == part || host == part
}

/// Names of the pods behind; a template stands for its owner's.
fn behind(
    cluster: &ringfort_model::Cluster,
    units: &[Unit],
    listener: &Listener,
) -> BTreeSet<String> {
    let backends = &listener.backends;
    let pods = backends.pods(units).map(|pod| cluster.pods[pod].metadata.name.to_string());
    let templates = backends.units.iter().map(|&unit| &units[unit as usize]);
    let templates = templates.filter(|unit| unit.from_template);
    pods.chain(templates.map(|unit| unit.name(cluster).to_owned())).collect()
}
