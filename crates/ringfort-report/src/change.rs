//! What changed since an earlier report.
//!
//! A finding is the same if its check and its object are. It is worse if its severity rose or
//! if more shows it than before; the numbers in paths of fields do not count, so that what only
//! moved within a list has not changed. A finding that is gone is fixed only if its check is
//! decided today; a path that is gone counts as fixed in any case, for what was not read is
//! named by the coverage.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_checks::Severity;
use serde::{Deserialize, Serialize};

use crate::report::{Filter, Report};

/// Why a report cannot be compared with.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no report.
    #[error("is no report of ringfort scan -f json")]
    Shape(#[from] serde_json::Error),
    /// A report of another shape.
    #[error("has the schema {0:?}; only {expected} can be compared with", expected = crate::SCHEMA)]
    Schema(String),
}

/// An earlier report, as far as it is compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Earlier {
    schema: String,
    tool: KnownTool,
    findings: Vec<Known>,
    checks: Vec<KnownCheck>,
    connected: Vec<KnownEnds>,
    filter: Option<Filter>,
}

#[derive(Clone, Debug, Deserialize)]
struct Known {
    id: String,
    object: String,
    kind: String,
    namespace: String,
    name: String,
    severity: String,
    evidence: Vec<KnownSpot>,
}

#[derive(Clone, Debug, Deserialize)]
struct KnownSpot {
    object: String,
    field: String,
    value: String,
}

#[derive(Clone, Debug, Deserialize)]
struct KnownTool {
    version: String,
}

#[derive(Clone, Debug, Deserialize)]
struct KnownCheck {
    id: String,
}

#[derive(Clone, Debug, Deserialize)]
struct KnownEnds {
    to: String,
    from: Vec<String>,
}

/// A finding that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gone {
    /// The check.
    pub id: String,
    /// The object.
    pub object: String,
    /// How bad it was.
    pub severity: String,
}

/// A way in and a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ends {
    /// The way in.
    pub from: String,
    /// The target.
    pub to: String,
    /// Whether an exception covers it.
    pub excepted: bool,
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Findings that were not there.
    pub new: usize,
    /// Findings that were there and are worse.
    pub worse: usize,
    /// Findings that are as they were.
    pub unchanged: usize,
    /// Findings that are gone.
    pub fixed: Vec<Gone>,
    /// Findings that are gone, but whose check is not decided today.
    pub undecided: Vec<Gone>,
    /// Connected pairs that were not.
    pub new_paths: Vec<Ends>,
    /// Pairs that are no longer connected.
    pub fixed_paths: Vec<Ends>,
}

