//! A plan as a folder: `plan.json`, numbered patches with the way back for each, and a README
//! with the reasons.
//!
//! A step makes the changes of one object, or of several that one fix changes together. Steps
//! come in the order of cost, the least risky first. A Pod Security level is set in three steps:
//! warn, audit, enforce.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ringfort_model::{Cluster, Kind, SourceKind, Str, WorkloadKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::change::{Change, ChangeError, Edit};
use crate::edits::{Edited, ObjectEdit, changes};
use crate::fix::Fix;
use crate::plan::Plan;
use crate::plan_file::PlanFile;
use crate::rollback::{holds, is_about_holding, is_whole, rollbacks};

/// A file of the folder: path and text.
pub type File = (String, String);

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// What is known about validation by the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// It was not asked for.
    NotDone,
    /// The patches were sent.
    Done(Tried),
}

/// What a server said about the patches of a plan: files or objects, each with a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many it would accept.
    pub accepted: usize,
    /// Those that it refused, with its words.
    pub refused: Vec<(String, String)>,
    /// Those that it was not asked about or gave no answer to, and why.
    pub untried: Vec<(String, String)>,
}

/// Every change of a plan as its folder writes it, in order, each with the name of its file.
#[must_use]
pub fn patches(cluster: &Cluster, plan: &Plan) -> Vec<(String, Change)> {
    let mut found = Vec::new();
    for (number, step) in steps(cluster, &plan.fixes).into_iter().enumerate() {
        for (at, change) in step.changes.into_iter().enumerate() {
            found.push((file_name(number + 1, at, &change), change));
        }
    }
    found
}

/// What takes the changes of one step back, in order, each with the name of its file, which is that
/// of no other.
fn ways_back(cluster: &Cluster, number: usize, changes: &[Change]) -> Vec<(String, Change)> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let named = |undo: Change| {
        let at = changes.iter().position(|one| one.undoes(&undo)).unwrap_or_default();
        let there = file_name(number, at, &changes[at]);
        let stem = there.strip_suffix(".json").unwrap_or(&there);
        // The part of a patch that holds roll-outs back, or no longer does, is one by itself.
        let part = if is_about_holding(&undo) { "-hold" } else { "" };
        let mut all = (1_usize..).map(|count| match count {
            1 => format!("rollback/{stem}{part}.json"),
            _ => format!("rollback/{stem}{part}-{count}.json"),
        });
        let name = all.find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(name.clone());
        (name, undo)
    };
    rollbacks(cluster, changes).into_iter().map(named).collect()
}

/// What the folder of these fixes holds, in order: the steps, and the ways back of each.
pub(crate) fn step_files(cluster: &Cluster, fixes: &[Fix]) -> (Vec<StepFile>, Vec<StepFile>) {
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for (number, step) in steps(cluster, fixes).into_iter().enumerate() {
        for (at, change) in step.changes.iter().enumerate() {
            there.push(StepFile::new(file_name(number + 1, at, change), change));
        }
        let undone = ways_back(cluster, number + 1, &step.changes);
        back.extend(undone.into_iter().map(|(name, undo)| StepFile::new(name, &undo)));
    }
    (there, back)
}

/// The files of a plan.
#[must_use]
pub fn files(cluster: &Cluster, plan: &Plan, file: &PlanFile, dry_run: &DryRun) -> Vec<File> {
    let mut found = Vec::new();
    let json = serde_json::to_string_pretty(file).expect("a plan is plain data");
    found.push(("plan.json".to_owned(), json + "\n"));
    let mut readme = String::new();
    head(&mut readme, cluster, plan, file, dry_run);
    for (number, step) in steps(cluster, &plan.fixes).iter().enumerate() {
        let number = number + 1;
        step.told(&mut readme, number);
        let mut there = String::new();
        let mut back = String::new();
        for (at, change) in step.changes.iter().enumerate() {
            found.extend(patch(&file_name(number, at, change), change, &mut there));
        }
        for (name, undo) in ways_back(cluster, number, &step.changes) {
            if holds(&undo) {
                let _ = writeln!(back, "{}", rolled_out(&undo));
            }
            found.extend(patch(&name, &undo, &mut back));
        }
        let _ = write!(readme, "\n```sh\n{there}```\n\nBack:\n\n```sh\n{back}```\n");
    }
    found.push(("README.md".to_owned(), readme));
    found.sort();
    found
}

