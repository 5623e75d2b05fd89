//! Minimum cut by maximum flow, where a problem is one, and the bound that flow gives where it
//! is not.
//!
//! A problem is a minimum cut when there is one front, no AND node, no edge with two fixes, and
//! each fix is a single place to cut. A fix of one edge is. So is a fix of many edges that lead
//! from every node of one set to every node of another: they become edges into a new node, one
//! arc that costs what the fix costs, and edges out of it, which connects the same nodes and no
//! others. By the theorem of Ford and Fulkerson the cheapest cut costs what the greatest flow
//! carries, and the flow, taken apart into paths, is a packing that proves it.
//!
//! Where fixes cut edges in several places the problem is hard (it contains hitting set). But
//! sharing a fix's cost among its edges gives a flow that overloads no fix, hence a bound, and
//! its cut names fixes that are often good.

use std::collections::BTreeMap;

use super::flow::{ENDLESS, Network};
use super::net::{Front, Net, Way};

/// Fixes of a cheapest cut and paths that carry as much as they cost.
pub(crate) struct Flow {
    pub(crate) fixes: Vec<u32>,
    pub(crate) paths: Vec<(Way, u64)>,
}

/// What an arc stands for.
#[derive(Clone, Copy)]
enum Arc {
    /// From the source or to the sink.
    End,
    /// An edge of the net.
    Edge(u32),
    /// From an edge's start to the node before a fix.
    Into(u32),
    /// The fix itself.
    Fix(u32),
    /// From the node after a fix to an edge's end.
    Out(u32),
}

/// The exact solution, if the problem is a minimum cut and `stop` does not end the work.
pub(crate) fn exact(net: &Net, stop: &mut dyn FnMut() -> bool) -> Option<Flow> {
    let [front] = &net.fronts[..] else { return None };
    let edges = usable(net, front);
    if net.has_and || edges.iter().any(|&edge| net.fixes.row(edge).len() > 1) {
        return None;
    }
    let mut places: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &edge in &edges {
        if let [fix] = net.fixes.row(edge) {
            places.entry(*fix).or_default().push(edge);
        }
    }
    if !places.values().all(|edges| is_one_place(net, edges)) {
        return None;
    }
    let mut list = ends(net, front);
    let mut arcs = vec![Arc::End; list.len()];
    let mut nodes = net.nodes as u32 + 2;
    for &edge in edges.iter().filter(|&&edge| net.fixes.row(edge).is_empty()) {
        list.push((net.from[edge as usize], net.to[edge as usize], ENDLESS));
        arcs.push(Arc::Edge(edge));
    }
    for (&fix, edges) in &places {
        let cost = net.cost[fix as usize];
        if let [edge] = edges[..] {
            list.push((net.from[edge as usize], net.to[edge as usize], cost));
            arcs.push(Arc::Edge(edge));
            continue;
        }
        let (before, after) = (nodes, nodes + 1);
        nodes += 2;
        list.push((before, after, cost));
        arcs.push(Arc::Fix(fix));
        let (starts, stops) = sides(net, edges);
        list.extend(starts.iter().map(|&start| (start, before, ENDLESS)));
        arcs.extend(starts.iter().map(|&start| Arc::Into(start)));
        list.extend(stops.iter().map(|&stop| (after, stop, ENDLESS)));
        arcs.extend(stops.iter().map(|&stop| Arc::Out(stop)));
    }
    let (source, sink) = (net.nodes as u32, net.nodes as u32 + 1);
    let mut network = Network::new(nodes as usize, &list);
    let (_, greatest) = network.fill(source, sink, stop);
    if !greatest {
        return None;
    }
    let fixes = crossing(net, &network.levels(source), &list, &arcs);
    let mut edge_of: BTreeMap<(u32, u32, u32), u32> = BTreeMap::new();
    for (&fix, edges) in &places {
        for &edge in edges {
            edge_of.insert((fix, net.from[edge as usize], net.to[edge as usize]), edge);
        }
    }
    let paths = network.paths(source, sink).into_iter().map(|(path, carried)| {
        let mut edges = Vec::new();
        let (mut start, mut through) = (0, 0);
        for arc in path {
            match arcs[arc] {
                Arc::End => {}
                Arc::Edge(edge) => edges.push(edge),
                Arc::Into(node) => start = node,
                Arc::Fix(fix) => through = fix,
                Arc::Out(node) => edges.push(edge_of[&(through, start, node)]),
            }
        }
        (net.way(edges), carried)
    });
    Some(Flow { fixes, paths: paths.collect() })
}

