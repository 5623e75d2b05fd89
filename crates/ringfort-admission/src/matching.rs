//! Does a policy, a binding or a webhook see a request? (semantics ADM-02, ADM-04)
//!
//! Follows apiserver `pkg/admission/plugin/policy/matching/matching.go` and
//! `pkg/admission/plugin/webhook/predicates/{rules,namespace,object}`.

use ringfort_model::record::{LabelSelector, MatchResources, RuleWithOperations};
use ringfort_model::{List, Map, Str};

use crate::request::{Request, labels_of};
use crate::rules::rules;

/// Whether something is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    Unknown(String),
}

impl Match {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Both: one `No` decides.
    pub(crate) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes => other(),
            Self::No => Self::No,
            Self::Unknown(reason) => match other() {
                Self::No => Self::No,
                _ => Self::Unknown(reason),
            },
        }
    }

    /// Any: one `Yes` decides.
    fn any(all: impl Iterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for one in all {
            match one {
                Self::Yes => return Self::Yes,
                Self::No => {}
                unknown @ Self::Unknown(_) => result = unknown,
            }
        }
        result
    }
}

/// What is wrong with a selector, if anything (apimachinery `LabelSelectorAsSelector`).
pub(crate) fn selector_problem(selector: &LabelSelector) -> Option<String> {
    selector.match_expressions.iter().find_map(|need| match need.operator.as_str() {
        "In" | "NotIn" if need.values.is_empty() => {
            Some(format!("operator {} of \"{}\" needs values", need.operator, need.key))
        }
        "Exists" | "DoesNotExist" if !need.values.is_empty() => {
            Some(format!("operator {} of \"{}\" takes no values", need.operator, need.key))
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => None,
        other => Some(format!("\"{other}\" is not a selector operator")),
    })
}

/// Whether labels satisfy a selector. Absent and empty ones select everything. `labels` is
/// `None` where they are not known.
pub(crate) fn selects(selector: Option<&LabelSelector>, labels: Option<&Map>) -> Match {
    let Some(selector) = selector else { return Match::Yes };
    let rule = &rules().switches;
    if is_empty(selector) {
        return Match::of(rule.empty_selects_everything);
    }
    if let Some(problem) = selector_problem(selector) {
        return match rule.wrong_selector_is_unknown {
            true => Match::Unknown(problem),
            false => Match::No,
        };
    }
    match labels {
        Some(labels) => Match::of(selector.matches(labels)),
        None => Match::Unknown("the labels are not known".to_owned()),
    }
}

pub(crate) fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.is_empty() && selector.match_expressions.is_empty()
}

/// Whether the selector for namespaces takes the request. A cluster-scoped object has no
/// namespace and is taken; a Namespace is its own.
pub(crate) fn in_namespace(
    selector: Option<&LabelSelector>,
    request: &Request,
    namespace_labels: Option<&Map>,
) -> Match {
    let rule = &rules().switches;
    if !rule.namespace_selector_counts {
        return Match::Yes;
    }
    let own = rule.namespace_is_its_own;
    if own && request.resource.is_namespaces() && request.subresource.is_empty() {
        let object = request.object.as_ref().or(request.old_object.as_ref());
        return selects(selector, object.map(labels_of).as_ref());
    }
    if request.namespace.is_empty() {
        return Match::of(rule.no_namespace_is_taken);
    }
    if request.free_namespace && selector.is_some_and(can_be_evaded) {
        return Match::No;
    }
    selects(selector, namespace_labels)
}

/// Whether somebody who may label a namespace can keep a selector from taking it. The label
/// with its name is set by the server.
fn can_be_evaded(selector: &LabelSelector) -> bool {
    let name = "kubernetes.io/metadata.name";
    selector.match_labels.iter().any(|(key, _)| *key != *name)
        || selector.match_expressions.iter().any(|need| need.key != *name)
}

/// Whether the selector for objects takes the object before or after.
pub(crate) fn on_object(selector: Option<&LabelSelector>, request: &Request) -> Match {
    let rule = &rules().switches;
    if selector.is_none_or(is_empty) || !rule.object_selector_counts {
        return Match::Yes;
    }
    if request.free_labels {
        return Match::No;
    }
    if request.open_object {
        return Match::Unknown("the labels of the object are not known".to_owned());
    }
    let objects = [
        request.object.as_ref().filter(|_| rule.new_object_counts),
        request.old_object.as_ref().filter(|_| rule.old_object_counts),
    ];
    // An object without metadata (PodExecOptions) is not selected.
    let known = objects.into_iter().flatten().filter(|object| object["metadata"].is_object());
    Match::any(known.map(|object| selects(selector, Some(&labels_of(object)))))
}

