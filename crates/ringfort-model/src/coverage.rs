//! What was read and what was not: the source of every `unknown` (semantics SCALE-03, IA-01).

use std::collections::BTreeMap;

use crate::kinds::{Kind, Object};
use crate::text::Str;

/// How reading one resource ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "status", content = "reason")]
pub enum Listed {
    /// Every object was read.
    Complete,
    /// Some objects were read, not all.
    Partial(Str),
    /// The server refused the list.
    Forbidden(Str),
    /// The server does not serve the resource.
    Absent,
    /// The source is silent about the resource.
    Silent,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Gap {
    /// What it is about: a resource (`secrets`), an object (`Pod shop/x`) or a file.
    pub subject: Str,
    /// What happened.
    pub reason: Str,
}

/// An object that is written in another version of its API than the one that the model keeps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// The version as it is written, with its group.
    pub api_version: Str,
    /// Kind name.
    pub kind: Str,
    /// Namespace, empty for cluster scope.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl Written {
    /// The version of its API that an object is written in, where the model keeps another.
    /// Objects of kinds without a record of their own carry theirs.
    #[must_use]
    pub fn of(api_version: &str, object: &Object) -> Option<Self> {
        let kind = object.kind()?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if (group, version) == (kind.group(), kind.version()) {
            return None;
        }
        let meta = object.meta();
        Some(Self {
            api_version: Str::new(api_version),
            kind: Str::new(kind.name()),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
        })
    }
}

/// The status of every resource. Resources are `plural` or `plural.group`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Status by resource, where the source says something.
    pub resources: BTreeMap<Str, Listed>,
    /// Whether resources without an entry were listed and empty (`complete.json`,
    /// `--complete`), apart from those in `not_listed`.
    pub rest_is_complete: bool,
    /// Resources that a complete source says it did not list.
    pub not_listed: Vec<Str>,
    /// Whether some file, entry or object was not read, so that it may hold anything; the gaps
    /// name it.
    pub unread: bool,
}

impl Coverage {
    /// `plural` or `plural.group` of a kind.
    #[must_use]
    pub fn key(kind: Kind) -> String {
        match kind.group() {
            "" => kind.plural().to_owned(),
            group => format!("{}.{group}", kind.plural()),
        }
    }

    /// How reading the kind ended.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Listed {
        self.of_resource(&Self::key(kind))
    }

    /// How reading a resource (`plural` or `plural.group`) ended.
    #[must_use]
    pub fn of_resource(&self, resource: &str) -> Listed {
        if let Some(listed) = self.resources.get(resource) {
            return listed.clone();
        }
        let plural = resource.split('.').next().unwrap_or(resource);
        let left_out = self.not_listed.iter().any(|name| name == resource || name == plural);
        if self.rest_is_complete && !left_out { Listed::Complete } else { Listed::Silent }
    }

    /// Whether an object of the kind that is not in the model does not exist.
    #[must_use]
    pub fn is_complete(&self, kind: Kind) -> bool {
        matches!(self.of(kind), Listed::Complete | Listed::Absent)
    }

    /// Records how reading ended. A worse end never gives way to a better one.
    pub fn note(&mut self, resource: &str, listed: Listed) {
        let entry = self.resources.entry(Str::new(resource)).or_insert_with(|| listed.clone());
        if *entry == Listed::Complete || *entry == Listed::Silent {
            *entry = listed;
        }
    }
}
