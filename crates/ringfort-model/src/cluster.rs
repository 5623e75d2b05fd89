//! The frozen cluster and its builder.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::coverage::{Coverage, Gap, Written};
use crate::kinds::{Duplicate, Kind, Object, Tables};
use crate::record::PodSpec;
use crate::text::Str;
use crate::version::KubeVersion;

/// What kind of source the objects come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A running API server.
    Live,
    /// What an API server contained: pods and nodes are facts.
    #[default]
    Dump,
    /// What somebody means to apply: templates stand for pods that do not exist.
    Manifests,
}

/// Everything known about a cluster. A change is made to a copy, which shares every table that
/// it does not touch. Dereferences to its [`Tables`].
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    tables: Tables,
    /// Where the objects come from.
    pub source: SourceKind,
    /// The server's version, if known.
    pub version: Option<KubeVersion>,
    /// The server's version as it writes it, for display.
    pub git_version: Str,
    /// Which resources were read.
    pub coverage: Coverage,
    /// What could not be read, sorted.
    pub gaps: Vec<Gap>,
    /// Objects of kept kinds that are written in another version of their API, sorted.
    pub written: Vec<Written>,
}

impl Deref for Cluster {
    type Target = Tables;
    fn deref(&self) -> &Tables {
        &self.tables
    }
}

/// The namespaces in which something acts or is used.
fn inhabited(tables: &Tables) -> BTreeSet<Str> {
    let mut names = BTreeSet::new();
    // Objects lie in the order of their namespaces, so that one look back is enough.
    let mut add = |all: &mut dyn Iterator<Item = &Str>| {
        let mut last: Option<&Str> = None;
        for name in all {
            if last != Some(name) && !names.contains(name) {
                names.insert(name.clone());
            }
            last = Some(name);
        }
    };
    add(&mut tables.pods.iter().map(|one| &one.metadata.namespace));
    add(&mut tables.workloads.iter().map(|one| &one.metadata.namespace));
    add(&mut tables.service_accounts.iter().map(|one| &one.metadata.namespace));
    add(&mut tables.roles.iter().map(|one| &one.metadata.namespace));
    add(&mut tables.role_bindings.iter().map(|one| &one.metadata.namespace));
    add(&mut tables.secrets.iter().map(|one| &one.metadata.namespace));
    add(&mut tables.services.iter().map(|one| &one.metadata.namespace));
    names
}

impl Cluster {
    /// Names of all namespaces that exist or that an object lives in, sorted.
    #[must_use]
    pub fn namespace_names(&self) -> BTreeSet<Str> {
        let mut names: BTreeSet<Str> =
            self.namespaces.iter().map(|n| n.metadata.name.clone()).collect();
        names.extend(inhabited(&self.tables));
        names
    }

    /// Whether the two differ, if at all, in objects of some plain kinds. It never says so of
    /// clusters that differ otherwise; of equal ones that share no tables it may say no.
    #[must_use]
    pub fn differs_at_most_in(&self, other: &Self, kinds: &[Kind]) -> bool {
        self.tables.shares_all_but(&other.tables, kinds)
            && self.source == other.source
            && self.version == other.version
            && self.git_version == other.git_version
            && self.coverage == other.coverage
            && self.gaps == other.gaps
            && self.written == other.written
    }

    /// Removes an object; says whether it was there.
    pub fn remove(&mut self, object: &Object) -> bool {
        self.tables.remove(object)
    }

    /// Adds an object that is not there yet.
    pub fn insert(&mut self, object: Object) {
        self.tables.insert(object);
    }

    /// Puts pods in the place of those of the same namespace and name; equal specifications
    /// are shared.
    pub fn replace_pods(&mut self, changed: Vec<crate::record::Pod>) {
        let mut specs = SpecPool::default();
        let shared = changed.into_iter().filter_map(|pod| {
            let mut object = Object::Pod(pod);
            specs.share(&mut object);
            match object {
                Object::Pod(pod) => Some(pod),
                _ => None,
            }
        });
        self.tables.pods.replace(shared.collect());
    }

    /// Takes the cluster apart so that objects can be changed and frozen again.
    #[must_use]
    pub fn into_builder(self) -> ClusterBuilder {
        ClusterBuilder { cluster: self }
    }
}

/// Collects objects and freezes them. Keeps no order of arrival: the frozen cluster is the
/// same for any.
#[derive(Debug, Default)]
pub struct ClusterBuilder {
    cluster: Cluster,
}

/// Pod specifications by content, so that equal ones are one, of pods and of templates. A reader
/// that has several threads keeps one for each, so that what is dropped is dropped where it was
/// made; [`ClusterBuilder::freeze`] brings theirs together.
#[derive(Debug, Default)]
pub struct SpecPool(FxHashSet<Arc<PodSpec>>);

impl SpecPool {
    /// Makes an object share an equal specification that was seen before.
    pub fn share(&mut self, object: &mut Object) {
        match object {
            Object::Pod(pod) => {
                crate::token_volume::share_name(pod);
                self.one(&mut pod.spec);
            }
            Object::Workload(workload) => {
                let template = workload.pod_template_mut();
                if let Some(spec) = template.and_then(|template| template.spec.as_mut()) {
                    self.one(spec);
                }
            }
            _ => {}
        }
    }

