//! Which admission controls hold for a request, and which are there without holding (semantics
//! EFF-ADM, ADM-03, ADM-08).
//!
//! A control holds where it acts on such requests, whoever makes the object and with which labels
//! they like, where its failure refuses, and where its backend is there. What it asks for is not
//! the question; [`Admission::would_admit`] answers that.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_isolation::{Control as Judged, Effect};
use ringfort_model::record::PolicyBinding;
use ringfort_model::record::admission::WebhookClientConfig;
use ringfort_model::{Cluster, Kind, SourceKind, Str};
use ringfort_podsec::escape::hardened_pod;

use crate::admission::{Admission, Bound, Signature};
use crate::cel::{self, Environment, Value};
use crate::decision::Control;
use crate::engine::{Engines, Mode};
use crate::environment::roots;
use crate::escape::PodWrite;
use crate::held_rules;
use crate::matching::{Match, by_resources};
use crate::params::{self, Given, Params};
use crate::policy::{Asked, Conditions, conditions};
use crate::request::Request;
use crate::rules::rules;
use crate::webhook::Webhook;

/// A control and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The control; of a policy with several bindings the one through which it holds best.
    pub control: Control,
    /// Whether it holds, and the fields that decide.
    pub judged: Judged,
}

/// An object by which a policy engine is set up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EngineObject {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace, empty for cluster-scoped kinds.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl Admission<'_> {
    /// The policies of an engine that enforce something on pods of a namespace through a webhook;
    /// `None` for other controls, and where it is not known whether those are all.
    #[must_use]
    pub fn engine_policies(&self, control: &Control, namespace: &Str) -> Option<Vec<EngineObject>> {
        let Control::Webhook { name, mutating, .. } = control else { return None };
        let acting = self.engines.acting(name, *mutating, "Pod", namespace)?;
        let object = |one: &crate::engine::EnginePolicy| EngineObject {
            group: one.group.clone(),
            kind: one.kind.clone(),
            namespace: Str::new(&one.namespace),
            name: Str::new(&one.name),
        };
        Some(acting.into_iter().map(object).collect())
    }

    /// Every policy and webhook of the cluster, and whether it holds for such a request. What the
    /// object holds and which labels it has is left open, as whoever makes it chooses that.
    #[must_use]
    pub fn in_force(&self, request: &Request) -> Vec<Held> {
        self.openly(request, |asked| {
            let policies = self.policies.iter().map(|bound| self.policy_in_force(bound, asked));
            let webhooks = self.webhooks.iter().map(|one| self.webhook_in_force(one, asked));
            policies.chain(webhooks).collect()
        })
    }

    /// The best that holds in each namespace for new pods (EFF-ADM), of the policies that validate
    /// and of the engines whose policies enforce something on pods; what other webhooks ask for is
    /// not known, and Pod Security is a rule of its own. Namespaces that no control tells apart
    /// share one answer.
    #[must_use]
    pub fn pod_policies<'n>(
        &self,
        namespaces: impl IntoIterator<Item = &'n Str>,
    ) -> BTreeMap<Str, Arc<Judged>> {
        let mut known: BTreeMap<Signature, Arc<Judged>> = BTreeMap::new();
        let answers = namespaces.into_iter().map(|name| {
            let answer = known
                .entry(self.signature(name))
                .or_insert_with(|| Arc::new(self.pod_policy(name)))
                .clone();
            (name.clone(), answer)
        });
        answers.collect()
    }

    /// Whether some policy that validates is asked about some new pods of a namespace through a
    /// binding, as far as that is known and whatever follows from its answer.
    #[must_use]
    pub fn policies_see_pods(&self, namespace: &Str) -> bool {
        if self.policies_on(rules().validating) == Some(false) {
            return false;
        }
        let request = self.write(namespace, hardened_pod(), PodWrite::Create);
        // A selector of the object takes those that have its labels.
        let request =
            Request { open_object: true, free_labels: false, name: String::new(), ..request };
        let labels = self.labels_of_namespace(namespace);
        let sees = |resources| by_resources(resources, &request, labels.as_ref()) != Match::No;
        let validating = self.policies.iter().filter(|bound| !bound.policy.mutating);
        let mut pairs = validating.flat_map(|bound| {
            bound.bindings.iter().map(move |binding| (&bound.policy, binding.spec.as_ref()))
        });
        pairs.any(|(policy, spec)| {
            sees(policy.constraints) && spec.is_some_and(|spec| sees(spec.match_resources.as_ref()))
        })
    }

    fn pod_policy(&self, namespace: &Str) -> Judged {
        let request = self.write(namespace, hardened_pod(), PodWrite::Create);
        let counts = |held: &Held| match &held.control {
            Control::ValidatingPolicy { .. } => true,
            Control::Webhook { name, mutating, .. } => !mutating && Engines::names(name),
            _ => false,
        };
        let all = self.in_force(&request).into_iter().filter(counts).map(|held| held.judged);
        let best = all.max_by_key(|judged| rank(&judged.effect));
        best.unwrap_or_else(|| {
            let kinds = [Kind::ValidatingPolicy, Kind::ValidatingWebhook];
            let unread = kinds.iter().find(|kind| !self.cluster.coverage.is_complete(**kind));
            let effect = match unread {
                Some(kind) => Effect::missing(format!("all {}", kind.plural())),
                None => Effect::Absent,
            };
            Judged::new(effect, ["ValidatingAdmissionPolicy, webhook *".to_owned()])
        })
    }

    /// Whether each webhook of certain names, and that mutates or not, holds for such a request.
    pub(crate) fn webhooks_in_force(
        &self,
        request: &Request,
        mine: &dyn Fn(&str, bool) -> bool,
    ) -> Vec<Effect> {
        self.openly(request, |asked| {
            let own = self.webhooks.iter().filter(|one| mine(&one.record.name, one.mutating));
            own.map(|webhook| self.webhook_effect(webhook, asked).0).collect()
        })
    }

    /// The question about every object of a request.
    fn openly<T>(&self, request: &Request, ask: impl FnOnce(&Asked<'_>) -> T) -> T {
        let free_labels = held_rules::rules().switches.labels_are_free;
        let open = Request { open_object: true, free_labels, ..request.clone() };
        let namespace = match open.namespace.is_empty() {
            true => None,
            false => self.cluster.namespaces.get("", &open.namespace),
        };
        let labels = self.labels_of_namespace(&open.namespace);
        ask(&Asked {
            request: &open,
            namespace,
            namespace_labels: labels.as_ref(),
            cluster: self.cluster,
            given: Given::all(&self.options.parameters),
        })
    }

    fn policy_in_force(&self, bound: &Bound<'_>, asked: &Asked<'_>) -> Held {
        let how = &held_rules::rules().switches;
        let policy = &bound.policy;
        let object = policy.control(None);
        let judged = |effect, field: &str| Judged::new(effect, [format!("{object} {field}")]);
        let on = match policy.mutating {
            true => rules().mutating,
            false => rules().validating,
        };
        let alone = |judged| Held { control: object.clone(), judged };
        if asked.request.resource.skips_policies() && how.policies_skip_policies {
            let effect = Effect::without("policies do not see such objects");
            return alone(judged(effect, "spec.matchConstraints"));
        }
        match self.policies_on(on) {
            _ if !how.policies_may_be_off => {}
            Some(true) => {}
            Some(false) => {
                let effect = Effect::without("this server asks no such policies");
                return alone(judged(effect, "spec"));
            }
            None => {
                let effect = Effect::missing("whether this server asks such policies");
                return alone(judged(effect, "spec"));
            }
        }
        if bound.bindings.is_empty() && !how.binding_needed {
            return alone(judged(Effect::Effective, "spec"));
        }
        if bound.bindings.is_empty() {
            let complete = self.cluster.coverage.is_complete(match policy.mutating {
                true => Kind::MutatingPolicyBinding,
                false => Kind::ValidatingPolicyBinding,
            });
            let effect = match complete || !how.unread_binding_is_unknown {
                true => Effect::without("it has no binding"),
                false => Effect::missing("all bindings"),
            };
            return alone(judged(effect, "metadata.name"));
        }
        if !policy.fails_closed && how.ignoring_policy_does_not_hold {
            let effect = Effect::without("it lets pass what it fails to evaluate");
            return alone(judged(effect, "spec.failurePolicy"));
        }
        let through = bound.bindings.iter().map(|binding| Held {
            control: policy.control(Some(binding)),
            judged: binding_in_force(bound, binding, asked),
        });
        let found = match how.one_binding_is_enough {
            true => through.max_by_key(|held| rank(&held.judged.effect)),
            false => through.min_by_key(|held| rank(&held.judged.effect)),
        };
        found.expect("there are bindings")
    }

    fn webhook_in_force(&self, webhook: &Webhook<'_>, asked: &Asked<'_>) -> Held {
        let (effect, field) = self.webhook_effect(webhook, asked);
        let title = format!("webhook {} {field}", webhook.record.name);
        Held { control: webhook.control(), judged: Judged::new(effect, [title]) }
    }

    fn webhook_effect(&self, webhook: &Webhook<'_>, asked: &Asked<'_>) -> (Effect, &'static str) {
        let how = &held_rules::rules().switches;
        if asked.request.resource.skips_webhooks() && how.webhooks_skip_webhooks {
            return (Effect::without("webhooks do not see such objects"), "rules");
        }
        match webhook.called(asked) {
            Match::Yes => {}
            Match::No if !how.webhook_must_see => {}
            Match::No => return (Effect::without("it does not see every such request"), "rules"),
            Match::Unknown(reason) => return (Effect::missing(reason), "rules"),
        }
        if !webhook.fails_closed() && how.ignoring_webhook_does_not_hold {
            return (Effect::without("it lets pass what it fails to answer"), "failurePolicy");
        }
        let names = roots(asked.request, asked.namespace, Ok(Value::Null));
        let environment = Environment::new(names, cel::cost::MATCH_CONDITIONS);
        match conditions(webhook.conditions(), &environment) {
            Conditions::Match | Conditions::Error(_) => {}
            Conditions::Skip if !how.webhook_conditions_count => {}
            Conditions::Skip => {
                let effect = Effect::without("its conditions leave such requests out");
                return (effect, "matchConditions");
            }
            Conditions::Unknown(reason) => return (Effect::missing(reason), "matchConditions"),
        }
        let kind = &asked.request.resource.kind;
        let namespace = asked.request.namespace.as_str();
        match self.engines.mode(&webhook.record.name, webhook.mutating, kind, namespace) {
            Some(Mode::Passive(reason)) if how.passive_engine_does_not_hold => {
                return (Effect::without(reason), "name");
            }
            Some(Mode::Unknown(reason)) if how.blind_engine_is_unknown => {
                return (Effect::missing(reason), "name");
            }
            Some(Mode::Enforcing(_) | Mode::Passive(_) | Mode::Unknown(_)) | None => {}
        }
        (backend(self.cluster, webhook.record.client_config.as_ref()), "clientConfig")
    }
}

