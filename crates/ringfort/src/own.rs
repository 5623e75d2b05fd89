//! Rules of the user's own and validating policies at the prompt: where they are read, and the
//! second reading in which they are asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, Result, anyhow};
use ringfort_checks::own::{Answers, Asking, OwnRule, Passing, Reading as Ended};
use ringfort_checks::{Check, Chosen, choose_with};
use ringfort_collect::{Options, Raw, Source, Visited, Visitor};
use ringfort_model::Cluster;
use ringfort_model::record::FieldLines;
use serde_json::Value;

use crate::args::{Reading, Scan};
use crate::commands::{options, usage};
use crate::judging::MOST;

/// Rules in `ringfort.yaml`: the file, what its key `rules` holds, and the lines of the file.
pub(crate) type Written = Option<(PathBuf, Value, FieldLines)>;

/// The word for the policies of the source itself.
const CLUSTER: &str = "cluster";

/// Where policies are.
#[derive(Debug)]
enum Policies {
    None,
    /// In the source.
    Cluster,
    /// In files of their own, with the whole objects that may be parameters.
    Given(Box<Cluster>, Vec<Value>),
}

/// What is asked beside the catalogue.
#[derive(Debug)]
pub(crate) struct Own {
    rules: Vec<OwnRule>,
    policies: Policies,
}

impl Own {
    /// Reads rules and policies. What of them does not read ends the run.
    pub(crate) fn read(scan: &Scan, reading: &Reading) -> Result<Self> {
        let mut rules = Vec::new();
        if let Some((file, list, lines)) = &reading.rules {
            let place = file.display().to_string();
            let read = ringfort_checks::own::read(&place, list, lines, true);
            rules.extend(read.map_err(|error| usage(error.to_string()))?);
        }
        for path in &scan.rules {
            for file in files(path)? {
                rules.extend(file_of_rules(&file)?);
            }
        }
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for rule in &rules {
            if let Some(first) = known.insert(rule.check.id.to_lowercase(), &rule.place) {
                let (id, place) = (rule.check.id, &rule.place);
                return Err(usage(format!("{place}: id: {id} is the id of the rule at {first}")));
            }
        }
        let policies = match scan.policies.as_deref() {
            None => Policies::None,
            Some(CLUSTER) => Policies::Cluster,
            Some(path) => given(Path::new(path), &options(reading)?)?,
        };
        Ok(Self { rules, policies })
    }

    /// Whether nothing is asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && matches!(self.policies, Policies::None)
    }

    /// The checks that a list names, as far as they are known before the source is read.
    pub(crate) fn chosen(&self, list: Option<&str>) -> Result<Chosen> {
        let own: Vec<&'static Check> = self.rules.iter().map(|one| one.check).collect();
        let later = !matches!(self.policies, Policies::None);
        choose_with(list, &own, later).map_err(|error| usage(error.to_string()))
    }

    /// Goes through the source again and asks about each object.
    pub(crate) fn ask(
        &self,
        source: &Source,
        cluster: &Cluster,
        chosen: &mut Chosen,
        (list, reading): (Option<&str>, &Reading),
    ) -> Result<Answers> {
        if self.is_empty() {
            return Ok(Answers::default());
        }
        let (policies, given) = match &self.policies {
            Policies::None => (None, Vec::new()),
            Policies::Cluster => (Some(cluster), Vec::new()),
            Policies::Given(policies, objects) => (Some(&**policies), objects.clone()),
        };
        let mut asking = Asking::new(cluster, &self.rules, policies);
        chosen.add(list, asking.policy_checks()).map_err(|error| usage(error.to_string()))?;
        asking.choose(chosen.own().collect::<Vec<_>>().iter());
        let options = options(reading)?;
        if asking.asks() && asking.keeps() {
            let wanted = |api_version: &str, kind: &str| asking.wants_to_keep(api_version, kind);
            let each = |raw: &Raw<'_>| asking.keep(&passing(raw));
            let ended = visit(source, &options, &wanted, &each)?;
            asking.kept(&ended, given);
        }
        let mut ended = Ended::Whole;
        if asking.asks() {
            let wanted = |api_version: &str, kind: &str| asking.wants(api_version, kind);
            let each = |raw: &Raw<'_>| asking.see(&passing(raw));
            ended = visit(source, &options, &wanted, &each)?;
        }
        Ok(asking.end(&ended))
    }
}

