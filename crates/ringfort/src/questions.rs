//! Questions about positions: what falls with one, who gets there, and what stands between two.
//! The JSON of an answer is described by `schemas/answers.schema.json` and names everything that
//! the text abbreviates.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use ringfort_attack::evidence::quoted;
use ringfort_attack::{Attack, Engines, NodeKey, held_back, techniques};
use ringfort_graph::cut::{Answer, Limits, Solution, solve};
use ringfort_graph::{BitSet, EdgeId, NodeId};
use ringfort_plan::{Fix, GoalText, Pair, Question, Wish, pose};
use ringfort_report::human::harmless;
use serde_json::{Value, json};

use crate::args::{About, Between, Reading};
use crate::commands::{lines, position, print, read, usage};

/// What kind of thing an id names, for counting: the part before the first slash.
fn sort_of(id: &str) -> &str {
    id.split('/').next().unwrap_or(id)
}

/// Ids of positions by sort.
type Groups = BTreeMap<String, BTreeSet<String>>;

/// Positions of a set in groups.
fn groups(attack: &Attack<'_>, nodes: impl Iterator<Item = usize>) -> Groups {
    let mut by_sort = Groups::new();
    for at in nodes {
        let key = attack.key(NodeId(at as u32));
        // Roles are objects; other steps are told by what they lead to.
        if key.is_step() && !matches!(key, NodeKey::Role(..)) {
            continue;
        }
        let id = attack.id(key);
        by_sort.entry(sort_of(&id).to_owned()).or_default().insert(id);
    }
    by_sort
}

/// Each group with some of its members.
fn listed(groups: &Groups, all: bool) -> String {
    let mut text = String::new();
    for (sort, ids) in groups {
        let few = if all { ids.len() } else { 5 };
        text.push_str(&format!("{sort}: {}\n", ids.len()));
        for id in ids.iter().take(few) {
            text.push_str(&format!("  {}\n", harmless(id)));
        }
        if ids.len() > few {
            text.push_str(&format!("  and {} more (--all)\n", ids.len() - few));
        }
    }
    text
}

fn as_json(groups: &Groups) -> Value {
    let one = |(sort, ids): (&String, &BTreeSet<String>)| json!({"sort": sort, "ids": ids});
    groups.iter().map(one).collect()
}

/// Prints an answer as it was asked for.
pub(crate) fn answer(format: &str, value: &Value, text: &str) -> Result<()> {
    match format {
        "json" => print(&format!("{}\n", serde_json::to_string_pretty(value)?)),
        _ => print(&lines(text)),
    }
}

