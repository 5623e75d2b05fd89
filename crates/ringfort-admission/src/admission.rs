//! The question itself: would this request be admitted?

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_model::record::{LabelSelector, MatchResources, PolicyBinding};
use ringfort_model::{Cluster, Kind, KubeVersion, Map, SourceKind, Str};
use serde_json::Value as Json;

use crate::compiled::{Policy, check_resources};
use crate::decision::{Control, Decision, Finding, Problem, Tally};
use crate::engine::Engines;
use crate::matching::{Match, selects};
use crate::params::Given;
use crate::pod_security::{self, Exemptions};
use crate::policy::Asked;
use crate::request::Request;
use crate::rules::rules;
use crate::sketch::Shape;
use crate::webhook::Webhook;

/// What the cluster's objects do not say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Exemptions of the Pod Security plug-in.
    pub exemptions: Exemptions,
    /// Parameter objects of policies, whole.
    pub parameters: Vec<Json>,
}

/// A policy with its bindings.
#[derive(Debug)]
pub(crate) struct Bound<'c> {
    pub(crate) policy: Policy<'c>,
    pub(crate) bindings: Vec<&'c PolicyBinding>,
}

/// Everything that has a say in admission, ready to be asked.
#[derive(Debug)]
pub struct Admission<'c> {
    pub(crate) cluster: &'c Cluster,
    pub(crate) version: Option<KubeVersion>,
    pub(crate) options: Options,
    pub(crate) policies: Vec<Bound<'c>>,
    pub(crate) webhooks: Vec<Webhook<'c>>,
    pub(crate) engines: Engines,
    problems: Vec<Problem>,
}

impl<'c> Admission<'c> {
    /// Reads every policy and webhook of the cluster. `version` is the server's, if known.
    #[must_use]
    pub fn new(cluster: &'c Cluster, version: Option<KubeVersion>, options: Options) -> Self {
        let mut problems = Vec::new();
        let mut policies = Vec::new();
        let validating = by_policy(&cluster.validating_policy_bindings);
        for record in &cluster.validating_policies {
            if let Some(policy) = Policy::validating(record, version, &mut problems) {
                let bindings = validating.get(&policy.name).cloned().unwrap_or_default();
                policies.push(Bound { policy, bindings });
            }
        }
        let mutating = by_policy(&cluster.mutating_policy_bindings);
        for record in &cluster.mutating_policies {
            if let Some(policy) = Policy::mutating(record, version, &mut problems) {
                let bindings = mutating.get(&policy.name).cloned().unwrap_or_default();
                policies.push(Bound { policy, bindings });
            }
        }
        for (kind, bindings) in [
            ("ValidatingAdmissionPolicyBinding", &cluster.validating_policy_bindings),
            ("MutatingAdmissionPolicyBinding", &cluster.mutating_policy_bindings),
        ] {
            for binding in bindings {
                let Some(spec) = &binding.spec else { continue };
                let object = format!("{kind} {}", binding.metadata.name);
                let resources = spec.match_resources.as_ref();
                check_resources(&object, "spec.matchResources", resources, &mut problems);
            }
        }
        let mut webhooks = Vec::new();
        for (configurations, mutating) in
            [(&cluster.mutating_webhooks, true), (&cluster.validating_webhooks, false)]
        {
            for one in configurations {
                webhooks.extend(Webhook::all(one, mutating, version, &mut problems));
            }
        }
        problems.sort();
        let engines = Engines::of(cluster);
        Self { cluster, version, options, policies, webhooks, engines, problems }
    }

    /// What in policies and webhooks the server would not accept or is not understood.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether the request would be admitted.
    #[must_use]
    pub fn would_admit(&self, request: &Request) -> Decision {
        let mut tally = Tally::default();
        let namespace = match request.namespace.is_empty() {
            true => None,
            false => self.cluster.namespaces.get("", &request.namespace),
        };
        let labels = self.labels_of_namespace(&request.namespace);
        let asked = Asked {
            request,
            namespace,
            namespace_labels: labels.as_ref(),
            cluster: self.cluster,
            given: Given::all(&self.options.parameters),
        };
        self.unlisted(request, labels.is_none(), &mut tally);
        if request.known().is_some() {
            self.validate_shape(&asked, &mut tally);
            return tally.decide();
        }
        let mut made = None;
        if !request.resource.skips_policies() && self.policies.iter().any(|p| p.policy.mutating) {
            let object = self.mutated(&asked, &mut tally);
            made = Some(Request { object, ..request.clone() });
        }
        let asked = Asked { request: made.as_ref().unwrap_or(request), ..asked };
        if !request.resource.skips_webhooks() {
            for webhook in self.webhooks.iter().filter(|webhook| webhook.mutating) {
                webhook.ask(&asked, &self.engines, &mut tally);
            }
        }
        if tally.changes.is_empty() {
            self.validate(&asked, &mut tally);
        } else {
            self.validate_changed(&asked, request, &mut tally);
        }
        tally.decide()
    }

