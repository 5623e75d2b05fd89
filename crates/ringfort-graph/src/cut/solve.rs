//! The solver: flow where the problem is one, else the implicit hitting set.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::certificate::{Answer, Evidence, Proof, Solution, Uncuttable};
use super::check::cheapest_hitting_set;
use super::lazy;
use super::net::{Net, Way};
use super::problem::{FixId, Goal, Limits, Problem};
use super::prune::{dearest_first, prune};
use super::single;
use crate::graph::{EdgeId, NodeId};
use crate::set::BitSet;

/// Why nothing is cheaper, in the numbers of the net.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    /// Weights over a denominator; one for a packing.
    Weights(u64, Vec<(Way, u64)>),
    /// All must be hit, at that cost.
    Core(u64, Vec<Way>),
}

impl Bound {
    /// What it proves.
    pub(crate) fn value(&self) -> u64 {
        match self {
            Self::Weights(denominator, ways) => {
                let sum: u128 = ways.iter().map(|&(_, weight)| u128::from(weight)).sum();
                u64::try_from(sum.div_ceil(u128::from(*denominator))).unwrap_or(0)
            }
            Self::Core(value, _) => *value,
        }
    }
}

/// A cheapest set of fixes after which no goal has a derivation, or within the limits a good
/// one and a bound; or a derivation that no fix cuts.
#[must_use]
pub fn solve(problem: &Problem<'_>, limits: &mut Limits<'_>) -> Answer {
    let net = Net::new(problem);
    let every: Vec<u32> = (0..net.fix_count() as u32).collect();
    if let Some((_, way)) = net.derive(&net.flags(&every), &|_| 0) {
        let edges = net.expand(problem.graph, &way);
        let (goal, target) = place(problem, &edges);
        return Answer::Impossible(Uncuttable { goal, target, edges });
    }
    let (fixes, bounds) = match single::exact(&net, limits.stop) {
        Some(flow) => {
            let order = dearest_first(&net, &flow.fixes);
            let fixes = prune(&net, &flow.fixes, &order).expect("the sides of a cut are apart");
            (fixes, vec![Bound::Weights(1, flow.paths)])
        }
        None => lazy::run(&net, limits),
    };
    let cost = net.cost_of(&fixes);
    let mut ids: Vec<FixId> = fixes.iter().map(|&fix| net.fix_id(fix)).collect();
    ids.sort_unstable();
    let (bound, proof) = best(problem, &net, bounds);
    Answer::Cut(Solution { fixes: ids, cost, bound, proof })
}

/// The best bound that the checker will confirm; of equal ones the plainest.
fn best(problem: &Problem<'_>, net: &Net, mut bounds: Vec<Bound>) -> (u64, Proof) {
    let plain = |bound: &Bound| match bound {
        Bound::Weights(1, _) => 0,
        Bound::Weights(..) => 1,
        Bound::Core(..) => 2,
    };
    bounds.sort_by_key(|bound| (std::cmp::Reverse(bound.value()), plain(bound)));
    for bound in bounds {
        let value = bound.value();
        let evidence = |ways: Vec<(Way, u64)>| -> Vec<Evidence> {
            let used = ways.into_iter().filter(|(_, weight)| *weight > 0);
            used.map(|(way, weight)| self::evidence(problem, net, &way, weight)).collect()
        };
        match bound {
            Bound::Weights(1, ways) => {
                return (value, Proof::Packing { derivations: evidence(ways) });
            }
            Bound::Weights(denominator, ways) => {
                return (value, Proof::Dual { denominator, derivations: evidence(ways) });
            }
            Bound::Core(_, ways) => {
                let derivations = evidence(ways.into_iter().map(|way| (way, 1)).collect());
                let sets: Vec<&[u32]> = derivations.iter().map(|one| &one.fixes[..]).collect();
                let cost = |fix: u32| problem.cost(FixId(fix)).map_or(u64::MAX, u64::from);
                if cheapest_hitting_set(&sets, &cost) == Some(value) {
                    return (value, Proof::Core { derivations });
                }
            }
        }
    }
    (0, Proof::Packing { derivations: Vec::new() })
}