fn head(readme: &mut String, cluster: &Cluster, plan: &Plan, file: &PlanFile, dry_run: &DryRun) {
    let _ = writeln!(readme, "# Plan\n\n{}\n", file.summary);
    let _ = writeln!(
        readme,
        "{} of {} pairs of a way in and a target are cut. Every change was applied to the model \
         of the cluster and the whole scan run again: {} pairs are left.",
        plan.before.len() - plan.after.len(),
        plan.before.len(),
        plan.after.len()
    );
    let _ = writeln!(
        readme,
        "\nCheck it: `ringfort plan check plan.json --cluster SOURCE`. Run the commands in this \
         folder, one step after the other. A patch tests what it was made for: if an object has \
         changed since, kubectl says that the test failed, and nothing is changed."
    );
    if cluster.source == SourceKind::Manifests {
        readme.push_str(
            "\nThe source is manifests: make the changes there. The commands change what runs \
             from them.\n",
        );
    }
    match dry_run {
        DryRun::NotDone => {
            readme.push_str(
                "\nThe patches were not sent to a server for validation (`--server-dry-run`).\n",
            );
        }
        DryRun::Done(tried) => {
            let _ = writeln!(
                readme,
                "\nThe server tried the patches in a dry run: {} accepted, {} refused, {} not \
                 validated.",
                tried.accepted,
                tried.refused.len(),
                tried.untried.len()
            );
            for (title, list) in
                [("The server refused", &tried.refused), ("Not validated", &tried.untried)]
            {
                if !list.is_empty() {
                    let _ = writeln!(readme, "\n{title}:\n");
                }
                for (object, reason) in list {
                    let _ = writeln!(readme, "- {}: {}", line(object), line(reason));
                }
            }
        }
    }
    let _ = writeln!(
        readme,
        "\n| changes | cost | pairs left | no choice leaves fewer than | against the row before |"
    );
    let _ = writeln!(readme, "|---|---|---|---|---|");
    for (at, point) in file.curve.iter().enumerate() {
        let exact = if point.exact { " (the best)" } else { "" };
        let before = at.checked_sub(1).map_or([].as_slice(), |before| &file.curve[before].fixes);
        let without = |list: &[String], other: &[String], sign| -> Vec<String> {
            let of = list.iter().filter(|fix| !other.contains(fix));
            of.map(|fix| format!("{sign}{}", line(fix))).collect()
        };
        let mut turned = without(&point.fixes, before, '+');
        turned.extend(without(before, &point.fixes, '\u{2212}'));
        let _ = writeln!(
            readme,
            "| {} | {} | {}{exact} | {} | {} |",
            point.changes,
            point.cost,
            point.pairs,
            point.at_least,
            turned.join(", ")
        );
    }
    if !file.no_cut.is_empty() {
        readme.push_str("\n## Paths that no change of this plan's kinds cuts\n\n");
        for one in &file.no_cut {
            let _ = writeln!(readme, "- {} to {}: {}", line(&one.from), line(&one.to), one.reason);
        }
    }
}

/// Names are hostile: nothing of them may end a line or start markup.
fn line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut out = String::new();
    for c in text.chars().map(plain) {
        if "\\`*_<>|[]#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

struct Step<'p> {
    fixes: Vec<&'p Fix>,
    changes: Vec<Change>,
    stage: &'static str,
    /// Of a Pod Security level, which of its modes is set.
    mode: Option<&'static str>,
}

