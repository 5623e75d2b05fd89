//! Which pairs of an entry and a target are lost when edges are blocked, asked many times about
//! one graph.
//!
//! A search backwards from a target leaves a tree: each node that reaches the target has one
//! edge that leads on. Blocking edges concerns what hangs on them in the tree and nothing else;
//! of that, a node is saved by any other edge to a node that still reaches the target. So a
//! question costs as much as what hangs on its edges, not as much as the graph.
//!
//! AND nodes are met by two trees: one without them, in which whatever still reaches the target
//! reaches it, and one with those that can be reached at all, taken for OR nodes, in which
//! whatever does not reach it does not. Pairs between the two are searched for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::pairs::easiest_pairs;
use crate::reach::{reach, reach_pairs};
use crate::set::BitSet;

/// The questions about some entries and targets.
pub struct Severed<'g> {
    graph: &'g Graph,
    /// Edges that are gone already.
    gone: BitSet,
    entries: Vec<NodeId>,
    targets: Vec<NodeId>,
    /// Positions in `entries` of each node that is one.
    of_node: FxHashMap<NodeId, Vec<u32>>,
    /// For each target the tree without AND nodes.
    plain: Vec<Tree>,
    /// For each target the tree with AND nodes as OR nodes, if there are any on the way.
    wide: Vec<Tree>,
    /// Pairs that are connected through AND nodes alone: effort, and edges of a derivation.
    conjoined: BTreeMap<(u32, u32), (u64, Vec<EdgeId>)>,
    /// Pairs that are connected past OR nodes alone, and cheaper through AND nodes: their effort.
    /// Searched for once somebody asks.
    cheaper: OnceLock<BTreeMap<(u32, u32), u64>>,
    /// Those that are connected through AND nodes alone by the edges of their derivation.
    through: FxHashMap<EdgeId, Vec<(u32, u32)>>,
}

/// Room for the questions of one thread, see [`Severed::room`].
pub struct Room {
    hanging: BitSet,
    saved: BitSet,
    open: Vec<NodeId>,
    all: Vec<NodeId>,
}

impl<'g> Severed<'g> {
    /// Prepares the questions.
    #[must_use]
    pub fn new(graph: &'g Graph, entries: &[NodeId], targets: &[NodeId]) -> Self {
        Self::without(graph, entries, targets, BitSet::new(graph.edge_count()))
    }

    /// The same on the graph without some edges.
    #[must_use]
    pub fn without(graph: &'g Graph, entries: &[NodeId], targets: &[NodeId], gone: BitSet) -> Self {
        let or = |node: NodeId| graph.kind(node) == Kind::Or;
        let tree = |end: NodeId| Tree::new(graph, &gone, end, or);
        let plain: Vec<Tree> = targets.iter().map(|&end| tree(end)).collect();
        let mut wide = Vec::new();
        let mut conjoined = BTreeMap::new();
        let mut through: FxHashMap<EdgeId, Vec<(u32, u32)>> = FxHashMap::default();
        if graph.has_and() {
            let held = reach(graph, entries, &gone);
            let counts = |node: NodeId| or(node) || held.contains(node.index());
            wide = targets.iter().map(|&end| Tree::new(graph, &gone, end, counts)).collect();
            let alone = |at: usize, target: usize| {
                wide[target].reached_from(entries[at]) && !plain[target].reached_from(entries[at])
            };
            let asked: Vec<usize> = (0..entries.len())
                .filter(|&at| (0..targets.len()).any(|target| alone(at, target)))
                .collect();
            let starts: Vec<NodeId> = asked.iter().map(|&at| entries[at]).collect();
            let found = easiest_pairs(graph, &starts, targets, &gone, 1);
            for (&at, found) in asked.iter().zip(found) {
                for (target, derivation) in found.into_iter().enumerate() {
                    let Some(one) = derivation.filter(|_| alone(at, target)) else { continue };
                    let pair = (at as u32, target as u32);
                    for &edge in &one.edges {
                        through.entry(edge).or_default().push(pair);
                    }
                    conjoined.insert(pair, (one.cost, one.edges));
                }
            }
        }
        let mut of_node: FxHashMap<NodeId, Vec<u32>> = FxHashMap::default();
        for (at, &entry) in entries.iter().enumerate() {
            of_node.entry(entry).or_default().push(at as u32);
        }
        Self {
            graph,
            gone,
            entries: entries.to_vec(),
            targets: targets.to_vec(),
            of_node,
            plain,
            wide,
            conjoined,
            cheaper: OnceLock::new(),
            through,
        }
    }

    /// Room for questions, to be used again and again.
    #[must_use]
    pub fn room(&self) -> Room {
        let set = BitSet::new(self.graph.node_count());
        Room { hanging: set.clone(), saved: set, open: Vec::new(), all: Vec::new() }
    }

