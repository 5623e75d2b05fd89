//! Which object a finding is about, where that stands, and what was said of it elsewhere:
//! in an earlier report, in an exception.

use ringfort_model::record::Other;
use ringfort_model::{Cluster, Kind, SourceKind, WorkloadKind};
use serde::Serialize;

use crate::outcome::Object;
use crate::run::Spot;

/// A file below the source, and a line in it, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path with forward slashes; `stdin` for standard input.
    pub file: String,
    /// Line.
    pub line: u32,
}

impl Place {
    /// Where a field of an object stands, or what is around it; only objects of manifests stand
    /// somewhere.
    #[must_use]
    pub fn of(
        cluster: &Cluster,
        kind: &str,
        namespace: &str,
        name: &str,
        field: &str,
    ) -> Option<Self> {
        if cluster.source != SourceKind::Manifests {
            return None;
        }
        let object = object(cluster, kind, namespace, name)?;
        let origin = object.meta().origin.as_ref().filter(|origin| !origin.is_assumed())?;
        Some(Self { file: origin.file.to_string(), line: origin.line_of(field) })
    }

    /// The same of an object as evidence names it: `Kind namespace/name`.
    #[must_use]
    pub fn of_named(cluster: &Cluster, object: &str, field: &str) -> Option<Self> {
        let (kind, name) = object.split_once(' ')?;
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        Self::of(cluster, kind, namespace, name, field)
    }
}

/// The object that a result names by kind, namespace and name; `None` for subjects, lists and
/// whatever else is no object.
pub(crate) fn object(
    cluster: &Cluster,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Option<ringfort_model::Object> {
    let workload = WorkloadKind::from_name(kind).map(Kind::Workload);
    let plain = Kind::PLAIN.iter().copied().filter(|known| known.name() == kind);
    let found =
        workload.into_iter().chain(plain).find_map(|known| cluster.find(known, namespace, name));
    found.or_else(|| {
        let other = |one: &&Other| {
            one.kind == kind && one.metadata.namespace == namespace && one.metadata.name == name
        };
        cluster.others.iter().find(other).cloned().map(ringfort_model::Object::Other)
    })
}

/// What a finding is about, beside what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// Kind of the object; `Group` and `User` for subjects that are no object, `Cluster` for
    /// all of it.
    pub kind: String,
    /// Its namespace, empty for cluster scope.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The same for the same check and object in every run: `ID/KIND/NAMESPACE/NAME`.
    pub fingerprint: String,
    /// Where its first evidence stands, if it was read from a manifest: the object's own before
    /// that of others; without any, where the object does.
    pub place: Option<Place>,
    /// `new`, `worse` or `unchanged` against a baseline, where there is one.
    pub change: Option<&'static str>,
    /// The exception that covers it.
    pub excepted: Option<Excepted>,
}

/// The exception that covers a finding or a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excepted {
    /// Why.
    pub reason: String,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: Option<String>,
    /// `file`, or `annotation` on the object.
    pub source: &'static str,
}

impl About {
    /// Of an object, shown by evidence.
    #[must_use]
    pub fn of<'s>(
        cluster: &Cluster,
        check: &str,
        object: &Object,
        evidence: impl IntoIterator<Item = &'s Spot>,
    ) -> Self {
        let (kind, namespace, name) = (&object.kind, &object.namespace, &object.name);
        let (mut own, mut other) = (None, None);
        for spot in evidence {
            let first = if spot.object == object.to_string() { &mut own } else { &mut other };
            if first.is_none() {
                first.clone_from(&spot.place);
            }
        }
        // The grant that gives a subject too much is where it is mended, not the subject.
        let place = own.or(other).or_else(|| Place::of(cluster, kind, namespace, name, ""));
        Self {
            kind: kind.to_string(),
            namespace: namespace.to_string(),
            name: name.to_string(),
            fingerprint: format!("{check}/{kind}/{namespace}/{name}"),
            place,
            change: None,
            excepted: None,
        }
    }

    /// Whether it is in a namespace, or is that namespace.
    #[must_use]
    pub fn is_in(&self, matches: impl Fn(&str) -> bool) -> bool {
        match (self.namespace.as_str(), self.kind.as_str()) {
            ("", "Namespace") => matches(&self.name),
            ("", _) => false,
            (namespace, _) => matches(namespace),
        }
    }
}
