//! What every way passes, how many ways are independent, and how many barriers stand in one.
//!
//! Three questions about one set of entries and one target, each with its dual:
//!
//! - *What must be passed?* A node or edge is necessary if without it the target is not
//!   derived. Without AND nodes these are the dominators. They all lie on any one derivation, so
//!   trying those is exact, with AND nodes too.
//! - *How many ways have no edge in common?* As many as the least number of edges that cut all
//!   of them (Menger). A choke point is an answer of one.
//! - *How many barriers stand in the way?* Some edges are guarded: a control has to fail before
//!   they may be taken. The easiest derivation by guarded edges says how many must fail, and
//!   that is also how many layers there are, disjoint sets of guarded edges each of which alone
//!   holds the target off: layer `i` are the guarded edges that leave what `i` failures reach
//!   (the lengths and cuts of Robacker and Fulkerson). At an AND node the dearest condition
//!   counts, which keeps every layer a cut.

use std::collections::VecDeque;

use crate::cut::{Answer, FixId, FixTable, Goal, Limits, Problem, Proof, solve};
use crate::easiest::easiest;
use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::reach::reach;
use crate::set::BitSet;

/// Nodes without which the target is not derived, in the order of a derivation, the target
/// last; `None` if it is not derived at all. Entries count where the others do not suffice.
#[must_use]
pub fn necessary_nodes(
    graph: &Graph,
    entries: &[NodeId],
    target: NodeId,
    blocked: &BitSet,
) -> Option<Vec<NodeId>> {
    let derivation = easiest(graph, entries, blocked).derivation(graph, target)?;
    let mut nodes = derivation.nodes(graph);
    nodes.retain(|&node| {
        let others: Vec<NodeId> = entries.iter().copied().filter(|&one| one != node).collect();
        let mut without = blocked.clone();
        for &edge in graph.incoming(node) {
            without.insert(edge.index());
        }
        node == target || !reach(graph, &others, &without).contains(target.index())
    });
    Some(nodes)
}

/// Edges without which the target is not derived, in the order of a derivation; `None` if it is
/// not derived at all.
#[must_use]
pub fn necessary_edges(
    graph: &Graph,
    entries: &[NodeId],
    target: NodeId,
    blocked: &BitSet,
) -> Option<Vec<EdgeId>> {
    let mut edges = easiest(graph, entries, blocked).derivation(graph, target)?.edges;
    let mut without = blocked.clone();
    edges.retain(|edge| {
        without.insert(edge.index());
        let needed = !reach(graph, entries, &without).contains(target.index());
        without.remove(edge.index());
        needed
    });
    Some(edges)
}

/// Independent ways and the edges at which all of them can be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Independent {
    /// Derivations without a common edge, each the list of its edges. An edge that may not be
    /// cut may be in several.
    pub ways: Vec<Vec<EdgeId>>,
    /// Edges that together cut every derivation, ascending. There are as many as ways where no
    /// AND node takes part; with AND nodes there may be more, never fewer.
    pub cut: Vec<EdgeId>,
    /// Whether no smaller set of edges cuts them.
    pub smallest: bool,
}

