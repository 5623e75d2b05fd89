//! Requests that techniques need, and the rules that allow them.

use ringfort_authz::Names;
use ringfort_model::Str;

use super::Context;
use crate::node::{NodeKey, Scope};
use crate::why::Why;

/// API group and resource of what is a pod or makes pods.
pub const POD_MAKERS: [(&str, &str); 8] = [
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
];

/// A request that a technique needs.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Any of these verbs suffices.
    pub verbs: &'static [&'static str],
    /// API group.
    pub group: &'static str,
    /// `resource` or `resource/subresource`.
    pub resource: &'static str,
    /// Whether the request carries a name. Without one, rules with resourceNames never allow.
    pub named: bool,
    /// Whether the resource lives in namespaces. Cluster-scoped ones need a cluster-wide grant.
    pub namespaced: bool,
}

impl Ask {
    /// A request on a namespaced resource that carries a name.
    #[must_use]
    pub const fn named(
        verbs: &'static [&'static str],
        group: &'static str,
        resource: &'static str,
    ) -> Self {
        Self { verbs, group, resource, named: true, namespaced: true }
    }
    /// A request on a namespaced resource without a name (top-level create, bulk list).
    #[must_use]
    pub const fn unnamed(
        verbs: &'static [&'static str],
        group: &'static str,
        resource: &'static str,
    ) -> Self {
        Self { verbs, group, resource, named: false, namespaced: true }
    }
    /// The same on a cluster-scoped resource.
    #[must_use]
    pub const fn cluster(self) -> Self {
        Self { namespaced: false, ..self }
    }
}

/// A rule of a grant that allows an [`Ask`].
#[derive(Clone, Debug)]
pub struct Held {
    /// Index into [`Context::grants`].
    pub grant: usize,
    /// Index of the rule.
    pub rule: u32,
    /// The first verb asked for that the rule allows.
    pub verb: &'static str,
    /// API group asked for.
    pub group: &'static str,
    /// Resource asked for.
    pub resource: &'static str,
    /// Which names it allows.
    pub names: Names,
}

impl Held {
    /// The rule as a reason, for a request with or without a name.
    #[must_use]
    pub fn why(&self, context: &Context<'_>, name: Option<&Str>) -> Why {
        let grant = &context.grants[self.grant];
        Why::Rule {
            role: grant.role.clone(),
            scope: grant.scope.clone(),
            rule: self.rule,
            verb: self.verb,
            group: self.group,
            resource: self.resource,
            name: name.cloned(),
        }
    }

    /// Where the permission holds.
    #[must_use]
    pub fn scope<'c>(&self, context: &'c Context<'_>) -> &'c Scope {
        &context.grants[self.grant].scope
    }

    /// The grant's position.
    #[must_use]
    pub fn node(&self, context: &Context<'_>) -> NodeKey {
        context.grants[self.grant].node()
    }
}
