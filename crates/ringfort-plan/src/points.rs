//! The curve of a plan file, held against the cluster: what each point's fixes cost and leave, and
//! that no choice of as many leaves fewer than it says.
//!
//! What is left is counted by the checker's own reachability, and by that of the graph where pairs
//! are those of names. What nothing goes below is worked out anew, without looking for good
//! choices; a file that says less than that is believed, since a plan may have been made in less
//! time. Both take long on a large cluster or for a file that asks for much, so that a clock may
//! end them: then the file is neither right nor wrong, and that is said.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::Attack;
use ringfort_graph::cut::{FixId, Limits, Remains, least, remains};

use crate::named;
use crate::plan::{EXHAUSTIVE, POINTS, Posed, Wish};
use crate::plan_file::{CheckError, PointFile, same};

/// Asked between steps whether to stop.
pub(crate) type Stop<'s> = &'s mut (dyn FnMut() -> bool + Send);

/// Holds the points of a curve against the problem.
pub(crate) fn check(
    points: &[PointFile],
    wish: &Wish,
    (attack, posed): (&Attack<'_>, &Posed<'_>),
    stop: Stop<'_>,
) -> Result<(), CheckError> {
    // Where positions share names, a curve counts pairs of names.
    let named = (!named::is_plain(posed)).then(|| named::sizes(attack, posed));
    let all = posed.catalogue.fixes.iter().enumerate();
    let numbers: BTreeMap<&str, FixId> =
        all.map(|(at, fix)| (fix.id.as_str(), FixId(at as u32))).collect();
    for (at, point) in points.iter().enumerate() {
        let of = |what: &str| format!("{what} of point {at} of the curve");
        let same = |what: &str, file: &dyn ToString, cluster: &dyn ToString| {
            same(&of(what), file.to_string(), cluster.to_string())
        };
        same("changes", &point.changes, &at)?;
        let mut fixes: BTreeSet<FixId> = BTreeSet::new();
        let mut cost = 0;
        for id in &point.fixes {
            let number = numbers.get(id.as_str()).copied();
            let usable = number.and_then(|fix| Some((fix, posed.problem.cost(fix)?)));
            let Some((fix, one)) = usable else {
                return Err(differs(of("a change"), id, &"no such fix"));
            };
            fixes.insert(fix);
            cost += u64::from(one);
        }
        same("different changes", &at, &fixes.len())?;
        same("changes that are listed", &point.fixes.len(), &fixes.len())?;
        same("cost", &point.cost, &cost)?;
        let fixes: Vec<FixId> = fixes.into_iter().collect();
        let left = match &named {
            Some(_) => Some(named::remains(attack, posed, &fixes)),
            None => remains(&posed.problem, &fixes, &mut *stop),
        };
        let left = left.ok_or_else(|| CheckError::Unverified(of("what is left")))?;
        let Remains { pairs, targets, entries } = left;
        same("pairs", &point.pairs, &pairs)?;
        same("targets", &point.targets, &targets)?;
        same("entries", &point.entries, &entries)?;
        if point.at_least > pairs {
            return Err(differs(of("at_least"), &point.at_least, &pairs));
        }
        same("exact", &point.exact, &(point.at_least == pairs))?;
        if let Some(before) = at.checked_sub(1).map(|before| &points[before])
            && (before.pairs < pairs || before.at_least < point.at_least)
        {
            let file = format!("{pairs}, at least {}", point.at_least);
            let most = format!("{}, at least {} at the most", before.pairs, before.at_least);
            return Err(differs(of("pairs"), &file, &most));
        }
    }
    let mut known = bounds(points, wish, posed, stop);
    if let Some(sizes) = &named {
        known.least.iter_mut().for_each(|least| *least = named::fewest(sizes, *least));
    }
    for (at, point) in points.iter().enumerate() {
        let of = || format!("at_least of point {at} of the curve");
        match known.least.get(at) {
            Some(&least) if point.at_least <= least => {}
            _ if known.stopped => return Err(CheckError::Unverified(of())),
            least => {
                let least = least.copied().unwrap_or_default();
                return Err(differs(of(), &point.at_least, &least));
            }
        }
    }
    Ok(())
}

fn differs(what: String, file: &dyn ToString, cluster: &dyn ToString) -> CheckError {
    CheckError::Differs { what, file: file.to_string(), cluster: cluster.to_string() }
}

/// What no choice of so many fixes goes below, by their number.
struct Known {
    least: Vec<usize>,
    /// Whether the clock ended the work, so that less is known than there is to know.
    stopped: bool,
}

fn bounds(points: &[PointFile], wish: &Wish, posed: &Posed<'_>, stop: Stop<'_>) -> Known {
    let Some(last) = points.last() else { return Known { least: Vec::new(), stopped: false } };
    // A curve that ended before its number was looked at with more fixes in mind.
    let whole = last.pairs == 0 || last.changes == wish.most.unwrap_or(POINTS);
    let most = last.changes + usize::from(!whole);
    let mut stopped = false;
    let mut stop = || {
        stopped = stopped || stop();
        stopped
    };
    let least = least(&posed.problem, most, EXHAUSTIVE, &mut Limits::new(&mut stop));
    Known { least, stopped }
}
