//! Fixes that are chosen one after the other, for the curve.
//!
//! Each step takes the fix that cuts most pairs. A fix cuts a pair by itself only if it is on
//! every derivation, hence on the one that is known of it: what it cuts is asked ([`Severed`])
//! only while it might be more than the best so far. Where several fixes together cut more pairs
//! for each of them, or the fewest that cut any, they are taken: those that close one pair, a fix on
//! each derivation that is left of it. Where nothing cuts a pair, the fix is taken that is on most
//! of the derivations that are known, those of pairs that are nearly cut first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use super::apart::Apart;
use super::counted::{Counter, Left};
use super::hitting::cheapest;
use super::leave::Bounds;
use super::problem::{FixId, Limits};
use crate::graph::{EdgeId, NodeId};
use crate::set::BitSet;
use crate::severed::{Room, Severed};

/// Nodes of the trees that one step may keep. Targets beyond that are not asked about when a fix
/// is chosen; what it leaves is counted all the same.
const TREES: usize = 20_000_000;

/// Of fixes that cut as many pairs, those whose goals and targets are compared.
const TIED: usize = 16;

/// Pairs that one step tries to close.
const CLOSED: usize = 64;

/// Derivations that are met for one of them, and branches of each search for what hits them.
const ROUNDS: usize = 48;

const BRANCHES: u64 = 200;

/// What a fix costs there, so that fewer are always cheaper.
const ONE: u64 = 1 << 32;

/// Edges that it may look at for that.
const VISITS: u64 = 2_000_000;

/// A pair's share of what a fix is worth is a fraction of this.
const UNIT: u64 = 720_720;

/// What is worth more comes first: on derivations of more pairs, then cheaper.
type Rank = (Reverse<u64>, u64, FixId);

/// What several fixes must have to be taken together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Most pairs for each fix.
    Most,
    /// Some pairs, with fewest fixes.
    Soonest,
}

/// A number of pairs that fixes cut, and the fixes.
type Cut = (usize, Vec<FixId>);

/// What was found after some fixes, for walks that choose from the same: by number of further
/// fixes those that cut most, together.
#[derive(Default)]
pub(super) struct Closings(BTreeMap<Vec<FixId>, BTreeMap<usize, Cut>>);

impl Wanted {
    fn better(self, one: &Cut, other: &Cut) -> bool {
        // Pairs for each fix, by cross products.
        let rate = (one.0 * other.1.len()).cmp(&(other.0 * one.1.len()));
        let fewer = other.1.len().cmp(&one.1.len());
        let some = (one.0 > 0).cmp(&(other.0 > 0));
        match self {
            Self::Most => rate.then(fewer),
            Self::Soonest => some.then(fewer).then(rate),
        }
        .is_gt()
    }
}

pub(super) struct Walk<'c, 'n> {
    counter: &'c Counter<'n>,
    bounds: &'c Bounds,
    candidates: &'c BTreeSet<FixId>,
    wanted: Wanted,
    apart: Apart<'n>,
    chosen: Vec<FixId>,
    blocked: BitSet,
    /// Positions of the pairs that are connected.
    open: Vec<u32>,
    /// The known derivations that are hit.
    hit: Vec<bool>,
    /// What comes next, with the pairs that are connected then.
    planned: VecDeque<(FixId, Vec<u32>)>,
    /// By number of fixes the best that was met on the way.
    met: BTreeMap<usize, Left>,
    /// Whether no single fix leaves fewer pairs than the one that was met.
    sure: bool,
}

impl<'c, 'n> Walk<'c, 'n> {
    pub(super) fn new(
        counter: &'c Counter<'n>,
        bounds: &'c Bounds,
        candidates: &'c BTreeSet<FixId>,
        wanted: Wanted,
    ) -> Self {
        Self {
            counter,
            bounds,
            candidates,
            wanted,
            apart: Apart::new(counter.net),
            chosen: Vec::new(),
            blocked: BitSet::new(counter.graph.edge_count()),
            open: (0..counter.pairs.len() as u32).collect(),
            hit: vec![false; bounds.ways.len()],
            planned: VecDeque::new(),
            met: BTreeMap::new(),
            sure: false,
        }
    }

    /// The best set of one fix more than before, where at most so many more may be taken.
    pub(super) fn step(
        &mut self,
        most: usize,
        closings: &mut Closings,
        limits: &mut Limits<'_>,
    ) -> Option<Left> {
        if self.planned.is_empty() {
            self.plan(most, closings, limits);
        }
        let (fix, open) = self.planned.pop_front()?;
        self.chosen.push(fix);
        for edge in self.counter.edges_of(fix) {
            self.blocked.insert(edge.index());
        }
        for (fixes, hit) in self.bounds.ways.iter().zip(&mut self.hit) {
            *hit |= fixes.binary_search(&fix).is_ok();
        }
        self.open = open;
        let left = self.counter.left(&self.chosen, self.open.clone());
        self.meet(left);
        self.met.remove(&self.chosen.len())
    }

