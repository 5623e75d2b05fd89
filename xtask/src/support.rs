//! Until when components are supported, as data of ringfort-checks: one release cycle a line,
//! the day of the data first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Writes the data from rows of endoflife.date (`releases.jsonl` of a folder) of that day.
pub(crate) fn run(folder: &Path, date: &str) -> Result<()> {
    let path = folder.join("releases.jsonl");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut rows: BTreeMap<(String, Vec<u32>), Value> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).context("a row is no JSON")?;
        let said = |key: &str| row[key].as_str().map(str::to_owned);
        let (product, cycle) = (
            said("product").context("a row without product")?,
            said("releaseCycle").context("a row without releaseCycle")?,
        );
        let order = cycle.split('.').map(|part| part.parse().unwrap_or_default()).collect();
        let mut found = json!({"product": product, "cycle": cycle});
        if let Some(end) = end(&row) {
            found["end"] = json!(end);
        }
        rows.insert((product, order), found);
    }
    let first = json!({"date": date, "source": "endoflife.date, MIT"});
    let mut out = format!("{first}\n");
    for row in rows.values() {
        let _ = writeln!(out, "{row}");
    }
    let path = crate::test::root().join("crates/ringfort-checks/data/support.jsonl");
    std::fs::write(&path, out).with_context(|| format!("cannot write {}", path.display()))
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
