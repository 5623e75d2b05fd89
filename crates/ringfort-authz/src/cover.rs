//! Whether rules give everything that other rules give (RBAC-32; upstream
//! `component-helpers/auth/rbac/validation/policy_comparator.go`).
//!
//! The comparison is of texts, tuple by tuple: `*` is covered by `*` alone, and each tuple
//! must be covered by one single rule.

use ringfort_model::Str;
use ringfort_model::record::PolicyRule;

use crate::rule::{group_is, resource_is, url_covers, verb_is};
use crate::rules::rules;

/// Whether every tuple of `wanted` is covered by one rule of `owner`.
#[must_use]
pub fn covers(owner: &[&PolicyRule], wanted: &[PolicyRule]) -> bool {
    uncovered(owner, wanted).is_empty()
}

/// The tuples of `wanted` that no rule of `owner` covers, as text.
#[must_use]
pub fn uncovered(owner: &[&PolicyRule], wanted: &[PolicyRule]) -> Vec<String> {
    let mut missing = Vec::new();
    for rule in wanted {
        for group in &rule.api_groups {
            for resource in &rule.resources {
                for verb in &rule.verbs {
                    for name in names(rule) {
                        let tuple = Tuple { verb, group, resource, name };
                        if !owner.iter().any(|rule| tuple.is_covered_by(rule)) {
                            missing.push(tuple.text());
                        }
                    }
                }
            }
        }
        for url in &rule.non_resource_urls {
            for verb in &rule.verbs {
                let covered = owner.iter().any(|rule| {
                    verb_covered(rule, verb)
                        && rule.resource_names.is_empty()
                        && rule.non_resource_urls.iter().any(|entry| url_covers(entry, url))
                });
                if !covered {
                    missing.push(format!("{verb} {url}"));
                }
            }
        }
    }
    missing
}

fn names(rule: &PolicyRule) -> Vec<Option<&Str>> {
    if rule.resource_names.is_empty() {
        return vec![None];
    }
    rule.resource_names.iter().map(Some).collect()
}

fn verb_covered(owner: &PolicyRule, verb: &str) -> bool {
    owner.verbs.iter().any(|entry| verb_is(entry, verb))
        || (rules().list_covers_star && verb == "*" && owner.verbs.len() > 1)
}

struct Tuple<'a> {
    verb: &'a str,
    group: &'a str,
    resource: &'a str,
    name: Option<&'a Str>,
}

impl Tuple<'_> {
    fn is_covered_by(&self, owner: &PolicyRule) -> bool {
        let name = owner.resource_names.is_empty()
            || self.name.is_some_and(|name| owner.resource_names.contains(name))
            || (rules().names_cover_unnamed && self.name.is_none());
        // Upstream takes the tuple for a request, whose subresource begins at the first slash.
        let (resource, sub) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        verb_covered(owner, self.verb)
            && owner.api_groups.iter().any(|entry| group_is(entry, self.group))
            && owner.resources.iter().any(|entry| resource_is(entry, resource, sub))
            && name
    }

    fn text(&self) -> String {
        let group = if self.group.is_empty() { "core" } else { self.group };
        let name = self.name.map_or_else(String::new, |name| format!("/{name}"));
        format!("{} {group}/{}{name}", self.verb, self.resource)
    }
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

    #[test]
    fn cover_is_syntactic() {
        let get = rule(&["get", "list"], &[""], &["pods", "secrets"], &[]);
        let star = rule(&["*"], &[""], &["pods"], &[]);
        assert!(covers(&[&star], &[rule(&["get"], &[""], &["pods"], &["a"])]));
        assert!(!covers(&[&get], &[rule(&["*"], &[""], &["pods"], &[])]));
        assert!(!covers(&[&get], &[rule(&["get"], &["*"], &["pods"], &[])]));
        let named = rule(&["get"], &[""], &["pods"], &["a"]);
        assert!(!covers(&[&named], &[rule(&["get"], &[""], &["pods"], &[])]));
        assert!(covers(
            &[&rule(&["get"], &[""], &["*/log"], &[])],
            &[rule(&["get"], &[""], &["pods/log"], &[])]
        ));
        // A rule without groups gives nothing and asks for nothing.
        assert!(covers(&[], &[rule(&["get"], &[], &["pods"], &[])]));
        // One single rule must cover a tuple.
        let a = rule(&["get"], &[""], &["pods"], &["a"]);
        let b = rule(&["get"], &[""], &["pods"], &["b"]);
        assert!(covers(&[&a, &b], &[rule(&["get"], &[""], &["pods"], &["a", "b"])]));
    }

    #[test]
    fn urls_are_covered_by_prefix() {
        let urls = |entry: &str| PolicyRule {
            verbs: vec![Str::new("get")].into(),
            non_resource_urls: vec![Str::new(entry)].into(),
            ..PolicyRule::default()
        };
        assert!(covers(&[&urls("/a/*")], &[urls("/a/b")]));
        assert!(covers(&[&urls("/a*")], &[urls("/a/*")]));
        assert!(!covers(&[&urls("/a/b")], &[urls("/a/*")]));
    }
}
