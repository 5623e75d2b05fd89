//! The part of a problem that matters, renumbered: edges that lie on some way from an entry to
//! a target, and the fixes that cut one of them.
//!
//! Three reductions lose nothing. Nodes that no fix can tell apart are one ([`Places`]). An edge
//! that starts at a node no entry reaches, or ends at one
//! from which no target is reached, is on no derivation. And a fix all of whose edges are also
//! cut by one other fix that costs no more is never needed.

use rustc_hash::{FxHashMap, FxHashSet};

use super::places::Places;
use super::problem::{FixId, Goal, Problem};
use super::search::{Priced, Queue as _, Room};
use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::reach::{co_reach, reach};
use crate::set::BitSet;

/// Who holds what, and what must not follow, in the numbers of the net.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub(crate) entries: Vec<u32>,
    pub(crate) targets: Vec<u32>,
    pub(crate) is_target: BitSet,
    /// The same in the numbers of the graph.
    goal: Goal,
}

impl Front {
    fn new(places: &Places, goal: Goal) -> Self {
        let kept = |nodes: &[NodeId]| -> Vec<u32> {
            let mut kept: Vec<u32> = nodes.iter().filter_map(|&node| places.of(node)).collect();
            kept.sort_unstable();
            kept.dedup();
            kept
        };
        let (entries, targets) = (kept(&goal.entries), kept(&goal.targets));
        let mut is_target = BitSet::new(places.count);
        for &target in &targets {
            is_target.insert(target as usize);
        }
        Self { entries, targets, is_target, goal }
    }
}

/// A derivation: its edges in order and the fixes that cut one of them, ascending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) fixes: Vec<u32>,
    pub(crate) edges: Vec<u32>,
}

/// Rows of small numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Rows {
    fn new(rows: usize, pairs: &[(u32, u32)]) -> Self {
        let mut starts = vec![0u32; rows + 1];
        for &(row, _) in pairs {
            starts[row as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut items = vec![0; pairs.len()];
        for &(row, item) in pairs {
            items[next[row as usize] as usize] = item;
            next[row as usize] += 1;
        }
        Self { starts, items }
    }

    pub(crate) fn row(&self, row: u32) -> &[u32] {
        &self.items[self.range(row)]
    }

    /// Where the items of a row are among all of them.
    pub(crate) fn range(&self, row: u32) -> std::ops::Range<usize> {
        let row = row as usize;
        self.starts[row] as usize..self.starts[row + 1] as usize
    }
}

/// The reduced problem.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    pub(crate) nodes: usize,
    pub(crate) from: Vec<u32>,
    pub(crate) to: Vec<u32>,
    /// Edges by their start and by their end.
    pub(crate) outgoing: Rows,
    pub(crate) incoming: Rows,
    pub(crate) is_and: Vec<bool>,
    pub(crate) has_and: bool,
    /// Edges into each AND node in the graph. Of one that is useful only to those who start
    /// at it, some are not in the net, and it holds for nobody else.
    pub(crate) conditions: Vec<u32>,
    /// Fixes by edge and edges by fix.
    pub(crate) fixes: Rows,
    pub(crate) edges_of: Rows,
    pub(crate) cost: Vec<u64>,
    pub(crate) fronts: Vec<Front>,
    places: Places,
    edge_ids: Vec<EdgeId>,
    fix_ids: Vec<FixId>,
}

impl Net {
    pub(crate) fn new(problem: &Problem<'_>) -> Self {
        let graph = problem.graph;
        let none = BitSet::new(graph.edge_count());
        let ends = |pick: fn(&Goal) -> &Vec<NodeId>| -> Vec<NodeId> {
            let mut nodes: Vec<NodeId> =
                problem.goals.iter().flat_map(|goal| pick(goal).iter().copied()).collect();
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        };
        let entries = ends(|goal| &goal.entries);
        let targets = ends(|goal| &goal.targets);
        let mut useful = reach(graph, &entries, &none);
        let before = co_reach(graph, &targets, &none);
        useful.intersect(&before);
        let mut cuttable = BitSet::new(graph.edge_count());
        for edge in 0..graph.edge_count() {
            if problem.cutting(EdgeId(edge as u32)).next().is_some() {
                cuttable.insert(edge);
            }
        }
        let places = Places::new(graph, &useful, &cuttable, (&entries, &targets));
        let nodes = places.count;
        let mut is_and = vec![false; nodes];
        let mut conditions = vec![0; nodes];
        let (mut from, mut to, mut edge_ids) = (Vec::new(), Vec::new(), Vec::new());
        for id in useful.iter().map(|node| NodeId(node as u32)) {
            let Some(here) = places.of(id) else { continue };
            if graph.kind(id) == Kind::And {
                is_and[here as usize] = true;
                conditions[here as usize] = graph.incoming(id).len() as u32;
            }
            for &edge in graph.outgoing(id) {
                let Some(end) = places.of(graph.edge(edge).to) else { continue };
                // An AND node that needs itself is never derived: its edge stays.
                if end != here || graph.kind(id) == Kind::And {
                    from.push(here);
                    to.push(end);
                    edge_ids.push(edge);
                }
            }
        }
        let kept = undominated(problem, &from, &to, &edge_ids, &is_and);
        retain(&kept, &mut from);
        retain(&kept, &mut to);
        retain(&kept, &mut edge_ids);
        let (fix_ids, pairs) = needed_fixes(problem, &edge_ids);
        let swapped: Vec<(u32, u32)> = pairs.iter().map(|&(edge, fix)| (fix, edge)).collect();
        let by = |ends: &[u32]| -> Vec<(u32, u32)> {
            ends.iter().enumerate().map(|(edge, &node)| (node, edge as u32)).collect()
        };
        let with_and = is_and.contains(&true);
        let fronts = problem
            .merged(with_and)
            .into_iter()
            .map(|goal| Front::new(&places, goal))
            .filter(|front: &Front| !front.entries.is_empty() && !front.targets.is_empty())
            .collect();
        let cost = fix_ids.iter().map(|&fix| problem.cost(fix).map_or(0, u64::from)).collect();
        Self {
            nodes,
            outgoing: Rows::new(nodes, &by(&from)),
            incoming: Rows::new(nodes, &by(&to)),
            fixes: Rows::new(from.len(), &pairs),
            edges_of: Rows::new(fix_ids.len(), &swapped),
            conditions,
            has_and: with_and,
            from,
            to,
            is_and,
            cost,
            fronts,
            places,
            edge_ids,
            fix_ids,
        }
    }