    /// Asks everything that only says yes or no.
    fn validate(&self, asked: &Asked<'_>, tally: &mut Tally) {
        let request = asked.request;
        let exempt = &self.options.exemptions;
        let labels = asked.namespace_labels.cloned().unwrap_or_default();
        pod_security::ask(request, &labels, self.version, exempt, tally);
        if !request.resource.skips_policies() {
            for bound in self.policies.iter().filter(|bound| !bound.policy.mutating) {
                self.ask_policy(bound, asked, tally);
            }
        }
        if !request.resource.skips_webhooks() {
            for webhook in self.webhooks.iter().filter(|webhook| !webhook.mutating) {
                webhook.ask(asked, &self.engines, tally);
            }
        }
    }

    /// Asks about every object of a shape. Whatever mutators make of what is sent, what is
    /// stored is of the shape or no longer what the question is about; what they see themselves
    /// is not known.
    fn validate_shape(&self, asked: &Asked<'_>, tally: &mut Tally) {
        let sent = Request { shape: None, ..asked.request.clone() };
        let seen = Asked { request: &sent, ..*asked };
        if !sent.resource.skips_policies() && self.policies.iter().any(|p| p.policy.mutating) {
            self.mutated(&seen, tally);
        }
        if !sent.resource.skips_webhooks() {
            for webhook in self.webhooks.iter().filter(|webhook| webhook.mutating) {
                webhook.ask(&seen, &self.engines, tally);
            }
        }
        self.validate(asked, tally);
    }

    /// Asks about an object that something may have changed. What refuses every object, or every
    /// one of the shape, refuses this one. Everything else that refuses the object as it is may
    /// let through what it becomes.
    fn validate_changed(&self, asked: &Asked<'_>, sent: &Request, tally: &mut Tally) {
        let mut every = Tally::default();
        let object = sent.object.clone();
        let shape = sent.shape.as_deref().map(|one| Shape { refused: true, ..one.clone() });
        let open = Request {
            open_object: true,
            object,
            shape: shape.map(Arc::new),
            ..asked.request.clone()
        };
        self.validate(&Asked { request: &open, ..*asked }, &mut every);
        let mut as_is = Tally::default();
        self.validate(asked, &mut as_is);
        let proven: Vec<Control> = every.refused.iter().map(|one| one.control.clone()).collect();
        let by = tally.changes.first().map_or_else(String::new, |one| one.control.to_string());
        for one in as_is.refused {
            if !proven.contains(&one.control) {
                let reason = format!("{}; {by} may change what it refuses", one.reason);
                tally.unknown.push(Finding::new(one.control, reason));
            }
        }
        tally.refused.extend(every.refused);
        tally.unknown.extend(as_is.unknown);
        tally.warnings.extend(as_is.warnings);
        tally.ineffective.extend(as_is.ineffective);
    }

    /// A policy on a server where policies may be off refuses only perhaps.
    fn ask_policy(&self, bound: &Bound<'_>, asked: &Asked<'_>, tally: &mut Tally) {
        let on = self.policies_on(rules().validating);
        if on == Some(true) {
            bound.policy.ask(&bound.bindings, asked, tally);
        } else if on.is_none() {
            let mut apart = Tally::default();
            bound.policy.ask(&bound.bindings, asked, &mut apart);
            let doubt = |one: Finding| {
                Finding::new(one.control, "policies may be off on this server".to_owned())
            };
            tally.unknown.extend(apart.refused.into_iter().map(doubt));
            tally.unknown.extend(apart.unknown);
            tally.ineffective.extend(apart.ineffective);
        }
    }

    /// Whether the server asks policies of a sort. Where the version is not known and the
    /// policies were read from a server, it serves them.
    pub(crate) fn policies_on(&self, (on_since, exists_since): (u32, u32)) -> Option<bool> {
        match self.version {
            Some(version) if version.minor >= on_since => Some(true),
            Some(version) if version.minor < exists_since => Some(false),
            Some(_) => None,
            None => Some(true),
        }
    }

