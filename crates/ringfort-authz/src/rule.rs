//! Whether one rule allows one request (RBAC-01 to RBAC-08).

use ringfort_model::record::PolicyRule;
use ringfort_model::{List, Str};

/// The object names that a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// Every name, and requests without a name.
    Any,
    /// These names only; never a request without a name.
    Only(Vec<Str>),
}

impl Names {
    /// Whether a request with this name (empty for none) is allowed.
    #[must_use]
    pub fn allow(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.iter().any(|known| known == name),
        }
    }
}

/// A request on a resource, apart from namespace and name.
#[derive(Clone, Copy, Debug)]
pub struct RuleRequest<'a> {
    /// Verb.
    pub verb: &'a str,
    /// API group, empty for core.
    pub group: &'a str,
    /// Plural resource.
    pub resource: &'a str,
    /// Subresource, empty for none.
    pub subresource: &'a str,
}

impl<'a> RuleRequest<'a> {
    /// A request on `resource` or `resource/subresource`.
    #[must_use]
    pub fn of(verb: &'a str, group: &'a str, resource: &'a str) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Self { verb, group, resource, subresource }
    }

    /// Whether an entry of a rule's resources matches. A slash within the resource's own name,
    /// which only an access review can hold, begins no subresource.
    fn is_on(&self, entry: &str) -> bool {
        if entry == "*" {
            return true;
        }
        if self.subresource.is_empty() {
            return entry == self.resource;
        }
        let Some(named) = entry.strip_suffix(self.subresource).and_then(|e| e.strip_suffix('/'))
        else {
            return false;
        };
        named == "*" || named == self.resource
    }
}

/// Whether the rule allows the verb on the resource, and for which names. `*` is the only
/// wildcard, besides `*/subresource`.
#[must_use]
pub fn rule_names(rule: &PolicyRule, request: &RuleRequest<'_>) -> Option<Names> {
    let holds = |list: &List<Str>, wanted: &str| list.iter().any(|e| e == "*" || e == wanted);
    if !holds(&rule.verbs, request.verb) || !holds(&rule.api_groups, request.group) {
        return None;
    }
    if !rule.resources.iter().any(|entry| request.is_on(entry)) {
        return None;
    }
    Some(match rule.resource_names.is_empty() {
        true => Names::Any,
        false => Names::Only(rule.resource_names.to_vec()),
    })
}

/// Whether the rule allows a request on a path that is no resource (RBAC-08).
#[must_use]
pub fn rule_allows_path(rule: &PolicyRule, verb: &str, path: &str) -> bool {
    rule.verbs.iter().any(|entry| entry == "*" || entry == verb)
        && rule.non_resource_urls.iter().any(|entry| url_covers(entry, path))
}

/// Whether an entry of nonResourceURLs matches a path or covers another entry.
pub(crate) fn url_covers(entry: &str, path: &str) -> bool {
    entry == "*"
        || entry == path
        || (entry.ends_with('*') && path.starts_with(entry.trim_end_matches('*')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> PolicyRule {
        let list = |items: &[&str]| items.iter().map(|text| Str::new(text)).collect();
        PolicyRule {
            verbs: list(verbs),
            api_groups: list(groups),
            resources: list(resources),
            resource_names: list(names),
            ..PolicyRule::default()
        }
    }

    fn allows(rule: &PolicyRule, verb: &str, group: &str, resource: &str) -> bool {
        rule_names(rule, &RuleRequest::of(verb, group, resource)).is_some()
    }

    #[test]
    fn only_the_documented_wildcards_match() {
        assert!(allows(&rule(&["*"], &["*"], &["*"], &[]), "get", "apps", "deployments/scale"));
        assert!(!allows(&rule(&["get*"], &[""], &["pods"], &[]), "get", "", "pods"));
        assert!(!allows(&rule(&["GET"], &[""], &["pods"], &[]), "get", "", "pods"));
        assert!(!allows(&rule(&["get"], &[""], &["pods"], &[]), "get", "", "pods/log"));
        assert!(!allows(&rule(&["get"], &[""], &["pods/*"], &[]), "get", "", "pods/log"));
        assert!(allows(&rule(&["get"], &[""], &["*/log"], &[]), "get", "", "pods/log"));
        assert!(!allows(&rule(&["get"], &[""], &["*/*"], &[]), "get", "", "pods/log"));
        assert!(!allows(&rule(&["get"], &[""], &["*/log"], &[]), "get", "", "log"));
        assert!(!allows(&rule(&["get"], &["apps"], &["pods"], &[]), "get", "", "pods"));
    }

    #[test]
    fn a_slash_within_the_resource_of_a_review_begins_no_subresource() {
        let logs = rule(&["get"], &[""], &["*/log", "a/b/c"], &[]);
        let asked = |resource, subresource| {
            let request = RuleRequest { verb: "get", group: "", resource, subresource };
            rule_names(&logs, &request).is_some()
        };
        assert!(asked("pods", "log") && asked("a/b", "log"));
        assert!(asked("a/b", "c") && asked("a", "b/c") && asked("a/b/c", ""));
        assert!(!asked("pods/log", "") && !asked("pods/x", "y/log"));
    }

    #[test]
    fn names_have_no_wildcard() {
        let named = rule(&["get"], &[""], &["secrets"], &["*"]);
        let names = rule_names(&named, &RuleRequest::of("get", "", "secrets"))
            .expect("the rule allows some name");
        assert!(!names.allow("x"));
        assert!(!names.allow(""));
        assert!(names.allow("*"));
    }

    #[test]
    fn paths_match_by_prefix_with_a_trailing_star_only() {
        let urls = |entry: &str| PolicyRule {
            verbs: vec![Str::new("get")].into(),
            non_resource_urls: vec![Str::new(entry)].into(),
            ..PolicyRule::default()
        };
        assert!(!rule_allows_path(&urls("/foo/*"), "get", "/foo"));
        assert!(rule_allows_path(&urls("/foo/*"), "get", "/foo/bar"));
        assert!(rule_allows_path(&urls("/foo*"), "get", "/foobar"));
        assert!(rule_allows_path(&urls("/foo**"), "get", "/foobar"));
        assert!(!rule_allows_path(&urls("/foo*"), "head", "/foobar"));
        assert!(!rule_allows_path(&urls("/f*o"), "get", "/foo"));
    }
}
