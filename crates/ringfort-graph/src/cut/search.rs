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

/// Every fix has the price one, and from each node on it is known what the rest costs at least.
/// Prices are small, so that there is a list of nodes for each.
pub(crate) struct Guided<'a> {
    ahead: &'a [u32],
    lists: &'a mut Vec<Vec<u32>>,
    least: usize,
}

impl<'a> Guided<'a> {
    /// `lists` is room that is used again and again.
    pub(crate) fn new(ahead: &'a [u32], lists: &'a mut Vec<Vec<u32>>) -> Self {
        lists.iter_mut().for_each(Vec::clear);
        Self { ahead, lists, least: usize::MAX }
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
        let ahead = self.ahead[node as usize];
        if ahead == NONE {
            return;
        }
        let place = (price + ahead) as usize;
        put(self.lists, place, node);
        self.least = self.least.min(place);
    }

    fn pop(&mut self) -> Option<u32> {
        loop {
            if let Some(node) = self.lists.get_mut(self.least)?.pop() {
                return Some(node);
            }
            self.least += 1;
        }
    }
}

/// Puts a node into the list of a number.
pub(crate) fn put(lists: &mut Vec<Vec<u32>>, at: usize, node: u32) {
    if at >= lists.len() {
        lists.resize_with(at + 1, Vec::new);
    }
    lists[at].push(node);
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
