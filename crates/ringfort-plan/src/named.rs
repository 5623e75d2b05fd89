//! Pairs by name, where positions share names.
//!
//! A pair of names is connected as long as one position of the first leads to one of the second:
//! a tenant to another, or one pod wherever it runs to a secret under any of its ids. So a pair of
//! names is without a cut once one pair of their positions is, and what its other positions do makes
//! no difference: no change is spent on them, and none of them is counted.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::Attack;
use ringfort_graph::cut::{Curve, FixId, Goal, Point, Remains};
use ringfort_graph::{BitSet, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::plan::Posed;
use crate::question::{Asked, Pair, reached};

/// The names of the positions of a question.
pub(crate) struct Named<'q>(Vec<Ends<'q>>);

/// The same of a part of it.
struct Ends<'q> {
    from: Names<'q>,
    to: Names<'q>,
    /// All names of targets.
    targets: FxHashSet<&'q str>,
}

type Names<'q> = FxHashMap<NodeId, BTreeSet<&'q str>>;

impl<'q> Named<'q> {
    pub(crate) fn new(asked: &'q [Asked]) -> Self {
        let names = |list: &'q [(String, NodeId)]| {
            let mut found = Names::default();
            for (name, node) in list {
                found.entry(*node).or_default().insert(name);
            }
            found
        };
        let ends = |one: &'q Asked| Ends {
            from: names(&one.from),
            to: names(&one.to),
            targets: one.to.iter().map(|(name, _)| name.as_str()).collect(),
        };
        Self(asked.iter().map(ends).collect())
    }

    /// The pairs that two positions of a part stand for; of one name with itself there is none.
    pub(crate) fn pairs(
        &self,
        part: usize,
        start: NodeId,
        target: NodeId,
    ) -> impl Iterator<Item = (&'q str, &'q str)> {
        let ends = &self.0[part];
        let both = ends.from.get(&start).zip(ends.to.get(&target)).into_iter();
        let pairs =
            both.flat_map(|(from, to)| from.iter().flat_map(|&a| to.iter().map(move |&b| (a, b))));
        pairs.filter(|(from, to)| from != to)
    }

    /// Takes out of each goal the targets that are left whatever is done: those that stand for
    /// pairs without a cut alone. `parts` are the parts that the goals are of.
    pub(crate) fn without(&self, goals: &mut [Goal], parts: &[usize], uncut: &BTreeSet<Pair>) {
        let mut of: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
        for (from, to) in uncut {
            of.entry(from).or_default().insert(to);
        }
        for (goal, &part) in goals.iter_mut().zip(parts) {
            let Some(&start) = goal.entries.first() else { continue };
            let ends = &self.0[part];
            let Some(names) = ends.from.get(&start) else { continue };
            if names.iter().any(|name| of.contains_key(name) || ends.targets.contains(name)) {
                goal.targets.retain(|&target| {
                    self.pairs(part, start, target)
                        .any(|(from, to)| !of.get(from).is_some_and(|gone| gone.contains(to)))
                });
            }
        }
    }

    fn is_plain(&self) -> bool {
        let plain = |names: &dyn Fn(&Ends<'q>) -> Vec<(NodeId, &'q str)>| {
            let all: FxHashSet<(NodeId, &str)> = self.0.iter().flat_map(names).collect();
            let nodes: FxHashSet<NodeId> = all.iter().map(|(node, _)| *node).collect();
            let names: FxHashSet<&str> = all.iter().map(|(_, name)| *name).collect();
            nodes.len() == all.len() && names.len() == all.len()
        };
        let of = |names: &Names<'q>| -> Vec<(NodeId, &'q str)> {
            names
                .iter()
                .flat_map(|(&node, all)| all.iter().map(move |&name| (node, name)))
                .collect()
        };
        plain(&|ends| of(&ends.from)) && plain(&|ends| of(&ends.to))
    }
}

