//! Which nodes a pod can be placed on, and whether two workloads can meet there (semantics
//! SCH-01, SCH-02, EFF-SCHED).
//!
//! ```text
//!  PodSpec + RuntimeClass ──Ask::of──► Ask ─┐
//!                                           ├─ Placements: classes of asks × classes of nodes
//!  nodes: labels that an ask mentions, ─────┘       │
//!         taints, unschedulable, system             ├─ nodes_of(ask), asks_on(node)
//!                                                   └─ meeting(a, b): a node for both
//! ```
//!
//! Follows kube-scheduler's filters NodeAffinity, TaintToleration, NodeUnschedulable,
//! PodTopologySpread and InterPodAffinity, and for pods that name their node the kubelet's
//! admission (`pkg/kubelet/lifecycle/predicate.go`). Resources, ports and volumes are not
//! looked at: they decide when a pod fits, not whether it may ever be placed. Preferences and
//! required pod affinity rule out nothing for good, and are not looked at either; so every set
//! here holds at least the nodes that are possible.

mod affinity;
mod apart;
mod ask;
mod dedicated;
mod own_labels;
mod placements;
pub mod rules;
mod taint;

pub use affinity::node_matches;
pub use apart::{Side, kept_apart};
pub use ask::{Ask, By};
pub use dedicated::{
    Freedom, NODE_SELECTORS, Question, TOLERATIONS, Today, allowed_by, dedicated_nodes,
    narrowing_plugins,
};
pub use own_labels::node_may_set;
pub use placements::Placements;
pub use taint::{is_transient, tolerated, tolerates};
