//! The plan: the cheapest changes after which no entry leads to a target, proved and tried.
//!
//! ```text
//!  question ─► edges between ─► catalogue of fixes ─► problem ─► cut with a proof
//!                                                                   │
//!  cluster ──all changes applied──► pipeline again ──► the paths are gone, nothing new
//! ```
//!
//! Where every fix of a path would touch a part of the cluster itself, no cut exists: such pairs
//! are named with the reason and left out of the goals, so that everything else is still cut.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Attack, Engines};
use ringfort_graph::cut::{
    Answer, Certificate, FixId, FixTable, Goal, Limits, Problem, Uncuttable, curve, solve,
    without_uncuttable,
};
use ringfort_graph::{BitSet, EdgeId};
use ringfort_language::Sentence;
use ringfort_model::{Cluster, Kind};

use crate::apply::apply;
use crate::change::{Change, ChangeError};
use crate::closing::{Closing, Proved};
use crate::completed::{First, edits};
use crate::edits::changes;
use crate::fix::{Catalogue, Costs, Fix};
use crate::left::Answered;
use crate::named::{self, Named};
use crate::narrow;
use crate::plan_file::{Names, PointFile};
use crate::question::{Asked, Pair, Question, QuestionError, between, connected_without, goals};

/// What is asked, what it may cost and what must be left alone.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Which paths must go.
    pub question: Question,
    /// What changes cost.
    pub costs: Costs,
    /// No more changes than that.
    pub most: Option<usize>,
    /// Only changes in these namespaces; everywhere if empty.
    pub only: Vec<String>,
    /// No fix whose id or object matches one of these patterns.
    pub forbid: Vec<String>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The question cannot be asked.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// A filter that matches nothing.
    #[error("{0} matches no change")]
    Filter(String),
    /// A change of the plan does not apply.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// A pair that nothing cuts.
#[derive(Clone, Debug)]
pub struct Residual {
    /// The pair.
    pub pair: Pair,
    /// A derivation of it.
    pub edges: Vec<EdgeId>,
    /// Why nothing cuts it.
    pub reason: &'static str,
}

/// Why a pair has no cut that some change cuts which may not be used.
pub(crate) const RULED_OUT: &str = "every change that cuts it is ruled out (--forbid, --only)";

/// The problem of one question on one graph, for the solver and for whoever checks it.
pub struct Posed<'g> {
    /// The question on this graph.
    pub asked: Vec<Asked>,
    /// The fixes.
    pub catalogue: Catalogue,
    /// The problem, without goals that have no cut.
    pub problem: Problem<'g>,
    /// The pairs that have no cut.
    pub residual: Vec<Residual>,
    /// The edges between entries and targets.
    pub between: BitSet,
}

impl Posed<'_> {
    /// The numbers of those of the fixes that the problem has, ascending.
    pub(crate) fn numbers(&self, fixes: &[Fix]) -> Vec<FixId> {
        let ids: BTreeSet<&str> = fixes.iter().map(|fix| fix.id.as_str()).collect();
        let all = self.catalogue.fixes.iter().enumerate();
        let known = all.filter(|(_, fix)| ids.contains(fix.id.as_str()));
        known.map(|(at, _)| FixId(at as u32)).collect()
    }

    /// Whether without the edges no pair is left but those without a cut.
    pub(crate) fn is_cut(&self, attack: &Attack<'_>, blocked: &BitSet) -> bool {
        let left = connected_without(attack, &self.asked, blocked);
        left.is_subset(&self.uncut())
    }

    /// The pairs that have no cut.
    pub(crate) fn uncut(&self) -> BTreeSet<Pair> {
        self.residual.iter().map(|one| one.pair.clone()).collect()
    }
}

/// Poses the problem.
pub fn pose<'g>(attack: &'g Attack<'_>, wish: &Wish) -> Result<Posed<'g>, PlanError> {
    posed(attack, wish, true)
}

