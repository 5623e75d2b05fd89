//! Defence in depth: the controls that an attacker has to beat on a path, and how much of what
//! passes a zone meets none there.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use ringfort_attack::{Attack, Impact, NodeKey, State, Zone as AttackZone, techniques};
use ringfort_graph::{BitSet, Derivation, EdgeId, NodeId};
use ringfort_language::{message, sentence};

use crate::report::{Path, Step, Zone};
use crate::standing::Standing;

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

/// Ways in that are open, unknown, guarded, those that lead nowhere among them.
pub(crate) fn ways_in(attack: &Attack<'_>) -> [usize; 3] {
    let instances = attack.vectors.iter().flat_map(|vector| &vector.instances);
    let states: Vec<State> = instances.map(|one| one.state).collect();
    [State::Open, State::Unknown, State::Guarded]
        .map(|state| states.iter().filter(|one| **one == state).count())
}

/// What passes each zone.
pub(crate) struct Passed {
    /// Ways in that are open, unknown, guarded.
    by_state: [usize; 3],
    /// Ways in that lead on to a node or a target.
    moving: usize,
    /// Pairs that end in power over the cluster.
    harmful: usize,
}

impl Passed {
    /// Counts the pairs of ways in and targets.
    pub(crate) fn of(
        by_state: [usize; 3],
        targets: &[(Impact, NodeId)],
        reached: &[BitSet],
    ) -> Self {
        let ways = by_state.iter().sum::<usize>();
        // An entry passes the inner zone when it reaches a node or a power over the cluster.
        let mut moving = BitSet::new(ways.max(1));
        let mut harmful = 0;
        for ((impact, _), set) in targets.iter().zip(reached) {
            for entry in set.iter() {
                moving.insert(entry);
            }
            if !matches!(impact, Impact::AnyNode | Impact::CloudRole | Impact::CloudAdmin) {
                harmful += set.len();
            }
        }
        Self { by_state, moving: moving.len(), harmful }
    }
}

/// The three zones. `read` is the percent of kinds that were read, and whether anything was not.
pub(crate) fn zones(
    passed: &Passed,
    standings: [Standing; 3],
    (read, complete): (u32, bool),
    paths: &[Path],
) -> Vec<Zone> {
    let Passed { by_state, moving, harmful } = *passed;
    let [open, unknown, guarded] = by_state;
    let entries = open + unknown + guarded;
    let zone = |zone: AttackZone, title, standing: Standing, pairs, state| Zone {
        id: zone.name(),
        title,
        score: complete.then(|| standing.lost.score()),
        at_most: standing.least.score(),
        coverage: read.min(standing.decided),
        lost: complete.then_some([standing.lost.worst, standing.lost.spread]),
        entries: if zone == AttackZone::Initial { by_state } else { [0; 3] },
        pairs,
        unhindered: unhindered(zone, paths),
        state,
    };
    let [initial, inside, impact] = standings;
    vec![
        zone(
            AttackZone::Initial,
            message!("initial access"),
            initial,
            entries,
            sentence!(
                "{open} open, {unknown} unknown, {guarded} guarded ways in",
                open,
                unknown,
                guarded
            ),
        ),
        zone(
            AttackZone::InCluster,
            message!("in-cluster movement"),
            inside,
            moving,
            sentence!("{moving} of {entries} ways in lead on to a node or target", moving, entries),
        ),
        zone(
            AttackZone::Impact,
            message!("impact"),
            impact,
            harmful,
            sentence!("{harmful} pairs control the cluster or all Secrets", harmful),
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

/// The zone with the lowest score, or the lowest bound of one where there are no scores. Of equal
/// ones that which the greatest share of paths pass unhindered, then that which most pairs pass; a
/// zone where nothing has to be done on any path comes after the others.
pub(crate) fn weakest(zones: &[Zone], paths: &[Path]) -> Option<&'static str> {
    let acts = |zone: &Zone| paths.iter().any(|path| within(zone.id, path, |step| step.weight > 0));
    let left = |zone: &Zone| zone.score.unwrap_or(zone.at_most);
    let weak = zones.iter().filter(|zone| left(zone) < 100);
    let key = |zone: &&Zone| (left(zone), Reverse((acts(zone), zone.unhindered, zone.pairs)));
    weak.min_by_key(key).map(|zone| zone.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Lost;
    use ringfort_language::Sentence;

    fn step(zone: AttackZone, weight: u32, hindered: bool) -> Step {
        Step {
            technique: None,
            title: "",
            from: String::new(),
            to: String::new(),
            to_title: Sentence::default(),
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

    /// Zones that lost those points.
    fn of(lost: [u32; 3], [entries, moving, harmful]: [usize; 3], paths: &[Path]) -> Vec<Zone> {
        let standings = lost.map(|worst| {
            let lost = Lost { worst, spread: 0 };
            Standing { lost, least: lost, decided: 100 }
        });
        let passed = Passed { by_state: [entries, 0, 0], moving, harmful };
        zones(&passed, standings, (100, true), paths)
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
        let zones = of([9; 3], [4; 3], &paths);
        let shares: Vec<u32> = zones.iter().map(|zone| zone.unhindered).collect();
        assert_eq!(shares, [25, 75, 100]);
        assert!(of([0; 3], [0; 3], &[]).iter().all(|zone| zone.unhindered == 100));
    }

    #[test]
    fn the_weakest_zone_has_the_lowest_score() {
        let open = [path(false, false)];
        assert_eq!(weakest(&of([20, 10, 10], [1; 3], &open), &open), Some("initial-access"));
        assert_eq!(weakest(&of([20, 10, 30], [1; 3], &open), &open), Some("impact"));
        assert_eq!(weakest(&of([0; 3], [0; 3], &[]), &[]), None);
    }

    #[test]
    fn of_equal_zones_the_one_that_most_paths_pass_unhindered_is_the_weakest() {
        let equal = |passed, paths: &[Path]| weakest(&of([20; 3], passed, paths), paths);
        let guarded = [path(true, false), path(true, true)];
        assert_eq!(equal([9, 2, 1], &guarded), Some("in-cluster"));
        let held = [path(false, true), path(true, true)];
        assert_eq!(equal([2, 9, 1], &held), Some("initial-access"));
        // Equal shares: what most pairs pass.
        let open = [path(false, false)];
        assert_eq!(equal([3, 2, 9], &open), Some("initial-access"));
        assert_eq!(equal([2, 3, 9], &open), Some("in-cluster"));
        // Without a path there is no act: what ways in there are.
        assert_eq!(equal([3, 0, 0], &[]), Some("initial-access"));
    }

    #[test]
    fn what_was_not_read_leaves_no_score_but_a_bound() {
        let lost = |worst| Lost { worst, spread: 4 };
        let standing = Standing { lost: lost(50), least: lost(10), decided: 80 };
        let passed = Passed { by_state: [1, 0, 0], moving: 1, harmful: 1 };
        let of = |read| zones(&passed, [standing; 3], read, &[]);
        let known = &of((100, true))[0];
        assert_eq!((known.score, known.at_most, known.coverage), (Some(46), 86, 80));
        assert_eq!(known.lost, Some([50, 4]));
        let unknown = &of((60, false))[0];
        assert_eq!((unknown.score, unknown.at_most, unknown.coverage), (None, 86, 60));
        assert_eq!(unknown.lost, None);
    }
}
