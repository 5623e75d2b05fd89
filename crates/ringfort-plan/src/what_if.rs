//! What a change would do to the pairs of entries and targets.

use std::collections::BTreeSet;

use ringfort_attack::{Attack, Engines};
use ringfort_model::Cluster;

use crate::apply::apply_noting;
use crate::change::{Change, ChangeError};
use crate::first::pairs;
use crate::left::Answered;
use crate::plan::PlanError;
use crate::question::{Pair, Question};

/// The effect of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIf {
    /// Pairs that are no longer connected.
    pub gone: Vec<Pair>,
    /// Pairs that are connected only after the change.
    pub new: Vec<Pair>,
    /// Pairs that stay connected.
    pub left: Vec<Pair>,
    /// What the changes leave as it was, although it looks changed.
    pub notes: Vec<String>,
}

/// Applies the changes, runs the pipeline again and compares.
pub fn what_if(cluster: &Cluster, changes: &[Change]) -> Result<WhatIf, ChangeError> {
    // Changes that do not fit are found before anything else is done.
    let (changed, notes) = apply_noting(cluster, changes)?;
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let before = pairs(&attack);
    let engines = Engines::after(&attack, &changed);
    let after = pairs(&Attack::after(&attack, &changed, &engines));
    Ok(WhatIf::of(&before, &after, notes))
}

/// The same of a question of one's own.
pub fn what_if_asked(
    cluster: &Cluster,
    changes: &[Change],
    question: &Question,
) -> Result<WhatIf, PlanError> {
    let (changed, notes) = apply_noting(cluster, changes)?;
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let asked = question.ask(&attack, true)?;
    let answered = Answered::new(&attack, question, &asked);
    let engines = Engines::after(&attack, &changed);
    let after = Attack::after(&attack, &changed, &engines);
    let after = answered.left(&after, &BTreeSet::new())?;
    Ok(WhatIf::of(&answered.pairs(), &after, notes))
}

impl WhatIf {
    fn of(before: &BTreeSet<Pair>, after: &BTreeSet<Pair>, notes: Vec<String>) -> Self {
        Self {
            gone: before.difference(after).cloned().collect(),
            new: after.difference(before).cloned().collect(),
            left: before.intersection(after).cloned().collect(),
            notes,
        }
    }
}
