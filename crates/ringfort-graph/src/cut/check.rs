//! The checker: everything a certificate says, verified without the solver.
//!
//! It shares with the solver the problem and the certificate, nothing else: reachability,
//! validity of derivations and the search over a core are its own, as plain as they can be.
//! A certificate is accepted only if what it claims is exactly what its parts show; a bound
//! that is lower than its proof is refused as well.

use std::collections::{BTreeMap, BTreeSet};

use super::certificate::{Certificate, Evidence, Proof, VERSION};
use super::problem::{FixId, Problem};
use crate::graph::{EdgeId, Kind, NodeId};

/// Sets that the exhaustive search over a core may look at, counted anew in every branch: some
/// seconds at most. A core that needs more proves nothing.
pub const CORE_STEPS: u64 = 20_000_000;

/// What a certificate proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Cost of the fixes.
    pub cost: u64,
    /// No set that does the same costs less.
    pub bound: u64,
}

impl Proven {
    /// Whether the fixes are a cheapest set.
    #[must_use]
    pub fn is_optimal(self) -> bool {
        self.cost == self.bound
    }
}

/// Why a certificate is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Another version.
    #[error("certificate version {0}, this checker reads version {VERSION}")]
    Version(u32),
    /// The list of fixes is no ascending list of fixes that may be used.
    #[error("fix {0} is unknown, must not be used, or is out of order")]
    Fix(u32),
    /// The costs do not sum up.
    #[error("the fixes cost {actual}, not {claimed}")]
    Cost {
        /// What the certificate says.
        claimed: u64,
        /// The sum.
        actual: u64,
    },
    /// A goal still has a derivation.
    #[error("goal {goal} still reaches node {target}")]
    Connected {
        /// The goal, by position.
        goal: usize,
        /// The target.
        target: u32,
    },
    /// A derivation of the proof is none.
    #[error("derivation {at} is not valid: {reason}")]
    Derivation {
        /// Its position.
        at: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// More weight goes through a fix than it costs.
    #[error("the derivations through fix {0} weigh more than it costs")]
    Weight(u32),
    /// The proof shows another bound.
    #[error("the proof shows a bound of {actual}, not {claimed}")]
    Bound {
        /// What the certificate says.
        claimed: u64,
        /// What the proof shows.
        actual: u64,
    },
    /// The exhaustive search over the core did not end within its limit.
    #[error("the core needs more than {CORE_STEPS} steps to search")]
    Core,
}

/// Verifies a certificate.
pub fn check(problem: &Problem<'_>, certificate: &Certificate) -> Result<Proven, CheckError> {
    if certificate.version != VERSION {
        return Err(CheckError::Version(certificate.version));
    }
    let mut actual = 0;
    for (at, &fix) in certificate.fixes.iter().enumerate() {
        let cost = problem.cost(FixId(fix)).ok_or(CheckError::Fix(fix))?;
        if at > 0 && certificate.fixes[at - 1] >= fix {
            return Err(CheckError::Fix(fix));
        }
        actual += u64::from(cost);
    }
    if actual != certificate.cost {
        return Err(CheckError::Cost { claimed: certificate.cost, actual });
    }
    if let Some((goal, target)) = connected(problem, &certificate.fixes) {
        return Err(CheckError::Connected { goal, target: target.0 });
    }
    for (at, evidence) in certificate.proof.derivations().iter().enumerate() {
        valid(problem, evidence).map_err(|reason| CheckError::Derivation { at, reason })?;
    }
    let bound = match &certificate.proof {
        Proof::Packing { derivations } => weigh(problem, derivations, 1)?,
        Proof::Dual { denominator: 0, .. } => {
            return Err(CheckError::Derivation { at: 0, reason: "the denominator is zero" });
        }
        Proof::Dual { denominator, derivations } => weigh(problem, derivations, *denominator)?,
        Proof::Core { derivations } => {
            if let Some(at) = derivations.iter().position(|one| one.weight != 1) {
                return Err(CheckError::Derivation { at, reason: "weights of a core are one" });
            }
            let sets: Vec<&[u32]> = derivations.iter().map(|one| &one.fixes[..]).collect();
            let cost = |fix: u32| problem.cost(FixId(fix)).map_or(u64::MAX, u64::from);
            cheapest_hitting_set(&sets, &cost).ok_or(CheckError::Core)?
        }
    };
    if bound != certificate.bound || bound > certificate.cost {
        return Err(CheckError::Bound { claimed: certificate.bound, actual: bound });
    }
    Ok(Proven { cost: certificate.cost, bound })
}

/// What fixes leave connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remains {
    /// Pairs of an entry by itself and a target of one of its goals.
    pub pairs: usize,
    /// Targets of these pairs.
    pub targets: usize,
    /// Entries of these pairs.
    pub entries: usize,
}