/// Whether each position of a question has one name and each name one position, so that pairs of
/// positions are pairs of names.
pub(crate) fn is_plain(posed: &Posed<'_>) -> bool {
    Named::new(&posed.asked).is_plain()
}

/// The curve of a problem in pairs of names. What its fixes leave is counted anew; what none of as
/// many goes below is what holds the pairs of positions that are left at the least.
pub(crate) fn curve(attack: &Attack<'_>, posed: &Posed<'_>, curve: Curve) -> Curve {
    if is_plain(posed) {
        return curve;
    }
    let sizes = sizes(attack, posed);
    let mut points: Vec<Point> = Vec::new();
    for mut point in curve.points {
        let mut left = left(attack, posed, &point.fixes);
        // Fewer positions may be left, and more pairs of names.
        if let Some(before) = points.last().filter(|before| before.pairs < left.len()) {
            let more = point.fixes.iter().find(|fix| !before.fixes.contains(fix));
            point.fixes = before.fixes.iter().chain(more).copied().collect();
            point.fixes.sort_unstable();
            left = self::left(attack, posed, &point.fixes);
            let costs = point.fixes.iter().filter_map(|&fix| posed.problem.cost(fix));
            point.cost = costs.map(u64::from).sum();
        }
        Remains { pairs: point.pairs, targets: point.targets, entries: point.entries } =
            counted(&left);
        point.at_least = fewest(&sizes, point.at_least);
        point.exact = point.pairs == point.at_least;
        points.push(point);
    }
    Curve { points }
}

/// What some fixes leave of the pairs of names with a cut.
pub(crate) fn remains(attack: &Attack<'_>, posed: &Posed<'_>, fixes: &[FixId]) -> Remains {
    counted(&left(attack, posed, fixes))
}

fn counted(left: &BTreeSet<Pair>) -> Remains {
    let distinct =
        |pick: fn(&Pair) -> &String| left.iter().map(pick).collect::<BTreeSet<_>>().len();
    let (entries, targets) = (distinct(|(from, _)| from), distinct(|(_, to)| to));
    Remains { pairs: left.len(), targets, entries }
}

/// The pairs of names with a cut that some fixes leave.
fn left(attack: &Attack<'_>, posed: &Posed<'_>, fixes: &[FixId]) -> BTreeSet<Pair> {
    let blocked = posed.problem.blocked_by(fixes);
    let of = |one: &Asked| one.pairs(&reached(attack, one, &blocked));
    let mut pairs: BTreeSet<Pair> = posed.asked.iter().flat_map(of).collect();
    for one in &posed.residual {
        pairs.remove(&one.pair);
    }
    pairs
}

/// How many connected pairs of positions the pairs of names with a cut have, the most first.
pub(crate) fn sizes(attack: &Attack<'_>, posed: &Posed<'_>) -> Vec<usize> {
    let uncut: FxHashSet<(&str, &str)> =
        posed.residual.iter().map(|one| (&*one.pair.0, &*one.pair.1)).collect();
    let mut sizes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in &posed.asked {
        let found: Vec<BitSet> = reached(attack, one, &attack.no_edges());
        for ((to, end), reached) in one.to.iter().zip(&found) {
            for (from, start) in reached.iter().map(|at| &one.from[at]) {
                let pair = (from.as_str(), to.as_str());
                if start != end && from != to && !uncut.contains(&pair) {
                    *sizes.entry(pair).or_default() += 1;
                }
            }
        }
    }
    let mut sizes: Vec<usize> = sizes.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

/// The fewest pairs of names that hold so many pairs of positions.
pub(crate) fn fewest(sizes: &[usize], positions: usize) -> usize {
    let mut held = 0;
    sizes
        .iter()
        .take_while(|&&size| {
            let more = held < positions;
            held += size;
            more
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_pairs_hold_most_positions() {
        for (positions, pairs) in [(0, 0), (1, 1), (5, 1), (6, 2), (8, 2), (9, 3), (10, 3)] {
            assert_eq!(fewest(&[5, 3, 2], positions), pairs, "{positions}");
        }
    }
}
