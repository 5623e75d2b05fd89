//! Whether an advisory concerns a component that runs: yes, no or unknown, with the reason.
//!
//! A release is judged by the ranges of every source. Where two sources differ it is unknown, and
//! so is a release in range that a distribution built or packaged, because it may carry the fix;
//! a release out of range is out of it whoever built it.

use std::collections::BTreeSet;

use ringfort_model::Kind;
use ringfort_network::policy::Tri;

use super::conditions::{self, State};
use super::data::{Advisory, Data, Note, Os, Part};
use super::inventory::{Running, Site};
use crate::world::World;

/// Whether an advisory concerns a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It does; the first mended releases, if there are any.
    Yes(BTreeSet<String>),
    /// It does not, for this reason.
    No(String),
    /// These facts would decide it.
    Unknown(BTreeSet<String>),
}

/// The advisories that may concern a component, by id, with the answer.
pub(crate) fn concerning<'d>(
    world: &World<'_>,
    data: &'d Data,
    running: &Running,
) -> Vec<(&'d str, Answer)> {
    let all = data.advisories().filter(|(id, rows)| fits(rows, data.note(id), running).is_some());
    all.map(|(id, _)| (id, answer(world, data, id, running))).collect()
}

/// The rows that speak of a component and its part; nothing if there are none.
pub(super) fn fits<'a>(
    rows: &'a [Advisory],
    note: Option<&Note>,
    running: &Running,
) -> Option<Vec<&'a Advisory>> {
    let rows: Vec<&Advisory> =
        rows.iter().filter(|row| row.component == running.component).collect();
    if rows.is_empty() {
        return None;
    }
    let parts = parts(&rows, note);
    let part = running.part.is_none_or(|part| parts.is_empty() || parts.contains(&part));
    part.then_some(rows)
}

/// The parts of Kubernetes that an advisory concerns; none if nobody says.
pub(super) fn parts(rows: &[&Advisory], note: Option<&Note>) -> BTreeSet<Part> {
    match note.map(|note| note.part.as_slice()).unwrap_or_default() {
        [] => rows.iter().filter_map(|row| row.part).collect(),
        noted => noted.iter().copied().collect(),
    }
}

/// What one source says of a release.
enum Opinion {
    In(Option<String>),
    Out,
    /// It lies in a range that nobody confirmed, or may lie in one.
    Maybe(String),
    /// The source has no range in the component's versions.
    None,
}

fn opinion(row: &Advisory, running: &Running, data: &Data) -> Opinion {
    let name = &data.sources()[row.source].name;
    let release = match &running.release {
        Ok(release) => release,
        Err(reason) => return Opinion::Maybe(version_of(running, reason)),
    };
    if row.ranges.is_empty() {
        return Opinion::None;
    }
    let mut worst = Opinion::Out;
    for range in &row.ranges {
        match (range.holds(release), range.unconfirmed) {
            (Tri::Yes, false) => return Opinion::In(range.mended()),
            (Tri::Yes, true) => {
                let why = format!("a range without an end that {name} has not reviewed");
                worst = Opinion::Maybe(why);
            }
            (Tri::Unknown, _) => {
                let component = running.component;
                worst = Opinion::Maybe(format!("which release of {component} {} is", running.text));
            }
            (Tri::No, _) => {}
        }
    }
    worst
}

/// The version of a component as a fact that is missing, and why.
pub(super) fn version_of(running: &Running, reason: &str) -> String {
    let part = running.part.map(|part| format!(" ({})", part.name())).unwrap_or_default();
    format!("the version of {}{part}: {reason}", running.component)
}

/// Whether an advisory concerns a component that [`fits`] it.
pub(super) fn answer(world: &World<'_>, data: &Data, id: &str, running: &Running) -> Answer {
    let note = data.note(id);
    if let Some(reason) = other_system(world, note, running) {
        return Answer::No(reason);
    }
    let condition = note.and_then(|note| note.condition);
    let mut doubts: BTreeSet<String> = BTreeSet::new();
    let undecided = match condition.map(|condition| conditions::state(world, condition, running)) {
        None | Some(State::Holds) => None,
        Some(State::Not(reason)) => return Answer::No(reason),
        Some(State::Unknown(fact)) => Some(fact),
    };
    let all = data.rows(id);
    let rows = fits(all, note, running).unwrap_or_default();
    let mut mended = BTreeSet::new();
    let mut of_source: Vec<(usize, Option<bool>)> = Vec::new();
    for row in &rows {
        let said = match opinion(row, running, data) {
            Opinion::In(release) => {
                mended.extend(release);
                Some(true)
            }
            Opinion::Out => Some(false),
            Opinion::Maybe(why) => {
                doubts.insert(why);
                None
            }
            Opinion::None => continue,
        };
        // Rows of one source add up.
        match of_source.iter_mut().find(|(source, _)| *source == row.source) {
            Some((_, known)) => *known = either(*known, said),
            None => of_source.push((row.source, said)),
        }
    }
    let ins = of_source.iter().filter(|(_, said)| *said == Some(true)).count();
    let outs = of_source.iter().filter(|(_, said)| *said == Some(false)).count();
    match (ins, outs, doubts.is_empty()) {
        (0, 0, true) => {
            let fact = format!("which releases of {} are affected", running.component);
            return Answer::Unknown(BTreeSet::from([fact]));
        }
        (0, 0, false) => {}
        (0, _, true) => {
            return Answer::No(format!("{} is outside of every affected range", running.text));
        }
        (0, _, false) => {}
        (_, 0, _) => doubts.clear(),
        (_, _, _) => {
            doubts.insert("which of two sources that differ on the range is right".to_owned());
        }
    }
    doubts.extend(carried(running));
    doubts.extend(undecided);
    doubts.extend(note.into_iter().flat_map(|note| note.needs.iter().cloned()));
    match doubts.is_empty() {
        true => Answer::Yes(mended),
        false => Answer::Unknown(doubts),
    }
}

fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// Whether a build in range may carry the fix all the same.
fn carried(running: &Running) -> Option<String> {
    let Ok(release) = &running.release else { return None };
    let text = &running.text;
    match (&running.packaged, release.vendor) {
        (_, true) => Some(format!("whether the build {text} carries the fix")),
        (Some(os), false) => {
            Some(format!("whether the package of {} in {os} carries the fix", running.component))
        }
        (None, false) if running.component == "linux-kernel" => {
            Some(format!("whether the node's kernel {text} carries the fix"))
        }
        _ => None,
    }
}

/// That a flaw of one operating system does not concern what runs on another.
fn other_system(world: &World<'_>, note: Option<&Note>, running: &Running) -> Option<String> {
    let os = note?.os?;
    let windows = os == Os::Windows;
    let differs = match running.site {
        Site::Node(node) => world.cluster.nodes[node].is_windows() != windows,
        _ => {
            let nodes = &world.cluster.nodes;
            world.cluster.coverage.is_complete(Kind::Node)
                && !nodes.is_empty()
                && nodes.iter().all(|node| node.is_windows() != windows)
        }
    };
    let name = if windows { "Windows" } else { "Linux" };
    differs.then(|| format!("it concerns {name} nodes only"))
}
