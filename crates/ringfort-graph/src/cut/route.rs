//! A nearly greatest fractional packing, where a tableau would be too large.
//!
//! Each fix has a price. Again and again weight is routed along the derivations that are cheapest
//! by these prices, as much as their tightest fix costs, and the prices of their fixes rise by
//! what they carry in proportion to their cost (Garg and Könemann, 1998; many derivations for one
//! search after Fleischer, 2000). In the end all weights are scaled down by the worst overload:
//! whatever was routed, and whenever work ends, that is a packing. Weights are whole numbers over
//! one denominator, so that the bound is exact; only the choice of derivations rests on floating
//! point numbers, and on those operations that are the same everywhere.
//!
//! The prices themselves are a fractional cut: on every derivation they sum to at least the least
//! of them. Fixes of a high price are those that a good cut has.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::net::{Front, Net, Way};
use super::problem::Limits;
use crate::set::BitSet;

/// How much prices rise when a fix carries what it costs.
const STEP: f64 = 0.15;

/// Prices above this are scaled down, all together.
const HIGH: f64 = 1e200;

/// Of how little the packing may be short of the greatest for work to end.
const NEAR: f64 = 0.005;

/// A packing: weights over a denominator, and what fixes were worth in the end.
pub(crate) struct Routed {
    pub(crate) denominator: u64,
    pub(crate) ways: Vec<(Way, u64)>,
    /// The price of each fix, as a share of the cheapest derivation's.
    pub(crate) prices: Vec<f64>,
}

/// The nearest number that is no longer whole.
pub(super) fn real(value: u64) -> f64 {
    const HALF: f64 = 4_294_967_296.0;
    f64::from((value >> 32) as u32) * HALF + f64::from(value as u32)
}

/// Routes at most `ways` distinct derivations in at most `rounds` searches.
pub(crate) fn route(
    net: &Net,
    ways: usize,
    rounds: u64,
    limits: &mut Limits<'_>,
) -> Option<Routed> {
    let mut state = State {
        net,
        price: net.cost.iter().map(|&cost| 1.0 / real(cost.max(1))).collect(),
        carried: vec![0; net.fix_count()],
        total: 0,
        known: BTreeMap::new(),
        most: ways,
    };
    let mut free = BitSet::new(net.fix_count());
    for (fix, _) in net.cost.iter().enumerate().filter(|(_, cost)| **cost == 0) {
        free.insert(fix);
    }
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        least = f64::INFINITY;
        for front in &net.fronts {
            if !limits.search() {
                return state.scaled(least);
            }
            let found = match net.has_and {
                false => state.tree(front, &free),
                true => state.single(front, &free),
            };
            least = least.min(found);
        }
        if least.is_infinite() || state.known.len() >= state.most || state.is_near(least) {
            break;
        }
        state.lower();
    }
    state.scaled(least)
}

struct State<'n> {
    net: &'n Net,
    price: Vec<f64>,
    carried: Vec<u64>,
    total: u64,
    /// By fixes: edges and weight.
    known: BTreeMap<Vec<u32>, (Vec<u32>, u64)>,
    most: usize,
}