/// Whether a policy holds through one of its bindings.
fn binding_in_force(bound: &Bound<'_>, binding: &PolicyBinding, asked: &Asked<'_>) -> Judged {
    let how = &held_rules::rules().switches;
    let policy = &bound.policy;
    let kind = match policy.mutating {
        true => "MutatingAdmissionPolicyBinding",
        false => "ValidatingAdmissionPolicyBinding",
    };
    let title = format!("{kind} {}", binding.metadata.name);
    let judged = |effect, field: String| Judged::new(effect, [field]);
    let Some(spec) = &binding.spec else {
        return judged(Effect::without("the binding is empty"), format!("{title} spec"));
    };
    let acts = policy.mutating && how.mutating_binding_needs_no_action
        || spec.validation_actions.has("Deny");
    if !acts && how.binding_must_deny {
        let effect = Effect::without("the binding does not deny");
        return judged(effect, format!("{title} spec.validationActions"));
    }
    let object = policy.control(None);
    let own = spec.match_resources.as_ref().filter(|_| how.binding_selects);
    for (resources, field) in [
        (policy.constraints, format!("{object} spec.matchConstraints")),
        (own, format!("{title} spec.matchResources")),
    ] {
        match by_resources(resources, asked.request, asked.namespace_labels) {
            Match::Yes => {}
            Match::No => {
                let effect = Effect::without("it does not see every such request");
                return judged(effect, field);
            }
            Match::Unknown(reason) => return judged(Effect::missing(reason), field),
        }
    }
    let namespace = asked.request.namespace.as_str();
    let reference = spec.param_ref.as_ref();
    let field = format!("{title} spec.paramRef");
    let values = match params::collect(
        policy.param_kind,
        reference,
        namespace,
        asked.cluster,
        asked.given,
    ) {
        Params::Each(values) if values.is_empty() && how.parameters_needed => {
            let effect = Effect::without("it has no parameters and is not asked");
            return judged(effect, field);
        }
        Params::Each(values) => values,
        // It refuses everything.
        Params::Error(_) if how.wrong_parameters_hold => return judged(Effect::Effective, field),
        Params::Error(reason) => return judged(Effect::without(reason), field),
        Params::Unknown(reason) => return judged(Effect::missing(reason), field),
    };
    let field = format!("{object} spec.matchConditions");
    let mut unknown = None;
    for value in values {
        let names = roots(asked.request, asked.namespace, value);
        let environment = Environment::new(names, cel::cost::MATCH_CONDITIONS);
        match conditions(&policy.conditions, &environment) {
            Conditions::Error(_) if !how.failing_conditions_hold => {}
            Conditions::Match | Conditions::Error(_) => {
                return judged(Effect::Effective, format!("{title} spec"));
            }
            Conditions::Skip if !how.conditions_count => {
                return judged(Effect::Effective, format!("{title} spec"));
            }
            Conditions::Skip if !how.one_parameter_is_enough => break,
            Conditions::Skip => {}
            Conditions::Unknown(reason) => unknown = Some(reason),
        }
    }
    judged(
        match unknown {
            Some(reason) => Effect::missing(reason),
            None => Effect::without("its conditions leave such requests out"),
        },
        field,
    )
}