    /// The least cost from an entry to a target, by position. `None` if they are not connected.
    #[must_use]
    pub fn effort(&self, entry: usize, target: usize) -> Option<u64> {
        let pair = (entry as u32, target as u32);
        let Some(plain) = self.plain[target].cost(self.entries[entry]) else {
            return self.conjoined.get(&pair).map(|(cost, _)| *cost);
        };
        if !self.may_be_cheaper(entry, target) {
            return Some(plain);
        }
        let cheaper = self.cheaper.get_or_init(|| self.search_cheaper());
        Some(cheaper.get(&pair).copied().unwrap_or(plain))
    }

    /// Whether a derivation through AND nodes may cost less than the way past OR nodes. A
    /// derivation holds a way on which each AND node is passed by one of its conjuncts, and costs
    /// at least as much.
    fn may_be_cheaper(&self, entry: usize, target: usize) -> bool {
        let at = self.entries[entry];
        let plain = self.plain[target].cost(at);
        let wide = self.wide.get(target).and_then(|tree| tree.cost(at));
        matches!((wide, plain), (Some(wide), Some(plain)) if wide < plain)
    }

    fn search_cheaper(&self) -> BTreeMap<(u32, u32), u64> {
        let asked: Vec<usize> = (0..self.entries.len())
            .filter(|&at| (0..self.targets.len()).any(|target| self.may_be_cheaper(at, target)))
            .collect();
        let starts: Vec<NodeId> = asked.iter().map(|&at| self.entries[at]).collect();
        let found = easiest_pairs(self.graph, &starts, &self.targets, &self.gone, 1);
        let mut cheaper = BTreeMap::new();
        for (&at, found) in asked.iter().zip(found) {
            for (target, derivation) in found.into_iter().enumerate() {
                let plain = self.plain[target].cost(self.entries[at]);
                if let (Some(one), Some(plain)) = (derivation, plain)
                    && one.cost < plain
                {
                    cheaper.insert((at as u32, target as u32), one.cost);
                }
            }
        }
        cheaper
    }

    /// How many pairs are connected.
    #[must_use]
    pub fn connected(&self) -> usize {
        let of = |tree: &Tree| self.entries.iter().filter(|&&at| tree.reached_from(at)).count();
        self.plain.iter().map(of).sum::<usize>() + self.conjoined.len()
    }

    /// For each edge how many pairs have it on the way that [`Severed::way`] tells. Blocking
    /// edges loses at most the sum of theirs, so edges that no way passes lose nothing.
    #[must_use]
    pub fn passed(&self) -> Vec<u32> {
        let mut passed = vec![0u32; self.graph.edge_count()];
        for entry in 0..self.entries.len() {
            for edge in (0..self.targets.len()).filter_map(|end| self.way(entry, end)).flatten() {
                let count = &mut passed[edge.index()];
                *count = count.saturating_add(1);
            }
        }
        passed
    }

    /// The edges of some derivation of a pair, by position: what cuts none of them does not
    /// disconnect it. `None` if it is not connected.
    #[must_use]
    pub fn way(&self, entry: usize, target: usize) -> Option<Vec<EdgeId>> {
        let tree = &self.plain[target];
        let mut node = self.entries[entry];
        if !tree.reached_from(node) {
            let pair = (entry as u32, target as u32);
            return self.conjoined.get(&pair).map(|(_, edges)| edges.clone());
        }
        let mut edges = Vec::new();
        while let Some(edge) = tree.next(node) {
            edges.push(edge);
            node = self.graph.edge(edge).to;
        }
        Some(edges)
    }

    /// The pairs, by position and ascending, that are connected and no longer are once these
    /// edges, ascending, are blocked.
    pub fn lost(&self, blocked: &[EdgeId], room: &mut Room) -> Vec<(usize, usize)> {
        let mut sure = Vec::new();
        let mut unsure: Vec<(usize, usize)> = Vec::new();
        for target in 0..self.targets.len() {
            let lost = self.plain[target].lost(self.graph, &self.gone, blocked, room);
            let mut met: Vec<usize> = lost
                .iter()
                .filter_map(|node| self.of_node.get(node))
                .flatten()
                .map(|&at| at as usize)
                .collect();
            let touched = blocked.iter().filter_map(|edge| self.through.get(edge)).flatten();
            let touched = touched.filter(|(_, end)| *end as usize == target);
            met.extend(touched.map(|&(at, _)| at as usize));
            met.sort_unstable();
            met.dedup();
            if met.is_empty() {
                continue;
            }
            let Some(wide) = self.wide.get(target) else {
                sure.extend(met.into_iter().map(|at| (at, target)));
                continue;
            };
            let lost = wide.lost(self.graph, &self.gone, blocked, room);
            let gone: BTreeSet<NodeId> = lost.into_iter().collect();
            for at in met {
                let list = match gone.contains(&self.entries[at]) {
                    true => &mut sure,
                    false => &mut unsure,
                };
                list.push((at, target));
            }
        }
        if !unsure.is_empty() {
            let mut set = self.gone.clone();
            for edge in blocked {
                set.insert(edge.index());
            }
            let mut asked: Vec<usize> = unsure.iter().map(|&(at, _)| at).collect();
            asked.sort_unstable();
            asked.dedup();
            let starts: Vec<NodeId> = asked.iter().map(|&at| self.entries[at]).collect();
            let left = reach_pairs(self.graph, &starts, &self.targets, &set);
            sure.extend(unsure.into_iter().filter(|&(at, target)| {
                asked.binary_search(&at).is_ok_and(|bit| !left[target].contains(bit))
            }));
        }
        sure.sort_unstable();
        sure
    }
}

