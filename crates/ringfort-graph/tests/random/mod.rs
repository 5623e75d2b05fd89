//! Random problems that are small enough to try every choice of fixes.

#![allow(dead_code)]

use proptest::prelude::*;
use ringfort_graph::cut::{Answer, FixId, FixTable, Goal, Limits, Problem, solve};
use ringfort_graph::{EdgeId, Graph, GraphBuilder, Kind, NodeId};

/// A random problem.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) and: Vec<bool>,
    pub(crate) edges: Vec<(usize, usize, Vec<usize>)>,
    pub(crate) costs: Vec<Option<u32>>,
    pub(crate) entries: Vec<usize>,
    pub(crate) targets: Vec<usize>,
    pub(crate) goals: Shape,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Together,
    Each,
    Crossed,
}

/// Graphs of up to 9 nodes; `shared`: fixes cut many edges and edges have several fixes.
pub(crate) fn case(shared: bool) -> impl Strategy<Value = Case> {
    (3usize..10, 1usize..15, 0.0..0.3f64).prop_flat_map(move |(nodes, fixes, with_and)| {
        let with_and = if shared && with_and > 0.1 { with_and } else { 0.0 };
        let and = prop::collection::vec(prop::bool::weighted(with_and), nodes);
        let labels = match shared {
            true => prop::collection::vec(0..fixes, 0..4).boxed(),
            false => Just(Vec::new()).boxed(),
        };
        let edge = (0..nodes, 0..nodes, labels);
        let edges = prop::collection::vec(edge, nodes..3 * nodes);
        let cost = prop_oneof![1 => Just(None), 14 => (0u32..7).prop_map(Some)];
        let costs = prop::collection::vec(cost, fixes);
        let entries = prop::collection::vec(0..nodes.div_ceil(2), 1..4);
        let targets = prop::collection::vec(nodes / 2..nodes, 1..4);
        let places = prop::collection::vec(0usize..3 * nodes, fixes);
        let goals = prop_oneof![
            3 => Just(Shape::Together),
            2 => Just(Shape::Each),
            u32::from(shared) => Just(Shape::Crossed),
        ];
        (and, edges, costs, entries, targets, goals, places).prop_map(
            move |(and, mut edges, costs, entries, targets, goals, places)| {
                if !shared {
                    // Each fix cuts one edge of its own.
                    let count = edges.len();
                    for (fix, place) in places.into_iter().enumerate() {
                        let edge = &mut edges[place % count];
                        edge.2 = vec![fix];
                    }
                }
                Case { and, edges, costs, entries, targets, goals }
            },
        )
    })
}

pub(crate) fn nodes(list: &[usize]) -> Vec<NodeId> {
    list.iter().map(|&at| NodeId(at as u32)).collect()
}

impl Case {
    pub(crate) fn graph(&self) -> Graph {
        let mut builder = GraphBuilder::new();
        for &and in &self.and {
            builder.add_node(if and { Kind::And } else { Kind::Or });
        }
        for &(from, to, _) in &self.edges {
            builder.add_edge(NodeId(from as u32), NodeId(to as u32), 1);
        }
        builder.build()
    }

    pub(crate) fn goals(&self) -> Vec<Goal> {
        let (entries, targets) = (nodes(&self.entries), nodes(&self.targets));
        match self.goals {
            Shape::Together => vec![Goal::together(&entries, &targets)],
            Shape::Each => Goal::each(&entries, &targets),
            Shape::Crossed => {
                let pairs = entries.iter().zip(&targets);
                pairs.map(|(&entry, &target)| Goal::together(&[entry], &[target])).collect()
            }
        }
    }

    pub(crate) fn problem<'g>(&self, graph: &'g Graph) -> Problem<'g> {
        let pairs = self.edges.iter().enumerate().flat_map(|(edge, (_, _, fixes))| {
            fixes.iter().map(move |&fix| (EdgeId(edge as u32), FixId(fix as u32)))
        });
        Problem {
            graph,
            goals: self.goals(),
            fixes_of_edge: FixTable::new(self.edges.len(), pairs),
            costs: self.costs.clone(),
        }
    }

    /// Whether some goal has a derivation with these fixes made, by repetition.
    pub(crate) fn connected(&self, goals: &[Goal], masks: &[u32], fixes: u32) -> bool {
        goals.iter().any(|goal| {
            let start = goal.entries.iter().fold(0u32, |held, node| held | 1 << node.0);
            let ends = goal.targets.iter().fold(0u32, |held, node| held | 1 << node.0);
            let mut held = start;
            loop {
                let mut conditions = [(0u8, 0u8); 16];
                for (&(from, to, _), &mask) in self.edges.iter().zip(masks) {
                    conditions[to].0 += 1;
                    conditions[to].1 += u8::from(mask & fixes == 0 && held & (1 << from) != 0);
                }
                let mut next = held;
                for (node, &and) in self.and.iter().enumerate() {
                    let (all, open) = conditions[node];
                    if open > 0 && (!and || open == all) {
                        next |= 1 << node;
                    }
                }
                if next == held {
                    return held & ends != 0;
                }
                held = next;
            }
        })
    }

    /// The cost of a cheapest cut, by trying every choice.
    pub(crate) fn cheapest(&self) -> Option<u64> {
        let goals = self.goals();
        let masks: Vec<u32> = self
            .edges
            .iter()
            .map(|(_, _, fixes)| fixes.iter().fold(0, |mask, &fix| mask | 1 << fix))
            .collect();
        let mut best: Option<u64> = None;
        'choices: for choice in 0..1u32 << self.costs.len() {
            let mut cost = 0;
            for (fix, one) in self.costs.iter().enumerate() {
                if choice & (1 << fix) != 0 {
                    let Some(one) = one else { continue 'choices };
                    cost += u64::from(*one);
                }
            }
            if best.is_none_or(|best| cost < best) && !self.connected(&goals, &masks, choice) {
                best = Some(cost);
            }
        }
        best
    }
}

pub(crate) fn run(problem: &Problem<'_>, searches: u64, branches: u64) -> Answer {
    solve(problem, &mut Limits { searches, branches, stop: &mut || false })
}
