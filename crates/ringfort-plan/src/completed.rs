//! Completing a plan after which pairs are left that the graph knew a cut of.
//!
//! A namespace that gets stricter may not let the pods in that another change makes again; then
//! it is left as it is, and what nothing else cuts is left too, if that is less than what the pods
//! that stay as they are leave. The cut of fewer fixes is one of all of them, so the bound still holds.
//!
//! The graph draws no narrow way beside a wide one of the same identity: no namespace beside the
//! whole cluster. A fix of the wide one lays the others bare. A new policy lays bare who may take
//! it back. What is then left is cut on the changed cluster, in rounds, and what the whole does not need
//! is left out again. The proof stays that of the first problem, which the whole solves too:
//! what was laid bare only makes a cut dearer.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Attack, Engines};
use ringfort_graph::cut::{Answer, FixId, solve, without_uncuttable};
use ringfort_model::{Cluster, Kind};

use crate::apply::{applied, apply};
use crate::edits::{Edited, changes};
use crate::fix::Fix;
use crate::left::Answered;
use crate::lift::Earlier;
use crate::plan::{PlanError, Posed, RULED_OUT, Wish, Work, posed, tried_again};
use crate::question::Pair;

/// Fixes, and the pairs that are connected once they are made.
type Found = (Vec<Fix>, BTreeSet<Pair>);

/// Pairs that have no cut once some changes are made, and why.
pub(crate) type Opened = BTreeMap<Pair, &'static str>;

/// Why a pair is left where all that cuts it is a namespace's label which the plan cannot have.
const REFUSED: &str =
    "what cuts it has the namespace refuse the pods that another change makes again";

/// How often a plan is completed.
const ROUNDS: usize = 4;

/// Trials that may be spent on leaving out again what a completed plan does not need.
const SPARED: usize = 32;

/// The edits of fixes.
pub(crate) fn edits(fixes: &[Fix]) -> impl Iterator<Item = &Edited> {
    fixes.iter().flat_map(|fix| &fix.edits)
}

/// The problem on the cluster as it is.
pub(crate) struct First<'p, 'g, 'c> {
    pub(crate) cluster: &'p Cluster,
    pub(crate) attack: &'g Attack<'c>,
    pub(crate) wish: &'p Wish,
    pub(crate) posed: &'p Posed<'g>,
    pub(crate) answered: &'p Answered<'p, 'c>,
    /// Pairs that may be left.
    pub(crate) expected: &'p BTreeSet<Pair>,
}