impl State<'_> {
    fn price_of(&self, edge: u32) -> f64 {
        self.net.fixes.row(edge).iter().map(|&fix| self.price[fix as usize]).sum()
    }

    /// Routes along the tree of cheapest paths from the entries, as long as a path is not much
    /// dearer than the cheapest was; its price.
    fn tree(&mut self, front: &Front, free: &BitSet) -> f64 {
        const NONE: u32 = u32::MAX;
        let net = self.net;
        let mut cost = vec![f64::INFINITY; net.nodes];
        let mut via = vec![NONE; net.nodes];
        let mut settled = BitSet::new(net.nodes);
        let mut heap = BinaryHeap::new();
        // Numbers that are not negative are in the order of their bits.
        for &entry in &front.entries {
            cost[entry as usize] = 0.0;
            heap.push(Reverse((0.0f64.to_bits(), entry)));
        }
        let mut least = f64::INFINITY;
        let mut ends: Vec<u32> = Vec::new();
        while let Some(Reverse((bits, node))) = heap.pop() {
            if !settled.insert(node as usize) {
                continue;
            }
            let spent = f64::from_bits(bits);
            if spent > least * (1.0 + STEP) {
                break;
            }
            if front.is_target.contains(node as usize) {
                least = least.min(spent);
                ends.push(node);
                continue;
            }
            for &edge in net.outgoing.row(node) {
                let end = net.to[edge as usize] as usize;
                let mut fixes = net.fixes.row(edge).iter();
                if settled.contains(end) || fixes.any(|&fix| free.contains(fix as usize)) {
                    continue;
                }
                let reached = spent + self.price_of(edge);
                if reached < cost[end] {
                    cost[end] = reached;
                    via[end] = edge;
                    heap.push(Reverse((reached.to_bits(), end as u32)));
                }
            }
        }
        let limit = least * (1.0 + STEP);
        for end in ends {
            let mut edges = Vec::new();
            let mut node = end;
            while via[node as usize] != NONE {
                edges.push(via[node as usize]);
                node = net.from[via[node as usize] as usize];
            }
            edges.reverse();
            let now: f64 = edges.iter().map(|&edge| self.price_of(edge)).sum();
            if now <= limit {
                self.carry(net.way(edges));
            }
        }
        least
    }

    /// Routes along one cheapest derivation; its price.
    fn single(&mut self, front: &Front, free: &BitSet) -> f64 {
        let top = self.price.iter().copied().fold(0.0, f64::max);
        // Whole prices; a derivation may hold all of them many times over.
        #[expect(clippy::cast_sign_loss, reason = "no price is negative")]
        let whole = |fix: u32| (self.price[fix as usize] / top * 1e12) as u64 + 1;
        let Some(way) = self.net.derive_at(front, free, &whole) else { return f64::INFINITY };
        let price = way.fixes.iter().map(|&fix| self.price[fix as usize]).sum();
        self.carry(way);
        price
    }

    fn carry(&mut self, way: Way) {
        let net = self.net;
        let most = way.fixes.iter().map(|&fix| net.cost[fix as usize]).min().unwrap_or(0);
        if most == 0 || (self.known.len() >= self.most && !self.known.contains_key(&way.fixes)) {
            return;
        }
        for &fix in &way.fixes {
            let fix = fix as usize;
            self.carried[fix] += most;
            self.price[fix] *= 1.0 + STEP * real(most) / real(net.cost[fix]);
        }
        self.total += most;
        self.known.entry(way.fixes).or_insert((way.edges, 0)).1 += most;
    }

    /// Whether no packing is much greater. What the fixes cost by their prices, as a share of the
    /// cheapest derivation's, is above any.
    fn is_near(&self, least: f64) -> bool {
        let all: f64 =
            self.price.iter().zip(&self.net.cost).map(|(price, &cost)| price * real(cost)).sum();
        let (over, cost) = self.worst();
        let reached = real(self.total) * real(cost) / real(over.max(1));
        reached >= all / least * (1.0 - NEAR)
    }

    /// The greatest overload: what a fix carries, and what it costs.
    fn worst(&self) -> (u64, u64) {
        let all = self.carried.iter().zip(&self.net.cost).filter(|(_, cost)| **cost > 0);
        let mut worst = (0, 1);
        for (&carried, &cost) in all {
            if u128::from(carried) * u128::from(worst.1) > u128::from(worst.0) * u128::from(cost) {
                worst = (carried, cost);
            }
        }
        worst
    }

    fn lower(&mut self) {
        if self.price.iter().any(|&price| price > HIGH) {
            self.price.iter_mut().for_each(|price| *price /= HIGH);
        }
    }

    /// Weights that overload no fix, each as great as what the others leave.
    fn scaled(self, least: f64) -> Option<Routed> {
        let (denominator, by) = self.worst();
        if denominator == 0 {
            return None;
        }
        let mut room: Vec<u64> = Vec::with_capacity(self.carried.len());
        for (&carried, &cost) in self.carried.iter().zip(&self.net.cost) {
            room.push(cost.checked_mul(denominator)?.checked_sub(carried.checked_mul(by)?)?);
        }
        let mut ways = Vec::with_capacity(self.known.len());
        for (fixes, (edges, weight)) in self.known {
            let more = fixes.iter().map(|&fix| room[fix as usize]).min().unwrap_or(0);
            for &fix in &fixes {
                room[fix as usize] -= more;
            }
            let weight = weight.checked_mul(by)?.checked_add(more)?;
            ways.push((Way { fixes, edges }, weight));
        }
        let prices = self.price.iter().map(|price| price / least).collect();
        Some(Routed { denominator, ways, prices })
    }
}

#[cfg(test)]
mod tests {
    use super::super::local::Local;
    use super::super::problem::{FixId, FixTable, Problem};
    use super::super::prune::{dearest_first, prune};
    use super::*;
    use crate::graph::{EdgeId, Graph, GraphBuilder, Kind, NodeId};
    use crate::reach::reach;