/// Each fix's cost shared equally among its edges, in units of which `unit` are one: paths that
/// together overload no fix by more than `unit` times its cost, and the fixes of the cut.
pub(crate) fn shared(net: &Net, unit: u64, stop: &mut dyn FnMut() -> bool) -> Option<Flow> {
    let [front] = &net.fronts[..] else { return None };
    let edges: Vec<u32> = usable(net, front)
        .into_iter()
        .filter(|&edge| !net.is_and[net.to[edge as usize] as usize])
        .collect();
    let share = |fix: u32| {
        let edges = net.edges_of.row(fix).len().max(1) as u64;
        unit * net.cost[fix as usize] / edges
    };
    let mut list = ends(net, front);
    let mut arcs = vec![Arc::End; list.len()];
    for &edge in &edges {
        let room = net.fixes.row(edge).iter().map(|&fix| share(fix)).min().unwrap_or(ENDLESS);
        list.push((net.from[edge as usize], net.to[edge as usize], room));
        arcs.push(Arc::Edge(edge));
    }
    let (source, sink) = (net.nodes as u32, net.nodes as u32 + 1);
    let mut network = Network::new(net.nodes + 2, &list);
    network.fill(source, sink, stop);
    let fixes = crossing(net, &network.levels(source), &list, &arcs);
    let paths = network.paths(source, sink).into_iter().map(|(path, carried)| {
        let edges = path.into_iter().filter_map(|arc| match arcs[arc] {
            Arc::Edge(edge) => Some(edge),
            _ => None,
        });
        (net.way(edges.collect()), carried)
    });
    Some(Flow { fixes, paths: paths.collect() })
}

/// Edges that a way without detours may take: none returns to an entry or goes on from a target.
fn usable(net: &Net, front: &Front) -> Vec<u32> {
    let mut is_entry = vec![false; net.nodes];
    front.entries.iter().for_each(|&entry| is_entry[entry as usize] = true);
    (0..net.from.len() as u32)
        .filter(|&edge| {
            !is_entry[net.to[edge as usize] as usize]
                && !front.is_target.contains(net.from[edge as usize] as usize)
        })
        .collect()
}

fn ends(net: &Net, front: &Front) -> Vec<(u32, u32, u64)> {
    let (source, sink) = (net.nodes as u32, net.nodes as u32 + 1);
    let starts = front.entries.iter().map(|&entry| (source, entry, ENDLESS));
    starts.chain(front.targets.iter().map(|&target| (target, sink, ENDLESS))).collect()
}

fn sides(net: &Net, edges: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let side = |ends: &[u32]| {
        let mut nodes: Vec<u32> = edges.iter().map(|&edge| ends[edge as usize]).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    };
    (side(&net.from), side(&net.to))
}

/// Whether the edges lead from each of their starts to each of their ends.
fn is_one_place(net: &Net, edges: &[u32]) -> bool {
    let (starts, stops) = sides(net, edges);
    let mut pairs: Vec<(u32, u32)> =
        edges.iter().map(|&edge| (net.from[edge as usize], net.to[edge as usize])).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.len() == starts.len() * stops.len() && starts.iter().all(|node| !stops.contains(node))
}

/// For each arc from the source's side to the other, the cheapest of its fixes.
fn crossing(net: &Net, level: &[u32], list: &[(u32, u32, u64)], arcs: &[Arc]) -> Vec<u32> {
    let near = |node: u32| level[node as usize] != u32::MAX;
    let mut fixes: Vec<u32> = Vec::new();
    for (&(from, to, _), &arc) in list.iter().zip(arcs) {
        if !near(from) || near(to) {
            continue;
        }
        match arc {
            Arc::Fix(fix) => fixes.push(fix),
            Arc::Edge(edge) => {
                let of = net.fixes.row(edge).iter().copied();
                fixes.extend(of.min_by_key(|&fix| (net.cost[fix as usize], fix)));
            }
            Arc::End | Arc::Into(_) | Arc::Out(_) => {}
        }
    }
    fixes.sort_unstable();
    fixes.dedup();
    fixes
}
