//! What validating policies would refuse of what exists: the creation of each object as it stands.
//!
//! Who matches, with which parameters, and what the expressions say is decided as for any request.
//! What was written after an object was admitted is no part of its creation: a policy that looks
//! at it is not decided. Mutators have had their say about what a server stored; where they may
//! still change what a manifest holds, nothing is decided.

use std::collections::BTreeSet;

use ringfort_model::record::PolicyBinding;
use ringfort_model::{Cluster, KubeVersion, SourceKind, Str};
use serde_json::Value as Json;

use crate::admission::{Admission, Bound, Options};
use crate::cel::Words;
use crate::matching::{Match, by_resources};
use crate::params::{self, Given, Params};
use crate::policy::{Asked, Said};
use crate::request::Request;
use crate::resource::ResourceType;
use crate::rules::rules;

/// Validating policies to be asked about objects.
#[derive(Debug)]
pub struct Refusals<'c> {
    /// The cluster that the objects are in, with what may change them.
    around: Admission<'c>,
    asked: Vec<Asks<'c>>,
    parameters: Vec<Json>,
    complete: BTreeSet<(String, String)>,
    /// Whether the server asks policies at all; `None` if that is not known.
    on: Option<bool>,
}

#[derive(Debug)]
struct Asks<'c> {
    bound: Bound<'c>,
    words: Words,
    /// For each validation the field that it looks at.
    fields: Vec<String>,
}

/// What a policy says of an object through one of its bindings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The binding.
    pub binding: Str,
    /// Whether it denies, warns or audits, the strictest.
    pub action: Action,
    /// What is said.
    pub says: Says,
}

/// What a binding does with what a policy refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Action {
    Audit,
    Warn,
    Deny,
}

impl Action {
    /// As the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "Audit",
            Self::Warn => "Warn",
            Self::Deny => "Deny",
        }
    }

    /// The strictest of a binding; none if it names none.
    fn of(binding: &PolicyBinding) -> Option<Self> {
        let actions = &binding.spec.as_ref()?.validation_actions;
        [Self::Deny, Self::Warn, Self::Audit].into_iter().find(|one| actions.has(one.name()))
    }
}

/// What is said of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// Nothing against it.
    Passes,
    /// It is refused.
    Refuses {
        /// What the server would say.
        message: String,
        /// The expression that is not true; empty where none was reached.
        expression: String,
        /// The field that it looks at, or the one around all of them; empty for the object.
        field: String,
    },
    /// Not decided.
    Unknown(String),
}

