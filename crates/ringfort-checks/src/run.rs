//! Runs checks and makes findings of what failed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;
use ringfort_attack::Evidence;
use ringfort_model::{Coverage, Kind, Listed, WorkloadKind};
use ringfort_plan::{Change, Costs, Remedies};
use serde::Serialize;

use crate::about::{About, Place};
use crate::check::{Check, Judge, Modifier, Severity};
use crate::filter::Chosen;
use crate::order::{Paths, Weight};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::patience::TookTooLong;
use crate::pods;
use crate::world::{self, World};

/// What shows a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// The field.
    pub field: String,
    /// What it says.
    pub value: String,
    /// The kubectl command that shows it.
    pub command: String,
    /// Where the object stands, if it was read from a manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A change that mends a finding, as the plan knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Repair {
    /// Stable id, the same as in plans; empty for one that no plan needs.
    pub id: String,
    /// What it does.
    pub title: String,
    /// The command that makes it.
    pub command: String,
}

/// A bad state of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub id: &'static str,
    /// The bad state.
    pub title: &'static str,
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// How bad, after modifiers.
    pub severity: &'static str,
    /// The modifiers that were applied.
    pub moved_by: Vec<String>,
    /// Zone of the defence.
    pub zone: &'static str,
    /// What it means here; may be empty.
    pub note: String,
    /// Entry-to-target pairs that run through the object.
    pub paths: usize,
    /// Of these, pairs that mending it cuts.
    pub cuts: usize,
    /// The least effort of a path that mending it cuts.
    pub effort: Option<u64>,
    /// The fields that show it.
    pub evidence: Vec<Spot>,
    /// What to change, in words.
    pub fix: &'static str,
    /// Changes that mend it, each by itself.
    pub fixes: Vec<Repair>,
    /// Which object it is, where it stands, and what is known of it from elsewhere.
    #[serde(flatten)]
    pub about: About,
}

/// What one check found, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The check.
    pub id: &'static str,
    /// The bad state; empty for ids without a predicate.
    pub title: &'static str,
    /// fail, unknown, pass or not-applicable: the worst of its results.
    pub status: &'static str,
    /// Objects that fail.
    pub fail: usize,
    /// Objects that pass.
    pub pass: usize,
    /// Objects of which it is unknown.
    pub unknown: usize,
    /// Objects that it does not ask about.
    pub not_applicable: usize,
    /// Why results are unknown.
    pub reasons: Vec<Reason>,
}

/// Why results are unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What is missing.
    pub missing: String,
    /// Objects that it would decide.
    pub objects: usize,
    /// The first of them.
    pub first: String,
}

/// The findings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Ordered by what mending them cuts, then severity, effort, id, object.
    pub findings: Vec<Finding>,
    /// Every check that was asked for, in the order of ids.
    pub checks: Vec<Tally>,
    /// Percent of the results that are decided, an id without a predicate counting as one that
    /// is not.
    pub checks_coverage: u32,
    /// Checks among them that are not in the catalogue.
    #[serde(skip)]
    pub own: Vec<&'static Check>,
}

impl Findings {
    /// A check by its id, of the catalogue or one that ran beside it.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&'static Check> {
        let own = || self.own.iter().copied().find(|check| check.id == id);
        crate::checks::by_id(id).or_else(own)
    }

    /// How many findings have each severity, the worst first, those without any left out.
    #[must_use]
    pub fn counts(&self) -> Vec<(usize, &'static str)> {
        let all = Severity::ALL.into_iter().rev();
        let count = |severity: Severity| {
            let same = self.findings.iter().filter(|one| one.severity == severity.name());
            (same.count(), severity.name())
        };
        all.map(count).filter(|(count, _)| *count > 0).collect()
    }
}

/// Why the results of a check that panicked are unknown.
pub(crate) const FAILED: &str = "the check failed to run";

/// Why the results of a check that was given up are unknown.
pub(crate) const TOO_LONG: &str = "the check took longer than --check-timeout";

/// Why results of a check of whole objects are unknown where nobody asked.
const NOT_ASKED: &str = "the objects were not read a second time";

/// Why ids without a predicate are unknown.
pub const NOT_EVALUATED: &str = "not evaluated";

