//! The data on component versions that ringfort-checks carries: until when releases are
//! supported, which advisories concern them, which API versions were removed.
//!
//! Everything comes from files that lie below one folder, as `data/versions/sources.json` lists
//! them with their address, commit, date and licence; nothing is fetched. Files of our own lie
//! beside that list. `docs/versions.md` describes what is written.

mod lifecycle;
mod osv;
mod read;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use read::text;

/// What the list of sources says of one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) id: String,
    name: String,
    format: Format,
    path: String,
    url: String,
    commit: String,
    date: String,
    licence: String,
    /// Components of which it lists every advisory.
    #[serde(default)]
    covers: BTreeSet<String>,
    /// Whether it only adds old rows, so that its age is not that of the data.
    #[serde(default)]
    historic: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// Rows of endoflife.date.
    Endoflife,
    /// A folder of files in the OSV form.
    Osv,
    /// Rows and notes that were written by hand, each with the address of its source.
    Own,
    /// API versions with the release that stopped serving them, written by hand.
    Apis,
    /// The same, from the Go sources of the API.
    Lifecycle,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    sources: Vec<Source>,
}

/// The rows of the data, each as it is written.
#[derive(Default)]
pub(crate) struct Rows {
    support: Vec<Value>,
    advisories: Vec<Value>,
    notes: Vec<Value>,
    apis: Vec<Value>,
}

/// Writes the data from the files below a folder.
pub(crate) fn run(folder: &Path) -> Result<()> {
    let root = crate::test::root();
    let own = root.join("xtask/data/versions");
    let data = build(&own, folder)?;
    let path = root.join("crates/ringfort-checks/data/versions.json");
    std::fs::write(&path, data).with_context(|| format!("cannot write {}", path.display()))
}

/// The data as text.
fn build(own: &Path, folder: &Path) -> Result<String> {
    let listed: Sources = serde_json::from_str(&text(&own.join("sources.json"))?)
        .context("sources.json is not a list of sources")?;
    let mut rows = Rows::default();
    for source in &listed.sources {
        let at = |base: &Path| -> PathBuf { base.join(&source.path) };
        match source.format {
            Format::Endoflife => read::end_of_life(source, &at(folder), &mut rows),
            Format::Osv => osv::read(source, &at(folder), &mut rows),
            Format::Own => read::own(source, &at(own), &mut rows),
            Format::Apis => read::apis(source, &at(own), &mut rows),
            Format::Lifecycle => lifecycle::read(source, &at(folder), &mut rows),
        }
        .with_context(|| format!("source {}", source.id))?;
    }
    let known: BTreeSet<&str> =
        rows.advisories.iter().filter_map(|row| row["id"].as_str()).collect();
    for note in &rows.notes {
        let id = note["id"].as_str().unwrap_or_default();
        if !known.contains(id) {
            bail!("own.json: {id} is in no source, and has no component of its own");
        }
    }
    write::data(&listed.sources, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of small inputs, made once for the test.
    fn inputs(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ringfort-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("osv")).expect("a folder can be made");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).expect("a file can be written");
        };
        write(
            "sources.json",
            r#"{"sources": [
            {"id":"eol","name":"E","format":"endoflife","path":"eol.jsonl","url":"u","commit":"c",
             "date":"2026-02-02","licence":"MIT"},
            {"id":"db","name":"D","format":"osv","path":"osv","url":"u","commit":"c",
             "date":"2026-01-01","licence":"CC","covers":["runc"]},
            {"id":"own","name":"O","format":"own","path":"own.json","url":"u","commit":"",
             "date":"2020-01-01","licence":"x","historic":true}]}"#,
        );
        write("eol.jsonl", r#"{"product":"etcd","releaseCycle":"3.6","eol":"2027-01-01"}"#);
        write(
            "osv/GO-1.json",
            r#"{"id":"GO-1","aliases":["CVE-2024-1","GHSA-x"],"affected":[{"package":
            {"name":"github.com/opencontainers/runc","ecosystem":"Go"},"ranges":[{"type":"SEMVER",
            "events":[{"introduced":"0"},{"fixed":"1.1.12"}]}]}],
            "database_specific":{"url":"https://x/GO-1","review_status":"REVIEWED"}}"#,
        );
        write(
            "own.json",
            r#"{"support":[],"advisories":[{"id":"CVE-2024-1","title":"T","attacker":"pod"}]}"#,
        );
        folder
    }

    #[test]
    fn the_data_are_as_old_as_their_oldest_source_that_is_not_historic() {
        let folder = inputs("versions");
        let text = build(&folder, &folder).expect("the inputs are whole");
        let data: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(data["date"], "2026-01-01");
        assert_eq!(data["covers"], serde_json::json!(["runc"]));
        assert_eq!(data["support"][0]["cycle"], "3.6");
        assert_eq!(data["advisories"][0]["id"], "CVE-2024-1");
        assert_eq!(data["advisories"][0]["ranges"][0]["before"], "1.1.12");
        assert_eq!(data["notes"][0]["attacker"], "pod");
        assert_eq!(build(&folder, &folder).expect("again"), text, "the same in, the same out");
        std::fs::write(
            folder.join("own.json"),
            r#"{"support":[],"advisories":[{"id":"CVE-2024-2","title":"T"}]}"#,
        )
        .expect("a file can be written");
        let error = build(&folder, &folder).expect_err("a note about nothing").to_string();
        assert!(error.contains("CVE-2024-2"), "{error}");
        std::fs::remove_dir_all(folder).expect("it is ours");
    }
}
