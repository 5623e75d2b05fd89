//! Defence in depth: the controls that an attacker has to beat on a path, and how much of what
//! passes a zone meets none there.

use std::collections::BTreeSet;

use ringfort_attack::{Attack, Impact, NodeKey, State, Zone as AttackZone, techniques};
use ringfort_graph::{BitSet, Derivation, EdgeId, NodeId};

use crate::report::{Path, Step, Zone};

/// Whether a control has to be beaten on the edge: it is harder than its technique is by
/// itself, or it enters where a control guards the way in.
pub(crate) fn is_hindered(attack: &Attack<'_>, edge: EdgeId) -> bool {
    let info = attack.edge(edge);
    match info.technique.map(|at| techniques::ALL[usize::from(at)]) {
        Some(technique) => info.difficulty > technique.difficulty,
        None => {
            let enters = matches!(attack.key(attack.graph.edge(edge).from), NodeKey::Internet);
            enters && Some(info.difficulty) == State::Guarded.difficulty()
        }
    }
}

/// How many controls stand in the way of a path that do not fall together: one that hinders
/// several steps is beaten once.
#[must_use]
pub fn controls(attack: &Attack<'_>, path: &Derivation) -> usize {
    let hindered = path.edges.iter().copied().filter(|&edge| is_hindered(attack, edge));
    distinct(hindered.map(|edge| (edge.0, attack.edge(edge).note)))
}

/// Hindered edges by the control that is named for them; one that is not named is its own.
fn distinct<'n>(hindered: impl Iterator<Item = (u32, Option<&'n str>)>) -> usize {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut unnamed: BTreeSet<u32> = BTreeSet::new();
    for (edge, note) in hindered {
        match note {
            Some(note) => named.insert(note),
            None => unnamed.insert(edge),
        };
    }
    named.len() + unnamed.len()
}

/// What passes each zone.
pub(crate) struct Passed {
    /// Ways in that are open, unknown, guarded.
    by_state: [usize; 3],
    entries: usize,
    /// Ways in that lead on to a node or a target.
    moving: usize,
    /// Pairs that end in power over the cluster.
    harmful: usize,
}

impl Passed {
    /// Counts the pairs of ways in and targets.
    pub(crate) fn of(
        entries: &[(State, NodeId)],
        targets: &[(Impact, NodeId)],
        reached: &[BitSet],
    ) -> Self {
        let count = |state| entries.iter().filter(|(s, _)| *s == state).count();
        // An entry passes the inner zone when it reaches a node or a power over the cluster.
        let mut moving = BitSet::new(entries.len().max(1));
        let mut harmful = 0;
        for ((impact, _), set) in targets.iter().zip(reached) {
            for entry in set.iter() {
                moving.insert(entry);
            }
            if !matches!(impact, Impact::AnyNode | Impact::CloudRole | Impact::CloudAdmin) {
                harmful += set.len();
            }
        }
        Self {
            by_state: [count(State::Open), count(State::Unknown), count(State::Guarded)],
            entries: entries.len(),
            moving: moving.len(),
            harmful,
        }
    }
}

/// The three zones.
pub(crate) fn zones(passed: &Passed, paths: &[Path]) -> Vec<Zone> {
    let Passed { by_state, entries, moving, harmful } = *passed;
    let [open, unknown, guarded] = by_state;
    let zone = |zone: AttackZone, title, pairs, state| Zone {
        id: zone.name(),
        title,
        entries: if zone == AttackZone::Initial { by_state } else { [0; 3] },
        pairs,
        unhindered: unhindered(zone, paths),
        state,
    };
    vec![
        zone(
            AttackZone::Initial,
            "initial access",
            entries,
            format!("{open} open, {unknown} unknown, {guarded} guarded ways in"),
        ),
        zone(
            AttackZone::InCluster,
            "in-cluster movement",
            moving,
            format!("{moving} of {entries} ways in lead on to a node or target"),
        ),
        zone(
            AttackZone::Impact,
            "impact",
            harmful,
            format!("{harmful} pairs control the cluster or all Secrets"),
        ),
    ]
}

fn within(zone: &str, path: &Path, meant: impl Fn(&Step) -> bool) -> bool {
    path.steps.iter().any(|step| step.zone == zone && meant(step))
}

