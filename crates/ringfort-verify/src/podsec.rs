//! Pod Security against a real API server's answers, and against upstream's fixtures.
//!
//! - [`run_cases`]: pods that a server was asked to create; the verdict must be the same
//!   and, for a refusal, the set of reasons that the server's message names.
//! - [`run_fixtures`]: `LEVEL/VERSION/{pass,fail}/NAME.yaml`; a pod below `fail` must be
//!   refused by the check that its name begins with, or by one that overrides that check at
//!   that version.

use std::collections::BTreeSet;
use std::path::Path;

use ringfort_model::{KubeVersion, Object, Pod, defaults};
use ringfort_podsec::checks::REGISTRY;
use ringfort_podsec::{Level, PolicyVersion, Violation, evaluate, refusal_message};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cases::{SuiteError, each_line};
use crate::files;
use crate::outcome::Outcome;

/// The version of the server that the recordings come from, where none is given.
const RECORDED_ON: u32 = 36;

/// A line of a recording.
#[derive(Deserialize)]
struct Case {
    pod: Box<RawValue>,
    level: String,
    version: String,
    allowed: bool,
    #[serde(default)]
    message: Option<String>,
}

/// Compares every line of a recording. `server` is the version of the recorded server; it
/// decides what `latest` means.
pub fn run_cases(path: &Path, server: Option<KubeVersion>) -> Result<Outcome, SuiteError> {
    let server = server.unwrap_or(KubeVersion::minor(RECORDED_ON));
    let mut outcome = Outcome::of("podsec");
    each_line(path, |line, case: Case| {
        let place = format!("{}:{line}", path.display());
        let level = level(&case.level, &place)?;
        let version = version(&case.version, &place)?;
        let found = judge(case.pod.get().as_bytes(), level, version, Some(server))
            .map_err(|reason| SuiteError::format(place, &reason))?;
        let mine: BTreeSet<String> = reasons(&refusal_message(&found));
        let message = case.message.unwrap_or_default();
        let theirs = reasons(&message);
        let same = found.is_empty() == case.allowed && (case.allowed || mine == theirs);
        outcome.count((!same).then(|| {
            format!(
                "line {line}, {level}:{version}: server {} {theirs:?}, here {mine:?}",
                if case.allowed { "admits" } else { "refuses" }
            )
        }));
        Ok(())
    })?;
    Ok(outcome)
}

/// Compares upstream's fixtures, in a directory or a `.tar` or `.tar.zst` archive; a directory
/// without fixtures may hold such an archive.
pub fn run_fixtures(path: &Path) -> Result<Outcome, SuiteError> {
    let mut outcome = Outcome::of("podsec");
    for one in read_fixtures(path)? {
        let difference = one.fixture.difference(&one.judge());
        outcome.count(difference.map(|what| format!("{}: {what}", one.name)));
    }
    Ok(outcome)
}

/// A pod of upstream's fixtures with API defaults, yet to be judged.
pub struct FixturePod {
    name: String,
    fixture: Fixture,
    pod: Pod,
}

impl FixturePod {
    /// What refuses it at the fixture's level and version.
    #[must_use]
    pub fn judge(&self) -> Vec<Violation> {
        let Fixture { level, version, .. } = self.fixture;
        evaluate(&self.pod.spec, &self.pod.metadata.annotations, level, version, None)
    }
}

/// Reads upstream's fixtures.
pub fn read_fixtures(path: &Path) -> Result<Vec<FixturePod>, SuiteError> {
    let mut found = Vec::new();
    for (name, text) in files::read(path, is_yaml)? {
        let Some(fixture) = Fixture::of(&name)? else { continue };
        let place = || format!("{} {name}", path.display());
        let json: serde_json::Value =
            serde_saphyr::from_str(&text).map_err(|error| SuiteError::format(place(), &error))?;
        let pod = pod(json.to_string().as_bytes(), None)
            .map_err(|reason| SuiteError::format(place(), &reason))?;
        found.push(FixturePod { name, fixture, pod });
    }
    if found.is_empty() {
        return Err(SuiteError::Empty(path.to_owned()));
    }
    Ok(found)
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml")
}

fn level(text: &str, place: &str) -> Result<Level, SuiteError> {
    text.parse().map_err(|error| SuiteError::format(place, &error))
}

fn version(text: &str, place: &str) -> Result<PolicyVersion, SuiteError> {
    text.parse().map_err(|error| SuiteError::format(place, &error))
}

/// Reads, defaults and evaluates one pod.
fn judge(
    json: &[u8],
    level: Level,
    version: PolicyVersion,
    server: Option<KubeVersion>,
) -> Result<Vec<Violation>, String> {
    let pod = pod(json, server)?;
    Ok(evaluate(&pod.spec, &pod.metadata.annotations, level, version, server))
}

