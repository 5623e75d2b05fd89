//! Exceptions: findings and paths that somebody answers for. One model for those of a file and
//! for annotations of objects (checks CHK-07).
//!
//! An exception names a check (or a pattern of ids) and an object, or a pair of a way in and a
//! target; a reason; perhaps an owner and the last day on which it holds. What it covers stays
//! in every report, marked, and fails no gate. Those that are expired, unused or wrong are
//! reported: none of them covers anything in silence.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ringfort_attack::find::matches;
use ringfort_model::record::Meta;
use ringfort_model::{Cluster, Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::about::Excepted;
use crate::check::Check;
use crate::outcome::Object;
use crate::run::Findings;
use crate::{checks, own};

/// What annotations of ours begin with.
const OURS: &str = "ringfort.dev/";

/// Annotations `ringfort.dev/ignore.ID: "reason"`.
const IGNORE: &str = "ringfort.dev/ignore.";

/// The last day of all exceptions of an object.
const UNTIL: &str = "ringfort.dev/ignore-until";

/// What is wrong with a list of exceptions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExceptionError {
    /// It is no list.
    #[error("not a list of exceptions")]
    Shape,
    /// An entry does not read.
    #[error("exception {at}: {reason}")]
    Entry {
        /// Its position, from 1.
        at: usize,
        /// Why.
        reason: String,
    },
    /// An id that no check has.
    #[error("exception {at}: no check has the id {id}")]
    Id {
        /// Its position, from 1.
        at: usize,
        /// The id or pattern.
        id: String,
    },
}

/// What an exception covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// Findings of checks on objects, both as patterns; an object is `Kind namespace/name`.
    Findings {
        /// Ids.
        id: String,
        /// Objects.
        object: String,
    },
    /// Findings of one check on one object, to the letter.
    Object {
        /// The id.
        id: String,
        /// The object.
        object: String,
    },
    /// Paths from ways in to targets, both as patterns of ids.
    Paths {
        /// Ways in.
        from: String,
        /// Targets.
        to: String,
    },
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// What it covers.
    pub covers: Covers,
    /// Why.
    pub reason: String,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: Option<Date>,
    /// `file` or `annotation`.
    pub source: &'static str,
    /// Why it covers nothing, if it is wrong.
    pub wrong: Option<String>,
}

/// What became of an exception.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Outcome {
    /// `used`, `unused`, `expired`, `invalid`, or `not-asked` if no check ran that it is for.
    pub state: &'static str,
    /// The id or pattern of checks; empty for paths.
    pub id: String,
    /// The object or pattern; for paths, `FROM -> TO`.
    pub object: String,
    /// Why it was made.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: Option<String>,
    /// `file` or `annotation`.
    pub source: &'static str,
    /// Findings or paths that it covers, or would cover if it had not expired.
    pub covers: usize,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// All exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions(Vec<Exception>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Option<String>,
    object: Option<String>,
    path: Option<Ends>,
    reason: String,
    #[serde(default)]
    owner: String,
    expires: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    from: String,
    to: String,
}

impl Exceptions {
    /// Reads a list of entries, or a mapping whose only key is `exceptions`.
    pub fn read(value: &Value) -> Result<Self, ExceptionError> {
        let list = match value {
            Value::Object(map) if map.len() == 1 => map.get("exceptions"),
            other => Some(other),
        };
        let entries = list.and_then(Value::as_array).ok_or(ExceptionError::Shape)?;
        let one = |(at, entry): (usize, &Value)| exception(at + 1, entry);
        Ok(Self(entries.iter().enumerate().map(one).collect::<Result<_, _>>()?))
    }

