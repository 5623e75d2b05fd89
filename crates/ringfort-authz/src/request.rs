//! A question to the API server's authorizers.

use ringfort_model::Str;

/// An identity as an authenticator leaves it: no group is added to it here (RBAC-12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User name.
    pub name: Str,
    /// Every group.
    pub groups: Vec<Str>,
}

impl User {
    /// A ServiceAccount with its fixed groups (RBAC-20).
    #[must_use]
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            name: account_user(namespace, name),
            groups: vec![
                Str::new("system:serviceaccounts"),
                Str::from(format!("system:serviceaccounts:{namespace}")),
                Str::new("system:authenticated"),
            ],
        }
    }

    /// A user with the groups that authentication adds by itself: `system:authenticated`, or
    /// `system:unauthenticated` for the anonymous user (RBAC-21), `system:nodes` for none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let group = match name {
            "system:anonymous" => "system:unauthenticated",
            _ => "system:authenticated",
        };
        Self { name: Str::new(name), groups: vec![Str::new(group)] }
    }

    /// The identity of a node's kubelet (RBAC-23).
    #[must_use]
    pub fn node(name: &str) -> Self {
        Self {
            name: Str::from(format!("system:node:{name}")),
            groups: vec![Str::new("system:nodes"), Str::new("system:authenticated")],
        }
    }

    /// Whether the user is in a group.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|known| known == group)
    }

    /// The node whose kubelet this is: name and group together (RBAC-23).
    #[must_use]
    pub fn as_node(&self) -> Option<&str> {
        let name = self.name.strip_prefix("system:node:")?;
        (!name.is_empty() && self.is_in("system:nodes")).then_some(name)
    }

    /// Namespace and name of the ServiceAccount that the user name stands for.
    #[must_use]
    pub fn as_service_account(&self) -> Option<(&str, &str)> {
        let (namespace, name) =
            self.name.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        (!namespace.is_empty() && !name.is_empty() && !name.contains(':'))
            .then_some((namespace, name))
    }
}

/// The user name of a ServiceAccount.
#[must_use]
pub fn account_user(namespace: &str, name: &str) -> Str {
    Str::from(format!("system:serviceaccount:{namespace}:{name}"))
}

/// What is asked for. Empty text means absent, as in a SubjectAccessReview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attributes {
    /// A resource.
    Resource {
        /// API group.
        group: Str,
        /// Plural resource.
        resource: Str,
        /// Subresource.
        subresource: Str,
        /// Namespace.
        namespace: Str,
        /// Object name.
        name: Str,
    },
    /// A path that is no resource.
    Path(Str),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub user: User,
    /// Verb.
    pub verb: Str,
    /// What for.
    pub attributes: Attributes,
}

impl Request {
    /// A request on a resource; `resource` may carry a subresource after a slash.
    #[must_use]
    pub fn resource(
        user: User,
        verb: &str,
        (group, resource): (&str, &str),
        namespace: &str,
        name: &str,
    ) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Self {
            user,
            verb: Str::new(verb),
            attributes: Attributes::Resource {
                group: Str::new(group),
                resource: Str::new(resource),
                subresource: Str::new(subresource),
                namespace: Str::new(namespace),
                name: Str::new(name),
            },
        }
    }
}