    /// Whether no single candidate leaves fewer pairs than the first step.
    pub(super) fn is_sure(&self) -> bool {
        self.sure
    }

    fn meet(&mut self, left: Left) {
        let count = left.fixes.len();
        if self.met.get(&count).is_none_or(|known| left.key() < known.key()) {
            self.met.insert(count, left);
        }
    }

    /// Decides what comes next.
    fn plan(&mut self, most: usize, closings: &mut Closings, limits: &mut Limits<'_>) {
        let free: BTreeSet<FixId> =
            self.candidates.iter().copied().filter(|fix| !self.chosen.contains(fix)).collect();
        let worth = self.worth();
        let counter = self.counter;
        let rank = |fix: FixId| -> Rank {
            (Reverse(worth.get(&fix).copied().unwrap_or(0)), counter.cost(fix), fix)
        };
        let Some(first) = free.iter().copied().min_by_key(|&fix| rank(fix)) else { return };
        if !self.chosen.is_empty() && !limits.search() {
            self.take(&[first], None);
            return;
        }
        let judge = Judge::new(counter, &self.open, self.blocked.clone());
        let (lost, mut tied, sure) = judge.best(&free, limits);
        self.sure |= self.chosen.is_empty() && sure;
        tied.sort_by_key(|&fix| rank(fix));
        tied.truncate(TIED);
        let of_tied = tied.into_iter().min_by_key(|&fix| {
            let left = counter.left(&[], judge.left(counter.edges_of(fix)));
            (left.goals, left.targets, rank(fix))
        });
        // By number of fixes what cuts most.
        let mut of_size = match closings.0.remove(&self.chosen) {
            Some(known) => known,
            None => {
                let mut ranked: Vec<Rank> = free.iter().map(|&fix| rank(fix)).collect();
                ranked.sort_unstable();
                let order = ranked.into_iter().zip(0..);
                let order = order.map(|((_, _, fix), at)| (fix, at)).collect();
                let found = self.together(&judge, most, &order, limits);
                closings.0.insert(self.chosen.clone(), found.clone());
                found
            }
        };
        of_size.insert(1, (lost, vec![of_tied.unwrap_or(first)]));
        let known = judge.whole.then_some(&judge);
        let mut best: Option<Cut> = None;
        for cut in of_size.into_values() {
            let all: Vec<FixId> = self.chosen.iter().chain(&cut.1).copied().collect();
            let open = self.open_after(&cut.1, known);
            self.meet(counter.left(&all, open));
            if best.as_ref().is_none_or(|best| self.wanted.better(&cut, best)) {
                best = Some(cut);
            }
        }
        self.take(&best.map_or_else(|| vec![first], |cut| cut.1), known);
    }

    /// The pairs that are connected after some more fixes.
    fn open_after(&self, fixes: &[FixId], judge: Option<&Judge<'_, '_>>) -> Vec<u32> {
        let edges = self.counter.edges_of_all(fixes);
        if let Some(judge) = judge {
            return judge.left(&edges);
        }
        let mut blocked = self.blocked.clone();
        for edge in edges {
            blocked.insert(edge.index());
        }
        self.counter.open(&blocked)
    }

    /// Plans some fixes in their order.
    fn take(&mut self, fixes: &[FixId], judge: Option<&Judge<'_, '_>>) {
        for count in 1..=fixes.len() {
            let open = self.open_after(&fixes[..count], judge);
            self.planned.push_back((fixes[count - 1], open));
        }
    }

