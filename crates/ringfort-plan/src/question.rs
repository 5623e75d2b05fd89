//! What a plan has to bring about: which positions must no longer lead to which.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::find::matches;
use ringfort_attack::{Attack, Impact, NodeKey, Subject};
use ringfort_graph::cut::Goal;
use ringfort_graph::{BitSet, NodeId};

/// An entry and a target, as ids.
pub type Pair = (String, String);

/// A goal as people write it: `no path from ID|GLOB to ID|GLOB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalText {
    /// Where paths start.
    pub from: String,
    /// Where they must not end.
    pub to: String,
}

/// Why a question cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The text is no goal.
    #[error("\"{0}\" is no goal: write \"no path from ID to ID\"")]
    Goal(String),
    /// Both ends are one position.
    #[error("no path from {0} to itself is no question")]
    Itself(String),
    /// Nothing has that id.
    #[error("{0} is not in the attack graph")]
    Unknown(String),
    /// More pairs than a plan can hold.
    #[error("{pairs} pairs of positions are too many for one plan, which takes {PAIRS}")]
    Wide {
        /// How many were asked for.
        pairs: usize,
    },
    /// Fewer than two tenants.
    #[error("label {0} names fewer than two tenants among the namespaces")]
    Tenants(String),
}

impl std::str::FromStr for GoalText {
    type Err = QuestionError;

    fn from_str(text: &str) -> Result<Self, QuestionError> {
        let parse = || {
            let rest = text.trim().strip_prefix("no path from ")?;
            let (from, to) = rest.split_once(" to ")?;
            let (from, to) = (from.trim().to_owned(), to.trim().to_owned());
            (!from.is_empty() && !to.is_empty()).then_some(Self { from, to })
        };
        parse().ok_or_else(|| QuestionError::Goal(text.to_owned()))
    }
}

/// Pairs of positions that one plan may be asked about: every goal keeps its own list of them.
pub const PAIRS: usize = 20_000_000;

/// The label of a namespace that names its tenant (conventions). Where there are tenants, no
/// tenant may lead to another unless other targets are asked for.
pub const TENANT_LABEL: &str = "ringfort.dev/tenant";

/// The id of that target.
const CROSSING: &str = "impact/tenant-crossing";

/// What is asked of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Goals; without any, no entry may lead to a default target.
    pub goals: Vec<GoalText>,
    /// Targets instead of the default ones, as ids or patterns.
    pub to: Vec<String>,
    /// Positions that the attacker holds beside the entries, as ids.
    pub assume: Vec<String>,
    /// Instead of all that: no tenant leads to another, where this label of a namespace names
    /// its tenant.
    pub tenants: Option<String>,
}

/// Which part of a question is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A goal, by position.
    Goal(usize),
    /// One tenant leads to another.
    Crossing(String, String),
    /// The ways in lead to the targets.
    Targets,
}

/// Entries that must not lead to targets, each entry taken by itself.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which part of the question it is.
    pub(crate) part: Part,
    /// Entries with their ids.
    pub from: Vec<(String, NodeId)>,
    /// Targets with their ids.
    pub to: Vec<(String, NodeId)>,
}

impl Question {
    /// The question on one graph. With `strict`, an id that means nothing is an error; a graph
    /// after a change may well have lost it.
    pub fn ask(&self, attack: &Attack<'_>, strict: bool) -> Result<Vec<Asked>, QuestionError> {
        let asked = self.parts(attack, strict)?;
        match width(&asked) {
            pairs if strict && pairs > PAIRS => Err(QuestionError::Wide { pairs }),
            _ => Ok(asked),
        }
    }

