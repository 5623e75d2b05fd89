//! `plan.json`: a plan as a file that anybody can check, without the solver and on another
//! machine.
//!
//! Fixes and edges have numbers that depend on the cluster alone. The file repeats what each
//! number that it uses stands for, so that a check on a cluster that has changed fails with the
//! place that changed instead of proving something else.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Attack, techniques};
use ringfort_graph::EdgeId;
use ringfort_graph::cut::{Certificate, FixId, Point, check};
use ringfort_language::Sentence;
use ringfort_model::Cluster;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::change::Change;
use crate::closing::{Closing, Proved};
use crate::completed::First;
use crate::edits::changes;
use crate::fix::{Catalogue, Costs, Fix};
use crate::folder::{StepFile, step_files};
use crate::left::Answered;
use crate::plan::{Plan, PlanError, Posed, Residual, Wish, pose, tried_again};
use crate::points::{self, Stop};
use crate::question::{GoalText, Pair, Question};

/// Version of the file's shape.
pub const SCHEMA: &str = "ringfort.dev/plan/v1";

/// A plan as a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was asked.
    pub wish: WishFile,
    /// The closing line.
    pub summary: String,
    /// The changes in the order in which to make them.
    pub fixes: Vec<FixFile>,
    /// All changes together, one patch for each object, as `what-if --patch` reads them.
    pub changes: Vec<Value>,
    /// The same one after the other, as the folder of the plan has them.
    pub steps: Vec<StepFile>,
    /// What takes the steps back, each step by itself.
    pub rollback: Vec<StepFile>,
    /// The proof; none for a plan that was cut short by a number of changes.
    pub certificate: Option<Certificate>,
    /// What the numbers of the certificate stand for.
    pub names: Names,
    /// Of a plan that was cut short: no choice of as many changes leaves fewer of the pairs that
    /// have a cut.
    #[serde(default)]
    pub least_left: Option<usize>,
    /// Pairs that nothing cuts.
    pub no_cut: Vec<NoCut>,
    /// Pairs that were connected before.
    pub before: BTreeSet<Pair>,
    /// Pairs that are connected after all changes.
    pub after: BTreeSet<Pair>,
    /// Changes made against what is left.
    pub curve: Vec<PointFile>,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct WishFile {
    pub goals: Vec<String>,
    pub to: Vec<String>,
    pub assume: Vec<String>,
    pub tenants: Option<String>,
    pub only: Vec<String>,
    pub forbid: Vec<String>,
    pub max_changes: Option<usize>,
    pub costs: [u32; 4],
}

/// One fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixFile {
    /// Stable id.
    pub id: String,
    /// What it does.
    pub title: Sentence,
    /// The object.
    pub object: String,
    /// Cost class.
    pub cost: u32,
    /// What could break.
    pub breaks: Vec<String>,
    /// Its namespace and team, if labels name one.
    pub owner: String,
    /// Where to make the change so that it lasts.
    pub instead: Option<Sentence>,
}

/// What the numbers of a certificate stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Fixes: number to id.
    pub fixes: BTreeMap<u32, String>,
    /// Edges: number to `FROM -TECHNIQUE-> TO`.
    pub edges: BTreeMap<u32, String>,
}

/// A pair without a cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoCut {
    /// The entry.
    pub from: String,
    /// The target.
    pub to: String,
    /// Why.
    pub reason: String,
    /// A derivation of it, edge by edge; none where only the pair is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
}

/// A point of the curve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointFile {
    /// Number of changes.
    pub changes: usize,
    /// Ids of the fixes.
    pub fixes: Vec<String>,
    /// Their cost.
    pub cost: u64,
    /// Pairs still connected.
    pub pairs: usize,
    /// Targets still reached.
    pub targets: usize,
    /// Entries that still reach a target.
    pub entries: usize,
    /// No choice of as many changes leaves fewer pairs than this.
    pub at_least: usize,
    /// Whether this is the best choice of as many changes.
    pub exact: bool,
}

