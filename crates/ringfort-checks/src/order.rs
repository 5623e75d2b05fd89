//! What mending a finding cuts, and what runs through it.
//!
//! - Pairs *through* a finding: an entry that reaches one of its positions, and a target that is
//!   reached from there.
//! - Pairs that mending it *cuts*: without the edges that rest on its reasons the target is not
//!   reached from the entry any more, or the entry itself is a way in that rests on one of them.
//!
//! What opens a way in opens others: a fix that closes one closes with it all ways in of which a reason
//! has the same fix. Of several fixes the one counts that closes most.
//!
//! Marks ([`Why::Mark`]) are no reasons here: what shows what a program is leaves with no fix.

use std::collections::BTreeSet;

use rayon::prelude::*;
use ringfort_attack::{Attack, NodeKey, State, Why, WhyId};
use ringfort_graph::{BitSet, EdgeId, NodeId, Room, Severed, reach_many};
use ringfort_plan::Remedies;
use rustc_hash::{FxHashMap, FxHashSet};

/// Paths of the graph, for many questions.
pub struct Paths<'a> {
    attack: &'a Attack<'a>,
    entries: Vec<(State, NodeId)>,
    targets: Vec<NodeId>,
    severed: Severed<'a>,
    /// Edges that rest on a reason.
    edges: FxHashMap<WhyId, Vec<EdgeId>>,
    /// Ways in, by position in `entries`, that rest on a reason: they lead nowhere without it.
    opened: FxHashMap<Why, Vec<usize>>,
    /// Ways in, by position, that a fix closes, by its id.
    closed: FxHashMap<String, BTreeSet<usize>>,
    remedies: &'a Remedies<'a, 'a>,
    ids: FxHashMap<Why, Vec<WhyId>>,
}

/// What the graph says about a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Pairs of an entry and a target that run through it.
    pub through: usize,
    /// Of these, whether one has an entry that is open or guarded.
    pub verified: bool,
    /// Pairs that mending it cuts.
    pub cuts: usize,
    /// The least effort of a path that mending it cuts.
    pub effort: Option<u64>,
}

/// What rests on some reasons, ascending.
#[derive(PartialEq, Eq, Hash)]
struct Held {
    edges: Vec<EdgeId>,
    /// Ways in, by position.
    entries: Vec<usize>,
}

/// Fields that are lists of which each part is a reason of its own.
const LISTS: [&str; 4] = ["capabilities.add", "].args", "].command", "].env"];

/// A reason as far as it is one for this purpose: the value that is shown does not matter.
fn plain(why: &Why) -> Why {
    match why {
        Why::PodField { unit, path, .. } => {
            if LISTS.iter().any(|list| path.ends_with(list)) {
                return why.clone();
            }
            Why::PodField { unit: *unit, path: path.clone(), value: "".into() }
        }
        Why::Rule { role, scope, rule, .. } | Why::Held { role, scope, rule } => {
            Why::Held { role: role.clone(), scope: scope.clone(), rule: *rule }
        }
        other => other.clone(),
    }
}