/// Whether a rule takes the request as being of that group and version.
fn rule_matches(rule: &RuleWithOperations, request: &Request, group: &str, version: &str) -> bool {
    let table = &rules().switches;
    let has = |list: &List<Str>, wanted: &str, star: bool| {
        list.iter().any(|entry| (entry == "*" && star) || entry == wanted)
    };
    let resource = &request.resource;
    let in_cluster = resource.is_namespaces() && table.namespaces_are_cluster_scoped;
    let scope = match rule.scope.as_deref().filter(|_| table.scope_counts) {
        None | Some("*" | "") => true,
        Some("Namespaced") => !in_cluster && !request.namespace.is_empty(),
        Some("Cluster") => in_cluster || request.namespace.is_empty(),
        Some(_) => false,
    };
    let resources = rule.resources.iter().any(|entry| {
        let (name, sub) = entry.split_once('/').unwrap_or((entry, ""));
        let whole = entry.split_once('/').is_none()
            && ((entry == "*" && table.resource_star_is_subresources)
                || table.resource_is_subresources);
        ((name == "*" && table.resource_star) || name == resource.resource)
            && ((sub == "*" && table.subresource_star) || sub == request.subresource || whole)
    });
    scope
        && resources
        && has(&rule.operations, request.operation.name(), table.operation_star)
        && has(&rule.api_groups, group, table.group_star)
        && has(&rule.api_versions, version, table.version_star)
}

/// Whether any rule takes the request, or a version of it that is the same resource. `free`
/// is what a rule for certain names does where the maker of the object may choose its name.
pub(crate) fn by_rules(
    list: &List<RuleWithOperations>,
    match_policy: Option<&str>,
    request: &Request,
    free: bool,
) -> Match {
    let table = &rules().switches;
    let named = |rule: &RuleWithOperations| {
        let nameless = request.open_object && request.name.is_empty() && !request.free_labels;
        if nameless && !rule.resource_names.is_empty() {
            return Match::Unknown("the name of the object is not known".to_owned());
        }
        Match::of(match (rule.resource_names.is_empty(), request.free_labels) {
            (true, _) => table.no_names_is_any_name,
            (false, true) => free,
            (false, false) => rule.resource_names.has(&request.name) || !table.names_count,
        })
    };
    let at = |group: &str, version: &str| {
        Match::any(
            list.iter().filter(|rule| rule_matches(rule, request, group, version)).map(named),
        )
    };
    let (group, version) = (request.resource.group.as_str(), request.resource.version.as_str());
    let exact = at(group, version);
    let only = match match_policy {
        Some("Exact") => table.exact_is_exact,
        Some(_) => false,
        None => !table.equivalent_by_default,
    };
    if exact == Match::Yes || only {
        return exact;
    }
    match request.resource.equivalents() {
        Some(others) => Match::any(others.into_iter().map(|(group, version)| at(group, version))),
        None => {
            // Which other versions are served is not known: a rule for another one may match.
            let other = list.iter().any(|rule| {
                rule.api_versions.iter().any(|version| rule_matches(rule, request, group, version))
            });
            match other && table.other_versions_are_unknown {
                true => Match::Unknown("the served versions are not known".to_owned()),
                false => Match::No,
            }
        }
    }
}

/// Whether MatchResources of a policy or binding take the request. Absent takes everything.
pub(crate) fn by_resources(
    resources: Option<&MatchResources>,
    request: &Request,
    namespace_labels: Option<&Map>,
) -> Match {
    let Some(resources) = resources else { return Match::Yes };
    let policy = resources.match_policy.as_deref();
    let table = &rules().switches;
    in_namespace(resources.namespace_selector.as_ref(), request, namespace_labels)
        .and(|| on_object(resources.object_selector.as_ref(), request))
        .and(|| match by_rules(&resources.exclude_resource_rules, policy, request, true) {
            Match::Yes if table.exclusions_count => Match::No,
            Match::Yes | Match::No => Match::Yes,
            unknown @ Match::Unknown(_) => unknown,
        })
        .and(|| match resources.resource_rules.is_empty() {
            true => Match::of(table.no_rules_is_everything),
            false => by_rules(&resources.resource_rules, policy, request, false),
        })
}
