//! What admission webhooks see, as far as techniques ask: which namespaces' pods, and which
//! pods answer for them.

use ringfort_admission::Admission;
use ringfort_authz::Names;
use ringfort_model::record::{Webhook, WebhookConfiguration};
use ringfort_model::{Map, Str};
use ringfort_podsec::{EscapeClass, NamespacePolicy, admits};

use crate::context::{Ask, Context, Held};

/// A webhook of a configuration.
pub struct One<'c> {
    /// Its configuration.
    pub configuration: &'c WebhookConfiguration,
    /// The webhook.
    pub webhook: &'c Webhook,
    /// Whether it may change what it is shown.
    pub mutating: bool,
    engine: &'c Admission<'c>,
}

impl One<'_> {
    /// Kind of its configuration.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.mutating {
            true => "MutatingWebhookConfiguration",
            false => "ValidatingWebhookConfiguration",
        }
    }

    /// Plural resource of its configuration.
    pub(crate) fn resource(&self) -> &'static str {
        match self.mutating {
            true => "mutatingwebhookconfigurations",
            false => "validatingwebhookconfigurations",
        }
    }

    /// Name of its configuration.
    #[must_use]
    pub fn name(&self) -> &Str {
        &self.configuration.metadata.name
    }

    /// Whether a review that fails lets the object in. The default of v1 is Fail.
    #[must_use]
    pub fn ignores_failure(&self) -> bool {
        self.webhook.failure_policy.as_ref().is_some_and(|policy| *policy == *"Ignore")
    }

    /// Whether some new pod of the namespace is reviewed, as far as that is known.
    #[must_use]
    pub fn sees_pods(&self, namespace: &Str) -> bool {
        let of = (self.name(), &self.webhook.name, self.mutating);
        self.engine.is_shown_pods(of, namespace) != Some(false)
    }

    /// The field that leaves the pods of a namespace with these labels out, where something does.
    #[must_use]
    pub fn leaves_out(&self, namespace: &Str, labels: &Map) -> &'static str {
        let named = (Str::new("kubernetes.io/metadata.name"), namespace.clone());
        let labels = labels.iter().map(|(key, value)| (key.clone(), value.clone()));
        let labels: Map = labels.chain([named]).collect();
        let selector = self.webhook.namespace_selector.as_ref();
        match selector.is_none_or(|selector| selector.matches(&labels)) {
            false => "namespaceSelector",
            true if !self.webhook.match_conditions.is_empty() => "matchConditions",
            true => "rules",
        }
    }

    /// Units whose pods answer for it: those that its Service selects.
    pub fn backends(&self, context: &Context<'_>) -> Vec<u32> {
        let client = self.webhook.client_config.as_ref();
        let Some(service) = client.and_then(|client| client.service.as_ref()) else {
            return Vec::new();
        };
        let Some(known) = context.cluster.services.get(&service.namespace, &service.name) else {
            return Vec::new();
        };
        let found = crate::draw::backends(context, known);
        found
            .filter_map(|key| match key {
                crate::node::NodeKey::Listener(unit) => Some(unit),
                _ => None,
            })
            .collect()
    }
}

/// Every webhook, mutating ones first, in the order of their names.
pub fn all<'c>(context: &'c Context<'_>) -> impl Iterator<Item = One<'c>> {
    let mutating = context.cluster.mutating_webhooks.iter().map(|one| (one, true));
    let validating = context.cluster.validating_webhooks.iter().map(|one| (one, false));
    mutating.chain(validating).flat_map(|(configuration, mutating)| {
        let webhooks = configuration.webhooks.iter();
        let engine = &context.engine;
        webhooks.map(move |webhook| One { configuration, webhook, mutating, engine })
    })
}

/// Labels of a namespace.
pub fn labels_of(context: &Context<'_>, namespace: &str) -> Map {
    let known = context.cluster.namespaces.get("", namespace);
    known.map(|namespace| namespace.metadata.labels.clone()).unwrap_or_default()
}

/// Rules that let somebody write a configuration: any, or one that exists; with `create` a new
/// one as well.
pub(crate) fn writable(context: &Context<'_>, resource: &'static str, create: bool) -> Vec<Held> {
    const GROUP: &str = "admissionregistration.k8s.io";
    let changes = Ask::named(&["update", "patch"], GROUP, resource).cluster();
    let exists = |name: &Str| {
        let table = match resource {
            "mutatingwebhookconfigurations" => &context.cluster.mutating_webhooks,
            _ => &context.cluster.validating_webhooks,
        };
        table.find("", name).is_some()
    };
    let mut held = context.held(&changes);
    held.retain(|one| match &one.names {
        Names::Any => true,
        Names::Only(names) => names.iter().any(exists),
    });
    if create {
        held.extend(context.held(&Ask::unnamed(&["create"], GROUP, resource).cluster()));
    }
    held
}

/// Webhooks that are shown pods of a namespace in which nothing but them could refuse a pod
/// that takes its node, with the namespace.
pub fn guarding<'c>(context: &'c Context<'_>) -> Vec<(&'c Str, One<'c>)> {
    let mut found = Vec::new();
    for name in &context.namespaces {
        let labels = labels_of(context, name);
        let policy = NamespacePolicy::of(&labels);
        let leaves = [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability];
        if leaves.into_iter().any(|class| admits(&policy, context.version, class)) {
            let seeing = all(context).filter(|one| one.sees_pods(name));
            found.extend(seeing.map(|one| (name, one)));
        }
    }
    found
}