/// The better the later.
pub(crate) fn rank(effect: &Effect) -> u8 {
    match effect {
        Effect::Absent => 0,
        Effect::PresentNotEffective(_) => 1,
        Effect::Unknown(_) => 2,
        Effect::Effective => 3,
    }
}

/// Whether something answers behind a webhook: a Service with an endpoint that is ready.
fn backend(cluster: &Cluster, config: Option<&WebhookClientConfig>) -> Effect {
    let how = &held_rules::rules().switches;
    let Some(config) = config else { return Effect::without("it has no backend") };
    let Some(service) = &config.service else {
        return Effect::missing(match &config.url {
            Some(_) if !how.outside_is_unknown => return Effect::Effective,
            Some(url) => format!("whether {url} answers"),
            None => return Effect::without("it has no backend"),
        });
    };
    let title = format!("Service {}/{}", service.namespace, service.name);
    let known = cluster.services.get(&service.namespace, &service.name).is_some();
    if !known && how.service_must_exist {
        return match cluster.coverage.is_complete(Kind::Service) {
            true => Effect::without(format!("{title} does not exist")),
            false => Effect::missing(title),
        };
    }
    let label = held_rules::rules().slice_label;
    let ready = cluster
        .endpoint_slices
        .in_namespace(&service.namespace)
        .filter(|(_, slice)| {
            slice.metadata.labels.get(label).is_some_and(|name| *name == service.name)
        })
        .flat_map(|(_, slice)| slice.endpoints.iter())
        // A condition that is not set counts as ready (discovery/v1 EndpointConditions).
        .any(|endpoint| {
            let said = endpoint.conditions.as_ref().and_then(|one| one.ready);
            said.unwrap_or(how.unset_is_ready) || !how.endpoint_must_be_ready
        });
    let known = cluster.coverage.is_complete(Kind::EndpointSlice)
        && (cluster.source != SourceKind::Manifests || !how.manifests_have_no_endpoints);
    match (ready, known) {
        (true, _) => Effect::Effective,
        (false, true) => Effect::without(format!("{title} has no endpoint that is ready")),
        (false, false) => Effect::missing(format!("the endpoints of {title}")),
    }
}
