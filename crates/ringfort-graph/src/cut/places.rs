//! Nodes that no fix can tell apart.
//!
//! OR nodes that lead to each other along edges that cannot be cut are held together or not at
//! all, whatever is done, so they are one place, and so are those that join them ([`Merged`]). A
//! place remembers a way from each of its nodes to one in its middle, and from there to each,
//! along edges that cannot be cut, as far as there is one: with these a derivation over places
//! becomes one over nodes.

use rustc_hash::{FxHashMap, FxHashSet};

use super::merge::Merged;
use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::reach::Order;
use crate::set::BitSet;

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) count: usize,
    /// The place of each node; [`NONE`] for nodes that do not matter.
    of: Vec<u32>,
    /// For each node the edge by which it is reached from the middle of its place, and the one
    /// by which it leads there.
    from_middle: Vec<u32>,
    to_middle: Vec<u32>,
}

impl Places {
    /// The places of the useful nodes, where the cuttable edges are not used.
    pub(crate) fn new(
        graph: &Graph,
        useful: &BitSet,
        cuttable: &BitSet,
        ends: (&[NodeId], &[NodeId]),
    ) -> Self {
        let order = Order::new(graph, cuttable, useful);
        let merged = Merged::new(graph, &order, useful, cuttable, ends);
        let nodes = graph.node_count();
        // Places are numbered as their middles come: one of those nodes that others have joined.
        let mut number = vec![NONE; order.components];
        let mut middles = Vec::new();
        for &node in &order.nodes {
            let group = order.component[node.index()];
            if merged.place(group) == group && number[group as usize] == NONE {
                number[group as usize] = middles.len() as u32;
                middles.push(node);
            }
        }
        let place = |&group: &u32| match group {
            NONE => NONE,
            group => number[merged.place(group) as usize],
        };
        let mut made = Self {
            count: middles.len(),
            of: order.component.iter().map(place).collect(),
            from_middle: vec![NONE; nodes],
            to_middle: vec![NONE; nodes],
        };
        for middle in middles {
            for forward in [true, false] {
                let mut queue = vec![middle];
                while let Some(node) = queue.pop() {
                    let edges = if forward { graph.outgoing(node) } else { graph.incoming(node) };
                    for &id in edges {
                        let edge = graph.edge(id);
                        let next = if forward { edge.to } else { edge.from };
                        let tree =
                            if forward { &mut made.from_middle } else { &mut made.to_middle };
                        if next != middle
                            && made.of[next.index()] == made.of[node.index()]
                            && tree[next.index()] == NONE
                            && !cuttable.contains(id.index())
                            && graph.kind(next) == Kind::Or
                        {
                            tree[next.index()] = id.0;
                            queue.push(next);
                        }
                    }
                }
            }
        }
        made
    }

    /// The place of a node that matters.
    pub(crate) fn of(&self, node: NodeId) -> Option<u32> {
        Some(self.of[node.index()]).filter(|&place| place != NONE)
    }

    /// A path within a place, without loops.
    fn path(&self, graph: &Graph, from: NodeId, to: NodeId) -> Vec<EdgeId> {
        let mut walk = Vec::new();
        let mut node = from;
        while let Some(edge) = EdgeId::known(self.to_middle[node.index()]) {
            walk.push(edge);
            node = graph.edge(edge).to;
        }
        let mut down = Vec::new();
        let mut node = to;
        while let Some(edge) = EdgeId::known(self.from_middle[node.index()]) {
            down.push(edge);
            node = graph.edge(edge).from;
        }
        walk.extend(down.into_iter().rev());
        // Leave out what leads back to where the walk has been.
        let mut path: Vec<EdgeId> = Vec::new();
        let mut at: FxHashMap<NodeId, usize> = FxHashMap::default();
        at.insert(from, 0);
        for edge in walk {
            let end = graph.edge(edge).to;
            if let Some(&length) = at.get(&end) {
                for gone in path.drain(length..) {
                    let gone = graph.edge(gone).to;
                    if gone != end {
                        at.remove(&gone);
                    }
                }
            } else {
                path.push(edge);
                at.insert(end, path.len());
            }
        }
        path
    }

    /// The edges of a derivation over nodes: `edges` are those between places in order,
    /// `entries` what is held, `targets` what may be its end.
    pub(crate) fn expand(
        &self,
        graph: &Graph,
        edges: &[EdgeId],
        entries: &[NodeId],
        targets: &[NodeId],
    ) -> Vec<EdgeId> {
        let mut whole =
            Whole { derived: FxHashSet::default(), first: FxHashMap::default(), edges: Vec::new() };
        for &entry in entries {
            whole.derived.insert(entry);
            if let Some(place) = self.of(entry) {
                whole.first.entry(place).or_insert(entry);
            }
        }
        for &id in edges {
            let edge = graph.edge(id);
            self.ensure(graph, edge.from, &mut whole);
            whole.edges.push(id);
            whole.derived.insert(edge.to);
            whole.first.entry(self.of[edge.to.index()]).or_insert(edge.to);
        }
        let last = match edges.last() {
            Some(&edge) => self.of(graph.edge(edge).to),
            // Some entry lies where a target does.
            None => {
                let places: FxHashSet<u32> =
                    entries.iter().filter_map(|&entry| self.of(entry)).collect();
                targets.iter().filter_map(|&target| self.of(target)).find(|at| places.contains(at))
            }
        };
        let mut ends = targets.iter().copied().filter(|&target| self.of(target) == last);
        if !ends.clone().any(|target| whole.derived.contains(&target))
            && let Some(target) = ends.next()
        {
            self.ensure(graph, target, &mut whole);
        }
        whole.edges
    }

    /// Derives a node from what is already derived of its place.
    fn ensure(&self, graph: &Graph, node: NodeId, whole: &mut Whole) {
        if whole.derived.contains(&node) {
            return;
        }
        let Some(&first) = whole.first.get(&self.of[node.index()]) else { return };
        let path = self.path(graph, first, node);
        let known = path.iter().rposition(|&edge| whole.derived.contains(&graph.edge(edge).to));
        for &edge in &path[known.map_or(0, |known| known + 1)..] {
            whole.edges.push(edge);
            whole.derived.insert(graph.edge(edge).to);
        }
    }
}

/// A derivation over nodes on its way.
struct Whole {
    derived: FxHashSet<NodeId>,
    /// The first node of each place that was derived.
    first: FxHashMap<u32, NodeId>,
    edges: Vec<EdgeId>,
}

impl EdgeId {
    fn known(id: u32) -> Option<Self> {
        (id != NONE).then_some(Self(id))
    }
}
