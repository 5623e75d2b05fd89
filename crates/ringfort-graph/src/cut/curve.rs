//! What the first changes buy: for each number of changes the best set of that many fixes, and
//! what is still connected after it.
//!
//! The number of pairs that a set of fixes disconnects only grows with the set, but it is not
//! submodular: where two ways lead to a target, each fix alone cuts no pair and both together
//! cut one. Greedy choice therefore has no constant guarantee on pairs. Two things are
//! guaranteed instead. Each point counts exactly, by reachability, what its own fixes leave. And
//! each says what no choice of that many fixes can go below: a pair with more than `k`
//! derivations that share no fix is connected after any `k` fixes, since each cuts only one of
//! them. A point is `exact` when it reaches that bound, or when every choice of that many of
//! the fixes was tried.
//!
//! Candidates are the next fix of a cut that is already known (its last point leaves nothing)
//! and the fix that cuts most pairs, ties by how many of the shown derivations it hits, in
//! which the choice is the classical greedy cover, within `1 - 1/e` of the best (Nemhauser,
//! Wolsey and Fisher, 1978).

use std::collections::BTreeMap;

use super::net::{Front, Net, Way};
use super::pack::pack;
use super::problem::{FixId, Goal, Limits, Problem};
use crate::graph::NodeId;
use crate::reach::{reach, reach_pairs};
use crate::set::BitSet;

/// What is left after a number of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The fixes, ascending; as many as there are changes.
    pub fixes: Vec<FixId>,
    /// What they cost.
    pub cost: u64,
    /// Pairs of an entry by itself and a target that are connected.
    pub pairs: usize,
    /// Targets that some entry reaches by itself.
    pub targets: usize,
    /// Entries that by themselves reach a target.
    pub entries: usize,
    /// Goals that are not met, their entries held together.
    pub goals: usize,
    /// After any choice of as many fixes at least so many pairs are connected.
    pub at_least: usize,
    /// Whether no choice of as many fixes leaves fewer pairs.
    pub exact: bool,
}

/// The points for 0, 1, 2 … changes; the last leaves no goal open, or the limit was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// By number of changes.
    pub points: Vec<Point>,
}

/// Fixes that are tried at each step.
const TRIED: usize = 64;

/// The curve up to `most` changes. `cut` is a cut that is known, for example the solver's.
/// Every choice of `k` fixes is tried as long as there are at most `exhaustive` of them and the
/// limits last.
#[must_use]
pub fn curve(
    problem: &Problem<'_>,
    cut: &[FixId],
    most: usize,
    exhaustive: u64,
    limits: &mut Limits<'_>,
) -> Curve {
    let net = Net::new(problem);
    let counter = Counter::new(problem);
    let independent = counter.independent(&net, most, limits);
    let ways = ways(&net, limits);
    let mut hits: BTreeMap<FixId, Vec<usize>> = BTreeMap::new();
    for fix in 0..net.fix_count() as u32 {
        hits.insert(net.fix_id(fix), Vec::new());
    }
    for (at, way) in ways.iter().enumerate() {
        for &fix in &way.fixes {
            hits.entry(net.fix_id(fix)).or_default().push(at);
        }
    }
    let bound = |k: usize| independent.iter().filter(|&&ways| ways > k).count();
    let mut points: Vec<Point> = Vec::new();
    let mut greedy: Vec<FixId> = Vec::new();
    let mut along: Vec<FixId> = Vec::new();
    for k in 0..=most {
        let mut found: Vec<Left> = Vec::new();
        if k == 0 {
            found.push(counter.left(&[]));
        } else {
            found.extend(step(&counter, &mut greedy, hits.keys().copied(), &hits, limits));
            found.extend(step(&counter, &mut along, cut.iter().copied(), &hits, limits));
        }
        let mut exact = false;
        if k > 0 && choices(hits.len(), k) <= exhaustive {
            let (best, all) = every(&counter, &hits, k, limits);
            exact = all;
            found.extend(best);
        }
        let Some(best) = found.into_iter().min_by(|a, b| a.key().cmp(&b.key())) else { break };
        let at_least = if exact { best.pairs } else { bound(k) };
        let done = best.goals == 0;
        points.push(Point {
            cost: best.fixes.iter().filter_map(|&fix| problem.cost(fix)).map(u64::from).sum(),
            pairs: best.pairs,
            targets: best.targets,
            entries: best.entries,
            goals: best.goals,
            exact: exact || k == 0 || best.pairs == at_least,
            at_least: if k == 0 { best.pairs } else { at_least },
            fixes: best.fixes,
        });
        if done || limits.spent() {
            break;
        }
    }
    Curve { points }
}

