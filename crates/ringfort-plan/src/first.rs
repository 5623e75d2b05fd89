//! The first fixes: for the shown paths, changes that cut them, each tried on the cluster.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use ringfort_attack::{Attack, Engines};
use ringfort_graph::{Derivation, EdgeId, NodeId, Severed};
use ringfort_model::Cluster;

use crate::apply::apply;
use crate::change::Change;
use crate::edits::changes;
use crate::fix::{Catalogue, Costs, Fix};
use crate::question::{Pair, Question, connected};

/// A fix, with what it cuts by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstFix {
    /// The fix.
    pub fix: Fix,
    /// Its changes.
    pub changes: Vec<Change>,
    /// Entry-to-target pairs that are gone after it, by re-evaluation.
    pub cut: usize,
    /// Pairs that are left.
    pub left: usize,
}

/// Edges that may be drawn again to try candidates; one candidate is tried on any graph.
const TRIES: usize = 2_000_000;

/// How many candidates are blocked in the graph to see what they would cut.
const BLOCKED: usize = 1_000;

/// The pairs of the default question that are connected: each entry with each default target.
#[must_use]
pub fn pairs(attack: &Attack<'_>) -> BTreeSet<Pair> {
    let asked = Question::default().ask(attack, false).expect("it names no id");
    connected(attack, &asked)
}

/// Changes that cut the shown paths, the ones that cut most pairs first. Each was applied to
/// the cluster and the whole pipeline run again; those that cut nothing or connect something
/// new are left out.
#[must_use]
pub fn first_fixes(
    cluster: &Cluster,
    attack: &Attack<'_>,
    paths: &[Derivation],
    costs: &Costs,
    limit: usize,
) -> Vec<FirstFix> {
    if limit == 0 {
        return Vec::new();
    }
    let before = pairs(attack);
    let mut shown = attack.no_edges();
    for edge in paths.iter().flat_map(|path| &path.edges) {
        shown.insert(edge.index());
    }
    let catalogue = Catalogue::new(attack, &shown, costs);
    // The fixes on most of the shown paths come first; only so many are blocked in the graph.
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for path in paths {
        let on_path = path.edges.iter().flat_map(|&edge| catalogue.of_edge(attack, edge));
        for fix in on_path.collect::<BTreeSet<u32>>() {
            *counts.entry(fix).or_default() += 1;
        }
    }
    let mut ordered: Vec<(u32, usize)> = counts.into_iter().collect();
    ordered.sort_by_key(|&(fix, count)| (Reverse(count), fix));
    ordered.truncate(BLOCKED);
    let entries: Vec<NodeId> = attack.entries().map(|(_, node)| node).collect();
    let targets: Vec<NodeId> = attack.targets().iter().map(|(_, node)| *node).collect();
    let mut cut_by: BTreeMap<u32, Vec<EdgeId>> =
        ordered.iter().map(|&(fix, _)| (fix, Vec::new())).collect();
    for edge in (0..attack.graph.edge_count()).map(|edge| EdgeId(edge as u32)) {
        for fix in catalogue.fixes_of(attack, edge) {
            if let Some(edges) = cut_by.get_mut(&fix) {
                edges.push(edge);
            }
        }
    }
    let severed = Severed::new(&attack.graph, &entries, &targets);
    let mut room = severed.room();
    let mut candidates: Vec<(usize, &Fix)> = Vec::new();
    for (&fix, edges) in &mut cut_by {
        edges.dedup();
        let cut = severed.lost(edges, &mut room).len();
        if cut > 0 {
            candidates.push((cut, &catalogue.fixes[fix as usize]));
        }
    }
    candidates.sort_by(|a, b| (b.0, a.1.cost, &a.1.id).cmp(&(a.0, b.1.cost, &b.1.id)));
    let tries = (TRIES / attack.graph.edge_count().max(1)).clamp(1, limit);
    candidates.truncate(tries);
    let tried = candidates.into_par_iter().filter_map(|(_, fix)| {
        let changes = changes(&fix.edits);
        let changed = apply(cluster, &changes).ok()?;
        let engines = Engines::after(attack, &changed);
        let after = pairs(&Attack::after(attack, &changed, &engines));
        let cut = before.difference(&after).count();
        let better = cut > 0 && after.is_subset(&before);
        better.then(|| FirstFix { fix: fix.clone(), changes, cut, left: after.len() })
    });
    let mut fixes: Vec<FirstFix> = tried.collect();
    fixes.sort_by(|a, b| (b.cut, a.fix.cost, &a.fix.id).cmp(&(a.cut, b.fix.cost, &b.fix.id)));
    fixes.truncate(limit);
    fixes
}
