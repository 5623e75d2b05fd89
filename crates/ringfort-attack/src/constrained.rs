//! Constrained impersonation (semantics RBAC-44 to RBAC-47): who may act as whom, and what is
//! left of the other's rules.
//!
//! ```text
//!  requester ─impersonate:<mode> on the target─► target limited by the requester
//!                                                   │ for each grant of the target and each
//!                                                   │ impersonate-on rule of the requester
//!                                                   ▼
//!                                          role with the requests that both allow
//! ```
//!
//! The limited identity is an identity like any other, so that every technique finds what it
//! gives. The limit is on requests only: what the server asks about beside a request (`bind`,
//! `escalate`, `approve`, `sign`) it asks for the target alone.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use ringfort_authz::limited::{asked_beside, limited};
use ringfort_authz::{
    Names,
    impersonation::{is_constrained, node_of},
};
use ringfort_isolation::Audience;
use ringfort_model::record::{Node, PolicyRule};
use ringfort_model::{Id, Str};

use crate::conjunction::{Conjunction, Way, conjoin};
use crate::context::{Ask, Context, Grant, Held};
use crate::node::{Limited, NodeKey, RoleKey, Scope, Subject};
use crate::why::{BindingKey, Why};

const GROUP: &str = "authentication.k8s.io";
const MASTERS: &str = "system:masters";

/// Who acts as whom.
pub(crate) struct Acting {
    /// Who may, and by which grants.
    pub(crate) by: Conjunction,
    /// What it then is: a limited identity.
    pub(crate) to: Subject,
}

/// Whether the API server has the feature: its flag, else its version; `None` if neither is
/// known.
pub(crate) fn is_on(context: &Context<'_>) -> Option<bool> {
    match context.at_least(35) {
        Some(false) => Some(false),
        _ => crate::server::gate(context.cluster, "ConstrainedImpersonation")
            .or_else(|| is_constrained(context.version)),
    }
}

/// One who may act as a target.
struct Candidate {
    mode: &'static str,
    target: Subject,
    by: Conjunction,
    node: Option<Id<Node>>,
}

/// Finds who acts as whom and adds the limited grants.
pub(crate) fn prepare(context: &mut Context<'_>) {
    if is_on(context) == Some(false) {
        return;
    }
    let mut candidates = users_and_groups(context);
    candidates.extend(accounts(context));
    candidates.extend(nodes(context));
    candidates.extend(own_nodes(context));
    let mut done: BTreeSet<Subject> = BTreeSet::new();
    for candidate in candidates {
        let by = match &candidate.by.at {
            // The container's token names the node; the rules are its account's.
            NodeKey::Container(unit, ..) => NodeKey::Subject(account_of(context, *unit)),
            other => other.clone(),
        };
        let own = Limited {
            target: candidate.target.clone(),
            mode: candidate.mode,
            by: label(context, &by),
        };
        let to = Subject::Limited(Box::new(own));
        if !done.contains(&to) {
            let grants = left(context, &by, &candidate, &to);
            if grants.is_empty() {
                continue;
            }
            context.add_grants(grants);
            done.insert(to.clone());
        }
        if let (Some(node), NodeKey::Container(unit, ..)) = (candidate.node, &candidate.by.at) {
            debug_assert!(context.units[*unit as usize].nodes.contains(&node));
        }
        context.acting.push(Acting { by: candidate.by, to });
    }
}

fn label(context: &Context<'_>, at: &NodeKey) -> Str {
    Str::from(match at {
        NodeKey::Subject(subject) => crate::ids::subject_id(subject),
        NodeKey::Role(RoleKey::Cluster(name), scope) => {
            format!("clusterrole/{name}@{}", crate::maker::scope_text(scope))
        }
        NodeKey::Role(RoleKey::Namespaced(namespace, name), _) => {
            format!("role/{namespace}/{name}")
        }
        other => context.id(other),
    })
}

fn account_of(context: &Context<'_>, unit: u32) -> Subject {
    let unit = &context.units[unit as usize];
    Subject::ServiceAccount(unit.namespace.clone(), unit.spec.account().into())
}

/// Rules that allow the verb; those that allow everything are left out, since whoever holds one
/// impersonates without a limit.
fn held(context: &Context<'_>, ask: &Ask) -> Vec<Held> {
    let mut held = context.held(ask);
    held.retain(|one| {
        let rule = &context.grants[one.grant].rules[one.rule as usize];
        !crate::structure::is_everything(rule)
    });
    held
}

