//! Exceptions of other tools, carried over into our own (issue of many files with exceptions in
//! five places).
//!
//! ```text
//!  annotations of objects ─┐            ┌ ids   our checks with a similar intent
//!  .trivyignore[.yaml]    ─┼─► Rule ─►──┤
//!  Kubescape's JSON       ─┘            └ scope which objects it covers ─► Entry | Refused
//! ```
//!
//! Nothing is widened: a rule for one object becomes exceptions for that object, a rule whose
//! scope cannot be said in ours is refused with the reason, and a day on which a rule still holds
//! in part is not carried over. Of an object's rules only those become exceptions whose check
//! fails on the object or is unknown: others would be reported as unused in every scan.

mod annotations;
mod ids;
mod kubescape;
mod paths;
mod trivy;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

use crate::about;
use crate::check::Check;
use crate::checks;
use crate::outcome::{Object, Verdict};
use crate::run::outcomes;
use crate::world::World;

use ids::Meant;

/// A tool whose exceptions are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// stackrox/kube-linter.
    KubeLinter,
    /// bridgecrewio/checkov.
    Checkov,
    /// FairwindsOps/polaris.
    Polaris,
    /// zegl/kube-score.
    KubeScore,
    /// kubescape/kubescape.
    Kubescape,
    /// aquasecurity/trivy.
    Trivy,
}

impl Tool {
    /// All tools.
    pub const ALL: [Self; 6] = [
        Self::KubeLinter,
        Self::Checkov,
        Self::Polaris,
        Self::KubeScore,
        Self::Kubescape,
        Self::Trivy,
    ];

    /// As it writes itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KubeLinter => "kube-linter",
            Self::Checkov => "Checkov",
            Self::Polaris => "Polaris",
            Self::KubeScore => "kube-score",
            Self::Kubescape => "Kubescape",
            Self::Trivy => "Trivy",
        }
    }
}

/// What is wrong with a file of another tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It does not have the shape that the tool reads.
    #[error("not a file of {tool}'s exceptions: {reason}")]
    Shape {
        /// The tool.
        tool: &'static str,
        /// Why.
        reason: String,
    },
}

/// An exception of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The check.
    pub id: &'static str,
    /// Objects, as the exceptions file writes them.
    pub object: String,
    /// The last day on which it holds.
    pub expires: Option<Date>,
    /// Why; what the tool's rule said, and which one it was.
    pub reason: String,
}

/// A rule that was not carried over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Where it is written.
    pub place: String,
    /// The tool's name.
    pub tool: &'static str,
    /// The tool's id, or what stands for one.
    pub id: String,
    /// Why not.
    pub why: String,
}

/// What a rule covers.
enum Scope<'r> {
    /// Everything that is scanned.
    Everything,
    /// Every object of some kinds in a namespace, and the namespace itself.
    Namespace(&'r str, &'r dyn Fn(&str) -> bool),
    /// Objects, each to be named by itself.
    Objects(&'r dyn Fn(&Object) -> bool),
}

/// A rule of another tool.
struct Rule<'r> {
    tool: Tool,
    place: &'r str,
    meant: Meant<'r>,
    /// What it says of its reason; may be empty.
    reason: &'r str,
    expires: Option<Date>,
    scope: Scope<'r>,
}

/// Carries rules over, against the objects of one cluster.
pub struct Import<'w, 'a> {
    world: &'w World<'a>,
    today: Date,
    /// Objects on which a check fails or is unknown.
    open: BTreeMap<&'static str, Vec<Object>>,
    /// With the reason, a stated one first, and whether it is stated.
    entries: BTreeMap<(&'static str, String, Option<Date>), (String, bool)>,
    refused: BTreeSet<Refused>,
    rules: usize,
}

impl std::fmt::Debug for Import<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").field("entries", &self.entries).finish_non_exhaustive()
    }
}

impl<'w, 'a> Import<'w, 'a> {
    /// Against the objects of a cluster; rules that expired before `today` are refused.
    #[must_use]
    pub fn new(world: &'w World<'a>, today: Date) -> Self {
        Self {
            world,
            today,
            open: BTreeMap::new(),
            entries: BTreeMap::new(),
            refused: BTreeSet::new(),
            rules: 0,
        }
    }