impl<'c> Refusals<'c> {
    /// The policies of one cluster, to be asked about the objects of another one, which may be the
    /// same: then the server must be one that asks policies.
    #[must_use]
    pub fn new(policies: &'c Cluster, cluster: &'c Cluster, version: Option<KubeVersion>) -> Self {
        let own = std::ptr::eq(policies, cluster);
        let around = Admission::new(cluster, version, Options::default());
        let given = Admission::new(policies, version, Options::default());
        let on = match own {
            true => around.policies_on(rules().validating),
            false => Some(true),
        };
        let validating = given.policies.into_iter().filter(|one| !one.policy.mutating);
        let asks = |bound: Bound<'c>| Asks {
            words: bound.policy.words(),
            fields: bound.policy.fields(),
            bound,
        };
        Self {
            asked: validating.map(asks).collect(),
            around,
            parameters: Vec::new(),
            complete: BTreeSet::new(),
            on,
        }
    }

    /// Names of the policies, in the order of their positions.
    pub fn names(&self) -> impl Iterator<Item = &Str> {
        self.asked.iter().map(|one| &one.bound.policy.name)
    }

    /// Whether a policy has a binding; without one it does nothing.
    #[must_use]
    pub fn is_bound(&self, at: usize) -> bool {
        !self.asked[at].bound.bindings.is_empty()
    }

    /// Whether the server asks policies at all; `None` if that is not known.
    #[must_use]
    pub fn are_on(&self) -> Option<bool> {
        self.on
    }

    /// Kinds of parameters, by group with version and kind.
    #[must_use]
    pub fn parameter_kinds(&self) -> BTreeSet<(String, String)> {
        let kinds = self.asked.iter().filter_map(|one| one.bound.policy.param_kind);
        kinds.map(|kind| (kind.api_version.to_string(), kind.kind.to_string())).collect()
    }

    /// Gives parameter objects, and the kinds of which there are no others.
    pub fn give(&mut self, objects: Vec<Json>, complete: BTreeSet<(String, String)>) {
        self.parameters.extend(objects);
        self.complete.extend(complete);
    }

    /// Whether some policy asks about the namespace of an object.
    #[must_use]
    pub fn read_namespaces(&self) -> bool {
        self.asked.iter().any(|one| one.bound.policy.reads_namespace)
    }

    /// Whether a policy may see the creation of objects of a resource, wherever and whatever
    /// they are.
    #[must_use]
    pub fn sees(&self, at: usize, resource: &ResourceType) -> bool {
        if resource.skips_policies() {
            return false;
        }
        let Some(constraints) = self.asked[at].bound.policy.constraints else { return true };
        let has = |list: &ringfort_model::List<Str>, wanted: &str| {
            list.iter().any(|one| one == "*" || one == wanted)
        };
        constraints.resource_rules.is_empty()
            || constraints.resource_rules.iter().any(|rule| {
                has(&rule.operations, "CREATE")
                    && has(&rule.api_groups, &resource.group)
                    && has(&rule.resources, &resource.resource)
            })
    }

    /// Resources that a policy names, as `plural` or `plural.group`, and whether it names
    /// others by `*`.
    #[must_use]
    pub fn resources(&self, at: usize) -> (BTreeSet<String>, bool) {
        let mut named = BTreeSet::new();
        let constraints = self.asked[at].bound.policy.constraints;
        let rules = constraints.map(|one| &one.resource_rules);
        let mut others = rules.is_none_or(|list| list.is_empty());
        for rule in rules.into_iter().flat_map(|list| list.iter()) {
            if !rule.operations.iter().any(|one| one == "*" || one == "CREATE") {
                continue;
            }
            for group in &rule.api_groups {
                for resource in rule.resources.iter().filter(|one| !one.contains('/')) {
                    match (group.as_str(), resource.as_str()) {
                        ("*", _) | (_, "*") => others = true,
                        ("", plural) => {
                            named.insert(plural.to_owned());
                        }
                        (group, plural) => {
                            named.insert(format!("{plural}.{group}"));
                        }
                    }
                }
            }
        }
        (named, others)
    }

    /// What a policy says of an object that [stands](Request::standing), through each binding
    /// that is asked about it.
    #[must_use]
    pub fn ask(&self, at: usize, request: &Request) -> Vec<Refusal> {
        let Asks { bound, words, fields } = &self.asked[at];
        if request.resource.skips_policies() || self.on == Some(false) {
            return Vec::new();
        }
        let cluster = self.around.cluster;
        let namespace = match request.namespace.is_empty() {
            true => None,
            false => cluster.namespaces.get("", &request.namespace),
        };
        let labels = self.around.labels_of_namespace(&request.namespace);
        let asked = Asked {
            request,
            namespace,
            namespace_labels: labels.as_ref(),
            cluster,
            given: Given { objects: &self.parameters, complete: Some(&self.complete) },
        };
        let policy = &bound.policy;
        let seen = by_resources(policy.constraints, request, asked.namespace_labels);
        if seen == Match::No {
            return Vec::new();
        }
        let mut found = Vec::new();
        for binding in &bound.bindings {
            let Some(spec) = &binding.spec else { continue };
            let Some(mut action) = Action::of(binding) else { continue };
            let resources = spec.match_resources.as_ref();
            let here = || by_resources(resources, request, asked.namespace_labels);
            let says = match seen.clone().and(here) {
                Match::No => continue,
                Match::Unknown(reason) => vec![Says::Unknown(reason)],
                Match::Yes => match self.doubt(words, &asked) {
                    Some(reason) => vec![Says::Unknown(reason)],
                    None => match through((bound, fields), binding, &asked) {
                        Ok(says) => says,
                        // An error of configuration refuses whatever the actions are.
                        Err(message) => {
                            action = Action::Deny;
                            let (expression, field) = (String::new(), String::new());
                            vec![Says::Refuses { message, expression, field }]
                        }
                    },
                },
            };
            let name = &binding.metadata.name;
            found.extend(says.into_iter().map(|says| Refusal {
                binding: name.clone(),
                action,
                says,
            }));
        }
        found
    }

    /// Why a policy that is asked about an object is not decided, whatever it says.
    fn doubt(&self, words: &Words, asked: &Asked<'_>) -> Option<String> {
        if self.on.is_none() {
            return Some("policies may be off on this server".to_owned());
        }
        let whole = asked.request.whole.as_ref()?;
        if let Some(field) = words.first_of(&whole.unread) {
            return Some(format!("{field} is not known"));
        }
        if let Some(field) = words.first_of(&whole.later) {
            return Some(format!("{field} was written after the object was created"));
        }
        if asked.cluster.source != SourceKind::Manifests {
            return None;
        }
        let webhooks = self.around.webhooks.iter().filter(|one| one.mutating);
        let mut changers = webhooks.filter(|one| one.called(asked) != Match::No);
        if let Some(webhook) = changers.next() {
            return Some(format!("webhook {} may change the object first", webhook.record.name));
        }
        let mutating = self.around.policies.iter().filter(|one| one.policy.mutating);
        let mut changers = mutating.filter(|one| {
            let seen = by_resources(one.policy.constraints, asked.request, asked.namespace_labels);
            !one.bindings.is_empty() && seen != Match::No
        });
        let policy = changers.next()?;
        Some(format!("{} may change the object first", policy.policy.control(None)))
    }
}

