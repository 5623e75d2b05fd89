//! RBAC: bindings indexed by subject, roles resolved, every grant with its reason
//! (RBAC-09 to RBAC-13).

use ringfort_model::record::{PolicyRule, RoleRef, Subject};
use ringfort_model::{Cluster, SourceKind, Str};
use rustc_hash::FxHashMap;

use crate::request::{Attributes, Request, User, account_user};
use crate::rule::{RuleRequest, rule_allows_path, rule_names};

/// Why RBAC allows something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Granted {
    /// Namespace of the RoleBinding; empty for a ClusterRoleBinding.
    pub binding_namespace: Str,
    /// Name of the binding.
    pub binding: Str,
    /// Index of the subject that matched.
    pub subject: usize,
    /// Namespace of the Role; empty for a ClusterRole.
    pub role_namespace: Str,
    /// Name of the role.
    pub role: Str,
    /// Index of the rule that allows it.
    pub rule: usize,
}

impl std::fmt::Display for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.binding_namespace.as_str() {
            "" => write!(f, "ClusterRoleBinding {}", self.binding)?,
            namespace => write!(f, "RoleBinding {namespace}/{}", self.binding)?,
        }
        write!(f, " (subject {}) gives ", self.subject)?;
        match self.role_namespace.as_str() {
            "" => write!(f, "ClusterRole {}", self.role)?,
            namespace => write!(f, "Role {namespace}/{}", self.role)?,
        }
        write!(f, ", rule {}", self.rule)
    }
}

/// A binding and the index of the subject that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bound {
    binding: u32,
    subject: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    User(Str),
    Group(Str),
}

/// Whether one rule allows a request.
type Allows<'r> = Box<dyn Fn(&PolicyRule) -> bool + 'r>;

type ByKey = FxHashMap<Key, Vec<Bound>>;

/// The RBAC authorizer of one cluster.
#[derive(Debug)]
pub struct Authz<'a> {
    cluster: &'a Cluster,
    cluster_bindings: ByKey,
    role_bindings: FxHashMap<Str, ByKey>,
    aggregated: FxHashMap<Str, Vec<PolicyRule>>,
}

impl<'a> Authz<'a> {
    /// Indexes the bindings of a cluster.
    #[must_use]
    pub fn new(cluster: &'a Cluster) -> Self {
        let mut cluster_bindings = ByKey::default();
        for (id, binding) in cluster.cluster_role_bindings.ids() {
            index(&mut cluster_bindings, id.index(), &binding.subjects, "");
        }
        let mut role_bindings: FxHashMap<Str, ByKey> = FxHashMap::default();
        for (id, binding) in cluster.role_bindings.ids() {
            let namespace = &binding.metadata.namespace;
            let keys = role_bindings.entry(namespace.clone()).or_default();
            index(keys, id.index(), &binding.subjects, namespace);
        }
        let aggregated = match cluster.source {
            SourceKind::Manifests => aggregate(cluster),
            SourceKind::Live | SourceKind::Dump => FxHashMap::default(),
        };
        Self { cluster, cluster_bindings, role_bindings, aggregated }
    }

    /// The cluster that is asked about.
    #[must_use]
    pub fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// The effective rules of a ClusterRole: the stored ones; where a manifest leaves them to
    /// the aggregation controller, what it would fill in (RBAC-13). Empty if there is no such
    /// role.
    #[must_use]
    pub fn cluster_role_rules(&self, name: &str) -> &[PolicyRule] {
        if let Some(rules) = self.aggregated.get(name) {
            return rules;
        }
        self.cluster.cluster_roles.get("", name).map_or(&[], |role| &role.rules)
    }

    /// The rules of a Role. Empty if there is no such role.
    #[must_use]
    pub fn role_rules(&self, namespace: &str, name: &str) -> &[PolicyRule] {
        self.cluster.roles.get(namespace, name).map_or(&[], |role| &role.rules)
    }

    /// The rules that a binding of this namespace (empty for a ClusterRoleBinding) refers to;
    /// `None` for a missing role or one of the wrong kind (RBAC-10).
    #[must_use]
    pub fn referenced(&self, role: &RoleRef, namespace: &str) -> Option<&[PolicyRule]> {
        match role.kind.as_str() {
            "ClusterRole" => {
                self.cluster.cluster_roles.get("", &role.name)?;
                Some(self.cluster_role_rules(&role.name))
            }
            "Role" if !namespace.is_empty() => {
                self.cluster.roles.get(namespace, &role.name).map(|role| &*role.rules)
            }
            _ => None,
        }
    }

    /// The first grant by which RBAC alone allows the request: ClusterRoleBindings in order,
    /// then RoleBindings of the request's namespace.
    #[must_use]
    pub fn rbac(&self, request: &Request) -> Option<Granted> {
        let (namespace, allows): (&str, Allows<'_>) = match &request.attributes {
            Attributes::Path(path) => {
                ("", Box::new(|rule| rule_allows_path(rule, &request.verb, path)))
            }
            Attributes::Resource { group, resource, subresource, namespace, name } => {
                let wanted = RuleRequest { verb: &request.verb, group, resource, subresource };
                let allows = move |rule: &PolicyRule| {
                    rule_names(rule, &wanted).is_some_and(|names| names.allow(name))
                };
                (namespace, Box::new(allows))
            }
        };
        self.grants(&request.user, namespace).find_map(|grant| {
            let rule = grant.rules.iter().position(&allows)?;
            Some(grant.granted(rule))
        })
    }

