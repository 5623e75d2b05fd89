//! `plan --server-dry-run`: what the server of the live cluster says about every patch of a plan.

use anyhow::Result;
use ringfort_collect::{Trial, Write};
use ringfort_model::Cluster;
use ringfort_plan::change::{Change, Edit};
use ringfort_plan::{Plan, Tried, patches};

use crate::args::Reading;
use crate::commands::{live_cluster, options};

/// Sends every patch, as the folder of the plan has it.
pub(crate) fn run(cluster: &Cluster, plan: &Plan, reading: &Reading) -> Result<Tried> {
    let mut tried = Tried::default();
    let mut named: Vec<String> = Vec::new();
    let mut trials: Vec<Trial> = Vec::new();
    for (_, change) in patches(cluster, plan) {
        let object = change.object();
        let Some(kind) = change.kept() else {
            tried.untried.push((object, "its kind has no path in the API".to_owned()));
            continue;
        };
        if change.is_outside() {
            tried.untried.push((object, "made on the machine, not through the API".to_owned()));
            continue;
        }
        if change.edit == Edit::Restart {
            let reason = "deletes pods by their owner, which no dry run of one object shows";
            tried.untried.push((object, reason.to_owned()));
            continue;
        }
        if change.replaces_pod() {
            // As long as the pod exists no server tries to make another one of its name.
            let reason = "the changed pod takes the old one's place: only the deletion was tried";
            tried.untried.push((object.clone(), reason.to_owned()));
        }
        named.push(object);
        let (namespace, name) = (change.namespace.clone(), change.name.clone());
        trials.push(Trial { kind, namespace, name, write: write(change) });
    }
    let answers = ringfort_collect::dry_run(&live_cluster(reading), &options(reading)?, &trials)?;
    for (object, answer) in named.into_iter().zip(answers) {
        match answer {
            ringfort_collect::Tried::Accepted => tried.accepted += 1,
            ringfort_collect::Tried::Refused(why) => tried.refused.push((object, why)),
            ringfort_collect::Tried::Unanswered(why) => tried.untried.push((object, why)),
        }
    }
    Ok(tried)
}

/// What is sent. A bare pod is replaced, of which a server can try the deletion.
fn write(change: Change) -> Write {
    if change.replaces_pod() {
        return Write::Delete;
    }
    match change.edit {
        Edit::Json(operations) => Write::JsonPatch(operations),
        Edit::Merge(patch) => Write::MergePatch(patch),
        Edit::Create(object) => Write::Create(object),
        Edit::Delete | Edit::Restart => Write::Delete,
    }
}

/// For standard output.
pub(crate) fn shown(tried: &Tried) -> String {
    let mut text = format!(
        "server dry run: {} accepted, {} refused, {} not validated\n",
        tried.accepted,
        tried.refused.len(),
        tried.untried.len()
    );
    for (word, list) in [("refused", &tried.refused), ("not validated", &tried.untried)] {
        for (object, reason) in list {
            text.push_str(&format!("  {word}: {object}: {reason}\n"));
        }
    }
    text.push('\n');
    text
}