    fn parts(&self, attack: &Attack<'_>, strict: bool) -> Result<Vec<Asked>, QuestionError> {
        let find = |id: &str| {
            let found = attack.find(id);
            // Impacts that nothing leads to have no node.
            let known = id.strip_prefix("impact/").is_some_and(|name| {
                Impact::ALL.into_iter().any(|impact| matches(name, impact.name()))
            });
            match found.is_empty() && strict && !known {
                true => Err(QuestionError::Unknown(id.to_owned())),
                false => Ok(found),
            }
        };
        if let Some(label) = &self.tenants {
            let asked = crossing(attack, label);
            return match asked.is_empty() && strict {
                true => Err(QuestionError::Tenants(label.clone())),
                false => Ok(asked),
            };
        }
        let mut assumed = Vec::new();
        for id in &self.assume {
            assumed.extend(find(id)?);
        }
        let mut entries: Vec<(String, NodeId)> = attack
            .entries()
            .map(|(instance, node)| (format!("vector/{}/{}", instance.vector, instance.name), node))
            .collect();
        entries.extend(assumed);
        let mut asked = Vec::new();
        if self.goals.is_empty() {
            let (crossings, to_ids): (Vec<&String>, Vec<&String>) =
                self.to.iter().partition(|id| *id == CROSSING);
            let mut to = Vec::new();
            for id in to_ids {
                to.extend(find(id)?);
            }
            if self.to.is_empty() || !crossings.is_empty() {
                let crossing = crossing(attack, TENANT_LABEL);
                if crossing.is_empty() && strict && !crossings.is_empty() {
                    return Err(QuestionError::Tenants(TENANT_LABEL.to_owned()));
                }
                asked.extend(crossing);
            }
            if self.to.is_empty() {
                let targets = attack.targets().into_iter();
                to.extend(targets.map(|(impact, at)| (format!("impact/{}", impact.name()), at)));
            }
            asked.push(Asked { part: Part::Targets, from: entries.clone(), to });
        }
        for (at, goal) in self.goals.iter().enumerate() {
            // The internet stands for every way in.
            let from = match goal.from.as_str() {
                "internet" => entries.clone(),
                id => find(id)?,
            };
            let to = find(&goal.to)?;
            if let ([(from, start)], [(_, end)]) = (from.as_slice(), to.as_slice())
                && start == end
                && strict
            {
                return Err(QuestionError::Itself(from.clone()));
            }
            asked.push(Asked { part: Part::Goal(at), from, to });
        }
        Ok(asked)
    }
}

/// How many pairs of positions are asked about.
fn width(asked: &[Asked]) -> usize {
    asked.iter().map(|one| one.from.len().saturating_mul(one.to.len())).sum()
}

/// The pairs of tenants by [`TENANT_LABEL`], one of which leads to the other.
#[must_use]
pub fn crossed(attack: &Attack<'_>) -> BTreeSet<Pair> {
    connected(attack, &crossing(attack, TENANT_LABEL))
}

/// For each ordered pair of tenants: the pods of one, and what belongs to the other.
fn crossing(attack: &Attack<'_>, label: &str) -> Vec<Asked> {
    let context = &attack.context;
    let mut tenants: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for namespace in &context.cluster.namespaces {
        if let Some(tenant) = namespace.metadata.labels.get(label) {
            let names = tenants.entry(tenant.as_str()).or_default();
            names.insert(namespace.metadata.name.as_str());
        }
    }
    let mut starts: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    let mut ends: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for (at, key) in attack.keys().iter().enumerate() {
        let unit = |unit: &u32| context.units[*unit as usize].namespace.as_str();
        let (namespace, starts_here) = match key {
            NodeKey::Pods(at, _) => (unit(at), !context.units[*at as usize].latent),
            NodeKey::Container(at, ..) => (unit(at), false),
            NodeKey::Secret(namespace, _) | NodeKey::Claim(namespace, _) => {
                (namespace.as_str(), false)
            }
            NodeKey::Subject(Subject::ServiceAccount(namespace, _)) => (namespace.as_str(), false),
            _ => continue,
        };
        let of = tenants.iter().find(|(_, names)| names.contains(namespace));
        let Some((&tenant, _)) = of else { continue };
        let node = NodeId(at as u32);
        ends.entry(tenant).or_default().push(node);
        if starts_here {
            starts.entry(tenant).or_default().push(node);
        }
    }
    let named = |tenant: &str, nodes: &[NodeId]| -> Vec<(String, NodeId)> {
        nodes.iter().map(|&node| (format!("tenant/{tenant}"), node)).collect()
    };
    let mut asked = Vec::new();
    for (&from, nodes) in &starts {
        for (&to, others) in ends.iter().filter(|&(&to, _)| to != from) {
            let part = Part::Crossing(from.to_owned(), to.to_owned());
            asked.push(Asked { part, from: named(from, nodes), to: named(to, others) });
        }
    }
    asked
}

