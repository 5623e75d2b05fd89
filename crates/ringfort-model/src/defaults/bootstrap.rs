//! What is in every cluster without anybody's manifest: the ClusterRoles, and the Roles of
//! `kube-system` and `kube-public`, that every API server writes at its start and keeps as they
//! are, so that a manifest may bind `cluster-admin` without holding it, and the account `default` of every namespace, which the controller manager makes
//! again whenever it is gone (`pkg/controller/serviceaccount/serviceaccounts_controller.go`).
//!
//! Of the roles upstream is `EnsureRBACPolicy` in `pkg/registry/rbac/rest/storage_rbac.go` with the policy in
//! `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`; the data are its `testdata` of Kubernetes
//! 1.36, written by `cargo xtask bootstrap`. For another minor they are an assumption, as for an
//! unknown one: the four that people bind have given the same power for years.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::cluster::ClusterBuilder;
use crate::kinds::{Object, Tables};
use crate::record::origin::Origin;
use crate::record::{ClusterRole, Meta, PolicyRule, Role, ServiceAccount};
use crate::text::Str;

/// The roles that are made to be bound by people, whether somebody does already or not: who may
/// bind any role binds them.
const FACING: [&str; 4] = ["cluster-admin", "admin", "edit", "view"];

/// The minor of the data.
pub const MINOR: u32 = 36;

fn shipped() -> &'static BTreeMap<Str, ClusterRole> {
    static SHIPPED: OnceLock<BTreeMap<Str, ClusterRole>> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let lines = include_str!("../../data/cluster-roles-1.36.jsonl").lines();
        let read = |line| -> ClusterRole {
            serde_json::from_str(line).expect("the data are written by xtask")
        };
        lines.map(read).map(|role| (role.metadata.name.clone(), role)).collect()
    })
}

/// Adds to manifests the ClusterRoles of the server that they name and do not hold, with those
/// that are aggregated into one of these or of theirs. Manifests without any object of RBAC name
/// none. What is added has [`Origin::assumed`] as its place.
pub fn cluster_roles(builder: &mut ClusterBuilder) {
    let mut added: BTreeSet<&'static Str> = BTreeSet::new();
    {
        let tables = builder.tables();
        let wanted = named(tables);
        if wanted.is_empty() {
            return;
        }
        let held: BTreeSet<&Str> =
            tables.cluster_roles.iter().map(|one| &one.metadata.name).collect();
        added
            .extend(shipped().keys().filter(|name| wanted.contains(*name) && !held.contains(name)));
        // Sources of aggregation are aggregated themselves: edit is a source of admin.
        loop {
            let own = added.iter().map(|&name| &shipped()[name]);
            let selectors: Vec<_> = (tables.cluster_roles.iter().chain(own))
                .filter_map(|role| role.aggregation_rule.as_ref())
                .flat_map(|rule| rule.cluster_role_selectors.iter())
                .collect();
            let sources = shipped().iter().filter(|(name, role)| {
                !held.contains(name)
                    && selectors.iter().any(|selector| selector.matches(&role.metadata.labels))
            });
            let before = added.len();
            added.extend(sources.map(|(name, _)| name).collect::<Vec<_>>());
            if added.len() == before {
                break;
            }
        }
    }
    let assumed = Arc::new(Origin::assumed());
    for name in added {
        let mut role = shipped()[name].clone();
        role.metadata.origin = Some(assumed.clone());
        builder.add(Object::ClusterRole(role));
    }
}

fn shipped_roles() -> &'static [Role] {
    static SHIPPED: OnceLock<Vec<Role>> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let lines = include_str!("../../data/roles-1.36.jsonl").lines();
        lines
            .map(|line| serde_json::from_str(line).expect("the data are written by xtask"))
            .collect()
    })
}

/// Adds to manifests the Roles of the server that a RoleBinding in their namespace names and that
/// they do not hold, such as `kube-system/extension-apiserver-authentication-reader`, which
/// aggregated API servers are bound to. What is added has [`Origin::assumed`] as its place.
pub fn roles(builder: &mut ClusterBuilder) {
    let tables = builder.tables();
    let named = |role: &Role| {
        let meta = &role.metadata;
        tables.role_bindings.iter().any(|one| {
            one.role_ref.kind == "Role"
                && one.role_ref.name == meta.name
                && one.metadata.namespace == meta.namespace
        })
    };
    let held = |role: &Role| {
        let same = |one: &Role| {
            (&one.metadata.namespace, &one.metadata.name)
                == (&role.metadata.namespace, &role.metadata.name)
        };
        tables.roles.iter().any(same)
    };
    let shipped = shipped_roles().iter();
    let added: Vec<Role> = shipped.filter(|role| named(role) && !held(role)).cloned().collect();
    let assumed = Arc::new(Origin::assumed());
    for mut role in added {
        role.metadata.origin = Some(assumed.clone());
        builder.add(Object::Role(role));
    }
}

/// Adds to manifests the account `default` of every namespace that has none.
pub fn default_accounts(builder: &mut ClusterBuilder) {
    const NAME: &str = "default";
    let mut without = builder.namespace_names();
    for account in &builder.tables().service_accounts {
        if account.metadata.name == NAME {
            without.remove(&account.metadata.namespace);
        }
    }
    let assumed = Arc::new(Origin::assumed());
    for namespace in without {
        let origin = Some(assumed.clone());
        let metadata = Meta { namespace, name: Str::new(NAME), origin, ..Meta::default() };
        builder.add(Object::ServiceAccount(ServiceAccount { metadata, ..Default::default() }));
    }
}