/// Poses the problem; with `strict`, an id or filter that means nothing is an error.
pub(crate) fn posed<'g>(
    attack: &'g Attack<'_>,
    wish: &Wish,
    strict: bool,
) -> Result<Posed<'g>, PlanError> {
    let asked = wish.question.ask(attack, strict)?;
    let edges = between(attack, &asked);
    let catalogue = Catalogue::new(attack, &edges, &wish.costs);
    let costs = allowed(&catalogue, wish, strict)?;
    let cutting = edges.iter().flat_map(|at| {
        let edge = EdgeId(at as u32);
        catalogue.of_edge(attack, edge).into_iter().map(move |fix| (edge, FixId(fix)))
    });
    let (parts, goals): (Vec<usize>, Vec<Goal>) = goals(&asked).unzip();
    let mut problem = Problem {
        graph: &attack.graph,
        goals,
        fixes_of_edge: FixTable::new(attack.graph.edge_count(), cutting),
        costs,
    };
    let named = Named::new(&asked);
    let found = without_uncuttable(&mut problem);
    let residual = residual(attack, &catalogue, &problem, (&named, &parts), found);
    let uncut = residual.iter().map(|one| one.pair.clone()).collect();
    named.without(&mut problem.goals, &parts, &uncut);
    drop(named);
    Ok(Posed { asked, catalogue, problem, residual, between: edges })
}

/// The cost of each fix that may be used.
fn allowed(
    catalogue: &Catalogue,
    wish: &Wish,
    strict: bool,
) -> Result<Vec<Option<u32>>, PlanError> {
    let forbids = |pattern: &str, fix: &Fix| {
        ringfort_attack::find::matches(pattern, &fix.id)
            || ringfort_attack::find::matches(pattern, &fix.object())
    };
    let within = |namespace: &str, fix: &Fix| {
        fix.edits.iter().all(|edited| {
            *edited.namespace == *namespace
                || (edited.kind == Kind::Namespace && *edited.name == *namespace)
        })
    };
    for pattern in wish.forbid.iter().filter(|_| strict) {
        if !catalogue.fixes.iter().any(|fix| forbids(pattern, fix)) {
            return Err(PlanError::Filter(format!("--forbid {pattern}")));
        }
    }
    for namespace in wish.only.iter().filter(|_| strict) {
        if !catalogue.fixes.iter().any(|fix| within(namespace, fix)) {
            return Err(PlanError::Filter(format!("--only namespace={namespace}")));
        }
    }
    let cost = |fix: &Fix| {
        let free = !wish.forbid.iter().any(|pattern| forbids(pattern, fix))
            && (wish.only.is_empty() || wish.only.iter().any(|one| within(one, fix)));
        free.then_some(fix.cost)
    };
    Ok(catalogue.fixes.iter().map(cost).collect())
}

