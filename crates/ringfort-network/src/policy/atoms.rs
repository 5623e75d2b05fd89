//! The address space cut at every border of every block that a policy names, and the pieces
//! that no policy tells apart joined again.

use std::collections::BTreeSet;
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::policy::address::AddressSet;
use crate::policy::ranges::{Bound, Ranges};

/// Addresses by region: two addresses share a region iff the same blocks hold them.
#[derive(Debug, Default)]
pub(crate) struct Atoms {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u32)>,
    /// Members of each region: which blocks, in order.
    blocks: Vec<Vec<u32>>,
    /// The addresses of each region.
    sets: Vec<AddressSet>,
    /// The regions of each block, in order.
    regions: Vec<Vec<u32>>,
}

impl Atoms {
    pub(crate) fn new(blocks: &[AddressSet]) -> Self {
        let mut ids: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let v4 = cut(blocks.iter().map(|block| &block.v4), &mut ids);
        let v6 = cut(blocks.iter().map(|block| &block.v6), &mut ids);
        let mut regions = vec![Vec::new(); ids.len()];
        for (members, id) in ids {
            regions[id as usize] = members;
        }
        let mut pieces = vec![(Vec::new(), Vec::new()); regions.len()];
        for (at, &(first, region)) in v4.iter().enumerate() {
            let last = v4.get(at + 1).map_or(u32::MAX, |next| next.0 - 1);
            pieces[region as usize].0.push((first, last));
        }
        for (at, &(first, region)) in v6.iter().enumerate() {
            let last = v6.get(at + 1).map_or(u128::MAX, |next| next.0 - 1);
            pieces[region as usize].1.push((first, last));
        }
        let sets = pieces
            .into_iter()
            .map(|(v4, v6)| AddressSet { v4: Ranges::from_ranges(v4), v6: Ranges::from_ranges(v6) })
            .collect();
        let mut of_block = vec![Vec::new(); blocks.len()];
        for (region, members) in regions.iter().enumerate() {
            for &block in members {
                of_block[block as usize].push(region as u32);
            }
        }
        Self { v4, v6, blocks: regions, sets, regions: of_block }
    }

    /// Number of regions.
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    /// The addresses of a region.
    pub(crate) fn set(&self, region: usize) -> &AddressSet {
        &self.sets[region]
    }

    /// The regions of a block, in order.
    pub(crate) fn regions(&self, block: u32) -> &[u32] {
        &self.regions[block as usize]
    }

    /// Whether a block holds the region.
    pub(crate) fn is_in(&self, region: usize, block: u32) -> bool {
        self.blocks[region].binary_search(&block).is_ok()
    }

    /// The region of an address.
    pub(crate) fn of(&self, address: IpAddr) -> u32 {
        match address {
            IpAddr::V4(ip) => {
                let ip = ip.to_bits();
                self.v4[self.v4.partition_point(|(first, _)| *first <= ip) - 1].1
            }
            IpAddr::V6(ip) => {
                let ip = ip.to_bits();
                self.v6[self.v6.partition_point(|(first, _)| *first <= ip) - 1].1
            }
        }
    }
}

/// Walks the borders in order and names each stretch by the blocks that are open there.
fn cut<'a, T: Bound + Default + 'a>(
    blocks: impl Iterator<Item = &'a Ranges<T>>,
    ids: &mut FxHashMap<Vec<u32>, u32>,
) -> Vec<(T, u32)> {
    let mut events: Vec<(T, bool, u32)> = Vec::new();
    for (block, ranges) in blocks.enumerate() {
        for &(first, last) in ranges.ranges() {
            events.push((first, true, block as u32));
            if let Some(after) = last.after() {
                events.push((after, false, block as u32));
            }
        }
    }
    events.sort_unstable();
    let mut open: BTreeSet<u32> = BTreeSet::new();
    let mut found: Vec<(T, u32)> = Vec::new();
    let mut start = T::default();
    let mut at = 0;
    loop {
        while let Some(&(border, opens, block)) = events.get(at).filter(|event| event.0 == start) {
            debug_assert!(border == start);
            if opens {
                open.insert(block);
            } else {
                open.remove(&block);
            }
            at += 1;
        }
        let next = ids.len() as u32;
        let region = *ids.entry(open.iter().copied().collect()).or_insert(next);
        if found.last().is_none_or(|last| last.1 != region) {
            found.push((start, region));
        }
        match events.get(at) {
            Some(event) => start = event.0,
            None => return found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_share_a_region_iff_the_same_blocks_hold_them() {
        let block = |text: &str| AddressSet::cidr(text).expect("a block");
        let hole = block("10.0.0.0/8").difference(&block("10.1.0.0/16"));
        let blocks = [hole, block("10.0.0.0/9"), block("fd00::/8")];
        let atoms = Atoms::new(&blocks);
        let ips =
            ["9.9.9.9", "10.0.0.1", "10.1.0.1", "10.200.0.1", "255.255.255.255", "fd00::1", "::1"];
        for a in ips {
            for b in ips {
                let (a, b): (IpAddr, IpAddr) = (a.parse().expect("ip"), b.parse().expect("ip"));
                let same = blocks.iter().all(|block| block.contains(a) == block.contains(b));
                assert_eq!(atoms.of(a) == atoms.of(b), same, "{a} {b}");
            }
        }
        let all = (0..atoms.len()).fold(AddressSet::default(), |all, at| all.union(atoms.set(at)));
        assert_eq!(all, AddressSet::all());
    }
}
