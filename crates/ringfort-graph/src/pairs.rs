//! The easiest derivation of each pair of an entry and a target, for many of both.
//!
//! Without AND nodes between them a shortest path may be searched from either end, so one
//! search for each of the fewer ends finds the distances to all of the others. Weights are
//! small, so the queue is a ring of buckets (Dial, 1969), and arcs lie in the order in which
//! they are read. With large weights, or where an AND node may make a difference, one forward
//! search for each entry is needed ([`crate::easiest`]).
//!
//! Distances are pairs of cost and steps, packed into one number. The path itself is then read
//! off the edges whose ends differ by exactly what they add, from the target back, the smallest
//! id at each node: the rule of [`crate::easiest()`], whichever end was searched from. Searches
//! are independent, so that the number of threads changes nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use crate::derivation::Derivation;
use crate::easiest::search;
use crate::graph::{EdgeId, Graph, Kind, NodeId};
use crate::reach::{co_reach, reach, reach_pairs};
use crate::set::BitSet;

/// For each entry by itself the easiest derivation of each target, by position; `None` where
/// the entry does not reach the target. Blocked edges are not used.
#[must_use]
pub fn easiest_pairs(
    graph: &Graph,
    entries: &[NodeId],
    targets: &[NodeId],
    blocked: &BitSet,
    threads: usize,
) -> Vec<Vec<Option<Derivation>>> {
    let before = co_reach(graph, targets, blocked);
    let mut useful = reach(graph, entries, blocked);
    useful.intersect(&before);
    let usable = |edge: EdgeId| {
        let ends = graph.edge(edge);
        useful.contains(ends.from.index())
            && useful.contains(ends.to.index())
            && !blocked.contains(edge.index())
    };
    let forward = entries.len() <= targets.len();
    let is_or = |node: NodeId| graph.kind(node) == Kind::Or;
    let mut plain = useful.clone();
    for node in useful.iter().filter(|&node| !is_or(NodeId(node as u32))) {
        plain.remove(node);
    }
    let conjunctions = plain.len() < useful.len();
    let on = |nodes: &BitSet| {
        let usable = |edge: EdgeId| {
            let ends = graph.edge(edge);
            usable(edge) && nodes.contains(ends.from.index()) && nodes.contains(ends.to.index())
        };
        let arcs = Arcs::new(graph, nodes, &usable, forward)?;
        Some(along(&arcs, entries, targets, threads))
    };
    let mut found = match on(&plain) {
        Some(found) if !conjunctions => return found,
        found => found,
    };
    // With AND nodes taken for OR nodes every way is at least as easy. What is the same with
    // them and without is the easiest; the others are searched for.
    let wide = found.as_ref().and_then(|_| on(&useful));
    let open: Vec<usize> = match (&found, &wide) {
        (Some(found), Some(wide)) => {
            (0..entries.len()).filter(|&at| found[at] != wide[at]).collect()
        }
        _ => (0..entries.len()).collect(),
    };
    let starts: Vec<NodeId> = open.iter().map(|&at| entries[at]).collect();
    let pairs = reach_pairs(graph, &starts, targets, blocked);
    let all: Vec<usize> = (0..open.len()).collect();
    // A search ends once it has all that its entry reaches.
    let searched = spread(
        &all,
        threads,
        || (),
        |(), &at| {
            let reached: Vec<bool> = pairs.iter().map(|from| from.contains(at)).collect();
            let ends = targets.iter().zip(&reached).filter(|(_, reached)| **reached);
            let ends: Vec<NodeId> = ends.map(|(&target, _)| target).collect();
            if ends.is_empty() {
                return vec![None; targets.len()];
            }
            let found = search(graph, &[starts[at]], &ends, usable);
            let path = |(&target, reached)| match reached {
                true => found.derivation(graph, target),
                false => None,
            };
            targets.iter().zip(reached).map(path).collect::<Vec<_>>()
        },
    );
    let found = found.get_or_insert_with(|| vec![Vec::new(); entries.len()]);
    for (at, row) in open.into_iter().zip(searched) {
        found[at] = row;
    }
    std::mem::take(found)
}

