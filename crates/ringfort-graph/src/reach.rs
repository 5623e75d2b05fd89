//! Reachability: forward over AND and OR nodes, backward as an over-approximation, and the
//! number of connected pairs.

use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::set::BitSet;

/// Nodes that are reached from the entries without the blocked edges. An AND node that loses
/// an edge to the block is not reached: the edge is one of its conditions.
#[must_use]
pub fn reach(graph: &Graph, entries: &[NodeId], blocked: &BitSet) -> BitSet {
    let mut reached = BitSet::new(graph.node_count());
    let mut missing: Vec<u32> = vec![0; graph.node_count()];
    for (node, missing) in missing.iter_mut().enumerate() {
        *missing = graph.incoming(NodeId(node as u32)).len() as u32;
    }
    let mut queue: Vec<NodeId> = Vec::new();
    for &entry in entries {
        if reached.insert(entry.index()) {
            queue.push(entry);
        }
    }
    while let Some(node) = queue.pop() {
        for &edge in graph.outgoing(node) {
            if blocked.contains(edge.index()) {
                continue;
            }
            let to = graph.edge(edge).to;
            let ready = match graph.kind(to) {
                Kind::Or => true,
                Kind::And => {
                    missing[to.index()] -= 1;
                    missing[to.index()] == 0
                }
            };
            if ready && reached.insert(to.index()) {
                queue.push(to);
            }
        }
    }
    reached
}

/// Nodes from which some target might be reached: AND nodes count as OR nodes here, so the
/// set may be too large, never too small.
#[must_use]
pub fn co_reach(graph: &Graph, targets: &[NodeId], blocked: &BitSet) -> BitSet {
    let mut found = BitSet::new(graph.node_count());
    let mut queue: Vec<NodeId> = Vec::new();
    for &target in targets {
        if found.insert(target.index()) {
            queue.push(target);
        }
    }
    while let Some(node) = queue.pop() {
        for &edge in graph.incoming(node) {
            let from = graph.edge(edge).from;
            if !blocked.contains(edge.index()) && found.insert(from.index()) {
                queue.push(from);
            }
        }
    }
    found
}

/// For each target, the set of entries (by position in `entries`) that reach it, each entry
/// taken by itself.
///
/// Where no AND node can take part, one search backwards from the target tells all its
/// entries. Otherwise entries are followed forwards, 64 at a time, one bit each.
#[must_use]
pub fn reach_pairs(
    graph: &Graph,
    entries: &[NodeId],
    targets: &[NodeId],
    blocked: &BitSet,
) -> Vec<BitSet> {
    targets
        .iter()
        .map(|&target| {
            let useful = co_reach(graph, &[target], blocked);
            let plain = useful.iter().all(|node| graph.kind(NodeId(node as u32)) == Kind::Or);
            let mut found = BitSet::new(entries.len());
            if plain {
                for (at, entry) in entries.iter().enumerate() {
                    if useful.contains(entry.index()) {
                        found.insert(at);
                    }
                }
                return found;
            }
            for (batch, chunk) in entries.chunks(64).enumerate() {
                let mask = masks(graph, chunk, blocked, &useful)[target.index()];
                for bit in 0..chunk.len() {
                    if mask & (1 << bit) != 0 {
                        found.insert(batch * 64 + bit);
                    }
                }
            }
            found
        })
        .collect()
}

fn masks(graph: &Graph, entries: &[NodeId], blocked: &BitSet, useful: &BitSet) -> Vec<u64> {
    let mut masks = vec![0u64; graph.node_count()];
    let mut waiting = BitSet::new(graph.node_count());
    let mut queue: Vec<NodeId> = Vec::new();
    for (bit, entry) in entries.iter().enumerate() {
        masks[entry.index()] |= 1 << bit;
        if waiting.insert(entry.index()) {
            queue.push(*entry);
        }
    }
    while let Some(node) = queue.pop() {
        waiting.remove(node.index());
        for &edge in graph.outgoing(node) {
            let to = graph.edge(edge).to;
            if blocked.contains(edge.index()) || !useful.contains(to.index()) {
                continue;
            }
            let new = match graph.kind(to) {
                Kind::Or => masks[node.index()],
                Kind::And => conjunction(graph, to, &masks, blocked),
            } & !masks[to.index()];
            if new != 0 {
                masks[to.index()] |= new;
                if waiting.insert(to.index()) {
                    queue.push(to);
                }
            }
        }
    }
    masks
}

fn conjunction(graph: &Graph, node: NodeId, masks: &[u64], blocked: &BitSet) -> u64 {
    let holds = |&edge: &EdgeId| match blocked.contains(edge.index()) {
        true => 0,
        false => masks[graph.edge(edge).from.index()],
    };
    graph.incoming(node).iter().map(holds).fold(u64::MAX, |all, one| all & one)
}
