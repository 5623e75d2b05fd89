//! What is left of a question after a change.
//!
//! The question is about positions of the cluster as it was. On the changed one it is asked of
//! the same positions, whatever their ids have become ([`crate::same`]), and of those that its
//! patterns find there besides. A pair is told by the ids that it had; one that it can be traced
//! back to, and that was connected, is left, and any other is new.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{Discriminant, discriminant};

use ringfort_attack::{Attack, NodeKey};
use ringfort_graph::{BitSet, NodeId};
use rustc_hash::FxHashSet;

use crate::question::{self, Asked, Pair, Question, QuestionError, connected, reached};
use crate::same::Same;

/// A question on the cluster as it is, with its answer.
pub(crate) struct Answered<'p, 'a> {
    attack: &'p Attack<'a>,
    question: &'p Question,
    asked: &'p [Asked],
    /// For each part of the question and each of its targets, the entries that reach it.
    found: Vec<Vec<BitSet>>,
}

/// Positions of a list by node: some nodes have several names.
type Places = BTreeMap<NodeId, Vec<usize>>;

fn places(list: &[(String, NodeId)]) -> Places {
    let mut found = Places::new();
    for (at, (_, node)) in list.iter().enumerate() {
        found.entry(*node).or_default().push(at);
    }
    found
}

/// A part of the question on both clusters.
struct Part<'q> {
    before: Option<(&'q Asked, &'q [BitSet])>,
    after: Asked,
}

impl<'p, 'a> Answered<'p, 'a> {
    pub(crate) fn new(attack: &'p Attack<'a>, question: &'p Question, asked: &'p [Asked]) -> Self {
        let none = attack.no_edges();
        let found = asked.iter().map(|one| reached(attack, one, &none)).collect();
        Self { attack, question, asked, found }
    }

    /// The pairs that are connected.
    pub(crate) fn pairs(&self) -> BTreeSet<Pair> {
        let parts = self.asked.iter().zip(&self.found);
        parts.flat_map(|(one, found)| one.pairs(found)).collect()
    }

    /// The pairs that are connected after a change. Where a position stands for several of those
    /// that were, it is taken for one that `expected` allows, if there is one.
    pub(crate) fn left(
        &self,
        after: &Attack<'_>,
        expected: &BTreeSet<Pair>,
    ) -> Result<BTreeSet<Pair>, QuestionError> {
        let again = self.question.ask(after, false)?;
        // Ways in and impacts, and whatever else has one name for good, need no search.
        if self.asked.iter().all(|one| is_plain(self.attack, one)) {
            return Ok(connected(after, &again));
        }
        let same = Same::new(self.attack, after);
        let ends = self.asked.iter().flat_map(|one| one.from.iter().chain(&one.to));
        let sorts: FxHashSet<Discriminant<NodeKey>> =
            ends.map(|(_, node)| discriminant(self.attack.key(*node))).collect();
        let mut known: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for (at, key) in after.keys().iter().enumerate() {
            if sorts.contains(&discriminant(key)) {
                let node = NodeId(at as u32);
                known.insert(node, same.before(node));
            }
        }
        let mut pairs = BTreeSet::new();
        for part in self.parts(after, again, &known) {
            // A tenant is told by its name alone.
            if matches!(part.after.part, question::Part::Crossing(..)) {
                pairs.extend(connected(after, std::slice::from_ref(&part.after)));
                continue;
            }
            Self::compare(after, &same, &known, &part, expected, &mut pairs);
        }
        Ok(pairs)
    }