fn allowing(held: &[Held], name: &str) -> Vec<Held> {
    held.iter().filter(|one| one.names.allow(name)).cloned().collect()
}

fn is_user(name: &str) -> bool {
    node_of(name).is_none() && matches!(Subject::of_user_name(name), Subject::User(_))
}

/// Mode user-info: users, and groups together with any user.
fn users_and_groups(context: &Context<'_>) -> Vec<Candidate> {
    const MODE: &str = "user-info";
    let verbs: &[&str] = &["impersonate:user-info"];
    let users = held(context, &Ask::named(verbs, GROUP, "users").cluster());
    if users.is_empty() {
        return Vec::new();
    }
    let groups = held(context, &Ask::named(verbs, GROUP, "groups").cluster());
    let known: Vec<Subject> = context.subjects().map(|(subject, _)| subject.clone()).collect();
    let mut found = Vec::new();
    let mut names: BTreeSet<Str> = BTreeSet::new();
    for one in &users {
        match &one.names {
            Names::Any => names.extend(known.iter().filter_map(|subject| match subject {
                Subject::User(name) => Some(name.clone()),
                _ => None,
            })),
            Names::Only(only) => names.extend(only.iter().cloned()),
        }
    }
    for name in names.into_iter().filter(|name| is_user(name)) {
        let able = allowing(&users, &name);
        for by in conjoin(context, &[&able], Some(&name)) {
            found.push(Candidate {
                mode: MODE,
                target: Subject::User(name.clone()),
                by,
                node: None,
            });
        }
    }
    let mut names: BTreeSet<Str> = BTreeSet::new();
    for one in &groups {
        // From four groups on the server asks once for the name `*` (RBAC-46).
        match &one.names {
            Names::Only(only) if !one.names.allow("*") => names.extend(only.iter().cloned()),
            _ => names.extend(known.iter().filter_map(|subject| match subject {
                Subject::Group(name) => Some(name.clone()),
                _ => None,
            })),
        }
    }
    for name in names.into_iter().filter(|name| *name != *MASTERS && !name.is_empty()) {
        let star = |one: &&Held| one.names.allow(&name) || one.names.allow("*");
        let able: Vec<Held> = groups.iter().filter(star).cloned().collect();
        for by in conjoin(context, &[&users, &able], Some(&name)) {
            let target = Subject::Group(name.clone());
            found.push(Candidate { mode: MODE, target, by, node: None });
        }
    }
    found
}

/// Mode serviceaccount.
fn accounts(context: &Context<'_>) -> Vec<Candidate> {
    const MODE: &str = "serviceaccount";
    let verbs: &[&str] = &["impersonate:serviceaccount"];
    let rules = held(context, &Ask::named(verbs, GROUP, "serviceaccounts"));
    if rules.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for account in &context.cluster.service_accounts {
        let meta = &account.metadata;
        let able = allowing(&rules, &meta.name);
        for by in conjoin(context, &[&able], Some(&meta.name)) {
            if by.scope.reaches(Some(&meta.namespace)) {
                let target = Subject::ServiceAccount(meta.namespace.clone(), meta.name.clone());
                found.push(Candidate { mode: MODE, target, by, node: None });
            }
        }
    }
    found
}

fn node_user(context: &Context<'_>, node: Id<Node>) -> Subject {
    let name = &context.cluster.nodes[node].metadata.name;
    Subject::User(Str::from(format!("system:node:{name}")))
}

/// Mode arbitrary-node.
fn nodes(context: &Context<'_>) -> Vec<Candidate> {
    const MODE: &str = "arbitrary-node";
    let verbs: &[&str] = &["impersonate:arbitrary-node"];
    let rules = held(context, &Ask::named(verbs, GROUP, "nodes").cluster());
    if rules.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (id, node) in context.cluster.nodes.ids() {
        let able = allowing(&rules, &node.metadata.name);
        for by in conjoin(context, &[&able], Some(&node.metadata.name)) {
            let target = node_user(context, id);
            found.push(Candidate { mode: MODE, target, by, node: Some(id) });
        }
    }
    found
}

