//! `ringfort what-if`: what falls and what stays after changes.
//!
//! Changes are read as people write them, and as `plan -o` does: its folder, one file of it, or
//! its `plan.json`. A file of a folder holds a patch alone; which object it is of stands in the
//! `plan.json` beside it. What the plan was asked is what is asked then.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use ringfort_plan::{Change, PlanError, PlanFile, Question, StepFile, WhatIf, what_if_asked};
use ringfort_report::human::harmless;
use serde_json::{Value, json};

use crate::args::Reading;
use crate::commands::{read, usage};
use crate::questions::answer;

/// The name of the plan in its folder.
const PLAN: &str = "plan.json";

/// Changes, and the question of the plan that they are of.
struct Asked {
    changes: Vec<Change>,
    question: Option<Question>,
}

pub(crate) fn run(
    patches: &[PathBuf],
    source: Option<&Path>,
    format: &str,
    reading: &Reading,
) -> Result<u8> {
    let mut changes = Vec::new();
    let mut questions: Vec<Question> = Vec::new();
    for patch in patches {
        let asked = changes_of(patch)?;
        changes.extend(asked.changes);
        questions.push(asked.question.unwrap_or_default());
    }
    if changes.is_empty() {
        return Err(usage("the patches hold no change"));
    }
    questions.dedup();
    let [question] = &questions[..] else {
        return Err(usage(
            "the patches are of plans with different goals: ask one after the other",
        ));
    };
    let collected = read(source, reading)?;
    // A change that does not fit the cluster is wrong usage; the error names the object.
    let result = what_if_asked(&collected.cluster, &changes, question)
        .map_err(|error: PlanError| usage(error.to_string()))?;
    answer(format, &as_json(&result), &shown(&result))?;
    Ok(0)
}

fn shown(result: &WhatIf) -> String {
    let mut text = format!(
        "{} pairs gone, {} new, {} left\n",
        result.gone.len(),
        result.new.len(),
        result.left.len()
    );
    for note in &result.notes {
        text.push_str(&format!("note  {}\n", harmless(note)));
    }
    for (word, list) in [("gone", &result.gone), ("new", &result.new), ("left", &result.left)] {
        for (from, to) in list {
            text.push_str(&format!("{word}  {} -> {}\n", harmless(from), harmless(to)));
        }
    }
    text
}

fn as_json(result: &WhatIf) -> Value {
    let pairs = |list: &[(String, String)]| -> Value {
        list.iter().map(|(from, to)| json!({"from": from, "to": to})).collect()
    };
    json!({"schema": "ringfort.what-if/1", "gone": pairs(&result.gone),
        "new": pairs(&result.new), "left": pairs(&result.left), "notes": result.notes})
}

/// The changes that a path means.
fn changes_of(path: &Path) -> Result<Asked> {
    if path.is_dir() {
        let plan = plan_at(&path.join(PLAN))?;
        let changes = folder(path, &plan)?;
        return Ok(Asked { changes, question: Some(question(&plan, path)?) });
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if let Ok(plan) = serde_json::from_str::<PlanFile>(&text) {
        let changes = plan.changes.iter().map(Change::read).collect::<Result<Vec<_>, _>>();
        let changes = changes.map_err(|error| usage(format!("{}: {error}", path.display())))?;
        let question = Some(question(&plan, path)?);
        return Ok(Asked { changes: changes.into_iter().flatten().collect(), question });
    }
    let values = ringfort_collect::yaml_values(&text)
        .with_context(|| format!("{} is not readable", path.display()))?;
    if let ([value], Some((plan, step))) = (&values[..], of_folder(path)?) {
        let change = step.read(Some(value));
        let change = change.map_err(|error| usage(format!("{}: {error}", path.display())))?;
        return Ok(Asked { changes: vec![change], question: Some(question(&plan, path)?) });
    }
    let mut changes = Vec::new();
    for value in values {
        let read = Change::read(&value);
        changes.extend(read.map_err(|error| usage(format!("{}: {error}", path.display())))?);
    }
    Ok(Asked { changes, question: None })
}

/// The plan whose folder a file lies in, and the step that the file is of.
fn of_folder(path: &Path) -> Result<Option<(PlanFile, StepFile)>> {
    let absolute = std::path::absolute(path)?;
    let Some(parent) = absolute.parent() else { return Ok(None) };
    for folder in [Some(parent), parent.parent()].into_iter().flatten() {
        let file = folder.join(PLAN);
        if !file.is_file() {
            continue;
        }
        let plan = plan_at(&file)?;
        let steps = plan.steps.iter().chain(&plan.rollback);
        let named =
            |step: &&StepFile| step.file.as_ref().is_some_and(|name| folder.join(name) == absolute);
        if let Some(step) = steps.clone().find(named) {
            let step = step.clone();
            return Ok(Some((plan, step)));
        }
    }
    Ok(None)
}

/// A plan that was written, for `what-if` and `plan check`.
pub(crate) fn plan_at(path: &Path) -> Result<PlanFile> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no plan", path.display()))
}

fn question(plan: &PlanFile, path: &Path) -> Result<Question> {
    let wish = plan.wish.wish().map_err(|error| usage(format!("{}: {error}", path.display())))?;
    Ok(wish.question)
}

/// The changes of a folder in their order, as its files have them.
fn folder(path: &Path, plan: &PlanFile) -> Result<Vec<Change>> {
    let files = |steps: &[StepFile]| -> Vec<PathBuf> {
        steps.iter().filter_map(|step| step.file.as_ref()).map(|name| path.join(name)).collect()
    };
    let known = [files(&plan.steps), files(&plan.rollback), vec![path.join(PLAN)]].concat();
    let mut there: Vec<PathBuf> = Vec::new();
    for entry in
        std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?
    {
        there.push(entry?.path());
    }
    there.sort();
    let is_patch = |file: &&PathBuf| file.extension().is_some_and(|one| one == "json");
    if let Some(file) = there.iter().filter(is_patch).find(|file| !known.contains(file)) {
        return Err(usage(format!(
            "{} is no step of {}",
            file.display(),
            path.join(PLAN).display()
        )));
    }
    let mut changes = Vec::new();
    for step in &plan.steps {
        let content = step.file.as_ref().map(|name| content(&path.join(name))).transpose()?;
        let place = step.file.as_ref().map_or_else(|| path.join(PLAN), |name| path.join(name));
        let change = step.read(content.as_ref());
        changes.push(change.map_err(|error| usage(format!("{}: {error}", place.display())))?);
    }
    Ok(changes)
}

fn content(file: &Path) -> Result<Value> {
    if !file.is_file() {
        return Err(usage(format!("{} is a step of the plan and is not there", file.display())));
    }
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not readable", file.display()))
}

/// The patches of a folder are those of its plan; else the name of one that is not.
pub(crate) fn differing(path: &Path, plan: &PlanFile) -> Result<Option<PathBuf>> {
    for step in plan.steps.iter().chain(&plan.rollback) {
        let Some(name) = &step.file else { continue };
        let file = path.join(name);
        let held = step.read(Some(&content(&file)?));
        let same = held.is_ok_and(|held| step.read(None).is_ok_and(|known| held == known));
        if !same {
            return Ok(Some(file));
        }
    }
    Ok(None)
}