fn residual(
    attack: &Attack<'_>,
    catalogue: &Catalogue,
    problem: &Problem<'_>,
    (named, parts): (&Named<'_>, &[usize]),
    found: Vec<Uncuttable>,
) -> Vec<Residual> {
    let mut residual: BTreeMap<Pair, Residual> = BTreeMap::new();
    for one in found {
        let Some(&start) = problem.goals[one.goal].entries.first() else { continue };
        let pairs = named.pairs(parts[one.goal], start, one.target);
        let new = pairs.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let new: Vec<Pair> = new.filter(|pair| !residual.contains_key(pair)).collect();
        if new.is_empty() {
            continue;
        }
        let reasons = one.edges.iter().filter_map(|&edge| catalogue.untouchable(attack, edge));
        // Its edges have no fix that may be used; some have one that may not.
        let ruled_out = one.edges.iter().any(|&edge| !problem.fixes_of_edge.of(edge).is_empty());
        let reason = match (ruled_out, reasons.min()) {
            (true, _) => RULED_OUT,
            (false, Some(reason)) => reason,
            (false, None) => "no object of the cluster decides it",
        };
        for pair in new {
            residual.insert(pair.clone(), Residual { pair, edges: one.edges.clone(), reason });
        }
    }
    residual.into_values().collect()
}

/// A plan that was tried.
pub struct Plan {
    /// The chosen fixes, the least risky first.
    pub fixes: Vec<Fix>,
    /// All their changes together, one patch for each object.
    pub changes: Vec<Change>,
    /// Sum of costs.
    pub cost: u64,
    /// No plan that cuts the same costs less, as far as is proved.
    pub bound: u64,
    /// The proof; none for a plan that was cut short by a number of changes.
    pub certificate: Option<Certificate>,
    /// What the numbers of the proof stand for.
    pub names: Names,
    /// Of a plan that was cut short: no choice of as many changes leaves fewer of the pairs that
    /// have a cut.
    pub least_left: Option<usize>,
    /// Pairs that nothing cuts.
    pub residual: Vec<Residual>,
    /// Changes made against what is left.
    pub curve: Vec<PointFile>,
    /// Connected pairs before.
    pub before: BTreeSet<Pair>,
    /// Connected pairs after all changes, by running the pipeline again.
    pub after: BTreeSet<Pair>,
    /// Pairs that may be left: those without a cut, and in a plan that was cut short all that
    /// there were.
    pub expected: BTreeSet<Pair>,
    /// Pairs that are left although the graph knew a cut, and why: a change opens another way that
    /// nothing cuts (whoever writes network policies takes a new one back), or what cuts it does not
    /// go together with another change.
    pub opened: BTreeMap<Pair, &'static str>,
    /// The edges between entries and targets.
    pub between: BitSet,
    /// Of these, the edges that are cut, each with the position of its fix in `fixes`.
    pub cut: BTreeMap<EdgeId, usize>,
}

impl Plan {
    /// Pairs that the changed cluster still connects, against what the graph says.
    #[must_use]
    pub fn disagreements(&self) -> Vec<&Pair> {
        self.after.difference(&self.expected).collect()
    }

    /// The closing line.
    #[must_use]
    pub fn closing(&self) -> Sentence {
        let proved = match (&self.certificate, self.least_left) {
            (Some(_), _) => Proved::Cost(self.bound),
            (None, Some(least)) => Proved::Left(least),
            (None, None) => Proved::Nothing,
        };
        Closing {
            changes: self.fixes.len(),
            cost: self.cost,
            proved,
            left: self.after.len(),
            wrong: self.disagreements().len(),
            uncut: self.residual.len(),
            all: self.before.len(),
        }
        .line()
    }
}

/// Points of the curve at the most.
pub(crate) const POINTS: usize = 12;

/// Choices of fixes that are all tried for a point of the curve.
pub(crate) const EXHAUSTIVE: u64 = 400;

/// How much work a plan may take.
pub struct Work<'s> {
    /// Edges that searches may look at. The same for every machine, so that a plan that ends
    /// here is the same everywhere.
    pub visits: u64,
    /// Asked between steps; once it says true the best plan so far is returned.
    pub stop: &'s mut (dyn FnMut() -> bool + Send),
}

impl Work<'_> {
    pub(crate) fn limits(&mut self, edges: usize) -> Limits<'_> {
        let mut limits = Limits::new(self.stop);
        let searches = self.visits / (edges as u64).max(1);
        limits.searches = searches.clamp(FEWEST, limits.searches);
        limits
    }
}

/// Searches that every plan may take.
const FEWEST: u64 = 40;

/// Solves the problem, applies every change and runs the pipeline again.
pub fn plan(
    cluster: &Cluster,
    attack: &Attack<'_>,
    wish: &Wish,
    work: &mut Work<'_>,
) -> Result<Plan, PlanError> {
    planned(cluster, attack, pose(attack, wish)?, wish, work)
}

