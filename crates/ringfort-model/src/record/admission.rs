//! Label selectors and admission webhooks.

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::{List, Map, record};

record! {
    /// LabelSelector; the empty one selects everything.
    pub struct LabelSelector {
        pub match_labels: Map,
        pub match_expressions: List<SelectorRequirement>,
    }
    /// LabelSelectorRequirement.
    pub struct SelectorRequirement {
        pub key: Str,
        pub operator: Str,
        pub values: List<Str>,
    }
    /// MutatingWebhookConfiguration or ValidatingWebhookConfiguration.
    pub struct WebhookConfiguration {
        pub metadata: Meta,
        pub webhooks: List<Webhook>,
    }
    /// One webhook.
    pub struct Webhook {
        pub name: Str,
        pub failure_policy: Option<Str>,
        pub client_config: Option<WebhookClient>,
        pub rules: List<RuleWithOperations>,
        pub namespace_selector: Option<LabelSelector>,
        pub object_selector: Option<LabelSelector>,
    }
    /// WebhookClientConfig: where the API server sends reviews.
    pub struct WebhookClient {
        pub url: Option<Str>,
        pub service: Option<WebhookService>,
    }
    /// ServiceReference.
    pub struct WebhookService {
        pub namespace: Str,
        pub name: Str,
        pub port: Option<i64>,
    }
    /// RuleWithOperations.
    pub struct RuleWithOperations {
        pub operations: List<Str>,
        pub api_groups: List<Str>,
        pub api_versions: List<Str>,
        pub resources: List<Str>,
        pub scope: Option<Str>,
    }
}
has_meta!(WebhookConfiguration);

impl LabelSelector {
    /// Whether the labels satisfy the selector. An operator that the API does not know
    /// selects nothing (apimachinery refuses it, so no object is selected by it).
    #[must_use]
    pub fn matches(&self, labels: &Map) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|need| {
                let value = labels.get(&need.key);
                match need.operator.as_str() {
                    "In" => value.is_some_and(|v| need.values.has(v)),
                    "NotIn" => value.is_none_or(|v| !need.values.has(v)),
                    "Exists" => value.is_some(),
                    "DoesNotExist" => value.is_none(),
                    _ => false,
                }
            })
    }
}