/// Counts what fixes leave connected, entry by entry; `None` once `stop` says true. Fixes are
/// ascending.
pub fn remains(
    problem: &Problem<'_>,
    fixes: &[FixId],
    stop: &mut dyn FnMut() -> bool,
) -> Option<Remains> {
    let fixes: Vec<u32> = fixes.iter().map(|fix| fix.0).collect();
    let cuts = cuts(problem, &fixes);
    let mut targets_of: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    for goal in &problem.goals {
        for &entry in &goal.entries {
            targets_of.entry(entry).or_default().extend(&goal.targets);
        }
    }
    // Who holds everything reaches at least what each entry reaches.
    let reached = derivable(problem, targets_of.keys().copied(), &cuts);
    let (mut pairs, mut entries, mut targets) = (0, 0, BTreeSet::new());
    for (entry, mut wanted) in targets_of {
        wanted.retain(|target| reached[target.index()]);
        if wanted.is_empty() {
            continue;
        }
        if stop() {
            return None;
        }
        let alone = derivable(problem, [entry].into_iter(), &cuts);
        wanted.retain(|target| alone[target.index()]);
        pairs += wanted.len();
        entries += usize::from(!wanted.is_empty());
        targets.extend(wanted);
    }
    Some(Remains { pairs, targets: targets.len(), entries })
}

/// For each edge whether one of the fixes cuts it.
fn cuts(problem: &Problem<'_>, fixes: &[u32]) -> Vec<bool> {
    let cut = |edge: EdgeId| {
        problem.fixes_of_edge.of(edge).iter().any(|fix| fixes.binary_search(&fix.0).is_ok())
    };
    (0..problem.graph.edge_count()).map(|edge| cut(EdgeId(edge as u32))).collect()
}

/// Fixes of a cut that can be left out one by one without connecting a goal.
#[must_use]
pub fn redundant(problem: &Problem<'_>, fixes: &[FixId]) -> Vec<FixId> {
    let without = |fix: FixId| -> Vec<u32> {
        fixes.iter().filter(|other| **other != fix).map(|fix| fix.0).collect()
    };
    fixes.iter().copied().filter(|&fix| connected(problem, &without(fix)).is_none()).collect()
}

/// A goal that still has a derivation with those fixes made, and what it derives.
fn connected(problem: &Problem<'_>, fixes: &[u32]) -> Option<(usize, NodeId)> {
    let cuts = cuts(problem, fixes);
    // Who holds everything reaches at least what each goal reaches.
    let all = problem.goals.iter().flat_map(|goal| goal.entries.iter().copied());
    let reached = derivable(problem, all, &cuts);
    let open = |targets: &[NodeId], reached: &[bool]| {
        targets.iter().copied().find(|target| reached[target.index()])
    };
    for (at, goal) in problem.goals.iter().enumerate() {
        if open(&goal.targets, &reached).is_none() {
            continue;
        }
        let alone = derivable(problem, goal.entries.iter().copied(), &cuts);
        if let Some(target) = open(&goal.targets, &alone) {
            return Some((at, target));
        }
    }
    None
}

/// What can be derived without the cut edges.
fn derivable(
    problem: &Problem<'_>,
    entries: impl Iterator<Item = NodeId>,
    cut: &[bool],
) -> Vec<bool> {
    let graph = problem.graph;
    let mut reached = vec![false; graph.node_count()];
    let mut todo: Vec<NodeId> = entries.collect();
    for entry in &todo {
        reached[entry.index()] = true;
    }
    let mut fulfilled = vec![0usize; graph.node_count()];
    todo.sort_unstable();
    todo.dedup();
    while let Some(node) = todo.pop() {
        for &edge in graph.outgoing(node) {
            if cut[edge.index()] {
                continue;
            }
            let to = graph.edge(edge).to;
            fulfilled[to.index()] += 1;
            let holds =
                graph.kind(to) == Kind::Or || fulfilled[to.index()] == graph.incoming(to).len();
            if holds && !reached[to.index()] {
                reached[to.index()] = true;
                todo.push(to);
            }
        }
    }
    reached
}