/// Reads one pod with API defaults.
fn pod(json: &[u8], server: Option<KubeVersion>) -> Result<Pod, String> {
    let mut object = Object::read(json).map_err(|error| error.to_string())?;
    defaults::object(&mut object, server);
    let Object::Pod(pod) = object else { return Err("is no pod".to_owned()) };
    Ok(pod)
}

/// The reasons that a refusal names: `"LEVEL:VERSION": REASON (DETAIL), REASON (DETAIL)`.
/// A detail may hold commas, brackets in quotes, and quotes in quotes.
fn reasons(message: &str) -> BTreeSet<String> {
    let listed = message.split_once("\": ").map_or(message, |(_, listed)| listed);
    let mut found = BTreeSet::new();
    let mut reason = String::new();
    let mut depth = 0_usize;
    let mut quoted = false;
    for sign in listed.chars() {
        match sign {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                found.insert(std::mem::take(&mut reason).trim().to_owned());
            }
            _ if !quoted && depth == 0 => reason.push(sign),
            _ => {}
        }
    }
    found.insert(reason.trim().to_owned());
    found.remove("");
    // One check, two numbers: servers before 1.30 counted other things.
    if found.remove("forbidden AppArmor profiles") {
        found.insert("forbidden AppArmor profile".to_owned());
    }
    found
}

/// What the path of a fixture says about it.
struct Fixture {
    level: Level,
    version: PolicyVersion,
    /// The lower-cased id of the check that must refuse; `None` for a pod that must pass.
    refused_by: Option<String>,
}

impl Fixture {
    fn of(name: &str) -> Result<Option<Self>, SuiteError> {
        let mut parts = name.rsplit('/');
        let (Some(file), Some(verdict), Some(version_text), Some(level_text)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let Some(stem) = file.strip_suffix(".yaml") else { return Ok(None) };
        let refused_by = match verdict {
            "pass" => None,
            "fail" => Some(stem.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()),
            _ => return Ok(None),
        };
        let level = level(level_text, name)?;
        let version = version(version_text, name)?;
        Ok(Some(Self { level, version, refused_by }))
    }

    fn difference(&self, found: &[Violation]) -> Option<String> {
        let ids: Vec<&str> = found.iter().map(|violation| violation.check).collect();
        let Some(wanted) = &self.refused_by else {
            return (!ids.is_empty()).then(|| format!("must pass, refused by {ids:?}"));
        };
        let minor = self.version.minor(None);
        let refused = REGISTRY.iter().any(|check| {
            let named = |id: &str| id.eq_ignore_ascii_case(wanted);
            ids.contains(&check.id)
                && check.since <= minor
                && (named(check.id) || check.overrides.iter().any(|id| named(id)))
        });
        (!refused).then(|| format!("must be refused by {wanted}, refused by {ids:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_from_details() {
        let message = "\"baseline:v1.30\": forbidden AppArmor profiles (container \"a, (b\" and \
            annotation must not set \"k=\"v\"\"), hostPort (containers \"a\", \"b\" use hostPorts 1, 2)";
        let found: Vec<String> = reasons(message).into_iter().collect();
        assert_eq!(found, ["forbidden AppArmor profile", "hostPort"]);
        assert!(reasons("").is_empty());
    }

    #[test]
    fn a_fixture_is_read_from_its_path() {
        let fixture = Fixture::of("test/testdata/restricted/v1.21/fail/runasuser12.yaml")
            .expect("readable")
            .expect("a fixture");
        assert_eq!(fixture.level, Level::Restricted);
        assert_eq!(fixture.version, PolicyVersion::Minor(21));
        assert_eq!(fixture.refused_by.as_deref(), Some("runasuser"));
        assert!(Fixture::of("LICENSE").expect("readable").is_none());
        assert!(Fixture::of("some/high/v1.21/pass/base.yaml").is_err());
    }

    #[test]
    fn an_overriding_check_stands_for_the_other_where_it_exists() {
        let fixture = |version: u32| Fixture {
            level: Level::Restricted,
            version: PolicyVersion::Minor(version),
            refused_by: Some("capabilities_baseline".to_owned()),
        };
        let by =
            |check: &'static str| vec![Violation { check, reason: "r", detail: String::new() }];
        assert_eq!(fixture(22).difference(&by("capabilities_restricted")), None);
        assert!(fixture(21).difference(&by("capabilities_restricted")).is_some());
        assert!(fixture(22).difference(&by("privileged")).is_some());
        assert!(fixture(22).difference(&[]).is_some());
    }
}