/// What a policy says with each parameter of a binding: everything that is not true, or that all
/// is; nothing if it is asked with none. The error is one of configuration that refuses.
fn through(
    (bound, fields): (&Bound<'_>, &[String]),
    binding: &PolicyBinding,
    asked: &Asked<'_>,
) -> Result<Vec<Says>, String> {
    let policy = &bound.policy;
    let reference = binding.spec.as_ref().and_then(|spec| spec.param_ref.as_ref());
    let namespace = asked.request.namespace.as_str();
    let found =
        params::collect(policy.param_kind, reference, namespace, asked.cluster, asked.given);
    let values = match found {
        Params::Error(reason) if policy.fails_closed => return Err(reason),
        Params::Error(_) => Vec::new(),
        Params::Unknown(reason) => return Ok(vec![Says::Unknown(reason)]),
        Params::Each(values) => values,
    };
    let mut says = Vec::new();
    let mut is_asked = false;
    for judged in values.into_iter().filter_map(|value| policy.judge(&value, asked)) {
        is_asked = true;
        says.extend(judged.said.into_iter().map(|one| match (one, &judged.doubt) {
            (_, Some(doubt)) => Says::Unknown(doubt.clone()),
            (Said::Unknown(reason), None) => Says::Unknown(reason),
            (Said::Denied { message, expression }, None) => {
                let known = expression.as_ref().and_then(|text| {
                    let at = policy.checks.iter().position(|check| check.text == *text)?;
                    fields.get(at).cloned()
                });
                let expression = expression.map_or_else(String::new, |text| text.to_string());
                Says::Refuses { message, expression, field: known.unwrap_or_default() }
            }
        }));
    }
    if is_asked && says.is_empty() {
        says.push(Says::Passes);
    }
    Ok(says)
}