/// How the nodes reach one target.
struct Tree {
    target: NodeId,
    /// The edge that leads on, plus one; 0 for nodes that do not reach the target.
    next: Vec<u32>,
    costs: Vec<u32>,
}

impl Tree {
    /// Searches backwards from a target past the nodes that count, the easiest way first.
    fn new(graph: &Graph, gone: &BitSet, target: NodeId, counts: impl Fn(NodeId) -> bool) -> Self {
        let mut next = vec![0u32; graph.node_count()];
        let mut costs = vec![u32::MAX; graph.node_count()];
        let mut heap = BinaryHeap::new();
        if counts(target) {
            costs[target.index()] = 0;
            heap.push(Reverse((0u32, target)));
        }
        while let Some(Reverse((cost, node))) = heap.pop() {
            if cost > costs[node.index()] {
                continue;
            }
            for &id in graph.incoming(node) {
                let edge = graph.edge(id);
                let from = edge.from;
                // Costs that no longer fit stay at the highest: only their order is lost.
                let cost = cost.saturating_add(edge.weight).min(u32::MAX - 1);
                if from != target
                    && cost < costs[from.index()]
                    && !gone.contains(id.index())
                    && counts(from)
                {
                    costs[from.index()] = cost;
                    next[from.index()] = id.0 + 1;
                    heap.push(Reverse((cost, from)));
                }
            }
        }
        Self { target, next, costs }
    }

    fn reached_from(&self, node: NodeId) -> bool {
        self.costs[node.index()] != u32::MAX
    }

    fn cost(&self, node: NodeId) -> Option<u64> {
        self.reached_from(node).then(|| u64::from(self.costs[node.index()]))
    }

    /// The edge that leads on from a node that reaches the target and is not it.
    fn next(&self, node: NodeId) -> Option<EdgeId> {
        self.next[node.index()].checked_sub(1).map(EdgeId)
    }

    fn leads_on(&self, edge: EdgeId, from: NodeId) -> bool {
        from != self.target && self.next[from.index()] == edge.0 + 1
    }

    /// The nodes that no longer reach the target in this tree's sense without the blocked edges.
    fn lost(
        &self,
        graph: &Graph,
        gone: &BitSet,
        blocked: &[EdgeId],
        room: &mut Room,
    ) -> Vec<NodeId> {
        for &edge in blocked {
            let from = graph.edge(edge).from;
            if self.leads_on(edge, from) && room.hanging.insert(from.index()) {
                room.all.push(from);
            }
        }
        let mut at = 0;
        while let Some(&node) = room.all.get(at) {
            at += 1;
            for &edge in graph.incoming(node) {
                let from = graph.edge(edge).from;
                if self.leads_on(edge, from) && room.hanging.insert(from.index()) {
                    room.all.push(from);
                }
            }
        }
        let free =
            |edge: EdgeId| !gone.contains(edge.index()) && blocked.binary_search(&edge).is_err();
        for &node in &room.all {
            let other = graph.outgoing(node).iter().any(|&edge| {
                let to = graph.edge(edge).to;
                self.reached_from(to) && !room.hanging.contains(to.index()) && free(edge)
            });
            if other && room.saved.insert(node.index()) {
                room.open.push(node);
            }
        }
        while let Some(node) = room.open.pop() {
            for &edge in graph.incoming(node) {
                let from = graph.edge(edge).from.index();
                if room.hanging.contains(from) && free(edge) && room.saved.insert(from) {
                    room.open.push(NodeId(from as u32));
                }
            }
        }
        let mut lost = Vec::new();
        for node in room.all.drain(..) {
            room.hanging.remove(node.index());
            match room.saved.contains(node.index()) {
                true => room.saved.remove(node.index()),
                false => lost.push(node),
            }
        }
        lost
    }
}
