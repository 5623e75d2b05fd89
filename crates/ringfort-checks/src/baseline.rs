//! The grants that every cluster has: what the API server writes at its start, and what
//! installers add for the administrator (checks CHK-04).
//!
//! The data are the roles and bindings of Kubernetes 1.36, written by `cargo xtask bootstrap`.
//! A role is unchanged if it gives nothing beyond them. At another minor its own bootstrap roles
//! may differ, so there the name decides.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ringfort_attack::{BindingKey, RoleKey};
use ringfort_model::record::{PolicyRule, RoleRef, Subject};
use ringfort_model::{KubeVersion, Str};
use serde::Deserialize;

/// The minor of the data.
const MINOR: u32 = 36;

/// Bindings by which installers give the administrator's group its power: kubeadm
/// (`cmd/kubeadm/app/phases/kubeconfig`).
const INSTALLERS: &[(&str, &str, &str)] =
    &[("kubeadm:cluster-admins", "cluster-admin", "kubeadm:cluster-admins")];

/// Namespace and name.
type Name = (Str, Str);

/// A binding: kind and name of the role, and the subjects as kind, namespace, name.
type Bound = ((Str, Str), Vec<(Str, Str, Str)>);

/// What every cluster has.
#[derive(Debug, Default)]
pub struct Baseline {
    roles: BTreeMap<Name, Vec<PolicyRule>>,
    bindings: BTreeMap<Name, Bound>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Role {
        #[serde(default)]
        namespace: Str,
        role: Str,
        rules: Vec<PolicyRule>,
    },
    Binding {
        #[serde(default)]
        namespace: Str,
        binding: Str,
        to: (Str, Str),
        subjects: Vec<(Str, Str, Str)>,
    },
}

impl Baseline {
    /// The data that come with the program.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Baseline> = OnceLock::new();
        SHIPPED.get_or_init(|| Self::read(include_str!("../data/bootstrap-1.36.jsonl")))
    }

    fn read(text: &str) -> Self {
        let mut found = Self::default();
        for line in text.lines() {
            match serde_json::from_str(line).expect("the data are written by the model") {
                Line::Role { namespace, role, rules } => {
                    found.roles.insert((namespace, role), rules);
                }
                Line::Binding { namespace, binding, to, subjects } => {
                    found.bindings.insert((namespace, binding), (to, subjects));
                }
            }
        }
        found
    }

    /// Whether a role is one of them and gives no more than it does at first.
    #[must_use]
    pub fn has_role(
        &self,
        role: &RoleKey,
        rules: &[PolicyRule],
        version: Option<KubeVersion>,
    ) -> bool {
        let Some(key) = Self::key(role) else { return false };
        let Some(known) = self.roles.get(&key) else { return false };
        let own: Vec<&PolicyRule> = known.iter().collect();
        version.is_some_and(|version| version.minor != MINOR) || ringfort_authz::covers(&own, rules)
    }

    /// Whether the data are those of a server's minor.
    #[must_use]
    pub fn is_of(version: Option<KubeVersion>) -> bool {
        version.is_some_and(|version| version.minor == MINOR)
    }

    /// Whether a role has the name of one of them.
    #[must_use]
    pub fn names_role(&self, role: &RoleKey) -> bool {
        Self::key(role).is_some_and(|key| self.roles.contains_key(&key))
    }

    /// What a role of that name gives at first.
    #[must_use]
    pub fn rules_of(&self, role: &RoleKey) -> Vec<&PolicyRule> {
        let known = Self::key(role).and_then(|key| self.roles.get(&key));
        known.into_iter().flatten().collect()
    }

    /// Whether a binding has the name of one of them.
    #[must_use]
    pub fn names_binding(&self, binding: &BindingKey) -> bool {
        let key = match binding {
            BindingKey::Cluster(name) => (Str::default(), name.clone()),
            BindingKey::Namespaced(namespace, name) => (namespace.clone(), name.clone()),
            BindingKey::Node(_) => return false,
        };
        self.bindings.contains_key(&key)
    }

    /// Whether an account is one that they bind.
    #[must_use]
    pub fn names_account(&self, namespace: &str, name: &str) -> bool {
        let mut all = self.bindings.values().flat_map(|(_, subjects)| subjects);
        all.any(|(kind, at, known)| kind == "ServiceAccount" && at == namespace && known == name)
    }

    fn key(role: &RoleKey) -> Option<Name> {
        match role {
            RoleKey::Cluster(name) => Some((Str::default(), name.clone())),
            RoleKey::Namespaced(namespace, name) => Some((namespace.clone(), name.clone())),
            RoleKey::Limited(..) | RoleKey::Node(_) => None,
        }
    }

    /// Whether a subject of a binding is there at first.
    #[must_use]
    pub fn has_subject(&self, binding: &BindingKey, role: &RoleRef, subject: &Subject) -> bool {
        let key = match binding {
            BindingKey::Cluster(name) => (Str::default(), name.clone()),
            BindingKey::Namespaced(namespace, name) => (namespace.clone(), name.clone()),
            BindingKey::Node(_) => return true,
        };
        if key.0.is_empty() {
            let by_installer = INSTALLERS.iter().any(|(binding, to, group)| {
                key.1 == *binding
                    && role.name == *to
                    && subject.kind == "Group"
                    && subject.name == *group
            });
            if by_installer {
                return true;
            }
        }
        self.bindings.get(&key).is_some_and(|(to, subjects)| {
            to.0 == role.kind
                && to.1 == role.name
                && subjects.iter().any(|(kind, namespace, name)| {
                    (kind, namespace, name) == (&subject.kind, &subject.namespace, &subject.name)
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_role_with_one_more_rule_is_changed() {
        let shipped = Baseline::shipped();
        let name = RoleKey::Cluster(Str::new("system:discovery"));
        let rules = &shipped.roles[&(Str::default(), Str::new("system:discovery"))];
        let version = Some(KubeVersion::minor(36));
        assert!(shipped.has_role(&name, rules, version));
        let more: PolicyRule = serde_json::from_str(
            r#"{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}"#,
        )
        .expect("a rule");
        let changed: Vec<PolicyRule> = rules.iter().cloned().chain([more]).collect();
        assert!(!shipped.has_role(&name, &changed, version));
        let own = RoleKey::Cluster(Str::new("system:mine"));
        assert!(!shipped.has_role(&own, rules, version));
    }

    #[test]
    fn aggregated_roles_carry_what_is_aggregated() {
        let shipped = Baseline::shipped();
        let edit = &shipped.roles[&(Str::default(), Str::new("edit"))];
        assert!(edit.iter().any(|rule| rule.resources.iter().any(|one| *one == *"secrets")));
    }
}