    /// Reads the annotations of all objects.
    pub fn annotations(&mut self) {
        annotations::read(self);
    }

    /// Reads a `.trivyignore`.
    pub fn trivy_ignore(&mut self, place: &str, text: &str) {
        trivy::plain(self, place, text);
    }

    /// Reads a `.trivyignore.yaml`.
    pub fn trivy_ignore_yaml(&mut self, place: &str, value: &Value) -> Result<(), ImportError> {
        trivy::yaml(self, place, value)
    }

    /// Reads a file for Kubescape's `--exceptions`.
    pub fn kubescape(&mut self, place: &str, value: &Value) -> Result<(), ImportError> {
        kubescape::read(self, place, value)
    }

    /// How many rules were found.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules
    }

    /// The exceptions, in the order of ids and objects, and the rules that are none.
    #[must_use]
    pub fn finish(self) -> (Vec<Entry>, Vec<Refused>) {
        let entries = self.entries.into_iter();
        let entries = entries.map(|((id, object, expires), (reason, _))| Entry {
            id,
            object,
            expires,
            reason,
        });
        (entries.collect(), self.refused.into_iter().collect())
    }

    fn refuse(&mut self, tool: Tool, place: &str, id: &str, why: impl Into<String>) {
        self.rules += 1;
        self.refused.insert(Refused {
            place: place.to_owned(),
            tool: tool.name(),
            id: id.to_owned(),
            why: why.into(),
        });
    }

    /// Carries one rule over, or says why not.
    fn carry(&mut self, rule: &Rule<'_>) {
        let (tool, id) = (rule.tool, rule.meant.shown());
        if let Some(last) = rule.expires.filter(|last| *last < self.today) {
            return self.refuse(
                tool,
                rule.place,
                &id,
                format!("it expired; its last day was {last}"),
            );
        }
        let found = match ids::ours(tool, &rule.meant) {
            Ok(found) => found,
            Err(why) => return self.refuse(tool, rule.place, &id, why),
        };
        let mut made: Vec<(&'static str, String)> = Vec::new();
        let mut unsaid = None;
        for &check in &found {
            for object in self.objects(check, &rule.scope) {
                match object {
                    Ok(object) => made.push((check.id, object)),
                    Err(name) => unsaid = Some(name),
                }
            }
        }
        if made.is_empty() {
            let names: Vec<&str> = found.iter().map(|check| check.id).collect();
            let why = match unsaid {
                Some(name) => format!("the name {name:?} cannot be written to the letter"),
                None if names.len() > 3 => "nothing of what it covers has a finding".to_owned(),
                None => format!("no finding of {} on what it covers", names.join(", ")),
            };
            return self.refuse(tool, rule.place, &id, why);
        }
        self.rules += 1;
        let by = format!("{} {id}", tool.name());
        let (reason, stated) = match rule.reason.trim() {
            "" => (format!("no reason given ({by})"), false),
            said => (format!("{said} ({by})"), true),
        };
        for (check, object) in made {
            let known = self.entries.entry((check, object, rule.expires)).or_default();
            // Of several rules the first that says why is kept.
            if known.0.is_empty() || (stated && !known.1) {
                *known = (reason.clone(), stated);
            }
        }
    }

    /// The objects of a scope that a check has something to say about, as patterns; an error is
    /// a name that no pattern names alone.
    fn objects(
        &mut self,
        check: &'static Check,
        scope: &Scope<'_>,
    ) -> BTreeSet<Result<String, String>> {
        let literal = |object: &Object| {
            let text = object.to_string();
            if text.contains('*') { Err(text) } else { Ok(text) }
        };
        match scope {
            Scope::Everything => BTreeSet::from([Ok("*".to_owned())]),
            Scope::Objects(covers) => {
                self.open(check).iter().filter(|object| covers(object)).map(literal).collect()
            }
            Scope::Namespace(namespace, kinds) => {
                let inside = |object: &&Object| {
                    let own =
                        object.kind.as_str() == "Namespace" && object.name.as_str() == *namespace;
                    (own || object.namespace.as_str() == *namespace) && kinds(&object.kind)
                };
                let all = |object: &Object| match object.namespace.as_str() {
                    "" => literal(object),
                    inside => Ok(format!("{} {inside}/*", object.kind)),
                };
                self.open(check).iter().filter(inside).map(all).collect()
            }
        }
    }

    /// Objects of the cluster on which a check fails or is unknown.
    fn open(&mut self, check: &'static Check) -> &[Object] {
        let world = self.world;
        self.open.entry(check.id).or_insert_with(|| {
            outcomes(world, check)
                .into_iter()
                .filter(|(_, verdict)| matches!(verdict, Verdict::Fail(_) | Verdict::Unknown(_)))
                .map(|(object, _)| object)
                .filter(|one| {
                    about::object(world.cluster, &one.kind, &one.namespace, &one.name).is_some()
                })
                .collect()
        })
    }
}

