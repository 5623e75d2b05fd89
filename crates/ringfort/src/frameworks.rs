//! `scan --framework`: built-in frameworks by id, and files of the same format.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use ringfort_checks::framework::{self, Framework, FrameworkError};

use crate::commands::usage;
use crate::judging::MOST;

/// The frameworks that words name, each once, in the order of the words.
pub(crate) fn read(words: &[String]) -> Result<Vec<Framework>> {
    let mut all: Vec<Framework> = Vec::new();
    for word in words {
        let word = word.trim();
        let found = match framework::named(word) {
            found if !found.is_empty() => found,
            _ if Path::new(word).is_file() => vec![file(Path::new(word))?],
            _ => {
                let known: Vec<String> =
                    framework::built_in().into_iter().map(|one| one.id).collect();
                return Err(usage(format!(
                    "--framework {word}: neither a file nor one of {}",
                    known.join(", ")
                )));
            }
        };
        for one in found {
            match all.iter().find(|known| known.id == one.id) {
                None => all.push(one),
                Some(known) if *known == one => {}
                Some(_) => {
                    return Err(usage(format!(
                        "--framework: two frameworks have the id {}",
                        one.id
                    )));
                }
            }
        }
    }
    Ok(all)
}

fn file(file: &Path) -> Result<Framework> {
    let place = file.display();
    let size = std::fs::metadata(file)
        .with_context(|| format!("cannot read the framework {place}"))?
        .len();
    if size > MOST {
        return Err(anyhow!("the framework {place} is larger than {MOST} bytes"));
    }
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the framework {place}"))?;
    let values = ringfort_collect::yaml_values(&text)
        .with_context(|| format!("the framework {place} is no YAML"))?;
    let [value] = values.as_slice() else {
        return Err(anyhow!("the framework {place} is not one document"));
    };
    Framework::read(value).map_err(|error| match error {
        // A name that names nothing is wrong usage; a broken file is not.
        FrameworkError::Check { .. } => usage(format!("{place}: {error}")),
        other => anyhow!("the framework {place} cannot be used: {other}"),
    })
}
