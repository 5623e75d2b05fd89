//! Necessary nodes and edges, independent ways and layers against their definitions.

use proptest::prelude::*;
use ringfort_graph::cut::Limits;
use ringfort_graph::{
    BitSet, EdgeId, Graph, GraphBuilder, Kind, NodeId, independent_ways, layers, necessary_edges,
    necessary_nodes, reach,
};

#[derive(Clone, Debug)]
struct Case {
    and: Vec<bool>,
    edges: Vec<(usize, usize, bool)>,
    entries: Vec<usize>,
    target: usize,
}

fn case(with_and: f64) -> impl Strategy<Value = Case> {
    (3usize..10).prop_flat_map(move |nodes| {
        let and = prop::collection::vec(prop::bool::weighted(with_and), nodes);
        let edge = (0..nodes, 0..nodes, prop::bool::weighted(0.6));
        let edges = prop::collection::vec(edge, nodes..3 * nodes);
        let entries = prop::collection::vec(0..nodes / 2, 1..3);
        (and, edges, entries, nodes / 2..nodes).prop_map(|(and, edges, entries, target)| Case {
            and,
            edges,
            entries,
            target,
        })
    })
}

impl Case {
    fn build(&self) -> (Graph, Vec<NodeId>, NodeId, BitSet) {
        let mut builder = GraphBuilder::new();
        for &and in &self.and {
            builder.add_node(if and { Kind::And } else { Kind::Or });
        }
        let mut marked = BitSet::new(self.edges.len());
        for (at, &(from, to, mark)) in self.edges.iter().enumerate() {
            builder.add_edge(NodeId(from as u32), NodeId(to as u32), 1);
            if mark {
                marked.insert(at);
            }
        }
        let mut entries: Vec<NodeId> = self.entries.iter().map(|&at| NodeId(at as u32)).collect();
        entries.dedup();
        (builder.build(), entries, NodeId(self.target as u32), marked)
    }
}

fn blocking(graph: &Graph, edges: &[EdgeId]) -> BitSet {
    let mut blocked = BitSet::new(graph.edge_count());
    for edge in edges {
        blocked.insert(edge.index());
    }
    blocked
}

fn only(graph: &Graph, edges: &[EdgeId]) -> BitSet {
    let mut blocked = BitSet::new(graph.edge_count());
    for edge in 0..graph.edge_count() {
        if !edges.contains(&EdgeId(edge as u32)) {
            blocked.insert(edge);
        }
    }
    blocked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn necessary_is_what_nothing_goes_without(case in case(0.2)) {
        let (graph, entries, target, _) = case.build();
        let none = BitSet::new(graph.edge_count());
        let nodes = necessary_nodes(&graph, &entries, target, &none);
        let edges = necessary_edges(&graph, &entries, target, &none);
        prop_assert_eq!(nodes.is_some(), reach(&graph, &entries, &none).contains(target.index()));
        prop_assert_eq!(nodes.is_some(), edges.is_some());
        let (Some(nodes), Some(edges)) = (nodes, edges) else { return Ok(()) };
        for edge in (0..graph.edge_count() as u32).map(EdgeId) {
            let without = reach(&graph, &entries, &blocking(&graph, &[edge]));
            prop_assert_eq!(edges.contains(&edge), !without.contains(target.index()));
        }
        for node in (0..graph.node_count() as u32).map(NodeId) {
            let into = graph.incoming(node);
            let others: Vec<NodeId> = entries.iter().copied().filter(|&e| e != node).collect();
            let without = reach(&graph, &others, &blocking(&graph, into));
            let needed = node == target || !without.contains(target.index());
            prop_assert_eq!(nodes.contains(&node), needed);
        }
    }

    #[test]
    fn independent_ways_are_as_many_as_cut_edges(case in case(0.0)) {
        let (graph, entries, target, cuttable) = case.build();
        let mut stop = || false;
        let found =
            independent_ways(&graph, &entries, &[target], &cuttable, &mut Limits::new(&mut stop));
        match found {
            Err(way) => {
                prop_assert!(way.iter().all(|edge| !cuttable.contains(edge.index())));
                prop_assert!(reach(&graph, &entries, &only(&graph, &way)).contains(target.index()));
            }
            Ok(found) => {
                prop_assert_eq!(found.ways.len(), found.cut.len());
                prop_assert!(found.smallest);
                let after = reach(&graph, &entries, &blocking(&graph, &found.cut));
                prop_assert!(!after.contains(target.index()));
                let mut used = BitSet::new(graph.edge_count());
                for way in &found.ways {
                    let reached = reach(&graph, &entries, &only(&graph, way));
                    prop_assert!(reached.contains(target.index()));
                    for edge in way.iter().filter(|edge| cuttable.contains(edge.index())) {
                        prop_assert!(used.insert(edge.index()));
                    }
                }
            }
        }
    }

    #[test]
    fn each_layer_alone_holds(case in case(0.2)) {
        let (graph, entries, target, guarded) = case.build();
        let none = BitSet::new(graph.edge_count());
        let found = layers(&graph, &entries, target, &guarded);
        let open = reach(&graph, &entries, &none).contains(target.index());
        prop_assert_eq!(found.is_some(), open);
        let Some(found) = found else { return Ok(()) };
        // With all guards up it is derived exactly if there is no layer.
        let closed = !reach(&graph, &entries, &guarded).contains(target.index());
        prop_assert_eq!(closed, !found.is_empty());
        let mut used = BitSet::new(graph.edge_count());
        for layer in &found {
            let after = reach(&graph, &entries, &blocking(&graph, layer));
            prop_assert!(!after.contains(target.index()));
            for edge in layer {
                prop_assert!(guarded.contains(edge.index()) && used.insert(edge.index()));
            }
        }
        if !case.and.contains(&true) {
            // No way takes fewer guarded edges than there are layers, and one takes as many.
            let mut least = vec![usize::MAX; case.and.len()];
            for entry in &entries {
                least[entry.index()] = 0;
            }
            for _ in 0..case.and.len() {
                for &(from, to, guard) in &case.edges {
                    least[to] = least[to].min(least[from].saturating_add(usize::from(guard)));
                }
            }
            prop_assert_eq!(found.len(), least[case.target]);
        }
    }
}
