//! From the graph and the fixes to the report.

use std::collections::BTreeMap;

use ringfort_attack::technique::Confidence;
use ringfort_attack::{Attack, Impact, NodeKey, State, Why, Zone as AttackZone, techniques};
use ringfort_graph::{BitSet, Derivation, EdgeId, NodeId};
use ringfort_language::{Sentence, message, sentence};
use ringfort_model::{Coverage as Read, Kind, Listed, WorkloadKind};
use ringfort_plan::{FirstFix, Plan};

use crate::depth::{Passed, controls, is_hindered, ways_in, weakest, zones};
use crate::matrix::vectors;
use crate::report::{
    Connected, Coverage, Evidence, Facts, Fix, Gap, NoCut, Path, PlanSection, Planned, Report,
    Source, Step, Tool, Unevaluated, UnknownSteps,
};
use crate::standing::{Asked, standings};

/// What does not come from the cluster.
#[derive(Clone, Debug)]
pub struct Head {
    /// The program's version.
    pub version: String,
    /// The source as given.
    pub place: String,
    /// The source as recognised.
    pub described: String,
    /// The folder that its files are below, as seen from the working directory.
    pub base: String,
    /// The time, in RFC 3339.
    pub generated_at: String,
}

/// Builds the report.
#[must_use]
pub fn build(
    attack: &Attack<'_>,
    paths: &[Derivation],
    fixes: &[FirstFix],
    plan: Option<&Plan>,
    head: Head,
) -> Report {
    let entries: Vec<(State, NodeId)> =
        attack.entries().map(|(instance, node)| (instance.state, node)).collect();
    let targets = attack.targets();
    let reached = attack.reached();
    let crossed = ringfort_plan::question::crossed(attack).len();
    let pairs: usize = reached.iter().map(BitSet::len).sum::<usize>() + crossed;
    let unverified = reached
        .iter()
        .flat_map(BitSet::iter)
        .filter(|&entry| entries[entry].0 == State::Unknown)
        .count();
    let paths: Vec<Path> = paths.iter().map(|path| self::path(attack, path, plan)).collect();
    let ways = ways_in(attack);
    let passed = Passed::of(ways, &targets, reached);
    let coverage = coverage(attack);
    let complete = coverage.incomplete.is_empty() && !attack.context.cluster.coverage.unread;
    let ways = ways.iter().sum();
    let asked = Asked { ways, entries: &entries, targets: &targets, reached, crossed };
    let zones = zones(&passed, standings(attack, &asked), (coverage.percent, complete), &paths);
    let weakest_zone = weakest(&zones, &paths);
    Report {
        schema: crate::SCHEMA,
        tool: Tool { name: "ringfort", version: head.version },
        source: Source { place: head.place, described: head.described, base: head.base },
        generated_at: head.generated_at,
        cluster: facts(attack),
        coverage,
        gaps: gaps(attack),
        weakest_zone,
        zones,
        pairs,
        unverified_pairs: unverified,
        vectors: vectors(attack, reached),
        paths,
        connected: connected(attack, &targets, reached),
        fixes: fixes.iter().map(fix).collect(),
        plan: plan.map(self::plan),
        unknown: unknown(attack),
        not_evaluated: techniques::NOT_EVALUATED
            .iter()
            .map(|(id, needs)| Unevaluated { id, needs })
            .collect(),
        checked: None,
        adoption: Vec::new(),
        versions: None,
        frameworks: Vec::new(),
        unmet: Vec::new(),
        filter: None,
        exceptions: Vec::new(),
        baseline: None,
        gates: Vec::new(),
    }
}

/// What was not read, and what the engines cannot use of what was.
fn gaps(attack: &Attack<'_>) -> Vec<Gap> {
    let read = attack.context.cluster.gaps.iter();
    let mut found: Vec<Gap> = read
        .map(|gap| Gap {
            subject: gap.subject.to_string(),
            reason: Sentence::plain(gap.reason.to_string()),
        })
        .collect();
    for (subject, reason) in attack.context.problems() {
        // What did not read at all is a gap already.
        let known = |gap: &Gap| gap.subject == subject && reason.ends_with(&gap.reason.to_string());
        if !found.iter().any(known) {
            found.push(Gap { subject, reason: Sentence::plain(reason) });
        }
    }
    found
}