/// The easiest path of each pair over arcs whose nodes are all taken for OR nodes.
fn along(
    arcs: &Arcs,
    entries: &[NodeId],
    targets: &[NodeId],
    threads: usize,
) -> Vec<Vec<Option<Derivation>>> {
    let (roots, others) = if arcs.forward { (entries, targets) } else { (targets, entries) };
    let number = |&node: &NodeId| arcs.number(node);
    let wanted: Vec<u32> = others.iter().filter_map(number).collect();
    let rows = spread(
        roots,
        threads,
        || Dial::new(arcs),
        |dial, root| {
            let Some(root) = arcs.number(*root) else { return vec![None; others.len()] };
            dial.run(root, &wanted);
            let path = |other: &NodeId| {
                let other = arcs.number(*other)?;
                dial.path(root, other)
            };
            others.iter().map(path).collect::<Vec<Option<Derivation>>>()
        },
    );
    if arcs.forward {
        return rows;
    }
    let mut turned: Vec<Vec<Option<Derivation>>> = vec![Vec::new(); entries.len()];
    for row in rows {
        for (entry, derivation) in turned.iter_mut().zip(row) {
            entry.push(derivation);
        }
    }
    turned
}

/// Maps a list on some threads, each with a workspace of its own; the result is in the order of
/// the list.
fn spread<T: Sync, W, R: Send>(
    list: &[T],
    threads: usize,
    workspace: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, &T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.clamp(1, list.len().max(1));
    let worker = |first: usize| -> Vec<R> {
        let mut space = workspace();
        list.iter().skip(first).step_by(threads).map(|one| work(&mut space, one)).collect()
    };
    let mut parts: Vec<std::vec::IntoIter<R>> = std::thread::scope(|scope| {
        let worker = &worker;
        let others: Vec<_> = (1..threads).map(|first| scope.spawn(move || worker(first))).collect();
        let own = worker(0);
        let joined = others.into_iter().map(|one| one.join().expect("a search does not panic"));
        std::iter::once(own).chain(joined).map(Vec::into_iter).collect()
    });
    (0..list.len()).filter_map(|at| parts[at % threads].next()).collect()
}

/// Weights up to this go through buckets.
const HEAVY: u32 = 4_095;

/// Useful edges in rows, renumbered, in the direction of the search and against it.
struct Arcs {
    forward: bool,
    starts: Vec<u32>,
    /// End and weight.
    ahead: Vec<(u32, u32)>,
    back_starts: Vec<u32>,
    /// Start, weight and id.
    back: Vec<(u32, u32, EdgeId)>,
    nodes: Vec<NodeId>,
    heaviest: u32,
    with_zero: bool,
}

impl Arcs {
    /// `None` if weights are too large for buckets or sums for 32 bits.
    fn new(
        graph: &Graph,
        useful: &BitSet,
        usable: &dyn Fn(EdgeId) -> bool,
        forward: bool,
    ) -> Option<Self> {
        let nodes: Vec<NodeId> = useful.iter().map(|node| NodeId(node as u32)).collect();
        let mut numbers = vec![u32::MAX; graph.node_count()];
        for (at, node) in nodes.iter().enumerate() {
            numbers[node.index()] = at as u32;
        }
        let mut made = Self {
            forward,
            starts: vec![0],
            ahead: Vec::new(),
            back_starts: vec![0],
            back: Vec::new(),
            heaviest: 0,
            with_zero: false,
            nodes: Vec::new(),
        };
        for &node in &nodes {
            // Along the search, and then against it.
            let ways = [(graph.outgoing(node), true), (graph.incoming(node), false)];
            for (edges, leaving) in ways {
                for &id in edges.iter().filter(|&&id| usable(id)) {
                    let edge = graph.edge(id);
                    let other = numbers[if leaving { edge.to } else { edge.from }.index()];
                    if leaving == forward {
                        made.ahead.push((other, edge.weight));
                        made.heaviest = made.heaviest.max(edge.weight);
                        made.with_zero |= edge.weight == 0;
                    } else {
                        made.back.push((other, edge.weight, id));
                    }
                }
            }
            made.starts.push(made.ahead.len() as u32);
            made.back_starts.push(made.back.len() as u32);
        }
        let longest = u64::from(made.heaviest) * nodes.len() as u64;
        made.nodes = nodes;
        (made.heaviest <= HEAVY && longest < u64::from(u32::MAX)).then_some(made)
    }

    fn number(&self, node: NodeId) -> Option<u32> {
        self.nodes.binary_search(&node).ok().map(|at| at as u32)
    }

    fn back(&self, node: u32) -> &[(u32, u32, EdgeId)] {
        let node = node as usize;
        &self.back[self.back_starts[node] as usize..self.back_starts[node + 1] as usize]
    }
}

/// One search and its buckets.
struct Dial<'a> {
    arcs: &'a Arcs,
    /// Cost and steps from the root, packed; [`FAR`] where nothing leads.
    keys: Vec<u64>,
    done: BitSet,
    /// Nodes by cost, as a ring.
    buckets: Vec<Vec<u32>>,
    /// Nodes of the present cost by steps, where arcs without weight exist.
    level: BinaryHeap<Reverse<(u64, u32)>>,
}

