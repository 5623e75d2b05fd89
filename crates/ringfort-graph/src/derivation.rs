//! A way to a node, as the list of its edges.

use crate::easiest::Easiest;
use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::set::BitSet;

/// A derivation: the edges that lead from entries to a target. Without AND nodes on the way
/// it is a simple path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Derivation {
    /// Sum over the derivation tree.
    pub cost: u64,
    /// The edges, each once, every edge after those that it rests on.
    pub edges: Vec<EdgeId>,
    /// The entries it starts from, ascending.
    pub entries: Vec<NodeId>,
    /// What it reaches.
    pub target: NodeId,
}

impl Derivation {
    /// Collects the derivation of `target` along the chosen edge of each OR node.
    pub(crate) fn collect(graph: &Graph, target: NodeId, found: &Easiest) -> Self {
        let mut seen = BitSet::new(graph.node_count());
        let mut entries = Vec::new();
        let mut edges = Vec::new();
        // Depth first with an explicit stack; an edge is written after its source is done.
        let mut stack: Vec<(NodeId, Vec<EdgeId>, usize)> = Vec::new();
        let conditions = |node: NodeId| match graph.kind(node) {
            _ if found.is_entry(node) => Vec::new(),
            Kind::And => graph.incoming(node).to_vec(),
            Kind::Or => found.via(node).into_iter().collect(),
        };
        seen.insert(target.index());
        stack.push((target, conditions(target), 0));
        while let Some((node, list, next)) = stack.last_mut() {
            if let Some(&edge) = list.get(*next) {
                *next += 1;
                let from = graph.edge(edge).from;
                if seen.insert(from.index()) {
                    stack.push((from, conditions(from), 0));
                }
            } else {
                if list.is_empty() {
                    entries.push(*node);
                }
                edges.append(list);
                stack.pop();
            }
        }
        entries.sort_unstable();
        Self { cost: found.cost(target), edges, entries, target }
    }

    /// The nodes on the way, entries first, the target last.
    #[must_use]
    pub fn nodes(&self, graph: &Graph) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.entries.clone();
        nodes.extend(self.edges.iter().map(|&edge| graph.edge(edge).to));
        let mut seen = BitSet::new(graph.node_count());
        nodes.retain(|node| seen.insert(node.index()));
        nodes
    }
}
