//! From what was read to a frozen cluster: version, coverage, and what the API server would
//! have filled in where manifests are all there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringfort_model::{
    Cluster, ClusterBuilder, Coverage, Kind, KubeVersion, Listed, Object, SourceKind, Str, defaults,
};
use rustc_hash::FxHashSet;
use serde_json::Value;

use crate::document::TypeMeta;
use crate::options::Options;
use crate::pool::{Filled, resource_of};
use crate::{CollectError, Collected};

/// What stands in a source beside objects.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    complete: bool,
    not_listed: Vec<Str>,
    git_version: Option<String>,
    /// Whether some file broke off, so that "no file" no longer means "no object".
    pub(crate) broken: bool,
    /// Whether some file, entry or object was not read, whatever it holds.
    pub(crate) unread: bool,
    /// Files of YAML that hold nothing. Among manifests they are no loss; in a dump they are what
    /// a command leaves that failed.
    pub(crate) hollow: Vec<String>,
}

impl Extras {
    /// Takes in `complete.json`.
    pub(crate) fn complete(&mut self, value: &Value) {
        self.complete |= value.get("complete").and_then(Value::as_bool) == Some(true);
        let names = value.get("not_listed").and_then(Value::as_array);
        self.not_listed.extend(names.into_iter().flatten().filter_map(Value::as_str).map(Str::new));
    }

    /// Takes in the answer of `/version` or of `kubectl version -o json`.
    pub(crate) fn version(&mut self, value: &Value) {
        let server = value.get("serverVersion").unwrap_or(value);
        if let Some(version) = server.get("gitVersion").and_then(Value::as_str) {
            self.git_version = Some(version.to_owned());
        }
    }
}

pub(crate) fn finish(
    filled: Filled,
    extras: Extras,
    options: &Options,
    place: &str,
    what: &str,
) -> Result<Collected, CollectError> {
    let Filled { mut builder, objects, from_server, seen, untyped, broken, strange, listed } =
        filled;
    let source = if from_server { SourceKind::Dump } else { SourceKind::Manifests };
    let hollow = source == SourceKind::Dump && !extras.hollow.is_empty();
    let broken = extras.broken || broken || hollow;
    for file in extras.hollow.iter().filter(|_| hollow) {
        builder.gap(file, "is no YAML: it begins with nothing");
    }
    builder.source(source);
    let known = extras.git_version.as_deref().and_then(|text| KubeVersion::parse(text).ok());
    builder.version(known.or(options.version), extras.git_version.as_deref().unwrap_or_default());
    if source == SourceKind::Dump {
        for (resource, listed) in self::listed(&builder, seen) {
            builder.coverage().note(&resource, listed);
        }
    } else {
        // A list in a manifest says what is to be applied, not what exists; what of it does not
        // read stays missing.
        builder.coverage().resources.retain(|_, listed| matches!(listed, Listed::Partial(_)));
    }
    // A file that broke off may have held any kind, and so may an object that does not say its
    // own.
    if (extras.complete && !broken && !untyped) || options.complete {
        builder.coverage().rest_is_complete = true;
        builder.coverage().not_listed = extras.not_listed;
    }
    builder.coverage().unread = broken || extras.unread || untyped || strange;
    let whole = builder.coverage().rest_is_complete && listed;
    let mut cluster = builder.freeze();
    // A cluster that was listed and has nothing is one; a folder without anything is none.
    if objects == 0 && !whole {
        let detail = cluster
            .gaps
            .first()
            .map_or_else(String::new, |gap| format!(" ({}: {})", gap.subject, gap.reason));
        return Err(CollectError::Empty { place: place.to_owned(), detail });
    }
    if source == SourceKind::Manifests {
        cluster = defaulted(cluster);
    }
    let kind = match source {
        SourceKind::Manifests => "manifests",
        SourceKind::Dump | SourceKind::Live => "dump",
    };
    let described =
        format!("{what} with a {kind} of {objects} objects").replace("a manifests", "manifests");
    Ok(Collected { cluster, described })
}