/// Why a file does not check.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Another version of the file.
    #[error("the file is {0}, this program reads {SCHEMA}")]
    Schema(String),
    /// The question cannot be asked of this cluster.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The file says one thing and the cluster another.
    #[error("{what}: the file says {file}, the cluster says {cluster}")]
    Differs {
        /// What differs.
        what: String,
        /// In the file.
        file: String,
        /// On the cluster.
        cluster: String,
    },
    /// The proof does not hold.
    #[error("the proof does not hold: {0}")]
    Proof(#[from] ringfort_graph::cut::CheckError),
    /// A path is left.
    #[error("{0} still leads to {1} after the changes")]
    Left(String, String),
    /// The time ended before it was worked out.
    #[error("{0}: the time ended before it was worked out")]
    Unverified(String),
}

/// An error if the file says something else than the cluster.
pub(crate) fn same(what: &str, file: String, cluster: String) -> Result<(), CheckError> {
    match file == cluster {
        true => Ok(()),
        false => Err(CheckError::Differs { what: what.to_owned(), file, cluster }),
    }
}

/// An edge in words.
#[must_use]
pub fn edge_name(attack: &Attack<'_>, edge: EdgeId) -> String {
    let ends = attack.graph.edge(edge);
    let technique = attack.edge(edge).technique;
    let technique = technique.map_or("", |at| techniques::ALL[usize::from(at)].id);
    let id = |node| attack.id(attack.key(node));
    format!("{} -{technique}-> {}", id(ends.from), id(ends.to))
}

impl PlanFile {
    /// A plan as a file.
    #[must_use]
    pub fn new(attack: &Attack<'_>, wish: &Wish, plan: &Plan) -> Self {
        let (steps, rollback) = step_files(attack.context.cluster, &plan.fixes);
        Self {
            schema: SCHEMA.to_owned(),
            steps,
            rollback,
            wish: WishFile::new(wish),
            summary: plan.closing().to_string(),
            fixes: plan.fixes.iter().map(FixFile::new).collect(),
            changes: plan.changes.iter().map(Change::to_json).collect(),
            names: plan.names.clone(),
            certificate: plan.certificate.clone(),
            least_left: plan.least_left,
            no_cut: plan.residual.iter().map(|one| NoCut::of(attack, one)).collect(),
            before: plan.before.clone(),
            after: plan.after.clone(),
            curve: plan.curve.clone(),
        }
    }