/// The names of ClusterRoles that objects of RBAC hold, and those of [`FACING`]; none if there
/// is no such object.
fn named(tables: &Tables) -> BTreeSet<Str> {
    let refs = (tables.cluster_role_bindings.iter().map(|one| &one.role_ref))
        .chain(tables.role_bindings.iter().map(|one| &one.role_ref))
        .filter(|one| one.kind == "ClusterRole");
    let mut names: BTreeSet<Str> = refs.map(|one| one.name.clone()).collect();
    let rules = (tables.cluster_roles.iter().flat_map(|one| one.rules.iter()))
        .chain(tables.roles.iter().flat_map(|one| one.rules.iter()));
    let about_roles = |rule: &&PolicyRule| rule.resources.iter().any(|one| one == "clusterroles");
    names.extend(rules.filter(about_roles).flat_map(|rule| rule.resource_names.iter().cloned()));
    let any = !names.is_empty()
        || tables.cluster_role_bindings.iter().next().is_some()
        || tables.role_bindings.iter().next().is_some();
    if any {
        names.extend(FACING.map(Str::new));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::SourceKind;

    fn filled(objects: &[&str]) -> BTreeMap<String, (bool, usize)> {
        let mut builder = ClusterBuilder::new(SourceKind::Manifests);
        for json in objects {
            builder.add(Object::read(json.as_bytes()).expect("an object"));
        }
        cluster_roles(&mut builder);
        let cluster = builder.freeze();
        let row = |role: &ClusterRole| {
            (role.metadata.name.to_string(), (role.metadata.is_assumed(), role.rules.len()))
        };
        cluster.cluster_roles.iter().map(row).collect()
    }

    const BINDING: &str = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",
        "metadata":{"name":"b","namespace":"a"},
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"NAME"},
        "subjects":[]}"#;

    #[test]
    fn a_binding_brings_the_roles_that_every_server_has() {
        let found = filled(&[&BINDING.replace("NAME", "system:node-proxier")]);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        let wanted = [
            "admin",
            "cluster-admin",
            "edit",
            "system:aggregate-to-admin",
            "system:aggregate-to-edit",
            "system:aggregate-to-view",
            "system:node-proxier",
            "view",
        ];
        assert_eq!(names, wanted);
        assert!(found.values().all(|(assumed, _)| *assumed));
        assert_eq!(found["cluster-admin"].1, 2, "resources and paths");
        assert_eq!(found["edit"].1, 0, "what it gives is aggregated");
    }

    #[test]
    fn what_the_source_holds_stays_as_it_is() {
        let own = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole",
            "metadata":{"name":"cluster-admin"},"rules":[]}"#;
        let found = filled(&[&BINDING.replace("NAME", "cluster-admin"), own]);
        assert_eq!(found["cluster-admin"], (false, 0));
        assert!(found["view"].0);
    }

    #[test]
    fn a_binding_brings_the_role_of_its_namespace() {
        let filled = |namespace: &str, held: Option<&str>| {
            let mut builder = ClusterBuilder::new(SourceKind::Manifests);
            let binding = BINDING
                .replace("NAME", "extension-apiserver-authentication-reader")
                .replace("\"kind\":\"ClusterRole\"", "\"kind\":\"Role\"")
                .replace("\"namespace\":\"a\"", &format!("\"namespace\":\"{namespace}\""));
            for json in [Some(binding.as_str()), held].into_iter().flatten() {
                builder.add(Object::read(json.as_bytes()).expect("an object"));
            }
            roles(&mut builder);
            let cluster = builder.freeze();
            let row = |role: &Role| {
                let meta = &role.metadata;
                format!("{}/{} {}", meta.namespace, meta.name, meta.is_assumed())
            };
            cluster.roles.iter().map(row).collect::<Vec<_>>()
        };
        const NAME: &str = "kube-system/extension-apiserver-authentication-reader";
        assert_eq!(filled("kube-system", None), [format!("{NAME} true")]);
        assert!(filled("a", None).is_empty(), "the server makes it in kube-system only");
        let own = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{
            "name":"extension-apiserver-authentication-reader","namespace":"kube-system"}}"#;
        assert_eq!(filled("kube-system", Some(own)), [format!("{NAME} false")]);
    }

    #[test]
    fn without_rbac_nothing_is_assumed() {
        let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"a"}}"#;
        assert!(filled(&[pod]).is_empty());
    }

    #[test]
    fn every_namespace_has_its_account() {
        let mut builder = ClusterBuilder::new(SourceKind::Manifests);
        for json in [
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"a"}}"#,
            r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}"#,
            r#"{"apiVersion":"v1","kind":"ServiceAccount",
                "metadata":{"name":"default","namespace":"c"}}"#,
        ] {
            builder.add(Object::read(json.as_bytes()).expect("an object"));
        }
        default_accounts(&mut builder);
        let cluster = builder.freeze();
        let found: Vec<(&str, bool)> = (cluster.service_accounts.iter())
            .map(|one| (one.metadata.namespace.as_str(), one.metadata.is_assumed()))
            .collect();
        assert_eq!(found, [("a", true), ("b", true), ("c", false)]);
    }

    #[test]
    fn a_role_that_may_be_bound_by_name_is_there() {
        let role = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole",
            "metadata":{"name":"binder"},"rules":[{"verbs":["bind"],
            "apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],
            "resourceNames":["system:node"]}]}"#;
        let found = filled(&[role]);
        assert!(found["system:node"].0, "{found:?}");
        assert!(!found["binder"].0);
        assert!(!found.contains_key("system:node-proxier"));
    }
}