    /// Number of fixes that are needed.
    pub(crate) fn fix_count(&self) -> usize {
        self.cost.len()
    }

    pub(crate) fn fix_id(&self, fix: u32) -> FixId {
        self.fix_ids[fix as usize]
    }

    /// The edge of the graph that an edge of the net stands for.
    pub(crate) fn edge_id(&self, edge: u32) -> EdgeId {
        self.edge_ids[edge as usize]
    }

    /// The place of a node of the graph, if it lies on some way.
    pub(crate) fn place(&self, node: NodeId) -> Option<u32> {
        self.places.of(node)
    }

    /// The edges of a way in the graph, each after those that it rests on.
    pub(crate) fn expand(&self, graph: &Graph, way: &Way) -> Vec<EdgeId> {
        let mut derived = FxHashSet::default();
        let mut leaves = Vec::new();
        for &edge in &way.edges {
            if !derived.contains(&self.from[edge as usize]) {
                leaves.push(self.from[edge as usize]);
            }
            derived.insert(self.to[edge as usize]);
        }
        let end = way.edges.last().map(|&edge| self.to[edge as usize] as usize);
        let fits = |front: &&Front| {
            let ends = match end {
                Some(end) => front.is_target.contains(end),
                None => front.entries.iter().any(|&held| front.is_target.contains(held as usize)),
            };
            ends && leaves.iter().all(|leaf| front.entries.binary_search(leaf).is_ok())
        };
        let front = self.fronts.iter().find(fits).expect("a way was searched for a front");
        let edges: Vec<EdgeId> =
            way.edges.iter().map(|&edge| self.edge_ids[edge as usize]).collect();
        self.places.expand(graph, &edges, &front.goal.entries, &front.goal.targets)
    }

    pub(crate) fn cost_of(&self, fixes: &[u32]) -> u64 {
        fixes.iter().map(|&fix| self.cost[fix as usize]).sum()
    }

    /// A set of fixes as flags.
    pub(crate) fn flags(&self, fixes: &[u32]) -> BitSet {
        let mut flags = BitSet::new(self.fix_count());
        for &fix in fixes {
            flags.insert(fix as usize);
        }
        flags
    }

    /// Whether one of the fixes cuts the edge.
    pub(crate) fn is_barred(&self, edge: u32, fixes: &BitSet) -> bool {
        self.fixes.row(edge).iter().any(|&fix| fixes.contains(fix as usize))
    }

    pub(crate) fn way(&self, edges: Vec<u32>) -> Way {
        let mut fixes: Vec<u32> =
            edges.iter().flat_map(|&edge| self.fixes.row(edge).iter().copied()).collect();
        fixes.sort_unstable();
        fixes.dedup();
        Way { fixes, edges }
    }

    /// A derivation that none of the barred fixes cuts: over all fronts in order, the first that
    /// has one, and there one of least price; with the position of the front. The price of an
    /// edge is the sum of those of its fixes, of a derivation the sum over its tree.
    pub(crate) fn derive(
        &self,
        barred: &BitSet,
        price: &dyn Fn(u32) -> u64,
    ) -> Option<(usize, Way)> {
        self.fronts
            .iter()
            .enumerate()
            .find_map(|(at, front)| Some((at, self.derive_at(front, barred, price)?)))
    }

    /// As [`Net::derive`], for one front.
    pub(crate) fn derive_at(
        &self,
        front: &Front,
        barred: &BitSet,
        price: &dyn Fn(u32) -> u64,
    ) -> Option<Way> {
        let mut room = Room::new(self, Priced::NOTHING);
        let is_target = |node: u32| front.is_target.contains(node as usize);
        let mut queue = Priced::new(price);
        let is_open = |edge: u32| !self.is_barred(edge, barred);
        let edges = self.search(&front.entries, is_target, is_open, &mut queue, &mut room);
        edges.map(|edges| self.way(edges))
    }

