//! What is asked: which ways must go, which fixes cut which edges, and what they cost.

use std::collections::BTreeMap;

use crate::graph::{EdgeId, Graph, NodeId};

/// A fix, by position in [`Problem::costs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FixId(pub u32);

impl FixId {
    /// The position, for indexing.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Nothing in `targets` may be derived by somebody who holds all of `entries` together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Goal {
    /// What is held without a step.
    pub entries: Vec<NodeId>,
    /// What must not be reached.
    pub targets: Vec<NodeId>,
}

impl Goal {
    /// One goal for each entry: no single entry leads to any target. Without AND nodes this is
    /// the same as [`Goal::together`]; with them it leaves out derivations that need two
    /// entries.
    #[must_use]
    pub fn each(entries: &[NodeId], targets: &[NodeId]) -> Vec<Self> {
        entries.iter().map(|&entry| Self::together(&[entry], targets)).collect()
    }

    /// One goal: whoever holds all entries at once reaches no target.
    #[must_use]
    pub fn together(entries: &[NodeId], targets: &[NodeId]) -> Self {
        let sorted = |nodes: &[NodeId]| {
            let mut nodes = nodes.to_vec();
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        };
        Self { entries: sorted(entries), targets: sorted(targets) }
    }
}

/// Which fixes cut which edges. Any one of an edge's fixes cuts it; a fix may cut many edges.
#[derive(Clone, Debug)]
pub struct FixTable {
    starts: Vec<u32>,
    fixes: Vec<FixId>,
}

impl FixTable {
    /// The table for a graph of that many edges. Pairs may come in any order and more than
    /// once.
    #[must_use]
    pub fn new(edges: usize, pairs: impl IntoIterator<Item = (EdgeId, FixId)>) -> Self {
        let mut pairs: Vec<(EdgeId, FixId)> = pairs.into_iter().collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0u32; edges + 1];
        for (edge, _) in &pairs {
            assert!(edge.index() < edges, "the edges of a table are edges of the graph");
            starts[edge.index() + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { starts, fixes: pairs.into_iter().map(|(_, fix)| fix).collect() }
    }

    /// The fixes that cut an edge, ascending.
    #[must_use]
    pub fn of(&self, edge: EdgeId) -> &[FixId] {
        let (from, to) = (self.starts[edge.index()], self.starts[edge.index() + 1]);
        &self.fixes[from as usize..to as usize]
    }
}

/// A cut problem.
#[derive(Clone, Debug)]
pub struct Problem<'g> {
    /// The graph.
    pub graph: &'g Graph,
    /// What must not be derivable.
    pub goals: Vec<Goal>,
    /// The fixes of each edge. An edge without a fix that may be used cannot be cut.
    pub fixes_of_edge: FixTable,
    /// The cost of each fix; `None` for one that must not be used.
    pub costs: Vec<Option<u32>>,
}

impl Problem<'_> {
    /// The cost of a fix that may be used.
    #[must_use]
    pub fn cost(&self, fix: FixId) -> Option<u32> {
        self.costs.get(fix.index()).copied().flatten()
    }

    /// The fixes that may be used and cut the edge, ascending.
    pub fn cutting(&self, edge: EdgeId) -> impl Iterator<Item = FixId> + '_ {
        self.fixes_of_edge.of(edge).iter().copied().filter(|&fix| self.cost(fix).is_some())
    }

    /// The fixes that cut some edge of a list, ascending.
    #[must_use]
    pub fn fixes_of(&self, edges: &[EdgeId]) -> Vec<FixId> {
        let mut fixes: Vec<FixId> = edges.iter().flat_map(|&edge| self.cutting(edge)).collect();
        fixes.sort_unstable();
        fixes.dedup();
        fixes
    }

    /// The edges that a list of fixes cuts.
    #[must_use]
    pub fn blocked_by(&self, fixes: &[FixId]) -> crate::BitSet {
        let mut chosen = crate::BitSet::new(self.costs.len());
        for fix in fixes {
            chosen.insert(fix.index());
        }
        let mut blocked = crate::BitSet::new(self.graph.edge_count());
        for edge in 0..self.graph.edge_count() {
            let of = self.fixes_of_edge.of(EdgeId(edge as u32));
            if of.iter().any(|fix| chosen.contains(fix.index())) {
                blocked.insert(edge);
            }
        }
        blocked
    }

    /// Goals of the same meaning, fewer: goals with the same entries share their targets, and
    /// where no AND node takes part goals with the same targets share their entries.
    pub(crate) fn merged(&self, with_and: bool) -> Vec<Goal> {
        let mut goals = self.goals.clone();
        if !with_and {
            let mut by_targets: BTreeMap<Vec<NodeId>, Vec<NodeId>> = BTreeMap::new();
            for goal in goals {
                let normal = Goal::together(&goal.entries, &goal.targets);
                by_targets.entry(normal.targets).or_default().extend(normal.entries);
            }
            goals = by_targets
                .into_iter()
                .map(|(targets, entries)| Goal { entries, targets })
                .collect();
        }
        let mut by_entries: BTreeMap<Vec<NodeId>, Vec<NodeId>> = BTreeMap::new();
        for goal in goals {
            let normal = Goal::together(&goal.entries, &goal.targets);
            by_entries.entry(normal.entries).or_default().extend(normal.targets);
        }
        by_entries
            .into_iter()
            .map(|(entries, targets)| Goal::together(&entries, &targets))
            .collect()
    }
}

/// How long to work. Counts make a run repeatable; the closure is for a clock.
pub struct Limits<'s> {
    /// Searches through the graph.
    pub searches: u64,
    /// Nodes of the branch and bound over all rounds.
    pub branches: u64,
    /// Asked between steps; once it says true the best result so far is returned.
    pub stop: &'s mut (dyn FnMut() -> bool + Send),
}

impl<'s> Limits<'s> {
    /// Generous counts, and a closure that may end the work earlier.
    pub fn new(stop: &'s mut (dyn FnMut() -> bool + Send)) -> Self {
        Self { searches: 100_000, branches: 2_000_000, stop }
    }

    /// Takes one search off the budget; false when there is none left.
    pub(crate) fn search(&mut self) -> bool {
        if self.searches == 0 || (self.stop)() {
            self.searches = 0;
            return false;
        }
        self.searches -= 1;
        true
    }

    /// Whether nothing is left.
    pub(crate) fn spent(&mut self) -> bool {
        !self.search()
    }
}
