//! The easiest derivation of every node.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::derivation::Derivation;
use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::set::BitSet;

/// The cost of a node that no derivation reaches.
pub const UNREACHED: u64 = u64::MAX;

/// The cheapest way to every node from a set of entries.
#[derive(Clone, Debug)]
pub struct Easiest {
    cost: Vec<u64>,
    /// For a reached OR node the edge that reaches it; none for entries and AND nodes.
    via: Vec<Option<EdgeId>>,
    entries: BitSet,
}

impl Easiest {
    /// The cost of reaching the node, [`UNREACHED`] if nothing does.
    #[must_use]
    pub fn cost(&self, node: NodeId) -> u64 {
        self.cost[node.index()]
    }

    /// The edge by which an OR node is reached; `None` for entries, AND nodes and nodes that
    /// are not reached.
    #[must_use]
    pub fn via(&self, node: NodeId) -> Option<EdgeId> {
        self.via[node.index()]
    }

    /// Whether the node is one of the entries, which are held without any step.
    #[must_use]
    pub fn is_entry(&self, node: NodeId) -> bool {
        self.entries.contains(node.index())
    }

    /// The derivation of a node, or `None` if nothing reaches it.
    #[must_use]
    pub fn derivation(&self, graph: &Graph, target: NodeId) -> Option<Derivation> {
        if self.cost(target) == UNREACHED {
            return None;
        }
        Some(Derivation::collect(graph, target, self))
    }
}

/// The easiest derivation of every node, from the entries and without the blocked edges. Of
/// derivations of equal cost the one with fewer steps wins, then the one whose last edge has
/// the smallest id.
#[must_use]
pub fn easiest(graph: &Graph, entries: &[NodeId], blocked: &BitSet) -> Easiest {
    search(graph, entries, &[], |edge| !blocked.contains(edge.index()))
}

/// The search behind [`easiest`]; stops early once all `targets` are settled, if there are any.
pub(crate) fn search(
    graph: &Graph,
    entries: &[NodeId],
    targets: &[NodeId],
    allowed: impl Fn(EdgeId) -> bool,
) -> Easiest {
    let nodes = graph.node_count();
    let mut found = Easiest {
        cost: vec![UNREACHED; nodes],
        via: vec![None; nodes],
        entries: BitSet::new(nodes),
    };
    let mut settled = BitSet::new(nodes);
    let mut open = BitSet::new(nodes);
    for target in targets {
        open.insert(target.index());
    }
    let mut left = open.len();
    // Sum and number of conditions that an AND node still waits for.
    let mut sums: Vec<(u64, u32)> = vec![(0, 0); nodes];
    for (node, sum) in sums.iter_mut().enumerate() {
        let node = NodeId(node as u32);
        if graph.kind(node) == Kind::And {
            sum.1 = graph.incoming(node).len() as u32;
        }
    }
    // Ordered by cost, then steps: zero-weight edges never make a detour look equal.
    let mut steps = vec![u32::MAX; nodes];
    let mut heap: BinaryHeap<Reverse<(u64, u32, NodeId)>> = BinaryHeap::new();
    for &entry in entries {
        found.entries.insert(entry.index());
        found.cost[entry.index()] = 0;
        steps[entry.index()] = 0;
        heap.push(Reverse((0, 0, entry)));
    }
    while let Some(Reverse((cost, length, node))) = heap.pop() {
        if !settled.insert(node.index()) {
            continue;
        }
        if open.contains(node.index()) {
            left -= 1;
            if left == 0 {
                break;
            }
        }
        for &id in graph.outgoing(node) {
            if !allowed(id) {
                continue;
            }
            let edge = graph.edge(id);
            let to = edge.to.index();
            if settled.contains(to) || found.entries.contains(to) {
                continue;
            }
            // A sum over a tree may double with every AND node: it stops short of unreached.
            let reached = cost.saturating_add(u64::from(edge.weight)).min(UNREACHED - 1);
            match graph.kind(edge.to) {
                Kind::Or => {
                    let length = length.saturating_add(1);
                    let better = (reached, length, id);
                    let known = (found.cost[to], steps[to], found.via[to].unwrap_or(EdgeId(0)));
                    if better < known {
                        found.cost[to] = reached;
                        steps[to] = length;
                        found.via[to] = Some(id);
                        heap.push(Reverse((reached, length, edge.to)));
                    }
                }
                Kind::And => {
                    let (sum, missing) = &mut sums[to];
                    *sum = sum.saturating_add(reached).min(UNREACHED - 1);
                    *missing -= 1;
                    // The edge of a condition is a step too.
                    let length = length.saturating_add(1);
                    steps[to] = match steps[to] {
                        u32::MAX => length,
                        others => others.saturating_add(length),
                    };
                    if *missing == 0 {
                        found.cost[to] = *sum;
                        heap.push(Reverse((*sum, steps[to], edge.to)));
                    }
                }
            }
        }
    }
    for target in targets {
        if !settled.contains(target.index()) {
            found.cost[target.index()] = UNREACHED;
        }
    }
    found
}