/// The last whole day before an instant at which a rule ends: `2027-01-31`, which is its first
/// moment, or a time of RFC 3339.
fn last_day(text: &str) -> Option<Date> {
    let end = match text.len() {
        10 => text.parse().ok()?,
        _ => {
            let instant: jiff::Timestamp = text.parse().ok()?;
            instant.to_zoned(jiff::tz::TimeZone::UTC).date()
        }
    };
    end.yesterday().ok()
}

/// The file that `--exceptions` reads.
#[must_use]
pub fn written(entries: &[Entry], refused: &[Refused]) -> String {
    let mut text = String::from("# written by ringfort import-exceptions\nexceptions:");
    if entries.is_empty() {
        text.push_str(" []");
    }
    text.push('\n');
    for one in entries {
        text.push_str(&format!("  - id: {}\n    object: {}\n", one.id, quoted(&one.object)));
        text.push_str(&format!("    reason: {}\n", quoted(&one.reason)));
        if let Some(day) = one.expires {
            text.push_str(&format!("    expires: \"{day}\"\n"));
        }
    }
    if !refused.is_empty() {
        text.push_str("# not carried over:\n");
    }
    for one in refused {
        let line = format!("{}: {} {}: {}", one.place, one.tool, one.id, one.why);
        let quoted = quoted(&line);
        text.push_str(&format!("# {}\n", &quoted[1..quoted.len() - 1]));
    }
    text
}

/// A text between double quotes, which YAML and JSON read alike, in printable characters.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for one in text.chars() {
        match one {
            '"' | '\\' => out.extend(['\\', one]),
            _ if one.is_control()
                || matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
            {
                out.push_str(&format!("\\u{:04x}", u32::from(one)));
            }
            _ => out.push(one),
        }
    }
    out.push('"');
    out
}

/// Every check with a predicate.
fn every() -> &'static [&'static Check] {
    checks::ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_through_the_day_before_its_end() {
        let day = |text| last_day(text).map(|day| day.to_string());
        assert_eq!(day("2027-01-31").as_deref(), Some("2027-01-30"));
        assert_eq!(day("2027-03-01T00:00:00Z").as_deref(), Some("2027-02-28"));
        assert_eq!(day("2027-03-01T23:59:59+02:00").as_deref(), Some("2027-02-28"));
        assert_eq!(day("soon"), None);
    }

    #[test]
    fn hostile_text_stays_within_its_line() {
        let entry = Entry {
            id: "RF-WKL-001",
            object: "Deployment a/b".to_owned(),
            expires: None,
            reason: "x\"\n  - id: \u{1b}[2J\u{202e}\\".to_owned(),
        };
        let refused = Refused {
            place: "f\nexceptions: []".to_owned(),
            tool: "Trivy",
            id: "\u{85}x".to_owned(),
            why: "no".to_owned(),
        };
        let text = written(&[entry], &[refused]);
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(!text.contains(['\u{1b}', '\u{85}', '\u{202e}']));
        assert!(text.contains(r#"reason: "x\"\u000a  - id: \u001b[2J\u202e\\""#), "{text}");
    }
}
