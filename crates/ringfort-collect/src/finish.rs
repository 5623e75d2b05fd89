//! From what was read to a frozen cluster: version, coverage, and what the API server would
//! have filled in where manifests are all there is.

use ringfort_model::{
    Cluster, ClusterBuilder, Coverage, Kind, KubeVersion, Listed, Object, SourceKind, Str, defaults,
};
use serde_json::Value;

use crate::options::Options;
use crate::pool::Filled;
use crate::{CollectError, Collected};

/// What stands in a source beside objects.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    complete: bool,
    not_listed: Vec<Str>,
    git_version: Option<String>,
    /// Files that hold no objects.
    pub(crate) skipped: u64,
    /// Whether some file broke off, so that "no file" no longer means "no object".
    pub(crate) broken: bool,
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
    let Filled { mut builder, objects, from_server, seen } = filled;
    let source = if from_server { SourceKind::Dump } else { SourceKind::Manifests };
    builder.source(source);
    let known = extras.git_version.as_deref().and_then(|text| KubeVersion::parse(text).ok());
    builder.version(known.or(options.version), extras.git_version.as_deref().unwrap_or_default());
    if source == SourceKind::Dump {
        for (api_version, kind) in seen {
            let group = api_version.split_once('/').map_or("", |(group, _)| group);
            if let Some(kind) = Kind::of(group, &kind) {
                builder.coverage().note(&Coverage::key(kind), Listed::Complete);
            }
        }
    } else {
        // A list in a manifest says what is to be applied, not what exists.
        builder.coverage().resources.clear();
    }
    // A file that broke off may have held any kind.
    if (extras.complete && !extras.broken) || options.complete {
        builder.coverage().rest_is_complete = true;
        builder.coverage().not_listed = extras.not_listed;
    }
    let mut cluster = builder.freeze();
    if objects == 0 {
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

/// Applies the API's defaults to manifests (semantics section 7).
fn defaulted(cluster: Cluster) -> Cluster {
    let mut builder = ClusterBuilder::new(cluster.source);
    builder.version(cluster.version, &cluster.git_version);
    *builder.coverage() = cluster.coverage.clone();
    for gap in &cluster.gaps {
        builder.gap(&gap.subject, &gap.reason);
    }
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
    builder.freeze()
}