    /// Labels of a namespace, the one that the server sets included; `None` if not known.
    pub(crate) fn labels_of_namespace(&self, name: &str) -> Option<Map> {
        let known = self.cluster.namespaces.get("", name);
        let labels = match known {
            Some(namespace) => namespace.metadata.labels.clone(),
            // What a manifest does not define is made without labels, or exists already.
            None if self.cluster.source == SourceKind::Manifests => return None,
            None if self.cluster.coverage.is_complete(Kind::Namespace) => Map::default(),
            None => return None,
        };
        if !rules().switches.namespaces_carry_their_name {
            return Some(labels);
        }
        let own = (Str::new("kubernetes.io/metadata.name"), Str::new(name));
        Some(labels.iter().map(|(key, value)| (key.clone(), value.clone())).chain([own]).collect())
    }

    /// Controls that may exist without having been read.
    fn unlisted(&self, request: &Request, namespace: bool, tally: &mut Tally) {
        let mut add = |resource: &str, reason: &str| {
            let control = Control::Unlisted(Str::new(resource));
            tally.unknown.push(Finding::new(control, reason));
        };
        if namespace && !request.namespace.is_empty() {
            add("namespaces", &format!("namespace {} was not read", request.namespace));
        }
        let on = |since| self.policies_on(since) != Some(false);
        let policies = !request.resource.skips_policies();
        let webhooks = !request.resource.skips_webhooks();
        for (kind, asked) in [
            (Kind::ValidatingPolicy, policies && on(rules().validating)),
            (Kind::ValidatingPolicyBinding, policies && on(rules().validating)),
            (Kind::MutatingPolicy, policies && on(rules().mutating)),
            (Kind::MutatingPolicyBinding, policies && on(rules().mutating)),
            (Kind::ValidatingWebhook, webhooks),
            (Kind::MutatingWebhook, webhooks),
        ] {
            let weighs = rules().switches.unlisted_is_unknown;
            if asked && weighs && !self.cluster.coverage.is_complete(kind) {
                add(kind.plural(), "not all were listed");
            }
        }
    }

    /// What of a namespace decides about requests in it: two namespaces with the same answer
    /// here get the same verdicts.
    pub(crate) fn signature(&self, name: &Str) -> Signature {
        let labels = self.labels_of_namespace(name);
        let mut taken = Vec::new();
        let mut named = false;
        let mut takes = |selector: Option<&LabelSelector>| {
            let taken_here = selects(selector, labels.as_ref());
            let seen = taken_here != Match::No;
            taken.push(match taken_here {
                Match::Yes => 1,
                Match::No => 0,
                Match::Unknown(_) => 2,
            });
            seen
        };
        let of = |resources: Option<&'c MatchResources>| {
            resources.and_then(|one| one.namespace_selector.as_ref())
        };
        for bound in &self.policies {
            let seen = takes(of(bound.policy.constraints));
            for binding in &bound.bindings {
                let Some(spec) = &binding.spec else { continue };
                let bound_here = takes(
                    spec.match_resources.as_ref().and_then(|one| one.namespace_selector.as_ref()),
                );
                let own_parameters =
                    spec.param_ref.as_ref().is_some_and(|one| one.namespace.is_empty());
                named |= seen && bound_here && (bound.policy.reads_namespace || own_parameters);
            }
        }
        for webhook in &self.webhooks {
            let seen = takes(webhook.record.namespace_selector.as_ref());
            // What an engine enforces may depend on the name.
            named |= seen && (webhook.reads_namespace || Engines::names(&webhook.record.name));
        }
        let security: Vec<(Str, Str)> = labels
            .iter()
            .flat_map(Map::iter)
            .filter(|(key, _)| key.starts_with("pod-security.kubernetes.io/"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Signature {
            security,
            known: labels.is_some(),
            exempt: self.options.exemptions.namespaces.contains(name),
            taken,
            name: named.then(|| name.clone()),
        }
    }
}

/// See [`Admission::signature`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Signature {
    security: Vec<(Str, Str)>,
    known: bool,
    exempt: bool,
    taken: Vec<u8>,
    name: Option<Str>,
}

fn by_policy(
    bindings: &ringfort_model::Table<PolicyBinding>,
) -> BTreeMap<Str, Vec<&PolicyBinding>> {
    let mut found: BTreeMap<Str, Vec<&PolicyBinding>> = BTreeMap::new();
    for binding in bindings {
        if let Some(spec) = &binding.spec {
            found.entry(spec.policy_name.clone()).or_default().push(binding);
        }
    }
    found
}
