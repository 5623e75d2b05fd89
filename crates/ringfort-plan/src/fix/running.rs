//! What a change of a template needs to reach the pods that run (see [`RollOut`]): pods that are
//! not replaced are deleted, a roll-out that is held back is let go.

use ringfort_model::{Object, RollOut, Workload};
use serde_json::{Value, json};

use crate::edits::FieldEdit;
use crate::fix::Desk;

/// What makes a changed template reach the pods that run.
#[derive(Default)]
pub(super) struct Running {
    /// What holds the roll-out back goes.
    pub(super) release: Vec<FieldEdit>,
    /// The pods have to be made again.
    pub(super) restart: bool,
    pub(super) breaks: Option<String>,
}

/// For the pods of a unit, whose template is written in the object of that title.
pub(super) fn running(desk: &Desk<'_, '_>, unit: u32, object: &Object, title: &str) -> Running {
    let cluster = desk.attack.context.cluster;
    let Object::Workload(workload) = object else { return Running::default() };
    let pods = desk.attack.context.units[unit as usize].pods.iter();
    let mut ways: Vec<RollOut> =
        pods.map(|&pod| workload.roll_out(&cluster.pods[pod].metadata.name)).collect();
    ways.sort_unstable();
    ways.dedup();
    let restart =
        |breaks: String| Running { restart: true, breaks: Some(breaks), ..Running::default() };
    match ways.as_slice() {
        [.., RollOut::Held] => release(workload, title),
        [.., RollOut::NextRun] => restart(format!("the jobs of {title} that run now are stopped")),
        [.., RollOut::WhenDeleted] => restart(format!(
            "{title} does not replace its pods by itself: all are deleted and made again"
        )),
        _ => Running::default(),
    }
}

/// Lets a roll-out go on that is paused, or held back below an ordinal.
fn release(workload: &Workload, title: &str) -> Running {
    let set = |pointer: &str, from: Value, to: Value| {
        let pointer = pointer.to_owned();
        vec![
            FieldEdit::Test { pointer: pointer.clone(), value: from },
            FieldEdit::Set { pointer, value: to },
        ]
    };
    let strategy = workload.spec.update_strategy.as_ref();
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let release = match rolling.and_then(|rolling| rolling.partition) {
        Some(partition) => {
            set("/spec/updateStrategy/rollingUpdate/partition", json!(partition), json!(0))
        }
        None => set("/spec/paused", json!(true), json!(false)),
    };
    let breaks =
        format!("the roll-out of {title} is held back; whatever else waits in it goes out too");
    Running { release, breaks: Some(breaks), ..Running::default() }
}