/// Mode associated-node: the node that the account's own token names, which is that of the
/// container that holds it. The server asks for the name `*`.
fn own_nodes(context: &mut Context<'_>) -> Vec<Candidate> {
    const MODE: &str = "associated-node";
    let verbs: &[&str] = &["impersonate:associated-node"];
    let mut rules = held(context, &Ask::named(verbs, GROUP, "nodes").cluster());
    rules.retain(|one| one.names.allow("*"));
    if rules.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for at in 0..context.units.len() as u32 {
        let holds: Vec<bool> = context
            .tokens(at)
            .iter()
            .map(|one| one.files.iter().any(|file| file.audience == Audience::Api))
            .collect();
        if !holds.contains(&true) || context.units[at as usize].latent {
            continue;
        }
        let ways = ways_of(context, &account_of(context, at), &rules);
        if ways.is_empty() {
            continue;
        }
        // What follows from the containers now depends on their node.
        context.placed[at as usize] = true;
        let unit = &context.units[at as usize];
        for &node in &unit.nodes {
            let containers = unit.spec.all_containers().zip(&holds);
            for ((kind, index, _), _) in containers.filter(|(_, holds)| **holds) {
                let at = NodeKey::Container(at, Some(node), kind, index as u32);
                let by = Conjunction { at, scope: Scope::Cluster, ways: vec![ways.clone()] };
                let target = node_user(context, node);
                found.push(Candidate { mode: MODE, target, by, node: Some(node) });
            }
        }
    }
    found
}

/// The ways in which an identity holds one of the rules.
fn ways_of(context: &Context<'_>, subject: &Subject, rules: &[Held]) -> Vec<Way> {
    let mut ways = Vec::new();
    for member in members(subject) {
        for &(grant, bound) in context.grants_of(&member) {
            let (_, binding, index) = &context.grants[grant].bound[bound];
            for one in rules.iter().filter(|one| one.grant == grant) {
                let mut way = Vec::new();
                if let Subject::Group(group) = &member {
                    way.push(Why::Member(subject.clone(), group.clone()));
                }
                way.push(Why::Bound { binding: binding.clone(), subject: *index });
                way.push(one.why(context, None));
                ways.push(way);
            }
        }
    }
    ways
}

fn members(subject: &Subject) -> Vec<Subject> {
    let groups = subject.implicit_groups().into_iter().map(Subject::Group);
    std::iter::once(subject.clone()).chain(groups).collect()
}

/// A grant of the target: role, scope, rules, binding with the subject's index.
type Own<'a> = (RoleKey, Scope, Cow<'a, [PolicyRule]>, BindingKey, u32);

/// What is left of the target's grants.
fn left<'a>(
    context: &Context<'a>,
    by: &NodeKey,
    candidate: &Candidate,
    to: &Subject,
) -> Vec<Grant<'a>> {
    let mode = candidate.mode;
    let prefix = format!("impersonate-on:{mode}:");
    // The requester's rules on requests, wherever it holds them.
    let mut on: Vec<(RoleKey, Scope, u32, PolicyRule)> = Vec::new();
    for grant in grants_at(context, by) {
        let grant = &context.grants[grant];
        for (index, rule) in grant.rules.iter().enumerate() {
            if rule.verbs.iter().any(|verb| *verb == *"*" || verb.starts_with(&prefix)) {
                on.push((grant.role.clone(), grant.scope.clone(), index as u32, rule.clone()));
            }
        }
    }
    let mut found: Vec<Grant<'a>> = Vec::new();
    if on.is_empty() {
        return found;
    }
    let own = grants_of(context, candidate);
    let who = label(context, &NodeKey::Subject(to.clone()));
    for (role, scope, rules, binding, index) in &own {
        for (limit, limit_scope, limit_rule, limiting) in &on {
            let Some(scope) = scope.meet(limit_scope) else { continue };
            let rules: Vec<PolicyRule> =
                rules.iter().filter_map(|rule| limited(rule, limiting, mode)).collect();
            if rules.is_empty() {
                continue;
            }
            let at = label(context, &NodeKey::Role(limit.clone(), limit_scope.clone()));
            let text = format!("{who}|{at}|{limit_rule}");
            found.push(Grant {
                role: RoleKey::Limited(Box::new(role.clone()), Str::from(text)),
                scope,
                rules: Cow::Owned(rules),
                bound: vec![(to.clone(), binding.clone(), *index)],
                limit: Some(Why::Limit { role: limit.clone(), rule: *limit_rule }),
            });
        }
    }
    if found.is_empty() {
        return found;
    }
    for (role, scope, rules, binding, index) in own {
        let rules: Vec<PolicyRule> = rules.iter().filter_map(asked_beside).collect();
        if rules.is_empty() {
            continue;
        }
        found.push(Grant {
            role: RoleKey::Limited(Box::new(role), Str::from(format!("{who}|asked beside"))),
            scope,
            rules: Cow::Owned(rules),
            bound: vec![(to.clone(), binding, index)],
            limit: Some(Why::Design("is asked about beside a request, for the target alone")),
        });
    }
    // The same role by two bindings is one position with two ways to it.
    let mut merged: BTreeMap<(RoleKey, Scope), Grant<'a>> = BTreeMap::new();
    for grant in found {
        match merged.entry((grant.role.clone(), grant.scope.clone())) {
            std::collections::btree_map::Entry::Occupied(mut known) => {
                known.get_mut().bound.extend(grant.bound);
            }
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(grant);
            }
        }
    }
    merged.into_values().collect()
}

