//! Object metadata. managedFields are never read into it, and of annotations that no rule reads
//! only which credentials they hold is kept.

use std::sync::Arc;

use crate::record::origin::Origin;
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
        /// Credentials in values of annotations. The values are gone; what is read from the object
        /// itself counts only for annotations that it has without a value.
        #[serde(rename = "x-ringfort-credentials")]
        pub credentials: List<Annotated>,
        /// Where the object stands in a manifest; never read from the object itself.
        #[serde(rename = "x-ringfort-origin")]
        pub origin: Option<Arc<Origin>>,
    }

    /// A credential that stands in an annotation.
    #[derive(PartialOrd, Ord)]
    pub struct Annotated {
        /// Key of the annotation.
        pub annotation: Str,
        /// Class of the credential, see [`crate::credential`].
        pub class: Str,
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

impl Meta {
    /// Whether the source does not hold the object and it is taken to be there because every API
    /// server writes it ([`crate::defaults::bootstrap`]).
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.is_assumed())
    }

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
