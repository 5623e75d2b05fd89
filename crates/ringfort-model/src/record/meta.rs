//! Object metadata. managedFields and the last-applied annotation are never read into it.

use crate::text::Str;
use crate::wire::{List, Map, record};

record! {
    /// The kept part of ObjectMeta.
    pub struct Meta {
        pub namespace: Str,
        pub name: Str,
        pub generate_name: Str,
        pub uid: Str,
        pub resource_version: Str,
        pub deletion_timestamp: Option<Str>,
        pub labels: Map,
        pub annotations: Map,
        pub owner_references: List<OwnerReference>,
        pub finalizers: List<Str>,
        /// Where the object stands in a manifest; never read from the object itself.
        #[serde(rename = "x-ringfort-origin")]
        pub origin: Option<Origin>,
    }

    /// A reference to an owning object.
    pub struct OwnerReference {
        pub api_version: Str,
        pub kind: Str,
        pub name: Str,
        pub uid: Str,
        pub controller: Option<bool>,
    }
}

/// File and line of an object that was read from a manifest.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Origin {
    /// Path below the source, with forward slashes.
    pub file: Str,
    /// First line of the document or list item, from 1.
    pub line: u32,
}

impl Meta {
    /// The owner that manages the object, if any.
    #[must_use]
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }

    /// `namespace/name`, or the name alone for cluster-scoped objects.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}