impl Step<'_> {
    fn takes_effect(&self) -> bool {
        self.mode.is_none_or(|mode| mode == "enforce")
    }

    /// What it does, what it costs, what it may break and whose the object is.
    fn told(&self, readme: &mut String, number: usize) {
        let titles: Vec<String> =
            self.fixes.iter().map(|fix| line(&fix.title.to_string())).collect();
        match (titles.as_slice(), self.mode) {
            ([title], Some(mode)) => {
                let _ = writeln!(readme, "\n## Step {number}: {title}: {mode}\n");
            }
            ([title], None) => {
                let _ = writeln!(readme, "\n## Step {number}: {title}\n");
            }
            (titles, _) => {
                let object = self.fixes.first().map(|fix| line(&fix.object()));
                let object = object.unwrap_or_default();
                let _ =
                    writeln!(readme, "\n## Step {number}: {} changes of {object}\n", titles.len());
                for title in titles {
                    let _ = writeln!(readme, "- {title}");
                }
                readme.push('\n');
            }
        }
        // What only warns breaks nothing.
        if !self.takes_effect() {
            let _ = writeln!(readme, "No cost; {}.", self.stage);
            return;
        }
        let cost: u32 = self.fixes.iter().map(|fix| fix.cost).sum();
        let mut owners: Vec<String> =
            self.fixes.iter().map(|fix| line(&fix.owner.to_string())).collect();
        owners.dedup();
        let _ = writeln!(readme, "Cost {cost}; {}. Owner: {}.", self.stage, owners.join("; "));
        let mut told: Vec<String> = Vec::new();
        for fix in &self.fixes {
            told.extend(fix.breaks.iter().map(|one| format!("May break: {}", line(one))));
            let instead = fix.owner.manager.instead();
            told.extend(instead.map(|instead| {
                let instead = line(&instead.to_string());
                format!("The patch alone does not last: make the change {instead}.")
            }));
        }
        let mut seen = BTreeSet::new();
        for one in told.into_iter().filter(|one| seen.insert(one.clone())) {
            let _ = writeln!(readme, "\n- {one}");
        }
    }
}

/// When changes of objects take effect.
fn stage(changes: &[Change], fixes: &[&Fix]) -> &'static str {
    let is_pods = |one: &Change| {
        matches!(one.kept(), Some(Kind::Workload(kind)) if kind != WorkloadKind::Job)
            && matches!(one.edit, Edit::Json(_) | Edit::Merge(_))
    };
    let lasts = fixes.iter().all(|fix| fix.owner.manager.instead().is_none());
    if changes.iter().any(Change::is_outside) {
        "takes effect node by node"
    } else if changes.iter().any(Change::replaces_pod) {
        "the pod is deleted and made again"
    } else if changes.iter().any(|one| one.edit == Edit::Restart) {
        "its pods are deleted and made again"
    } else if changes.iter().any(is_pods) {
        "takes effect as its pods are replaced"
    } else if lasts {
        "takes effect at once"
    } else {
        "takes effect at once, until the object is written again"
    }
}

/// Kind, namespace and name.
type Key<'p> = (Kind, &'p Str, &'p Str);

/// Fixes that change the same object make one step, since their patches are one.
fn steps<'p>(cluster: &Cluster, fixes: &'p [Fix]) -> Vec<Step<'p>> {
    let mut groups: Vec<(Vec<&Fix>, Vec<Key<'_>>)> = Vec::new();
    for fix in fixes {
        let objects: Vec<_> =
            fix.edits.iter().map(|edited| (edited.kind, &edited.namespace, &edited.name)).collect();
        let (mut joined, mut keys) = (vec![fix], objects);
        groups.retain(|(members, known)| {
            let shares = known.iter().any(|object| keys.contains(object));
            if shares {
                joined.extend(members);
                keys.extend(known);
            }
            !shares
        });
        groups.push((joined, keys));
    }
    let mut found: Vec<Step<'_>> = Vec::new();
    for (mut members, _) in groups {
        members.sort_by(|a, b| (a.cost, &a.id).cmp(&(b.cost, &b.id)));
        let edits: Vec<&Edited> = members.iter().flat_map(|fix| &fix.edits).collect();
        match level(&edits) {
            Some((edited, level)) => {
                for (mode, stage) in [
                    ("warn", "warns only, look at what it says first"),
                    ("audit", "writes to the audit log only"),
                    ("enforce", "refuses pods from now on"),
                ] {
                    let label = format!("pod-security.kubernetes.io/{mode}");
                    if mode != "enforce" && is_as_strict(cluster, &edited.name, &label, &level) {
                        continue;
                    }
                    let labels = BTreeMap::from([(label, level.clone())]);
                    let edited = Edited { edit: ObjectEdit::Labels(labels), ..edited.clone() };
                    let changes = changes([&edited]);
                    found.push(Step { fixes: members.clone(), changes, stage, mode: Some(mode) });
                }
            }
            None => {
                let changes = changes(edits);
                let stage = stage(&changes, &members);
                found.push(Step { fixes: members, changes, stage, mode: None });
            }
        }
    }
    let key = |step: &Step<'_>| {
        let cost = step.fixes.iter().map(|fix| fix.cost).max().unwrap_or(0);
        let breaks: usize = step.fixes.iter().map(|fix| fix.breaks.len()).sum();
        (cost, breaks, step.fixes.first().map(|fix| fix.id.clone()))
    };
    found.sort_by_key(key);
    found
}

