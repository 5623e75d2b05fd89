//! `ringfort import-exceptions`: what other tools except, as a file for `--exceptions`.
//!
//! The result says at its end, as comments, which rules were not carried over and why. It is read
//! back before it is written, so that it never fails where it is used.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use ringfort_attack::{Attack, Engines};
use ringfort_checks::import::{Import, written};
use ringfort_checks::{Exceptions, World};
use serde_json::Value;

use crate::args::{ImportExceptions, Reading};
use crate::clock::today;
use crate::commands::{print, read};
use crate::judging::MOST;

pub(crate) fn run(asked: &ImportExceptions, reading: &Reading) -> Result<u8> {
    // A file that cannot be read ends the run before the source is read.
    let trivy = texts(&asked.trivy)?;
    let kubescape = texts(&asked.kubescape)?;
    let collected = read(asked.source.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let world = World::new(&attack);
    let mut import = Import::new(&world, today());
    import.annotations();
    for (place, text) in &trivy {
        let extension = Path::new(place).extension().and_then(|one| one.to_str());
        match extension {
            Some("yaml" | "yml") => {
                let value = only(place, text)?;
                import.trivy_ignore_yaml(place, &value).with_context(|| place.clone())?;
            }
            _ => import.trivy_ignore(place, text),
        }
    }
    for (place, text) in &kubescape {
        let value: Value =
            serde_json::from_str(text).with_context(|| format!("{place} is no JSON"))?;
        import.kubescape(place, &value).with_context(|| place.clone())?;
    }
    let rules = import.rules();
    let (entries, refused) = import.finish();
    let text = written(&entries, &refused);
    let back = only("the result", &text)?;
    Exceptions::read(&back).context("the result is no file of exceptions")?;
    match &asked.output {
        Some(file) => std::fs::write(file, &text)
            .with_context(|| format!("cannot write {}", file.display()))?,
        None => print(&text)?,
    }
    if !reading.quiet {
        crate::streams::say(&format!(
            "{} exceptions from {rules} rules, {} of which were not carried over",
            entries.len(),
            refused.len()
        ));
    }
    Ok(0)
}

/// Names and texts of files.
fn texts(files: &[std::path::PathBuf]) -> Result<Vec<(String, String)>> {
    let one = |file: &std::path::PathBuf| {
        let place = file.display().to_string().replace('\\', "/");
        let size = std::fs::metadata(file).with_context(|| format!("cannot read {place}"))?.len();
        if size > MOST {
            return Err(anyhow!("{place} is larger than {MOST} bytes"));
        }
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {place}"))?;
        Ok((place, text))
    };
    files.iter().map(one).collect()
}

/// The only document of a text; of none, an empty mapping.
fn only(place: &str, text: &str) -> Result<Value> {
    let values =
        ringfort_collect::yaml_values(text).with_context(|| format!("{place} is no YAML"))?;
    let mut values = values.into_iter().filter(|value| !value.is_null());
    match (values.next(), values.next()) {
        (None, _) => Ok(Value::Object(serde_json::Map::new())),
        (Some(value), None) => Ok(value),
        _ => Err(anyhow!("{place} holds more than one document")),
    }
}
