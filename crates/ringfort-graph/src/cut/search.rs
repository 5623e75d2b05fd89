//! The search for a derivation of least price, whatever prices are and however the nodes that
//! are next are found.
//!
//! Knuth's generalization of Dijkstra's algorithm settles nodes in the order of their prices. A
//! queue that also knows what any way to the target costs at least from a node on (`Guided`)
//! settles first what lies on the way there: an admissible bound that no edge outruns keeps the
//! first derivation of the target one of least price (Felzenszwalb and McAllester, 2007).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::net::Net;

pub(crate) const NONE: u32 = u32::MAX;

/// Prices, and the nodes that are next by them.
pub(crate) trait Queue {
    /// What a derivation costs.
    type Price: Copy + Ord;
    /// What holding an entry costs.
    const NOTHING: Self::Price;
    /// More than any derivation costs.
    const UNREACHED: Self::Price;

    /// What it costs to go on along an edge that these fixes cut.
    fn along(&self, spent: Self::Price, fixes: &[u32]) -> Self::Price;

    /// What two conditions cost together.
    fn sum(one: Self::Price, other: Self::Price) -> Self::Price;

    fn push(&mut self, price: Self::Price, node: u32);

    /// The next node. One that was pushed several times comes several times.
    fn pop(&mut self) -> Option<u32>;
}

/// Prices of fixes; of equal prices the fewer steps.
pub(crate) struct Priced<'f> {
    price: &'f dyn Fn(u32) -> u64,
    heap: BinaryHeap<Reverse<((u64, u64), u32)>>,
}

impl<'f> Priced<'f> {
    pub(crate) fn new(price: &'f dyn Fn(u32) -> u64) -> Self {
        Self { price, heap: BinaryHeap::new() }
    }
}

impl Queue for Priced<'_> {
    type Price = (u64, u64);
    const NOTHING: Self::Price = (0, 0);
    const UNREACHED: Self::Price = (u64::MAX, u64::MAX);

    fn along(&self, (spent, steps): Self::Price, fixes: &[u32]) -> Self::Price {
        let price = |&fix: &u32| (self.price)(fix);
        (fixes.iter().map(price).fold(spent, u64::saturating_add), steps.saturating_add(1))
    }

    fn sum(one: Self::Price, other: Self::Price) -> Self::Price {
        (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
    }

    fn push(&mut self, price: Self::Price, node: u32) {
        self.heap.push(Reverse((price, node)));
    }

    fn pop(&mut self) -> Option<u32> {
        self.heap.pop().map(|Reverse((_, node))| node)
    }
}

/// What is ahead of each node on the way to a target, AND nodes taken for OR nodes: the fewest
/// fixes, and the edges of a way with as many; [`NONE`] where there is no way.
pub(crate) struct Ahead {
    fixes: Vec<u32>,
    edges: Vec<u32>,
    lists: Vec<Vec<u32>>,
    /// The edges of the net by their starts, of each first what is nearest to the target.
    pub(crate) nearest: Vec<u32>,
}

impl Ahead {
    pub(crate) fn new(net: &Net) -> Self {
        let none = vec![NONE; net.nodes];
        let nearest =
            (0..net.nodes as u32).flat_map(|node| net.outgoing.row(node)).copied().collect();
        Self { fixes: none.clone(), edges: none, lists: Vec::new(), nearest }
    }

    /// Looks back from a target; how many edges that took.
    pub(crate) fn look(&mut self, net: &Net, target: u32) -> u64 {
        self.fixes.fill(NONE);
        (self.fixes[target as usize], self.edges[target as usize]) = (0, 0);
        // Nodes by the fixes ahead of them, a list for each number.
        self.lists.iter_mut().for_each(Vec::clear);
        put(&mut self.lists, 0, target);
        let (mut count, mut looked) = (0, 0);
        while count < self.lists.len() {
            let mut next = 0;
            while let Some(&node) = self.lists[count].get(next) {
                next += 1;
                if (self.fixes[node as usize] as usize) < count {
                    continue;
                }
                let row = net.incoming.row(node);
                looked += row.len() as u64;
                for &edge in row {
                    let from = net.from[edge as usize] as usize;
                    let more = count + net.fixes.row(edge).len();
                    if more < self.fixes[from] as usize {
                        self.fixes[from] = more as u32;
                        self.edges[from] = self.edges[node as usize] + 1;
                        put(&mut self.lists, more, from as u32);
                    }
                }
            }
            count += 1;
        }
        let key = |&edge: &u32| {
            let to = net.to[edge as usize] as usize;
            let fixes = self.fixes[to].saturating_add(net.fixes.row(edge).len() as u32);
            (fixes, self.edges[to], edge)
        };
        for node in 0..net.nodes as u32 {
            let row = &mut self.nearest[net.outgoing.range(node)];
            row.sort_unstable_by_key(key);
        }
        looked
    }

    /// Whether there is a way from a node, if AND nodes were OR nodes.
    pub(crate) fn leads_on(&self, node: u32) -> bool {
        self.fixes[node as usize] != NONE
    }
}

/// Puts a node into the list of a number.
fn put(lists: &mut Vec<Vec<u32>>, at: usize, node: u32) {
    if at >= lists.len() {
        lists.resize_with(at + 1, Vec::new);
    }
    lists[at].push(node);
}