impl First<'_, '_, '_> {
    /// Fixes after which no other pair is left, if that is found, with what is left. Of pairs that
    /// are left all the same, those that nothing cuts any more.
    pub(crate) fn completed(
        &self,
        work: &mut Work<'_>,
        mut fixes: Vec<Fix>,
        mut after: BTreeSet<Pair>,
    ) -> Result<(Found, Opened), PlanError> {
        let mut wish = self.wish.clone();
        let wrong = |left: &BTreeSet<Pair>| left.difference(self.expected).count();
        if let Some(((others, left), ruled_out)) = self.admitted(work, &fixes)?
            && wrong(&left) < wrong(&after)
        {
            (fixes, after) = (others, left);
            if after.is_subset(self.expected) {
                return Ok(((fixes, after), Opened::new()));
            }
            wish.forbid.extend(ruled_out);
        }
        let is_refused = wish.forbid.len() > self.wish.forbid.len();
        let mut opened = Opened::new();
        for _ in 0..ROUNDS {
            let more = self.bare(&wish, &fixes, |posed, _| {
                let reason = |own| if is_refused && own == RULED_OUT { REFUSED } else { own };
                let uncut = posed.residual.iter();
                opened = uncut.map(|one| (one.pair.clone(), reason(one.reason))).collect();
                let size = posed.between.len();
                match solve(&posed.problem, &mut work.limits(size)) {
                    Answer::Cut(found) => found.fixes,
                    Answer::Impossible(_) => Vec::new(),
                }
            })?;
            let mut whole = fixes.clone();
            whole.extend(more.into_iter().filter(|fix| !has(&fixes, &fix.id)));
            // Edits of one object that do not fit together are not made.
            let Ok(left) = self.tried(&whole) else { break };
            if whole.len() == fixes.len() {
                break;
            }
            (fixes, after) = (whole, left);
            if after.is_subset(self.expected) {
                return Ok((self.spared(fixes, after), Opened::new()));
            }
        }
        opened.retain(|pair, _| after.contains(pair) && !self.expected.contains(pair));
        Ok(((fixes, after), opened))
    }

    /// Other fixes, where some of these have a namespace refuse the pods that others of them
    /// change: it is left as open as it is. With them the ids of those that are left out.
    fn admitted(
        &self,
        work: &mut Work<'_>,
        fixes: &[Fix],
    ) -> Result<Option<(Found, Vec<String>)>, PlanError> {
        let mut problem = self.posed.problem.clone();
        let mut fixes = fixes.to_vec();
        let mut found = None;
        let mut without = Vec::new();
        for _ in 0..ROUNDS {
            let refusing = applied(self.cluster, &changes(edits(&fixes)))?.refusing;
            let stricter = |fix: &&Fix| {
                fix.edits
                    .iter()
                    .any(|edited| edited.kind == Kind::Namespace && refusing.contains(&edited.name))
            };
            let ruled_out: Vec<Fix> = fixes.iter().filter(stricter).cloned().collect();
            if ruled_out.is_empty() {
                break;
            }
            for fix in self.posed.numbers(&ruled_out) {
                problem.costs[fix.index()] = None;
            }
            without.extend(ruled_out.into_iter().map(|fix| fix.id));
            // What has no other cut stays connected; the rest is cut all the same.
            without_uncuttable(&mut problem);
            let size = self.posed.between.len();
            let Answer::Cut(other) = solve(&problem, &mut work.limits(size)) else { break };
            let all = &self.posed.catalogue.fixes;
            fixes = other.fixes.iter().map(|fix| all[fix.index()].clone()).collect();
            let left = self.tried(&fixes)?;
            found = Some((fixes.clone(), left));
        }
        Ok(found.map(|found| (found, without)))
    }

    fn tried(&self, fixes: &[Fix]) -> Result<BTreeSet<Pair>, PlanError> {
        let changes = changes(edits(fixes));
        tried_again(self.cluster, self.attack, &changes, self.answered, self.expected)
    }

    /// Fixes of the problem on the cluster after other fixes, as fixes of the cluster before them.
    /// One that the first problem has as well is the same, with the cost that it has there.
    fn bare(
        &self,
        wish: &Wish,
        fixes: &[Fix],
        choose: impl FnOnce(&Posed<'_>, &[Fix]) -> Vec<FixId>,
    ) -> Result<Vec<Fix>, PlanError> {
        let changed = apply(self.cluster, &changes(edits(fixes)))?;
        let engines = Engines::new(&changed);
        let attack = Attack::new(&changed, &engines);
        let posed = posed(&attack, wish, false)?;
        let earlier = Earlier::new(self.cluster, edits(fixes));
        // The catalogue is in the order of its ids.
        let all = &self.posed.catalogue.fixes;
        let lifted = |fix: &Fix| {
            let lifted = earlier.lifted(fix);
            match all.binary_search_by(|one| one.id.cmp(&lifted.id)) {
                Ok(at) => all[at].clone(),
                Err(_) => lifted,
            }
        };
        let mut found: Vec<Fix> = posed.catalogue.fixes.iter().map(lifted).collect();
        let chosen: BTreeSet<usize> =
            choose(&posed, &found).into_iter().map(FixId::index).collect();
        let mut at = 0..;
        found.retain(|_| at.next().is_some_and(|at| chosen.contains(&at)));
        Ok(found)
    }

    /// Whether the fixes of the problem among these are a cut by themselves.
    fn is_cut(&self, fixes: &[Fix]) -> bool {
        let blocked = self.posed.problem.blocked_by(&self.posed.numbers(fixes));
        self.posed.is_cut(self.attack, &blocked)
    }

    /// Leaves fixes out, the dearest first, as long as nothing is connected again, and a check
    /// finds the others.
    fn spared(&self, fixes: Vec<Fix>, after: BTreeSet<Pair>) -> Found {
        let (mut kept, mut left) = (fixes.clone(), after.clone());
        kept.sort_by(|a, b| (b.cost, &b.id).cmp(&(a.cost, &a.id)));
        let mut at = 0;
        for _ in 0..SPARED {
            if at >= kept.len() {
                break;
            }
            let mut fewer = kept.clone();
            fewer.remove(at);
            match self.tried(&fewer) {
                Ok(now) if now.is_subset(self.expected) && self.is_cut(&fewer) => {
                    (kept, left) = (fewer, now);
                }
                _ => at += 1,
            }
        }
        let ids: Vec<&str> = kept.iter().map(|fix| fix.id.as_str()).collect();
        match self.named(&ids) {
            Ok(found) if found.len() == ids.len() => (kept, left),
            _ => (fixes, after),
        }
    }

    /// The fixes of these ids: those of the problem, then those of the problem after them.
    pub(crate) fn named(&self, ids: &[&str]) -> Result<Vec<Fix>, PlanError> {
        let wanted = |found: &[Fix], fix: &Fix| ids.contains(&&*fix.id) && !has(found, &fix.id);
        let all = self.posed.catalogue.fixes.iter();
        let mut found: Vec<Fix> = all.filter(|fix| wanted(&[], fix)).cloned().collect();
        for _ in 0..ROUNDS {
            if found.len() == ids.len() {
                break;
            }
            let more = self.bare(self.wish, &found, |_, fixes| {
                let known = fixes.iter().enumerate().filter(|(_, fix)| wanted(&found, fix));
                known.map(|(at, _)| FixId(at as u32)).collect()
            })?;
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        Ok(found)
    }
}

fn has(fixes: &[Fix], id: &str) -> bool {
    fixes.iter().any(|fix| fix.id == id)
}
