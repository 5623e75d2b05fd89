//! `role-escalate`: The identity writes rules that it does not hold into a role that it is bound to.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, RoleKey};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "role-escalate",
    title: "write any rule into its own role",
    zone: Zone::InCluster,
    attack: &["T1098.006"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity writes rules that it does not hold into a role that it is bound to.",
        when: "escalate and update or patch on roles or clusterroles, where a role bound to the identity may be changed.",
        not: "escalate and create alone; escalate without a write verb.",
        controls: "None in RBAC.",
        cut: "Drop the verb escalate.",
        upstream: "kubernetes/kubernetes pkg/registry/rbac/clusterrole/policybased/storage.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    for (resource, cluster) in [("clusterroles", true), ("roles", false)] {
        let ask = |verbs: &'static [&'static str]| {
            let ask = Ask::named(verbs, GROUP, resource);
            if cluster { ask.cluster() } else { ask }
        };
        let escalate = context.held(&ask(&["escalate"]));
        let write = context.held(&ask(&["update", "patch"]));
        for conjunction in conjoin(context, &[&escalate, &write], None) {
            let allowed = |name: &str| {
                [&escalate, &write]
                    .iter()
                    .all(|list| list.iter().any(|held| held.names.allow(name)))
            };
            for (role, scope) in context.roles_at(&conjunction.at) {
                let fits = match &role {
                    RoleKey::Cluster(name) => cluster && allowed(name),
                    RoleKey::Namespaced(namespace, name) => {
                        !cluster && conjunction.scope.reaches(Some(namespace)) && allowed(name)
                    }
                    // Who acts within a limit stays within it, however strong the other gets.
                    RoleKey::Limited(..) | RoleKey::Node(_) => false,
                };
                if fits {
                    let to = NodeKey::Power(Power::Everything, scope.clone());
                    maker.conjunction(&TECHNIQUE, &conjunction, resource, |at| {
                        Draft::new(at, to.clone())
                    });
                }
            }
        }
        // A role of one's own making, which one may bind.
        let unnamed = |verbs: &'static [&'static str]| Ask { named: false, ..ask(verbs) };
        let make = context.held(&unnamed(&["create"]));
        let escalate = context.held(&unnamed(&["escalate"]));
        let bind = context.held(&unnamed(&["bind"]));
        let bindings: &[&str] = match cluster {
            true => &["clusterrolebindings", "rolebindings"],
            false => &["rolebindings"],
        };
        for &kind in bindings {
            let everywhere = kind == "clusterrolebindings";
            let ask = Ask::unnamed(&["create"], GROUP, kind);
            let write = context.held(&if everywhere { ask.cluster() } else { ask });
            for conjunction in conjoin(context, &[&escalate, &make, &bind, &write], None) {
                let to = NodeKey::Power(Power::Everything, conjunction.scope.clone());
                maker.conjunction(&TECHNIQUE, &conjunction, kind, |at| Draft::new(at, to.clone()));
            }
        }
    }
}
