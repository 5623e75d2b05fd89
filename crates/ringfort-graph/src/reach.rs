//! Reachability: forward over AND and OR nodes, backward as an over-approximation, and the
//! number of connected pairs.

use crate::graph::{Graph, Kind, NodeId};
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
/// Two searches backwards bound each target's entries: without AND nodes from below, with AND
/// nodes taken for OR nodes from above. Entries between the bounds are followed forwards, many
/// at a time, one bit each.
#[must_use]
pub fn reach_pairs(
    graph: &Graph,
    entries: &[NodeId],
    targets: &[NodeId],
    blocked: &BitSet,
) -> Vec<BitSet> {
    let mut found = Vec::new();
    let mut open = BitSet::new(entries.len());
    let mut useful = BitSet::new(graph.node_count());
    let mut between = Vec::new();
    // What all entries together do not reach, one of them does not: an AND node that lacks a
    // conjunct which nobody holds takes no part.
    let held = graph.has_and().then(|| reach(graph, entries, blocked));
    for &target in targets {
        let below = backwards(graph, target, blocked, None);
        let mut sure = BitSet::new(entries.len());
        let mut unsure = BitSet::new(entries.len());
        // Without an AND node the bounds are one.
        let above = held.as_ref().map(|held| backwards(graph, target, blocked, Some(held)));
        for (at, entry) in entries.iter().enumerate() {
            if below.contains(entry.index()) {
                sure.insert(at);
            } else if above.as_ref().is_some_and(|above| above.contains(entry.index())) {
                unsure.insert(at);
                open.insert(at);
            }
        }
        if let Some(above) = above.filter(|_| !unsure.is_empty()) {
            useful.union(&above);
        }
        found.push(sure);
        between.push(unsure);
    }
    if open.is_empty() {
        return found;
    }
    let order = Order::new(graph, blocked, &useful);
    let open: Vec<usize> = open.iter().collect();
    for chunk in open.chunks(BITS) {
        let starts: Vec<NodeId> = chunk.iter().map(|&at| entries[at]).collect();
        let masks = order.masks(graph, &starts, blocked);
        for (target, (found, between)) in targets.iter().zip(found.iter_mut().zip(&between)) {
            let mask = order.mask(&masks, *target);
            for (bit, &at) in chunk.iter().enumerate() {
                if mask[bit / 64] & (1 << (bit % 64)) != 0 && between.contains(at) {
                    found.insert(at);
                }
            }
        }
    }
    found
}

/// For each of some nodes, the set of entries (by position in `entries`) that reach it, each
/// entry taken by itself: [`reach_pairs`] for nodes that are too many to be searched from.
#[must_use]
pub fn reach_many(
    graph: &Graph,
    entries: &[NodeId],
    nodes: &[NodeId],
    blocked: &BitSet,
) -> Vec<BitSet> {
    let mut found = vec![BitSet::new(entries.len()); nodes.len()];
    let useful = reach(graph, entries, blocked);
    let order = Order::new(graph, blocked, &useful);
    for (chunk, starts) in entries.chunks(BITS).enumerate() {
        let masks = order.masks(graph, starts, blocked);
        for (node, found) in nodes.iter().zip(&mut found) {
            let mask = order.mask(&masks, *node);
            for bit in 0..starts.len() {
                if mask[bit / 64] & (1 << (bit % 64)) != 0 {
                    found.insert(chunk * BITS + bit);
                }
            }
        }
    }
    found
}

/// Nodes that lead to the target: past OR nodes alone, or within a set as if its AND nodes were
/// OR nodes.
fn backwards(graph: &Graph, target: NodeId, blocked: &BitSet, within: Option<&BitSet>) -> BitSet {
    let counts = |node: NodeId| match within {
        Some(within) => within.contains(node.index()),
        None => graph.kind(node) == Kind::Or,
    };
    let mut found = BitSet::new(graph.node_count());
    if !counts(target) {
        return found;
    }
    found.insert(target.index());
    let mut queue = vec![target];
    while let Some(node) = queue.pop() {
        for &edge in graph.incoming(node) {
            let from = graph.edge(edge).from;
            if !blocked.contains(edge.index()) && counts(from) && found.insert(from.index()) {
                queue.push(from);
            }
        }
    }
    found
}

/// Entries that are followed at the same time.
const BITS: usize = 512;

type Mask = [u64; BITS / 64];

const NOBODY: Mask = [0; BITS / 64];

const NONE: u32 = u32::MAX;

/// The useful nodes in an order in which every edge between OR nodes leads forwards or stays
/// among nodes that reach each other, so that one pass follows all of them.
pub(crate) struct Order {
    /// Useful nodes, component by component.
    pub(crate) nodes: Vec<NodeId>,
    /// Component of each node; [`NONE`] for the others.
    pub(crate) component: Vec<u32>,
    pub(crate) components: usize,
    ands: Vec<NodeId>,
}

