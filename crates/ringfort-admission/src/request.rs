//! A request as admission sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_model::{Map, Str};
use serde_json::Value as Json;

use crate::resource::ResourceType;
use crate::sketch::Shape;
use crate::whole::Whole;

/// What is done to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// The name in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// Anybody: an outcome that depends on who asks is unknown.
    Any,
    /// This user in these groups.
    User {
        /// User name.
        name: String,
        /// Groups.
        groups: Vec<String>,
    },
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is done.
    pub operation: Operation,
    /// To what.
    pub resource: ResourceType,
    /// `ephemeralcontainers` and the like; empty for the object itself.
    pub subresource: String,
    /// Namespace; that of a Namespace object is its own name.
    pub namespace: Str,
    /// Name; empty where the server will make one up.
    pub name: String,
    /// The object as the server would store it, defaulted (see [`crate::defaulting`]).
    pub object: Option<Json>,
    /// The object before.
    pub old_object: Option<Json>,
    /// Who asks.
    pub identity: Identity,
    /// Whether the question is about every object that whoever asks could make of this one by
    /// giving it other labels. Then no object selector holds it back.
    pub free_labels: bool,
    /// Whether the question is about every object of the kind, or of the shape if there is one:
    /// what else the object holds is not known, and a refusal is one of all of them.
    pub open_object: bool,
    /// Whether whoever asks may change the labels of the namespace before. Then neither Pod
    /// Security labels nor selectors for namespaces hold anything back.
    pub free_namespace: bool,
    /// The shape that the object is made in. Then the question is whether an object is admitted
    /// that is still of the shape after whatever mutators make of it.
    pub shape: Option<Arc<Shape>>,
    /// An object that stands, with what is not known of it ([`Request::standing`]); of others
    /// everything is as `object` says.
    pub whole: Option<Arc<Whole>>,
}

impl Request {
    /// The creation of an object with `metadata`, in a namespace (empty for the cluster).
    #[must_use]
    pub fn create(
        resource: ResourceType,
        namespace: &str,
        object: Json,
        identity: Identity,
    ) -> Self {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let namespace = if resource.is_namespaces() { &name } else { namespace };
        Self {
            operation: Operation::Create,
            namespace: Str::new(namespace),
            resource,
            subresource: String::new(),
            name,
            object: Some(object),
            old_object: None,
            identity,
            free_labels: false,
            open_object: false,
            free_namespace: false,
            shape: None,
            whole: None,
        }
    }

    /// What is known of the specification of every object that is asked about.
    pub(crate) fn known(&self) -> Option<&Shape> {
        self.shape.as_deref().filter(|_| self.open_object)
    }

    /// Whether an error of a policy that fails closed needs not be told from a value.
    pub(crate) fn errors_are_values(&self) -> bool {
        self.known().is_some_and(|shape| shape.refused)
    }

    /// The update of an object.
    #[must_use]
    pub fn update(
        resource: ResourceType,
        namespace: &str,
        old: Json,
        object: Json,
        identity: Identity,
    ) -> Self {
        let create = Self::create(resource, namespace, object, identity);
        Self { operation: Operation::Update, old_object: Some(old), ..create }
    }
}

/// The labels of an object.
pub(crate) fn labels_of(object: &Json) -> Map {
    let Some(labels) = object["metadata"]["labels"].as_object() else { return Map::default() };
    let text: BTreeMap<&str, &str> =
        labels.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect();
    text.into_iter().map(|(key, value)| (Str::new(key), Str::new(value))).collect()
}
