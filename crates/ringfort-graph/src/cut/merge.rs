//! Which groups of nodes are reached together, or matter only for what they lead to.
//!
//! A group that is entered from one place alone, and from there along an edge that nothing cuts,
//! is reached exactly if that place is. One that leads to one place alone, and along such an edge,
//! matters for that place only, and holding it is as good as holding the place. Both join the
//! place. Entries stay apart from what is before them, targets from what comes after them, and AND
//! nodes from everything.

use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::reach::Order;
use crate::set::BitSet;

/// Rounds in each direction: what has joined may let others join.
const ROUNDS: usize = 4;

/// The groups of nodes that reach each other, and what each has joined.
pub(super) struct Merged {
    /// The place of each group, itself for one that stays.
    into: Vec<u32>,
}

impl Merged {
    pub(super) fn new(
        graph: &Graph,
        order: &Order,
        useful: &BitSet,
        cuttable: &BitSet,
        (entries, targets): (&[NodeId], &[NodeId]),
    ) -> Self {
        let mut merged = Self { into: (0..order.components as u32).collect() };
        for (forward, kept) in [(true, entries), (false, targets)] {
            let mut stays = vec![false; order.components];
            for &node in kept.iter().filter(|node| useful.contains(node.index())) {
                stays[merged.place(order.component[node.index()]) as usize] = true;
            }
            for _ in 0..ROUNDS {
                if !merged.round(graph, order, cuttable, forward, &mut stays) {
                    break;
                }
            }
        }
        merged
    }

    /// The place of a group.
    pub(super) fn place(&self, mut group: u32) -> u32 {
        while self.into[group as usize] != group {
            group = self.into[group as usize];
        }
        group
    }

    /// Has every place join the one that it hangs on; says whether any did.
    fn round(
        &mut self,
        graph: &Graph,
        order: &Order,
        cuttable: &BitSet,
        forward: bool,
        stays: &mut [bool],
    ) -> bool {
        let mut nodes: Vec<(u32, u32)> = Vec::with_capacity(order.nodes.len());
        let mut rank = vec![u32::MAX; order.components];
        for (at, node) in order.nodes.iter().enumerate() {
            let place = self.place(order.component[node.index()]);
            // Before the others come those that are before them along edges that nothing cuts.
            let first = &mut rank[place as usize];
            if *first == u32::MAX || !forward {
                *first = at as u32;
            }
            nodes.push((place, node.0));
        }
        let key = |place: u32| {
            let rank = rank[place as usize];
            if forward { rank } else { u32::MAX - rank }
        };
        nodes.sort_by_key(|&(place, node)| (key(place), place, node));
        let mut any = false;
        for members in nodes.chunk_by(|one, other| one.0 == other.0) {
            let place = members[0].0;
            if stays[place as usize] {
                continue;
            }
            let members = members.iter().map(|&(_, node)| NodeId(node));
            if let Some(other) = self.hangs_on(graph, order, cuttable, forward, place, members) {
                self.into[place as usize] = other;
                any = true;
            }
        }
        any
    }

    /// The one place that the members are entered from, or lead to, if there is one and an edge
    /// that nothing cuts.
    fn hangs_on(
        &self,
        graph: &Graph,
        order: &Order,
        cuttable: &BitSet,
        forward: bool,
        place: u32,
        members: impl Iterator<Item = NodeId>,
    ) -> Option<u32> {
        let mut found: Option<u32> = None;
        let mut free = false;
        for node in members {
            if graph.kind(node) == Kind::And {
                return None;
            }
            let edges: &[EdgeId] =
                if forward { graph.incoming(node) } else { graph.outgoing(node) };
            for &id in edges {
                let edge = graph.edge(id);
                let other = if forward { edge.from } else { edge.to };
                let group = order.component[other.index()];
                if group == u32::MAX {
                    continue;
                }
                let group = self.place(group);
                if group == place {
                    continue;
                }
                if graph.kind(other) == Kind::And || found.is_some_and(|known| known != group) {
                    return None;
                }
                found = Some(group);
                free |= !cuttable.contains(id.index());
            }
        }
        found.filter(|_| free)
    }
}
