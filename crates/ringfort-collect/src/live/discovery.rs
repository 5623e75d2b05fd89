//! Which resources the server has, and in which version: the aggregated document of API
//! discovery v2, or the lists of groups and resources of servers that do not have it. Of custom
//! resources those are kept that rules read.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::Kind;
use ringfort_model::record::custom;
use serde::Deserialize;

use super::request::{Failure, Server};

const JSON: &str = "application/json";
const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// What the server has.
#[derive(Default)]
pub(super) struct Served {
    /// Path of a list by group and plural name, in the version that the server prefers.
    paths: BTreeMap<(String, String), String>,
    /// Custom resources that rules read, by group and plural name, in the version that the server
    /// prefers.
    custom: BTreeMap<(String, String), Custom>,
    /// Every resource that can be listed, likewise.
    all: BTreeMap<(String, String), Custom>,
    /// Groups that could not be asked.
    unknown: BTreeSet<String>,
    /// What could not be discovered, in words.
    pub(super) gaps: Vec<String>,
}

/// A resource, custom ones among them.
#[derive(Clone, Debug)]
pub(super) struct Custom {
    /// `plural`, or `plural.group`.
    pub(super) resource: String,
    /// Group and version.
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Path of its list.
    pub(super) path: String,
}

/// Groups of custom resources that rules read.
fn groups() -> impl Iterator<Item = &'static str> {
    let whole = custom::POLICY_ENGINES.iter().chain(custom::VERIFIERS).copied();
    whole.chain(custom::named().map(|(group, _)| group))
}

impl Served {
    /// Custom resources that rules read and the server has.
    pub(super) fn custom(&self) -> impl Iterator<Item = &Custom> {
        self.custom.values()
    }

    /// Every resource that can be listed.
    pub(super) fn all(&self) -> impl Iterator<Item = &Custom> {
        self.all.values()
    }

    /// Custom resources of a fixed name that rules read and that were not found, with whether
    /// the server may have them all the same.
    pub(super) fn missing(&self) -> impl Iterator<Item = (String, bool)> {
        let found = |group: &str, kind: &str| {
            let mut all = self.custom.iter();
            all.any(|((own, _), one)| own == group && one.kind == kind)
        };
        let missing = custom::named().filter(move |(group, kind)| !found(group, kind));
        missing.map(|(group, kind)| (custom::resource(group, kind), self.unknown.contains(group)))
    }

    /// Path of the list of a kind.
    pub(super) fn path(&self, kind: Kind) -> Option<String> {
        self.paths.get(&(kind.group().to_owned(), kind.plural().to_owned())).cloned()
    }

    /// Whether the kind may be served although it was not found.
    pub(super) fn is_unknown(&self, kind: Kind) -> bool {
        self.unknown.contains(kind.group())
    }

    fn add(&mut self, group: &str, version: &str, (plural, kind): (&str, &str), lists: bool) {
        if !lists || plural.contains('/') {
            return;
        }
        let path = match group {
            "" => format!("/api/{version}/{plural}"),
            group => format!("/apis/{group}/{version}/{plural}"),
        };
        let (resource, api_version) = match group {
            "" => (plural.to_owned(), version.to_owned()),
            group => (format!("{plural}.{group}"), format!("{group}/{version}")),
        };
        let one = Custom { resource, api_version, kind: kind.to_owned(), path: path.clone() };
        let key = (group.to_owned(), plural.to_owned());
        if custom::is_read(group, kind) {
            self.custom.entry(key.clone()).or_insert_with(|| one.clone());
        }
        self.all.entry(key).or_insert(one);
        // Versions come in the order of preference.
        self.paths.entry((group.to_owned(), plural.to_owned())).or_insert(path);
    }

    /// Notes that the groups other than the core group are not known.
    fn miss_groups(&mut self, why: &dyn std::fmt::Display) {
        self.gaps.push(format!("the list of API groups: {why}"));
        let groups = Kind::PLAIN.iter().map(|kind| kind.group());
        let named = groups.filter(|group| !group.is_empty()).chain(["apps", "batch"]);
        let named = named.chain(self::groups());
        self.unknown.extend(named.map(str::to_owned));
    }

    fn miss(&mut self, group: &str, why: &str) {
        if self.unknown.insert(group.to_owned()) {
            let shown = if group.is_empty() { "the core group" } else { group };
            self.gaps.push(format!("{shown}: {why}"));
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Aggregated {
    kind: String,
    items: Vec<AggregatedGroup>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AggregatedGroup {
    metadata: Named,
    versions: Vec<AggregatedVersion>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AggregatedVersion {
    version: String,
    freshness: String,
    resources: Vec<AggregatedResource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    response_kind: ResponseKind,
    verbs: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Groups {
    kind: String,
    groups: Vec<Group>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Group {
    name: String,
    versions: Vec<GroupVersion>,
    preferred_version: GroupVersion,
}

#[derive(Clone, Deserialize, Default, PartialEq)]
#[serde(default)]
struct GroupVersion {
    version: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resources {
    kind: String,
    resources: Vec<Resource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    name: String,
    kind: String,
    verbs: Vec<String>,
}

/// Asks for what the server has. Only the core group must be there.
pub(super) async fn discover(server: &Server) -> Result<Served, Failure> {
    let mut served = Served::default();
    for root in ["/api", "/apis"] {
        let answer = match server.get(root, AGGREGATED).await {
            Ok(bytes) => bytes,
            Err(failure) if root == "/apis" => {
                served.miss_groups(&failure);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let aggregated: Aggregated = serde_json::from_slice(&answer).unwrap_or_default();
        if aggregated.kind == "APIGroupDiscoveryList" {
            for group in aggregated.items {
                for version in group.versions {
                    if version.freshness == "Stale" {
                        served.miss(&group.metadata.name, "its server does not answer");
                    }
                    for one in version.resources {
                        let lists = one.verbs.iter().any(|verb| verb == "list");
                        let named = (one.resource.as_str(), one.response_kind.kind.as_str());
                        served.add(&group.metadata.name, &version.version, named, lists);
                    }
                }
            }
        } else if root == "/api" {
            resources(server, &mut served, "", "v1").await;
        } else {
            let groups: Groups = serde_json::from_slice(&answer).unwrap_or_default();
            if groups.kind != "APIGroupList" {
                served.miss_groups(&"the answer is no list of groups");
                continue;
            }
            let plain = Kind::PLAIN.iter().map(|kind| kind.group());
            let known: BTreeSet<&str> = plain.chain(self::groups()).collect();
            for group in groups.groups {
                if !known.contains(group.name.as_str())
                    && !matches!(group.name.as_str(), "apps" | "batch")
                {
                    continue;
                }
                let mut versions = vec![group.preferred_version.clone()];
                versions
                    .extend(group.versions.into_iter().filter(|v| *v != group.preferred_version));
                for version in versions.iter().filter(|version| !version.version.is_empty()) {
                    resources(server, &mut served, &group.name, &version.version).await;
                }
            }
        }
    }
    Ok(served)
}

async fn resources(server: &Server, served: &mut Served, group: &str, version: &str) {
    let path = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    match server.get(&path, JSON).await {
        Ok(bytes) => {
            let found: Resources = serde_json::from_slice(&bytes).unwrap_or_default();
            if found.kind != "APIResourceList" {
                return served.miss(group, "the answer is no list of resources");
            }
            for one in found.resources {
                let lists = one.verbs.iter().any(|verb| verb == "list");
                served.add(group, version, (&one.name, &one.kind), lists);
            }
        }
        Err(failure) => served.miss(group, &failure.to_string()),
    }
}
