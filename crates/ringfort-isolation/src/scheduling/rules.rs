//! Where pods can be placed and who keeps them off, each rule as a switch or a row (semantics
//! 6.1, EFF-SCHED).
//!
//! Each list names its source where it is used. [`mutants`] makes wrong tables of it, for `cargo
//! xtask mutants`.

use ringfort_model::mutation::Mutants;
use ringfort_model::switches;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// A pod's node selector counts.
        selector_counts: true,
        /// A pod's required node affinity counts.
        affinity_counts: true,
        /// One term of an affinity is enough.
        one_term_is_enough: true,
        /// An empty term matches no node.
        empty_term_matches_none: true,
        /// Fields of a term count.
        fields_count: true,
        /// A field takes one value.
        fields_take_one_value: true,
        /// A label that is not there is none of the values.
        absent_is_not_in: true,
        /// A list of values must not be empty.
        values_are_needed: true,
        /// Whether a label exists takes no values.
        existing_takes_no_values: true,
        /// A comparison takes one value.
        comparing_takes_one_value: true,
        /// What is no label spoils a requirement.
        labels_must_read: true,
        /// A runtime class has a node selector of its own.
        class_selects: true,
        /// A runtime class has tolerations of its own.
        class_tolerates: true,
        /// Pods of a DaemonSet tolerate what its controller adds.
        daemons_tolerate: true,
        /// On the node's network they tolerate one more.
        daemons_on_the_network_tolerate: true,
        /// A pod that names its node passes the scheduler by.
        name_passes_scheduler: true,
        /// A pod of another scheduler is not known to be kept off.
        other_scheduler_passes: true,
        /// A named node is the only one.
        name_is_the_only_node: true,
        /// The kubelet refuses what a taint would evict.
        kubelet_evicts: true,
        /// A taint keeps off at scheduling.
        scheduler_keeps_off: true,
        /// A taint that is only a preference keeps nobody off.
        preference_keeps_off: false,
        /// Signs of a condition keep nobody off for long.
        conditions_pass: true,
        /// Spreading needs the label of its topology.
        spreading_needs_label: true,
        /// Spreading that may be ignored needs nothing.
        spreading_may_be_ignored: true,
        /// Linux and Windows do not mix.
        systems_do_not_mix: true,
        /// A toleration without an effect means every effect.
        any_effect: true,
        /// A toleration without a key means every key.
        any_key: true,
        /// A toleration's value counts.
        value_counts: true,
        /// Either of two pods keeps the other off.
        either_keeps_off: true,
        /// Only the scheduler keeps pods apart.
        scheduler_keeps_apart: true,
        /// A node without the label is in no domain.
        domain_needs_label: true,
        /// Without namespaces a term means its own.
        own_namespace_by_default: true,
        /// A term may list namespaces.
        namespaces_may_be_listed: true,
        /// A term may select namespaces.
        namespaces_may_be_selected: true,
        /// A missing selector selects no pod.
        no_selector_selects_none: true,
        /// Keys whose values must be the same.
        same_keys_count: true,
        /// Keys whose values must differ.
        other_keys_count: true,
        /// A node may set labels that are not of Kubernetes.
        own_labels_are_free: true,
        /// Subdomains of a prefix belong to it.
        subdomains_belong: true,
        /// Who runs there now counts.
        today_counts: true,
        /// Who could be placed there counts.
        others_may_be_placed: true,
        /// Nodes that were not read leave nothing known.
        unread_nodes_are_unknown: true,
        /// A pod that no node takes is kept nowhere.
        some_node_must_take: true,
        /// A new pod may name the node.
        new_pods_name_nodes: true,
        /// A new pod may tolerate the taint.
        new_pods_tolerate: true,
        /// A name does not pass a taint that evicts.
        names_do_not_pass_eviction: true,
        /// Whether that is free may not be known.
        freedom_may_be_unknown: true,
        /// A label that a node can give itself draws the pod.
        own_labels_draw: true,
        /// A pod that nothing keeps on its nodes may go elsewhere.
        something_must_keep: true,
        /// Taints alone are asked for.
        taints_alone_ask: true,
        /// A file may narrow who is let in.
        file_may_narrow: true,
        /// Webhooks that see pods may narrow.
        webhooks_may_narrow: true,
        /// Policies that see pods may narrow.
        policies_may_narrow: true,
        /// A policy without a binding narrows nothing.
        binding_is_needed: true,
        /// An API server that is not seen may narrow.
        unseen_server_may_narrow: true,
        /// Kinds that were not read may narrow.
        unread_kinds_may_narrow: true,
    }
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// Operators of node affinity.
    pub operators: &'static [&'static str],
    /// Operators of its fields.
    pub field_operators: &'static [&'static str],
    /// Operators of tolerations.
    pub toleration_operators: &'static [&'static str],
    /// Taints that come and go with the condition of a node.
    pub transient: &'static [&'static str],
    /// Taints that a DaemonSet's pods tolerate, with their effects.
    pub daemon_tolerations: &'static [(&'static str, &'static str)],
    /// The scheduler's names.
    pub schedulers: &'static [&'static str],
    /// Labels of Kubernetes that a kubelet may set.
    pub kubelet_labels: &'static [&'static str],
    /// Prefixes below which a kubelet may set any label.
    pub kubelet_prefixes: &'static [&'static str],
    /// Prefixes of Kubernetes.
    pub kubernetes_prefixes: &'static [&'static str],
    /// Names by which rules of admission see pods.
    pub pod_resources: &'static [&'static str],
    /// Plug-ins that narrow where pods may be placed.
    pub plugins: &'static [&'static str],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    operators: &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"],
    field_operators: &["In", "NotIn"],
    toleration_operators: &["", "Equal", "Exists", "Gt", "Lt"],
    transient: &[
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/unschedulable",
        "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/pid-pressure",
        "node.kubernetes.io/network-unavailable",
        "node.kubernetes.io/out-of-service",
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.cloudprovider.kubernetes.io/shutdown",
    ],
    daemon_tolerations: &[
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ],
    schedulers: &["", "default-scheduler"],
    kubelet_labels: &[
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    ],
    kubelet_prefixes: &["kubelet.kubernetes.io", "node.kubernetes.io"],
    kubernetes_prefixes: &["kubernetes.io", "k8s.io"],
    pod_resources: &["*", "*/*", "pods", "pods/*"],
    plugins: &[super::NODE_SELECTORS, super::TOLERATIONS],
};

ringfort_model::active_rules!("scheduling", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.list("operators", |rules| &mut rules.operators);
    found.list("field operators", |rules| &mut rules.field_operators);
    found.list("toleration operators", |rules| &mut rules.toleration_operators);
    found.list("transient", |rules| &mut rules.transient);
    found.list("daemon tolerations", |rules| &mut rules.daemon_tolerations);
    found.list("schedulers", |rules| &mut rules.schedulers);
    found.list("kubelet labels", |rules| &mut rules.kubelet_labels);
    found.list("kubelet prefixes", |rules| &mut rules.kubelet_prefixes);
    found.list("Kubernetes prefixes", |rules| &mut rules.kubernetes_prefixes);
    found.list("pod resources", |rules| &mut rules.pod_resources);
    found.list("plug-ins", |rules| &mut rules.plugins);
    found.all()
}