/// How the resources were listed: the kinds of the model, and the custom resources that rules
/// read. A dump has one list of a kind, or one for each namespace in a
/// folder of its name (`kubectl cluster-info dump`, must-gather, KubeHound); then the kind is
/// complete only if every namespace has its list.
fn listed(
    builder: &ClusterBuilder,
    seen: FxHashSet<(Arc<str>, TypeMeta)>,
) -> Vec<(String, Listed)> {
    let mut files: BTreeMap<Kind, Vec<Arc<str>>> = BTreeMap::new();
    let mut custom: BTreeMap<String, Vec<Arc<str>>> = BTreeMap::new();
    for (file, types) in seen {
        let group = types.api_version.split_once('/').map_or("", |(group, _)| group);
        match (Kind::of(group, &types.kind), resource_of(&types)) {
            (Some(kind), _) => files.entry(kind).or_default().push(file),
            (None, Some(resource)) => custom.entry(resource).or_default().push(file),
            (None, None) => {}
        }
    }
    let folder = |file: &str| file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    // A folder with a list of a cluster-scoped kind is no namespace's.
    let shared: BTreeSet<String> = files
        .iter()
        .filter(|(kind, _)| !kind.is_namespaced())
        .flat_map(|(_, files)| files.iter().map(|file| folder(file)))
        .collect();
    let tables = builder.tables();
    let mut namespaces: BTreeSet<Str> =
        tables.namespaces.iter().map(|one| one.metadata.name.clone()).collect();
    let all_are_known = files.contains_key(&Kind::Namespace);
    let mut inhabited: BTreeMap<Kind, BTreeSet<Str>> = BTreeMap::new();
    tables.each_meta(&mut |kind, meta| {
        if !meta.namespace.is_empty() {
            let known = inhabited.entry(kind).or_default();
            if !known.contains(&meta.namespace) {
                known.insert(meta.namespace.clone());
            }
        }
    });
    namespaces.extend(inhabited.values().flatten().cloned());
    let namespace_of = |file: &str| {
        let folder = folder(file);
        let mut parts = folder.split('/').filter(|_| !shared.contains(&folder));
        parts.find_map(|part| namespaces.get(part).cloned())
    };
    let mut found = Vec::new();
    let kinds = files.into_iter().map(|(kind, files)| (Some(kind), Coverage::key(kind), files));
    // Whether a custom resource lives in namespaces is not known: one list of it is the whole.
    let custom = custom.into_iter().map(|(resource, files)| (None, resource, files));
    for (kind, resource, files) in kinds.chain(custom) {
        let of_files: Vec<Option<Str>> = files.iter().map(|file| namespace_of(file)).collect();
        let covered: BTreeSet<Str> = of_files.iter().flatten().cloned().collect();
        let lives_in = kind.and_then(|kind| inhabited.remove(&kind)).unwrap_or_default();
        let by_namespace = kind.is_none_or(Kind::is_namespaced)
            && of_files.iter().all(Option::is_some)
            && lives_in.is_subset(&covered);
        let missing: Vec<&str> = namespaces.difference(&covered).map(Str::as_str).take(3).collect();
        found.push((
            resource,
            match by_namespace {
                false => Listed::Complete,
                true if !all_are_known => Listed::Partial(
                    "listed by namespace, and which namespaces exist is not known".into(),
                ),
                true if missing.is_empty() => Listed::Complete,
                true => {
                    let text = format!("not listed for every namespace: {}", missing.join(", "));
                    Listed::Partial(Str::from(text))
                }
            },
        ));
    }
    found
}

/// Applies the API's defaults to manifests (semantics section 7), and adds what every
/// cluster has where they name it.
fn defaulted(cluster: Cluster) -> Cluster {
    let mut builder = ClusterBuilder::new(cluster.source);
    builder.version(cluster.version, &cluster.git_version);
    *builder.coverage() = cluster.coverage.clone();
    for gap in &cluster.gaps {
        builder.gap(&gap.subject, &gap.reason);
    }
    builder.written(cluster.written.iter().cloned().map(|mut one| {
        let group = one.api_version.split_once('/').map_or("", |(group, _)| group);
        let namespaced = Kind::of(group, &one.kind).is_some_and(Kind::is_namespaced);
        if namespaced && one.namespace.is_empty() {
            one.namespace = Str::new("default");
        }
        one
    }));
    let version = cluster.version;
    let objects: Vec<Object> = cluster.objects().collect();
    drop(cluster);
    for mut object in objects {
        let namespaced = object.kind().is_some_and(Kind::is_namespaced);
        let meta = object.meta_mut();
        if namespaced && meta.namespace.is_empty() {
            meta.namespace = Str::new("default");
        }
        if meta.name.is_empty() {
            meta.name = meta.generate_name.clone();
        }
        defaults::object(&mut object, version);
        builder.add(object);
    }
    defaults::bootstrap::cluster_roles(&mut builder);
    defaults::bootstrap::roles(&mut builder);
    defaults::bootstrap::default_accounts(&mut builder);
    builder.freeze()
}
