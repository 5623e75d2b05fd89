//! `ringfort plan` and `ringfort plan check`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use ringfort_attack::{Attack, Engines};
use ringfort_graph::{NodeId, easiest};
use ringfort_plan::plan_file::edge_name;
use ringfort_plan::{
    CheckError, DryRun, GoalText, Plan, PlanError, PlanFile, PointFile, Question, Wish, Work,
    files, plan,
};
use ringfort_report::human::harmless;
use serde_json::json;

use crate::args::{Crossing, PlanCommand, Planning, Reading};
use crate::commands::{lines, print, read, usage};
use crate::questions::answer;
use crate::what_if::{differing, plan_at};

pub(crate) fn run(arguments: &Planning, reading: &Reading) -> Result<u8> {
    if let Some(PlanCommand::Check { file, cluster, seconds }) = &arguments.command {
        return check(file, cluster.as_deref(), *seconds, reading);
    }
    let wish = wish(arguments, reading)?;
    if arguments.server_dry_run && arguments.source.is_some() {
        return Err(usage("--server-dry-run is for a live cluster, without SOURCE"));
    }
    if let Some(folder) = &arguments.output {
        must_be_empty(folder)?;
    }
    let collected = read(arguments.source.as_deref(), reading)?;
    let cluster = &collected.cluster;
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let started = Instant::now();
    let limit = Duration::from_secs(arguments.seconds);
    let mut work = Work { visits: u64::MAX, stop: &mut || started.elapsed() > limit };
    let plan = plan(cluster, &attack, &wish, &mut work).map_err(wrong)?;
    let dry_run = match arguments.server_dry_run {
        true => DryRun::Done(crate::dry_run::run(cluster, &plan, reading)?),
        false => DryRun::NotDone,
    };
    if let Some(folder) = &arguments.output {
        let file = PlanFile::new(&attack, &wish, &plan);
        for (name, text) in files(cluster, &plan, &file, &dry_run) {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    let mut text = String::new();
    let mut refused = false;
    if let DryRun::Done(tried) = &dry_run {
        text.push_str(&crate::dry_run::shown(tried));
        refused = !tried.refused.is_empty();
    }
    match arguments.format.as_str() {
        "json" => {
            let file = serde_json::to_string_pretty(&PlanFile::new(&attack, &wish, &plan))?;
            crate::streams::say(&lines(&text));
            print(&format!("{file}\n"))?;
        }
        _ => print(&lines(&format!("{text}{}", shown(&plan))))?,
    }
    Ok(if plan.disagreements().is_empty() && !refused { 0 } else { 3 })
}

/// A question or a filter that means nothing is wrong usage.
fn wrong(error: PlanError) -> anyhow::Error {
    match error {
        PlanError::Question(_) | PlanError::Filter(_) => usage(error.to_string()),
        PlanError::Change(_) => error.into(),
    }
}

fn wish(arguments: &Planning, reading: &Reading) -> Result<Wish> {
    let goals: Result<Vec<GoalText>, _> =
        arguments.goal.iter().map(|text| text.parse::<GoalText>()).collect();
    let strip = |list: &[String], prefix: &str| -> Result<Vec<String>> {
        list.iter()
            .map(|text| {
                let value = text.strip_prefix(prefix).filter(|value| !value.is_empty());
                let value = value.map(str::to_owned);
                value.ok_or_else(|| usage(format!("{text}: write {prefix}VALUE")))
            })
            .collect()
    };
    Ok(Wish {
        question: Question {
            goals: goals.map_err(|error| usage(error.to_string()))?,
            to: arguments.to.clone(),
            assume: strip(&arguments.assume, "compromised=")?,
            tenants: None,
        },
        most: arguments.max_changes,
        only: strip(&arguments.only, "namespace=")?,
        forbid: arguments.forbid.clone(),
        costs: reading.costs,
    })
}

fn must_be_empty(folder: &Path) -> Result<()> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(usage(format!("{} is not empty", folder.display()))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(usage(format!("{}: {error}", folder.display()))),
    }
}

/// The ways between tenants, and the plan that closes them.
pub(crate) fn crossing(arguments: &Crossing, reading: &Reading) -> Result<u8> {
    let label = arguments.tenants.strip_prefix("label=").unwrap_or(&arguments.tenants);
    let wish = Wish {
        question: Question { tenants: Some(label.to_owned()), ..Question::default() },
        costs: reading.costs,
        ..Wish::default()
    };
    let collected = read(arguments.cluster.as_deref(), reading)?;
    let cluster = &collected.cluster;
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let asked = wish.question.ask(&attack, true).map_err(|error| usage(error.to_string()))?;
    let mut text = String::new();
    let mut ways_found = Vec::new();
    for one in &asked {
        let nodes = |list: &[(String, NodeId)]| list.iter().map(|(_, node)| *node).collect();
        let (from, to): (Vec<NodeId>, Vec<NodeId>) = (nodes(&one.from), nodes(&one.to));
        let found = easiest(&attack.graph, &from, &attack.no_edges());
        let ways = to.iter().filter_map(|&end| found.derivation(&attack.graph, end));
        let name = |list: &[(String, NodeId)]| {
            list.first().map_or_else(String::new, |(name, _)| name.clone())
        };
        let (from, to) = (name(&one.from), name(&one.to));
        match ways.min_by(|a, b| (a.cost, &a.edges).cmp(&(b.cost, &b.edges))) {
            None => {
                text.push_str(&harmless(&format!("{from} does not reach {to}")));
                text.push('\n');
                ways_found.push(json!({"from": from, "to": to, "effort": null, "edges": []}));
            }
            Some(way) => {
                let edges = way.edges.iter().map(|&edge| edge_name(&attack, edge));
                let edges: Vec<String> = edges.collect();
                text.push_str(&harmless(&format!("{from} reaches {to}, effort {}", way.cost)));
                text.push('\n');
                for edge in &edges {
                    text.push_str(&format!("  {}\n", harmless(edge)));
                }
                let way = json!({"from": from, "to": to, "effort": way.cost, "edges": edges});
                ways_found.push(way);
            }
        }
    }
    let started = Instant::now();
    let limit = Duration::from_secs(arguments.seconds);
    let mut work = Work { visits: u64::MAX, stop: &mut || started.elapsed() > limit };
    let plan = plan(cluster, &attack, &wish, &mut work).map_err(wrong)?;
    text.push('\n');
    text.push_str(&shown(&plan));
    let value = json!({"schema": "ringfort.crossing/1", "label": label, "ways": ways_found,
        "plan": PlanFile::new(&attack, &wish, &plan)});
    answer(&arguments.format, &value, &text)?;
    Ok(if plan.disagreements().is_empty() { 0 } else { 3 })
}

fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    for (at, fix) in plan.fixes.iter().enumerate() {
        let title = harmless(&fix.title.to_string());
        text.push_str(&format!("{:>3}. {title} (cost {})\n", at + 1, fix.cost));
        for one in fix.breaks.iter().take(3) {
            text.push_str(&format!("     may break: {}\n", harmless(one)));
        }
        if fix.breaks.len() > 3 {
            let more = fix.breaks.len() - 3;
            text.push_str(&format!("     may break: {more} more, all in plan.json\n"));
        }
        if let Some(instead) = fix.owner.manager.instead() {
            let instead = harmless(&instead.to_string());
            text.push_str(&format!("     would be written again; change it {instead}\n"));
        }
    }
    if !plan.fixes.is_empty() {
        text.push('\n');
    }
    let left = |point: &PointFile| (point.pairs, point.targets, point.entries);
    for (at, point) in plan.curve.iter().enumerate().filter(|_| plan.curve.len() > 1) {
        // A row that buys nothing is no step; all of them are in the plan's folder.
        if at > 0 && left(point) == left(&plan.curve[at - 1]) {
            continue;
        }
        let after = match point.changes {
            0 => "before any change".to_owned(),
            1 => "after 1 change".to_owned(),
            many => format!("after {many} changes"),
        };
        let exact = if point.exact && point.changes > 0 { ", the best" } else { "" };
        let single = match point.fixes.as_slice() {
            [fix] => format!(" ({})", harmless(fix)),
            _ => String::new(),
        };
        text.push_str(&format!(
            "{after}{exact}: {} pairs, {} targets, {} ways in{single}\n",
            point.pairs, point.targets, point.entries
        ));
    }
    let mut reasons: std::collections::BTreeMap<&str, Vec<String>> =
        std::collections::BTreeMap::new();
    for one in &plan.residual {
        let pair = harmless(&format!("{} -> {}", one.pair.0, one.pair.1));
        reasons.entry(one.reason).or_default().push(pair);
    }
    for (reason, pairs) in reasons {
        text.push_str(&format!("no cut exists for {} pairs: {reason}\n", pairs.len()));
        text.push_str(&few(&pairs));
    }
    let mut opened: std::collections::BTreeMap<&str, Vec<String>> =
        std::collections::BTreeMap::new();
    for pair in plan.disagreements() {
        let (from, to) = (harmless(&pair.0), harmless(&pair.1));
        match plan.opened.get(pair) {
            Some(reason) => opened.entry(reason).or_default().push(format!("{from} -> {to}")),
            None => text.push_str(&format!(
                "BUG: the graph says that {from} no longer leads to {to}, the changed cluster \
                 that it does; please report this\n"
            )),
        }
    }
    for (reason, pairs) in opened {
        text.push_str(&format!(
            "beside the changes of this plan nothing cuts {} pairs that are left: {reason}\n",
            pairs.len()
        ));
        text.push_str(&few(&pairs));
    }
    text.push_str(&format!("{}\n", plan.closing()));
    text
}