/// What falls if this falls.
pub(crate) fn blast_radius(about: &About, reading: &Reading) -> Result<u8> {
    let collected = read(about.cluster.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let from = position(&attack, &about.id)?;
    let reached = attack.reach(&from);
    let held: BTreeSet<usize> = from.iter().map(|node| node.index()).collect();
    let found = groups(&attack, reached.iter().filter(|at| !held.contains(at)));
    let text = format!("{} reaches\n{}", about.id, listed(&found, about.all));
    let value = json!({"schema": "ringfort.blast-radius/1", "of": about.id,
        "reaches": as_json(&found)});
    answer(&about.format, &value, &text)?;
    Ok(0)
}

/// Who gets here.
pub(crate) fn exposure_of(about: &About, reading: &Reading) -> Result<u8> {
    let collected = read(about.cluster.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let to = position(&attack, &about.id)?;
    let found = groups(&attack, before(&attack, &to).iter());
    let text = format!("{} is reached from\n{}", about.id, listed(&found, about.all));
    let value = json!({"schema": "ringfort.exposure-of/1", "of": about.id,
        "reached_from": as_json(&found)});
    answer(&about.format, &value, &text)?;
    Ok(0)
}

/// Positions each of which leads to one of others by itself, without these.
fn before(attack: &Attack<'_>, to: &[NodeId]) -> BitSet {
    // Backwards past an AND node is too much; each position found is followed forwards.
    let maybe = ringfort_graph::co_reach(&attack.graph, to, &attack.no_edges());
    let held: BTreeSet<usize> = to.iter().map(|node| node.index()).collect();
    let starts: Vec<NodeId> =
        maybe.iter().filter(|at| !held.contains(at)).map(|at| NodeId(at as u32)).collect();
    let mut found = BitSet::new(attack.graph.node_count());
    for set in attack.pairs(&starts, to, &attack.no_edges()) {
        for at in set.iter() {
            found.insert(starts[at].index());
        }
    }
    found
}

/// Which controls stand between two positions, and how many changes would have to fail.
pub(crate) fn why_not(between: &Between, reading: &Reading) -> Result<u8> {
    let collected = read(between.cluster.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let from = position(&attack, &between.from)?;
    let to = position(&attack, &between.to)?;
    let easiest = to.iter().filter_map(|&end| attack.paths(&from, end, 1).into_iter().next());
    let Some(path) = easiest.min_by_key(|path| path.cost) else {
        return apart(&attack, &from, &to, between);
    };
    let mut text = format!(
        "{} leads to {} with effort {} in {} steps (ringfort paths --from {} --to {})\n",
        between.from,
        between.to,
        path.cost,
        path.edges.len(),
        quoted(&between.from),
        quoted(&between.to)
    );
    let steps: Vec<Step> = path.edges.iter().map(|&edge| Step::new(&attack, edge)).collect();
    for step in &steps {
        if let (Some(technique), Some(note)) = (step.technique, &step.note) {
            text.push_str(&format!("  in the way of {technique}: {note}\n"));
        }
    }
    let controls = ringfort_report::controls(&attack, &path);
    text.push_str(&format!("{controls} independent controls are in the way\n"));
    let standing = Standing::new(&attack, between, reading)?;
    text.push_str(&standing.text());
    let steps: Vec<Value> = steps.iter().map(Step::as_json).collect();
    let value = json!({"schema": "ringfort.why-not/1", "from": between.from, "to": between.to,
        "connected": true, "path": {"effort": path.cost, "steps": steps}, "controls": controls,
        "changes": standing.changes(), "no_change": standing.no_change(),
        "reached": [], "reached_from": [], "stopped_by": []});
    answer(&between.format, &value, &text)?;
    Ok(0)
}

/// One step of a path.
struct Step {
    from: String,
    to: String,
    technique: Option<&'static str>,
    confidence: &'static str,
    note: Option<String>,
}

impl Step {
    fn new(attack: &Attack<'_>, edge: EdgeId) -> Self {
        let info = attack.edge(edge);
        let ends = attack.graph.edge(edge);
        Self {
            from: attack.id(attack.key(ends.from)),
            to: attack.id(attack.key(ends.to)),
            technique: info.technique.map(|at| techniques::ALL[usize::from(at)].id),
            confidence: info.confidence.name(),
            note: info.note.map(str::to_owned),
        }
    }

    fn as_json(&self) -> Value {
        json!({"from": self.from, "to": self.to, "technique": self.technique,
            "confidence": self.confidence, "note": self.note})
    }
}

/// The changes that would stand between two positions.
struct Standing {
    found: Option<Solution>,
    fixes: Vec<Fix>,
    residual: Vec<(Pair, &'static str)>,
}

impl Standing {
    fn new(attack: &Attack<'_>, between: &Between, reading: &Reading) -> Result<Self> {
        let goal = GoalText { from: between.from.clone(), to: between.to.clone() };
        let question = Question { goals: vec![goal], ..Question::default() };
        let wish = Wish { question, costs: reading.costs, ..Wish::default() };
        let posed = pose(attack, &wish).map_err(|error| usage(error.to_string()))?;
        let mut stop = || false;
        let found = match solve(&posed.problem, &mut Limits::new(&mut stop)) {
            Answer::Cut(found) if !found.fixes.is_empty() => Some(found),
            Answer::Cut(_) | Answer::Impossible(_) => None,
        };
        let chosen = found.iter().flat_map(|found| &found.fixes);
        let fixes = chosen.map(|fix| posed.catalogue.fixes[fix.index()].clone()).collect();
        let residual = posed.residual.into_iter().map(|one| (one.pair, one.reason)).collect();
        Ok(Self { found, fixes, residual })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(found) = &self.found {
            text.push_str(&format!(
                "{} changes would stand between them, cost {}, at least {}:\n",
                found.fixes.len(),
                found.cost,
                found.bound
            ));
        }
        for fix in &self.fixes {
            text.push_str(&format!("  {}\n", harmless(&fix.title.to_string())));
        }
        for ((from, to), reason) in &self.residual {
            text.push_str(&format!("no change would stand between {from} and {to}: {reason}\n"));
        }
        text
    }

    fn changes(&self) -> Value {
        let Some(found) = &self.found else { return Value::Null };
        let one = |fix: &Fix| json!({"id": fix.id, "title": fix.title, "object": fix.object(), "cost": fix.cost});
        let fixes: Vec<Value> = self.fixes.iter().map(one).collect();
        json!({"cost": found.cost, "bound": found.bound, "fixes": fixes})
    }

    fn no_change(&self) -> Value {
        let one =
            |((from, to), reason): &(Pair, &str)| json!({"from": from, "to": to, "reason": reason});
        self.residual.iter().map(one).collect()
    }
}

/// Nothing leads there: how far each side goes, and what holds the one back.
fn apart(attack: &Attack<'_>, from: &[NodeId], to: &[NodeId], between: &Between) -> Result<u8> {
    let held = attack.reach(from);
    let mut wanted = before(attack, to);
    let before = groups(attack, wanted.iter());
    for node in to {
        wanted.insert(node.index());
    }
    let stopped = held_back(attack, &held, &wanted);
    let start: BTreeSet<usize> = from.iter().map(|node| node.index()).collect();
    let reached = groups(attack, held.iter().filter(|at| !start.contains(at)));
    let mut text = format!("nothing leads from {} to {}\n", between.from, between.to);
    text.push_str(&format!("{} gets as far as\n{}", between.from, listed(&reached, false)));
    text.push_str(&format!("{} would be reached from\n{}", between.to, listed(&before, false)));
    if !stopped.is_empty() {
        text.push_str("in the way\n");
    }
    for control in &stopped {
        text.push_str(&format!("  {}\n", harmless(control)));
    }
    let value = json!({"schema": "ringfort.why-not/1", "from": between.from, "to": between.to,
        "connected": false, "path": null, "controls": null, "changes": null, "no_change": [],
        "reached": as_json(&reached), "reached_from": as_json(&before), "stopped_by": stopped});
    answer(&between.format, &value, &text)?;
    Ok(0)
}