    /// The grants that RBAC visits for a user in a namespace (empty: cluster-wide only).
    pub(crate) fn grants(&self, user: &User, namespace: &str) -> impl Iterator<Item = GrantOf<'_>> {
        let cluster = bound(&self.cluster_bindings, user).into_iter().map(|bound| {
            let binding = &self.cluster.cluster_role_bindings.as_slice()[bound.binding as usize];
            (bound, &binding.metadata, &binding.role_ref)
        });
        let local = self.role_bindings.get(namespace).map(|keys| self::bound(keys, user));
        let local = local.unwrap_or_default().into_iter().map(|bound| {
            let binding = &self.cluster.role_bindings.as_slice()[bound.binding as usize];
            (bound, &binding.metadata, &binding.role_ref)
        });
        cluster.chain(local).filter_map(|(bound, meta, role)| {
            let rules = self.referenced(role, &meta.namespace)?;
            Some(GrantOf { namespace: &meta.namespace, name: &meta.name, bound, role, rules })
        })
    }

    /// Every binding subject that may make the request, with the grant; `system:masters`,
    /// which needs none, is not among them.
    #[must_use]
    pub fn who_can(
        &self,
        verb: &str,
        (group, resource): (&str, &str),
        namespace: &str,
        name: &str,
    ) -> Vec<(Subject, Granted)> {
        let wanted = RuleRequest::of(verb, group, resource);
        let mut found = Vec::new();
        let mut visit =
            |meta: &ringfort_model::record::Meta, role: &RoleRef, subjects: &[Subject]| {
                let Some(rules) = self.referenced(role, &meta.namespace) else { return };
                let allowed = |rule: &PolicyRule| {
                    rule_names(rule, &wanted).is_some_and(|names| names.allow(name))
                };
                let Some(rule) = rules.iter().position(allowed) else { return };
                for (at, subject) in subjects.iter().enumerate() {
                    let mut subject = subject.clone();
                    if subject.kind == "ServiceAccount" && subject.namespace.is_empty() {
                        subject.namespace = meta.namespace.clone();
                    }
                    if key(&subject, &meta.namespace).is_some() {
                        let bound = Bound { binding: 0, subject: at as u32 };
                        let (namespace, name) = (&meta.namespace, &meta.name);
                        found.push((
                            subject,
                            GrantOf { namespace, name, bound, role, rules }.granted(rule),
                        ));
                    }
                }
            };
        for binding in &self.cluster.cluster_role_bindings {
            visit(&binding.metadata, &binding.role_ref, &binding.subjects);
        }
        for (_, binding) in self.cluster.role_bindings.in_namespace(namespace) {
            if !namespace.is_empty() {
                visit(&binding.metadata, &binding.role_ref, &binding.subjects);
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// One binding as it applies to one user.
pub(crate) struct GrantOf<'a> {
    namespace: &'a Str,
    name: &'a Str,
    bound: Bound,
    role: &'a RoleRef,
    pub(crate) rules: &'a [PolicyRule],
}

impl GrantOf<'_> {
    fn granted(&self, rule: usize) -> Granted {
        Granted {
            binding_namespace: self.namespace.clone(),
            binding: self.name.clone(),
            subject: self.bound.subject as usize,
            role_namespace: match self.role.kind.as_str() {
                "Role" => self.namespace.clone(),
                _ => Str::default(),
            },
            role: self.role.name.clone(),
            rule,
        }
    }
}

/// What a binding's subject matches by (RBAC-09); `None` for nobody.
fn key(subject: &Subject, binding_namespace: &str) -> Option<Key> {
    match subject.kind.as_str() {
        "User" => Some(Key::User(subject.name.clone())),
        "Group" => Some(Key::Group(subject.name.clone())),
        "ServiceAccount" => {
            let namespace = match subject.namespace.as_str() {
                "" => binding_namespace,
                own => own,
            };
            (!namespace.is_empty()).then(|| Key::User(account_user(namespace, &subject.name)))
        }
        _ => None,
    }
}

fn index(keys: &mut ByKey, binding: usize, subjects: &[Subject], namespace: &str) {
    for (at, subject) in subjects.iter().enumerate() {
        if let Some(key) = key(subject, namespace) {
            let bound = Bound { binding: binding as u32, subject: at as u32 };
            keys.entry(key).or_default().push(bound);
        }
    }
}

fn bound(keys: &ByKey, user: &User) -> Vec<Bound> {
    let mut found: Vec<Bound> =
        keys.get(&Key::User(user.name.clone())).into_iter().flatten().copied().collect();
    for group in &user.groups {
        found.extend(keys.get(&Key::Group(group.clone())).into_iter().flatten().copied());
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What the aggregation controller would write: the rules of every matching ClusterRole,
/// until nothing changes (aggregated roles can match each other).
fn aggregate(cluster: &Cluster) -> FxHashMap<Str, Vec<PolicyRule>> {
    let mut result: FxHashMap<Str, Vec<PolicyRule>> = FxHashMap::default();
    loop {
        let mut changed = false;
        for role in &cluster.cluster_roles {
            let Some(aggregation) = &role.aggregation_rule else { continue };
            if !role.rules.is_empty() {
                continue;
            }
            let mut rules: Vec<PolicyRule> = Vec::new();
            for other in &cluster.cluster_roles {
                let matches = aggregation
                    .cluster_role_selectors
                    .iter()
                    .any(|selector| selector.matches(&other.metadata.labels));
                if !matches || other.metadata.name == role.metadata.name {
                    continue;
                }
                let source: &[PolicyRule] =
                    result.get(&other.metadata.name).map_or(&other.rules, Vec::as_slice);
                for rule in source {
                    if !rules.contains(rule) {
                        rules.push(rule.clone());
                    }
                }
            }
            let known = result.entry(role.metadata.name.clone()).or_default();
            if *known != rules {
                *known = rules;
                changed = true;
            }
        }
        if !changed {
            return result;
        }
    }
}