/// Every fix has the price one. Of nodes from which a way may have as few fixes altogether the one
/// is next that is nearest to the target.
pub(crate) struct Guided<'a> {
    ahead: &'a Ahead,
    heap: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

impl<'a> Guided<'a> {
    pub(crate) fn new(ahead: &'a Ahead) -> Self {
        Self { ahead, heap: BinaryHeap::new() }
    }
}

impl Queue for Guided<'_> {
    type Price = u32;
    const NOTHING: u32 = 0;
    const UNREACHED: u32 = u32::MAX;

    fn along(&self, spent: u32, fixes: &[u32]) -> u32 {
        spent.saturating_add(fixes.len() as u32)
    }

    fn sum(one: u32, other: u32) -> u32 {
        one.saturating_add(other)
    }

    fn push(&mut self, price: u32, node: u32) {
        let ahead = self.ahead.fixes[node as usize];
        if ahead != NONE {
            let edges = self.ahead.edges[node as usize];
            self.heap.push(Reverse((price.saturating_add(ahead), edges, node)));
        }
    }

    fn pop(&mut self) -> Option<u32> {
        self.heap.pop().map(|Reverse((_, _, node))| node)
    }
}

/// What a search keeps of each node. It is made once and used for many searches: what was written
/// in another round does not count.
pub(crate) struct Room<P> {
    round: u32,
    met: Vec<u32>,
    settled: Vec<u32>,
    held: Vec<u32>,
    cost: Vec<P>,
    via: Vec<u32>,
    missing: Vec<u32>,
    /// Edges that were looked at, over all searches.
    pub(crate) looked: u64,
}

impl<P: Copy + Ord> Room<P> {
    pub(crate) fn new(net: &Net, nothing: P) -> Self {
        let rounds = vec![0; net.nodes];
        Self {
            round: 0,
            met: rounds.clone(),
            settled: rounds.clone(),
            held: rounds.clone(),
            cost: vec![nothing; net.nodes],
            via: rounds.clone(),
            missing: if net.has_and { rounds } else { Vec::new() },
            looked: 0,
        }
    }

    fn begin(&mut self) {
        if self.round == u32::MAX {
            for list in [&mut self.met, &mut self.settled, &mut self.held] {
                list.fill(0);
            }
            self.round = 0;
        }
        self.round += 1;
    }
}

impl Net {
    /// The edges of a derivation of least price from what is held to a node that is a target,
    /// past edges that are open.
    pub(crate) fn search<Q: Queue>(
        &self,
        entries: &[u32],
        is_target: impl Fn(u32) -> bool,
        is_open: impl Fn(u32) -> bool,
        queue: &mut Q,
        room: &mut Room<Q::Price>,
    ) -> Option<Vec<u32>> {
        room.begin();
        let round = room.round;
        for &entry in entries {
            let at = entry as usize;
            (room.held[at], room.met[at]) = (round, round);
            (room.cost[at], room.via[at]) = (Q::NOTHING, NONE);
            queue.push(Q::NOTHING, entry);
        }
        while let Some(node) = queue.pop() {
            if std::mem::replace(&mut room.settled[node as usize], round) == round {
                continue;
            }
            if is_target(node) {
                return Some(self.collect(node, room));
            }
            let spent = room.cost[node as usize];
            let row = self.outgoing.row(node);
            room.looked += row.len() as u64;
            for &edge in row {
                let to = self.to[edge as usize];
                let end = to as usize;
                if room.settled[end] == round || room.held[end] == round || !is_open(edge) {
                    continue;
                }
                let first = std::mem::replace(&mut room.met[end], round) != round;
                let reached = queue.along(spent, self.fixes.row(edge));
                if self.is_and[end] {
                    if first {
                        (room.cost[end], room.missing[end]) = (Q::NOTHING, self.conditions[end]);
                    }
                    room.cost[end] = Q::sum(room.cost[end], reached);
                    room.missing[end] -= 1;
                    if room.missing[end] == 0 {
                        queue.push(room.cost[end], to);
                    }
                    continue;
                }
                if first {
                    (room.cost[end], room.via[end]) = (Q::UNREACHED, NONE);
                }
                if (reached, edge) < (room.cost[end], room.via[end]) {
                    if reached < room.cost[end] {
                        queue.push(reached, to);
                    }
                    (room.cost[end], room.via[end]) = (reached, edge);
                }
            }
        }
        None
    }

    /// The edges of the derivation that a search found, every edge after those that it rests on.
    fn collect<P>(&self, target: u32, room: &Room<P>) -> Vec<u32> {
        let conditions = |node: u32| -> &[u32] {
            match node as usize {
                at if room.held[at] == room.round => &[],
                at if self.is_and[at] => self.incoming.row(node),
                at => std::slice::from_ref(&room.via[at]),
            }
        };
        let mut seen = rustc_hash::FxHashSet::default();
        let mut edges = Vec::new();
        let mut stack: Vec<(&[u32], usize)> = vec![(conditions(target), 0)];
        seen.insert(target);
        while let Some((list, next)) = stack.last_mut() {
            if let Some(&edge) = list.get(*next) {
                *next += 1;
                let from = self.from[edge as usize];
                if seen.insert(from) {
                    stack.push((conditions(from), 0));
                }
            } else {
                edges.extend_from_slice(list);
                stack.pop();
            }
        }
        edges
    }
}
