//! Roles in scopes, and who is bound to them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ringfort_authz::Authz;
use ringfort_model::record::{PolicyRule, Subject as Named};
use ringfort_model::{Cluster, Str};

use crate::node::{NodeKey, RoleKey, Scope, Subject};
use crate::why::{BindingKey, Why};

/// A role in a scope, and who is bound to it there.
#[derive(Debug)]
pub struct Grant<'a> {
    /// The role.
    pub role: RoleKey,
    /// Where it holds.
    pub scope: Scope,
    /// Its effective rules.
    pub rules: Cow<'a, [PolicyRule]>,
    /// Bindings that name a subject, with the index of the subject.
    pub bound: Vec<(Subject, BindingKey, u32)>,
    /// A rule of the requester that limits it, for what constrained impersonation leaves.
    pub limit: Option<Why>,
}

impl Grant<'_> {
    /// The grant's position in the graph.
    #[must_use]
    pub fn node(&self) -> NodeKey {
        NodeKey::Role(self.role.clone(), self.scope.clone())
    }
}

/// All roles in the scopes in which a binding hands them out, and every role in the widest
/// scope in which it could be bound, so that techniques that bind roles find their targets.
pub(super) fn grants<'a>(cluster: &'a Cluster, authz: &'a Authz<'a>) -> Vec<Grant<'a>> {
    let mut found: BTreeMap<(RoleKey, Scope), Grant<'a>> = BTreeMap::new();
    let mut entry = |role: RoleKey, scope: Scope, rules: &'a [PolicyRule]| {
        found.entry((role.clone(), scope.clone())).or_insert_with(|| Grant {
            role,
            scope,
            rules: Cow::Borrowed(rules),
            bound: Vec::new(),
            limit: None,
        });
    };
    for role in &cluster.cluster_roles {
        let name = &role.metadata.name;
        entry(RoleKey::Cluster(name.clone()), Scope::Cluster, authz.cluster_role_rules(name));
    }
    for role in &cluster.roles {
        let (ns, name) = (&role.metadata.namespace, &role.metadata.name);
        let scope = Scope::Namespace(ns.clone());
        entry(RoleKey::Namespaced(ns.clone(), name.clone()), scope, &role.rules);
    }
    for binding in &cluster.role_bindings {
        let ns = &binding.metadata.namespace;
        if binding.role_ref.kind == "ClusterRole" {
            let name = &binding.role_ref.name;
            if cluster.cluster_roles.find("", name).is_some() {
                let scope = Scope::Namespace(ns.clone());
                entry(RoleKey::Cluster(name.clone()), scope, authz.cluster_role_rules(name));
            }
        }
    }
    let mut bind = |role: RoleKey, scope: Scope, key: &BindingKey, subjects: &[Named], ns: &str| {
        let Some(grant) = found.get_mut(&(role, scope)) else { return };
        for (at, subject) in subjects.iter().enumerate() {
            if let Some(subject) = named(subject, ns) {
                grant.bound.push((subject, key.clone(), at as u32));
            }
        }
    };
    for binding in &cluster.cluster_role_bindings {
        let meta = &binding.metadata;
        if binding.role_ref.kind == "ClusterRole" {
            let role = RoleKey::Cluster(binding.role_ref.name.clone());
            let key = BindingKey::Cluster(meta.name.clone());
            bind(role, Scope::Cluster, &key, &binding.subjects, "");
        }
    }
    for binding in &cluster.role_bindings {
        let meta = &binding.metadata;
        let name = binding.role_ref.name.clone();
        let role = match binding.role_ref.kind.as_str() {
            "ClusterRole" => RoleKey::Cluster(name),
            "Role" => RoleKey::Namespaced(meta.namespace.clone(), name),
            _ => continue,
        };
        let scope = Scope::Namespace(meta.namespace.clone());
        let key = BindingKey::Namespaced(meta.namespace.clone(), meta.name.clone());
        bind(role, scope, &key, &binding.subjects, &meta.namespace);
    }
    found.into_values().collect()
}

/// The identity that a binding's subject names (semantics RBAC-09); `None` if nobody.
#[must_use]
pub fn named(subject: &Named, binding_namespace: &str) -> Option<Subject> {
    match subject.kind.as_str() {
        "User" => Some(Subject::of_user_name(&subject.name)),
        "Group" => Some(Subject::Group(subject.name.clone())),
        "ServiceAccount" => {
            let namespace = if subject.namespace.is_empty() {
                Str::new(binding_namespace)
            } else {
                subject.namespace.clone()
            };
            (!namespace.is_empty())
                .then(|| Subject::ServiceAccount(namespace, subject.name.clone()))
        }
        _ => None,
    }
}
