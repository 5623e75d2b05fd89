//! Token files against what a real API server's admission made of a pod: the audiences that
//! each container can read as files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ringfort_isolation::{Audience, token_files};
use ringfort_model::{KubeVersion, Object, defaults};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cases::{SuiteError, each_line};
use crate::outcome::Outcome;

/// A line of a recording.
#[derive(Deserialize)]
struct Case {
    pod: Box<RawValue>,
    service_account_automount: Option<bool>,
    token_audiences: BTreeMap<String, BTreeSet<String>>,
}

/// Compares every line of a recording.
pub fn run_cases(path: &Path) -> Result<Outcome, SuiteError> {
    let mut outcome = Outcome::of("automount");
    each_line(path, |line, case: Case| {
        let format =
            |reason: String| SuiteError::format(format!("{}:{line}", path.display()), &reason);
        let mut object =
            Object::read(case.pod.get().as_bytes()).map_err(|error| format(error.to_string()))?;
        defaults::object(&mut object, None::<KubeVersion>);
        let Object::Pod(pod) = object else { return Err(format("is no pod".to_owned())) };
        let account = case.service_account_automount;
        let found = token_files(&pod.spec, pod.is_mirror(), account, true, &|_| false);
        let here: BTreeMap<String, BTreeSet<String>> = found
            .into_iter()
            .map(|container| {
                let audiences = container.files.iter().map(|file| match &file.audience {
                    Audience::Api => "api".to_owned(),
                    Audience::Other(audience) => audience.to_string(),
                });
                (container.name.to_string(), audiences.collect())
            })
            .collect();
        let theirs = &case.token_audiences;
        outcome.count(
            (here != *theirs).then(|| format!("line {line}: server {theirs:?}, here {here:?}")),
        );
        Ok(())
    })?;
    Ok(outcome)
}