/// The Pod Security level that edits set, if they do nothing else.
fn level<'e>(edits: &[&'e Edited]) -> Option<(&'e Edited, String)> {
    let [edited] = edits else { return None };
    let ObjectEdit::Labels(labels) = &edited.edit else { return None };
    let level = labels.get(ENFORCE).filter(|_| labels.len() == 1)?;
    Some((edited, level.clone()))
}

/// Whether a label of a namespace asks for the level already, or for more.
fn is_as_strict(cluster: &Cluster, namespace: &Str, label: &str, level: &str) -> bool {
    let written = cluster.namespaces.get("", namespace);
    let written = written.and_then(|one| one.metadata.labels.get(label));
    let strictness = |level: &str| LEVELS.iter().position(|known| *known == level);
    written.and_then(|written| strictness(written)) >= strictness(level)
}

/// Levels of Pod Security, the stricter the later.
const LEVELS: &[&str] = &["privileged", "baseline", "restricted"];

fn file_name(number: usize, at: usize, change: &Change) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let slug: String = change.object().chars().map(plain).take(60).collect();
    let part = if at == 0 { String::new() } else { format!("-{at}") };
    format!("{number:02}{part}-{}.json", slug.trim_matches('-'))
}

/// Waits until a roll-out has ended.
fn rolled_out(change: &Change) -> String {
    format!("kubectl rollout status {}", change.resource())
}

/// The file of a change, if it needs one, and the command that makes it.
fn patch(name: &str, change: &Change, commands: &mut String) -> Option<File> {
    let object = change.resource();
    let content = content(change);
    let sort = match &change.edit {
        Edit::Json(_) => "json",
        _ => "merge",
    };
    let command = match (&content, &change.edit) {
        (None, Edit::Create(_)) => from_copy(name, change),
        (None, Edit::Delete) if !change.kept().is_some_and(is_whole) => format!(
            "mkdir -p rollback && kubectl get {object} -o json > rollback/{name} && {}",
            change.command()
        ),
        (None, _) => change.command(),
        (Some(_), Edit::Create(_)) => format!("kubectl create -f {name}"),
        (Some(_), _) if change.replaces_pod() => format!(
            "kubectl get {object} -o json | kubectl patch --local -f - --type={sort} \
             --patch-file {name} -o json | kubectl replace --force -f -"
        ),
        (Some(_), _) => format!("kubectl patch {object} --type={sort} --patch-file {name}"),
    };
    let _ = writeln!(commands, "{command}");
    Some((name.to_owned(), format!("{:#}\n", content?)))
}

/// Makes an object again from the copy of it. What a controller wrote into a Job to tell its pods
/// apart is that of the old one, and refused (pkg/registry/batch/job/strategy.go: generateSelector).
fn from_copy(name: &str, change: &Change) -> String {
    if change.kept() != Some(Kind::Workload(WorkloadKind::Job)) {
        return format!("kubectl replace --force -f {name}");
    }
    let gone = json!({"controller-uid": null, "batch.kubernetes.io/controller-uid": null});
    let patch = json!({"metadata": {"labels": gone.clone()},
        "spec": {"selector": null, "template": {"metadata": {"labels": gone}}}});
    format!(
        "kubectl patch --local -f {name} --type=merge -p '{patch}' -o json | \
         kubectl replace --force -f -"
    )
}