    /// The parts of the question with the positions that are the same.
    fn parts(
        &self,
        after: &Attack<'_>,
        again: Vec<Asked>,
        known: &BTreeMap<NodeId, Vec<NodeId>>,
    ) -> Vec<Part<'_>> {
        let mut again: Vec<Option<Asked>> = again.into_iter().map(Some).collect();
        let mut parts = Vec::new();
        for (one, found) in self.asked.iter().zip(&self.found) {
            let at = again
                .iter()
                .position(|other| other.as_ref().is_some_and(|other| other.part == one.part));
            let mut now = at.and_then(|at| again[at].take()).unwrap_or_else(|| Asked {
                part: one.part.clone(),
                from: Vec::new(),
                to: Vec::new(),
            });
            for (list, before) in [(&mut now.from, &one.from), (&mut now.to, &one.to)] {
                let there: BTreeSet<NodeId> = list.iter().map(|(_, node)| *node).collect();
                let wanted = places(before);
                for (node, were) in known.iter().filter(|(node, _)| !there.contains(node)) {
                    if were.iter().any(|node| wanted.contains_key(node)) {
                        list.push((after.id(after.key(*node)), *node));
                    }
                }
            }
            parts.push(Part { before: Some((one, found)), after: now });
        }
        parts.extend(again.into_iter().flatten().map(|after| Part { before: None, after }));
        parts
    }

    fn compare(
        after: &Attack<'_>,
        same: &Same<'_, '_, '_>,
        known: &BTreeMap<NodeId, Vec<NodeId>>,
        part: &Part<'_>,
        expected: &BTreeSet<Pair>,
        pairs: &mut BTreeSet<Pair>,
    ) {
        let now = &part.after;
        let found = reached(after, now, &after.no_edges());
        let sides = |now: &[(String, NodeId)], before: &[(String, NodeId)]| -> Vec<_> {
            let places = places(before);
            let were = |(_, node): &(String, NodeId)| -> BTreeSet<usize> {
                let nodes = known.get(node).into_iter().flatten();
                nodes.filter_map(|node| places.get(node)).flatten().copied().collect()
            };
            now.iter().map(were).collect()
        };
        let nothing = (&[][..], &[][..]);
        let (from, to) = part.before.map_or(nothing, |(before, _)| (&before.from, &before.to));
        let (starts, ends) = (sides(&now.from, from), sides(&now.to, to));
        for (target, reached) in found.iter().enumerate() {
            for entry in reached.iter() {
                let ((from, start), (to, end)) = (&now.from[entry], &now.to[target]);
                if start == end || from == to {
                    continue;
                }
                let Some((before, found)) = part.before else {
                    pairs.insert((from.clone(), to.clone()));
                    continue;
                };
                let old = Old { before, found, starts: &starts[entry], ends: &ends[target] };
                match old.traced(expected, same.is_each(*start)) {
                    Some(traced) => pairs.extend(traced),
                    None => _ = pairs.insert((from.clone(), to.clone())),
                }
            }
        }
    }
}

/// What the two ends of a pair were.
struct Old<'o> {
    before: &'o Asked,
    found: &'o [BitSet],
    starts: &'o BTreeSet<usize>,
    ends: &'o BTreeSet<usize>,
}

impl Old<'_> {
    /// The pairs that it was; `None` if it was none. With `each`, every start must have been
    /// connected.
    fn traced(&self, expected: &BTreeSet<Pair>, each: bool) -> Option<BTreeSet<Pair>> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &start in self.starts {
            by_name.entry(&self.before.from[start].0).or_default().push(start);
        }
        let mut traced = BTreeSet::new();
        let mut any = false;
        for (from, starts) in by_name {
            let (mut allowed, mut others) = (BTreeSet::new(), BTreeSet::new());
            let mut itself = false;
            for &end in self.ends {
                let (to, node) = &self.before.to[end];
                itself |=
                    to == from || starts.iter().any(|&start| self.before.from[start].1 == *node);
                if starts.iter().any(|&start| self.found[end].contains(start)) {
                    let pair = (from.to_owned(), to.clone());
                    let list = if expected.contains(&pair) { &mut allowed } else { &mut others };
                    list.insert(pair);
                }
            }
            // What was one position leads to itself.
            if itself {
                any = true;
                continue;
            }
            if allowed.is_empty() && others.is_empty() {
                if each {
                    return None;
                }
                continue;
            }
            any = true;
            traced.extend(if allowed.is_empty() { others } else { allowed });
        }
        any.then_some(traced)
    }
}

/// Whether all ends have names that no change of others alters.
fn is_plain(attack: &Attack<'_>, asked: &Asked) -> bool {
    if matches!(asked.part, question::Part::Crossing(..)) {
        return true;
    }
    let mut ends = asked.from.iter().chain(&asked.to);
    ends.all(|(_, node)| {
        matches!(attack.key(*node), NodeKey::Internet | NodeKey::Vector(..) | NodeKey::Impact(_))
    })
}