/// What a set of fixes leaves.
struct Left {
    fixes: Vec<FixId>,
    pairs: usize,
    targets: usize,
    entries: usize,
    goals: usize,
}

impl Left {
    fn key(&self) -> (usize, usize, usize, &[FixId]) {
        (self.pairs, self.goals, self.targets, &self.fixes)
    }
}

struct Counter<'p, 'g> {
    problem: &'p Problem<'g>,
    /// Goals that share their targets are counted in one pass.
    groups: Vec<(Vec<NodeId>, Vec<NodeId>)>,
}

impl<'p, 'g> Counter<'p, 'g> {
    fn new(problem: &'p Problem<'g>) -> Self {
        let mut groups: BTreeMap<Vec<NodeId>, Vec<NodeId>> = BTreeMap::new();
        for goal in &problem.goals {
            let normal = Goal::together(&goal.entries, &goal.targets);
            groups.entry(normal.targets).or_default().extend(normal.entries);
        }
        let groups = groups
            .into_iter()
            .map(|(targets, entries)| {
                let normal = Goal::together(&entries, &targets);
                (normal.entries, normal.targets)
            })
            .collect();
        Self { problem, groups }
    }

    fn left(&self, fixes: &[FixId]) -> Left {
        let graph = self.problem.graph;
        let blocked = self.problem.blocked_by(fixes);
        let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
        for (entries, targets) in &self.groups {
            let reached = reach_pairs(graph, entries, targets, &blocked);
            for (&target, from) in targets.iter().zip(reached) {
                pairs.extend(from.iter().map(|entry| (entries[entry], target)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let distinct = |pick: fn(&(NodeId, NodeId)) -> NodeId| {
            let mut nodes: Vec<NodeId> = pairs.iter().map(pick).collect();
            nodes.sort_unstable();
            nodes.dedup();
            nodes.len()
        };
        // A goal of one entry is met exactly if none of its pairs is left.
        let goals = self.problem.goals.iter().filter(|goal| match goal.entries[..] {
            [entry] => goal.targets.iter().any(|&t| pairs.binary_search(&(entry, t)).is_ok()),
            _ => {
                let reached = reach(graph, &goal.entries, &blocked);
                goal.targets.iter().any(|target| reached.contains(target.index()))
            }
        });
        let mut fixes = fixes.to_vec();
        fixes.sort_unstable();
        Left {
            goals: goals.count(),
            pairs: pairs.len(),
            targets: distinct(|pair| pair.1),
            entries: distinct(|pair| pair.0),
            fixes,
        }
    }

    /// For each pair how many derivations without a common fix were found, up to one more than
    /// `most`.
    fn independent(&self, net: &Net, most: usize, limits: &mut Limits<'_>) -> Vec<usize> {
        let graph = self.problem.graph;
        let none = BitSet::new(graph.edge_count());
        let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
        for (entries, targets) in &self.groups {
            let reached = reach_pairs(graph, entries, targets, &none);
            for (&target, from) in targets.iter().zip(reached) {
                pairs.extend(from.iter().map(|entry| (entries[entry], target)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        // Pairs whose ends no fix tells apart have the same derivations.
        let mut counted: BTreeMap<(Vec<u32>, Vec<u32>), usize> = BTreeMap::new();
        let mut ways = Vec::with_capacity(pairs.len());
        for (entry, target) in pairs {
            let Some(front) = net.front(entry, target) else {
                ways.push(0);
                continue;
            };
            let key = (front.entries.clone(), front.targets.clone());
            let count = match counted.get(&key) {
                Some(&count) => count,
                None => apart(net, &front, most, limits),
            };
            counted.insert(key, count);
            ways.push(count);
        }
        ways
    }
}

/// How many derivations without a common fix a front has, as far as they are found, up to one more
/// than `most`.
fn apart(net: &Net, front: &Front, most: usize, limits: &mut Limits<'_>) -> usize {
    let mut room = vec![1; net.fix_count()];
    let mut barred = BitSet::new(net.fix_count());
    let mut count = 0;
    while count <= most && limits.search() {
        // Most pairs have few ways, and that none is left is found sooner than the next one.
        if count > 0 && !net.is_derived(front, &barred) {
            break;
        }
        let Some(way) = net.derive_plain(front, &barred) else { break };
        // A derivation that no fix cuts stays whatever is done.
        if way.fixes.is_empty() {
            return usize::MAX;
        }
        super::pack::take(&way, &mut room, &mut Vec::new());
        way.fixes.iter().for_each(|&fix| _ = barred.insert(fix as usize));
        count += 1;
    }
    count
}

/// Adds to `chosen` the candidate that leaves fewest pairs; of those that hit most of the ways
/// that are not hit, only so many are tried.
fn step(
    counter: &Counter<'_, '_>,
    chosen: &mut Vec<FixId>,
    candidates: impl Iterator<Item = FixId>,
    hits: &BTreeMap<FixId, Vec<usize>>,
    limits: &mut Limits<'_>,
) -> Option<Left> {
    let ways = |fix: FixId| hits.get(&fix).map_or(&[][..], Vec::as_slice);
    let hit: std::collections::BTreeSet<usize> =
        chosen.iter().flat_map(|&fix| ways(fix).iter().copied()).collect();
    let gain = |fix: FixId| ways(fix).iter().filter(|way| !hit.contains(way)).count();
    let mut order: Vec<(std::cmp::Reverse<usize>, FixId)> = candidates
        .filter(|fix| !chosen.contains(fix))
        .map(|fix| (std::cmp::Reverse(gain(fix)), fix))
        .collect();
    order.sort_unstable();
    let mut best: Option<(usize, Left, FixId)> = None;
    for (rank, &(_, fix)) in order.iter().take(TRIED).enumerate() {
        if rank > 0 && !limits.search() {
            break;
        }
        let mut fixes = chosen.clone();
        fixes.push(fix);
        let left = counter.left(&fixes);
        let key = |left: &Left, rank: usize| (left.pairs, left.goals, rank);
        if best.as_ref().is_none_or(|(known, other, _)| key(&left, rank) < key(other, *known)) {
            best = Some((rank, left, fix));
        }
    }
    let (_, left, fix) = best?;
    chosen.push(fix);
    Some(left)
}

/// The best of every choice of `k` fixes, and whether all were tried.
fn every(
    counter: &Counter<'_, '_>,
    hits: &BTreeMap<FixId, Vec<usize>>,
    k: usize,
    limits: &mut Limits<'_>,
) -> (Option<Left>, bool) {
    let fixes: Vec<FixId> = hits.keys().copied().collect();
    let mut at: Vec<usize> = (0..k).collect();
    let mut best: Option<Left> = None;
    if k > fixes.len() {
        return (None, false);
    }
    loop {
        if !limits.search() {
            return (best, false);
        }
        let left = counter.left(&at.iter().map(|&one| fixes[one]).collect::<Vec<_>>());
        if best.as_ref().is_none_or(|known| left.key() < known.key()) {
            best = Some(left);
        }
        // The next choice in lexicographic order.
        let Some(last) = (0..k).rev().find(|&one| at[one] < fixes.len() - k + one) else {
            return (best, true);
        };
        at[last] += 1;
        for one in last + 1..k {
            at[one] = at[one - 1] + 1;
        }
    }
}

/// Number of choices of `k` out of `n`.
fn choices(n: usize, k: usize) -> u64 {
    if k > n {
        return u64::MAX;
    }
    let mut count = 1u128;
    for one in 0..k.min(n - k) {
        count = count * (n - one) as u128 / (one + 1) as u128;
        if count > u128::from(u64::MAX) {
            return u64::MAX;
        }
    }
    count as u64
}

fn ways(net: &Net, limits: &mut Limits<'_>) -> Vec<Way> {
    let mut room = net.cost.clone();
    let (ways, _) = pack(net, &mut room, &mut Vec::new(), 10_000, limits);
    ways.into_iter().map(|(way, _)| way).collect()
}
