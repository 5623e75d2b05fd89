//! Webhooks (semantics ADM-02, ADM-03): whether one is called is decided here, what it answers
//! is not known. One that lets requests through when it fails does not hold.

use ringfort_model::record::{Webhook as Record, WebhookConfiguration};
use ringfort_model::{KubeVersion, Str};
use ringfort_podsec::escape::hardened_pod;

use crate::admission::Admission;
use crate::cel::{self, Environment, Value, Words};
use crate::compiled::{self, Named, check_selector};
use crate::decision::{Control, Finding, Problem, Tally};
use crate::engine::{Engines, Mode};
use crate::environment::roots;
use crate::escape::PodWrite;
use crate::matching::{Match, by_rules, in_namespace, is_empty, on_object};
use crate::params::Given;
use crate::policy::{Asked, Conditions, conditions};
use crate::request::Request;
use crate::rules::rules;

/// A webhook with its match conditions parsed.
#[derive(Debug)]
pub(crate) struct Webhook<'c> {
    pub(crate) configuration: &'c WebhookConfiguration,
    pub(crate) record: &'c Record,
    pub(crate) mutating: bool,
    pub(crate) reads_namespace: bool,
    conditions: Vec<Named>,
    fails_closed: bool,
}

impl<'c> Webhook<'c> {
    /// Every webhook of a configuration.
    pub(crate) fn all(
        configuration: &'c WebhookConfiguration,
        mutating: bool,
        version: Option<KubeVersion>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Self> {
        let kind = match mutating {
            true => "MutatingWebhookConfiguration",
            false => "ValidatingWebhookConfiguration",
        };
        let object = format!("{kind} {}", configuration.metadata.name);
        let webhooks = configuration.webhooks.iter().enumerate();
        webhooks
            .map(|(at, record)| {
                let field = format!("webhooks[{at}]");
                for (name, selector) in [
                    ("namespaceSelector", &record.namespace_selector),
                    ("objectSelector", &record.object_selector),
                ] {
                    check_selector(
                        &object,
                        &format!("{field}.{name}"),
                        selector.as_ref(),
                        problems,
                    );
                }
                let (conditions, reads_namespace) = compiled::conditions(
                    &object,
                    &format!("{field}.matchConditions"),
                    &record.match_conditions,
                    version,
                    problems,
                );
                let policy = record.failure_policy.as_ref();
                let fails_closed = compiled::fails_closed(
                    &object,
                    &format!("{field}.failurePolicy"),
                    policy,
                    problems,
                );
                Self { configuration, record, mutating, reads_namespace, conditions, fails_closed }
            })
            .collect()
    }

    /// Its match conditions.
    pub(crate) fn conditions(&self) -> &[Named] {
        &self.conditions
    }

    /// What its conditions are made of.
    pub(crate) fn words(&self) -> Words {
        let mut words = Words::default();
        self.conditions.iter().flat_map(|one| &one.expression).for_each(|one| words.add(one));
        words
    }

    /// Whether its failure refuses.
    pub(crate) fn fails_closed(&self) -> bool {
        self.fails_closed
    }

    pub(crate) fn control(&self) -> Control {
        Control::Webhook {
            configuration: self.configuration.metadata.name.clone(),
            name: self.record.name.clone(),
            mutating: self.mutating,
        }
    }

    /// Whether the webhook is called, by rules and selectors alone.
    pub(crate) fn called(&self, asked: &Asked<'_>) -> Match {
        let policy = self.record.match_policy.as_ref().map(Str::as_str);
        in_namespace(self.record.namespace_selector.as_ref(), asked.request, asked.namespace_labels)
            .and(|| by_rules(&self.record.rules, policy, asked.request, false))
            .and(|| on_object(self.record.object_selector.as_ref(), asked.request))
    }

    /// Asks the webhook.
    pub(crate) fn ask(&self, asked: &Asked<'_>, engines: &Engines, tally: &mut Tally) {
        let finding = |reason: &str| Finding::new(self.control(), reason);
        match self.called(asked) {
            Match::No => {
                let selective = self.record.object_selector.as_ref().is_some_and(|s| !is_empty(s));
                if asked.request.free_labels && selective {
                    let reason = "selects by labels that the maker of the object chooses";
                    tally.ineffective.push(finding(reason));
                }
                return;
            }
            Match::Unknown(reason) if self.fails_closed => {
                if self.mutating {
                    tally.changes.push(finding(&reason));
                }
                tally.unknown.push(finding(&reason));
                return;
            }
            Match::Unknown(_) | Match::Yes => {}
        }
        let params = Ok(Value::Null);
        let names = roots(asked.request, asked.namespace, params);
        let environment = Environment::new(names, cel::cost::MATCH_CONDITIONS);
        match (conditions(&self.conditions, &environment), self.fails_closed) {
            (Conditions::Skip, _) => return,
            (Conditions::Error(reason), true) => {
                tally.refused.push(finding(&reason));
                return;
            }
            (Conditions::Error(reason), false) => {
                tally.ineffective.push(finding(&reason));
                return;
            }
            (Conditions::Unknown(reason), true) => {
                if self.mutating {
                    tally.changes.push(finding(&reason));
                }
                tally.unknown.push(finding(&reason));
                return;
            }
            (Conditions::Unknown(_), false) | (Conditions::Match, _) => {}
        }
        let rule = &rules().switches;
        let namespace = asked.request.namespace.as_str();
        let kind = &asked.request.resource.kind;
        let mode = engines.mode(&self.record.name, self.mutating, kind, namespace);
        if self.mutating
            && rule.mutating_webhook_is_unknown
            && !matches!(mode, Some(Mode::Passive(_)))
        {
            tally.changes.push(finding("may change the object"));
        }
        match mode {
            Some(Mode::Passive(reason)) if rule.passive_engines => {
                tally.ineffective.push(finding(&reason));
            }
            _ if !self.fails_closed && rule.ignoring_webhook_does_not_hold => {
                tally.ineffective.push(finding("ignores its own failure"));
            }
            Some(Mode::Enforcing(by)) => {
                tally.unknown.push(finding(&format!("{by} may refuse")));
            }
            Some(Mode::Unknown(reason) | Mode::Passive(reason)) => {
                tally.unknown.push(finding(&reason));
            }
            None if self.mutating && !rule.mutating_webhook_is_unknown => {}
            None if self.mutating => tally.unknown.push(finding("may change or refuse the object")),
            None => tally.unknown.push(finding("may refuse the object")),
        }
    }
}

impl Admission<'_> {
    /// Whether a webhook is asked about new pods of a namespace: `Some(false)` where it is asked
    /// about none, whatever they hold, and `None` where that is not known or not so for all.
    #[must_use]
    pub fn is_shown_pods(
        &self,
        (configuration, name, mutating): (&Str, &Str, bool),
        namespace: &Str,
    ) -> Option<bool> {
        let webhook = self.webhooks.iter().find(|one| {
            one.configuration.metadata.name == *configuration
                && one.record.name == *name
                && one.mutating == mutating
        })?;
        let request = self.write(namespace, hardened_pod(), PodWrite::Create);
        let request =
            Request { open_object: true, free_labels: false, name: String::new(), ..request };
        let labels = self.labels_of_namespace(namespace);
        let asked = Asked {
            request: &request,
            namespace: self.cluster.namespaces.get("", namespace),
            namespace_labels: labels.as_ref(),
            cluster: self.cluster,
            given: Given::all(&[]),
        };
        let called = webhook.called(&asked);
        if called == Match::No {
            return Some(false);
        }
        let names = roots(&request, asked.namespace, Ok(Value::Null));
        let environment = Environment::new(names, cel::cost::MATCH_CONDITIONS);
        match conditions(&webhook.conditions, &environment) {
            Conditions::Skip => Some(false),
            Conditions::Match if called == Match::Yes => Some(true),
            Conditions::Match | Conditions::Error(_) | Conditions::Unknown(_) => None,
        }
    }
}
