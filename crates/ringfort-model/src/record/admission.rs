//! Label selectors, admission webhooks and admission policies.
//!
//! The three served versions of the policies (v1alpha1, v1beta1, v1) have one shape.

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
        pub client_config: Option<WebhookClientConfig>,
        pub failure_policy: Option<Str>,
        pub match_policy: Option<Str>,
        pub rules: List<RuleWithOperations>,
        pub namespace_selector: Option<LabelSelector>,
        pub object_selector: Option<LabelSelector>,
        pub match_conditions: List<NamedExpression>,
        pub side_effects: Option<Str>,
        pub timeout_seconds: Option<i64>,
        pub reinvocation_policy: Option<Str>,
    }
    /// WebhookClientConfig without the certificate bundle.
    pub struct WebhookClientConfig {
        pub url: Option<Str>,
        pub service: Option<ServiceReference>,
    }
    /// ServiceReference.
    pub struct ServiceReference {
        pub namespace: Str,
        pub name: Str,
        pub path: Option<Str>,
        pub port: Option<i64>,
    }
    /// MatchCondition, and Variable, which has the same two fields.
    pub struct NamedExpression {
        pub name: Str,
        pub expression: Str,
    }
    /// RuleWithOperations; NamedRuleWithOperations of a policy where it has names.
    pub struct RuleWithOperations {
        pub resource_names: List<Str>,
        pub operations: List<Str>,
        pub api_groups: List<Str>,
        pub api_versions: List<Str>,
        pub resources: List<Str>,
        pub scope: Option<Str>,
    }
    /// MatchResources of a policy or a binding.
    pub struct MatchResources {
        pub namespace_selector: Option<LabelSelector>,
        pub object_selector: Option<LabelSelector>,
        pub resource_rules: List<RuleWithOperations>,
        pub exclude_resource_rules: List<RuleWithOperations>,
        pub match_policy: Option<Str>,
    }
    /// ParamKind.
    pub struct ParamKind {
        pub api_version: Str,
        pub kind: Str,
    }
    /// ParamRef.
    pub struct ParamRef {
        pub name: Str,
        pub namespace: Str,
        pub selector: Option<LabelSelector>,
        pub parameter_not_found_action: Option<Str>,
    }
    /// ValidatingAdmissionPolicy.
    pub struct ValidatingPolicy {
        pub metadata: Meta,
        pub spec: Option<ValidatingPolicySpec>,
    }
    /// ValidatingAdmissionPolicySpec. Audit annotations decide nothing and are not kept.
    pub struct ValidatingPolicySpec {
        pub param_kind: Option<ParamKind>,
        pub match_constraints: Option<MatchResources>,
        pub match_conditions: List<NamedExpression>,
        pub variables: List<NamedExpression>,
        pub validations: List<Validation>,
        pub failure_policy: Option<Str>,
    }
    /// Validation.
    pub struct Validation {
        pub expression: Str,
        pub message: Str,
        pub message_expression: Str,
        pub reason: Option<Str>,
    }
    /// MutatingAdmissionPolicy.
    pub struct MutatingPolicy {
        pub metadata: Meta,
        pub spec: Option<MutatingPolicySpec>,
    }
    /// MutatingAdmissionPolicySpec.
    pub struct MutatingPolicySpec {
        pub param_kind: Option<ParamKind>,
        pub match_constraints: Option<MatchResources>,
        pub match_conditions: List<NamedExpression>,
        pub variables: List<NamedExpression>,
        pub mutations: List<Mutation>,
        pub failure_policy: Option<Str>,
        pub reinvocation_policy: Option<Str>,
    }
    /// Mutation.
    pub struct Mutation {
        pub patch_type: Str,
        pub apply_configuration: Option<MutationExpression>,
        pub json_patch: Option<MutationExpression>,
    }
    /// ApplyConfiguration or JSONPatch.
    pub struct MutationExpression {
        pub expression: Str,
    }
    /// ValidatingAdmissionPolicyBinding or MutatingAdmissionPolicyBinding.
    pub struct PolicyBinding {
        pub metadata: Meta,
        pub spec: Option<PolicyBindingSpec>,
    }
    /// The specification of either binding; only that of a validating policy has actions.
    pub struct PolicyBindingSpec {
        pub policy_name: Str,
        pub param_ref: Option<ParamRef>,
        pub match_resources: Option<MatchResources>,
        pub validation_actions: List<Str>,
    }
}
has_meta!(WebhookConfiguration, ValidatingPolicy, MutatingPolicy, PolicyBinding);

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
