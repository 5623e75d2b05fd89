//! `role-escalate`: The identity writes rules that it does not hold into a role that it is bound to.

use std::collections::BTreeSet;

use ringfort_authz::Names;
use ringfort_model::Str;

use crate::conjunction::conjoin;
use crate::context::{Ask, Context, Held};
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Power, RoleKey, Scope};
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

const GROUP: &str = "rbac.authorization.k8s.io";

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (resource, cluster) in [("clusterroles", true), ("roles", false)] {
        own_roles(context, maker, resource, cluster);
    }
    // Whoever binds such a role everywhere gains nothing from binding it in a namespace.
    let mut done = BTreeSet::new();
    new_roles(context, maker, "clusterroles", "clusterrolebindings", &mut done);
    new_roles(context, maker, "clusterroles", "rolebindings", &mut done);
    new_roles(context, maker, "roles", "rolebindings", &mut done);
}

/// Any rule into a role that the identity holds and whose name the permissions allow.
fn own_roles(context: &Context<'_>, maker: &mut Maker<'_>, resource: &'static str, cluster: bool) {
    let ask = |verbs: &'static [&'static str]| {
        let ask = Ask::named(verbs, GROUP, resource);
        context.held(&if cluster { ask.cluster() } else { ask })
    };
    let (escalate, write) = (ask(&["escalate"]), ask(&["update", "patch"]));
    let all = escalate.iter().chain(&write);
    let named = all.filter_map(|one| match &one.names {
        Names::Only(names) => Some(names.iter().map(Some)),
        Names::Any => None,
    });
    let names: BTreeSet<Option<&Str>> = named.flatten().collect();
    // Roles that no rule names are allowed by the same rules.
    for name in std::iter::once(None).chain(names.iter().copied()) {
        let allowing = |list: &[Held]| -> Vec<Held> {
            let allowed = |one: &&Held| match name {
                Some(name) => one.names.allow(name),
                None => one.names == Names::Any,
            };
            list.iter().filter(allowed).cloned().collect()
        };
        let (escalate, write) = (allowing(&escalate), allowing(&write));
        for conjunction in conjoin(context, &[&escalate, &write], name) {
            for (role, scope) in context.roles_at(&conjunction.at) {
                let meant = |own: &Str| match name {
                    Some(name) => own == name,
                    None => !names.contains(&Some(own)),
                };
                let fits = match &role {
                    RoleKey::Cluster(own) => cluster && meant(own),
                    RoleKey::Namespaced(namespace, own) => {
                        !cluster && conjunction.scope.reaches(Some(namespace)) && meant(own)
                    }
                    // Who acts within a limit stays within it, however strong the other gets.
                    RoleKey::Limited(..) | RoleKey::Node(_) => false,
                };
                if fits {
                    let to = NodeKey::Power(Power::Everything, scope.clone());
                    let detail = name.map_or(resource, Str::as_str);
                    maker.conjunction(&TECHNIQUE, &conjunction, detail, |at| {
                        Draft::new(at, to.clone())
                    });
                }
            }
        }
    }
}

/// A role of one's own making, which one may bind. Names limit no POST. `done` are those who
/// bind one in the whole cluster.
fn new_roles(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    resource: &'static str,
    bindings: &'static str,
    done: &mut BTreeSet<NodeKey>,
) {
    let global = bindings == "clusterrolebindings";
    let ask = |verbs: &'static [&'static str], resource: &'static str, cluster: bool| {
        let ask = Ask::unnamed(verbs, GROUP, resource);
        context.held(&if cluster { ask.cluster() } else { ask })
    };
    let cluster = resource == "clusterroles";
    let lists = [
        ask(&["escalate"], resource, cluster),
        ask(&["create"], resource, cluster),
        // The binding's namespace decides where one must be allowed to bind.
        ask(&["bind"], resource, global),
        ask(&["create"], bindings, global),
    ];
    for conjunction in conjoin(context, &lists.each_ref().map(Vec::as_slice), None) {
        if done.contains(&conjunction.at) {
            continue;
        }
        // Bindings of namespaces give nothing beyond their own.
        let places: Vec<Scope> = match global {
            true => vec![conjunction.scope.clone()],
            false => {
                context.namespaces_in(&conjunction.scope).cloned().map(Scope::Namespace).collect()
            }
        };
        if global {
            done.insert(conjunction.at.clone());
        }
        for place in places {
            let to = NodeKey::Power(Power::Everything, place);
            let detail = format!("{resource}|{bindings}");
            maker.conjunction(&TECHNIQUE, &conjunction, &detail, |at| Draft::new(at, to.clone()));
        }
    }
}