    fn one(&mut self, spec: &mut Arc<PodSpec>) {
        match self.0.get(spec) {
            Some(known) => *spec = known.clone(),
            None => {
                self.0.insert(spec.clone());
            }
        }
    }

    /// Makes equal specifications of all pods and templates one. Many are shared already, so
    /// that each place is looked at once.
    fn unify(tables: &mut Tables) {
        let mut pool = Self::default();
        // A place stands for its specification as long as something holds on to it: `dropped`
        // does for those that an equal one replaces.
        let mut known: FxHashMap<*const PodSpec, Arc<PodSpec>> = FxHashMap::default();
        let mut dropped: Vec<Arc<PodSpec>> = Vec::new();
        let mut one = |spec: &mut Arc<PodSpec>| {
            if let Some(same) = known.get(&Arc::as_ptr(spec)) {
                *spec = same.clone();
                return;
            }
            let before = spec.clone();
            pool.one(spec);
            known.insert(Arc::as_ptr(&before), spec.clone());
            dropped.extend((!Arc::ptr_eq(&before, spec)).then_some(before));
        };
        tables.pods.each_mut(|pod| one(&mut pod.spec));
        tables.workloads.each_mut(|workload| {
            let template = workload.pod_template_mut();
            if let Some(spec) = template.and_then(|template| template.spec.as_mut()) {
                one(spec);
            }
        });
    }
}

impl ClusterBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new(source: SourceKind) -> Self {
        Self { cluster: Cluster { source, ..Cluster::default() } }
    }

    /// Adds an object.
    pub fn add(&mut self, mut object: Object) {
        if let Object::Pod(pod) = &mut object {
            crate::token_volume::share_name(pod);
        }
        self.cluster.tables.push(object);
    }

    /// Adds everything that another builder collected.
    pub fn append(&mut self, other: ClusterBuilder) {
        self.cluster.gaps.extend(other.cluster.gaps);
        self.cluster.written.extend(other.cluster.written);
        for (resource, listed) in other.cluster.coverage.resources {
            self.cluster.coverage.note(&resource, listed);
        }
        for object in other.cluster.tables.into_objects() {
            self.add(object);
        }
    }

    /// The server's version.
    pub fn version(&mut self, version: Option<KubeVersion>, git_version: &str) {
        self.cluster.version = version;
        self.cluster.git_version = Str::new(git_version);
    }

    /// Whether a version is set.
    #[must_use]
    pub fn has_version(&self) -> bool {
        self.cluster.version.is_some()
    }

    /// Changes what kind of source it is, for readers that learn it on the way.
    pub fn source(&mut self, source: SourceKind) {
        self.cluster.source = source;
    }

    /// Coverage, to be noted while reading.
    pub fn coverage(&mut self) -> &mut Coverage {
        &mut self.cluster.coverage
    }

    /// Names of the namespaces that were added or that an object lives in.
    #[must_use]
    pub fn namespace_names(&self) -> BTreeSet<Str> {
        let tables = &self.cluster.tables;
        let mut names = inhabited(tables);
        names.extend(tables.namespaces.iter().map(|one| one.metadata.name.clone()));
        names
    }

    /// Objects added so far, unsorted and with duplicates.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.cluster.tables
    }

    /// Records something that could not be read.
    pub fn gap(&mut self, subject: &str, reason: impl AsRef<str>) {
        self.cluster
            .gaps
            .push(Gap { subject: Str::new(subject), reason: Str::new(reason.as_ref()) });
    }

    /// Records objects that are written in another version of their API than the model keeps.
    pub fn written(&mut self, written: impl IntoIterator<Item = Written>) {
        self.cluster.written.extend(written);
    }

    /// Sorts, settles duplicates (each loser becomes a gap) and freezes; equal specifications of
    /// pods are one from here on.
    #[must_use]
    pub fn freeze(mut self) -> Cluster {
        let mut lost: Vec<Duplicate> = Vec::new();
        SpecPool::unify(&mut self.cluster.tables);
        self.cluster.tables.freeze(&mut lost);
        // Names are unique on a server: what a list gave twice is one object, read twice.
        if self.cluster.source == SourceKind::Live {
            lost.clear();
        }
        for duplicate in lost {
            let Duplicate { kind, name, dropped, kept } = duplicate;
            let said = |version: &str| match version {
                "" => "one without a resource version".to_owned(),
                version => format!("the one with resource version {version}"),
            };
            let reason = match (kept.as_str(), dropped.as_str()) {
                ("", "") => {
                    "appears more than once without resource versions; one was kept, the other \
                     dropped"
                        .to_owned()
                }
                (kept, dropped) => format!(
                    "appears more than once; {} was kept and {} dropped",
                    said(kept),
                    said(dropped)
                ),
            };
            self.gap(&format!("{kind} {name}"), reason);
        }
        self.cluster.gaps.sort();
        self.cluster.gaps.dedup();
        self.cluster.written.sort();
        self.cluster.written.dedup();
        self.cluster
    }
}
