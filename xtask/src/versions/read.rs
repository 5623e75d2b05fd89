//! Rows of support, rows of our own, and API versions.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{Rows, Source};

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A list below a key of an object.
fn list(value: &Value, key: &str) -> Result<Vec<Value>> {
    value[key].as_array().cloned().with_context(|| format!("no list {key}"))
}

/// One release cycle a line.
pub(super) fn end_of_life(source: &Source, path: &Path, rows: &mut Rows) -> Result<()> {
    for (at, line) in text(path)?.lines().enumerate() {
        let row: Value =
            serde_json::from_str(line).with_context(|| format!("line {} is no JSON", at + 1))?;
        let said = |key: &str| {
            row[key].as_str().with_context(|| format!("line {}: a row without {key}", at + 1))
        };
        let mut found = json!({
            "product": said("product")?,
            "cycle": said("releaseCycle")?,
            "source": source.id,
        });
        if let Some(end) = end(&row) {
            found["end"] = json!(end);
        }
        rows.support.push(found);
    }
    Ok(())
}

/// The last day of support, extended support included; nothing while none is set. `true` without
/// a day is an end in the past.
fn end(row: &Value) -> Option<String> {
    let days = ["eol", "eoes"].into_iter().filter_map(|key| row[key].as_str());
    match (days.max(), row["eol"] == true) {
        (Some(day), _) => Some(day.to_owned()),
        (None, true) => Some("1970-01-01".to_owned()),
        (None, false) => None,
    }
}

/// What belongs to the advisory itself, and not to our notes about it.
const OF_ADVISORY: [&str; 3] = ["component", "url", "ranges"];

/// Rows that name their component are advisories; what else they say are notes.
pub(super) fn own(source: &Source, path: &Path, rows: &mut Rows) -> Result<()> {
    let all: Value = serde_json::from_str(&text(path)?)?;
    for mut row in list(&all, "support")? {
        row["source"] = json!(source.id);
        rows.support.push(row);
    }
    for row in list(&all, "advisories")? {
        let Value::Object(fields) = row else { anyhow::bail!("an advisory that is no object") };
        let id = fields.get("id").cloned().context("an advisory without id")?;
        let (about, note): (Map<_, _>, Map<_, _>) =
            fields.into_iter().partition(|(key, _)| OF_ADVISORY.contains(&key.as_str()));
        if !about.is_empty() {
            let mut about = Value::Object(about);
            about["id"] = id;
            about["source"] = json!(source.id);
            rows.advisories.push(about);
        }
        rows.notes.push(Value::Object(note));
    }
    Ok(())
}

/// API versions that were removed.
pub(super) fn apis(source: &Source, path: &Path, rows: &mut Rows) -> Result<()> {
    let all: Value = serde_json::from_str(&text(path)?)?;
    for mut row in list(&all, "apis")? {
        row["source"] = json!(source.id);
        rows.apis.push(row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::end;
    use serde_json::json;

    #[test]
    fn the_last_day_counts_extended_support() {
        let row = json!({"eol": "2026-01-01", "eoes": "2027-01-01"});
        assert_eq!(end(&row).as_deref(), Some("2027-01-01"));
        assert_eq!(end(&json!({"eol": false})), None);
        assert_eq!(end(&json!({"eol": true})).as_deref(), Some("1970-01-01"));
    }
}