/// A way as evidence.
fn evidence(problem: &Problem<'_>, net: &Net, way: &Way, weight: u64) -> Evidence {
    let edges = net.expand(problem.graph, way);
    let (goal, target) = place(problem, &edges);
    Evidence {
        goal: goal as u32,
        target: target.0,
        fixes: problem.fixes_of(&edges).iter().map(|fix| fix.0).collect(),
        edges: edges.iter().map(|edge| edge.0).collect(),
        weight,
    }
}

/// The goal that a derivation violates and the target that it derives.
fn place(problem: &Problem<'_>, edges: &[EdgeId]) -> (usize, NodeId) {
    let graph = problem.graph;
    let mut derived: FxHashSet<NodeId> = FxHashSet::default();
    let mut leaves: Vec<NodeId> = Vec::new();
    for &edge in edges {
        let edge = graph.edge(edge);
        if !derived.contains(&edge.from) {
            leaves.push(edge.from);
        }
        derived.insert(edge.to);
    }
    let end = edges.last().map(|&edge| graph.edge(edge).to);
    let fits = problem.goals.iter().enumerate().find_map(|(at, goal)| {
        let target = match end {
            Some(end) => goal.targets.contains(&end).then_some(end),
            // Without an edge, an entry is a target.
            None => goal.targets.iter().copied().find(|target| goal.entries.contains(target)),
        };
        let held = leaves.iter().all(|leaf| goal.entries.contains(leaf));
        target.filter(|_| held).map(|target| (at, target))
    });
    fits.expect("a way belongs to the goal that it was searched for")
}

/// For every goal and each of its targets that no cut protects, a derivation that no fix cuts.
/// Without these targets the goals have a cut ([`without_uncuttable`]).
#[must_use]
pub fn uncuttable(problem: &Problem<'_>) -> Vec<Uncuttable> {
    let graph = problem.graph;
    let mut blocked = BitSet::new(graph.edge_count());
    for edge in 0..graph.edge_count() {
        if problem.cutting(EdgeId(edge as u32)).next().is_some() {
            blocked.insert(edge);
        }
    }
    let mut found = Vec::new();
    // Most goals have one entry, and few of them have no cut.
    let alone = |goal: &Goal| match goal.entries.as_slice() {
        [entry] => Some(*entry),
        _ => None,
    };
    let entries: Vec<NodeId> = problem.goals.iter().filter_map(alone).collect();
    let targets: BTreeSet<NodeId> =
        problem.goals.iter().flat_map(|goal| goal.targets.iter().copied()).collect();
    let targets: Vec<NodeId> = targets.into_iter().collect();
    let reached = crate::reach_pairs(graph, &entries, &targets, &blocked);
    let mut at = 0;
    for (goal, ends) in problem.goals.iter().enumerate() {
        let left = match alone(ends) {
            Some(_) => {
                at += 1;
                ends.targets.iter().any(|target| {
                    let row = targets.binary_search(target).expect("it is a target");
                    reached[row].contains(at - 1)
                })
            }
            None => true,
        };
        if !left {
            continue;
        }
        let easiest = crate::easiest(graph, &ends.entries, &blocked);
        for &target in &ends.targets {
            if let Some(derivation) = easiest.derivation(graph, target) {
                found.push(Uncuttable { goal, target, edges: derivation.edges });
            }
        }
    }
    found
}

/// Takes out of each goal the targets that no cut protects, and returns why: what is left has a
/// cut. Goals keep their positions, without targets if need be.
pub fn without_uncuttable(problem: &mut Problem<'_>) -> Vec<Uncuttable> {
    let found = uncuttable(problem);
    for of_goal in found.chunk_by(|a, b| a.goal == b.goal) {
        let gone: FxHashSet<NodeId> = of_goal.iter().map(|one| one.target).collect();
        problem.goals[of_goal[0].goal].targets.retain(|target| !gone.contains(target));
    }
    found
}