impl Earlier {
    /// Reads a report.
    pub fn read(json: &[u8]) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_slice(json)?;
        if head.schema != crate::SCHEMA {
            return Err(BaselineError::Schema(head.schema));
        }
        let earlier: Self = serde_json::from_slice(json)?;
        debug_assert_eq!(earlier.schema, head.schema);
        Ok(earlier)
    }

    /// The checks of ours among some that did not run then: of these every finding would be new. A
    /// report of another version says nothing of checks that its program did not have.
    #[must_use]
    pub fn lacks<'c>(&self, version: &str, checks: impl Iterator<Item = &'c str>) -> Vec<&'c str> {
        let ran: BTreeSet<&str> = self.checks.iter().map(|check| check.id.as_str()).collect();
        let same = self.tool.version == version;
        checks.filter(|check| same && !ran.contains(check)).collect()
    }

    /// What it left out.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter { hidden: 0, ..self.filter.clone().unwrap_or_default() }
    }

    /// Compares: marks the findings of the report, and says what changed. `is_meant` tells the
    /// namespaces that are asked for by kind, namespace and name of an object.
    #[must_use]
    pub fn compare(
        &self,
        report: &mut Report,
        is_meant: impl Fn(&str, &str, &str) -> bool,
    ) -> Change {
        let mut change = Change::default();
        let mut known: BTreeMap<(&str, &str), &Known> = self
            .findings
            .iter()
            .filter(|one| is_meant(&one.kind, &one.namespace, &one.name))
            .map(|one| ((one.id.as_str(), one.object.as_str()), one))
            .collect();
        // Of a check that did not run then, or does not run now, nothing is known.
        let ran: BTreeSet<&str> = self.checks.iter().map(|check| check.id.as_str()).collect();
        let mut decided: BTreeMap<&str, bool> = BTreeMap::new();
        if let Some(checked) = &mut report.checked {
            for tally in &checked.checks {
                decided.insert(tally.id, tally.unknown == 0);
            }
            for finding in &mut checked.findings {
                let before = known.remove(&(finding.id, finding.object.as_str()));
                let state = match before.filter(|_| ran.contains(finding.id)) {
                    None => {
                        change.new += 1;
                        "new"
                    }
                    Some(before) if is_worse(before, finding) => {
                        change.worse += 1;
                        "worse"
                    }
                    Some(_) => {
                        change.unchanged += 1;
                        "unchanged"
                    }
                };
                finding.about.change = Some(state);
            }
        }
        for one in known.into_values() {
            let gone = Gone {
                id: one.id.clone(),
                object: one.object.clone(),
                severity: one.severity.clone(),
            };
            match decided.get(one.id.as_str()) {
                Some(true) => change.fixed.push(gone),
                Some(false) => change.undecided.push(gone),
                None => {}
            }
        }
        change.fixed.sort();
        change.undecided.sort();
        let pairs = |to: &str, from: &[String]| {
            let to = to.to_owned();
            from.iter().map(move |from| (from.clone(), to.clone())).collect::<Vec<_>>()
        };
        let before: BTreeSet<(String, String)> =
            self.connected.iter().flat_map(|one| pairs(&one.to, &one.from)).collect();
        let now: BTreeSet<(String, String)> =
            report.connected.iter().flat_map(|one| pairs(&one.to, &one.from)).collect();
        let ends = |pair: &(String, String)| Ends {
            from: pair.0.clone(),
            to: pair.1.clone(),
            excepted: false,
        };
        change.new_paths = now.difference(&before).map(ends).collect();
        change.fixed_paths = before.difference(&now).map(ends).collect();
        change
    }
}

fn is_worse(before: &Known, now: &ringfort_checks::Finding) -> bool {
    let rank = |name: &str| name.parse::<Severity>().ok();
    if rank(now.severity) > rank(&before.severity) {
        return true;
    }
    let mut shown: BTreeMap<(&str, String, &str), usize> = BTreeMap::new();
    for spot in &before.evidence {
        *shown.entry((&spot.object, unnumbered(&spot.field), &spot.value)).or_default() += 1;
    }
    now.evidence.iter().any(|spot| {
        let key = (spot.object.as_str(), unnumbered(&spot.field), spot.value.as_str());
        match shown.get_mut(&key) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        }
    })
}

/// A field without the positions in lists.
fn unnumbered(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut inside = false;
    for c in field.chars() {
        match c {
            '[' => {
                inside = true;
                text.push(c);
            }
            ']' => {
                inside = false;
                text.push(c);
            }
            _ if inside && c.is_ascii_digit() => {}
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_is_refused() {
        assert!(matches!(Earlier::read(b""), Err(BaselineError::Shape(_))));
        assert!(matches!(Earlier::read(b"{\"schema\": \"x/1\"}"), Err(BaselineError::Schema(_))));
        // A report without findings or pairs says nothing about them.
        let bare = format!("{{\"schema\": \"{}\", \"findings\": []}}", crate::SCHEMA);
        assert!(matches!(Earlier::read(bare.as_bytes()), Err(BaselineError::Shape(_))));
    }

    #[test]
    fn positions_in_lists_do_not_count() {
        assert_eq!(unnumbered("spec.containers[12].env[3].name"), "spec.containers[].env[].name");
        assert_eq!(unnumbered("a1.b"), "a1.b");
    }
}