    /// Checks everything that the file says against a cluster: that its numbers mean what it
    /// says, that the proof holds, that the patches are those of the fixes, that after them no
    /// path is left but those that nothing cuts, and that fewer changes leave what the curve says.
    /// Returns the closing line that was proved. What takes long ends once `stop` says true, with
    /// [`CheckError::Unverified`].
    pub fn check(
        &self,
        cluster: &Cluster,
        attack: &Attack<'_>,
        stop: Stop<'_>,
    ) -> Result<String, CheckError> {
        if self.schema != SCHEMA {
            return Err(CheckError::Schema(self.schema.clone()));
        }
        let wish = self.wish.wish()?;
        let posed = pose(attack, &wish)?;
        let names = Names::new(attack, &posed, self.certificate.as_ref());
        for (what, file, cluster) in
            [("fix", &self.names.fixes, &names.fixes), ("edge", &self.names.edges, &names.edges)]
        {
            let numbers: BTreeSet<&u32> = file.keys().chain(cluster.keys()).collect();
            for number in numbers {
                let named = |names: &BTreeMap<u32, String>| {
                    names.get(number).cloned().unwrap_or_else(|| "nothing".to_owned())
                };
                same(&format!("{what} {number}"), named(file), named(cluster))?;
            }
        }
        let shown = |pairs: &BTreeSet<Pair>| format!("{} pairs {pairs:?}", pairs.len());
        let answered = Answered::new(attack, &wish.question, &posed.asked);
        let before = answered.pairs();
        same("pairs before", shown(&self.before), shown(&before))?;
        let residual = posed.uncut();
        let first = First {
            cluster,
            attack,
            wish: &wish,
            posed: &posed,
            answered: &answered,
            expected: &residual,
        };
        let ids: Vec<&str> = self.fixes.iter().map(|one| one.id.as_str()).collect();
        let found = first.named(&ids)?;
        let by_id: BTreeMap<&str, &Fix> = found.iter().map(|fix| (fix.id.as_str(), fix)).collect();
        let mut chosen: Vec<&Fix> = Vec::new();
        for one in &self.fixes {
            let known = by_id.get(one.id.as_str()).copied();
            let cost = known.map_or_else(|| "no such fix".to_owned(), |fix| fix.cost.to_string());
            same(&format!("cost of {}", one.id), one.cost.to_string(), cost)?;
            let text = |file: &FixFile| serde_json::to_string(file).expect("plain data");
            if let Some(known) = known {
                same(
                    &format!("what is said of {}", one.id),
                    text(one),
                    text(&FixFile::new(known)),
                )?;
            }
            chosen.extend(known);
        }
        let patches = changes(chosen.iter().flat_map(|fix| &fix.edits));
        let written: Vec<Value> = patches.iter().map(Change::to_json).collect();
        same(
            "patches",
            Value::from(self.changes.clone()).to_string(),
            Value::from(written).to_string(),
        )?;
        let in_order: Vec<Fix> = chosen.iter().map(|fix| (*fix).clone()).collect();
        let (steps, rollback) = step_files(cluster, &in_order);
        for (what, file, cluster) in
            [("steps", &self.steps, &steps), ("ways back", &self.rollback, &rollback)]
        {
            let text = |steps: &[StepFile]| serde_json::to_string(steps).expect("plain data");
            same(what, text(file), text(cluster))?;
        }
        let fixes: Vec<FixId> = posed.numbers(&found);
        if let Some(certificate) = &self.certificate {
            let numbers: Vec<u32> = fixes.iter().map(|fix| fix.0).collect();
            same("chosen fixes", format!("{:?}", certificate.fixes), format!("{numbers:?}"))?;
            check(&posed.problem, certificate)?;
        }
        // A plan that was cut short claims what was measured, and that nothing is new.
        let expected = if self.certificate.is_some() { &residual } else { &before };
        let after = tried_again(cluster, attack, &patches, &answered, expected)?;
        if let Some((from, to)) = after.difference(expected).next() {
            return Err(CheckError::Left(from.clone(), to.clone()));
        }
        let uncut = posed.residual.iter().filter(|one| after.contains(&one.pair));
        let uncut: Vec<NoCut> = uncut.map(|one| NoCut::of(attack, one)).collect();
        let text = |list: &[NoCut]| serde_json::to_string(list).expect("plain data");
        same("pairs without a cut", text(&self.no_cut), text(&uncut))?;
        same("pairs after", shown(&self.after), shown(&after))?;
        if let (Some(_), Some(least)) = (&self.certificate, self.least_left) {
            same("pairs left at the least", least.to_string(), "a whole plan".to_owned())?;
        }
        if let (None, Some(least)) = (&self.certificate, self.least_left) {
            self.is_a_point(least)?;
        }
        points::check(&self.curve, &wish, (attack, &posed), stop)?;
        let summary = self.proved(&after, self.least_left);
        same("summary", self.summary.clone(), summary.clone())?;
        Ok(summary)
    }

    /// A plan that was cut short is a point of its curve.
    fn is_a_point(&self, least: usize) -> Result<(), CheckError> {
        let own: BTreeSet<&str> = self.fixes.iter().map(|fix| fix.id.as_str()).collect();
        let is_it = |point: &&PointFile| {
            point.fixes.len() == self.fixes.len()
                && point.fixes.iter().all(|id| own.contains(&**id))
        };
        let point = self.curve.iter().find(is_it);
        let cluster =
            point.map_or_else(|| "nothing".to_owned(), |point| point.at_least.to_string());
        same("pairs left at the least", least.to_string(), cluster)
    }