/// Kinds that are pods or make them.
pub(crate) fn makers() -> impl Iterator<Item = Kind> {
    std::iter::once(Kind::Pod).chain(WorkloadKind::ALL.into_iter().map(Kind::Workload))
}

pub(crate) fn unread(coverage: &Coverage, kind: Kind) -> Option<String> {
    let key = Coverage::key(kind);
    Some(match coverage.of(kind) {
        Listed::Complete | Listed::Absent => return None,
        Listed::Partial(reason) => format!("{key} were read in part: {reason}"),
        Listed::Forbidden(reason) => format!("{key} could not be read: {reason}"),
        Listed::Silent => format!("{key} were not listed"),
    })
}

/// The results of one check. One that panics, or takes too long, is unknown.
#[must_use]
pub fn outcomes(world: &World<'_>, check: &Check) -> Outcomes {
    let mut out = Outcomes::default();
    for (object, verdict) in judged(world, check) {
        out.add(object.into_owned(), verdict);
    }
    out
}

/// Results in the order of their objects, one for each.
type Rows<'w> = Vec<(Cow<'w, Object>, Verdict)>;

/// What a check says of each object.
fn judged<'w>(world: &'w World<'_>, check: &Check) -> Rows<'w> {
    let rows = catch_unwind(AssertUnwindSafe(|| match check.judge {
        Judge::Cluster(judge) => {
            let mut out = Outcomes::until(world.patience());
            judge(world, &mut out);
            out.into_iter().map(|(object, verdict)| (Cow::Owned(object), verdict)).collect()
        }
        Judge::Pods(judge) => of_pods(world, judge),
        Judge::Asked => asked(world, check),
    }));
    let mut rows: Rows<'_> = rows.unwrap_or_else(|payload| {
        let why = if payload.is::<TookTooLong>() { TOO_LONG } else { FAILED };
        vec![(Cow::Owned(Object::wide("Check", check.id)), Verdict::missing(why))]
    });
    // Where pods are evidence, so are the templates that stand for them.
    let pods = check.reads.contains(&Kind::Pod);
    let evidence = check.reads.iter().copied().chain(makers().filter(|_| pods));
    let gaps: BTreeMap<Kind, String> =
        evidence.filter_map(|kind| Some((kind, unread(&world.cluster.coverage, kind)?))).collect();
    // What was not read could turn a pass into its opposite.
    let doubts: BTreeSet<String> = gaps.values().cloned().collect();
    if !doubts.is_empty() {
        let passed = rows.iter_mut().filter(|(_, verdict)| *verdict == Verdict::Pass);
        passed.for_each(|(_, verdict)| *verdict = Verdict::Unknown(doubts.clone()));
    }
    let mut lists: Vec<Kind> = gaps.keys().copied().collect();
    if matches!(check.judge, Judge::Pods(_)) {
        lists.extend(makers());
    }
    let known = rows.len();
    for kind in lists {
        if let Some(reason) = unread(&world.cluster.coverage, kind) {
            let list = Object::wide("Resource", &Coverage::key(kind));
            rows.push((Cow::Owned(list), Verdict::missing(reason)));
        }
    }
    if rows.len() > known {
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        rows.dedup_by(|(object, more), (kept, verdict)| {
            let same = object == kept;
            if same {
                verdict.join(std::mem::replace(more, Verdict::NotApplicable));
            }
            same
        });
    }
    rows
}

/// What was asked of whole objects, with where those that make pods lie in the graph.
fn asked<'w>(world: &'w World<'_>, check: &Check) -> Rows<'w> {
    let Some(outcomes) = world.answers(check.id) else {
        let object = Object::wide("Check", check.id);
        return vec![(Cow::Owned(object), Verdict::missing(NOT_ASKED))];
    };
    let mut rows: Rows<'w> =
        outcomes.iter().map(|(object, verdict)| (Cow::Borrowed(object), verdict.clone())).collect();
    let owners = world.owners();
    let mut failed: BTreeMap<u32, &mut Fault> = BTreeMap::new();
    for (object, verdict) in &mut rows {
        if let Verdict::Fail(fault) = verdict
            && let Ok(at) = owners.objects.binary_search(object)
        {
            failed.insert(at as u32, fault);
        }
    }
    if !failed.is_empty() {
        for place in world.places() {
            if let Some(fault) = failed.get_mut(&owners.of_unit[place.at as usize]) {
                pods::complete(world, &place, fault);
                // The severity is the one that the rule's author chose.
                fault.system = false;
            }
        }
    }
    rows
}

