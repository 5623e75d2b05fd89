//! ClusterRoles that somebody may bind in a namespace where no binding names them yet: what they
//! would give there is asked like any other grant.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ringfort_authz::Names;
use ringfort_model::Str;

use crate::context::{Ask, Context, Grant};
use crate::node::{RoleKey, Scope};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Adds a grant, bound to nobody, for each of them. Roles in such a grant may let others be
/// bound, so that this goes on until nothing is added.
pub(crate) fn prepare<'a>(context: &mut Context<'a>) {
    let authz = context.authz;
    let mut known: BTreeSet<(Str, Str)> = context
        .grants
        .iter()
        .filter_map(|grant| match (&grant.role, &grant.scope) {
            (RoleKey::Cluster(role), Scope::Namespace(name)) => Some((role.clone(), name.clone())),
            _ => None,
        })
        .collect();
    loop {
        let new: BTreeSet<(Str, Str)> =
            wanted(context).into_iter().filter(|one| !known.contains(one)).collect();
        if new.is_empty() {
            return;
        }
        let grant = |(role, namespace): &(Str, Str)| Grant {
            role: RoleKey::Cluster(role.clone()),
            scope: Scope::Namespace(namespace.clone()),
            rules: Cow::Borrowed(authz.cluster_role_rules(role)),
            bound: Vec::new(),
            limit: None,
        };
        let grants: Vec<Grant<'a>> = new.iter().map(grant).collect();
        context.add_grants(grants);
        known.extend(new);
    }
}

/// ClusterRoles with the namespaces in which some rule lets them be bound, and some lets
/// bindings be written.
fn wanted(context: &Context<'_>) -> BTreeSet<(Str, Str)> {
    let verbs = &["create", "update", "patch"];
    let writes = context.held(&Ask::named(verbs, GROUP, "rolebindings"));
    if writes.is_empty() {
        return BTreeSet::new();
    }
    let scopes: BTreeSet<&Scope> = writes.iter().map(|one| one.scope(context)).collect();
    let written = |namespace: &Str| scopes.iter().any(|scope| scope.reaches(Some(namespace)));
    let all = context.cluster.cluster_roles.iter().map(|role| &role.metadata.name);
    let everything = context.has_full_role();
    let mut found = BTreeSet::new();
    for one in context.held(&Ask::named(&["bind"], GROUP, "clusterroles")) {
        let roles: Vec<&Str> = match &one.names {
            // Who may bind any role takes one that covers the others.
            Names::Any if everything => continue,
            Names::Any => all.clone().collect(),
            Names::Only(names) => {
                let exists = |name: &&Str| context.cluster.cluster_roles.find("", name).is_some();
                names.iter().filter(exists).collect()
            }
        };
        for namespace in context.namespaces_in(one.scope(context)).filter(|one| written(one)) {
            found.extend(roles.iter().map(|&role| (role.clone(), namespace.clone())));
        }
    }
    found
}
