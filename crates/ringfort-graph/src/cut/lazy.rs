//! The implicit hitting set: derivations are generated while they are not yet hit.
//!
//! A set of fixes is a cut exactly if it hits every derivation, but there are too many to list.
//! So a pool of them is kept: the cheapest set that hits the pool costs at most what a cut does,
//! and if it is a cut, it is a cheapest one. If not, some derivation is not hit and joins the
//! pool. The pool also carries the other bounds: whole weights packed greedily, and fractional
//! ones, the dual of the linear relaxation, whose prices in turn point at derivations that are
//! missing (their fixes' prices sum to less than one). Each cut met on the way is made minimal
//! and the cheapest one kept, so that work may end at any step.

use std::collections::BTreeSet;

use super::hitting::{cheapest, greedy, minimal};
use super::local::{Local, dearer};
use super::net::{Net, Way};
use super::pack::{pack, take};
use super::problem::Limits;
use super::prune::{dearest_first, prune};
use super::route::route;
use super::simplex;
use super::single;
use super::solve::Bound;
use crate::set::BitSet;

/// Ways that a pool holds at most.
const POOL: usize = 20_000;

/// Nets of more edges are searched for many ways at a time and their ways not shrunk.
const SMALL: usize = 20_000;

/// Of problems with more fixes a packing near the greatest is looked for first.
const FEW: usize = 400;

/// Items of sets that the branch and bound may look at in one round.
const WORK: u64 = 100_000_000;

/// Ways that join the pool at once where they are searched for many at a time.
const BULK: usize = 1_000;

/// Searches and ways of the approximate packing.
const ROUTED: u64 = 1_500;

const ROUTES: usize = 40_000;

/// Cuts that the local search tries at first and in the end, and after each round.
const TRIED: u64 = 3_000;

const POLISHED: u64 = 500;

/// Ways that are priced into the pool in one round.
const PRICED: usize = 32;

const PIVOTS: usize = 5_000;

/// Denominator of shared costs: divisible by every number up to sixteen.
const UNIT: u64 = 720_720;

/// A minimal cut and all bounds found.
pub(crate) fn run(net: &Net, limits: &mut Limits<'_>) -> (Vec<u32>, Vec<Bound>) {
    let mut state = State {
        net,
        ways: Vec::new(),
        known: BTreeSet::new(),
        count: vec![0; net.fix_count()],
        cut: Vec::new(),
        cost: u64::MAX,
        whole: Bound::Weights(1, Vec::new()),
        fractional: Bound::Weights(1, Vec::new()),
        core: Bound::Core(0, Vec::new()),
        local: None,
    };
    state.start(limits);
    if !state.proved() {
        state.share(limits);
    }
    if !state.proved() && state.is_large() {
        state.approach(limits);
    }
    while !state.proved() && state.round(limits) {
        state.polish(POLISHED, limits);
    }
    if !state.proved() {
        state.polish(TRIED, limits);
    }
    (state.cut, vec![state.whole, state.fractional, state.core])
}

struct State<'n> {
    net: &'n Net,
    ways: Vec<Way>,
    known: BTreeSet<Vec<u32>>,
    /// How many ways of the pool each fix cuts.
    count: Vec<u64>,
    cut: Vec<u32>,
    cost: u64,
    whole: Bound,
    fractional: Bound,
    core: Bound,
    local: Option<Local>,
}