    /// The same derivation or one that fewer fixes cut: no fix can be left out of what cuts it.
    pub(crate) fn shrink(&self, way: Way, front: &Front) -> Way {
        let mut best = way;
        let mut at = 0;
        while at < best.fixes.len() {
            let mut barred = BitSet::new(self.fix_count());
            for fix in 0..self.fix_count() {
                let fix = fix as u32;
                if fix == best.fixes[at] || best.fixes.binary_search(&fix).is_err() {
                    barred.insert(fix as usize);
                }
            }
            match self.derive_at(front, &barred, &|_| 1) {
                // What was tried before cannot be left out of the smaller set either.
                Some(smaller) => {
                    at = smaller.fixes.partition_point(|&fix| fix < best.fixes[at]);
                    best = smaller;
                }
                None => at += 1,
            }
        }
        best
    }
}

/// Of edges between the same places those that are needed: an edge that is cut whenever another
/// one is, is not. Every edge into an AND node is a condition and stays.
fn undominated(
    problem: &Problem<'_>,
    from: &[u32],
    to: &[u32],
    edge_ids: &[EdgeId],
    is_and: &[bool],
) -> Vec<bool> {
    let mut kept = vec![true; edge_ids.len()];
    let mut order: Vec<(u32, u32, u32)> = (0..edge_ids.len())
        .filter(|&edge| !is_and[to[edge] as usize])
        .map(|edge| (from[edge], to[edge], edge as u32))
        .collect();
    order.sort_unstable();
    let fixes = |edge: u32| problem.cutting(edge_ids[edge as usize]);
    for parallel in order.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        if parallel.len() < 2 {
            continue;
        }
        let mut sets: Vec<(usize, Vec<FixId>, u32)> = Vec::with_capacity(parallel.len());
        for &(_, _, edge) in parallel {
            let set: Vec<FixId> = fixes(edge).collect();
            sets.push((set.len(), set, edge));
        }
        sets.sort_unstable();
        // Kept sets by their first fix: that of a subset is in the superset.
        let mut by_first: FxHashMap<FixId, Vec<&[FixId]>> = FxHashMap::default();
        let never = sets[0].0 == 0;
        for (at, (_, set, edge)) in sets.iter().enumerate() {
            let within = |small: &&[FixId]| small.iter().all(|fix| set.binary_search(fix).is_ok());
            let mut known = set.iter().filter_map(|fix| by_first.get(fix)).flatten();
            let dominated = (never && at > 0) || known.any(within);
            if dominated {
                kept[*edge as usize] = false;
            } else if let Some(&first) = set.first() {
                by_first.entry(first).or_default().push(set);
            }
        }
    }
    kept
}

fn retain<T>(kept: &[bool], list: &mut Vec<T>) {
    let mut kept = kept.iter();
    list.retain(|_| *kept.next().expect("the lists are as long"));
}

/// The fixes that may be used, cut an edge of the list and are not outdone by another, and the
/// pairs of edge and fix in their numbers.
fn needed_fixes(problem: &Problem<'_>, edges: &[EdgeId]) -> (Vec<FixId>, Vec<(u32, u32)>) {
    let mut fixes: Vec<FixId> = edges.iter().flat_map(|&edge| problem.cutting(edge)).collect();
    fixes.sort_unstable();
    fixes.dedup();
    let number = |fix: FixId| fixes.binary_search(&fix).expect("the fix was collected");
    let mut size = vec![0u32; fixes.len()];
    // Fixes that share all edges seen so far with the fix; empty once there is none.
    let mut company: Vec<Option<Vec<FixId>>> = vec![None; fixes.len()];
    for &edge in edges {
        for fix in problem.cutting(edge) {
            let at = number(fix);
            size[at] += 1;
            match &mut company[at] {
                Some(known) if known.is_empty() => {}
                Some(known) => known.retain(|&one| problem.cutting(edge).any(|fix| fix == one)),
                none => *none = Some(problem.cutting(edge).filter(|one| *one != fix).collect()),
            }
        }
    }
    let outdone = |at: usize| {
        let rank = |at: usize| (problem.cost(fixes[at]), std::cmp::Reverse(size[at]), at);
        let company = company[at].as_deref().unwrap_or_default();
        // Of two that cut the same edges at the same cost the first stays.
        company.iter().any(|&other| {
            let other = number(other);
            problem.cost(fixes[other]) <= problem.cost(fixes[at]) && rank(other) < rank(at)
        })
    };
    let mut kept = vec![u32::MAX; fixes.len()];
    let mut ids = Vec::new();
    for at in 0..fixes.len() {
        if !outdone(at) {
            kept[at] = ids.len() as u32;
            ids.push(fixes[at]);
        }
    }
    let mut pairs = Vec::new();
    for (edge, &id) in edges.iter().enumerate() {
        for fix in problem.cutting(id) {
            let fix = kept[number(fix)];
            if fix != u32::MAX {
                pairs.push((edge as u32, fix));
            }
        }
    }
    (ids, pairs)
}
