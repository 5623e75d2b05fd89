//! The k easiest derivations, without loops (Lawler's partition, 1972).
//!
//! A derivation chooses one edge for each OR node on it. The derivations other than a known
//! one are split by the first node, counted from the target, at which they choose otherwise:
//! the nodes before it keep their choice, and that node may not choose what it chose. Each
//! part is one restricted search. No loop can arise: a node whose choice is kept is reached
//! only through the next, which therefore cannot rest on it.

use std::collections::{BTreeSet, BinaryHeap};

use crate::derivation::Derivation;
use crate::easiest::{UNREACHED, search};
use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::set::BitSet;

/// A part of the space of derivations and its easiest member.
struct Part {
    best: Derivation,
    /// Choices that every member shares, from the target backwards.
    kept: Vec<(NodeId, EdgeId)>,
    /// Choices that no member makes.
    barred: BTreeSet<EdgeId>,
}

/// The `limit` easiest derivations of `target`, ascending by cost, then by length, then by
/// edges. Blocked edges are not used.
#[must_use]
pub fn ranked(
    graph: &Graph,
    entries: &[NodeId],
    target: NodeId,
    blocked: &BitSet,
    limit: usize,
) -> Vec<Derivation> {
    let mut found: Vec<Derivation> = Vec::new();
    let mut heap: BinaryHeap<Ranked> = BinaryHeap::new();
    heap.extend(solve(graph, entries, target, blocked, Vec::new(), BTreeSet::new()));
    while found.len() < limit {
        let Some(Ranked(part)) = heap.pop() else { break };
        let choices = choices(graph, entries, &part.best);
        let mut kept = part.kept.clone();
        for (node, edge) in choices {
            if part.kept.iter().any(|(known, _)| *known == node) {
                continue;
            }
            let mut barred = part.barred.clone();
            barred.insert(edge);
            heap.extend(solve(graph, entries, target, blocked, kept.clone(), barred));
            kept.push((node, edge));
        }
        found.push(part.best);
    }
    found
}

/// The choices of a derivation, each node before those that it rests on.
fn choices(graph: &Graph, entries: &[NodeId], derivation: &Derivation) -> Vec<(NodeId, EdgeId)> {
    let mut list: Vec<(NodeId, EdgeId)> = derivation
        .edges
        .iter()
        .map(|&edge| (graph.edge(edge).to, edge))
        .filter(|(node, _)| graph.kind(*node) == Kind::Or && !entries.contains(node))
        .collect();
    list.reverse();
    list
}

fn solve(
    graph: &Graph,
    entries: &[NodeId],
    target: NodeId,
    blocked: &BitSet,
    kept: Vec<(NodeId, EdgeId)>,
    barred: BTreeSet<EdgeId>,
) -> Option<Ranked> {
    let fixed: rustc_hash::FxHashMap<NodeId, EdgeId> = kept.iter().copied().collect();
    let result = search(graph, entries, &[target], |edge| {
        !blocked.contains(edge.index())
            && !barred.contains(&edge)
            && fixed.get(&graph.edge(edge).to).is_none_or(|choice| *choice == edge)
    });
    if result.cost(target) == UNREACHED {
        return None;
    }
    let best = result.derivation(graph, target)?;
    Some(Ranked(Part { best, kept, barred }))
}

/// Heap order: the easiest first.
struct Ranked(Part);

impl Ranked {
    fn key(&self) -> (u64, usize, &[EdgeId]) {
        (self.0.best.cost, self.0.best.edges.len(), &self.0.best.edges)
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.key().cmp(&self.key())
    }
}