    /// Numbers that are the same in every run.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as usize % limit
        }
    }

    /// A graph of nine nodes and up to ten fixes, some of them shared; some with AND nodes.
    fn case(seed: u64) -> (Graph, Vec<(EdgeId, FixId)>, Vec<Option<u32>>) {
        let mut draw = Draw(seed);
        let with_and = seed.is_multiple_of(3);
        let mut builder = GraphBuilder::new();
        for node in 0..9 {
            let and = with_and && (3..6).contains(&node) && draw.below(3) == 0;
            builder.add_node(if and { Kind::And } else { Kind::Or });
        }
        let fixes = 2 + draw.below(9);
        let mut pairs = Vec::new();
        for _ in 0..12 + draw.below(10) {
            let (from, to) = (draw.below(7), 2 + draw.below(7));
            let edge = builder.add_edge(NodeId(from as u32), NodeId(to as u32), 1);
            for _ in 0..=draw.below(3) {
                pairs.push((edge, FixId(draw.below(fixes) as u32)));
            }
        }
        let costs = (0..fixes).map(|_| Some(draw.below(7) as u32)).collect();
        (builder.build(), pairs, costs)
    }

    /// The cheapest choice of all.
    fn cheapest(problem: &Problem<'_>) -> u64 {
        let fixes = problem.costs.len();
        let cuts = |choice: u32| {
            let of: Vec<FixId> =
                (0..fixes as u32).filter(|fix| choice & (1 << fix) != 0).map(FixId).collect();
            let blocked = problem.blocked_by(&of);
            let apart = problem.goals.iter().all(|goal| {
                let reached = reach(problem.graph, &goal.entries, &blocked);
                goal.targets.iter().all(|target| !reached.contains(target.index()))
            });
            let cost = || of.iter().filter_map(|&fix| problem.cost(fix)).map(u64::from).sum();
            apart.then(cost)
        };
        (0..1u32 << fixes).filter_map(cuts).min().expect("all of them are a cut")
    }

    #[test]
    fn packings_overload_nothing_and_cuts_get_no_dearer() {
        let mut told = 0;
        for seed in 0..3_000 {
            let (graph, pairs, costs) = case(seed);
            let goals = vec![
                super::super::Goal::together(&[NodeId(0)], &[NodeId(7), NodeId(8)]),
                super::super::Goal::together(&[NodeId(0), NodeId(1)], &[NodeId(8)]),
            ];
            let fixes_of_edge = FixTable::new(graph.edge_count(), pairs);
            let problem = Problem { graph: &graph, goals, fixes_of_edge, costs };
            let net = Net::new(&problem);
            let best = cheapest(&problem);
            let mut stop = || false;
            let mut limits = Limits::new(&mut stop);
            let every: Vec<u32> = (0..net.fix_count() as u32).collect();
            let mut worth = vec![0.5; net.fix_count()];
            if let Some(routed) = route(&net, 100, 60, &mut limits) {
                for fix in 0..net.fix_count() as u32 {
                    let ways = routed.ways.iter().filter(|(way, _)| way.fixes.contains(&fix));
                    let carried: u64 = ways.map(|(_, weight)| weight).sum();
                    assert!(carried <= net.cost[fix as usize] * routed.denominator, "{seed}");
                }
                for (way, _) in &routed.ways {
                    assert_eq!(net.way(way.edges.clone()).fixes, way.fixes, "{seed}");
                }
                let sum: u64 = routed.ways.iter().map(|(_, weight)| weight).sum();
                assert!(sum.div_ceil(routed.denominator) <= best, "{seed}");
                assert!(routed.prices.iter().all(|price| *price >= 0.0), "{seed}");
                worth = routed.prices;
                told += 1;
            }
            let cut = prune(&net, &every, &every).expect("all of them are a cut");
            let before = net.cost_of(&cut);
            let mut local = Local::new(worth);
            let mut after = local.improved(&net, (cut, 0), 5, &mut limits);
            after = local.improved(&net, (after, 0), 40, &mut limits);
            let cost = net.cost_of(&after);
            assert!(best <= cost && cost <= before, "{seed}: {best} {cost} {before}");
            let order = dearest_first(&net, &after);
            assert_eq!(prune(&net, &after, &order), Some(after), "{seed}: it is minimal");
        }
        assert!(told > 1_000, "{told}");
    }

    #[test]
    fn the_packing_comes_near_to_the_greatest() {
        // All pairs of five: halves of each edge's weight give 2.5, whole ones 2.
        let mut builder = GraphBuilder::new();
        let (entry, target) = (builder.add_node(Kind::Or), builder.add_node(Kind::Or));
        let mut pairs = Vec::new();
        for a in 0..5 {
            for b in a + 1..5 {
                let edge = builder.add_edge(entry, target, 1);
                pairs.extend([(edge, FixId(a)), (edge, FixId(b))]);
            }
        }
        let graph = builder.build();
        let problem = Problem {
            graph: &graph,
            goals: vec![super::super::Goal::together(&[entry], &[target])],
            fixes_of_edge: FixTable::new(graph.edge_count(), pairs),
            costs: vec![Some(100); 5],
        };
        let net = Net::new(&problem);
        let mut stop = || false;
        let routed = route(&net, 100, 10_000, &mut Limits::new(&mut stop)).expect("a packing");
        let sum: u64 = routed.ways.iter().map(|(_, weight)| weight).sum();
        let bound = sum.div_ceil(routed.denominator);
        assert!((248..=250).contains(&bound), "{bound}");
        // Of few searches little is known, and it is a packing all the same.
        let few = route(&net, 100, 1, &mut Limits::new(&mut stop)).expect("a packing");
        let sum: u64 = few.ways.iter().map(|(_, weight)| weight).sum();
        assert!(sum.div_ceil(few.denominator) <= 250);
    }
}
