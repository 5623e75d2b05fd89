//! Narrower fixes in the place of wider ones.
//!
//! A solver that knows costs alone may take the widest of several fixes that cost the same. Each
//! chosen fix is compared with the narrower ones of its object. Most comparisons need no search:
//! of the edges that come back, a way that a chosen fix held shut would take one that starts where
//! an entry leads and one that ends where a target is ahead.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::Attack;
use ringfort_graph::cut::{FixId, Limits};
use ringfort_graph::{BitSet, EdgeId, NodeId, co_reach, reach};

use crate::plan::Posed;

/// Takes a narrower fix of the same object in the place of a wider one where it cuts the rest
/// as well and costs no more. The proof is about derivations and stays as it is.
pub(crate) fn narrowed(
    attack: &Attack<'_>,
    posed: &Posed<'_>,
    chosen: Vec<FixId>,
    limits: &mut Limits<'_>,
) -> Vec<FixId> {
    let all = &posed.catalogue.fixes;
    let mut of_object: BTreeMap<String, Vec<FixId>> = BTreeMap::new();
    for (at, fix) in all.iter().enumerate() {
        of_object.entry(fix.object()).or_default().push(FixId(at as u32));
    }
    let mut cut = Cut::new(attack, posed, chosen);
    for at in 0..cut.chosen.len() {
        let wide = &all[cut.chosen[at].index()];
        let same = of_object.get(&wide.object()).into_iter().flatten().copied();
        let mut others: Vec<FixId> = same
            .filter(|&other| {
                all[other.index()].breadth < wide.breadth
                    && posed.problem.cost(other).is_some_and(|cost| cost <= wide.cost)
                    && !cut.known.contains(&other)
            })
            .collect();
        others.sort_by_key(|&other| (all[other.index()].cost, all[other.index()].breadth, other));
        for other in others {
            if limits.searches == 0 || (limits.stop)() {
                return cut.sorted();
            }
            limits.searches -= 1;
            if cut.exchange(at, other) {
                break;
            }
        }
    }
    cut.sorted()
}

/// Fixes that are a cut, and what they leave.
struct Cut<'p, 'g, 'a> {
    attack: &'p Attack<'a>,
    posed: &'p Posed<'g>,
    chosen: Vec<FixId>,
    /// The same as a set.
    known: BTreeSet<FixId>,
    /// Edges by fix, of the edges between entries and targets.
    edges: BTreeMap<FixId, Vec<EdgeId>>,
    blocked: BitSet,
    entries: Vec<NodeId>,
    targets: Vec<NodeId>,
    /// Where whoever holds all entries gets, and from where some target may be reached.
    ahead: BitSet,
    behind: BitSet,
}

impl<'p, 'g, 'a> Cut<'p, 'g, 'a> {
    fn new(attack: &'p Attack<'a>, posed: &'p Posed<'g>, chosen: Vec<FixId>) -> Self {
        let mut edges: BTreeMap<FixId, Vec<EdgeId>> = BTreeMap::new();
        for edge in posed.between.iter().map(|edge| EdgeId(edge as u32)) {
            for &fix in posed.problem.fixes_of_edge.of(edge) {
                edges.entry(fix).or_default().push(edge);
            }
        }
        let goals = &posed.problem.goals;
        let ends = |list: &mut dyn Iterator<Item = NodeId>| -> Vec<NodeId> {
            let mut nodes: Vec<NodeId> = list.collect();
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        };
        let entries = ends(&mut goals.iter().flat_map(|goal| goal.entries.iter().copied()));
        let targets = ends(&mut goals.iter().flat_map(|goal| goal.targets.iter().copied()));
        let blocked = posed.problem.blocked_by(&chosen);
        let ahead = reach(&attack.graph, &entries, &blocked);
        let behind = co_reach(&attack.graph, &targets, &blocked);
        let known = chosen.iter().copied().collect();
        Self { attack, posed, chosen, known, edges, blocked, entries, targets, ahead, behind }
    }

    /// Puts another fix in the place of one, if the fixes stay a cut.
    fn exchange(&mut self, at: usize, other: FixId) -> bool {
        let fixes_of = &self.posed.problem.fixes_of_edge;
        let old = self.chosen[at];
        let is_chosen = |fix: &FixId| *fix == other || (*fix != old && self.known.contains(fix));
        let of = |fix: FixId| self.edges.get(&fix).map_or(&[][..], Vec::as_slice);
        let back: Vec<EdgeId> = of(old)
            .iter()
            .copied()
            .filter(|&edge| !fixes_of.of(edge).iter().any(is_chosen))
            .collect();
        let mut blocked = self.blocked.clone();
        for edge in &back {
            blocked.remove(edge.index());
        }
        for edge in of(other) {
            blocked.insert(edge.index());
        }
        let graph = &self.attack.graph;
        let from = |edge: &EdgeId| self.ahead.contains(graph.edge(*edge).from.index());
        let to = |edge: &EdgeId| self.behind.contains(graph.edge(*edge).to.index());
        let opens = back.iter().any(from) && back.iter().any(to);
        if opens && !self.posed.is_cut(self.attack, &blocked) {
            return false;
        }
        self.chosen[at] = other;
        self.known.remove(&old);
        self.known.insert(other);
        if !back.is_empty() {
            self.ahead = reach(graph, &self.entries, &blocked);
            self.behind = co_reach(graph, &self.targets, &blocked);
        }
        self.blocked = blocked;
        true
    }

    fn sorted(mut self) -> Vec<FixId> {
        self.chosen.sort_unstable();
        self.chosen
    }
}
