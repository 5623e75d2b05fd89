//! Packing derivations greedily, many in one pass.
//!
//! Each fix has room for as much weight as it costs. Where no AND node takes part a pass is a
//! phase of a blocking flow: levels by distance from the entries, then depth first along
//! increasing levels, an edge being open while all its fixes have room. Every way found takes
//! the room of its tightest fix, so that fix is full afterwards; when no way is left, the full
//! fixes are a cut (primal and dual in one, at most as many times dearer than the bound as the
//! longest way has fixes).

use super::net::{Front, Net, Way};
use super::problem::Limits;
use crate::set::BitSet;

/// Ways with their weights. Room is used up on the way; fixes that become full are appended to
/// `full` in order. Says whether no way is left.
pub(crate) fn pack(
    net: &Net,
    room: &mut [u64],
    full: &mut Vec<u32>,
    most: usize,
    limits: &mut Limits<'_>,
) -> (Vec<(Way, u64)>, bool) {
    let mut found = Vec::new();
    for front in &net.fronts {
        loop {
            if found.len() >= most || !limits.search() {
                return (found, false);
            }
            let before = found.len();
            phase(net, front, room, full, most, &mut found);
            if found.len() == before {
                break;
            }
        }
        // Paths are used up; what is left goes through AND nodes.
        loop {
            if !net.has_and {
                break;
            }
            if found.len() >= most || !limits.search() {
                return (found, false);
            }
            let mut barred = BitSet::new(net.fix_count());
            for (fix, _) in room.iter().enumerate().filter(|(_, room)| **room == 0) {
                barred.insert(fix);
            }
            let Some(way) = net.derive_at(front, &barred, &|_| 1) else { break };
            let weight = take(&way, room, full);
            if weight == 0 {
                break;
            }
            found.push((way, weight));
        }
    }
    (found, true)
}

/// Uses up the room of the tightest fix of a way.
pub(crate) fn take(way: &Way, room: &mut [u64], full: &mut Vec<u32>) -> u64 {
    let weight = way.fixes.iter().map(|&fix| room[fix as usize]).min().unwrap_or(0);
    for &fix in &way.fixes {
        room[fix as usize] -= weight;
        if room[fix as usize] == 0 && weight > 0 {
            full.push(fix);
        }
    }
    weight
}

fn phase(
    net: &Net,
    front: &Front,
    room: &mut [u64],
    full: &mut Vec<u32>,
    most: usize,
    found: &mut Vec<(Way, u64)>,
) {
    const FAR: u32 = u32::MAX;
    let open = |room: &[u64], edge: u32| {
        !net.is_and[net.to[edge as usize] as usize]
            && net.fixes.row(edge).iter().all(|&fix| room[fix as usize] > 0)
    };
    let mut level = vec![FAR; net.nodes];
    let mut queue = Vec::new();
    for &entry in &front.entries {
        level[entry as usize] = 0;
        queue.push(entry);
    }
    let mut at = 0;
    while let Some(&node) = queue.get(at) {
        at += 1;
        for &edge in net.outgoing.row(node) {
            let end = net.to[edge as usize] as usize;
            if level[end] == FAR && open(room, edge) {
                level[end] = level[node as usize] + 1;
                queue.push(end as u32);
            }
        }
    }
    let mut next = vec![0u32; net.nodes];
    for &entry in &front.entries {
        let mut path: Vec<u32> = Vec::new();
        let mut node = entry;
        while found.len() < most {
            if front.is_target.contains(node as usize) {
                let way = net.way(std::mem::take(&mut path));
                let weight = take(&way, room, full);
                if weight == 0 {
                    return;
                }
                found.push((way, weight));
                node = entry;
                continue;
            }
            let row = net.outgoing.row(node);
            let here = &mut next[node as usize];
            match row.get(*here as usize) {
                Some(&edge) => {
                    let end = net.to[edge as usize];
                    if level[end as usize] == level[node as usize] + 1 && open(room, edge) {
                        path.push(edge);
                        node = end;
                    } else {
                        *here += 1;
                    }
                }
                None => {
                    let Some(edge) = path.pop() else { break };
                    node = net.from[edge as usize];
                    next[node as usize] += 1;
                }
            }
        }
    }
}