    /// The known derivations of a pair that are not hit.
    fn left_of(&self, pair: (u32, u32)) -> impl Iterator<Item = u32> + '_ {
        let ways = self.bounds.of_pair.get(&pair).into_iter().flatten().copied();
        ways.filter(|&way| !self.hit[way as usize])
    }

    /// The pairs of entry and target that are connected, ascending.
    fn open_pairs(&self) -> Vec<(u32, u32)> {
        let ends = self.open.iter().map(|&at| self.counter.pairs[at as usize]);
        let mut pairs: Vec<(u32, u32)> = ends.map(|pair| (pair.entry, pair.target)).collect();
        pairs.dedup();
        pairs
    }

    /// What each fix is worth: for each connected pair the more, the fewer derivations are known
    /// to be left of it.
    fn worth(&self) -> BTreeMap<FixId, u64> {
        let mut of_way: BTreeMap<u32, u64> = BTreeMap::new();
        for pair in self.open_pairs() {
            let ways: Vec<u32> = self.left_of(pair).collect();
            let share = UNIT / (ways.len() as u64).pow(2).max(1);
            for way in ways {
                *of_way.entry(way).or_default() += share;
            }
        }
        let mut worth: BTreeMap<FixId, u64> = BTreeMap::new();
        for (way, share) in of_way {
            for &fix in &self.bounds.ways[way as usize] {
                *worth.entry(fix).or_default() += share;
            }
        }
        worth
    }

    /// By number those of several fixes that cut most pairs, where they close some pair together.
    fn together(
        &mut self,
        judge: &Judge<'_, '_>,
        most: usize,
        order: &BTreeMap<FixId, u64>,
        limits: &mut Limits<'_>,
    ) -> BTreeMap<usize, Cut> {
        let mut room = judge.severed.room();
        let mut of_size: BTreeMap<usize, Cut> = BTreeMap::new();
        for fixes in self.closing(most, order, limits) {
            let lost = judge.lost(&self.counter.edges_of_all(&fixes), &mut room);
            let known = of_size.entry(fixes.len()).or_default();
            if lost > known.0 {
                *known = (lost, fixes);
            }
        }
        of_size.retain(|_, cut| !cut.1.is_empty());
        of_size
    }

    /// For some pairs, those of fewest derivations first, several fixes that close it.
    fn closing(
        &mut self,
        most: usize,
        order: &BTreeMap<FixId, u64>,
        limits: &mut Limits<'_>,
    ) -> BTreeSet<Vec<FixId>> {
        let mut nearest: BTreeMap<(usize, Vec<u32>), (u32, u32)> = BTreeMap::new();
        for pair in self.open_pairs() {
            let ways: Vec<u32> = self.left_of(pair).collect();
            if ways.len() <= most {
                nearest.entry((ways.len(), ways)).or_insert(pair);
            }
        }
        // What is ahead is looked for once for each target.
        let mut pairs: Vec<(u32, u32)> = nearest.into_values().take(CLOSED).collect();
        pairs.sort_unstable_by_key(|&(entry, target)| (target, entry));
        let mut found = BTreeSet::new();
        let end = self.apart.looked() + VISITS;
        for pair in pairs {
            if (limits.stop)() || self.apart.looked() > end {
                break;
            }
            found.extend(self.closed(pair, most, order).filter(|fixes| fixes.len() > 1));
        }
        found
    }

    /// At most so many of the free fixes that cut a pair, fewest and then what is worth most; best
    /// first. Derivations are met while those that are known are hit.
    fn closed(
        &mut self,
        (entry, target): (u32, u32),
        most: usize,
        order: &BTreeMap<FixId, u64>,
    ) -> Option<Vec<FixId>> {
        let counter = self.counter;
        let (start, end) = (counter.entries[entry as usize].0, counter.targets[target as usize].0);
        let mut known = Known::default();
        for way in self.left_of((entry, target)) {
            known.add(&self.bounds.ways[way as usize], order)?;
        }
        for _ in 0..ROUNDS {
            let mut fixes = known.hit();
            if fixes.len() > most {
                return None;
            }
            let mut blocked = self.blocked.clone();
            for edge in counter.edges_of_all(&fixes) {
                blocked.insert(edge.index());
            }
            let is_open = |edge: u32| !blocked.contains(edge as usize);
            self.apart.begin(end);
            // What is missed shows when it is asked what the fixes cut.
            let Some(way) = self.apart.next(start, end, is_open, counter.net.has_and) else {
                fixes.sort_by_key(|fix| order[fix]);
                return Some(fixes);
            };
            let edges: Vec<EdgeId> = way.edges.into_iter().map(EdgeId).collect();
            known.add(&counter.fixes_on(&edges), order)?;
        }
        None
    }
}

/// The fixes of derivations, in numbers of their own.
#[derive(Default)]
struct Known {
    fixes: Vec<FixId>,
    numbers: BTreeMap<FixId, u32>,
    costs: Vec<u64>,
    ways: Vec<Vec<u32>>,
}

impl Known {
    /// Adds those of a derivation that are in the order; there must be one.
    fn add(&mut self, fixes: &[FixId], order: &BTreeMap<FixId, u64>) -> Option<()> {
        let mut way = Vec::new();
        for fix in fixes {
            let Some(at) = order.get(fix) else { continue };
            let next = self.fixes.len() as u32;
            let number = *self.numbers.entry(*fix).or_insert(next);
            if number == next {
                self.fixes.push(*fix);
                self.costs.push(ONE + at);
            }
            way.push(number);
        }
        way.sort_unstable();
        let some = (!way.is_empty()).then_some(());
        self.ways.push(way);
        some
    }