const FAR: u64 = u64::MAX;

/// What an arc adds to a key.
fn added(weight: u32) -> u64 {
    (u64::from(weight) << 32) + 1
}

impl<'a> Dial<'a> {
    fn new(arcs: &'a Arcs) -> Self {
        let buckets = vec![Vec::new(); arcs.heaviest as usize + 1];
        let level = BinaryHeap::new();
        Self { arcs, keys: Vec::new(), done: BitSet::default(), buckets, level }
    }

    /// Finds the keys of all wanted nodes and of what lies on the way to them.
    fn run(&mut self, root: u32, wanted: &[u32]) {
        let count = self.arcs.nodes.len();
        self.keys.clear();
        self.keys.resize(count, FAR);
        self.done = BitSet::new(count);
        self.buckets.iter_mut().for_each(Vec::clear);
        let mut open = BitSet::new(count);
        for &node in wanted {
            open.insert(node as usize);
        }
        let mut left = open.len();
        self.keys[root as usize] = 0;
        self.buckets[0].push(root);
        let mut queued = 1;
        let mut slot = 0;
        while queued > 0 && left > 0 {
            let mut bucket = std::mem::take(&mut self.buckets[slot]);
            queued -= bucket.len();
            if self.arcs.with_zero {
                for node in bucket.drain(..) {
                    self.level.push(Reverse((self.keys[node as usize], node)));
                }
                while let Some(Reverse((_, node))) = self.level.pop() {
                    if self.done.insert(node as usize) {
                        left -= usize::from(open.contains(node as usize));
                        queued += self.relax(node, slot);
                    }
                }
            } else {
                for node in bucket.drain(..) {
                    if self.done.insert(node as usize) {
                        left -= usize::from(open.contains(node as usize));
                        queued += self.relax(node, slot);
                    }
                }
            }
            // Nothing came back into it: no arc is as long as the ring.
            self.buckets[slot] = bucket;
            slot = (slot + 1) % self.buckets.len();
        }
    }

    /// Follows the arcs of a node; returns how many nodes were put into buckets.
    fn relax(&mut self, node: u32, slot: usize) -> usize {
        let key = self.keys[node as usize];
        let row =
            self.arcs.starts[node as usize] as usize..self.arcs.starts[node as usize + 1] as usize;
        let mut queued = 0;
        for &(end, weight) in &self.arcs.ahead[row] {
            let reached = key + added(weight);
            let known = &mut self.keys[end as usize];
            if reached >= *known {
                continue;
            }
            // Of equal cost it lies in its bucket already.
            let cheaper = reached >> 32 < *known >> 32;
            *known = reached;
            if weight == 0 {
                self.level.push(Reverse((reached, end)));
            } else if cheaper {
                let mut at = slot + weight as usize;
                if at >= self.buckets.len() {
                    at -= self.buckets.len();
                }
                self.buckets[at].push(end);
                queued += 1;
            }
        }
        queued
    }

    /// The path between the root and another node.
    fn path(&self, root: u32, other: u32) -> Option<Derivation> {
        let key = self.keys[other as usize];
        if key == FAR || !self.done.contains(other as usize) {
            return None;
        }
        let tight = |node: u32| {
            self.arcs.back(node).iter().copied().filter(move |&(next, weight, _)| {
                self.keys[next as usize].checked_add(added(weight))
                    == Some(self.keys[node as usize])
            })
        };
        let mut edges = Vec::new();
        let (entry, target) = if self.arcs.forward { (root, other) } else { (other, root) };
        if self.arcs.forward {
            let mut node = target;
            while node != entry {
                let (from, _, id) = tight(node).min_by_key(|&(_, _, id)| id)?;
                edges.push(id);
                node = from;
            }
        } else {
            // Every easiest path from the entry, as the best edge into each of their nodes.
            let mut into: FxHashMap<u32, (EdgeId, u32)> = FxHashMap::default();
            let mut stack = vec![entry];
            while let Some(node) = stack.pop() {
                for (to, _, id) in tight(node) {
                    match into.get_mut(&to) {
                        Some(known) => *known = (id, node).min(*known),
                        None => {
                            into.insert(to, (id, node));
                            stack.push(to);
                        }
                    }
                }
            }
            let mut node = target;
            while node != entry {
                let &(id, from) = into.get(&node)?;
                edges.push(id);
                node = from;
            }
        }
        edges.reverse();
        let node = |at: u32| self.arcs.nodes[at as usize];
        Some(Derivation {
            cost: key >> 32,
            edges,
            entries: vec![node(entry)],
            target: node(target),
        })
    }
}
