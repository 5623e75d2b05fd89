//! `role-bind`: The identity binds itself to a role that it does not hold.

use crate::conjunction::conjoin;
use crate::context::Context;
use crate::context::{Ask, Held};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, RoleKey, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;
use std::collections::BTreeMap;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "role-bind",
    title: "bind a stronger role",
    zone: Zone::InCluster,
    attack: &["T1098.006", "MS-TA9019"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity binds itself to a role that it does not hold.",
        when: "bind on the role, and create, update or patch on bindings of that scope.",
        not: "create on bindings without bind: then only rules already held may be bound.",
        controls: "None in RBAC.",
        cut: "Drop the verb bind, or name the roles that may be bound.",
        upstream: "kubernetes/kubernetes pkg/registry/rbac/rolebinding/policybased/storage.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let verbs: &[&str] = &["create", "update", "patch"];
    let cluster_roles = context.held(&Ask::named(&["bind"], GROUP, "clusterroles"));
    let roles = context.held(&Ask::named(&["bind"], GROUP, "roles"));
    let local = context.held(&Ask { verbs, ..Ask::named(&[], GROUP, "rolebindings") });
    let global =
        context.held(&Ask { verbs, ..Ask::named(&[], GROUP, "clusterrolebindings").cluster() });
    let split = |held: &[Held]| -> (Vec<Held>, BTreeMap<Str, Vec<Held>>) {
        let mut named: BTreeMap<Str, Vec<Held>> = BTreeMap::new();
        let mut any = Vec::new();
        for one in held {
            match &one.names {
                Names::Any => any.push(one.clone()),
                Names::Only(names) => {
                    for name in names {
                        named.entry(name.clone()).or_default().push(one.clone());
                    }
                }
            }
        }
        (any, named)
    };
    let (any, named) = split(&cluster_roles);
    for writes in [&local, &global] {
        for conjunction in conjoin(context, &[&any, writes], None) {
            let scope = if std::ptr::eq(writes, &raw const global) {
                Scope::Cluster
            } else {
                conjunction.scope.clone()
            };
            maker.conjunction(&TECHNIQUE, &conjunction, "any", |at| {
                Draft::new(at, NodeKey::Power(Power::BindRoles, scope.clone()))
            });
        }
        for (name, held) in &named {
            for conjunction in conjoin(context, &[held, writes], Some(name)) {
                let scope = if std::ptr::eq(writes, &raw const global) {
                    Scope::Cluster
                } else {
                    conjunction.scope.clone()
                };
                let to = NodeKey::Role(RoleKey::Cluster(name.clone()), scope);
                maker.conjunction(&TECHNIQUE, &conjunction, name, |at| Draft::new(at, to.clone()));
            }
        }
    }
    let (any, named) = split(&roles);
    for conjunction in conjoin(context, &[&any, &local], None) {
        for role in context.roles_in(&conjunction.scope) {
            let to = role.node();
            maker.conjunction(&TECHNIQUE, &conjunction, "roles", |at| Draft::new(at, to.clone()));
        }
    }
    for (name, held) in &named {
        for conjunction in conjoin(context, &[held, &local], Some(name)) {
            for role in context.roles_in(&conjunction.scope) {
                if matches!(&role.role, RoleKey::Namespaced(_, known) if known == name) {
                    let to = role.node();
                    maker.conjunction(&TECHNIQUE, &conjunction, name, |at| {
                        Draft::new(at, to.clone())
                    });
                }
            }
        }
    }
}
