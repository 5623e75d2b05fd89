//! What a pod asks of the scheduler (core/v1). Preferences are not kept: they rule out nothing.

use crate::record::admission::{LabelSelector, SelectorRequirement};
use crate::text::Str;
use crate::wire::{List, record};

record! {
    /// Affinity.
    pub struct Affinity {
        pub node_affinity: Option<NodeAffinity>,
        pub pod_affinity: Option<PodAffinity>,
        pub pod_anti_affinity: Option<PodAffinity>,
    }
    /// NodeAffinity: what is required.
    pub struct NodeAffinity {
        #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
        pub required: Option<NodeSelector>,
    }
    /// NodeSelector: one term suffices.
    pub struct NodeSelector {
        pub node_selector_terms: List<NodeSelectorTerm>,
    }
    /// NodeSelectorTerm: every requirement must hold; one without any selects no node.
    pub struct NodeSelectorTerm {
        pub match_expressions: List<SelectorRequirement>,
        pub match_fields: List<SelectorRequirement>,
    }
    /// PodAffinity or PodAntiAffinity: what is required.
    pub struct PodAffinity {
        #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
        pub required: List<PodAffinityTerm>,
    }
    /// PodAffinityTerm.
    pub struct PodAffinityTerm {
        pub label_selector: Option<LabelSelector>,
        pub namespaces: List<Str>,
        pub namespace_selector: Option<LabelSelector>,
        pub topology_key: Str,
        pub match_label_keys: List<Str>,
        pub mismatch_label_keys: List<Str>,
    }
    /// TopologySpreadConstraint.
    pub struct TopologySpread {
        pub max_skew: Option<i64>,
        pub topology_key: Str,
        pub when_unsatisfiable: Str,
        pub label_selector: Option<LabelSelector>,
    }
}