/// What the file of a change holds: the patch, or the object to make. Deletions, restarts and
/// what is made on a machine are commands alone.
fn content(change: &Change) -> Option<Value> {
    match &change.edit {
        _ if change.is_outside() => None,
        Edit::Json(operations) => Some(json!(operations)),
        Edit::Merge(patch) => Some(patch.clone()),
        // What is written again from a copy has no file before that is made.
        Edit::Create(_) if !change.kept().is_some_and(is_whole) => None,
        Edit::Create(made) => Some(made.clone()),
        Edit::Delete | Edit::Restart => None,
    }
}

/// One change of a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepFile {
    /// The file that holds its patch, below the folder; none for what is a command alone.
    pub file: Option<String>,
    /// The change as [`Change::read`] reads it.
    pub change: Value,
}

impl StepFile {
    fn new(name: String, change: &Change) -> Self {
        let file = content(change).map(|_| name);
        Self { file, change: change.to_json() }
    }

    /// The change, with what its file holds where it has one.
    pub fn read(&self, content: Option<&Value>) -> Result<Change, ChangeError> {
        let wrong = |what: &str| ChangeError::Format(format!("a step {what}"));
        let [change] = &Change::read(&self.change)?[..] else {
            return Err(wrong("is no single change"));
        };
        let mut change = change.clone();
        if let Some(content) = content {
            change.edit = match (change.edit, content) {
                (Edit::Json(_), Value::Array(operations)) => Edit::Json(operations.clone()),
                (Edit::Merge(_), Value::Object(_)) => Edit::Merge(content.clone()),
                (Edit::Create(_), Value::Object(_)) => Edit::Create(content.clone()),
                _ => return Err(wrong("that its file is no patch of")),
            };
        }
        Ok(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object};

    #[test]
    fn no_file_of_a_way_back_is_that_of_another() {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        let deployment = |name: &str, spec: &Value| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"namespace": "a", "name": name, "uid": name}, "spec": spec})
        };
        for object in [
            deployment("x", &json!({"template": {"spec": {"serviceAccountName": "s"}}})),
            deployment(
                "y",
                &json!({"paused": true, "template": {"spec": {"serviceAccountName": "s"}}}),
            ),
        ] {
            builder.add(Object::read(object.to_string().as_bytes()).expect("a Deployment"));
        }
        let cluster = builder.freeze();
        let account = json!({"op": "replace", "path": "/spec/template/spec/serviceAccountName",
            "value": "t"});
        let change = |name: &str, paused: Value| {
            let edit = Edit::Json(vec![account.clone(), paused]);
            Change::of(Kind::Workload(WorkloadKind::Deployment), &"a".into(), &name.into(), edit)
        };
        // The way back of the first sets nothing to hold its roll-out back: it takes that away.
        let changes = [
            change("x", json!({"op": "add", "path": "/spec/paused", "value": true})),
            change("y", json!({"op": "replace", "path": "/spec/paused", "value": false})),
        ];
        let names: Vec<String> =
            ways_back(&cluster, 1, &changes).into_iter().map(|(name, _)| name).collect();
        let wanted = [
            "rollback/01-1-deployment-a-y.json",
            "rollback/01-deployment-a-x.json",
            "rollback/01-deployment-a-x-hold.json",
            "rollback/01-1-deployment-a-y-hold.json",
        ];
        assert_eq!(names, wanted);
        // Of several ways back of one object each has a file.
        let twice = [changes[0].clone(), changes[0].clone()];
        let names: Vec<String> =
            ways_back(&cluster, 1, &twice).into_iter().map(|(name, _)| name).collect();
        let distinct: BTreeSet<&String> = names.iter().collect();
        assert_eq!((names.len(), distinct.len()), (4, 4), "{names:?}");
    }
}
