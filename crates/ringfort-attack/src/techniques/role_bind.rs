//! `role-bind`: The identity binds itself to a role that it does not hold.

use crate::conjunction::{Conjunction, conjoin_named};
use crate::context::{Ask, Context, Held};
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, RoleKey, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;
use std::collections::{BTreeMap, BTreeSet};

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
        when: "bind on the role in the binding's scope, and create on bindings there, or update or \
               patch of a binding of that role. create for certain names makes a binding only by \
               an apply or a PUT, with patch or update for the same name.",
        not: "create on bindings without bind: then only rules already held may be bound. patch of \
              a binding of another role: a binding's role never changes. bind in a namespace gives \
              no rule on what lies in none.",
        controls: "None in RBAC.",
        cut: "Drop the verb bind, or name the roles that may be bound.",
        upstream: "kubernetes/kubernetes pkg/registry/rbac/rolebinding/policybased/storage.go",
    },
    find,
};

const GROUP: &str = "rbac.authorization.k8s.io";

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let bind = context.held(&Ask::named(&["bind"], GROUP, "clusterroles"));
    // Whoever binds a role everywhere gains nothing from binding it in a namespace.
    let everywhere: Vec<Held> =
        bind.iter().filter(|one| *one.scope(context) == Scope::Cluster).cloned().collect();
    let mut done = BTreeSet::new();
    let global = Writes::new(context, "clusterrolebindings", true);
    global.draw(context, maker, &everywhere, &mut done);
    let local = Writes::new(context, "rolebindings", false);
    local.draw(context, maker, &bind, &mut done);
    local.draw_roles(context, maker, &context.held(&Ask::named(&["bind"], GROUP, "roles")));
}

/// Who writes bindings of a kind.
struct Writes {
    global: bool,
    /// Ways to a new binding: permissions that are needed together, and the name that it must
    /// have if not any.
    new: Vec<(Vec<Vec<Held>>, Option<Str>)>,
    /// Permissions to change bindings that exist, of those who may not make new ones.
    change: Vec<Held>,
}

impl Writes {
    fn new(context: &Context<'_>, resource: &'static str, global: bool) -> Self {
        let ask = |verbs| {
            let ask = Ask::named(verbs, GROUP, resource);
            if global { ask.cluster() } else { ask }
        };
        let any = context.held(&Ask { named: false, ..ask(&["create"]) });
        let makers: BTreeSet<usize> = any.iter().map(|one| one.grant).collect();
        let mut change = context.held(&ask(&["update", "patch"]));
        change.retain(|one| !makers.contains(&one.grant));
        let mut new = vec![(vec![any], None)];
        let upserts = draw::upserts(context, &ask(&["create"]), &["update", "patch"]);
        new.extend(upserts.into_iter().map(|(name, make, write)| (vec![make, write], Some(name))));
        Self { global, new, change }
    }

    /// Where new bindings of that name can be made with permissions that hold in a scope.
    fn places(&self, context: &Context<'_>, scope: &Scope, name: Option<&Str>) -> Vec<Scope> {
        let cluster = context.cluster;
        match (self.global, scope) {
            (true, Scope::Cluster) => {
                let free = |name: &Str| cluster.cluster_role_bindings.find("", name).is_none();
                if name.is_none_or(free) { vec![Scope::Cluster] } else { Vec::new() }
            }
            (true, Scope::Namespace(_)) => Vec::new(),
            (false, _) => {
                let free = |namespace: &&Str| {
                    name.is_none_or(|name| cluster.role_bindings.find(namespace, name).is_none())
                };
                let all = context.namespaces_in(scope).filter(free);
                all.cloned().map(Scope::Namespace).collect()
            }
        }
    }

    /// Who holds permissions to bind together with those of a new binding, and where.
    fn newly(
        &self,
        context: &Context<'_>,
        bind: &[Held],
        role: Option<&Str>,
    ) -> Vec<(Conjunction, String, Vec<Scope>)> {
        let mut found = Vec::new();
        for (needed, name) in &self.new {
            let mut lists = vec![(bind, role)];
            lists.extend(needed.iter().map(|list| (list.as_slice(), name.as_ref())));
            if lists.iter().any(|(list, _)| list.is_empty()) {
                continue;
            }
            for conjunction in conjoin_named(context, &lists) {
                let places = self.places(context, &conjunction.scope, name.as_ref());
                let detail = name.as_ref().map_or(String::new(), |name| format!("|{name}"));
                found.push((conjunction, detail, places));
            }
        }
        found
    }