impl State<'_> {
    fn proved(&self) -> bool {
        self.bound() >= self.cost
    }

    fn bound(&self) -> u64 {
        self.whole.value().max(self.fractional.value()).max(self.core.value())
    }

    /// The first packing and the cut of its full fixes. Fixes that cut many edges would be full
    /// soon and close many ways, so that ways are packed first that do without them.
    fn start(&mut self, limits: &mut Limits<'_>) {
        let net = self.net;
        let mut room = net.cost.clone();
        let mut full: Vec<u32> =
            (0..room.len() as u32).filter(|&fix| room[fix as usize] == 0).collect();
        let edges = |fix: usize| net.edges_of.row(fix as u32).len();
        let most = (0..room.len()).map(edges).max().unwrap_or(0);
        let mut packed = Vec::new();
        let mut complete = false;
        let mut few = 1;
        while !complete {
            let all = few >= most;
            let mut some: Vec<u64> = room.clone();
            for (fix, room) in some.iter_mut().enumerate().filter(|(fix, _)| edges(*fix) > few) {
                debug_assert!(!all, "fix {fix} cuts more edges than the most");
                *room = 0;
            }
            let (found, done) = pack(net, &mut some, &mut full, POOL, limits);
            for (way, weight) in &found {
                for &fix in &way.fixes {
                    room[fix as usize] -= weight;
                }
            }
            packed.extend(found);
            if !done {
                break;
            }
            complete = all;
            few *= 2;
        }
        for (way, _) in &packed {
            self.add(way.clone());
        }
        self.whole = Bound::Weights(1, packed);
        let every: Vec<u32> = (0..net.fix_count() as u32).collect();
        let mut order = every.clone();
        let value =
            |fix: u32| (room[fix as usize] == 0, std::cmp::Reverse(net.cost[fix as usize]), fix);
        order.sort_by_key(|&fix| value(fix));
        self.offer(&every, &order);
        if complete {
            self.offer(&full, &dearest_first(net, &full));
            let reverse: Vec<u32> = full.iter().rev().copied().collect();
            self.offer(&full, &reverse);
        }
    }

    /// Costs shared among edges: a flow, its paths and its cut.
    fn share(&mut self, limits: &mut Limits<'_>) {
        if let Some(flow) = single::shared(self.net, UNIT, limits.stop) {
            self.offer(&flow.fixes, &dearest_first(self.net, &flow.fixes));
            for (way, _) in flow.paths.iter().take(POOL / 2) {
                self.add(way.clone());
            }
            let bound = Bound::Weights(UNIT, flow.paths);
            if bound.value() > self.fractional.value() {
                self.fractional = bound;
            }
        }
    }

    /// Whether a tableau of the pool and its rounds would be too much to be solved as they are.
    fn is_large(&self) -> bool {
        self.net.from.len() > SMALL || self.net.fix_count() > FEW
    }

    /// A packing near the greatest, and a cut that its prices lead to.
    fn approach(&mut self, limits: &mut Limits<'_>) {
        let net = self.net;
        let rounds = ROUTED.min(limits.searches / 3 / net.fronts.len().max(1) as u64);
        let Some(routed) = route(net, ROUTES, rounds, limits) else { return };
        // What is worth least goes first; then, what is dear for its worth.
        let every: Vec<u32> = (0..net.fix_count() as u32).collect();
        let worth = |fix: u32| routed.prices[fix as usize];
        let mut order = every.clone();
        order.sort_by(|&a, &b| worth(a).total_cmp(&worth(b)).then(a.cmp(&b)));
        self.offer(&every, &order);
        order.sort_by(|&a, &b| dearer(net, &routed.prices, a, b));
        self.offer(&every, &order);
        let bound = Bound::Weights(routed.denominator, routed.ways);
        if bound.value() > self.fractional.value() {
            self.fractional = bound;
        }
        if self.proved() {
            return;
        }
        self.local = Some(Local::new(routed.prices));
        self.polish(TRIED.min(limits.searches / 3), limits);
    }

    /// Goes on with the local search.
    fn polish(&mut self, tries: u64, limits: &mut Limits<'_>) {
        let bound = self.bound();
        if let Some(local) = &mut self.local {
            let cut = local.improved(self.net, (self.cut.clone(), bound), tries, limits);
            self.offer(&cut, &dearest_first(self.net, &cut));
        }
    }

    /// Adds a way to the pool; says whether it was new.
    fn add(&mut self, way: Way) -> bool {
        if self.ways.len() >= POOL || !self.known.insert(way.fixes.clone()) {
            return false;
        }
        way.fixes.iter().for_each(|&fix| self.count[fix as usize] += 1);
        self.ways.push(way);
        true
    }

    /// Makes a set minimal if it is a cut, and keeps it if it is cheaper.
    fn offer(&mut self, fixes: &[u32], order: &[u32]) {
        if let Some(cut) = prune(self.net, fixes, order) {
            let cost = self.net.cost_of(&cut);
            if (cost, &cut) < (self.cost, &self.cut) {
                (self.cost, self.cut) = (cost, cut);
            }
        }
    }

    /// Hits the pool, completes that to a cut, and learns the derivations that it had missed.
    /// Says whether there may be more to learn.
    fn round(&mut self, limits: &mut Limits<'_>) -> bool {
        let priced = self.relax(limits);
        if self.proved() {
            return false;
        }
        let sets: Vec<&[u32]> = self.ways.iter().map(|way| &way.fixes[..]).collect();
        let kept = minimal(&sets);
        let sets: Vec<&[u32]> = kept.iter().map(|&at| sets[at]).collect();
        let total: u64 = sets.iter().map(|set| set.len() as u64).sum();
        let mut branches = limits.branches.min(WORK / total.max(1));
        let before = branches;
        let hit = cheapest(&sets, &self.net.cost, &mut branches, limits.stop);
        limits.branches -= before - branches;
        if hit.bound == hit.cost && hit.bound > self.core.value() {
            let ways = kept.iter().map(|&at| self.ways[at].clone()).collect();
            self.core = Bound::Core(hit.bound, ways);
        }
        let quick = greedy(&sets, &self.net.cost);
        let learned = self.complete(&hit.items, limits);
        let more = hit.items != quick && self.complete(&quick, limits);
        (learned || more || priced) && !limits.spent()
    }

    /// Adds to a set what it takes to be a cut; ways that are met on the way join the pool.
    /// Says whether there were new ones.
    fn complete(&mut self, fixes: &[u32], limits: &mut Limits<'_>) -> bool {
        let net = self.net;
        let mut barred = net.flags(fixes);
        let mut learned = false;
        loop {
            let ways = self.missed(&barred, limits);
            let Some(ways) = ways else { return learned };
            if ways.is_empty() {
                break;
            }
            for way in ways {
                // Most ways of the pool for the cost.
                let best = way.fixes.iter().copied().reduce(|a, b| {
                    let value = |one: u32, other: u32| {
                        u128::from(self.count[one as usize] + 1)
                            * u128::from(net.cost[other as usize])
                    };
                    if value(b, a) > value(a, b) { b } else { a }
                });
                barred.insert(best.expect("a way has a fix") as usize);
                learned |= self.add(way);
            }
        }
        let all: Vec<u32> = barred.iter().map(|fix| fix as u32).collect();
        self.offer(&all, &dearest_first(net, &all));
        learned
    }

    /// Derivations that no barred fix cuts, some of them if there are any; `None` when the
    /// budget is spent.
    fn missed(&self, barred: &BitSet, limits: &mut Limits<'_>) -> Option<Vec<Way>> {
        let net = self.net;
        if net.from.len() <= SMALL {
            if !limits.search() {
                return None;
            }
            let found = net.derive(barred, &|_| 1);
            return Some(
                found.map(|(at, way)| net.shrink(way, &net.fronts[at])).into_iter().collect(),
            );
        }
        let mut room: Vec<u64> =
            (0..net.fix_count()).map(|fix| u64::from(!barred.contains(fix))).collect();
        let (ways, complete) = pack(net, &mut room, &mut Vec::new(), BULK, limits);
        (complete || !ways.is_empty()).then(|| ways.into_iter().map(|(way, _)| way).collect())
    }

    /// Bounds by packing the pool, and ways that the prices point at. Says whether there were
    /// such ways.
    fn relax(&mut self, limits: &mut Limits<'_>) -> bool {
        let net = self.net;
        let mut priced = false;
        for _ in 0..PRICED {
            self.pack_pool();
            let sets: Vec<&[u32]> = self.ways.iter().map(|way| &way.fixes[..]).collect();
            let kept = minimal(&sets);
            let (items, sets, costs) = numbered(net, kept.iter().map(|&at| sets[at]));
            let sets: Vec<&[u32]> = sets.iter().map(Vec::as_slice).collect();
            let Some(packing) = simplex::solve(&sets, &costs, PIVOTS, limits.stop) else {
                return priced;
            };
            if packing.bound() > self.fractional.value() {
                let weights = kept.iter().zip(&packing.weights).filter(|(_, weight)| **weight > 0);
                let ways = weights.map(|(&at, &weight)| (self.ways[at].clone(), weight)).collect();
                self.fractional = Bound::Weights(packing.denominator, ways);
            }
            if self.proved() || !packing.greatest {
                return priced;
            }
            let mut prices = vec![0; net.fix_count()];
            for (&item, &price) in items.iter().zip(&packing.prices) {
                prices[item as usize] = price;
            }
            // What has a price hits the pool; the cheap ones go first.
            let mut order: Vec<u32> =
                items.iter().copied().filter(|&item| prices[item as usize] > 0).collect();
            order.sort_by_key(|&item| (prices[item as usize], item));
            self.offer(&order, &order);
            if self.proved() || !limits.search() {
                return priced;
            }
            let none = BitSet::new(net.fix_count());
            let mut new = false;
            for front in &net.fronts {
                if !limits.search() {
                    return priced;
                }
                let Some(way) = net.derive_at(front, &none, &|fix| prices[fix as usize]) else {
                    continue;
                };
                let paid = way.fixes.iter().map(|&fix| prices[fix as usize]);
                if paid.fold(0, u64::saturating_add) < packing.denominator {
                    let way = match net.from.len() <= SMALL {
                        true => net.shrink(way, front),
                        false => way,
                    };
                    new |= self.add(way);
                }
            }
            if !new {
                return priced;
            }
            priced = true;
        }
        priced
    }

    /// Whole weights on the pool, small ways first.
    fn pack_pool(&mut self) {
        let mut order: Vec<usize> = (0..self.ways.len()).collect();
        order.sort_by_key(|&at| (self.ways[at].fixes.len(), at));
        let mut room = self.net.cost.clone();
        let mut packed = Vec::new();
        for at in order {
            let weight = take(&self.ways[at], &mut room, &mut Vec::new());
            if weight > 0 {
                packed.push((at, weight));
            }
        }
        let sum: u64 = packed.iter().map(|&(_, weight)| weight).sum();
        if sum > self.whole.value() {
            let ways = packed.into_iter().map(|(at, weight)| (self.ways[at].clone(), weight));
            self.whole = Bound::Weights(1, ways.collect());
        }
    }
}

