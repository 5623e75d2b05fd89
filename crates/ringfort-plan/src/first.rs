//! The first fixes: single changes that cut most, each tried on the cluster.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use ringfort_attack::{Attack, Engines};
use ringfort_graph::{EdgeId, NodeId, Severed};
use ringfort_model::Cluster;

use crate::apply::apply;
use crate::change::Change;
use crate::edits::changes;
use crate::fix::{Catalogue, Costs, Desk, Fix};
use crate::plan::Posed;
use crate::question::{Asked, Pair, Question, between, connected};

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
const TRIES: usize = 60_000;

/// Fixes that admission is asked about at the most.
const ASKED: usize = 32;

/// How many candidates are blocked in the graph to see what they would cut, those that may cut
/// most.
const BLOCKED: usize = 1_000;

/// The pairs of the default question that are connected: each entry with each default target.
#[must_use]
pub fn pairs(attack: &Attack<'_>) -> BTreeSet<Pair> {
    let asked = Question::default().ask(attack, false).expect("it names no id");
    connected(attack, &asked)
}

/// Changes that cut most of the pairs, those before others that cut other pairs. Each was applied
/// to the cluster and the whole pipeline run again; what cuts nothing or connects something new
/// is left out. Whoever posed the default question already, without a filter, hands it in.
#[must_use]
pub fn first_fixes(
    cluster: &Cluster,
    attack: &Attack<'_>,
    posed: Option<&Posed<'_>>,
    costs: &Costs,
    limit: usize,
) -> Vec<FirstFix> {
    if limit == 0 {
        return Vec::new();
    }
    let own;
    let known = match posed {
        Some(posed) => Known { asked: &posed.asked, catalogue: &posed.catalogue, desk: None },
        None => {
            let asked = Question::default().ask(attack, false).expect("it names no id");
            // A fix may stand on edges that no way passes, and cut what would go round by them.
            let edges = between(attack, &asked);
            own = (asked, Catalogue::unasked(attack, &edges, costs));
            let (asked, (catalogue, desk)) = &own;
            Known { asked, catalogue, desk: Some(desk) }
        }
    };
    let tries = (TRIES / attack.graph.edge_count().max(1)).clamp(1, limit);
    let candidates = known.candidates(attack, tries);
    let before = connected(attack, known.asked);
    let tried = candidates.into_par_iter().filter_map(|fix| {
        let fix = &known.catalogue.fixes[fix as usize];
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
    fixes
}

/// What is known of a graph before a change is tried.
struct Known<'k, 'a, 'c> {
    asked: &'k [Asked],
    catalogue: &'k Catalogue,
    /// Who asks admission about the fixes, where that was not done.
    desk: Option<&'k Desk<'a, 'c>>,
}

/// What a fix cuts.
struct Candidate {
    fix: u32,
    edges: Vec<EdgeId>,
    /// How many pairs it cuts.
    cuts: usize,
    /// Those that no fix before it cuts, by position.
    pairs: BTreeSet<(usize, usize)>,
}

impl Known<'_, '_, '_> {
    /// The fixes that cut most pairs in the graph, each counted without what those before it cut.
    /// Once nothing is left to cut alone, other ways to cut the same fill the places.
    fn candidates(&self, attack: &Attack<'_>, count: usize) -> Vec<u32> {
        let catalogue = self.catalogue;
        let entries: Vec<NodeId> = attack.entries().map(|(_, node)| node).collect();
        let targets: Vec<NodeId> = attack.targets().iter().map(|(_, node)| *node).collect();
        let severed = Severed::new(&attack.graph, &entries, &targets);
        let mut at_most: BTreeMap<u32, u64> = BTreeMap::new();
        for (edge, pairs) in
            severed.passed().into_iter().enumerate().filter(|(_, pairs)| *pairs > 0)
        {
            for fix in catalogue.fixes_of(attack, EdgeId(edge as u32)) {
                *at_most.entry(fix).or_default() += u64::from(pairs);
            }
        }
        let mut ordered: Vec<(u32, u64)> = at_most.into_iter().collect();
        ordered.sort_by_key(|&(fix, pairs)| (Reverse(pairs), fix));
        ordered.truncate(BLOCKED);
        let mut cut_by: BTreeMap<u32, Vec<EdgeId>> =
            ordered.iter().map(|&(fix, _)| (fix, Vec::new())).collect();
        for edge in (0..attack.graph.edge_count()).map(|edge| EdgeId(edge as u32)) {
            for fix in catalogue.fixes_of(attack, edge) {
                if let Some(edges) = cut_by.get_mut(&fix) {
                    edges.push(edge);
                }
            }
        }
        let mut room = severed.room();
        let mut left: Vec<Candidate> = Vec::new();
        for (fix, mut edges) in cut_by {
            edges.dedup();
            let pairs: BTreeSet<_> = severed.lost(&edges, &mut room).into_iter().collect();
            left.push(Candidate { fix, edges, cuts: pairs.len(), pairs });
        }
        left.retain(|one| one.cuts > 0);
        let mut chosen = Vec::new();
        for _ in 0..ASKED {
            if chosen.len() == count {
                break;
            }
            let rank = |one: &Candidate| {
                let cost = catalogue.fixes[one.fix as usize].cost;
                (Reverse(one.pairs.len()), Reverse(one.cuts), cost, one.fix)
            };
            let Some(best) = (0..left.len()).min_by_key(|&at| rank(&left[at])) else { break };
            let best = left.swap_remove(best);
            let fix = &catalogue.fixes[best.fix as usize];
            if self.desk.is_some_and(|desk| !catalogue.admits(desk, &best.edges, fix)) {
                continue;
            }
            chosen.push(best.fix);
            for one in &mut left {
                one.pairs.retain(|pair| !best.pairs.contains(pair));
            }
        }
        chosen
    }
}
