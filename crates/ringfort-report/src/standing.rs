//! How each zone stands: what its score loses, what it loses at least, and how much of it is
//! decided (`docs/scores.md`).
//!
//! ```text
//!  zone              what is counted                       weight
//!  initial access    ways in; a vector that is unknown     by state
//!                    without one counts as one
//!  movement inside   ways in that lead to a target         full by ordinary steps alone, else
//!                                                          that of a hard step
//!  impact            targets, by the ways in that lead     the same, by the harm of the target
//!                    to each
//! ```
//!
//! A step is hard if its difficulty is D3 or beyond, whether by nature or by a control, and only
//! steps of a zone itself count for it: so each zone says what its own controls are worth. Inside,
//! an attacker has entered already, so that the state of the way in does not matter there.

use ringfort_attack::technique::{Confidence, Difficulty};
use ringfort_attack::{Attack, Impact, State, Zone, techniques};
use ringfort_graph::{BitSet, EdgeId, NodeId};

use crate::score::{CROSSING, FULL, HARD, Lost, Tally, harm, of_state, of_targets, of_ways};

/// How one zone stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// What it loses, everything that is unknown counted as what it may be.
    pub(crate) lost: Lost,
    /// What it loses by what is certain alone.
    pub(crate) least: Lost,
    /// Percent of what is judged that is decided.
    pub(crate) decided: u32,
}

/// The default question and its answers.
pub(crate) struct Asked<'q> {
    /// How many ways in there are.
    pub(crate) ways: usize,
    /// Those of them that lead on to anything.
    pub(crate) entries: &'q [(State, NodeId)],
    /// The targets.
    pub(crate) targets: &'q [(Impact, NodeId)],
    /// For each target the ways in that reach it.
    pub(crate) reached: &'q [BitSet],
    /// Pairs of tenants one of which reaches the other.
    pub(crate) crossed: usize,
}

/// Initial access, movement, impact.
pub(crate) fn standings(attack: &Attack<'_>, asked: &Asked<'_>) -> [Standing; 3] {
    let blocked = Blocked::of(attack);
    let ways: Vec<NodeId> = asked.entries.iter().map(|(_, node)| *node).collect();
    let ends: Vec<NodeId> = asked.targets.iter().map(|(_, node)| *node).collect();
    let without = |edges: &Option<BitSet>| match edges {
        Some(edges) => attack.pairs(&ways, &ends, edges),
        None => asked.reached.to_vec(),
    };
    let ((moved, done), certain) = rayon::join(
        || rayon::join(|| without(&blocked.moving), || without(&blocked.harming)),
        || without(&blocked.unknown),
    );
    let mut verified = BitSet::new(ways.len());
    for (at, (state, _)) in asked.entries.iter().enumerate() {
        if matches!(state, State::Open | State::Guarded) {
            verified.insert(at);
        }
    }
    let sure: Vec<BitSet> = certain.iter().map(|set| both(set, &verified)).collect();
    // Ways that are certain and ordinary at once are asked for only where there are any.
    let plain = |edges: &Option<BitSet>| {
        let Some(hard) = edges.as_ref().filter(|_| sure.iter().any(|set| !set.is_empty())) else {
            return sure.clone();
        };
        let mut all = hard.clone();
        if let Some(unknown) = &blocked.unknown {
            all.union(unknown);
        }
        let found = attack.pairs(&ways, &ends, &all);
        found.iter().map(|set| both(set, &verified)).collect()
    };
    [
        initial(attack),
        Standing {
            lost: of_ways(leading(asked.reached, &moved)),
            least: of_ways(leading(&sure, &plain(&blocked.moving))),
            decided: percent(
                asked.ways - any(asked.reached).len() + any(&certain).len(),
                asked.ways,
            ),
        },
        Standing {
            lost: harmful(asked.targets, asked.reached, &done, asked.crossed),
            least: harmful(asked.targets, &sure, &plain(&blocked.harming), 0),
            decided: percent(
                asked.ways * ends.len() - count(asked.reached) + count(&certain),
                asked.ways * ends.len(),
            ),
        },
    ]
}

/// Edges that do not count for one of the questions; `None` if all do.
struct Blocked {
    /// Hard steps within the cluster.
    moving: Option<BitSet>,
    /// Hard steps of impact.
    harming: Option<BitSet>,
    /// Steps that rest on something unknown.
    unknown: Option<BitSet>,
}

impl Blocked {
    fn of(attack: &Attack<'_>) -> Self {
        let mut blocked = Self { moving: None, harming: None, unknown: None };
        for at in 0..attack.graph.edge_count() {
            let edge = attack.edge(EdgeId(at as u32));
            let block = |set: &mut Option<BitSet>| {
                set.get_or_insert_with(|| attack.no_edges()).insert(at);
            };
            if matches!(edge.confidence, Confidence::UnverifiedControl | Confidence::Unknown) {
                block(&mut blocked.unknown);
            }
            if edge.difficulty < Difficulty::D3 {
                continue;
            }
            match edge.technique.map(|technique| techniques::ALL[usize::from(technique)].zone) {
                Some(Zone::InCluster) => block(&mut blocked.moving),
                Some(Zone::Impact) => block(&mut blocked.harming),
                Some(Zone::Initial) | None => {}
            }
        }
        blocked
    }
}

fn initial(attack: &Attack<'_>) -> Standing {
    let (mut all, mut verified) = (Tally::default(), Tally::default());
    let mut decided = 0;
    for vector in &attack.vectors {
        let mut unknown = vector.state == State::Unknown;
        decided += usize::from(!unknown);
        for instance in &vector.instances {
            all.add(of_state(instance.state), 1);
            match instance.state {
                State::Unknown => unknown = false,
                known => verified.add(of_state(known), 1),
            }
        }
        all.add(of_state(State::Unknown), usize::from(unknown));
    }
    Standing {
        lost: of_ways(all),
        least: of_ways(verified),
        decided: percent(decided, attack.vectors.len()),
    }
}

/// Ways in that lead to any target, those by ordinary steps at full weight.
fn leading(all: &[BitSet], ordinary: &[BitSet]) -> Tally {
    weighed(&any(all), &any(ordinary))
}

fn harmful(
    targets: &[(Impact, NodeId)],
    all: &[BitSet],
    ordinary: &[BitSet],
    crossed: usize,
) -> Lost {
    let mut found: Vec<(u64, Tally)> = targets
        .iter()
        .zip(all.iter().zip(ordinary))
        .map(|((impact, _), (all, ordinary))| (harm(*impact), weighed(all, ordinary)))
        .collect();
    let mut tenants = Tally::default();
    tenants.add(FULL, crossed);
    found.push((CROSSING, tenants));
    of_targets(&found)
}

fn weighed(all: &BitSet, ordinary: &BitSet) -> Tally {
    let mut tally = Tally::default();
    tally.add(FULL, ordinary.len());
    tally.add(HARD, all.len() - ordinary.len());
    tally
}

fn any(sets: &[BitSet]) -> BitSet {
    let mut found = sets.first().cloned().unwrap_or_default();
    for set in sets {
        found.union(set);
    }
    found
}

fn both(one: &BitSet, other: &BitSet) -> BitSet {
    let mut found = one.clone();
    found.intersect(other);
    found
}

fn count(sets: &[BitSet]) -> usize {
    sets.iter().map(BitSet::len).sum()
}

/// Of nothing all is decided.
fn percent(part: usize, of: usize) -> u32 {
    (part * 100).checked_div(of).unwrap_or(100) as u32
}