/// The same of a problem that was posed before, by the same wish.
pub fn planned(
    cluster: &Cluster,
    attack: &Attack<'_>,
    posed: Posed<'_>,
    wish: &Wish,
    work: &mut Work<'_>,
) -> Result<Plan, PlanError> {
    let size = posed.between.len();
    let answered = Answered::new(attack, &wish.question, &posed.asked);
    let before = answered.pairs();
    let (chosen, certificate, bound) = match solve(&posed.problem, &mut work.limits(size)) {
        Answer::Cut(found) => (found.fixes.clone(), Some(found.certificate()), found.bound),
        // Pairs without a cut are no goals, so that there is always one.
        Answer::Impossible(_) => (Vec::new(), None, 0),
    };
    let chosen = narrow::narrowed(attack, &posed, chosen, &mut work.limits(size));
    let residual = posed.uncut();
    let most = wish.most.unwrap_or(POINTS).min(chosen.len().max(1));
    let mut limits = work.limits(size);
    let mut make_curve = || {
        let found = curve(&posed.problem, &chosen, most, EXHAUSTIVE, &mut limits);
        named::curve(attack, &posed, found)
    };
    // A plan that was cut short claims what was measured, and that nothing is new.
    let short = wish.most.filter(|&most| most < chosen.len());
    let expected = if short.is_some() { before.clone() } else { residual };
    // A plan that is not cut short is tried while its curve is made.
    let try_out = |fixes: &[FixId]| {
        let fixes: Vec<Fix> =
            fixes.iter().map(|fix| posed.catalogue.fixes[fix.index()].clone()).collect();
        let after = tried_again(cluster, attack, &changes(edits(&fixes)), &answered, &expected);
        after.map(|after| (fixes, after))
    };
    let (curve, tried_whole) = match short {
        Some(_) => (make_curve(), None),
        None => {
            let (curve, tried) = rayon::join(make_curve, || try_out(&chosen));
            (curve, Some(tried?))
        }
    };
    // Fewer changes than were asked for may leave nothing, at a higher cost than those of the cut.
    let short = short.and_then(|most| curve.points.get(most).or(curve.points.last()));
    let least_left = short.map(|point| point.at_least);
    let (chosen, certificate) = match short {
        Some(point) => (point.fixes.clone(), None),
        None => (chosen, certificate),
    };
    let points = curve.points.iter().enumerate();
    let curve = points.map(|(at, point)| PointFile::new(at, point, &posed.catalogue)).collect();
    let (mut fixes, mut after) = match tried_whole {
        Some(tried) => tried,
        None => try_out(&chosen)?,
    };
    let mut opened = BTreeMap::new();
    if certificate.is_some() && !after.is_subset(&expected) {
        let first = First {
            cluster,
            attack,
            wish,
            posed: &posed,
            answered: &answered,
            expected: &expected,
        };
        ((fixes, after), opened) = first.completed(work, fixes, after)?;
    }
    let certificate = certificate.map(|proof| proved_by(proof, &posed, &fixes));
    let names = Names::new(attack, &posed, certificate.as_ref());
    fixes.sort_by(|a, b| (a.cost, a.breaks.len(), &a.id).cmp(&(b.cost, b.breaks.len(), &b.id)));
    let changes = changes(edits(&fixes));
    let chosen = posed.numbers(&fixes);
    // A way in may close for other reasons than those that its pairs have no cut for.
    let mut residual = posed.residual;
    residual.retain(|one| after.contains(&one.pair));
    let costs = fixes.iter().map(|fix| u64::from(fix.cost));
    let mut cut = BTreeMap::new();
    for at in posed.between.iter() {
        let edge = EdgeId(at as u32);
        let of = posed.problem.fixes_of_edge.of(edge);
        if let Some(fix) = of.iter().find(|fix| chosen.contains(fix)) {
            let id = &posed.catalogue.fixes[fix.index()].id;
            cut.extend(fixes.iter().position(|fix| fix.id == *id).map(|fix| (edge, fix)));
        }
    }
    Ok(Plan {
        between: posed.between,
        cut,
        cost: costs.sum(),
        bound,
        fixes,
        changes,
        certificate,
        names,
        least_left,
        residual,
        curve,
        before,
        after,
        expected,
        opened,
    })
}

/// The proof with the fixes of the problem that are in the plan.
fn proved_by(proof: Certificate, posed: &Posed<'_>, fixes: &[Fix]) -> Certificate {
    let chosen = posed.numbers(fixes);
    let cost = chosen.iter().filter_map(|&fix| posed.problem.cost(fix)).map(u64::from).sum();
    Certificate { fixes: chosen.iter().map(|fix| fix.0).collect(), cost, ..proof }
}

/// The pairs of a question that are connected on the cluster after the changes; `attack` is the
/// graph before them.
pub fn tried(
    cluster: &Cluster,
    attack: &Attack<'_>,
    changes: &[Change],
    question: &Question,
) -> Result<BTreeSet<Pair>, PlanError> {
    let asked = question.ask(attack, false)?;
    let answered = Answered::new(attack, question, &asked);
    tried_again(cluster, attack, changes, &answered, &BTreeSet::new())
}

/// The same of a question that was answered before; `expected` are pairs that may be left.
pub(crate) fn tried_again(
    cluster: &Cluster,
    attack: &Attack<'_>,
    changes: &[Change],
    answered: &Answered<'_, '_>,
    expected: &BTreeSet<Pair>,
) -> Result<BTreeSet<Pair>, PlanError> {
    let changed = apply(cluster, changes)?;
    let engines = Engines::after(attack, &changed);
    let after = Attack::after(attack, &changed, &engines);
    Ok(answered.left(&after, expected)?)
}
