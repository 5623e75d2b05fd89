//! Derivations of one entry and one target that share no fix.
//!
//! Any set of fixes that disconnects the two hits all of them, each with another fix: as many
//! derivations, as many fixes at least. They are found one after the other by going on to where
//! fewest fixes are ahead, which is known for each target from one search back from it. Where that
//! is a dead end it stays one for the derivations that follow, so that all of them together cost
//! no more than what the entry leads to. What passes AND nodes is searched for anew.

use super::net::{Net, Way};
use super::search::{Ahead, Guided, NONE, Queue as _, Room};
use crate::set::BitSet;

/// Searches for pairs of an entry and a target.
pub(crate) struct Apart<'n> {
    net: &'n Net,
    target: u32,
    ahead: Ahead,
    room: Room<u32>,
    barred: BitSet,
    /// The round in which a node was met, the position of the next edge there, and whether it
    /// is on the path.
    round: u32,
    met: Vec<u32>,
    next: Vec<u32>,
    on_path: BitSet,
    before: Side,
    behind: Side,
    looked: u64,
}

impl<'n> Apart<'n> {
    pub(crate) fn new(net: &'n Net) -> Self {
        Self {
            net,
            target: NONE,
            ahead: Ahead::new(net),
            room: Room::new(net, Guided::NOTHING),
            barred: BitSet::new(net.fix_count()),
            round: 0,
            met: vec![0; net.nodes],
            next: vec![0; net.nodes],
            on_path: BitSet::new(net.nodes),
            before: Side::new(net),
            behind: Side::new(net),
            looked: 0,
        }
    }

    /// Edges that were looked at so far.
    pub(crate) fn looked(&self) -> u64 {
        self.looked + self.room.looked
    }

    /// Derivations of the target from the entry, one at least, until none is left that shares no
    /// fix with them, there are more than `most`, or so many edges were looked at. A derivation
    /// that no fix cuts is the last.
    pub(crate) fn ways(&mut self, entry: u32, target: u32, most: usize, edges: u64) -> Vec<Way> {
        let net = self.net;
        let end = self.looked() + edges;
        let mut found: Vec<Way> = Vec::new();
        let mut barred = std::mem::take(&mut self.barred);
        self.begin(target);
        while found.is_empty() || (found.len() <= most && self.looked() < end) {
            let is_open = |edge: u32| !net.is_barred(edge, &barred);
            let all = found.is_empty() || net.has_and;
            let way = self.next(entry, target, is_open, all);
            let Some(way) = way else { break };
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

    /// Begins with a target and without dead ends.
    pub(crate) fn begin(&mut self, target: u32) {
        if target != self.target {
            self.target = target;
            self.looked += self.ahead.look(self.net, target);
        }
        if self.round == u32::MAX {
            self.met.fill(0);
            self.round = 0;
        }
        self.round += 1;
    }

    /// The next derivation of the target with which a search began, where no edge opens again that
    /// was not open before. With `all`, none is missed: a dead end may be none for a way that comes
    /// from elsewhere.
    pub(crate) fn next(
        &mut self,
        entry: u32,
        target: u32,
        is_open: impl Fn(u32) -> bool,
        all: bool,
    ) -> Option<Way> {
        let path = self.path(entry, target, &is_open);
        if path.is_some() || !all || self.is_closed(entry, target, &is_open) {
            return path;
        }
        let mut queue = Guided::new(&self.ahead);
        let is_target = |node: u32| node == target;
        let edges = self.net.search(&[entry], is_target, is_open, &mut queue, &mut self.room);
        edges.map(|edges| self.net.way(edges))
    }

    /// A path past OR nodes and open edges, as far as it takes no dead end.
    fn path(&mut self, entry: u32, target: u32, is_open: &impl Fn(u32) -> bool) -> Option<Way> {
        let net = self.net;
        let mut path: Vec<u32> = Vec::new();
        let mut node = entry;
        self.on_path.insert(node as usize);
        let way = loop {
            if node == target {
                break Some(net.way(path.clone()));
            }
            let row = &self.ahead.nearest[net.outgoing.range(node)];
            let at = node as usize;
            if std::mem::replace(&mut self.met[at], self.round) != self.round {
                self.next[at] = 0;
            }
            let before = self.next[at];
            let onward = loop {
                let Some(&edge) = row.get(self.next[at] as usize) else { break None };
                let to = net.to[edge as usize];
                let end = to as usize;
                let dead = self.met[end] == self.round
                    && self.next[end] as usize == net.outgoing.range(to).len();
                let usable = to == target || (!dead && self.ahead.leads_on(to));
                let usable = usable && !net.is_and[end] && !self.on_path.contains(end);
                if usable && is_open(edge) {
                    break Some(edge);
                }
                self.next[at] += 1;
            };
            self.looked += u64::from(self.next[at] - before) + 1;
            match onward {
                Some(edge) => {
                    path.push(edge);
                    node = net.to[edge as usize];
                    self.on_path.insert(node as usize);
                }
                None => {
                    self.on_path.remove(at);
                    let Some(edge) = path.pop() else { break None };
                    node = net.from[edge as usize];
                    self.next[node as usize] += 1;
                }
            }
        };
        self.on_path.remove(entry as usize);
        for &edge in &path {
            self.on_path.remove(net.to[edge as usize] as usize);
        }
        way
    }

    /// Whether it is certain that no way past open edges is left: one side has met all that it
    /// can, AND nodes taken for OR nodes, and not the other.
    fn is_closed(&mut self, entry: u32, target: u32, is_open: &impl Fn(u32) -> bool) -> bool {
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
                if side.has(next) || !is_open(edge) {
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