/// What a check says of pods, joined for each object that they are written in.
fn of_pods<'w>(
    world: &'w World<'_>,
    judge: fn(&World<'_>, &world::Place<'_>) -> Verdict,
) -> Rows<'w> {
    let owners = world.owners();
    let mut verdicts: Vec<Option<Verdict>> = vec![None; owners.objects.len()];
    let patience = world.patience();
    for place in world.places() {
        patience.ask();
        let mut verdict = judge(world, &place);
        if let Verdict::Fail(fault) = &mut verdict {
            pods::complete(world, &place, fault);
        }
        match &mut verdicts[owners.of_unit[place.at as usize] as usize] {
            Some(known) => known.join(verdict),
            free => *free = Some(verdict),
        }
    }
    let rows = owners.objects.iter().zip(verdicts);
    rows.filter_map(|(object, verdict)| Some((Cow::Borrowed(object), verdict?))).collect()
}

/// A fault, and what it is one of.
type Failed<'w> = (&'w Check, Cow<'w, Object>, Fault);

/// Runs the chosen checks.
#[must_use]
pub fn run(world: &World<'_>, chosen: &Chosen) -> Findings {
    // Most results are no findings: only their number is kept.
    let said: Vec<(Tally, Vec<Failed<'_>>)> = chosen
        .checks
        .par_iter()
        .map(|&check| {
            let rows = judged(world, check);
            let tally = tally(check, &rows);
            let failed = rows.into_iter().filter_map(|(object, verdict)| match verdict {
                Verdict::Fail(fault) => Some((check, object, fault)),
                _ => None,
            });
            (tally, failed.collect())
        })
        .collect();
    let mut checks: Vec<Tally> = Vec::with_capacity(said.len());
    let mut failed: Vec<Failed<'_>> = Vec::new();
    for (tally, faults) in said {
        checks.push(tally);
        failed.extend(faults);
    }
    let spots = failed.iter().flat_map(|(_, _, fault)| &fault.spots);
    let remedies = Remedies::new(world.attack, Costs::default());
    let paths = Paths::new(world.attack, &remedies, spots);
    let asked: Vec<(&BTreeSet<_>, &[_])> =
        failed.iter().map(|(_, _, fault)| (&fault.at, fault.spots.as_slice())).collect();
    let weights = paths.weigh(&asked);
    let mut rows: Vec<(Severity, Finding)> = failed
        .par_iter()
        .zip(weights)
        .map(|((check, object, fault), weight)| {
            finding(world, &remedies, check, object, fault, weight)
        })
        .collect();
    rows.par_sort_by(|(a_severity, a), (b_severity, b)| {
        let effort = |finding: &Finding| finding.effort.unwrap_or(u64::MAX);
        (b.cuts, b_severity, effort(a), a.id, &a.object).cmp(&(
            a.cuts,
            a_severity,
            effort(b),
            b.id,
            &b.object,
        ))
    });
    checks.extend(chosen.not_evaluated.iter().map(|id| Tally {
        id,
        title: "",
        status: "unknown",
        fail: 0,
        pass: 0,
        unknown: 1,
        not_applicable: 0,
        reasons: vec![Reason {
            missing: NOT_EVALUATED.to_owned(),
            objects: 1,
            first: format!("Check {id}"),
        }],
    }));
    checks.sort_by_key(|tally| tally.id);
    let decided: usize = checks.iter().map(|tally| tally.fail + tally.pass).sum();
    let all = decided + checks.iter().map(|tally| tally.unknown).sum::<usize>();
    let coverage = (decided * 100).checked_div(all).map_or(100, |percent| percent as u32);
    Findings {
        findings: rows.into_iter().map(|(_, row)| row).collect(),
        checks,
        checks_coverage: coverage,
        own: chosen.own().collect(),
    }
}

fn finding(
    world: &World<'_>,
    remedies: &Remedies<'_, '_>,
    check: &Check,
    object: &Object,
    fault: &Fault,
    weight: Weight,
) -> (Severity, Finding) {
    let mut severity = fault.severity.unwrap_or(check.severity);
    let mut moved_by = Vec::new();
    for modifier in check.modifiers {
        let (applies, step, why) = match modifier {
            Modifier::Path => (weight.verified, 1, ""),
            Modifier::Exposed => (fault.exposed, 1, ""),
            Modifier::Compensated => {
                let by = fault.compensated.as_deref();
                (by.is_some(), -1, by.unwrap_or_default())
            }
        };
        if applies {
            severity = severity.moved(step);
            moved_by.push(match why {
                "" => modifier.name().to_owned(),
                why => format!("{}: {why}", modifier.name()),
            });
        }
    }
    if fault.system {
        severity = severity.moved(-1);
        moved_by.push("-sys".to_owned());
    }
    let known = fault.spots.iter().chain(&fault.beyond).map(|why| world.evidence(why));
    let evidence: BTreeSet<Spot> = known
        .chain(fault.shown.iter().cloned())
        .map(|one| {
            let place = Place::of_named(world.cluster, &one.object, &one.field);
            let Evidence { object, field, value, command } = one;
            Spot { object, field, value, command, place }
        })
        .collect();
    let mut fixes: BTreeSet<Repair> = BTreeSet::new();
    for fix in fault.spots.iter().flat_map(|why| remedies.of(why)) {
        let changes = ringfort_plan::edits::changes(&fix.edits);
        let commands: Vec<String> = changes.iter().map(Change::command).collect();
        fixes.insert(Repair {
            id: fix.id,
            title: fix.title.to_string(),
            command: commands.join("\n"),
        });
    }
    if let Some(command) = &fault.command {
        let title = check.doc.fix.to_owned();
        fixes.insert(Repair { id: String::new(), title, command: command.clone() });
    }
    let about = About::of(world.cluster, check.id, object, &evidence);
    let row = Finding {
        id: check.id,
        title: check.title,
        object: object.to_string(),
        severity: severity.name(),
        moved_by,
        zone: check.zone.name(),
        note: fault.note.clone(),
        paths: weight.through,
        cuts: weight.cuts,
        effort: weight.effort,
        evidence: evidence.into_iter().collect(),
        fix: check.doc.fix,
        fixes: fixes.into_iter().collect(),
        about,
    };
    (severity, row)
}

fn tally(check: &Check, rows: &Rows<'_>) -> Tally {
    let mut tally = Tally {
        id: check.id,
        title: check.title,
        status: "not-applicable",
        fail: 0,
        pass: 0,
        unknown: 0,
        not_applicable: 0,
        reasons: Vec::new(),
    };
    let mut reasons: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for (object, verdict) in rows {
        match verdict {
            Verdict::Fail(_) => tally.fail += 1,
            Verdict::Pass => tally.pass += 1,
            Verdict::NotApplicable => tally.not_applicable += 1,
            Verdict::Unknown(missing) => {
                tally.unknown += 1;
                for one in missing {
                    reasons.entry(one).or_insert_with(|| (0, object.to_string())).0 += 1;
                }
            }
        }
    }
    tally.status = match (tally.fail, tally.unknown, tally.pass) {
        (0, 0, 0) => "not-applicable",
        (0, 0, _) => "pass",
        (0, _, _) => "unknown",
        _ => "fail",
    };
    tally.reasons = reasons
        .into_iter()
        .map(|(missing, (objects, first))| Reason { missing: missing.to_owned(), objects, first })
        .collect();
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Doc;
    use ringfort_attack::{Attack, Engines, Zone};
    use ringfort_model::Cluster;

    static BROKEN: Check = Check {
        id: "RF-TEST-001",
        title: "Check that panics",
        zone: Zone::Impact,
        severity: Severity::Low,
        modifiers: &[],
        references: &[],
        reads: &[],
        doc: Doc { why: "", fails: "", not: "", unknown: "", fix: "" },
        judge: Judge::Cluster(|_, out| {
            out.add(Object::wide("Cluster", "x"), Verdict::Pass);
            panic!("as the test wants");
        }),
    };

    static SOUND: Check = Check {
        id: "RF-TEST-002",
        judge: Judge::Cluster(|_, out| {
            for name in ["a", "b", "c"] {
                out.add(Object::wide("Cluster", name), Verdict::Pass);
            }
        }),
        ..BROKEN
    };

    #[test]
    fn a_check_that_panics_is_unknown_and_lowers_the_coverage() {
        let cluster = Cluster::default();
        let engines = Engines::new(&cluster);
        let attack = Attack::new(&cluster, &engines);
        let chosen = Chosen { checks: vec![&BROKEN], ..Chosen::default() };
        let found = run(&World::new(&attack), &chosen);
        assert_eq!((found.checks[0].status, found.checks[0].pass), ("unknown", 0));
        assert_eq!(found.checks_coverage, 0);
        let needs = crate::unmet(&cluster.coverage, &chosen, &found);
        assert_eq!(needs[0].missing, "RF-TEST-001 failed to run");
        // Beside others it takes from the coverage of the run.
        let coverage = |checks| {
            let chosen = Chosen { checks, ..Chosen::default() };
            run(&World::new(&attack), &chosen).checks_coverage
        };
        assert_eq!(coverage(vec![&SOUND]), 100);
        assert_eq!(coverage(vec![&SOUND, &BROKEN]), 75);
    }

    /// Takes its time over each object.
    static SLOW: Check = Check {
        id: "RF-TEST-003",
        judge: Judge::Cluster(|_, out| {
            for at in 0..100 {
                std::thread::sleep(std::time::Duration::from_millis(20));
                out.add(Object::wide("Cluster", &at.to_string()), Verdict::Pass);
            }
        }),
        ..BROKEN
    };

    static SLOW_WITH_PODS: Check = Check {
        id: "RF-TEST-004",
        judge: Judge::Pods(|_, _| {
            std::thread::sleep(std::time::Duration::from_millis(200));
            Verdict::Pass
        }),
        ..BROKEN
    };

    #[test]
    fn a_check_that_takes_too_long_is_given_up_and_lowers_the_coverage() {
        let mut builder = ringfort_model::ClusterBuilder::new(ringfort_model::SourceKind::Dump);
        for name in ["a", "b", "c"] {
            let image = format!(
                r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"n"}},
                "spec":{{"containers":[{{"name":"c","image":"{name}"}}]}}}}"#
            );
            builder.add(ringfort_model::Object::read(image.as_bytes()).expect("a pod"));
        }
        builder.coverage().rest_is_complete = true;
        let cluster = builder.freeze();
        let engines = Engines::new(&cluster);
        let attack = Attack::new(&cluster, &engines);
        let chosen = Chosen { checks: vec![&SOUND, &SLOW, &SLOW_WITH_PODS], ..Chosen::default() };
        let world = World::new(&attack);
        world.give_up_after(std::time::Duration::from_millis(100));
        let begun = std::time::Instant::now();
        let found = run(&world, &chosen);
        assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
        let of = |id: &str| {
            let tally = found.checks.iter().find(|tally| tally.id == id).expect("it ran");
            (tally.status, tally.pass, tally.unknown)
        };
        assert_eq!(of("RF-TEST-002"), ("pass", 3, 0));
        for slow in ["RF-TEST-003", "RF-TEST-004"] {
            assert_eq!(of(slow), ("unknown", 0, 1), "{slow}");
        }
        assert_eq!(found.checks_coverage, 60);
        let needs = crate::unmet(&cluster.coverage, &chosen, &found);
        let missing: Vec<&str> = needs.iter().map(|need| need.missing.as_str()).collect();
        assert_eq!(missing, ["RF-TEST-003 took too long", "RF-TEST-004 took too long"]);
        // Without a limit they are waited for.
        let chosen = Chosen { checks: vec![&SLOW_WITH_PODS], ..Chosen::default() };
        assert_eq!(run(&World::new(&attack), &chosen).checks_coverage, 100);
    }

    #[test]
    fn severities_stay_within_their_bounds() {
        assert_eq!(Severity::Critical.moved(1), Severity::Critical);
        assert_eq!(Severity::Info.moved(-1), Severity::Info);
        assert_eq!(Severity::Low.moved(2), Severity::High);
    }
}