/// Percent of the paths that meet no control in the zone.
fn unhindered(zone: AttackZone, paths: &[Path]) -> u32 {
    let free = paths.iter().filter(|path| !within(zone.name(), path, |step| step.hindered));
    (free.count() * 100).checked_div(paths.len()).unwrap_or(100) as u32
}

/// The zone that the greatest share of paths pass unhindered; of equal ones that which most
/// pairs pass. A zone where nothing has to be done on any path holds nothing that a control
/// could stop, and is named only where that is so of all zones.
pub(crate) fn weakest(zones: &[Zone], paths: &[Path]) -> Option<&'static str> {
    let acts = |zone: &Zone| paths.iter().any(|path| within(zone.id, path, |step| step.weight > 0));
    let mut best: Option<((bool, u32, usize), &'static str)> = None;
    for zone in zones.iter().filter(|zone| zone.pairs > 0) {
        let key = (acts(zone), zone.unhindered, zone.pairs);
        if best.is_none_or(|(known, _)| key > known) {
            best = Some((key, zone.id));
        }
    }
    best.map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(zone: AttackZone, weight: u32, hindered: bool) -> Step {
        Step {
            technique: None,
            title: String::new(),
            from: String::new(),
            to: String::new(),
            to_title: String::new(),
            zone: zone.name(),
            weight,
            hindered,
            confidence: "proven",
            note: None,
            cut_by: None,
            evidence: Vec::new(),
        }
    }

    /// A path that enters, moves and does harm, hindered where it says.
    fn path(initial: bool, inside: bool) -> Path {
        Path {
            from: String::new(),
            to: String::new(),
            effort: 0,
            entry_verified: true,
            controls: 0,
            excepted: None,
            steps: vec![
                step(AttackZone::Initial, 1, initial),
                step(AttackZone::InCluster, 1, inside),
                step(AttackZone::InCluster, 0, false),
                step(AttackZone::Impact, 0, false),
            ],
        }
    }

    fn of(entries: usize, moving: usize, harmful: usize, paths: &[Path]) -> Vec<Zone> {
        zones(&Passed { by_state: [entries, 0, 0], entries, moving, harmful }, paths)
    }

    #[test]
    fn a_control_that_hinders_several_steps_counts_once() {
        let webhook = Some("webhook w is not verified");
        let profile = Some("seccomp weakens it");
        assert_eq!(distinct([].into_iter()), 0);
        assert_eq!(distinct([(1, webhook), (4, webhook)].into_iter()), 1);
        assert_eq!(distinct([(1, webhook), (4, profile)].into_iter()), 2);
        assert_eq!(distinct([(1, None), (4, None), (5, webhook)].into_iter()), 3);
    }

    #[test]
    fn the_share_of_a_zone_is_of_paths_that_meet_no_control_there() {
        let paths = [path(true, false), path(true, true), path(true, false), path(false, false)];
        let shares: Vec<u32> = of(4, 4, 4, &paths).iter().map(|zone| zone.unhindered).collect();
        assert_eq!(shares, [25, 75, 100]);
        assert!(of(0, 0, 0, &[]).iter().all(|zone| zone.unhindered == 100));
    }

    #[test]
    fn the_weakest_zone_is_the_one_that_most_paths_pass_unhindered() {
        let guarded = [path(true, false), path(true, true)];
        assert_eq!(weakest(&of(9, 2, 1, &guarded), &guarded), Some("in-cluster"));
        let held = [path(false, true), path(true, true)];
        assert_eq!(weakest(&of(2, 9, 1, &held), &held), Some("initial-access"));
        // Equal shares: what most pairs pass.
        let open = [path(false, false)];
        assert_eq!(weakest(&of(3, 2, 9, &open), &open), Some("initial-access"));
        assert_eq!(weakest(&of(2, 3, 9, &open), &open), Some("in-cluster"));
        // Without a path there is no act: what ways in there are.
        assert_eq!(weakest(&of(3, 0, 0, &[]), &[]), Some("initial-access"));
        assert_eq!(weakest(&of(0, 0, 0, &[]), &[]), None);
    }
}
