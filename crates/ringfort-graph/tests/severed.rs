//! Pairs that are lost without some edges, against the pairs of the graph before and after.

use proptest::prelude::*;
use ringfort_graph::{
    BitSet, EdgeId, Graph, GraphBuilder, Kind, NodeId, Severed, UNREACHED, easiest, easiest_pairs,
    reach_pairs,
};

#[derive(Clone, Debug)]
struct Case {
    and: Vec<bool>,
    edges: Vec<(usize, usize, u32)>,
    entries: Vec<usize>,
    targets: Vec<usize>,
    /// Several questions to one object: what one leaves behind must not show in the next.
    blocked: Vec<Vec<usize>>,
}

fn case(with_and: bool) -> impl Strategy<Value = Case> {
    (3usize..12).prop_flat_map(move |nodes| {
        let weight = if with_and { 0.25 } else { 0.0 };
        let and = prop::collection::vec(prop::bool::weighted(weight), nodes);
        let edges = prop::collection::vec((0..nodes, 0..nodes, 0u32..4), nodes..3 * nodes);
        let entries = prop::collection::vec(0..nodes, 1..5);
        let targets = prop::collection::vec(0..nodes, 1..4);
        (and, edges, entries, targets).prop_flat_map(|(and, edges, entries, targets)| {
            let count = edges.len();
            let one = prop::collection::vec(0..count, 0..4);
            let blocked = prop::collection::vec(one, 1..5);
            let fixed = (Just(and), Just(edges), Just(entries), Just(targets), blocked);
            fixed.prop_map(|(and, edges, entries, targets, blocked)| Case {
                and,
                edges,
                entries,
                targets,
                blocked,
            })
        })
    })
}

fn build(case: &Case) -> Graph {
    let mut builder = GraphBuilder::new();
    for &and in &case.and {
        builder.add_node(if and { Kind::And } else { Kind::Or });
    }
    for &(from, to, weight) in &case.edges {
        builder.add_edge(NodeId(from as u32), NodeId(to as u32), weight);
    }
    builder.build()
}

fn pairs(
    graph: &Graph,
    entries: &[NodeId],
    targets: &[NodeId],
    set: &BitSet,
) -> Vec<(usize, usize)> {
    let rows = reach_pairs(graph, entries, targets, set);
    let all = (0..entries.len()).flat_map(|at| (0..targets.len()).map(move |end| (at, end)));
    all.filter(|&(at, end)| rows[end].contains(at)).collect()
}

fn agrees(case: &Case) -> Result<(), TestCaseError> {
    let graph = build(case);
    let nodes =
        |list: &[usize]| -> Vec<NodeId> { list.iter().map(|&at| NodeId(at as u32)).collect() };
    let (entries, targets) = (nodes(&case.entries), nodes(&case.targets));
    let before = pairs(&graph, &entries, &targets, &BitSet::new(graph.edge_count()));
    let severed = Severed::new(&graph, &entries, &targets);
    prop_assert_eq!(severed.connected(), before.len());
    for (at, &entry) in entries.iter().enumerate() {
        let least = easiest(&graph, &[entry], &BitSet::new(graph.edge_count()));
        for (end, &target) in targets.iter().enumerate() {
            let effort = severed.effort(at, end);
            prop_assert_eq!(effort.is_some(), before.contains(&(at, end)));
            let cost = least.cost(target);
            match graph.has_and() {
                false => prop_assert_eq!(effort.unwrap_or(UNREACHED), cost),
                // What conjuncts share is paid once.
                true => prop_assert!(effort.unwrap_or(UNREACHED) <= cost),
            }
            let none = BitSet::new(graph.edge_count());
            let alone = easiest_pairs(&graph, &[entry], &[target], &none, 1);
            let alone = alone[0][0].as_ref().map(|derivation| derivation.cost);
            prop_assert_eq!(effort, alone);
        }
    }
    let passed = severed.passed();
    for one in &case.blocked {
        let mut set = BitSet::new(graph.edge_count());
        let mut edges: Vec<EdgeId> = one.iter().map(|&edge| EdgeId(edge as u32)).collect();
        edges.sort_unstable();
        edges.dedup();
        for edge in &edges {
            set.insert(edge.index());
        }
        let after = pairs(&graph, &entries, &targets, &set);
        let gone: Vec<(usize, usize)> =
            before.iter().copied().filter(|pair| !after.contains(pair)).collect();
        let most: usize = edges.iter().map(|edge| passed[edge.index()] as usize).sum();
        prop_assert!(gone.len() <= most, "{} of {most}", gone.len());
        prop_assert_eq!(severed.lost(&edges, &mut severed.room()), gone);
        // Where they are gone from the start, the other questions are about what is left.
        let rest = Severed::without(&graph, &entries, &targets, set.clone());
        prop_assert_eq!(rest.connected(), after.len());
        ways_hold(&graph, &rest, &entries, &targets, &set)?;
        for other in &case.blocked {
            let mut both = set.clone();
            let mut more: Vec<EdgeId> = other.iter().map(|&edge| EdgeId(edge as u32)).collect();
            more.sort_unstable();
            more.dedup();
            for edge in &more {
                both.insert(edge.index());
            }
            let left = pairs(&graph, &entries, &targets, &both);
            let gone: Vec<(usize, usize)> =
                after.iter().copied().filter(|pair| !left.contains(pair)).collect();
            prop_assert_eq!(rest.lost(&more, &mut rest.room()), gone);
        }
    }
    Ok(())
}

/// The way of each connected pair connects it by itself, without the edges that are gone.
fn ways_hold(
    graph: &Graph,
    severed: &Severed<'_>,
    entries: &[NodeId],
    targets: &[NodeId],
    gone: &BitSet,
) -> Result<(), TestCaseError> {
    let connected = pairs(graph, entries, targets, gone);
    for at in 0..entries.len() {
        for end in 0..targets.len() {
            let Some(way) = severed.way(at, end) else {
                prop_assert!(!connected.contains(&(at, end)));
                continue;
            };
            let mut others = BitSet::new(graph.edge_count());
            (0..graph.edge_count()).for_each(|edge| _ = others.insert(edge));
            for edge in way {
                prop_assert!(!gone.contains(edge.index()));
                others.remove(edge.index());
            }
            prop_assert!(pairs(graph, entries, targets, &others).contains(&(at, end)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn lost_pairs_are_those_that_are_no_longer_connected(case in case(false)) {
        agrees(&case)?;
    }

    #[test]
    fn lost_pairs_with_conjunctions(case in case(true)) {
        agrees(&case)?;
    }
}