fn connected(
    attack: &Attack<'_>,
    targets: &[(Impact, NodeId)],
    reached: &[BitSet],
) -> Vec<Connected> {
    let entries: Vec<String> = attack
        .entries()
        .map(|(instance, _)| format!("vector/{}/{}", instance.vector, instance.name))
        .collect();
    let mut found: Vec<Connected> = targets
        .iter()
        .zip(reached)
        .map(|((impact, _), set)| {
            let mut from: Vec<String> = set.iter().map(|entry| entries[entry].clone()).collect();
            from.sort();
            from.dedup();
            Connected { to: format!("impact/{}", impact.name()), from }
        })
        .filter(|one| !one.from.is_empty())
        .collect();
    found.sort_by(|a, b| a.to.cmp(&b.to));
    found
}

fn unknown(attack: &Attack<'_>) -> Vec<UnknownSteps> {
    let mut found: BTreeMap<(Option<&'static str>, &str, bool), usize> = BTreeMap::new();
    for edge in (0..attack.graph.edge_count()).map(|edge| EdgeId(edge as u32)) {
        let info = attack.edge(edge);
        if info.confidence == Confidence::Unknown {
            let technique = info.technique.map(|at| techniques::ALL[at as usize].id);
            let assumed = match attack.key(attack.graph.edge(edge).from) {
                NodeKey::And(id, _) => attack.node(&NodeKey::Fact(id)).is_some(),
                _ => false,
            };
            *found.entry((technique, info.note.unwrap_or_default(), !assumed)).or_default() += 1;
        }
    }
    let row = |((technique, fact, passed), edges): ((_, &str, _), _)| UnknownSteps {
        technique,
        fact: fact.to_owned(),
        edges,
        passed,
    };
    found.into_iter().map(row).collect()
}

fn facts(attack: &Attack<'_>) -> Facts {
    let cluster = attack.context.cluster;
    let version = cluster.version.map_or_else(|| "unknown".to_owned(), |v| v.to_string());
    Facts {
        version,
        nodes: cluster.nodes.len(),
        namespaces: attack.context.namespaces.len(),
        pods: cluster.pods.len(),
        service_accounts: cluster.service_accounts.len(),
        bindings: cluster.cluster_role_bindings.len() + cluster.role_bindings.len(),
        positions: attack.graph.node_count(),
        edges: attack.graph.edge_count(),
    }
}

fn coverage(attack: &Attack<'_>) -> Coverage {
    let read = &attack.context.cluster.coverage;
    let mut incomplete = Vec::new();
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    let kinds: Vec<Kind> = Kind::PLAIN.iter().copied().chain(workloads).collect();
    for &kind in &kinds {
        let reason = match read.of(kind) {
            Listed::Complete | Listed::Absent => continue,
            Listed::Partial(reason) => sentence!("partial: {reason}", reason = reason.as_str()),
            Listed::Forbidden(reason) => sentence!("forbidden: {reason}", reason = reason.as_str()),
            Listed::Silent => sentence!("the source does not say"),
        };
        incomplete.push(Gap { subject: Read::key(kind), reason });
    }
    let all = kinds.len();
    let percent = (all - incomplete.len()) * 100 / all;
    Coverage { percent: percent as u32, incomplete }
}

pub(crate) fn evidence<'w>(
    attack: &Attack<'_>,
    why: impl IntoIterator<Item = &'w Why>,
) -> Vec<Evidence> {
    let convert = |why: &Why| {
        let one = attack.evidence(why);
        Evidence { object: one.object, field: one.field, value: one.value, command: one.command }
    };
    why.into_iter().map(convert).collect()
}

