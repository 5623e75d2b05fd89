//! The section of a report about versions: what is outdated and reachable first.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_network::policy::Tri;
use serde::Serialize;

use super::apis;
use super::data::{Data, Gives, Os, Part, Source};
use super::inventory::{Running, Site, product};
use super::judge::{Answer, concerning};
use super::reached::Outside;
use super::triage::unread_version;
use crate::world::World;

/// What the data say of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The day of the data.
    pub date: String,
    /// Where they come from.
    pub sources: Vec<Source>,
    /// Components, those first that are outdated and reached.
    pub components: Vec<Versioned>,
    /// Objects in removed API versions.
    pub apis: Vec<ApiUse>,
    /// Why it is not known which API versions are in use, if it is not.
    pub apis_unknown: Option<&'static str>,
}

/// A component in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Versioned {
    /// The component.
    pub component: &'static str,
    /// The part of Kubernetes; empty for others.
    pub part: &'static str,
    /// The version as it is written; empty if it is nowhere.
    pub version: String,
    /// How many objects show it.
    pub count: usize,
    /// The first of them.
    pub first: String,
    /// yes, no or unknown: whether it is supported on the day of the data.
    pub supported: &'static str,
    /// The last day of support, where one is set.
    pub support_ends: Option<String>,
    /// Advisories that concern it.
    pub advisories: Vec<Advised>,
    /// Advisories that may concern it.
    pub undecided: Vec<String>,
    /// What would decide what is unknown.
    pub missing: Vec<String>,
    /// yes, no or unknown: whether somebody from outside gets to where flaws of such a component
    /// are used.
    pub reached: &'static str,
}

/// An advisory that concerns a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advised {
    /// Its id.
    pub id: String,
    /// What happens; empty if the data do not say.
    pub title: String,
    /// What it gives; empty if the data do not say.
    pub gives: &'static str,
    /// The first mended releases; empty if no release is known to mend it.
    pub mended: Vec<String>,
}

/// An object in a removed API version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiUse {
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// The version that it is written in.
    pub api_version: String,
    /// The release that stopped serving it.
    pub removed: String,
    /// What takes its place; empty if nothing does.
    pub instead: String,
    /// yes, no or unknown: whether the cluster's own release still serves it.
    pub served: &'static str,
}

impl Versioned {
    /// Whether it is out of support, or an advisory concerns it that a newer release mends.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.supported == "no" || self.advisories.iter().any(|one| !one.mended.is_empty())
    }

    fn order(&self) -> (u8, u8, std::cmp::Reverse<usize>) {
        let reached = match self.reached {
            "yes" => 0,
            "unknown" => 1,
            _ => 2,
        };
        let state = match (self.is_outdated(), self.missing.is_empty()) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        (state, reached, std::cmp::Reverse(self.advisories.len()))
    }
}

/// What answers of one component depend on: equal ones are judged once.
type Group<'r> = (&'static str, Option<Part>, &'r str, Option<&'r str>, Option<Os>, Option<u32>);

fn group<'r>(world: &World<'_>, one: &'r Running) -> Group<'r> {
    let os = match one.site {
        Site::Node(node) if world.cluster.nodes[node].is_windows() => Some(Os::Windows),
        Site::Node(_) => Some(Os::Linux),
        _ => None,
    };
    let unit = match one.site {
        Site::Unit(unit) => Some(unit),
        _ => None,
    };
    (one.component, one.part, &one.text, one.packaged.as_deref(), os, unit)
}

/// Measures a cluster.
#[must_use]
pub fn measure(world: &World<'_>) -> Section {
    let data = world.versions();
    let all = world.running();
    let mut groups: Vec<(Group<'_>, Vec<&Running>)> = Vec::new();
    for one in all {
        let key = group(world, one);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(one),
            None => groups.push((key, vec![one])),
        }
    }
    let outside = Outside::new(world);
    let rows = groups.iter().map(|(_, members)| row(world, data, members, &outside));
    let mut components: Vec<Versioned> = joined(rows.collect());
    components.sort_by(|a, b| {
        (a.order(), a.component, a.part, &a.version, &a.first).cmp(&(
            b.order(),
            b.component,
            b.part,
            &b.version,
            &b.first,
        ))
    });
    Section {
        date: data.date().to_string(),
        sources: data.sources().to_vec(),
        components,
        apis: apis::old(world, data).iter().map(|old| api(world, old)).collect(),
        apis_unknown: apis::unknown(world),
    }
}

