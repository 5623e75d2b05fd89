//! Questions about positions: what falls with one, who gets there, and what stands between two.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use ringfort_attack::evidence::quoted;
use ringfort_attack::{Attack, Engines, NodeKey, techniques};
use ringfort_graph::NodeId;
use ringfort_graph::cut::{Answer, Limits, solve};
use ringfort_plan::{GoalText, Question, Wish, pose};

use crate::args::{About, Between, Reading};
use crate::commands::{lines, position, print, read, usage};

/// What kind of thing an id names, for counting: the part before the first slash.
fn sort_of(id: &str) -> &str {
    id.split('/').next().unwrap_or(id)
}

/// Positions of a set in groups, each with some of its members.
fn groups(attack: &Attack<'_>, nodes: impl Iterator<Item = usize>, all: bool) -> String {
    let mut by_sort: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for at in nodes {
        let key = attack.key(NodeId(at as u32));
        if matches!(key, NodeKey::Stage(..) | NodeKey::And(..) | NodeKey::Conjunct(..)) {
            continue;
        }
        let id = attack.id(key);
        by_sort.entry(sort_of(&id).to_owned()).or_default().insert(id);
    }
    let mut text = String::new();
    for (sort, ids) in by_sort {
        let few = if all { ids.len() } else { 5 };
        text.push_str(&format!("{sort}: {}\n", ids.len()));
        for id in ids.iter().take(few) {
            text.push_str(&format!("  {id}\n"));
        }
        if ids.len() > few {
            text.push_str(&format!("  and {} more (--all)\n", ids.len() - few));
        }
    }
    text
}

/// What falls if this falls.
pub(crate) fn blast_radius(about: &About, reading: &Reading) -> Result<u8> {
    let collected = read(about.cluster.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let from = position(&attack, &about.id)?;
    let reached = attack.reach(&from);
    let held: BTreeSet<usize> = from.iter().map(|node| node.index()).collect();
    let mut text = format!("{} reaches\n", about.id);
    text.push_str(&groups(&attack, reached.iter().filter(|at| !held.contains(at)), about.all));
    print(&lines(&text))?;
    Ok(0)
}

/// Who gets here.
pub(crate) fn exposure_of(about: &About, reading: &Reading) -> Result<u8> {
    let collected = read(about.cluster.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let to = position(&attack, &about.id)?;
    // Backwards past an AND node is too much; each position found is followed forwards.
    let maybe = ringfort_graph::co_reach(&attack.graph, &to, &attack.no_edges());
    let held: BTreeSet<usize> = to.iter().map(|node| node.index()).collect();
    let starts: Vec<NodeId> =
        maybe.iter().filter(|at| !held.contains(at)).map(|at| NodeId(at as u32)).collect();
    let pairs = attack.pairs(&starts, &to, &attack.no_edges());
    let mut reach: BTreeSet<usize> = BTreeSet::new();
    for set in &pairs {
        reach.extend(set.iter().map(|at| starts[at].index()));
    }
    let mut text = format!("{} is reached from\n", about.id);
    text.push_str(&groups(&attack, reach.into_iter(), about.all));
    print(&lines(&text))?;
    Ok(0)
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
    let weakened = path.edges.iter().filter_map(|&edge| {
        let info = attack.edge(edge);
        let name = info.technique.map(|at| techniques::ALL[usize::from(at)].id)?;
        Some((name, info.note?))
    });
    for (technique, note) in weakened {
        text.push_str(&format!("  in the way of {technique}: {note}\n"));
    }
    let controls = ringfort_report::controls(&attack, &path);
    text.push_str(&format!("{controls} independent controls are in the way\n"));
    text.push_str(&standing(&attack, between, reading)?);
    print(&lines(&text))?;
    Ok(0)
}

/// The changes that would stand between two positions.
fn standing(attack: &Attack<'_>, between: &Between, reading: &Reading) -> Result<String> {
    let goal = GoalText { from: between.from.clone(), to: between.to.clone() };
    let question = Question { goals: vec![goal], ..Question::default() };
    let wish = Wish { question, costs: reading.costs, ..Wish::default() };
    let posed = pose(attack, &wish).map_err(|error| usage(error.to_string()))?;
    let mut text = String::new();
    let mut stop = || false;
    if let Answer::Cut(found) = solve(&posed.problem, &mut Limits::new(&mut stop))
        && !found.fixes.is_empty()
    {
        text.push_str(&format!(
            "{} changes would stand between them, cost {}, at least {}:\n",
            found.fixes.len(),
            found.cost,
            found.bound
        ));
        for fix in &found.fixes {
            text.push_str(&format!("  {}\n", posed.catalogue.fixes[fix.index()].title));
        }
    }
    for one in &posed.residual {
        let (from, to) = &one.pair;
        text.push_str(&format!("no change would stand between {from} and {to}: {}\n", one.reason));
    }
    Ok(text)
}

/// Nothing leads there: how far each side goes.
fn apart(attack: &Attack<'_>, from: &[NodeId], to: &[NodeId], between: &Between) -> Result<u8> {
    let reached = attack.reach(from);
    let before = ringfort_graph::co_reach(&attack.graph, to, &attack.no_edges());
    let mut text = format!("nothing leads from {} to {}\n", between.from, between.to);
    text.push_str(&format!("{} gets as far as\n", between.from));
    text.push_str(&groups(attack, reached.iter(), false));
    text.push_str(&format!("{} would be reached from\n", between.to));
    text.push_str(&groups(attack, before.iter(), false));
    print(&lines(&text))?;
    Ok(0)
}