impl Order {
    /// Tarjan's strongly connected components; edges into AND nodes are left out.
    pub(crate) fn new(graph: &Graph, blocked: &BitSet, useful: &BitSet) -> Self {
        let count = graph.node_count();
        let mut component = vec![NONE; count];
        let mut index = vec![NONE; count];
        let mut low = vec![0u32; count];
        let mut on_stack = BitSet::new(count);
        let mut stack: Vec<NodeId> = Vec::new();
        let mut calls: Vec<(NodeId, usize)> = Vec::new();
        let mut nodes = Vec::new();
        let (mut next, mut components) = (0u32, 0u32);
        for root in useful.iter().map(|at| NodeId(at as u32)) {
            if index[root.index()] != NONE {
                continue;
            }
            calls.push((root, 0));
            while let Some((node, at)) = calls.pop() {
                let here = node.index();
                if index[here] == NONE {
                    index[here] = next;
                    low[here] = next;
                    next += 1;
                    stack.push(node);
                    on_stack.insert(here);
                }
                let mut entered = false;
                for (offset, &edge) in graph.outgoing(node)[at..].iter().enumerate() {
                    let to = graph.edge(edge).to;
                    let there = to.index();
                    if blocked.contains(edge.index())
                        || !useful.contains(there)
                        || graph.kind(to) == Kind::And
                    {
                        continue;
                    }
                    if index[there] == NONE {
                        // The edge is looked at again when its end is done.
                        calls.push((node, at + offset));
                        calls.push((to, 0));
                        entered = true;
                        break;
                    }
                    if on_stack.contains(there) {
                        // For a node that is done this is its low, for one on the way its index.
                        low[here] = low[here].min(low[there].min(index[there]));
                    }
                }
                if entered {
                    continue;
                }
                if low[here] == index[here] {
                    while let Some(member) = stack.pop() {
                        on_stack.remove(member.index());
                        component[member.index()] = components;
                        nodes.push(member);
                        if member == node {
                            break;
                        }
                    }
                    components += 1;
                }
            }
        }
        // Components come out last first.
        nodes.reverse();
        let ands = nodes.iter().copied().filter(|&node| graph.kind(node) == Kind::And).collect();
        Self { nodes, component, components: components as usize, ands }
    }

    fn mask<'m>(&self, masks: &'m [Mask], node: NodeId) -> &'m Mask {
        match self.component[node.index()] {
            NONE => &NOBODY,
            component => &masks[component as usize],
        }
    }

    /// Who of the entries reaches each component.
    fn masks(&self, graph: &Graph, entries: &[NodeId], blocked: &BitSet) -> Vec<Mask> {
        let mut masks = vec![NOBODY; self.components];
        for (bit, entry) in entries.iter().enumerate() {
            let component = self.component[entry.index()];
            if component != NONE {
                masks[component as usize][bit / 64] |= 1 << (bit % 64);
            }
        }
        loop {
            for &node in &self.nodes {
                let from = self.component[node.index()];
                let mask = masks[from as usize];
                if mask == NOBODY {
                    continue;
                }
                for &edge in graph.outgoing(node) {
                    let end = graph.edge(edge).to;
                    let to = self.component[end.index()];
                    if to == NONE
                        || to == from
                        || blocked.contains(edge.index())
                        || graph.kind(end) == Kind::And
                    {
                        continue;
                    }
                    for (known, new) in masks[to as usize].iter_mut().zip(mask) {
                        *known |= new;
                    }
                }
            }
            // What the AND nodes add needs another pass.
            let mut more = false;
            for &node in &self.ands {
                let value = self.conjunction(graph, node, &masks, blocked);
                let own = &mut masks[self.component[node.index()] as usize];
                for (known, new) in own.iter_mut().zip(value) {
                    more |= new & !*known != 0;
                    *known |= new;
                }
            }
            if !more {
                return masks;
            }
        }
    }

    fn conjunction(&self, graph: &Graph, node: NodeId, masks: &[Mask], blocked: &BitSet) -> Mask {
        let incoming = graph.incoming(node);
        // Nothing leads to it: it holds for whoever starts there, and for nobody else.
        let mut all = if incoming.is_empty() { NOBODY } else { [u64::MAX; BITS / 64] };
        for &edge in incoming {
            let one = match blocked.contains(edge.index()) {
                true => &NOBODY,
                false => self.mask(masks, graph.edge(edge).from),
            };
            for (all, one) in all.iter_mut().zip(one) {
                *all &= one;
            }
        }
        all
    }
}
