//! Against petgraph and against exhaustive enumeration, on random graphs.

use petgraph::algo::dijkstra;
use petgraph::graph::DiGraph;
use petgraph::visit::Dfs;
use proptest::prelude::*;
use ringfort_graph::{
    BitSet, EdgeId, Graph, GraphBuilder, Kind, NodeId, UNREACHED, easiest, easiest_pairs, ranked,
    reach, reach_pairs,
};

#[derive(Clone, Debug)]
struct Case {
    and: Vec<bool>,
    edges: Vec<(usize, usize, u32)>,
    entries: Vec<usize>,
}

fn case(nodes: usize, edges: usize, with_and: bool) -> impl Strategy<Value = Case> {
    let and = prop::collection::vec(prop::bool::weighted(if with_and { 0.25 } else { 0.0 }), nodes);
    let edges = prop::collection::vec((0..nodes, 0..nodes, 0u32..4), 0..edges);
    let entries = prop::collection::vec(0..nodes, 1..4);
    (and, edges, entries).prop_map(|(and, edges, entries)| Case { and, edges, entries })
}

fn build(case: &Case) -> (Graph, Vec<NodeId>) {
    let mut builder = GraphBuilder::new();
    for &and in &case.and {
        builder.add_node(if and { Kind::And } else { Kind::Or });
    }
    for &(from, to, weight) in &case.edges {
        builder.add_edge(NodeId(from as u32), NodeId(to as u32), weight);
    }
    (builder.build(), case.entries.iter().map(|&at| NodeId(at as u32)).collect())
}

/// Least fixed point of the equations, by repetition: the meaning of the result.
fn costs(case: &Case) -> Vec<u64> {
    let mut cost = vec![UNREACHED; case.and.len()];
    for &entry in &case.entries {
        cost[entry] = 0;
    }
    for _ in 0..=case.and.len() * case.and.len() {
        for node in 0..case.and.len() {
            if case.entries.contains(&node) {
                continue;
            }
            let into = case
                .edges
                .iter()
                .filter(|edge| edge.1 == node)
                .map(|edge| cost[edge.0].checked_add(u64::from(edge.2)).unwrap_or(UNREACHED));
            cost[node] = if case.and[node] {
                let all: Vec<u64> = into.collect();
                if all.is_empty() || all.contains(&UNREACHED) {
                    UNREACHED
                } else {
                    all.iter().sum()
                }
            } else {
                into.min().unwrap_or(UNREACHED)
            };
        }
    }
    cost
}