fn passing<'r>(raw: &Raw<'r>) -> Passing<'r> {
    let Raw { api_version, kind, meta, json } = *raw;
    Passing { api_version, kind, meta, json }
}

fn visit(
    source: &Source,
    options: &Options,
    wanted: &(dyn Fn(&str, &str) -> bool + Sync),
    each: &(dyn Fn(&Raw<'_>) + Sync),
) -> Result<Ended> {
    let visited = ringfort_collect::visit(source, options, &Visitor { wanted, each })?;
    Ok(match visited {
        Visited::Whole => Ended::Whole,
        Visited::Lists(lists) => Ended::Lists(lists),
        Visited::Records => Ended::Records,
    })
}

/// A file, or the files of a folder that hold YAML or JSON, sorted.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let place = path.display();
    let listing = std::fs::read_dir(path).with_context(|| format!("cannot read {place}"))?;
    let mut found = Vec::new();
    for entry in listing {
        let file = entry.with_context(|| format!("cannot read {place}"))?.path();
        let ends = file.extension().and_then(std::ffi::OsStr::to_str);
        let name = file.file_name().map_or_else(String::new, |one| one.to_string_lossy().into());
        if matches!(ends, Some("yaml" | "yml" | "json")) && !name.starts_with('.') {
            found.push(file);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(usage(format!("--rules {place}: the folder holds no YAML or JSON")));
    }
    Ok(found)
}

fn file_of_rules(file: &Path) -> Result<Vec<OwnRule>> {
    let place = file.display().to_string();
    let size =
        std::fs::metadata(file).map_err(|error| usage(format!("--rules {place}: {error}")))?.len();
    if size > MOST {
        return Err(usage(format!("{place}: larger than {MOST} bytes")));
    }
    let text = std::fs::read_to_string(file)
        .map_err(|error| usage(format!("--rules {place}: {error}")))?;
    let documents = ringfort_collect::yaml_documents(&text)
        .map_err(|error| usage(format!("{place}: {error}")))?;
    let mut rules = Vec::new();
    for (value, lines) in documents.iter().filter(|(value, _)| !value.is_null()) {
        let read = ringfort_checks::own::read(&place, value, lines, false);
        rules.extend(read.map_err(|error| usage(error.to_string()))?);
    }
    match rules.is_empty() {
        true => Err(usage(format!("{place}: it holds no rule"))),
        false => Ok(rules),
    }
}

/// Policies of a file or folder. All of it must read: a policy that is left out refuses nothing.
fn given(path: &Path, options: &Options) -> Result<Policies> {
    let place = path.display();
    let source = Source::Path(path.to_owned());
    let complete = Options { complete: true, ..options.clone() };
    let read = ringfort_collect::read(&source, &complete)
        .with_context(|| format!("--policies {place}"))?;
    if let Some(gap) = read.cluster.gaps.first() {
        return Err(anyhow!("--policies {place}: {}: {}", gap.subject, gap.reason));
    }
    if read.cluster.validating_policies.is_empty() {
        let text = format!("--policies {place}: it holds no ValidatingAdmissionPolicy");
        return Err(usage(text));
    }
    let objects = Mutex::new(Vec::new());
    let each = |raw: &Raw<'_>| {
        if let Ok(value) = serde_json::from_slice(raw.json) {
            objects.lock().expect("nobody panics while holding it").push(value);
        }
    };
    visit(&source, &complete, &|_, kind| kind != "Secret", &each)?;
    let objects = objects.into_inner().expect("nobody panics while holding it");
    Ok(Policies::Given(Box::new(read.cluster), objects))
}
