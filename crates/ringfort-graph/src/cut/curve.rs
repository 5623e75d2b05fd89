//! What the first changes buy: for each number of changes the best set of that many fixes, and
//! what is still connected after it.
//!
//! The number of pairs that a set of fixes disconnects only grows with the set, but it is not
//! submodular: where two ways lead to a target, each fix alone cuts no pair and both together
//! cut one. Greedy choice therefore has no constant guarantee on pairs. Two things are
//! guaranteed instead. Each point counts exactly, by reachability, what its own fixes leave. And
//! each says what no choice of that many fixes can go below ([`Bounds`]), which is no less than what
//! none of more fixes can. A point is `exact` when it reaches that bound, or when every choice of that
//! many fixes was tried; of one fix every choice is. No point leaves more than the one before it.
//!
//! Fixes are chosen greedily, once from all and once from those of a cut that is already known,
//! whose last point leaves nothing ([`Walk`]).

use std::collections::BTreeSet;

use super::counted::{Counter, Left};
use super::leave::Bounds;
use super::net::Net;
use super::problem::{FixId, Limits, Problem};
use super::walk::{Closings, Judge, Walk, Wanted};

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
    let counter = Counter::new(problem, &net);
    let bounds = Bounds::new(&counter, most, limits);
    let needed: BTreeSet<FixId> = (0..net.fix_count() as u32).map(|fix| net.fix_id(fix)).collect();
    let known: BTreeSet<FixId> = cut.iter().copied().collect();
    let open: Vec<u32> = (0..counter.pairs.len() as u32).collect();
    let all = open.len();
    let walk = |candidates, wanted| Walk::new(&counter, &bounds, candidates, wanted);
    // Two walks from each, which go together as long as they choose the same.
    let mut walks = Vec::new();
    for candidates in [&needed, &known] {
        let both = [walk(candidates, Wanted::Most), walk(candidates, Wanted::Soonest)];
        walks.push((both, Closings::default()));
    }
    let mut points: Vec<Point> = Vec::new();
    for k in 0..=most {
        let mut found: Vec<Left> = Vec::new();
        match k {
            0 => found.push(counter.left(&[], open.clone())),
            _ => {
                for (both, closings) in &mut walks {
                    let steps = both
                        .iter_mut()
                        .filter_map(|walk| walk.step(most + 1 - k, closings, limits));
                    found.extend(steps);
                }
            }
        }
        let mut exact = k == 0 || (k == 1 && walks[0].0[0].is_sure());
        if k > 1 && choices(needed.len(), k) <= exhaustive {
            let (best, tried) = every(&counter, &needed, k, limits);
            exact = tried;
            found.extend(best);
        }
        let Some(mut best) = found.into_iter().min_by(|a, b| a.key().cmp(&b.key())) else { break };
        if let Some(before) = points.last()
            && before.pairs < best.open.len()
            && let Some(&more) = needed.iter().find(|fix| !before.fixes.contains(fix))
        {
            let fixes: Vec<FixId> = before.fixes.iter().copied().chain([more]).collect();
            best = counter.left(&fixes, counter.open(&counter.blocked_by(&fixes)));
        }
        let pairs = best.open.len();
        let at_least = if exact { pairs } else { all - bounds.lost(k).min(all) };
        let done = best.goals == 0;
        points.push(Point {
            cost: best.fixes.iter().filter_map(|&fix| problem.cost(fix)).map(u64::from).sum(),
            pairs,
            targets: best.targets,
            entries: best.entries,
            goals: best.goals,
            exact: false,
            at_least,
            fixes: best.fixes,
        });
        if done || limits.spent() {
            break;
        }
    }
    let mut least: Vec<usize> = points.iter().map(|point| point.at_least).collect();
    tighten(&mut least);
    for (point, least) in points.iter_mut().zip(least) {
        point.at_least = least;
        point.exact = point.pairs == least;
    }
    Curve { points }
}

/// For each number of fixes up to `most` what no choice of as many goes below: what the points of a
/// [`curve`] claim, without looking for good choices. Where the limits end it, less is known.
#[must_use]
pub fn least(
    problem: &Problem<'_>,
    most: usize,
    exhaustive: u64,
    limits: &mut Limits<'_>,
) -> Vec<usize> {
    let net = Net::new(problem);
    let counter = Counter::new(problem, &net);
    let bounds = Bounds::new(&counter, most, limits);
    let needed: BTreeSet<FixId> = (0..net.fix_count() as u32).map(|fix| net.fix_id(fix)).collect();
    let open: Vec<u32> = (0..counter.pairs.len() as u32).collect();
    let all = open.len();
    let mut least = vec![all];
    for k in 1..=most {
        let exact = match k {
            1 => {
                let judge = Judge::new(&counter, &open, counter.blocked_by(&[]));
                let (lost, _, is_sure) = judge.best(&needed, limits);
                is_sure.then(|| all - lost)
            }
            _ if choices(needed.len(), k) <= exhaustive => {
                let (best, tried) = every(&counter, &needed, k, limits);
                best.filter(|_| tried).map(|best| best.open.len())
            }
            _ => None,
        };
        least.push(exact.unwrap_or_else(|| all - bounds.lost(k).min(all)));
    }
    tighten(&mut least);
    least
}

/// What more fixes cannot go below fewer cannot either.
fn tighten(least: &mut [usize]) {
    for at in (1..least.len()).rev() {
        least[at - 1] = least[at - 1].max(least[at]);
    }
}

/// The best of every choice of `k` fixes, and whether all were tried.
fn every(
    counter: &Counter<'_>,
    fixes: &BTreeSet<FixId>,
    k: usize,
    limits: &mut Limits<'_>,
) -> (Option<Left>, bool) {
    let fixes: Vec<FixId> = fixes.iter().copied().collect();
    let mut best: Vec<Vec<FixId>> = Vec::new();
    let mut least = usize::MAX;
    // All but the last, in lexicographic order.
    let mut at: Vec<usize> = (0..k - 1).collect();
    let mut tried = k <= fixes.len();
    'choices: while k <= fixes.len() {
        if !limits.search() {
            tried = false;
            break;
        }
        let first: Vec<FixId> = at.iter().map(|&one| fixes[one]).collect();
        let blocked = counter.blocked_by(&first);
        let open = counter.open(&blocked);
        let judge = Judge::new(counter, &open, blocked);
        tried &= judge.whole;
        let mut room = judge.severed.room();
        let after = at.last().map_or(0, |&last| last + 1);
        for &last in &fixes[after..] {
            let left = open.len() - judge.lost(counter.edges_of(last), &mut room);
            if left < least {
                best.clear();
                least = left;
            }
            if left == least {
                best.push(first.iter().copied().chain([last]).collect());
            }
        }
        // The next choice.
        let free = |one: usize| fixes.len() - k + one;
        let Some(next) = (0..k - 1).rev().find(|&one| at[one] < free(one)) else { break 'choices };
        at[next] += 1;
        for one in next + 1..k - 1 {
            at[one] = at[one - 1] + 1;
        }
    }
    let left =
        best.iter().map(|fixes| counter.left(fixes, counter.open(&counter.blocked_by(fixes))));
    (left.min_by(|a, b| a.key().cmp(&b.key())), tried)
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