/// Sets in numbers of their own; of items in the same sets only a cheapest one is kept.
fn numbered<'s>(
    net: &Net,
    sets: impl Iterator<Item = &'s [u32]>,
) -> (Vec<u32>, Vec<Vec<u32>>, Vec<u64>) {
    let mut holding: std::collections::BTreeMap<u32, Vec<u32>> = std::collections::BTreeMap::new();
    let mut count = 0;
    for set in sets {
        for &item in set {
            holding.entry(item).or_default().push(count as u32);
        }
        count += 1;
    }
    let mut by_sets: std::collections::BTreeMap<Vec<u32>, u32> = std::collections::BTreeMap::new();
    for (item, sets) in holding {
        let known = by_sets.entry(sets).or_insert(item);
        if net.cost[item as usize] < net.cost[*known as usize] {
            *known = item;
        }
    }
    let mut lists = vec![Vec::new(); count];
    let mut items: Vec<(u32, Vec<u32>)> = by_sets.into_iter().map(|(k, v)| (v, k)).collect();
    items.sort_unstable();
    for (row, (_, sets)) in items.iter().enumerate() {
        for &set in sets {
            lists[set as usize].push(row as u32);
        }
    }
    let costs = items.iter().map(|&(item, _)| net.cost[item as usize]).collect();
    (items.into_iter().map(|(item, _)| item).collect(), lists, costs)
}
