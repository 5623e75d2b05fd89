//! Who is exempt from Pod Security by the plug-in's configuration (semantics T5).
//!
//! The configuration is a file of the API server, which no object shows; without it nobody is
//! exempt.

use ringfort_model::{PodSpec, Str};

/// The exemptions of a PodSecurityConfiguration. Names are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Namespaces.
    pub namespaces: Vec<Str>,
    /// Users who make the request: for a pod of a controller the controller's account.
    pub users: Vec<Str>,
    /// Runtime classes of the pod.
    pub runtime_classes: Vec<Str>,
}

impl Exemptions {
    /// Whether requests in the namespace are exempt.
    #[must_use]
    pub fn namespace(&self, name: &str) -> bool {
        !name.is_empty() && self.namespaces.iter().any(|known| known == name)
    }

    /// Whether requests of the user are exempt.
    #[must_use]
    pub fn user(&self, name: &str) -> bool {
        !name.is_empty() && self.users.iter().any(|known| known == name)
    }

    /// Whether pods of that runtime class are exempt.
    #[must_use]
    pub fn runtime_class(&self, spec: &PodSpec) -> bool {
        let name = spec.runtime_class_name.as_deref().unwrap_or_default();
        !name.is_empty() && self.runtime_classes.iter().any(|known| known == name)
    }
}
