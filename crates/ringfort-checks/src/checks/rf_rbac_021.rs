//! RF-RBAC-021: binding refers to a missing role or ServiceAccount that someone can create.

use crate::baseline::Baseline;
use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::pods;
use crate::run::unread;
use crate::world::World;
use ringfort_attack::context::Ask;
use ringfort_attack::{BindingKey, Subject, Zone};
use ringfort_model::defaults::bootstrap;
use ringfort_model::record::RoleRef;
use ringfort_model::{Kind, SourceKind, Str};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-021",
    title: "Binding refers to a missing role or ServiceAccount that someone can create",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[],
    references: &["C-0307"],
    reads: &[
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::ServiceAccount,
    ],
    doc: Doc {
        why: "Whoever creates the missing object decides what the binding grants, or to whom.",
        fails: "The role of a binding, or a ServiceAccount that it names, does not exist. Medium where somebody who is no administrator may create it: the account, or the role with escalate.",
        not: "Bindings that every cluster has, whose accounts come with parts that may not be installed; users and groups, which are no objects; what every cluster has without a manifest, such as cluster-admin and the account default of a namespace.",
        unknown: "Roles or accounts were not all read, or the role is one that only another version's API server may write.",
        fix: "Delete the binding.",
    },
    judge: Judge::Cluster(judge),
};

const GROUP: &str = "rbac.authorization.k8s.io";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let accounts = context.held(&Ask::unnamed(&["create"], "", "serviceaccounts"));
    // Without escalate a role can hold no more than its author does.
    let roles = context.held(&Ask::unnamed(&["escalate"], GROUP, "roles"));
    let wide = context.held(&Ask::unnamed(&["escalate"], GROUP, "clusterroles").cluster());
    let claimable = |held: &[_], namespace: Option<&str>| {
        world.outsiders(held).any(|(one, _)| one.scope(context).reaches(namespace))
    };
    let bindings = world
        .cluster
        .cluster_role_bindings
        .iter()
        .map(|one| (&one.metadata, &one.role_ref, &one.subjects))
        .chain(
            world
                .cluster
                .role_bindings
                .iter()
                .map(|one| (&one.metadata, &one.role_ref, &one.subjects)),
        );
    for (meta, role, subjects) in bindings {
        let (kind, key) = match meta.namespace.as_str() {
            "" => ("ClusterRoleBinding", BindingKey::Cluster(meta.name.clone())),
            namespace => {
                ("RoleBinding", BindingKey::Namespaced(Str::new(namespace), meta.name.clone()))
            }
        };
        let object = Object::new(kind, &meta.namespace, &meta.name);
        let usual = subjects.iter().all(|one| Baseline::shipped().has_subject(&key, role, one));
        if usual && !subjects.is_empty() {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let why = |path: &str, value: &str| {
            facts::field(kind, &meta.namespace, &meta.name, (path, value))
        };
        let mut spots = Vec::new();
        let mut missing = BTreeSet::new();
        let mut open = false;
        let gone = context.authz.referenced(role, &meta.namespace).is_none();
        match gone.then(|| undecided(world, role)) {
            None => {}
            Some(Some(unread)) => {
                missing.insert(unread);
            }
            Some(None) => {
                spots.push(why("roleRef", &format!("{} {} does not exist", role.kind, role.name)));
                open |= match role.kind.as_str() {
                    "Role" => claimable(&roles, Some(&meta.namespace)),
                    _ => claimable(&wide, None),
                };
            }
        }
        for (at, one) in subjects.iter().enumerate() {
            let named = ringfort_attack::context::named(one, &meta.namespace);
            let Some(Subject::ServiceAccount(namespace, name)) = named else { continue };
            if world.cluster.service_accounts.get(&namespace, &name).is_some() {
                continue;
            }
            // A controller makes it in every namespace, and again when it is gone.
            let made = name == *"default";
            if made
                && (SYSTEM.contains(&namespace.as_str()) || context.namespaces.contains(&namespace))
            {
                continue;
            }
            let kinds = [Kind::ServiceAccount, Kind::Namespace];
            let kind = kinds[usize::from(made)];
            if let Some(unread) = unread(&world.cluster.coverage, kind) {
                missing.insert(unread);
            } else {
                let value = format!("ServiceAccount {namespace}/{name} does not exist");
                spots.push(why(&format!("subjects[{at}]"), &value));
                open |= claimable(&accounts, Some(&namespace));
            }
        }
        let mut verdict = Verdict::with(spots, missing);
        if open {
            verdict = pods::rated(verdict, Severity::Medium);
        }
        out.add(object, verdict);
    }
}

/// Namespaces that every API server makes (`pkg/controlplane/controller/systemnamespaces`).
const SYSTEM: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Why a role that is not among the objects may exist all the same.
fn undecided(world: &World<'_>, role: &RoleRef) -> Option<String> {
    let cluster = world.cluster;
    let kind = match role.kind.as_str() {
        "ClusterRole" => Kind::ClusterRole,
        "Role" => Kind::Role,
        _ => return None,
    };
    let other = cluster.source == SourceKind::Manifests
        && kind == Kind::ClusterRole
        && role.name.starts_with("system:")
        && cluster.version.is_none_or(|version| version.minor != bootstrap::MINOR);
    if other {
        return Some(format!("whether the API server's version writes ClusterRole {}", role.name));
    }
    unread(&cluster.coverage, kind)
}
