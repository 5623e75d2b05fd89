//! What chosen checks needed and did not get. A gate on findings is not decided while some of
//! it is missing: an absent finding would be no news.
//!
//! Facts that no API serves, such as a kubelet's settings, are no needs: they make results
//! unknown and lower the coverage, on which there is a gate of its own.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::{Coverage, Kind};

use crate::check::{Check, Judge};
use crate::filter::Chosen;
use crate::run::{FAILED, Findings, TOO_LONG, makers, unread};

/// Something that was not read, or a check that did not run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Need {
    /// What is missing.
    pub missing: String,
    /// The checks that need it.
    pub checks: Vec<&'static str>,
}

/// Kinds that are a check's evidence. Where pods are, so are the templates that stand for them.
fn evidence(check: &Check) -> BTreeSet<Kind> {
    let pods = check.reads.contains(&Kind::Pod) || matches!(check.judge, Judge::Pods(_));
    check.reads.iter().copied().chain(makers().filter(|_| pods)).collect()
}

/// The needs of the chosen checks that are not met, in the order of their texts.
#[must_use]
pub fn unmet(coverage: &Coverage, chosen: &Chosen, found: &Findings) -> Vec<Need> {
    let mut needs: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for check in &chosen.checks {
        for kind in evidence(check) {
            if let Some(missing) = unread(coverage, kind) {
                needs.entry(missing).or_default().push(check.id);
            }
        }
    }
    for tally in &found.checks {
        if tally.reasons.iter().any(|reason| reason.missing == FAILED) {
            needs.entry(format!("{} failed to run", tally.id)).or_default().push(tally.id);
        }
        if tally.reasons.iter().any(|reason| reason.missing == TOO_LONG) {
            needs.entry(format!("{} took too long", tally.id)).or_default().push(tally.id);
        }
        // What whole objects are asked is evidence if their lists are.
        let own = chosen.own().any(|check| check.id == tally.id);
        let lists =
            tally.reasons.iter().filter(|reason| own && reason.first.starts_with("Resource "));
        for reason in lists {
            needs.entry(reason.missing.clone()).or_default().push(tally.id);
        }
    }
    needs.into_iter().map(|(missing, checks)| Need { missing, checks }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose;
    use ringfort_model::Listed;

    #[test]
    fn what_was_not_read_is_a_need_of_the_checks_that_read_it() {
        let chosen = choose(Some("RF-WKL-001")).expect("it exists");
        let complete = Coverage { rest_is_complete: true, ..Coverage::default() };
        let found = Findings::default();
        assert_eq!(unmet(&complete, &chosen, &found), []);
        let mut refused = complete.clone();
        refused.note("pods", Listed::Forbidden("403".into()));
        let needs = unmet(&refused, &chosen, &found);
        assert_eq!(needs.len(), 1, "{needs:?}");
        assert_eq!(needs[0].checks, ["RF-WKL-001"]);
        assert!(needs[0].missing.contains("403"), "{needs:?}");
        assert!(unmet(&Coverage::default(), &chosen, &found).len() > 3);
    }
}
