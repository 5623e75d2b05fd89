//! What fixes leave connected, counted on the part of the graph that matters.
//!
//! Nodes that no fix tells apart are one here ([`Net`]), and what lies on no way is left out, so
//! that a count costs as much as the choices there are, not as much as the graph.

use std::collections::BTreeMap;

use super::net::Net;
use super::problem::{FixId, Goal, Problem};
use crate::graph::{Edge, EdgeId, Graph, GraphBuilder, Kind, NodeId};
use crate::reach::{reach, reach_pairs};
use crate::set::BitSet;

/// What a set of fixes leaves.
pub(super) struct Left {
    pub(super) fixes: Vec<FixId>,
    /// Positions of the pairs that are connected.
    pub(super) open: Vec<u32>,
    pub(super) targets: usize,
    pub(super) entries: usize,
    pub(super) goals: usize,
    pub(super) cost: u64,
}

impl Left {
    /// What is better comes first.
    pub(super) fn key(&self) -> (usize, usize, usize, u64, &[FixId]) {
        (self.open.len(), self.goals, self.targets, self.cost, &self.fixes)
    }
}

/// An entry by itself and a target that are connected as long as nothing is fixed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    /// Positions in the counter's entries and targets.
    pub(super) entry: u32,
    pub(super) target: u32,
    from: NodeId,
    to: NodeId,
}

/// When a goal is met.
enum Met {
    /// Once none of these pairs is connected.
    Alone(Vec<u32>),
    /// Once whoever holds all entries reaches no target.
    Together(Vec<NodeId>, Vec<NodeId>),
}

pub(super) struct Counter<'n> {
    pub(super) net: &'n Net,
    /// The places, their edges in the net's numbers, then edges that are never open.
    pub(super) graph: Graph,
    pub(super) entries: Vec<NodeId>,
    pub(super) targets: Vec<NodeId>,
    /// Ascending.
    pub(super) pairs: Vec<Pair>,
    /// The edges of each fix that may be used, and the fixes of each edge.
    edges: BTreeMap<FixId, Vec<EdgeId>>,
    fixes_of_edge: Vec<Vec<FixId>>,
    goals: Vec<Met>,
    costs: &'n [Option<u32>],
}