/// A path of the graph as reports show it.
#[must_use]
pub fn shown(attack: &Attack<'_>, path: &Derivation) -> Path {
    self::path(attack, path, None)
}

fn path(attack: &Attack<'_>, path: &Derivation, plan: Option<&Plan>) -> Path {
    let mut steps: Vec<Step> = Vec::new();
    let mut from = None;
    let mut verified = true;
    for &edge in &path.edges {
        let ends = attack.graph.edge(edge);
        let info = attack.edge(edge);
        let (start, end) = (attack.key(ends.from), attack.key(ends.to));
        if matches!(start, NodeKey::Internet) {
            verified &= info.confidence == Confidence::Proven;
            from.get_or_insert_with(|| attack.id(end));
        }
        let technique = info.technique.map(|at| techniques::ALL[at as usize]);
        let title = match (technique, start) {
            (Some(technique), _) => technique.title,
            (None, NodeKey::Internet) => message!("enter"),
            (None, NodeKey::Vector(..)) => message!("arrive at"),
            (None, NodeKey::Subject(_)) => message!("holds"),
            (None, _) => message!("which gives"),
        };
        let zone = match (technique, start) {
            (Some(technique), _) => technique.zone,
            (None, NodeKey::Internet | NodeKey::Vector(..)) => AttackZone::Initial,
            (None, _) if matches!(end, NodeKey::Impact(_)) => AttackZone::Impact,
            (None, _) => AttackZone::InCluster,
        };
        steps.push(Step {
            technique: technique.map(|technique| technique.id),
            title,
            from: attack.id(start),
            to: attack.id(end),
            to_title: match end {
                NodeKey::Vector(vector, name) => entry_title(attack, vector, name),
                other => attack.title(other),
            },
            zone: zone.name(),
            weight: info.difficulty.weight(),
            hindered: is_hindered(attack, edge),
            confidence: info.confidence.name(),
            note: info.note.as_ref().map(ToString::to_string),
            cut_by: plan
                .and_then(|plan| plan.cut.get(&edge).map(|&fix| plan.fixes[fix].id.clone())),
            evidence: evidence(attack, info.why()),
        });
    }
    let first = path.entries.first().map(|&entry| attack.id(attack.key(entry)));
    Path {
        from: from.or(first).unwrap_or_default(),
        to: attack.id(attack.key(path.target)),
        effort: path.cost,
        entry_verified: verified,
        controls: controls(attack, path),
        excepted: None,
        steps,
    }
}

fn plan(plan: &Plan) -> PlanSection {
    // Ways without a cut are drawn in plan.json; here they would fill pages.
    let pair = |one| NoCut::new(one, Vec::new());
    PlanSection {
        summary: plan.closing(),
        fixes: plan.fixes.iter().map(Planned::new).collect(),
        curve: plan.curve.clone(),
        no_cut: plan.residual.iter().map(pair).collect(),
        disagreements: plan.disagreements().into_iter().cloned().collect(),
    }
}

fn entry_title(attack: &Attack<'_>, vector: &str, name: &str) -> Sentence {
    let all = attack.vectors.iter().flat_map(|vector| &vector.instances);
    let found = all.into_iter().find(|one| one.vector == vector && *one.name == *name);
    let title = found.map_or_else(|| Sentence::plain(name.to_owned()), |one| one.title.clone());
    sentence!("{vector} {title}", vector, title)
}

fn fix(first: &FirstFix) -> Fix {
    let commands: Vec<String> = first.changes.iter().map(ringfort_plan::Change::command).collect();
    Fix {
        id: first.fix.id.clone(),
        title: first.fix.title.clone(),
        object: first.fix.object(),
        cost: first.fix.cost,
        breaks: first.fix.breaks.clone(),
        instead: first.fix.owner.manager.instead(),
        cuts: first.cut,
        left: first.left,
        command: commands.join("\n"),
        change: first.changes.iter().map(ringfort_plan::Change::to_json).collect(),
    }
}