/// Every simple path from an entry to the target, entries only at its start.
fn simple_paths(case: &Case, target: usize) -> Vec<(u64, Vec<usize>)> {
    let mut found = Vec::new();
    let mut stack: Vec<(Vec<usize>, Vec<usize>, u64)> =
        case.entries.iter().map(|&entry| (vec![entry], Vec::new(), 0)).collect();
    while let Some((nodes, edges, cost)) = stack.pop() {
        let last = *nodes.last().expect("a path has a node");
        if last == target {
            found.push((cost, edges));
            continue;
        }
        for (id, &(from, to, weight)) in case.edges.iter().enumerate() {
            if from == last && !nodes.contains(&to) && !case.entries.contains(&to) {
                let (mut nodes, mut edges) = (nodes.clone(), edges.clone());
                nodes.push(to);
                edges.push(id);
                stack.push((nodes, edges, cost + u64::from(weight)));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

proptest! {
    #[test]
    fn reach_equals_petgraph(case in case(20, 60, false)) {
        let (graph, entries) = build(&case);
        let mut other = DiGraph::<(), u32>::new();
        let nodes: Vec<_> = case.and.iter().map(|_| other.add_node(())).collect();
        for &(from, to, weight) in &case.edges {
            other.add_edge(nodes[from], nodes[to], weight);
        }
        let none = BitSet::new(graph.edge_count());
        let ours = reach(&graph, &entries, &none);
        let best = easiest(&graph, &entries, &none);
        for at in 0..case.and.len() {
            let mut theirs = false;
            let mut cost = UNREACHED;
            for &entry in &case.entries {
                let mut walk = Dfs::new(&other, nodes[entry]);
                while let Some(node) = walk.next(&other) {
                    theirs |= node == nodes[at];
                }
                let from_here = dijkstra(&other, nodes[entry], None, |edge| u64::from(*edge.weight()));
                if let Some(&found) = from_here.get(&nodes[at]) {
                    cost = cost.min(found);
                }
            }
            prop_assert_eq!(ours.contains(at), theirs);
            prop_assert_eq!(best.cost(NodeId(at as u32)), cost);
        }
    }

    #[test]
    fn and_nodes_follow_the_equations(case in case(12, 30, true)) {
        let (graph, entries) = build(&case);
        let none = BitSet::new(graph.edge_count());
        let best = easiest(&graph, &entries, &none);
        let reached = reach(&graph, &entries, &none);
        for (at, cost) in costs(&case).into_iter().enumerate() {
            let node = NodeId(at as u32);
            prop_assert_eq!(best.cost(node), cost);
            prop_assert_eq!(reached.contains(at), cost != UNREACHED);
            if let Some(derivation) = best.derivation(&graph, node) {
                // What a derivation lists suffices to reach its target.
                let mut rest = BitSet::new(graph.edge_count());
                for edge in 0..graph.edge_count() {
                    if !derivation.edges.contains(&EdgeId(edge as u32)) {
                        rest.insert(edge);
                    }
                }
                prop_assert!(reach(&graph, &derivation.entries, &rest).contains(at));
            }
        }
    }

    #[test]
    fn pairs_equal_single_reach(case in case(14, 40, true), blocked in prop::collection::vec(0usize..40, 0..5)) {
        let (graph, _) = build(&case);
        let mut block = BitSet::new(graph.edge_count().max(40));
        for edge in blocked {
            block.insert(edge);
        }
        let all: Vec<NodeId> = (0..case.and.len() as u32).map(NodeId).collect();
        let pairs = reach_pairs(&graph, &all, &all, &block);
        for (entry, &node) in all.iter().enumerate() {
            let alone = reach(&graph, &[node], &block);
            for (target, found) in pairs.iter().enumerate() {
                prop_assert_eq!(found.contains(entry), alone.contains(target));
            }
        }
    }

    #[test]
    fn pairs_of_paths_equal_single_searches(
        mut case in case(14, 60, true),
        plain in prop::bool::ANY,
        heavy in prop::bool::weighted(0.2),
        targets in prop::collection::vec(0usize..14, 1..6),
        threads in 1usize..4,
    ) {
        if plain {
            case.and.fill(false);
        }
        if heavy {
            case.edges.iter_mut().for_each(|edge| edge.2 *= 5_000);
        }
        let (graph, entries) = build(&case);
        let targets: Vec<NodeId> = targets.into_iter().map(|at| NodeId(at as u32)).collect();
        let mut blocked = BitSet::new(graph.edge_count());
        (0..graph.edge_count()).step_by(7).for_each(|edge| _ = blocked.insert(edge));
        let pairs = easiest_pairs(&graph, &entries, &targets, &blocked, threads);
        for (&entry, row) in entries.iter().zip(&pairs) {
            let alone = easiest(&graph, &[entry], &blocked);
            for (&target, found) in targets.iter().zip(row) {
                prop_assert_eq!(found, &alone.derivation(&graph, target));
            }
        }
    }

    #[test]
    fn ranking_equals_enumeration(case in case(7, 14, false), target in 0usize..7) {
        let (graph, entries) = build(&case);
        let none = BitSet::new(graph.edge_count());
        let ours = ranked(&graph, &entries, NodeId(target as u32), &none, 12);
        let theirs = simple_paths(&case, target);
        prop_assert_eq!(ours.len(), theirs.len().min(12));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            prop_assert_eq!(ours.cost, theirs.0);
        }
        let mut distinct: Vec<_> = ours.iter().map(|one| one.edges.clone()).collect();
        distinct.sort();
        distinct.dedup();
        prop_assert_eq!(distinct.len(), ours.len());
        for one in &ours {
            let edges: Vec<usize> = one.edges.iter().map(|edge| edge.index()).collect();
            prop_assert!(theirs.contains(&(one.cost, edges)));
        }
    }
}

#[test]
fn costs_that_double_do_not_overflow() {
    let mut builder = GraphBuilder::new();
    let entry = builder.add_node(Kind::Or);
    let mut last = entry;
    for _ in 0..100 {
        let both = builder.add_node(Kind::And);
        builder.add_edge(last, both, 1);
        builder.add_edge(last, both, 1);
        last = both;
    }
    let graph = builder.build();
    let best = easiest(&graph, &[entry], &BitSet::new(graph.edge_count()));
    let derivation = best.derivation(&graph, last).expect("it is reached");
    assert_eq!((derivation.cost, derivation.edges.len()), (UNREACHED - 1, 200));
}

#[test]
fn a_long_chain_does_not_overflow() {
    let mut builder = GraphBuilder::new();
    let nodes: Vec<NodeId> = (0..200_000).map(|_| builder.add_node(Kind::Or)).collect();
    for pair in nodes.windows(2) {
        builder.add_edge(pair[0], pair[1], 1);
    }
    let graph = builder.build();
    let none = BitSet::new(graph.edge_count());
    let last = *nodes.last().expect("there are nodes");
    let best = easiest(&graph, &nodes[..1], &none);
    assert_eq!(best.cost(last), 199_999);
    assert_eq!(best.derivation(&graph, last).expect("it is reached").edges.len(), 199_999);
}
