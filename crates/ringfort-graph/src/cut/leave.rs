//! What no choice of so many fixes can disconnect.
//!
//! Take a pair that has `m` derivations of which no two share a fix. Fixes that disconnect it
//! hit each of them, and a fix hits at most one. So fewer than `m` fixes leave it connected; and
//! if each fix is given `1 / m` for the pair where it is on one of the `m`, fixes that disconnect
//! it have at least one together. Summed over all pairs: `k` fixes disconnect no more pairs than
//! they were given altogether, hence no more than the `k` fixes that were given most, of the
//! pairs with at most `k` such derivations.

use std::collections::BTreeMap;

use super::apart::Apart;
use super::counted::Counter;
use super::net::Way;
use super::problem::{FixId, Limits};
use crate::graph::{EdgeId, NodeId};

/// Edges that may be looked at.
const VISITS: u64 = 100_000_000;

/// How many times its share of them a pair may take.
const SPREAD: u64 = 8;

/// Known derivations that are kept.
const WAYS: usize = 100_000;

/// A pair's share is a fraction of this, which every number up to sixteen divides.
const UNIT: u64 = 720_720;

pub(super) struct Bounds {
    /// By number of fixes, from zero: no choice disconnects more pairs.
    lost: Vec<usize>,
    /// The fixes of derivations, each list ascending.
    pub(super) ways: Vec<Vec<FixId>>,
    /// The derivations of a pair, by positions of entry and target: none shares a fix with another.
    pub(super) of_pair: BTreeMap<(u32, u32), Vec<u32>>,
}

impl Bounds {
    pub(super) fn new(counter: &Counter<'_>, most: usize, limits: &mut Limits<'_>) -> Self {
        let net = counter.net;
        let mut apart = Apart::new(net);
        let mut ways: BTreeMap<Vec<FixId>, u32> = BTreeMap::new();
        let mut of_pair = BTreeMap::new();
        // By number of derivations: how many pairs, and what each fix is given for them.
        let mut given: BTreeMap<usize, (usize, BTreeMap<u32, u64>)> = BTreeMap::new();
        let mut by_target: Vec<(u32, u32)> =
            counter.pairs.iter().map(|pair| (pair.target, pair.entry)).collect();
        by_target.sort_unstable();
        let mut left = by_target.len();
        for pairs in by_target.chunk_by(|one, other| one == other) {
            let (target, entry) = pairs[0];
            let place = |list: &[NodeId], at: u32| list[at as usize].0;
            let ends = (place(&counter.entries, entry), place(&counter.targets, target));
            // One derivation of every pair is found; of how many there are more is known as far as
            // work goes, the same for each pair. That weakens the bound and no more.
            let rest = VISITS.saturating_sub(apart.looked()) / (left as u64).max(1) * SPREAD;
            let edges = if (limits.stop)() { 0 } else { rest };
            let found = apart.ways(ends.0, ends.1, most, edges);
            left -= pairs.len();
            if found.last().is_none_or(|way| way.fixes.is_empty()) {
                continue;
            }
            let (count, shares) = given.entry(found.len()).or_default();
            *count += pairs.len();
            let share = UNIT.div_ceil(found.len() as u64) * pairs.len() as u64;
            for &fix in found.iter().flat_map(|way| &way.fixes) {
                *shares.entry(fix).or_default() += share;
            }
            if ways.len() < WAYS {
                let mut number = |way: Way| {
                    let edges: Vec<EdgeId> = way.edges.into_iter().map(EdgeId).collect();
                    let next = ways.len() as u32;
                    *ways.entry(counter.fixes_on(&edges)).or_insert(next)
                };
                let numbers: Vec<u32> = found.into_iter().map(&mut number).collect();
                of_pair.insert((entry, target), numbers);
            }
        }
        let mut by_number: Vec<(u32, Vec<FixId>)> =
            ways.into_iter().map(|(fixes, number)| (number, fixes)).collect();
        by_number.sort_unstable();
        let ways = by_number.into_iter().map(|(_, fixes)| fixes).collect();
        let mut lost = vec![0];
        let mut shares = vec![0u64; net.fix_count()];
        let mut pairs = 0;
        for k in 1..=most {
            if let Some((count, more)) = given.get(&k) {
                pairs += count;
                for (&fix, &share) in more {
                    shares[fix as usize] += share;
                }
            }
            let mut greatest = shares.clone();
            greatest.sort_unstable_by(|a, b| b.cmp(a));
            let together: u64 = greatest.iter().take(k).sum();
            lost.push(pairs.min(usize::try_from(together / UNIT).unwrap_or(usize::MAX)));
        }
        Self { lost, ways, of_pair }
    }

    /// No choice of `k` fixes disconnects more pairs.
    pub(super) fn lost(&self, k: usize) -> usize {
        self.lost.get(k).copied().unwrap_or(usize::MAX)
    }
}
