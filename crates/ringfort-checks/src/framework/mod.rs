//! Frameworks: controls of others, or of the user, as conjunctions of checks.
//!
//! A file names the controls and, for each, the checks that ask for it. How a check and a control
//! fit is exact, so that a verdict is one of the control's and not of something like it:
//!
//! | list | a check that fails | a check that passes |
//! |---|---|---|
//! | `checks` | the control fails | says nothing against it |
//! | `wider`: it asks more than the control | unknown | says nothing against it |
//!
//! `rest` says what the control asks and none of its checks does; such a control fails or is
//! unknown, and never passes. A control without checks is not covered. Built-in files lie in
//! `data/frameworks`; their format is the user's (`schemas/framework.schema.json`).

mod assess;

use std::collections::BTreeSet;

use jiff::civil::Date;
use ringfort_attack::find::matches;
use serde::Deserialize;
use serde_json::Value;

use crate::checks;

pub use assess::{Assessment, Counts, Judged, Part, State, assess};

/// The version of the file's shape.
pub const SCHEMA: &str = "ringfort.framework/1";

/// The files that the program brings along.
const BUILT_IN: [&str; 6] = [
    include_str!("../../data/frameworks/attack-containers.json"),
    include_str!("../../data/frameworks/cis-1.12.json"),
    include_str!("../../data/frameworks/nsa-1.2.json"),
    include_str!("../../data/frameworks/owasp-2022.json"),
    include_str!("../../data/frameworks/owasp-2025.json"),
    include_str!("../../data/frameworks/pss.json"),
];

/// What is wrong with a framework.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameworkError {
    /// The head of the file does not read.
    #[error("{0}")]
    Head(String),
    /// A control does not read.
    #[error("controls[{at}]{id}: {reason}")]
    Control {
        /// Its position, from 0.
        at: usize,
        /// Its id in brackets; empty if it has none.
        id: String,
        /// Why.
        reason: String,
    },
    /// A control names a check that does not exist.
    #[error("controls[{at}] ({id}): no check has the id {check}")]
    Check {
        /// The control's position, from 0.
        at: usize,
        /// The control.
        id: String,
        /// What it names.
        check: String,
    },
}

/// A framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// What `--framework` calls it.
    pub id: String,
    /// Its name.
    pub title: String,
    /// The edition.
    pub version: String,
    /// The day of the edition, or on which its controls were read.
    pub date: Date,
    /// Where it is published; may be empty.
    pub source: String,
    /// What a reader of the result has to know; may be empty.
    pub note: String,
    /// The controls, in the order of the framework.
    pub controls: Vec<Control>,
}

/// A control.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its id in the framework.
    pub id: String,
    /// The part of the framework that it stands in; may be empty.
    #[serde(default)]
    pub section: String,
    /// What it asks.
    pub title: String,
    /// Checks whose failure is a failure of the control.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Checks that ask more than the control: their failure leaves it unknown.
    #[serde(default)]
    pub wider: Vec<String>,
    /// What the control asks beyond its checks.
    #[serde(default)]
    pub rest: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    id: String,
    title: String,
    version: String,
    date: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    note: String,
    controls: Vec<Value>,
}

impl Framework {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place.
    pub fn read(value: &Value) -> Result<Self, FrameworkError> {
        let head = |reason: String| FrameworkError::Head(reason);
        let file = File::deserialize(value).map_err(|error| head(error.to_string()))?;
        if file.schema != SCHEMA {
            return Err(head(format!("schema: {:?}; {SCHEMA} is read", file.schema)));
        }
        let named = [("id", &file.id), ("title", &file.title), ("version", &file.version)];
        if let Some((field, _)) = named.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(head(format!("{field}: empty")));
        }
        if file.id.contains(['*', '/', '\\']) {
            return Err(head(format!("id: {:?} holds one of * / \\", file.id)));
        }
        let date: Date =
            file.date.parse().map_err(|error| head(format!("date: {:?}: {error}", file.date)))?;
        if file.controls.is_empty() {
            return Err(head("controls: none".to_owned()));
        }
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut controls = Vec::with_capacity(file.controls.len());
        for (at, value) in file.controls.iter().enumerate() {
            let control = Control::read(at, value)?;
            if !known.insert(control.id.clone()) {
                let reason = "a control before it has that id".to_owned();
                return Err(FrameworkError::Control { at, id: bracketed(&control.id), reason });
            }
            controls.push(control);
        }
        let File { id, title, version, source, note, .. } = file;
        Ok(Self { id, title, version, date, source, note, controls })
    }
}

impl Control {
    fn read(at: usize, value: &Value) -> Result<Self, FrameworkError> {
        let id = value.get("id").and_then(Value::as_str).map(bracketed).unwrap_or_default();
        let wrong = |reason: String| FrameworkError::Control { at, id: id.clone(), reason };
        let control = Self::deserialize(value).map_err(|error| wrong(error.to_string()))?;
        let rest = control.rest.as_deref().unwrap_or("something");
        let named = [("id", &*control.id), ("title", &*control.title), ("rest", rest)];
        if let Some((field, _)) = named.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(wrong(format!("{field}: empty")));
        }
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for check in control.parts() {
            if checks::by_id(check).is_none() && !checks::NOT_EVALUATED.contains(&check) {
                let (id, check) = (control.id.clone(), check.to_owned());
                return Err(FrameworkError::Check { at, id, check });
            }
            if !seen.insert(check) {
                return Err(wrong(format!("{check} is named twice")));
            }
        }
        if seen.is_empty() && control.rest.is_some() {
            return Err(wrong(
                "rest without checks: a control without checks is not covered".into(),
            ));
        }
        Ok(control)
    }

    /// The checks that it names.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().chain(&self.wider).map(String::as_str)
    }
}

fn bracketed(id: &str) -> String {
    format!(" ({id})")
}

/// The frameworks that the program brings along, in the order of their ids.
///
/// # Panics
///
/// If one of the files does not read, which a test rules out.
#[must_use]
pub fn built_in() -> Vec<Framework> {
    let mut all: Vec<Framework> = BUILT_IN
        .iter()
        .map(|text| {
            let value = serde_json::from_str(text).expect("built-in frameworks are JSON");
            Framework::read(&value).expect("built-in frameworks read")
        })
        .collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// The built-in frameworks whose id is the word, with `*` for any text.
#[must_use]
pub fn named(word: &str) -> Vec<Framework> {
    let mut all = built_in();
    all.retain(|one| matches(word, &one.id));
    all
}

#[cfg(test)]
mod tests;
