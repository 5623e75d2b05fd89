//! RF-CP-007: control-plane or add-on version unsupported or vulnerable.

use std::collections::BTreeSet;

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Fault, Outcomes, Verdict};
use crate::versions::{Answer, Running, Site, concerning, support};
use crate::world::{Exposed, World};
use ringfort_attack::Zone;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-007",
    title: "Control-plane or add-on version unsupported or vulnerable",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["C-0273", "C-0292", "NSA upgrade"],
    reads: &[Kind::Pod],
    doc: Doc {
        why: "Flaws that are found from now on stay open there.",
        fails: "The release of the API server, or of a part of the control plane or an add-on that is recognised by its image, is out of support on the day of the data, or lies in the range of an advisory. High for an add-on that the internet reaches.",
        not: "Supported releases outside of every range; extended support that the provider sells counts. Flaws that no release mends.",
        unknown: "A version that is not shown or that a distribution built with fixes of its own; components whose support or advisories the data do not hold.",
        fix: "Upgrade.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    // Nodes have checks of their own.
    for one in world.running().iter().filter(|one| !matches!(one.site, Site::Node(_))) {
        out.add(one.object.clone(), verdict(world, one));
    }
}

fn verdict(world: &World<'_>, one: &Running) -> Verdict {
    let data = world.versions();
    let support = support(world, data, one);
    let mut notes = Vec::new();
    if let Some((false, end)) = support {
        notes.push(format!("support ended {}", end.unwrap_or("before")));
    }
    let mut missing: BTreeSet<String> = BTreeSet::new();
    if support.is_none() {
        missing.insert(format!("until when {} is supported", one.component));
    }
    if !data.covers(one.component) {
        missing.insert(format!("every advisory about {}", one.component));
    }
    let mut affected = Vec::new();
    for (id, answer) in concerning(world, data, one) {
        // What no release mends is no matter of versions.
        if data.stays(id, one.component) {
            continue;
        }
        match answer {
            Answer::Yes(_) => affected.push(id),
            Answer::Unknown(facts) => missing.extend(facts),
            Answer::No(_) => {}
        }
    }
    notes.extend(open_to(&affected));
    if notes.is_empty() {
        return Verdict::with(Vec::new(), missing);
    }
    let mut fault = Fault::of(vec![one.why.clone()]);
    fault.note = format!("{}, by data of {}", notes.join("; "), data.date());
    if let Site::Unit(unit) = one.site {
        fault.at = world.positions(unit);
        fault.exposed = world.is_exposed(unit) == Exposed::Yes;
        if fault.exposed {
            fault.severity = Some(Severity::High);
        }
    }
    Verdict::Fail(fault)
}

/// How many advisories are named.
const NAMED: usize = 3;

/// The newest of some advisories, and how many there are.
pub(super) fn open_to(ids: &[&str]) -> Option<String> {
    let newest: Vec<&str> = ids.iter().rev().take(NAMED).copied().collect();
    let more = ids.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!newest.is_empty()).then(|| format!("open to {}{more}", newest.join(", ")))
}