    /// Whether each names a check of the catalogue or one of these; policies are passed over
    /// unless `policies` says that they are among them.
    pub fn known(&self, own: &[&'static Check], policies: bool) -> Result<(), ExceptionError> {
        for (at, one) in self.0.iter().enumerate() {
            let Covers::Findings { id, .. } = &one.covers else { continue };
            let later = !policies && (id == own::POLICIES || id.starts_with(own::POLICY));
            if !later && !is_known(id) && !own.iter().any(|check| matches(id, check.id)) {
                return Err(ExceptionError::Id { at: at + 1, id: id.clone() });
            }
        }
        Ok(())
    }

    /// Adds others.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds those that objects carry as annotations. A pod that something manages carries what
    /// its template says, so only the template is asked. The last day of an object is that of its
    /// template as well: where both name one, the earlier.
    pub fn of_objects(&mut self, cluster: &Cluster, own: &[&'static Check]) {
        let mut templates: BTreeMap<(Kind, &str, &str), &Meta> = BTreeMap::new();
        for workload in &cluster.workloads {
            let template = workload.pod_template().and_then(|template| template.metadata.as_ref());
            if let Some(template) = template {
                let meta = &workload.metadata;
                let key = (Kind::Workload(workload.kind), &*meta.namespace, &*meta.name);
                templates.insert(key, template);
            }
        }
        let mut found: BTreeMap<(String, String), Exception> = BTreeMap::new();
        let mut add = |kind: Kind, meta: &Meta, carrier: &Meta| {
            if !carrier.annotations.iter().any(|(key, _)| key.starts_with(OURS)) {
                return;
            }
            let object = Object::new(kind.name(), &meta.namespace, &meta.name).to_string();
            let template = templates.get(&(kind, &*meta.namespace, &*meta.name)).copied();
            let carriers = [Some(meta), template];
            let bounds = carriers.into_iter().flatten();
            let bounds = bounds.filter_map(|one| one.annotations.get(UNTIL));
            for one in annotated(&object, carrier, bounds.map(|day| &**day), own) {
                let Covers::Object { id, .. } = &one.covers else { continue };
                found.entry((object.clone(), id.clone())).or_insert(one);
            }
        };
        cluster.each_meta(&mut |kind, meta| {
            if meta.controller().is_none() {
                add(kind, meta, meta);
            }
        });
        for workload in &cluster.workloads {
            let template = workload.pod_template().and_then(|template| template.metadata.as_ref());
            if let (Some(template), None) = (template, workload.metadata.controller()) {
                add(Kind::Workload(workload.kind), &workload.metadata, template);
            }
        }
        self.0.extend(found.into_values());
    }

    /// Begins to ask on a day.
    #[must_use]
    pub fn on(&self, today: Date) -> Asked<'_> {
        Asked { exceptions: &self.0, today, covered: vec![0; self.0.len()], ran: BTreeSet::new() }
    }
}

fn exception(at: usize, entry: &Value) -> Result<Exception, ExceptionError> {
    let wrong = |reason: &str| ExceptionError::Entry { at, reason: reason.to_owned() };
    let entry = Entry::deserialize(entry).map_err(|error| wrong(&error.to_string()))?;
    if entry.reason.trim().is_empty() {
        return Err(wrong("the reason is empty"));
    }
    let covers = match (entry.id, entry.path, entry.object) {
        (Some(id), None, object) => {
            // What is not in the catalogue may be a check beside it, which [`Exceptions::known`] asks.
            if !is_known(&id) && (id.is_empty() || id.starts_with("RF-")) {
                return Err(ExceptionError::Id { at, id });
            }
            Covers::Findings { id, object: object.unwrap_or_else(|| "*".to_owned()) }
        }
        (None, Some(Ends { from, to }), None) => Covers::Paths { from, to },
        _ => return Err(wrong("either id, with or without object, or path")),
    };
    let expires = entry.expires.map(|day| date(&day).ok_or_else(|| wrong(&no_day(&day))));
    Ok(Exception {
        covers,
        reason: entry.reason,
        owner: entry.owner,
        expires: expires.transpose()?,
        source: "file",
        wrong: None,
    })
}

fn is_known(id: &str) -> bool {
    checks::ALL.iter().any(|check| matches(id, check.id))
        || checks::NOT_EVALUATED.iter().any(|known| matches(id, known))
}

fn date(day: &str) -> Option<Date> {
    // Only the plain form: jiff also takes what follows a date.
    let plain = day.len() == 10;
    plain.then(|| day.parse().ok()).flatten()
}

fn no_day(day: &str) -> String {
    format!("{day:?} is no day; write it as 2027-12-31")
}

/// The exceptions that an object's annotations make, until the earliest of some days. One of
/// ours that means nothing is one that is wrong, by its whole key.
fn annotated<'m>(
    object: &'m str,
    meta: &'m Meta,
    bounds: impl Iterator<Item = &'m str>,
    own: &'m [&'static Check],
) -> impl Iterator<Item = Exception> + 'm {
    let days: Result<Vec<Date>, String> =
        bounds.map(|day| date(day).ok_or_else(|| no_day(day))).collect();
    let until = days.map(|days| days.into_iter().min()).transpose();
    meta.annotations.iter().filter_map(move |(key, reason)| {
        let id = match key.strip_prefix(IGNORE) {
            Some(id) => id,
            None if key.starts_with(OURS) && **key != *UNTIL => key,
            None => return None,
        };
        let exact = checks::by_id(id).is_some()
            || checks::NOT_EVALUATED.contains(&id)
            || own.iter().any(|check| check.id == id);
        let (expires, wrong) = match &until {
            Some(Ok(day)) => (Some(*day), None),
            Some(Err(wrong)) => (None, Some(wrong.clone())),
            None => (None, None),
        };
        let wrong = match (exact, reason.trim().is_empty()) {
            (false, _) if id.starts_with(OURS) => {
                Some(format!("there is no annotation {id}; {IGNORE}ID and {UNTIL} are"))
            }
            (false, _) => Some(format!("no check has the id {id}")),
            (_, true) => Some("the reason is empty".to_owned()),
            _ => wrong,
        };
        Some(Exception {
            covers: Covers::Object { id: id.to_owned(), object: object.to_owned() },
            reason: reason.to_string(),
            owner: String::new(),
            expires,
            source: "annotation",
            wrong,
        })
    })
}

