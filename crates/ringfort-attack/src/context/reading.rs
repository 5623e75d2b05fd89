//! Which requests are answered with the object, so that whoever sends them reads it.
//!
//! Beside `get`, `list` and `watch` (apiserver `pkg/endpoints/handlers/{patch,delete}.go`,
//! `pkg/registry/generic/registry/store.go`):
//!
//! - `patch`, an empty one as well;
//! - `delete`: with `propagationPolicy` `Orphan` or `Foreground` a finalizer of the garbage collector
//!   keeps the object, and what is sent back is the object. A dry run does the same and leaves it as
//!   it is. Only Events have no dependents, so that these options do nothing;
//! - `deletecollection`, whose answer is the list. It carries no name, and namespaces have none.
//!
//! `create` and `update` show what was sent.

use ringfort_authz::{Names, RuleRequest, rule_names};
use ringfort_model::record::PolicyRule;

use super::{Context, Held};
use crate::node::Scope;

/// Verbs of requests on one object that are answered with it.
const NAMED: [&str; 5] = ["get", "list", "watch", "patch", "delete"];

/// What a rule lets be read of a resource: the first verb that does, and the names.
pub(crate) fn reads(
    rule: &PolicyRule,
    group: &str,
    resource: &str,
) -> Option<(&'static str, Names)> {
    let names = |verb| rule_names(rule, &RuleRequest::of(verb, group, resource));
    let kept = |verb: &str| verb == "delete" && is_event(group, resource);
    let named = NAMED.into_iter().filter(|verb| !kept(verb));
    let all = || match (group, resource) {
        ("", "namespaces") => None,
        _ => names("deletecollection").filter(|names| *names == Names::Any),
    };
    named
        .into_iter()
        .find_map(|verb| Some((verb, names(verb)?)))
        .or_else(|| Some(("deletecollection", all()?)))
}

fn is_event(group: &str, resource: &str) -> bool {
    resource == "events" && matches!(group, "" | "events.k8s.io")
}

impl Context<'_> {
    /// Every rule of every grant that shows objects of a resource.
    pub(crate) fn reading(
        &self,
        group: &'static str,
        resource: &'static str,
        namespaced: bool,
    ) -> Vec<Held> {
        let mut found = Vec::new();
        for (at, grant) in self.grants.iter().enumerate() {
            if !namespaced && grant.scope != Scope::Cluster {
                continue;
            }
            for (index, rule) in grant.rules.iter().enumerate() {
                let Some((verb, names)) = reads(rule, group, resource) else { continue };
                found.push(Held { grant: at, rule: index as u32, verb, group, resource, names });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(verb: &str, group: &str, resource: &str, names: &[&str]) -> Option<Names> {
        let rule = json!({"verbs": [verb], "apiGroups": [group], "resources": [resource],
            "resourceNames": names});
        let rule: PolicyRule = serde_json::from_value(rule).expect("a rule");
        reads(&rule, group, resource).map(|(_, names)| names)
    }

    #[test]
    fn an_object_is_read_by_what_is_answered_with_it() {
        for verb in ["get", "list", "watch", "patch", "delete", "deletecollection", "*"] {
            assert_eq!(read(verb, "", "configmaps", &[]), Some(Names::Any), "{verb}");
        }
        let named = Some(Names::Only(vec!["x".into()]));
        for verb in ["get", "list", "watch", "patch", "delete", "*"] {
            assert_eq!(read(verb, "apps", "deployments", &["x"]), named, "{verb}");
        }
        assert_eq!(read("deletecollection", "apps", "deployments", &["x"]), None);
        for verb in ["create", "update", "bind"] {
            assert_eq!(read(verb, "", "configmaps", &[]), None, "{verb}");
        }
    }

    #[test]
    fn events_have_no_dependents_and_namespaces_no_collection() {
        for group in ["", "events.k8s.io"] {
            assert_eq!(read("delete", group, "events", &[]), None);
            assert_eq!(read("deletecollection", group, "events", &[]), Some(Names::Any));
        }
        assert_eq!(read("delete", "example.com", "events", &[]), Some(Names::Any));
        assert_eq!(read("deletecollection", "", "namespaces", &[]), None);
        assert_eq!(read("delete", "", "namespaces", &[]), Some(Names::Any));
        assert_eq!(read("*", "", "namespaces", &[]), Some(Names::Any));
    }
}