/// The first of some pairs, a line each.
fn few(pairs: &[String]) -> String {
    let mut text: String = pairs.iter().take(3).map(|pair| format!("  {pair}\n")).collect();
    if pairs.len() > 3 {
        text.push_str(&format!("  and {} more, all in plan.json\n", pairs.len() - 3));
    }
    text
}

fn check(file: &Path, cluster: Option<&Path>, seconds: u64, reading: &Reading) -> Result<u8> {
    // Of a folder the patches are checked too.
    let folder = file.is_dir().then_some(file);
    let plan = match folder {
        Some(folder) => plan_at(&folder.join("plan.json"))?,
        None => plan_at(file)?,
    };
    if let Some(folder) = folder
        && let Some(other) = differing(folder, &plan)?
    {
        let other = other.display();
        print(&lines(&format!("does not check: {other} is not what the plan says\n")))?;
        return Ok(3);
    }
    let collected = read(cluster, reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let started = Instant::now();
    let limit = Duration::from_secs(seconds);
    match plan.check(&collected.cluster, &attack, &mut || started.elapsed() >= limit) {
        Ok(summary) => {
            print(&lines(&format!("checks: {summary}\n")))?;
            Ok(0)
        }
        // A file of another schema is no plan that could be read.
        Err(error @ CheckError::Schema(_)) => {
            Err(anyhow::Error::new(error).context(file.display().to_string()))
        }
        Err(error @ CheckError::Unverified(_)) => {
            print(&lines(&format!("not verified: {error} (--seconds {seconds})\n")))?;
            Ok(3)
        }
        Err(error) => {
            print(&lines(&format!("does not check: {error}\n")))?;
            Ok(3)
        }
    }
}