fn api(world: &World<'_>, old: &apis::Old<'_>) -> ApiUse {
    let object = match old.namespace.as_str() {
        "" => format!("{} {}", old.kind, old.name),
        namespace => format!("{} {namespace}/{}", old.kind, old.name),
    };
    ApiUse {
        object,
        api_version: old.api_version.to_string(),
        removed: format!("1.{}", old.removed.minor),
        instead: old.removed.instead.clone(),
        served: match world.cluster.version {
            Some(version) if version.minor < old.removed.minor => "yes",
            Some(_) => "no",
            None => "unknown",
        },
    }
}

fn row(
    world: &World<'_>,
    data: &Data,
    members: &[&Running],
    outside: &Outside<'_, '_>,
) -> Versioned {
    let one = members[0];
    let support = support(world, data, one);
    let mut missing: BTreeSet<String> = unread_version(one).into_iter().collect();
    if support.is_none() && missing.is_empty() {
        missing.insert(format!("until when {} {} is supported", one.component, one.text));
    }
    if !data.covers(one.component) {
        missing.insert(format!("every advisory about {}", one.component));
    }
    let (mut advisories, mut undecided) = (Vec::new(), Vec::new());
    for (id, answer) in concerning(world, data, one) {
        let note = data.note(id);
        match answer {
            Answer::Yes(mended) => advisories.push(Advised {
                id: id.to_owned(),
                title: note.map(|note| note.title.clone()).unwrap_or_default(),
                gives: note.and_then(|note| note.gives).map_or("", Gives::name),
                mended: mended.into_iter().collect(),
            }),
            Answer::Unknown(doubts) => {
                undecided.push(id.to_owned());
                missing.extend(doubts);
            }
            Answer::No(_) => {}
        }
    }
    let objects: BTreeSet<String> = members.iter().map(|one| one.object.to_string()).collect();
    Versioned {
        component: one.component,
        part: one.part.map_or("", Part::name),
        version: one.text.to_string(),
        count: objects.len(),
        first: objects.into_iter().next().unwrap_or_default(),
        supported: match support {
            Some((true, _)) => "yes",
            Some((false, _)) => "no",
            None => "unknown",
        },
        support_ends: support.and_then(|(_, end)| end.map(str::to_owned)),
        advisories,
        undecided,
        missing: missing.into_iter().collect(),
        reached: match outside.reaches(None, members, false).state {
            Tri::Yes => "yes",
            Tri::Unknown => "unknown",
            Tri::No => "no",
        },
    }
}

/// Rows that say the same of the same version are one.
fn joined(rows: Vec<Versioned>) -> Vec<Versioned> {
    let mut found: BTreeMap<String, Versioned> = BTreeMap::new();
    for row in rows {
        let mut key = row.clone();
        (key.count, key.first) = (0, String::new());
        let key = serde_json::to_string(&key).expect("a row has text keys only");
        match found.get_mut(&key) {
            Some(known) => {
                known.count += row.count;
                known.first = std::mem::take(&mut known.first).min(row.first);
            }
            None => {
                found.insert(key, row);
            }
        }
    }
    found.into_values().collect()
}

/// Whether a component's release is supported on the day of the data, and until when.
pub(crate) fn support<'d>(
    world: &World<'_>,
    data: &'d Data,
    one: &Running,
) -> Option<(bool, Option<&'d str>)> {
    let product = product(world, one)?;
    match &one.release {
        Ok(release) => data.support(product, &release.cycle()),
        // A row for all releases needs no version.
        Err(_) => data.support(product, "*"),
    }
}
