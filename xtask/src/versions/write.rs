//! The data as one JSON document with a row a line, in an order that is that of nothing but the
//! rows themselves.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Rows, Source};

/// Writes everything.
pub(super) fn data(sources: &[Source], rows: Rows) -> Result<String> {
    let dated = sources.iter().filter(|source| !source.historic).map(|source| &source.date);
    let date = dated.min().context("no source gives the data their date")?;
    let mut covers: Vec<&String> = sources.iter().flat_map(|source| &source.covers).collect();
    covers.sort();
    covers.dedup();
    let shown = sources.iter().map(|source| {
        json!({"id": source.id, "name": source.name, "url": source.url, "commit": source.commit,
            "date": source.date, "licence": source.licence})
    });
    let mut out = format!(
        "{{\n\"schema\": \"ringfort.versions/1\",\n\"date\": {},\n\"covers\": {},\n",
        json!(date),
        json!(covers)
    );
    list(&mut out, "sources", shown.collect(), false);
    list(&mut out, "support", ordered(rows.support, &["product", "cycle"]), false);
    list(&mut out, "advisories", ordered(rows.advisories, &["id", "component", "source"]), false);
    list(&mut out, "notes", ordered(rows.notes, &["id"]), false);
    list(&mut out, "apis", ordered(rows.apis, &["apiVersion", "kind"]), true);
    out.push_str("}\n");
    Ok(out)
}

/// Rows in the order of some keys, numbers within them by their value; each once.
fn ordered(mut rows: Vec<Value>, keys: &[&str]) -> Vec<Value> {
    rows.sort_by_cached_key(|row| {
        let of = |key: &&str| natural(row[*key].as_str().unwrap_or_default());
        (keys.iter().map(of).collect::<Vec<_>>(), row.to_string())
    });
    rows.dedup();
    rows
}

/// Words and numbers of a text.
fn natural(text: &str) -> Vec<(u64, String)> {
    let parts = text.split(['.', '-']);
    parts.map(|part| (part.parse().unwrap_or(u64::MAX), part.to_owned())).collect()
}

fn list(out: &mut String, name: &str, rows: Vec<Value>, last: bool) {
    let _ = writeln!(out, "\"{name}\": [");
    let count = rows.len();
    for (at, row) in rows.into_iter().enumerate() {
        let comma = if at + 1 == count { "" } else { "," };
        let _ = writeln!(out, "{row}{comma}");
    }
    let _ = writeln!(out, "]{}", if last { "" } else { "," });
}

#[cfg(test)]
mod tests {
    use super::ordered;
    use serde_json::json;

    #[test]
    fn releases_are_ordered_by_their_numbers() {
        let rows = vec![json!({"cycle": "1.10"}), json!({"cycle": "1.9"}), json!({"cycle": "1.9"})];
        let sorted = ordered(rows, &["cycle"]);
        assert_eq!(sorted, [json!({"cycle": "1.9"}), json!({"cycle": "1.10"})]);
    }
}
