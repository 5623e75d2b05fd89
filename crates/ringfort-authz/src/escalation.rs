//! What may be written into roles and bindings (RBAC-30 to RBAC-34; upstream
//! `pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased`).

use ringfort_model::Str;
use ringfort_model::record::{PolicyRule, RoleRef};

use crate::cover::covers;
use crate::evaluator::Authz;
use crate::request::{Request, User};

/// Group of roles and bindings.
pub const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// Which check refuses a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The ordinary check of the verb.
    Authorization,
    /// The check against privilege escalation, a missing role included.
    Escalation,
}

impl Authz<'_> {
    /// Whether the user may create a Role in the namespace (ClusterRole if empty) by POST.
    pub fn create_role(
        &self,
        user: &User,
        namespace: &str,
        rules: &[PolicyRule],
        aggregated: bool,
    ) -> Result<(), Gate> {
        self.verb(user, "create", role_resource(namespace), namespace, "")?;
        self.role_content(user, namespace, "", rules, aggregated)
    }

    /// Whether the user may replace the rules of a role by PUT. A write that changes nothing is
    /// exempt from the escalation check; one that creates the role needs the verb for that too,
    /// with the role's name (RBAC-06).
    pub fn update_role(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
        rules: &[PolicyRule],
    ) -> Result<(), Gate> {
        let resource = role_resource(namespace);
        self.verb(user, "update", resource, namespace, name)?;
        let known: Option<(&[PolicyRule], bool)> = if namespace.is_empty() {
            self.cluster().cluster_roles.get("", name).map(|role| {
                let selectors = role.aggregation_rule.as_ref();
                let aggregated =
                    selectors.is_some_and(|rule| !rule.cluster_role_selectors.is_empty());
                (&*role.rules, aggregated)
            })
        } else {
            self.cluster().roles.get(namespace, name).map(|role| (&*role.rules, false))
        };
        match known {
            Some((known, _)) if known == rules => Ok(()),
            Some((_, aggregated)) => self.role_content(user, namespace, name, rules, aggregated),
            // The server looks at the content before it asks about the creation.
            None => {
                self.role_content(user, namespace, name, rules, false)?;
                self.verb(user, "create", resource, namespace, name)
            }
        }
    }

    /// Whether the user may create a binding in the namespace (ClusterRoleBinding if empty).
    pub fn create_binding(&self, user: &User, namespace: &str, role: &RoleRef) -> Result<(), Gate> {
        let resource = if namespace.is_empty() { "clusterrolebindings" } else { "rolebindings" };
        self.verb(user, "create", resource, namespace, "")?;
        if self.may_bind(user, namespace, role) {
            return Ok(());
        }
        let Some(rules) = self.referenced(role, namespace) else { return Err(Gate::Escalation) };
        match covers(&self.own_rules(user, namespace), rules) {
            true => Ok(()),
            false => Err(Gate::Escalation),
        }
    }

    /// Whether the user may bind a role without holding its rules.
    #[must_use]
    pub fn may_bind(&self, user: &User, namespace: &str, role: &RoleRef) -> bool {
        let resource = if role.kind == "ClusterRole" { "clusterroles" } else { "roles" };
        let group: &str = if role.api_group.is_empty() { RBAC_GROUP } else { &role.api_group };
        user.is_in("system:masters")
            || self
                .rbac(&Request::resource(
                    user.clone(),
                    "bind",
                    (group, resource),
                    namespace,
                    &role.name,
                ))
                .is_some()
    }

    fn role_content(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
        rules: &[PolicyRule],
        aggregated: bool,
    ) -> Result<(), Gate> {
        if user.is_in("system:masters")
            || self.verb(user, "escalate", role_resource(namespace), namespace, name).is_ok()
        {
            return Ok(());
        }
        let own = self.own_rules(user, namespace);
        if !covers(&own, rules) || (aggregated && !covers(&own, &full_authority())) {
            return Err(Gate::Escalation);
        }
        Ok(())
    }

    fn verb(
        &self,
        user: &User,
        verb: &str,
        resource: &str,
        namespace: &str,
        name: &str,
    ) -> Result<(), Gate> {
        let request =
            Request::resource(user.clone(), verb, (RBAC_GROUP, resource), namespace, name);
        if user.is_in("system:masters") || self.rbac(&request).is_some() {
            return Ok(());
        }
        Err(Gate::Authorization)
    }

    /// Every rule that RBAC visits for the user in the namespace.
    #[must_use]
    pub fn own_rules(&self, user: &User, namespace: &str) -> Vec<&PolicyRule> {
        self.grants(user, namespace).flat_map(|grant| grant.rules.iter()).collect()
    }
}

fn role_resource(namespace: &str) -> &'static str {
    if namespace.is_empty() { "clusterroles" } else { "roles" }
}

/// Verb `*` on everything (RBAC-34).
#[must_use]
pub fn full_authority() -> Vec<PolicyRule> {
    let all = || -> ringfort_model::List<Str> { vec![Str::new("*")].into() };
    vec![
        PolicyRule { verbs: all(), api_groups: all(), resources: all(), ..PolicyRule::default() },
        PolicyRule { verbs: all(), non_resource_urls: all(), ..PolicyRule::default() },
    ]
}