/// The goals for the solver, each with the part of the question that it is of.
pub(crate) fn goals(asked: &[Asked]) -> impl Iterator<Item = (usize, Goal)> {
    let of = |(part, one): (usize, &Asked)| {
        let nodes = |list: &[(String, NodeId)]| list.iter().map(|(_, node)| *node).collect();
        let (from, to): (Vec<NodeId>, Vec<NodeId>) = (nodes(&one.from), nodes(&one.to));
        from.into_iter().map(move |entry| {
            let others: Vec<NodeId> = to.iter().copied().filter(|&node| node != entry).collect();
            (part, Goal::together(&[entry], &others))
        })
    };
    asked.iter().enumerate().flat_map(of).filter(|(_, goal)| !goal.targets.is_empty())
}

/// The pairs of a question that are connected, by ids that stay the same when the cluster
/// changes.
#[must_use]
pub fn connected(attack: &Attack<'_>, asked: &[Asked]) -> BTreeSet<Pair> {
    connected_without(attack, asked, &attack.no_edges())
}

/// The pairs that are connected without some edges.
#[must_use]
pub fn connected_without(attack: &Attack<'_>, asked: &[Asked], blocked: &BitSet) -> BTreeSet<Pair> {
    asked.iter().flat_map(|one| one.pairs(&reached(attack, one, blocked))).collect()
}

impl Asked {
    /// The pairs of ids, where for each target the entries are given that reach it.
    pub(crate) fn pairs(&self, found: &[BitSet]) -> BTreeSet<Pair> {
        let mut pairs = BTreeSet::new();
        for ((target, end), reached) in self.to.iter().zip(found) {
            for at in reached.iter() {
                let (entry, start) = &self.from[at];
                if start != end && entry != target {
                    pairs.insert((entry.clone(), target.clone()));
                }
            }
        }
        pairs
    }
}

/// For each target the entries that reach it, by position.
pub(crate) fn reached(attack: &Attack<'_>, asked: &Asked, blocked: &BitSet) -> Vec<BitSet> {
    let nodes = |list: &[(String, NodeId)]| list.iter().map(|(_, node)| *node).collect();
    let (from, to): (Vec<NodeId>, Vec<NodeId>) = (nodes(&asked.from), nodes(&asked.to));
    attack.pairs(&from, &to, blocked)
}

/// Edges that lie between the entries and the targets of a question; others cut nothing.
#[must_use]
pub fn between(attack: &Attack<'_>, asked: &[Asked]) -> BitSet {
    let from: Vec<NodeId> = asked.iter().flat_map(|one| &one.from).map(|(_, at)| *at).collect();
    let to: Vec<NodeId> = asked.iter().flat_map(|one| &one.to).map(|(_, at)| *at).collect();
    let none = attack.no_edges();
    let reached = ringfort_graph::reach(&attack.graph, &from, &none);
    let useful = ringfort_graph::co_reach(&attack.graph, &to, &none);
    let mut edges = attack.no_edges();
    for at in 0..attack.graph.edge_count() {
        let edge = attack.graph.edge(ringfort_graph::EdgeId(at as u32));
        if reached.contains(edge.from.index()) && useful.contains(edge.to.index()) {
            edges.insert(at);
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_as_wide_as_its_parts_together() {
        let list = |count: u32| (0..count).map(|at| (at.to_string(), NodeId(at))).collect();
        let part = |from, to| Asked { part: Part::Targets, from: list(from), to: list(to) };
        assert_eq!(width(&[part(3, 5), part(0, 9), part(2, 2)]), 19);
        assert!(width(&[part(5_000, 4_001)]) > PAIRS);
    }
}