/// How many ways lead from the entries, held together, to the targets independently of each
/// other, and where they are narrowest. Only edges in `cuttable` count. `Err` is a way that
/// takes none of them.
pub fn independent_ways(
    graph: &Graph,
    entries: &[NodeId],
    targets: &[NodeId],
    cuttable: &BitSet,
    limits: &mut Limits<'_>,
) -> Result<Independent, Vec<EdgeId>> {
    let edges = (0..graph.edge_count() as u32).filter(|&edge| cuttable.contains(edge as usize));
    let problem = Problem {
        graph,
        goals: vec![Goal::together(entries, targets)],
        fixes_of_edge: FixTable::new(
            graph.edge_count(),
            edges.map(|edge| (EdgeId(edge), FixId(edge))),
        ),
        costs: vec![Some(1); graph.edge_count()],
    };
    match solve(&problem, limits) {
        Answer::Impossible(found) => Err(found.edges),
        Answer::Cut(solution) => {
            let smallest = solution.is_optimal();
            let ways = match solution.proof {
                Proof::Packing { derivations } => derivations,
                // Another proof is no list of ways apart; take what fits, the first ones first.
                Proof::Dual { derivations, .. } | Proof::Core { derivations } => {
                    let mut used = BitSet::new(graph.edge_count());
                    let apart = |one: &crate::cut::Evidence| {
                        let free = one.fixes.iter().all(|&fix| !used.contains(fix as usize));
                        if free {
                            one.fixes.iter().for_each(|&fix| _ = used.insert(fix as usize));
                        }
                        free
                    };
                    derivations.into_iter().filter(apart).collect()
                }
            };
            let edges = |one: crate::cut::Evidence| one.edges.into_iter().map(EdgeId).collect();
            Ok(Independent {
                ways: ways.into_iter().map(edges).collect(),
                cut: solution.fixes.iter().map(|fix| EdgeId(fix.0)).collect(),
                smallest,
            })
        }
    }
}

/// The layers of guarded edges between the entries and the target, from the entries on: any one
/// layer alone holds the target off, and no two share an edge. Their number is how many guarded
/// edges the best way still has to take, one behind the other. `None` if the target is not
/// derived whatever fails; empty if it is derived already.
#[must_use]
pub fn layers(
    graph: &Graph,
    entries: &[NodeId],
    target: NodeId,
    guarded: &BitSet,
) -> Option<Vec<Vec<EdgeId>>> {
    let failures = failures(graph, entries, guarded);
    let end = failures[target.index()]?;
    let mut layers = vec![Vec::new(); end as usize];
    for at in guarded.iter() {
        let id = EdgeId(at as u32);
        let edge = graph.edge(id);
        let Some(from) = failures[edge.from.index()].filter(|&from| from < end) else { continue };
        if failures[edge.to.index()].is_none_or(|to| to > from) {
            layers[from as usize].push(id);
        }
    }
    Some(layers)
}

/// For each node how many guarded edges, one behind the other, the best derivation takes.
fn failures(graph: &Graph, entries: &[NodeId], guarded: &BitSet) -> Vec<Option<u32>> {
    let nodes = graph.node_count();
    let mut failures: Vec<Option<u32>> = vec![None; nodes];
    let mut settled = BitSet::new(nodes);
    let mut missing: Vec<u32> =
        (0..nodes).map(|node| graph.incoming(NodeId(node as u32)).len() as u32).collect();
    // Two distances at a time: what costs nothing goes to the front.
    let mut queue: VecDeque<(u32, NodeId)> = entries.iter().map(|&entry| (0, entry)).collect();
    while let Some((failed, node)) = queue.pop_front() {
        if !settled.insert(node.index()) {
            continue;
        }
        failures[node.index()] = Some(failed);
        for &id in graph.outgoing(node) {
            let to = graph.edge(id).to;
            if settled.contains(to.index()) {
                continue;
            }
            let guard = guarded.contains(id.index());
            let reached = failed + u32::from(guard);
            if graph.kind(to) == Kind::And {
                // The dearest condition counts, which may be one that was met before.
                let known = failures[to.index()].unwrap_or(0).max(reached);
                failures[to.index()] = Some(known);
                missing[to.index()] -= 1;
                if missing[to.index()] > 0 {
                    continue;
                }
                match known > failed {
                    true => queue.push_back((known, to)),
                    false => queue.push_front((known, to)),
                }
            } else if guard {
                queue.push_back((reached, to));
            } else {
                queue.push_front((reached, to));
            }
        }
    }
    // An AND node some of whose conditions were never met.
    for (node, failures) in failures.iter_mut().enumerate() {
        if !settled.contains(node) {
            *failures = None;
        }
    }
    failures
}