impl<'n> Counter<'n> {
    pub(super) fn new(problem: &'n Problem<'_>, net: &'n Net) -> Self {
        let mut edges: BTreeMap<FixId, Vec<EdgeId>> = BTreeMap::new();
        let mut fixes_of_edge = Vec::with_capacity(net.from.len());
        for edge in 0..net.from.len() as u32 {
            let fixes: Vec<FixId> = problem.cutting(net.edge_id(edge)).collect();
            for &fix in &fixes {
                edges.entry(fix).or_default().push(EdgeId(edge));
            }
            fixes_of_edge.push(fixes);
        }
        let places = |list: &[NodeId]| -> Vec<NodeId> {
            let mut found: Vec<NodeId> = list.iter().filter_map(|&node| place(net, node)).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let all = |pick: fn(&Goal) -> &Vec<NodeId>| -> Vec<NodeId> {
            places(&problem.goals.iter().flat_map(pick).copied().collect::<Vec<_>>())
        };
        let mut made = Self {
            net,
            graph: graph(net),
            entries: all(|goal| &goal.entries),
            targets: all(|goal| &goal.targets),
            pairs: Vec::new(),
            edges,
            fixes_of_edge,
            goals: Vec::new(),
            costs: &problem.costs,
        };
        let none = BitSet::new(made.graph.edge_count());
        let found = reach_pairs(&made.graph, &made.entries, &made.targets, &none);
        let position = |list: &[NodeId], node: NodeId| list.binary_search(&place(net, node)?).ok();
        let pair = |from: NodeId, to: NodeId| {
            let (entry, target) = (position(&made.entries, from)?, position(&made.targets, to)?);
            let (row, entry, target) = (&found[target], entry as u32, target as u32);
            row.contains(entry as usize).then_some(Pair { entry, target, from, to })
        };
        let of = |goal: &Goal| -> Vec<Pair> {
            let ends = |&from: &NodeId| goal.targets.iter().filter_map(move |&to| pair(from, to));
            goal.entries.iter().flat_map(ends).collect()
        };
        let mut pairs: Vec<Pair> = problem.goals.iter().flat_map(of).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let met = |goal: &Goal| match goal.entries[..] {
            [_] => {
                let at = |pair| pairs.binary_search(&pair).expect("it is one of all") as u32;
                Met::Alone(of(goal).into_iter().map(at).collect())
            }
            _ => Met::Together(places(&goal.entries), places(&goal.targets)),
        };
        made.goals = problem.goals.iter().map(met).collect();
        made.pairs = pairs;
        made
    }

    /// The fixes that cut one of some edges, ascending.
    pub(super) fn fixes_on(&self, edges: &[EdgeId]) -> Vec<FixId> {
        let own = edges.iter().filter_map(|edge| self.fixes_of_edge.get(edge.index()));
        let mut fixes: Vec<FixId> = own.flatten().copied().collect();
        fixes.sort_unstable();
        fixes.dedup();
        fixes
    }

    /// The edges that a fix cuts, ascending.
    pub(super) fn edges_of(&self, fix: FixId) -> &[EdgeId] {
        self.edges.get(&fix).map_or(&[], Vec::as_slice)
    }

    /// The edges that one of some fixes cuts, ascending.
    pub(super) fn edges_of_all(&self, fixes: &[FixId]) -> Vec<EdgeId> {
        let mut edges: Vec<EdgeId> =
            fixes.iter().flat_map(|&fix| self.edges_of(fix)).copied().collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    pub(super) fn blocked_by(&self, fixes: &[FixId]) -> BitSet {
        let mut blocked = BitSet::new(self.graph.edge_count());
        for edge in fixes.iter().flat_map(|&fix| self.edges_of(fix)) {
            blocked.insert(edge.index());
        }
        blocked
    }

    /// The pairs that are connected where some edges are blocked, by position and ascending.
    pub(super) fn open(&self, blocked: &BitSet) -> Vec<u32> {
        let found = reach_pairs(&self.graph, &self.entries, &self.targets, blocked);
        let is_open = |pair: &Pair| found[pair.target as usize].contains(pair.entry as usize);
        let all = 0..self.pairs.len() as u32;
        all.filter(|&at| is_open(&self.pairs[at as usize])).collect()
    }

    /// What is left after some fixes, if these pairs are.
    pub(super) fn left(&self, fixes: &[FixId], open: Vec<u32>) -> Left {
        let distinct = |pick: fn(&Pair) -> NodeId| {
            let mut nodes: Vec<NodeId> =
                open.iter().map(|&at| pick(&self.pairs[at as usize])).collect();
            nodes.sort_unstable();
            nodes.dedup();
            nodes.len()
        };
        let unmet = |goal: &&Met| match goal {
            Met::Alone(pairs) => pairs.iter().any(|at| open.binary_search(at).is_ok()),
            Met::Together(entries, targets) => {
                let reached = reach(&self.graph, entries, &self.blocked_by(fixes));
                targets.iter().any(|target| reached.contains(target.index()))
            }
        };
        let mut fixes = fixes.to_vec();
        fixes.sort_unstable();
        Left {
            goals: self.goals.iter().filter(unmet).count(),
            targets: distinct(|pair| pair.to),
            entries: distinct(|pair| pair.from),
            cost: fixes.iter().map(|&fix| self.cost(fix)).sum(),
            open,
            fixes,
        }
    }

    pub(super) fn cost(&self, fix: FixId) -> u64 {
        self.costs.get(fix.index()).copied().flatten().map_or(0, u64::from)
    }
}

fn place(net: &Net, node: NodeId) -> Option<NodeId> {
    net.place(node).map(NodeId)
}

/// The net as a graph. Of an AND node with conditions that are not in the net one is never met:
/// an edge from a node that nothing leads to.
fn graph(net: &Net) -> Graph {
    let kind = |&and: &bool| if and { Kind::And } else { Kind::Or };
    let mut kinds: Vec<Kind> = net.is_and.iter().map(kind).collect();
    let nowhere = NodeId(kinds.len() as u32);
    kinds.push(Kind::Or);
    let ends = net.from.iter().zip(&net.to);
    let mut edges: Vec<Edge> =
        ends.map(|(&from, &to)| Edge { from: NodeId(from), to: NodeId(to), weight: 1 }).collect();
    for node in (0..net.nodes as u32).filter(|&node| net.is_and[node as usize]) {
        if (net.incoming.row(node).len() as u32) < net.conditions[node as usize] {
            edges.push(Edge { from: nowhere, to: NodeId(node), weight: 1 });
        }
    }
    GraphBuilder::of(kinds, edges).build()
}
