//! What somebody may do while acting as another by constrained impersonation: the other's rules,
//! limited to the requests that the requester's `impersonate-on:<mode>:<verb>` rules name
//! (RBAC-44; apiserver `pkg/endpoints/filters/impersonation/mode.go`).

use ringfort_model::record::PolicyRule;
use ringfort_model::{List, Str};

/// Verbs that a request on a resource can carry (apiserver `pkg/endpoints/request`). Other verbs
/// of rules are asked about beside a request and never sent.
pub const REQUEST_VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Verbs that the server asks about for the user who a request is made as. The limit is on the
/// request, so they are not limited.
pub const ASKED_BESIDE: [&str; 4] = ["approve", "bind", "escalate", "sign"];

/// The requests that both `rule` allows and `on` lets be made in the mode; `None` if there are
/// none. Verbs are spelled out, since `*` would take in impersonation, which is asked about for
/// the requester alone.
#[must_use]
pub fn limited(rule: &PolicyRule, on: &PolicyRule, mode: &str) -> Option<PolicyRule> {
    let lets =
        |verb: &str| on.verbs.has("*") || on.verbs.has(&format!("impersonate-on:{mode}:{verb}"));
    let allows = |verb: &str| rule.verbs.has("*") || rule.verbs.has(verb);
    let verbs = REQUEST_VERBS.into_iter().filter(|verb| lets(verb) && allows(verb));
    let met = PolicyRule {
        verbs: verbs.map(Str::new).collect(),
        api_groups: meet(&rule.api_groups, &on.api_groups, |a, b| match (a, b) {
            ("*", other) | (other, "*") => Some(Str::new(other)),
            (a, b) => (a == b).then(|| Str::new(a)),
        }),
        resources: meet(&rule.resources, &on.resources, resource),
        resource_names: match (rule.resource_names.is_empty(), on.resource_names.is_empty()) {
            (true, _) => on.resource_names.clone(),
            (_, true) => rule.resource_names.clone(),
            (false, false) => {
                let both = rule.resource_names.iter().filter(|name| on.resource_names.has(name));
                let both: List<Str> = both.cloned().collect();
                if both.is_empty() {
                    return None;
                }
                both
            }
        },
        ..PolicyRule::default()
    };
    (!met.verbs.is_empty() && !met.api_groups.is_empty() && !met.resources.is_empty())
        .then_some(met)
}

/// The part of a rule that is asked about beside requests.
#[must_use]
pub fn asked_beside(rule: &PolicyRule) -> Option<PolicyRule> {
    let has = |verb: &&str| rule.verbs.has("*") || rule.verbs.has(verb);
    let verbs: List<Str> = ASKED_BESIDE.into_iter().filter(has).map(Str::new).collect();
    (!verbs.is_empty()).then(|| PolicyRule { verbs, ..rule.clone() })
}

/// Entries that lie in an entry of both lists.
fn meet(a: &[Str], b: &[Str], one: impl Fn(&str, &str) -> Option<Str>) -> List<Str> {
    let mut found: Vec<Str> =
        a.iter().flat_map(|a| b.iter().filter_map(|b| one(a, b)).collect::<Vec<_>>()).collect();
    found.sort();
    found.dedup();
    found.into()
}

/// What two entries of `resources` have in common: `*` is everything, `*/sub` that subresource
/// of everything, anything else itself.
fn resource(a: &str, b: &str) -> Option<Str> {
    let within = |wide: &str, narrow: &str| {
        wide == "*"
            || wide == narrow
            || wide
                .strip_prefix("*/")
                .is_some_and(|sub| narrow.split_once('/').is_some_and(|(_, own)| own == sub))
    };
    if within(a, b) {
        return Some(Str::new(b));
    }
    within(b, a).then(|| Str::new(a))
}
