//! Derivations of one entry and one target that share no fix.
//!
//! Any set of fixes that disconnects the two hits all of them, each with another fix: as many
//! derivations, as many fixes at least. They are chosen greedily, fewest fixes first. What the
//! rest of a way costs at least is known for each target from one search back from it, so that a
//! search follows the way and little else; and that no way is left is found from whichever end
//! is closed in sooner.

use super::net::{Net, Way};
use super::search::{Guided, NONE, Queue as _, Room, put};
use crate::set::BitSet;

/// Searches for one target after the other.
pub(crate) struct Apart<'n> {
    net: &'n Net,
    target: u32,
    /// From each node the fewest fixes on a way to the target, AND nodes taken for OR nodes.
    ahead: Vec<u32>,
    lists: Vec<Vec<u32>>,
    room: Room<u32>,
    barred: BitSet,
    before: Side,
    behind: Side,
    looked: u64,
}

impl<'n> Apart<'n> {
    pub(crate) fn new(net: &'n Net) -> Self {
        Self {
            net,
            target: NONE,
            ahead: vec![NONE; net.nodes],
            lists: Vec::new(),
            room: Room::new(net, Guided::NOTHING),
            barred: BitSet::new(net.fix_count()),
            before: Side::new(net),
            behind: Side::new(net),
            looked: 0,
        }
    }

    /// Edges that were looked at so far.
    pub(crate) fn looked(&self) -> u64 {
        self.looked + self.room.looked
    }

    /// Derivations of the target from the entry, until none is left that shares no fix with them
    /// or there are more than `most`. A derivation that no fix cuts is the last.
    pub(crate) fn ways(&mut self, entry: u32, target: u32, most: usize) -> Vec<Way> {
        let net = self.net;
        let mut found: Vec<Way> = Vec::new();
        let mut barred = std::mem::take(&mut self.barred);
        while found.len() <= most {
            let is_open = |edge: u32| !net.is_barred(edge, &barred);
            if !found.is_empty() && self.is_closed(entry, target, is_open) {
                break;
            }
            let Some(way) = self.way(entry, target, is_open) else { break };
            way.fixes.iter().for_each(|&fix| _ = barred.insert(fix as usize));
            let last = way.fixes.is_empty();
            found.push(way);
            if last {
                break;
            }
        }
        for &fix in found.iter().flat_map(|way| &way.fixes) {
            barred.remove(fix as usize);
        }
        self.barred = barred;
        found
    }

    /// A derivation of fewest fixes past open edges.
    pub(crate) fn way(
        &mut self,
        entry: u32,
        target: u32,
        is_open: impl Fn(u32) -> bool,
    ) -> Option<Way> {
        self.look_back(target);
        let mut queue = Guided::new(&self.ahead, &mut self.lists);
        let is_target = |node: u32| node == target;
        let edges = self.net.search(&[entry], is_target, is_open, &mut queue, &mut self.room);
        edges.map(|edges| self.net.way(edges))
    }

    fn look_back(&mut self, target: u32) {
        if target == self.target {
            return;
        }
        let net = self.net;
        self.target = target;
        self.ahead.fill(NONE);
        self.ahead[target as usize] = 0;
        // Nodes by what is ahead of them, a list for each number.
        let lists = &mut self.lists;
        lists.iter_mut().for_each(Vec::clear);
        put(lists, 0, target);
        let mut price = 0;
        while price < lists.len() {
            while let Some(node) = lists[price].pop() {
                if (self.ahead[node as usize] as usize) < price {
                    continue;
                }
                let row = net.incoming.row(node);
                self.looked += row.len() as u64;
                for &edge in row {
                    let from = net.from[edge as usize];
                    let more = price + net.fixes.row(edge).len();
                    if more < self.ahead[from as usize] as usize {
                        self.ahead[from as usize] = more as u32;
                        put(lists, more, from);
                    }
                }
            }
            price += 1;
        }
    }

    /// Whether it is certain that no way past open edges is left: one side has met all that it
    /// can, AND nodes taken for OR nodes, and not the other.
    pub(crate) fn is_closed(
        &mut self,
        entry: u32,
        target: u32,
        is_open: impl Fn(u32) -> bool,
    ) -> bool {
        self.look_back(target);
        let net = self.net;
        let (before, behind) = (&mut self.before, &mut self.behind);
        before.begin(entry);
        behind.begin(target);
        loop {
            // The side that has looked at less goes on.
            let forward = before.looked <= behind.looked;
            let (side, other) =
                if forward { (&mut *before, &*behind) } else { (&mut *behind, &*before) };
            let Some(node) = side.stack.pop() else { return true };
            let (row, ends) = match forward {
                true => (net.outgoing.row(node), &net.to),
                false => (net.incoming.row(node), &net.from),
            };
            side.looked += row.len() as u64;
            self.looked += row.len() as u64;
            for &edge in row {
                let next = ends[edge as usize];
                if self.ahead[next as usize] == NONE || side.has(next) || !is_open(edge) {
                    continue;
                }
                if other.has(next) {
                    return false;
                }
                side.add(next);
            }
        }
    }
}

/// What was met from one end.
struct Side {
    round: u32,
    met: Vec<u32>,
    stack: Vec<u32>,
    looked: u64,
}

impl Side {
    fn new(net: &Net) -> Self {
        Self { round: 0, met: vec![0; net.nodes], stack: Vec::new(), looked: 0 }
    }

    fn begin(&mut self, start: u32) {
        if self.round == u32::MAX {
            self.met.fill(0);
            self.round = 0;
        }
        self.round += 1;
        self.looked = 0;
        self.stack.clear();
        self.add(start);
    }

    fn has(&self, node: u32) -> bool {
        self.met[node as usize] == self.round
    }

    fn add(&mut self, node: u32) {
        self.met[node as usize] = self.round;
        self.stack.push(node);
    }
}