    fn proved(&self, after: &BTreeSet<Pair>, least_left: Option<usize>) -> String {
        let proved = match (&self.certificate, least_left) {
            (Some(proof), _) => Proved::Cost(proof.bound),
            (None, Some(least)) => Proved::Left(least),
            (None, None) => Proved::Nothing,
        };
        Closing {
            changes: self.fixes.len(),
            cost: self.fixes.iter().map(|fix| u64::from(fix.cost)).sum(),
            proved,
            left: after.len(),
            wrong: 0,
            uncut: self.no_cut.len(),
            all: self.before.len(),
        }
        .line()
        .to_string()
    }
}

impl NoCut {
    /// The pair, the reason, and the way edge by edge.
    fn of(attack: &Attack<'_>, of: &Residual) -> Self {
        Self::new(of, of.edges.iter().map(|&edge| edge_name(attack, edge)).collect())
    }

    /// The pair and the reason, with what is to be told of the way.
    #[must_use]
    pub fn new(of: &Residual, path: Vec<String>) -> Self {
        let (from, to) = of.pair.clone();
        Self { from, to, reason: of.reason.to_owned(), path }
    }
}

impl PointFile {
    pub(crate) fn new(changes: usize, point: &Point, catalogue: &Catalogue) -> Self {
        let id = |fix: &FixId| catalogue.fixes[fix.index()].id.clone();
        Self {
            changes,
            fixes: point.fixes.iter().map(id).collect(),
            cost: point.cost,
            pairs: point.pairs,
            targets: point.targets,
            entries: point.entries,
            at_least: point.at_least,
            exact: point.exact,
        }
    }
}

impl Names {
    pub(crate) fn new(
        attack: &Attack<'_>,
        posed: &Posed<'_>,
        certificate: Option<&Certificate>,
    ) -> Self {
        let mut names = Self::default();
        let Some(certificate) = certificate else { return names };
        let derivations = certificate.proof.derivations();
        let fixes = derivations.iter().flat_map(|one| &one.fixes).chain(&certificate.fixes);
        for &fix in fixes {
            if let Some(known) = posed.catalogue.fixes.get(fix as usize) {
                names.fixes.insert(fix, known.id.clone());
            }
        }
        for &edge in derivations.iter().flat_map(|one| &one.edges) {
            if (edge as usize) < attack.graph.edge_count() {
                names.edges.insert(edge, edge_name(attack, EdgeId(edge)));
            }
        }
        names
    }
}

impl FixFile {
    /// What is told of a fix.
    #[must_use]
    pub fn new(fix: &Fix) -> Self {
        Self {
            id: fix.id.clone(),
            title: fix.title.clone(),
            object: fix.object(),
            cost: fix.cost,
            breaks: fix.breaks.clone(),
            owner: fix.owner.to_string(),
            instead: fix.owner.manager.instead(),
        }
    }
}

impl WishFile {
    fn new(wish: &Wish) -> Self {
        let goal = |goal: &GoalText| format!("no path from {} to {}", goal.from, goal.to);
        let costs = &wish.costs;
        Self {
            goals: wish.question.goals.iter().map(goal).collect(),
            to: wish.question.to.clone(),
            assume: wish.question.assume.clone(),
            tenants: wish.question.tenants.clone(),
            only: wish.only.clone(),
            forbid: wish.forbid.clone(),
            max_changes: wish.most,
            costs: [costs.label, costs.grant, costs.workload, costs.architecture],
        }
    }

    /// The wish as it was asked.
    pub fn wish(&self) -> Result<Wish, PlanError> {
        let goals = self.goals.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let [label, grant, workload, architecture] = self.costs;
        Ok(Wish {
            question: Question {
                goals,
                to: self.to.clone(),
                assume: self.assume.clone(),
                tenants: self.tenants.clone(),
            },
            costs: Costs { label, grant, workload, architecture },
            most: self.max_changes,
            only: self.only.clone(),
            forbid: self.forbid.clone(),
        })
    }
}
