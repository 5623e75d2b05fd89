//! Leaving out of a cut what it does not need.
//!
//! Fixes are taken back one by one in a given order; one whose return connects nothing stays
//! out. What is reached from the front, and without AND nodes also what leads to a target, is
//! kept up to date instead of searched anew, so that a whole pass costs little more than one
//! search: the two sets only grow, and an edge that joins them is the sign that the fix is
//! needed.

use super::net::Net;
use crate::set::BitSet;

struct Side {
    reached: BitSet,
    /// What leads to a target along open edges; with AND nodes only the targets.
    before: BitSet,
    /// Open conditions of each AND node.
    missing: Vec<u32>,
}

/// The fixes of a cut that remain when they are taken back in the given order where possible.
/// `None` if the fixes are no cut.
pub(crate) fn prune(net: &Net, fixes: &[u32], order: &[u32]) -> Option<Vec<u32>> {
    let mut chosen = net.flags(fixes);
    let mut cut = vec![0u32; net.from.len()];
    for &fix in fixes {
        for &edge in net.edges_of.row(fix) {
            cut[edge as usize] += 1;
        }
    }
    let mut sides: Vec<Side> = (0..net.fronts.len()).map(|at| side(net, at, &cut)).collect();
    let open = |side: &Side, at: usize| {
        net.fronts[at].targets.iter().all(|&target| !side.reached.contains(target as usize))
    };
    if !sides.iter().enumerate().all(|(at, side)| open(side, at)) {
        return None;
    }
    for &fix in order {
        if !chosen.contains(fix as usize) {
            continue;
        }
        let mut opened = Vec::new();
        for &edge in net.edges_of.row(fix) {
            cut[edge as usize] -= 1;
            if cut[edge as usize] == 0 {
                opened.push(edge);
            }
        }
        let mut logs = Vec::new();
        let mut joined = false;
        for side in &mut sides {
            let mut log = Log::default();
            joined = spread(net, side, &cut, &opened, &mut log);
            logs.push(log);
            if joined {
                break;
            }
        }
        if joined {
            for (side, log) in sides.iter_mut().zip(logs) {
                log.nodes.iter().for_each(|&node| side.reached.remove(node as usize));
                log.conditions.iter().for_each(|&node| side.missing[node as usize] += 1);
            }
            for &edge in net.edges_of.row(fix) {
                cut[edge as usize] += 1;
            }
        } else {
            chosen.remove(fix as usize);
            if !net.has_and {
                for side in &mut sides {
                    spread_back(net, side, &cut, &opened);
                }
            }
        }
    }
    Some(chosen.iter().map(|fix| fix as u32).collect())
}

/// Order in which fixes are tried: the dearest first.
pub(crate) fn dearest_first(net: &Net, fixes: &[u32]) -> Vec<u32> {
    let mut order = fixes.to_vec();
    order.sort_by_key(|&fix| (std::cmp::Reverse(net.cost[fix as usize]), fix));
    order
}

#[derive(Default)]
struct Log {
    nodes: Vec<u32>,
    conditions: Vec<u32>,
}

fn side(net: &Net, at: usize, cut: &[u32]) -> Side {
    let front = &net.fronts[at];
    let missing = if net.has_and { net.conditions.clone() } else { Vec::new() };
    let mut side =
        Side { reached: BitSet::new(net.nodes), before: front.is_target.clone(), missing };
    if !net.has_and {
        let mut queue = front.targets.clone();
        grow_back(net, &mut side.before, cut, &mut queue);
    }
    let mut queue = Vec::new();
    for &entry in &front.entries {
        if side.reached.insert(entry as usize) {
            queue.push(entry);
        }
    }
    grow(net, &mut side, cut, queue, &mut Log::default(), true);
    side
}

/// Follows the opened edges; says whether a target can now be reached.
fn spread(net: &Net, side: &mut Side, cut: &[u32], opened: &[u32], log: &mut Log) -> bool {
    let starts: Vec<u32> = opened
        .iter()
        .copied()
        .filter(|&edge| side.reached.contains(net.from[edge as usize] as usize))
        .collect();
    let mut queue = Vec::new();
    for edge in starts {
        if step(net, side, edge, log, &mut queue) {
            return true;
        }
    }
    grow(net, side, cut, queue, log, false)
}

fn grow(
    net: &Net,
    side: &mut Side,
    cut: &[u32],
    mut queue: Vec<u32>,
    log: &mut Log,
    to_the_end: bool,
) -> bool {
    let mut joined = false;
    while let Some(node) = queue.pop() {
        for &edge in net.outgoing.row(node) {
            if cut[edge as usize] == 0 && step(net, side, edge, log, &mut queue) {
                joined = true;
                if !to_the_end {
                    return true;
                }
            }
        }
    }
    joined
}

/// Takes one edge from a reached node; says whether its end was reached and leads to a target.
fn step(net: &Net, side: &mut Side, edge: u32, log: &mut Log, queue: &mut Vec<u32>) -> bool {
    let end = net.to[edge as usize];
    if net.is_and[end as usize] {
        log.conditions.push(end);
        side.missing[end as usize] = side.missing[end as usize].wrapping_sub(1);
        if side.missing[end as usize] != 0 {
            return false;
        }
    }
    if !side.reached.insert(end as usize) {
        return false;
    }
    log.nodes.push(end);
    queue.push(end);
    side.before.contains(end as usize)
}

fn spread_back(net: &Net, side: &mut Side, cut: &[u32], opened: &[u32]) {
    let mut queue = Vec::new();
    for &edge in opened {
        let (from, to) = (net.from[edge as usize], net.to[edge as usize]);
        if side.before.contains(to as usize) && side.before.insert(from as usize) {
            queue.push(from);
        }
    }
    grow_back(net, &mut side.before, cut, &mut queue);
}

fn grow_back(net: &Net, before: &mut BitSet, cut: &[u32], queue: &mut Vec<u32>) {
    while let Some(node) = queue.pop() {
        for &edge in net.incoming.row(node) {
            let from = net.from[edge as usize];
            if cut[edge as usize] == 0 && before.insert(from as usize) {
                queue.push(from);
            }
        }
    }
}
