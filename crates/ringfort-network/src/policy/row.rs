//! One subject against every class: the verdict of each, with classes alike joined.

use ringfort_model::Str;
use rustc_hash::FxHashMap;

use crate::policy::class::{Class, Classes, Segment, resolve};
use crate::policy::connection::ConnectionSet;
use crate::policy::decide::{Match, Verdict, decide};
use crate::policy::rule::{Direction, Policy, Ports, Tri};

/// Classes in a set: whole segments, and single classes of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassSet {
    pub(crate) full: [bool; 3],
    pub(crate) list: Vec<u32>,
}

impl ClassSet {
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.full.iter_mut().zip(other.full) {
            *mine |= theirs;
        }
        self.list.extend(&other.list);
        self.list.sort_unstable();
        self.list.dedup();
    }
}

/// Whom a rule means.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerSets {
    pub(crate) certain: ClassSet,
    pub(crate) perhaps: ClassSet,
    pub(crate) why: Option<Str>,
}

/// The verdicts of one subject in one direction, as positions in the network's list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// For classes of a segment that are not listed.
    default: [u32; 3],
    /// For single classes, sorted.
    listed: Vec<(u32, u32)>,
}

impl Row {
    pub(crate) fn verdict(&self, class: Class, segment: Segment) -> u32 {
        match self.listed.binary_search_by_key(&class.0, |entry| entry.0) {
            Ok(at) => self.listed[at].1,
            Err(_) => self.default[segment as usize],
        }
    }

    pub(crate) fn default_of(&self, segment: Segment) -> u32 {
        self.default[segment as usize]
    }

    pub(crate) fn listed(&self) -> &[(u32, u32)] {
        &self.listed
    }
}

/// Where each segment begins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) hosts: u32,
    pub(crate) outside: u32,
    pub(crate) end: u32,
}

impl Bounds {
    /// The classes of a segment.
    pub(crate) fn classes(self, segment: Segment) -> std::ops::Range<u32> {
        match segment {
            Segment::Pods => 0..self.hosts,
            Segment::Hosts => self.hosts..self.outside,
            Segment::Outside => self.outside..self.end,
        }
    }

    pub(crate) fn segment(self, class: u32) -> Segment {
        if class < self.hosts {
            Segment::Pods
        } else if class < self.outside {
            Segment::Hosts
        } else {
            Segment::Outside
        }
    }
}

/// What rows are made from.
pub(crate) struct Maker<'a> {
    pub(crate) policies: &'a [Policy],
    pub(crate) classes: &'a Classes,
    pub(crate) bounds: Bounds,
    /// By policy and direction (ingress first), the sets of each rule.
    pub(crate) sets: &'a [[Vec<u32>; 2]],
    pub(crate) peers: &'a [PeerSets],
}

/// Which rules hold a class: position in the row's list of rules, and whether only perhaps.
type Signature = Vec<(u32, bool)>;

impl Maker<'_> {
    /// The row of a subject that these policies select. `own_ports` are the subject's named
    /// ports, which ingress rules mean. New verdicts are added to `verdicts`.
    pub(crate) fn row(
        &self,
        selected: &[u32],
        direction: Direction,
        own_ports: u32,
        verdicts: &mut Vec<Verdict>,
    ) -> Row {
        let mut rules: Vec<(u32, u32)> = Vec::new();
        let mut of_class: FxHashMap<u32, Signature> = FxHashMap::default();
        let mut of_segment: [Signature; 3] = Default::default();
        let mut names_ports = false;
        for &policy in selected {
            let side = self.policies[policy as usize].side(direction);
            let sets = &self.sets[policy as usize][direction as usize];
            for (rule, set) in sets.iter().enumerate() {
                let peers = &self.peers[*set as usize];
                let position = rules.len() as u32;
                rules.push((policy, rule as u32));
                names_ports |= !side.rules[rule].ports.named.is_empty();
                for (set, perhaps) in [(&peers.certain, false), (&peers.perhaps, true)] {
                    for (signature, full) in of_segment.iter_mut().zip(set.full) {
                        if full {
                            signature.push((position, perhaps));
                        }
                    }
                    for &class in &set.list {
                        of_class.entry(class).or_default().push((position, perhaps));
                    }
                }
            }
        }
        let by_destination = names_ports && direction == Direction::Egress;
        if by_destination {
            for (at, pod) in self.classes.pods.iter().enumerate().filter(|(_, pod)| pod.ports > 0) {
                debug_assert!(pod.ports > 0);
                of_class.entry(at as u32).or_default();
            }
        }
        let mut made: FxHashMap<(Signature, u32), u32> = FxHashMap::default();
        let mut verdict_of = |mut signature: Signature, ports: u32| {
            signature.sort_unstable();
            // A rule that certainly holds the class needs no perhaps.
            signature.dedup_by_key(|entry| entry.0);
            *made.entry((signature, ports)).or_insert_with_key(|(signature, ports)| {
                let found = self.decide(selected, direction, &rules, signature, *ports);
                match verdicts.last() {
                    Some(last) if *last == found => {}
                    _ => verdicts.push(found),
                }
                verdicts.len() as u32 - 1
            })
        };
        let subject_ports = if direction == Direction::Ingress { own_ports } else { 0 };
        let mut row = Row::default();
        for (default, signature) in row.default.iter_mut().zip(&of_segment) {
            *default = verdict_of(signature.clone(), subject_ports);
        }
        let mut listed: Vec<(u32, Signature)> = of_class.into_iter().collect();
        listed.sort_unstable();
        for (class, mut signature) in listed {
            let segment = self.bounds.segment(class);
            signature.extend_from_slice(&of_segment[segment as usize]);
            let ports = match (direction, segment) {
                (Direction::Ingress, _) => own_ports,
                (Direction::Egress, Segment::Pods) if by_destination => {
                    self.classes.pods[class as usize].ports
                }
                (Direction::Egress, _) => 0,
            };
            let verdict = verdict_of(signature, ports);
            if verdict != row.default[segment as usize] {
                row.listed.push((class, verdict));
            }
        }
        row.listed.shrink_to_fit();
        row
    }

    fn decide(
        &self,
        selected: &[u32],
        direction: Direction,
        rules: &[(u32, u32)],
        signature: &Signature,
        ports: u32,
    ) -> Verdict {
        let holds: FxHashMap<(u32, u32), bool> = signature
            .iter()
            .map(|(position, perhaps)| (rules[*position as usize], *perhaps))
            .collect();
        let matches = |policy: u32, rule: u32| -> Match {
            match holds.get(&(policy, rule)) {
                None => (Tri::No, None),
                Some(false) => (Tri::Yes, None),
                Some(true) => {
                    let set = self.sets[policy as usize][direction as usize][rule as usize];
                    (Tri::Unknown, self.peers[set as usize].why.clone())
                }
            }
        };
        let named = &self.classes.ports[ports as usize];
        let resolve = |ports: &Ports| {
            ports.named.iter().fold(ConnectionSet::none(), |all, (name, protocol)| {
                all.union(&resolve(named, name, *protocol))
            })
        };
        let all = ConnectionSet::all();
        decide(self.policies, selected, direction, &all, &matches, &resolve)
    }
}
