//! What mending a finding cuts, and what runs through it.
//!
//! - Pairs *through* a finding: an entry that reaches one of its positions, and a target that is
//!   reached from there.
//! - Pairs that mending it *cuts*: without the edges that rest on its reasons the target is not
//!   reached from the entry any more.

use std::collections::BTreeSet;

use rayon::prelude::*;
use ringfort_attack::{Attack, NodeKey, State, Why, WhyId};
use ringfort_graph::{BitSet, EdgeId, NodeId, Room, Severed, reach_many};
use rustc_hash::{FxHashMap, FxHashSet};

/// Paths of the graph, for many questions.
pub struct Paths<'a> {
    attack: &'a Attack<'a>,
    entries: Vec<(State, NodeId)>,
    targets: Vec<NodeId>,
    severed: Severed<'a>,
    /// Edges that rest on a reason.
    edges: FxHashMap<WhyId, Vec<EdgeId>>,
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

/// A reason as far as it is one for this purpose: the value that is shown does not matter.
fn plain(why: &Why) -> Why {
    match why {
        Why::PodField { unit, path, .. } => {
            // A capability is one of a list: each is a reason of its own.
            if path.ends_with("capabilities.add") {
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
    pub fn new<'w>(attack: &'a Attack<'a>, wanted: impl Iterator<Item = &'w Why>) -> Self {
        let entries: Vec<(State, NodeId)> =
            attack.entries().map(|(instance, node)| (instance.state, node)).collect();
        let targets: Vec<NodeId> = attack.targets().iter().map(|(_, node)| *node).collect();
        let starts: Vec<NodeId> = entries.iter().map(|(_, node)| *node).collect();
        let severed = Severed::new(&attack.graph, &starts, &targets);
        let mut ids: FxHashMap<Why, Vec<WhyId>> = FxHashMap::default();
        for why in wanted {
            ids.entry(plain(why)).or_default();
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
        Self { attack, entries, targets, severed, edges, ids }
    }

    /// Weighs findings, each by its positions and its reasons.
    #[must_use]
    pub fn weigh(&self, findings: &[(&BTreeSet<NodeKey>, &[Why])]) -> Vec<Weight> {
        let edges = || {
            // Findings of one reason cut the same.
            let all: Vec<Vec<EdgeId>> =
                findings.par_iter().map(|(_, whys)| self.edges_of(whys)).collect();
            let each: FxHashSet<&[EdgeId]> = all.iter().map(Vec::as_slice).collect();
            let each: Vec<&[EdgeId]> = each.into_iter().collect();
            let cuts = each
                .par_iter()
                .map_init(|| self.severed.room(), |room, edges| (*edges, self.cuts(edges, room)));
            let cuts: FxHashMap<&[EdgeId], (usize, Option<u64>)> = cuts.collect();
            all.iter().map(|edges| cuts[edges.as_slice()]).collect::<Vec<_>>()
        };
        let (cuts, through) = rayon::join(edges, || self.through(findings));
        let weigh =
            |((cuts, effort), (through, verified))| Weight { through, verified, cuts, effort };
        cuts.into_iter().zip(through).map(weigh).collect()
    }

    /// The edges that rest on one of the reasons, ascending.
    fn edges_of(&self, whys: &[Why]) -> Vec<EdgeId> {
        let ids = whys.iter().filter_map(|why| self.ids.get(&plain(why))).flatten();
        let mut edges: Vec<EdgeId> =
            ids.filter_map(|id| self.edges.get(id)).flatten().copied().collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    fn cuts(&self, edges: &[EdgeId], room: &mut Room) -> (usize, Option<u64>) {
        let lost = self.severed.lost(edges, room);
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