/// Whether the evidence is a derivation of its goal: in order, each edge starts at an entry or
/// at what was derived before, nothing is derived twice, and nothing in vain.
fn valid(problem: &Problem<'_>, evidence: &Evidence) -> Result<(), &'static str> {
    let graph = problem.graph;
    let goal = problem.goals.get(evidence.goal as usize).ok_or("there is no such goal")?;
    let target = NodeId(evidence.target);
    if !goal.targets.contains(&target) {
        return Err("its end is no target of the goal");
    }
    // For each node on it: edges into it so far, and whether an edge starts there.
    let mut nodes: BTreeMap<NodeId, (usize, bool)> = BTreeMap::new();
    let mut edges: BTreeSet<EdgeId> = BTreeSet::new();
    for &edge in &evidence.edges {
        if edge as usize >= graph.edge_count() {
            return Err("there is no such edge");
        }
        let id = EdgeId(edge);
        let edge = graph.edge(id);
        let into = nodes.entry(edge.from).or_default();
        let needed = match graph.kind(edge.from) {
            Kind::Or => 1,
            Kind::And => graph.incoming(edge.from).len().max(1),
        };
        if into.0 != needed && !goal.entries.contains(&edge.from) {
            return Err("an edge starts where nothing leads");
        }
        into.1 = true;
        if goal.entries.contains(&edge.to) {
            return Err("an edge ends at an entry");
        }
        let into = nodes.entry(edge.to).or_default();
        into.0 += 1;
        if into.1 || (graph.kind(edge.to) == Kind::Or && into.0 > 1) || !edges.insert(id) {
            return Err("something is derived twice");
        }
    }
    let needed = match graph.kind(target) {
        Kind::Or => 1,
        Kind::And => graph.incoming(target).len().max(1),
    };
    let into = nodes.get(&target).map_or(0, |node| node.0);
    if into != needed && !goal.entries.contains(&target) {
        return Err("it does not reach its end");
    }
    if nodes.iter().any(|(&node, &(_, used))| used == (node == target)) {
        return Err("something is derived in vain");
    }
    let edges: Vec<EdgeId> = edges.into_iter().collect();
    let fixes: Vec<u32> = problem.fixes_of(&edges).iter().map(|fix| fix.0).collect();
    if fixes != evidence.fixes {
        return Err("its fixes are not those of its edges");
    }
    if fixes.is_empty() {
        return Err("no fix cuts it");
    }
    Ok(())
}

/// The bound that weighted derivations show, once no fix carries more than it costs.
fn weigh(
    problem: &Problem<'_>,
    derivations: &[Evidence],
    denominator: u64,
) -> Result<u64, CheckError> {
    let mut carried = vec![0u128; problem.costs.len()];
    let mut sum = 0u128;
    for (at, one) in derivations.iter().enumerate() {
        if one.weight == 0 {
            return Err(CheckError::Derivation { at, reason: "its weight is zero" });
        }
        sum += u128::from(one.weight);
        for &fix in &one.fixes {
            let carried = &mut carried[fix as usize];
            *carried += u128::from(one.weight);
            let cost = problem.cost(FixId(fix)).map_or(0, u128::from);
            if *carried > cost * u128::from(denominator) {
                return Err(CheckError::Weight(fix));
            }
        }
    }
    u64::try_from(sum.div_ceil(u128::from(denominator))).map_err(|_| CheckError::Core)
}

/// What the cheapest set costs that hits every one of the sets, by plain exhaustive search:
/// some set that is not hit must be hit by one of its fixes. A branch ends where it costs as
/// much as the best known, or would with the cheapest fixes of disjoint sets that are left.
/// `None` if that takes more than [`CORE_STEPS`].
pub(crate) fn cheapest_hitting_set(sets: &[&[u32]], cost: &dyn Fn(u32) -> u64) -> Option<u64> {
    let mut sets: Vec<&[u32]> = sets.to_vec();
    sets.sort_by_key(|set| (set.len(), *set));
    let mut best: u64 = {
        let mut all: Vec<u32> = sets.concat();
        all.sort_unstable();
        all.dedup();
        all.into_iter().map(cost).fold(0, u64::saturating_add)
    };
    // Each frame: fixes chosen so far, those that are ruled out, and their cost.
    let mut stack: Vec<(Vec<u32>, Vec<u32>, u64)> = vec![(Vec::new(), Vec::new(), 0)];
    let mut steps = 0;
    while let Some((chosen, barred, spent)) = stack.pop() {
        steps += 1 + sets.len() as u64;
        if steps > CORE_STEPS {
            return None;
        }
        let mut least = spent;
        let mut used: Vec<u32> = Vec::new();
        let mut branch: Option<Vec<u32>> = None;
        for set in &sets {
            if set.iter().any(|fix| chosen.contains(fix)) {
                continue;
            }
            let left: Vec<u32> = set.iter().copied().filter(|fix| !barred.contains(fix)).collect();
            if left.iter().all(|fix| !used.contains(fix)) {
                let cheapest = left.iter().copied().map(cost).min().unwrap_or(u64::MAX);
                least = least.saturating_add(cheapest);
                used.extend(&left);
            }
            if branch.as_ref().is_none_or(|known| left.len() < known.len()) {
                branch = Some(left);
            }
        }
        let Some(branch) = branch else {
            best = best.min(spent);
            continue;
        };
        if least >= best {
            continue;
        }
        for (at, &fix) in branch.iter().enumerate() {
            let mut chosen = chosen.clone();
            chosen.push(fix);
            let mut barred = barred.clone();
            barred.extend(&branch[..at]);
            stack.push((chosen, barred, spent.saturating_add(cost(fix))));
        }
    }
    Some(best)
}
