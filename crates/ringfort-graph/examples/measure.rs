//! Prints seconds for the searches and the solver on large generated graphs. `cargo xtask bench`
//! runs it; nothing is judged here.

use std::fmt;
use std::time::{Duration, Instant};

use ringfort_graph::cut::{Answer, FixId, FixTable, Goal, Limits, Problem, check, solve};
use ringfort_graph::{
    BitSet, Graph, GraphBuilder, Kind, NodeId, easiest, easiest_pairs, reach_pairs,
};

/// splitmix64: the same numbers on every machine.
struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

/// Seconds since a start, and how many of them this thread was running: on a busy machine the
/// second tells more. Without Linux only the first.
struct Watch(Instant, Option<f64>);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), running())
    }
}

fn running() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e9)
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.0.elapsed().as_secs_f64())?;
        match (self.1, running()) {
            (Some(from), Some(to)) => write!(f, " ({:.3} s running)", to - from),
            _ => Ok(()),
        }
    }
}

fn main() {
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("pairs") {
        pairs();
    }
    for (name, shared, ands) in
        [("single", false, false), ("shared", true, false), ("conditions", true, true)]
    {
        if wanted(name) {
            plan(name, shared, ands);
        }
    }
}

/// 100,000 nodes, 500,000 edges, 64 entries, 32 targets.
fn pairs() {
    let mut rng = Rng(1);
    let mut builder = GraphBuilder::new();
    let nodes: Vec<NodeId> = (0..100_000).map(|_| builder.add_node(Kind::Or)).collect();
    for _ in 0..500_000 {
        let (from, to) = (nodes[rng.below(nodes.len())], nodes[rng.below(nodes.len())]);
        builder.add_edge(from, to, 1 + rng.below(10) as u32);
    }
    let graph = builder.build();
    let entries: Vec<NodeId> = (0..64).map(|_| nodes[rng.below(nodes.len())]).collect();
    let targets: Vec<NodeId> = (0..32).map(|_| nodes[rng.below(nodes.len())]).collect();
    let none = BitSet::new(graph.edge_count());
    for threads in [1, 2] {
        let watch = Watch::start();
        let found = easiest_pairs(&graph, &entries, &targets, &none, threads);
        let paths = found.iter().flatten().flatten().count();
        println!(
            "paths: {paths} of {} pairs, {threads} threads: {watch}",
            entries.len() * targets.len()
        );
    }
    let watch = Watch::start();
    let best: Vec<_> = entries.iter().map(|&entry| easiest(&graph, &[entry], &none)).collect();
    println!("paths: one search for each of {} entries: {watch}", best.len());
    let watch = Watch::start();
    let reached = reach_pairs(&graph, &entries, &targets, &none);
    println!("pairs: {} connected: {watch}", reached.iter().map(BitSet::len).sum::<usize>());
}

/// 300,000 nodes in 3,000 groups in 12 zones. Within a group edges cannot be cut; between groups
/// they lead to the next zone and are cut by fixes.
fn plan(name: &str, shared: bool, ands: bool) {
    const GROUPS: usize = 3_000;
    const SIZE: usize = 100;
    const ZONES: usize = 12;
    const FIXES: usize = 20_000;
    let mut rng = Rng(2);
    let mut builder = GraphBuilder::new();
    let mut kinds = Vec::new();
    for at in 0..GROUPS * SIZE {
        let and = ands && at % SIZE > 50 && rng.below(50) == 0;
        kinds.push(and);
        builder.add_node(if and { Kind::And } else { Kind::Or });
    }
    let node = |group: usize, at: usize| NodeId((group * SIZE + at) as u32);
    for group in 0..GROUPS {
        for at in 0..SIZE * 4 {
            let (from, to) = (at % SIZE, rng.below(SIZE));
            // Two conditions for an AND node.
            if !(kinds[group * SIZE + to] && at >= SIZE / 2) {
                builder.add_edge(node(group, from), node(group, to), 1);
            }
        }
    }
    let zone = GROUPS / ZONES;
    let mut pairs = Vec::new();
    let mut fix = 0;
    for group in 0..GROUPS - zone {
        for _ in 0..100 {
            let to = (group / zone + 1) * zone + rng.below(zone);
            let edge = builder.add_edge(node(group, rng.below(SIZE)), node(to, rng.below(50)), 1);
            if shared {
                // A few fixes cut very many edges, most cut some.
                for _ in 0..=rng.below(3) {
                    let limit = if rng.below(4) == 0 { FIXES / 100 } else { FIXES };
                    pairs.push((edge, FixId(rng.below(limit) as u32)));
                }
            } else {
                pairs.push((edge, FixId(fix)));
                fix += 1;
            }
        }
    }
    let graph = builder.build();
    let fixes = if shared { FIXES } else { fix as usize };
    let costs = (0..fixes).map(|_| Some([1, 2, 5, 12][rng.below(4)])).collect();
    let entries: Vec<NodeId> = (0..64).map(|at| node(at * 3, 0)).collect();
    let targets: Vec<NodeId> = (0..32).map(|at| node(GROUPS - 1 - at * 5, 0)).collect();
    let problem = Problem {
        goals: vec![Goal::together(&entries, &targets)],
        fixes_of_edge: FixTable::new(graph.edge_count(), pairs),
        costs,
        graph: &graph,
    };
    report(name, &problem, &graph);
}

fn report(name: &str, problem: &Problem<'_>, graph: &Graph) {
    let size = format!("{} nodes, {} edges", graph.node_count(), graph.edge_count());
    let watch = Watch::start();
    let started = Instant::now();
    let mut stop = || started.elapsed() > Duration::from_secs(15);
    let answer = solve(problem, &mut Limits::new(&mut stop));
    let seconds = watch.to_string();
    match answer {
        Answer::Impossible(found) => {
            println!("plan {name}: {size}: no cut, {} edges: {seconds}", found.edges.len());
        }
        Answer::Cut(solution) => {
            let watch = Watch::start();
            let checked = check(problem, &solution.certificate()).is_ok();
            println!(
                "plan {name}: {size}: {} changes, cost {}, bound {}, {}, gap {}: {seconds}; \
                 checks: {checked} in {watch}",
                solution.fixes.len(),
                solution.cost,
                solution.bound,
                solution.proof.name(),
                solution.gap(),
            );
        }
    }
}