impl<'a> Paths<'a> {
    /// Looks the paths up. `wanted` are the reasons that will be asked about.
    #[must_use]
    pub fn new<'w>(
        attack: &'a Attack<'a>,
        remedies: &'a Remedies<'a, 'a>,
        wanted: impl Iterator<Item = &'w Why>,
    ) -> Self {
        let entries: Vec<(State, NodeId)> =
            attack.entries().map(|(instance, node)| (instance.state, node)).collect();
        let targets: Vec<NodeId> = attack.targets().iter().map(|(_, node)| *node).collect();
        let starts: Vec<NodeId> = entries.iter().map(|(_, node)| *node).collect();
        let severed = Severed::new(&attack.graph, &starts, &targets);
        let mut ids: FxHashMap<Why, Vec<WhyId>> = FxHashMap::default();
        for why in wanted.filter(|why| !matches!(why, Why::Mark(_))) {
            ids.entry(plain(why)).or_default();
        }
        let mut opened: FxHashMap<Why, Vec<usize>> = FxHashMap::default();
        let mut closed: FxHashMap<String, BTreeSet<usize>> = FxHashMap::default();
        for (at, (instance, _)) in attack.entries().enumerate() {
            for why in &instance.why {
                for fix in remedies.of(why) {
                    closed.entry(fix.id).or_default().insert(at);
                }
                let why = plain(why);
                if ids.contains_key(&why) {
                    opened.entry(why).or_default().push(at);
                }
            }
        }
        let mut edges: FxHashMap<WhyId, Vec<EdgeId>> = FxHashMap::default();
        let mut seen: FxHashMap<WhyId, bool> = FxHashMap::default();
        for edge in (0..attack.graph.edge_count()).map(|edge| EdgeId(edge as u32)) {
            for &id in attack.edge(edge).why_ids {
                let meant = *seen.entry(id).or_insert_with(|| {
                    let Some(list) = ids.get_mut(&plain(attack.why(id))) else { return false };
                    list.push(id);
                    true
                });
                if meant {
                    edges.entry(id).or_default().push(edge);
                }
            }
        }
        Self { attack, entries, targets, severed, edges, opened, closed, remedies, ids }
    }

    /// Weighs findings, each by its positions and its reasons.
    #[must_use]
    pub fn weigh(&self, findings: &[(&BTreeSet<NodeKey>, &[Why])]) -> Vec<Weight> {
        let cut = || {
            // Findings of one reason cut the same.
            let all: Vec<Held> = findings.par_iter().map(|(_, whys)| self.held(whys)).collect();
            let each: FxHashSet<&Held> = all.iter().collect();
            let each: Vec<&Held> = each.into_iter().collect();
            let cuts = each
                .par_iter()
                .map_init(|| self.severed.room(), |room, held| (*held, self.cuts(held, room)));
            let cuts: FxHashMap<&Held, (usize, Option<u64>)> = cuts.collect();
            all.iter().map(|held| cuts[held]).collect::<Vec<_>>()
        };
        let (cuts, through) = rayon::join(cut, || self.through(findings));
        let weigh =
            |((cuts, effort), (through, verified))| Weight { through, verified, cuts, effort };
        cuts.into_iter().zip(through).map(weigh).collect()
    }

    /// What rests on one of the reasons.
    fn held(&self, whys: &[Why]) -> Held {
        let fixes = || whys.iter().flat_map(|why| self.remedies.of(why));
        let plain: Vec<Why> = whys.iter().map(plain).collect();
        let ids = plain.iter().filter_map(|why| self.ids.get(why)).flatten();
        let mut edges: Vec<EdgeId> =
            ids.filter_map(|id| self.edges.get(id)).flatten().copied().collect();
        edges.sort_unstable();
        edges.dedup();
        let own = plain.iter().filter_map(|why| self.opened.get(why)).flatten().copied();
        let own: BTreeSet<usize> = own.collect();
        let mut entries = own.clone();
        if !own.is_empty() {
            for closed in fixes().filter_map(|fix| self.closed.get(&fix.id)) {
                let all: BTreeSet<usize> = own.union(closed).copied().collect();
                if (self.pairs_of(&all), &all) > (self.pairs_of(&entries), &entries) {
                    entries = all;
                }
            }
        }
        Held { edges, entries: entries.into_iter().collect() }
    }

    /// How many pairs begin at some ways in.
    fn pairs_of(&self, entries: &BTreeSet<usize>) -> usize {
        let reached = self.attack.reached().iter();
        reached.map(|set| entries.iter().filter(|&&entry| set.contains(entry)).count()).sum()
    }

    /// The pairs that are gone without it, and the least effort of one.
    fn cuts(&self, held: &Held, room: &mut Room) -> (usize, Option<u64>) {
        let mut lost: BTreeSet<(usize, usize)> =
            self.severed.lost(&held.edges, room).into_iter().collect();
        for (target, reached) in self.attack.reached().iter().enumerate() {
            let gone = held.entries.iter().filter(|&&entry| reached.contains(entry));
            lost.extend(gone.map(|&entry| (entry, target)));
        }
        let efforts = lost.iter().filter_map(|&(entry, target)| self.severed.effort(entry, target));
        (lost.len(), efforts.min())
    }

    /// For each finding the pairs through it, and whether one has a verified entry.
    fn through(&self, findings: &[(&BTreeSet<NodeKey>, &[Why])]) -> Vec<(usize, bool)> {
        let places: BTreeSet<NodeId> = findings
            .iter()
            .flat_map(|(at, _)| at.iter())
            .filter_map(|key| self.attack.node(key))
            .collect();
        let places: Vec<NodeId> = places.into_iter().collect();
        let starts: Vec<NodeId> = self.entries.iter().map(|(_, node)| *node).collect();
        let none = self.attack.no_edges();
        let (before, after) = rayon::join(
            || reach_many(&self.attack.graph, &starts, &places, &none),
            || self.attack.pairs(&places, &self.targets, &none),
        );
        let mut sure = BitSet::new(self.entries.len());
        for (at, (state, _)) in self.entries.iter().enumerate() {
            if matches!(state, State::Open | State::Guarded) {
                sure.insert(at);
            }
        }
        let weigh = |(at, _): &(&BTreeSet<NodeKey>, &[Why])| {
            let held: Vec<usize> = at
                .iter()
                .filter_map(|key| self.attack.node(key))
                .filter_map(|node| places.binary_search(&node).ok())
                .collect();
            let mut count = 0;
            let mut verified = false;
            for reached in &after {
                let mut entries = BitSet::new(self.entries.len());
                for &place in held.iter().filter(|&&place| reached.contains(place)) {
                    entries.union(&before[place]);
                }
                count += entries.len();
                entries.intersect(&sure);
                verified |= !entries.is_empty();
            }
            (count, verified)
        };
        findings.par_iter().map(weigh).collect()
    }
}