/// Grants of a requester: an identity with its groups, or a role that nobody is bound to.
fn grants_at(context: &Context<'_>, at: &NodeKey) -> BTreeSet<usize> {
    match at {
        NodeKey::Subject(subject) => {
            let members = members(subject);
            let all = members.iter().flat_map(|member| context.grants_of(member));
            all.map(|(grant, _)| *grant).collect()
        }
        other => {
            let all = context.grants.iter().enumerate();
            all.filter(|(_, grant)| grant.node() == *other).map(|(at, _)| at).collect()
        }
    }
}

/// Grants of a target: its own and its groups', and for a node what the node authorizer allows.
fn grants_of<'a>(context: &Context<'a>, candidate: &Candidate) -> Vec<Own<'a>> {
    let mut own: Vec<Own<'a>> = Vec::new();
    for member in members(&candidate.target) {
        for &(grant, bound) in context.grants_of(&member) {
            let grant = &context.grants[grant];
            let (_, binding, index) = &grant.bound[bound];
            let (role, scope) = (grant.role.clone(), grant.scope.clone());
            own.push((role, scope, grant.rules.clone(), binding.clone(), *index));
        }
    }
    if let Some(node) = candidate.node {
        let name = &context.cluster.nodes[node].metadata.name;
        for (namespace, rules) in node_rules(context, node) {
            let scope = Scope::Namespace(namespace);
            let key = BindingKey::Node(name.clone());
            own.push((RoleKey::Node(name.clone()), scope, Cow::Owned(rules), key, 0));
        }
    }
    own
}

/// What the node authorizer lets a node read and request, as rules by namespace: Secrets of
/// its pods, and tokens of their accounts (NODE-01, and admission as `node-sa-tokens` says).
fn node_rules(context: &Context<'_>, node: Id<Node>) -> BTreeMap<Str, Vec<PolicyRule>> {
    let mut secrets: BTreeMap<Str, BTreeSet<Str>> = BTreeMap::new();
    for (namespace, name) in context.nodes.secrets_of(&context.cluster.nodes[node].metadata.name) {
        secrets.entry(namespace.clone()).or_default().insert(name.clone());
    }
    let audience_checked = context.at_least(33) == Some(true);
    let mut accounts: BTreeMap<Str, BTreeSet<Str>> = BTreeMap::new();
    for (at, unit) in context.units.iter().enumerate() {
        let mounted = context
            .tokens(at as u32)
            .iter()
            .any(|one| one.files.iter().any(|file| file.audience == Audience::Api));
        if unit.nodes.contains(&node) && !unit.mirror && (mounted || !audience_checked) {
            let own = accounts.entry(unit.namespace.clone()).or_default();
            own.insert(Str::new(unit.spec.account()));
        }
    }
    let rule = |verbs: &[&str], resource: &str, names: BTreeSet<Str>| PolicyRule {
        verbs: verbs.iter().map(|verb| Str::new(verb)).collect(),
        api_groups: [Str::default()].into_iter().collect(),
        resources: [Str::new(resource)].into_iter().collect(),
        resource_names: names.into_iter().collect(),
        ..PolicyRule::default()
    };
    let mut rules: BTreeMap<Str, Vec<PolicyRule>> = BTreeMap::new();
    for (namespace, names) in secrets {
        let reads = rule(&["get", "list", "watch"], "secrets", names);
        rules.entry(namespace).or_default().push(reads);
    }
    for (namespace, names) in accounts {
        let mints = rule(&["create"], "serviceaccounts/token", names);
        rules.entry(namespace).or_default().push(mints);
    }
    rules
}