/// Exceptions that are being asked.
#[derive(Debug)]
pub struct Asked<'e> {
    exceptions: &'e [Exception],
    today: Date,
    covered: Vec<usize>,
    ran: BTreeSet<&'static str>,
}

impl Asked<'_> {
    /// The exception that covers something, if one that holds does; counts all that would.
    fn ask(&mut self, is_meant: impl Fn(&Covers) -> bool) -> Option<Excepted> {
        let mut first = None;
        for (one, covered) in self.exceptions.iter().zip(&mut self.covered) {
            if one.wrong.is_some() || !is_meant(&one.covers) {
                continue;
            }
            *covered += 1;
            let holds = one.expires.is_none_or(|last| self.today <= last);
            if holds && first.is_none() {
                first = Some(Excepted {
                    reason: one.reason.clone(),
                    owner: one.owner.clone(),
                    expires: one.expires.map(|day| day.to_string()),
                    source: one.source,
                });
            }
        }
        first
    }

    /// Marks the findings that are covered.
    pub fn findings(&mut self, found: &mut Findings) {
        self.ran.extend(found.checks.iter().map(|tally| tally.id));
        for finding in &mut found.findings {
            let (check, named) = (finding.id, finding.object.as_str());
            finding.about.excepted = self.ask(|covers| match covers {
                Covers::Findings { id, object } => matches(id, check) && matches(object, named),
                Covers::Object { id, object } => id == check && object == named,
                Covers::Paths { .. } => false,
            });
        }
    }

    /// What covers a path between two ids.
    pub fn path(&mut self, from: &str, to: &str) -> Option<Excepted> {
        self.ask(|covers| match covers {
            Covers::Paths { from: starts, to: ends } => matches(starts, from) && matches(ends, to),
            _ => false,
        })
    }

    /// Whether some check ran that an exception is for.
    fn was_asked(&self, covers: &Covers) -> bool {
        match covers {
            Covers::Findings { id, .. } | Covers::Object { id, .. } => {
                self.ran.iter().any(|check| matches(id, check))
            }
            Covers::Paths { .. } => true,
        }
    }

    /// What became of each, in the order of ids and objects.
    #[must_use]
    pub fn outcomes(self) -> Vec<Outcome> {
        let mut rows: Vec<Outcome> = self
            .exceptions
            .iter()
            .zip(&self.covered)
            .map(|(one, &covers)| {
                let expired = one.expires.is_some_and(|last| self.today > last);
                let state = match (&one.wrong, expired, covers) {
                    (Some(_), ..) => "invalid",
                    (None, true, _) => "expired",
                    (None, false, 0) if !self.was_asked(&one.covers) => "not-asked",
                    (None, false, 0) => "unused",
                    (None, false, _) => "used",
                };
                let (id, object) = match &one.covers {
                    Covers::Findings { id, object } | Covers::Object { id, object } => {
                        (id.clone(), object.clone())
                    }
                    Covers::Paths { from, to } => (String::new(), format!("{from} -> {to}")),
                };
                Outcome {
                    state,
                    id,
                    object,
                    reason: one.reason.clone(),
                    owner: one.owner.clone(),
                    expires: one.expires.map(|day| day.to_string()),
                    source: one.source,
                    covers,
                    wrong: one.wrong.clone(),
                }
            })
            .collect();
        rows.sort_by(|a, b| (&a.id, &a.object, a).cmp(&(&b.id, &b.object, b)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_that_do_not_read_are_named() {
        for (entry, part) in [
            (json!({"id": "RF-WKL-001"}), "reason"),
            (json!({"id": "RF-WKL-001", "reason": " "}), "empty"),
            (json!({"id": "RF-WLK-001", "reason": "x"}), "RF-WLK-001"),
            (json!({"id": "RF-WKL-001", "reason": "x", "expire": "2027-01-01"}), "expire"),
            (json!({"id": "RF-WKL-001", "reason": "x", "expires": "2027-02-30"}), "2027-02-30"),
            (json!({"id": "RF-WKL-001", "reason": "x", "expires": "soon"}), "soon"),
            (
                json!({"id": "RF-WKL-001", "path": {"from": "*", "to": "*"}, "reason": "x"}),
                "either",
            ),
            (json!({"reason": "x"}), "either"),
        ] {
            let good = json!({"id": "RF-WKL-*", "reason": "x"});
            let error =
                Exceptions::read(&json!([good, entry])).expect_err("it is wrong").to_string();
            assert!(error.contains(part) && error.contains("exception 2"), "{error}");
        }
        assert_eq!(Exceptions::read(&json!({"exceptions": {}})), Err(ExceptionError::Shape));
        assert_eq!(
            Exceptions::read(&json!({"exceptions": [], "more": 1})),
            Err(ExceptionError::Shape)
        );
        assert_eq!(Exceptions::read(&json!({"exceptions": []})), Ok(Exceptions::default()));
    }

    #[test]
    fn an_exception_holds_through_its_last_day() {
        let list = Exceptions::read(&json!([
            {"path": {"from": "vector/V7/*", "to": "impact/node"}, "reason": "x",
             "expires": "2027-01-31"}
        ]))
        .expect("it reads");
        let state = |day: Date| {
            let mut asked = list.on(day);
            let covered = asked.path("vector/V7/shop/web", "impact/node").is_some();
            (covered, asked.outcomes()[0].state)
        };
        assert_eq!(state(jiff::civil::date(2027, 1, 31)), (true, "used"));
        assert_eq!(state(jiff::civil::date(2027, 2, 1)), (false, "expired"));
        let mut asked = list.on(jiff::civil::date(2027, 1, 1));
        assert!(asked.path("vector/V6/shop/web", "impact/node").is_none());
        assert_eq!(asked.outcomes()[0].state, "unused");
    }
}