    /// ClusterRoles. `done` are those who bind a role, or any, in the whole cluster.
    fn draw(
        &self,
        context: &Context<'_>,
        maker: &mut Maker<'_>,
        bind: &[Held],
        done: &mut BTreeSet<(NodeKey, Option<Str>)>,
    ) {
        for (role, bind) in split(bind) {
            for (one, detail, places) in self.newly(context, &bind, role.as_ref()) {
                let key = (one.at.clone(), role.clone());
                if done.contains(&key) || done.contains(&(one.at.clone(), None)) {
                    continue;
                }
                if self.global && !places.is_empty() {
                    done.insert(key);
                }
                for place in places {
                    let (to, what) = match &role {
                        Some(name) => {
                            (NodeKey::Role(RoleKey::Cluster(name.clone()), place), name.as_str())
                        }
                        None => (NodeKey::Power(Power::BindRoles, place), "any"),
                    };
                    maker.conjunction(&TECHNIQUE, &one, &format!("{what}{detail}"), |at| {
                        Draft::new(at, to.clone())
                    });
                }
            }
        }
        self.draw_changes(context, maker, bind, "ClusterRole");
    }

    /// Roles of namespaces.
    fn draw_roles(&self, context: &Context<'_>, maker: &mut Maker<'_>, bind: &[Held]) {
        for (name, bind) in split(bind) {
            for (one, detail, places) in self.newly(context, &bind, name.as_ref()) {
                for role in places.iter().flat_map(|place| context.roles_in(place)) {
                    let meant = matches!(&role.role, RoleKey::Namespaced(_, known)
                        if name.as_ref().is_none_or(|name| name == known));
                    if !meant {
                        continue;
                    }
                    let what = name.as_ref().map_or("roles", Str::as_str);
                    maker.conjunction(&TECHNIQUE, &one, &format!("{what}{detail}"), |at| {
                        Draft::new(at, role.node())
                    });
                }
            }
        }
        self.draw_changes(context, maker, bind, "Role");
    }

    /// Oneself into a binding that exists: its role is the one that must be bound, for it never
    /// changes.
    fn draw_changes(
        &self,
        context: &Context<'_>,
        maker: &mut Maker<'_>,
        bind: &[Held],
        kind: &str,
    ) {
        if bind.is_empty() || self.change.is_empty() {
            return;
        }
        let cluster = context.cluster;
        let local = cluster.role_bindings.iter().map(|one| (&one.metadata, &one.role_ref));
        let global = cluster.cluster_role_bindings.iter().map(|one| (&one.metadata, &one.role_ref));
        let bindings: Vec<_> = if self.global { global.collect() } else { local.collect() };
        for (meta, role) in bindings.into_iter().filter(|(_, role)| *role.kind == *kind) {
            let namespace = meta.namespace.clone();
            let place = match self.global {
                true => Scope::Cluster,
                false => Scope::Namespace(namespace.clone()),
            };
            let within = |held: &[Held], name: &Str| -> Vec<Held> {
                let reaches = |scope: &Scope| *scope == Scope::Cluster || *scope == place;
                let meant = held.iter();
                let meant =
                    meant.filter(|one| one.names.allow(name) && reaches(one.scope(context)));
                meant.cloned().collect()
            };
            let (change, bind) = (within(&self.change, &meta.name), within(bind, &role.name));
            if change.is_empty() || bind.is_empty() {
                continue;
            }
            let key = match kind {
                "Role" => RoleKey::Namespaced(namespace, role.name.clone()),
                _ => RoleKey::Cluster(role.name.clone()),
            };
            let to = NodeKey::Role(key, place);
            let lists = [(&bind[..], Some(&role.name)), (&change[..], Some(&meta.name))];
            for one in conjoin_named(context, &lists) {
                let detail = format!("{}|{}", role.name, meta.name);
                maker.conjunction(&TECHNIQUE, &one, &detail, |at| Draft::new(at, to.clone()));
            }
        }
    }
}

/// Permissions for any role, and those for each name.
fn split(held: &[Held]) -> Vec<(Option<Str>, Vec<Held>)> {
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
    let named = named.into_iter().map(|(name, list)| (Some(name), list));
    std::iter::once((None, any)).chain(named).collect()
}
