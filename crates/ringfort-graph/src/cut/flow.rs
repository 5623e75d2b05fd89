//! Maximum flow (Dinic, 1970), without recursion, in integers.

/// Capacity of what cannot be cut.
pub(crate) const ENDLESS: u64 = u64::MAX / 4;

/// A network. Arcs come in pairs, an arc and what may be given back along it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    to: Vec<u32>,
    room: Vec<u64>,
    starts: Vec<u32>,
    arcs: Vec<u32>,
    nodes: usize,
}

impl Network {
    /// A network of arcs `(from, to, capacity)`; arc `i` of the list is arc `2 * i` here.
    pub(crate) fn new(nodes: usize, list: &[(u32, u32, u64)]) -> Self {
        let mut starts = vec![0u32; nodes + 1];
        for &(from, to, _) in list {
            starts[from as usize + 1] += 1;
            starts[to as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut arcs = vec![0u32; list.len() * 2];
        let (mut heads, mut room) = (Vec::new(), Vec::new());
        for (at, &(from, to, capacity)) in list.iter().enumerate() {
            for (node, arc) in [(from, 2 * at), (to, 2 * at + 1)] {
                arcs[next[node as usize] as usize] = arc as u32;
                next[node as usize] += 1;
            }
            heads.extend([to, from]);
            room.extend([capacity, 0]);
        }
        Self { to: heads, room, starts, arcs, nodes }
    }

    fn row(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.arcs[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// What flows along an arc of the list.
    fn flow(&self, at: usize) -> u64 {
        self.room[2 * at + 1]
    }

    /// Distance from the source along arcs with room; `u32::MAX` where none leads. The finite
    /// ones after the last phase are the source's side of the cut nearest to it.
    pub(crate) fn levels(&self, source: u32) -> Vec<u32> {
        let mut level = vec![u32::MAX; self.nodes];
        level[source as usize] = 0;
        let mut queue = vec![source];
        let mut at = 0;
        while let Some(&node) = queue.get(at) {
            at += 1;
            for &arc in self.row(node) {
                let end = self.to[arc as usize];
                if self.room[arc as usize] > 0 && level[end as usize] == u32::MAX {
                    level[end as usize] = level[node as usize] + 1;
                    queue.push(end);
                }
            }
        }
        level
    }

    /// Sends as much as possible; returns how much. `stop` is asked before each phase, and a
    /// flow that was stopped is a flow all the same: the second value says whether it is
    /// greatest.
    pub(crate) fn fill(
        &mut self,
        source: u32,
        sink: u32,
        stop: &mut dyn FnMut() -> bool,
    ) -> (u64, bool) {
        let mut sent = 0;
        loop {
            if stop() {
                return (sent, false);
            }
            let level = self.levels(source);
            if level[sink as usize] == u32::MAX {
                return (sent, true);
            }
            let mut next = self.starts.clone();
            let mut path: Vec<u32> = Vec::new();
            let mut node = source;
            loop {
                if node == sink {
                    let most = path.iter().map(|&arc| self.room[arc as usize]).min();
                    let most = most.expect("source and sink differ");
                    sent += most;
                    let mut back = path.len();
                    for (at, &arc) in path.iter().enumerate().rev() {
                        self.room[arc as usize] -= most;
                        self.room[arc as usize ^ 1] += most;
                        if self.room[arc as usize] == 0 {
                            back = at;
                        }
                    }
                    node = self.to[path[back] as usize ^ 1];
                    path.truncate(back);
                    continue;
                }
                let here = &mut next[node as usize];
                if *here < self.starts[node as usize + 1] {
                    let arc = self.arcs[*here as usize];
                    let end = self.to[arc as usize];
                    if self.room[arc as usize] > 0
                        && level[end as usize] == level[node as usize] + 1
                    {
                        path.push(arc);
                        node = end;
                    } else {
                        *here += 1;
                    }
                } else {
                    let Some(arc) = path.pop() else { break };
                    node = self.to[arc as usize ^ 1];
                    next[node as usize] += 1;
                }
            }
        }
    }

    /// The flow as paths without loops, each a list of arcs of the list and how much it
    /// carries. Flow that runs in circles is dropped.
    pub(crate) fn paths(&mut self, source: u32, sink: u32) -> Vec<(Vec<usize>, u64)> {
        let mut found = Vec::new();
        let mut next = self.starts.clone();
        // Position on the path by which a node is left; `NONE` if it is not on it.
        const NONE: u32 = u32::MAX;
        let mut place = vec![NONE; self.nodes];
        let mut path: Vec<u32> = Vec::new();
        let mut node = source;
        place[source as usize] = 0;
        loop {
            if node == sink {
                let most = path.iter().map(|&arc| self.room[arc as usize ^ 1]).min();
                let most = most.expect("source and sink differ");
                found.push((path.iter().map(|&arc| arc as usize / 2).collect(), most));
                for &arc in &path {
                    self.room[arc as usize ^ 1] -= most;
                }
                // Back to the start of the first arc that is empty now.
                let empty = path.iter().position(|&arc| self.room[arc as usize ^ 1] == 0);
                self.back(&mut path, &mut place, empty.expect("one arc was the tightest"));
                node = path.last().map_or(source, |&arc| self.to[arc as usize]);
                continue;
            }
            let here = &mut next[node as usize];
            if *here == self.starts[node as usize + 1] {
                // Only the source runs dry: what enters another node leaves it.
                break;
            }
            let arc = self.arcs[*here as usize];
            if arc % 2 == 1 || self.flow(arc as usize / 2) == 0 {
                *here += 1;
                continue;
            }
            let end = self.to[arc as usize];
            path.push(arc);
            if place[end as usize] == NONE {
                place[end as usize] = path.len() as u32;
                node = end;
                continue;
            }
            let start = place[end as usize] as usize;
            let most = path[start..].iter().map(|&arc| self.room[arc as usize ^ 1]).min();
            let most = most.expect("a circle has an arc");
            for &arc in &path[start..] {
                self.room[arc as usize ^ 1] -= most;
            }
            self.back(&mut path, &mut place, start);
            node = end;
        }
        found
    }

    /// Shortens the path and forgets the nodes behind it.
    fn back(&self, path: &mut Vec<u32>, place: &mut [u32], length: usize) {
        for arc in path.drain(length..) {
            let end = self.to[arc as usize] as usize;
            if place[end] as usize > length {
                place[end] = u32::MAX;
            }
        }
    }
}
