//! rbac.authorization.k8s.io/v1.

use crate::record::admission::LabelSelector;
use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::{List, record};

record! {
    /// PolicyRule, exactly as written.
    #[derive(PartialOrd, Ord)]
    pub struct PolicyRule {
        pub verbs: List<Str>,
        pub api_groups: List<Str>,
        pub resources: List<Str>,
        pub resource_names: List<Str>,
        #[serde(rename = "nonResourceURLs")]
        pub non_resource_urls: List<Str>,
    }
    /// Role.
    pub struct Role {
        pub metadata: Meta,
        pub rules: List<PolicyRule>,
    }
    /// ClusterRole.
    pub struct ClusterRole {
        pub metadata: Meta,
        pub rules: List<PolicyRule>,
        pub aggregation_rule: Option<AggregationRule>,
    }
    /// AggregationRule.
    pub struct AggregationRule {
        pub cluster_role_selectors: List<LabelSelector>,
    }
    /// RoleBinding.
    pub struct RoleBinding {
        pub metadata: Meta,
        pub subjects: List<Subject>,
        pub role_ref: RoleRef,
    }
    /// ClusterRoleBinding.
    pub struct ClusterRoleBinding {
        pub metadata: Meta,
        pub subjects: List<Subject>,
        pub role_ref: RoleRef,
    }
    /// Subject, exactly as written.
    #[derive(PartialOrd, Ord)]
    pub struct Subject {
        pub kind: Str,
        pub api_group: Str,
        pub name: Str,
        pub namespace: Str,
    }
    /// RoleRef, exactly as written.
    #[derive(PartialOrd, Ord)]
    pub struct RoleRef {
        pub api_group: Str,
        pub kind: Str,
        pub name: Str,
    }
}
has_meta!(Role, ClusterRole, RoleBinding, ClusterRoleBinding);