    /// Few fixes that hit all of them.
    fn hit(&self) -> Vec<FixId> {
        let sets: Vec<&[u32]> = self.ways.iter().map(Vec::as_slice).collect();
        let hit = cheapest(&sets, &self.costs, &mut BRANCHES.clone(), &mut || false);
        hit.items.into_iter().map(|number| self.fixes[number as usize]).collect()
    }
}

/// What fixes would cut of the pairs that are connected.
pub(super) struct Judge<'c, 'n> {
    counter: &'c Counter<'n>,
    pub(super) severed: Severed<'c>,
    open: Vec<u32>,
    /// For an entry and a target, by their positions, the pairs of `open` that they stand for.
    pairs: BTreeMap<(usize, usize), Range<usize>>,
    /// Whether all pairs are asked about.
    pub(super) whole: bool,
}

impl<'c, 'n> Judge<'c, 'n> {
    pub(super) fn new(counter: &'c Counter<'n>, open: &[u32], blocked: BitSet) -> Self {
        let pair = |at: usize| counter.pairs[open[at] as usize];
        let mut targets: Vec<u32> = (0..open.len()).map(|at| pair(at).target).collect();
        targets.sort_unstable();
        targets.dedup();
        let most = (TREES / counter.graph.node_count().max(1)).max(1);
        let whole = targets.len() <= most;
        targets.truncate(most);
        let mut entries: Vec<u32> = (0..open.len()).map(|at| pair(at).entry).collect();
        entries.dedup();
        let mut pairs: BTreeMap<(usize, usize), Range<usize>> = BTreeMap::new();
        for at in 0..open.len() {
            let ends =
                (entries.binary_search(&pair(at).entry), targets.binary_search(&pair(at).target));
            if let (Ok(entry), Ok(target)) = ends {
                pairs.entry((entry, target)).or_insert(at..at).end = at + 1;
            }
        }
        let nodes = |list: &[NodeId], of: &[u32]| -> Vec<NodeId> {
            of.iter().map(|&at| list[at as usize]).collect()
        };
        let (starts, ends) = (nodes(&counter.entries, &entries), nodes(&counter.targets, &targets));
        let severed = Severed::without(&counter.graph, &starts, &ends, blocked);
        Self { counter, severed, open: open.to_vec(), pairs, whole }
    }

    /// For each fix the number of pairs whose known derivation it cuts.
    fn most(&self) -> BTreeMap<FixId, usize> {
        let mut most: BTreeMap<FixId, usize> = BTreeMap::new();
        for (&(entry, target), pairs) in &self.pairs {
            let way = self.severed.way(entry, target).unwrap_or_default();
            for fix in self.counter.fixes_on(&way) {
                *most.entry(fix).or_default() += pairs.len();
            }
        }
        most
    }

    /// How many pairs a fix cuts at the most, those of some fixes that do, none if no fix cuts
    /// any, and whether that is certain.
    pub(super) fn best(
        &self,
        fixes: &BTreeSet<FixId>,
        limits: &mut Limits<'_>,
    ) -> (usize, Vec<FixId>, bool) {
        let mut order: Vec<(Reverse<usize>, FixId)> =
            self.most().into_iter().map(|(fix, most)| (Reverse(most), fix)).collect();
        order.retain(|(_, fix)| fixes.contains(fix));
        order.sort_unstable();
        let mut room = self.severed.room();
        let (mut best, mut tied) = (0, Vec::new());
        for (Reverse(most), fix) in order {
            if most < best {
                break;
            }
            if (limits.stop)() {
                return (best, tied, false);
            }
            let lost = self.lost(self.counter.edges_of(fix), &mut room);
            if lost > best {
                tied.clear();
                best = lost;
            }
            if lost == best && lost > 0 {
                tied.push(fix);
            }
        }
        (best, tied, self.whole)
    }

    /// How many pairs are cut without some edges.
    pub(super) fn lost(&self, edges: &[EdgeId], room: &mut Room) -> usize {
        let lost = self.severed.lost(edges, room);
        lost.iter().filter_map(|pair| self.pairs.get(pair)).map(Range::len).sum()
    }

    /// The pairs that are then left.
    fn left(&self, edges: &[EdgeId]) -> Vec<u32> {
        let mut gone = BitSet::new(self.open.len());
        let lost = self.severed.lost(edges, &mut self.severed.room());
        for at in lost.iter().filter_map(|pair| self.pairs.get(pair)).cloned().flatten() {
            gone.insert(at);
        }
        let kept = (0..self.open.len()).filter(|&at| !gone.contains(at));
        kept.map(|at| self.open[at]).collect()
    }
}
