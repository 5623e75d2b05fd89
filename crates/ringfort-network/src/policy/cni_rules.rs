//! What the kinds of Cilium and Calico mean, each rule as a switch, a limit or a row (NP-40,
//! NP-41).
//!
//! Follows cilium/cilium `pkg/policy/api` and Documentation/security/policy, and
//! projectcalico/calico `felix/calc`, `libcalico-go/lib/backend/model` and its policy reference.
//! [`mutants`] makes wrong tables of it, for `cargo xtask mutants`.

use ringfort_model::mutation::Mutants;
use ringfort_model::switches;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// Cilium: peers of a namespaced policy are those of its namespace.
        cilium_own_namespace: true,
        /// Cilium: a selector that asks about namespaces means those.
        cilium_asked_namespaces: true,
        /// Cilium: rules that deny go before those that allow.
        cilium_deny_first: true,
        /// Cilium: rules of a direction isolate in it.
        cilium_rules_isolate: true,
        /// Cilium: rules that deny isolate as others do.
        cilium_denial_isolates: true,
        /// Cilium: enableDefaultDeny turns isolation off and on.
        cilium_default_deny_counts: true,
        /// Cilium: a rule without peers and ports means everybody.
        cilium_empty_rule_is_everybody: false,
        /// Cilium: a rule with ports alone means everybody.
        cilium_ports_alone_is_everybody: true,
        /// Cilium: port 0 is every port.
        cilium_zero_is_every_port: true,
        /// Cilium: without a protocol every one is meant.
        cilium_any_protocol: true,
        /// Cilium: a rule names its peers in one field alone, or is refused.
        cilium_one_peer_field: true,
        /// Cilium: a rule about ICMP names no ports, or is refused.
        cilium_icmp_without_ports: true,
        /// Cilium: what its rule_validation.go refuses is refused.
        cilium_rules_are_validated: true,
        /// Cilium: identities lack the labels that the filter drops.
        cilium_drops_labels: true,
        /// Cilium: the filter of labels may be another.
        cilium_labels_may_be_set: true,
        /// Cilium: blocks may be set to mean nodes.
        cilium_blocks_may_mean_nodes: true,
        /// Cilium: a policy's own namespace stands in for the one that its subject names.
        cilium_subject_in_own_namespace: true,
        /// Cilium: the API server is of the cluster wherever it runs.
        cilium_cluster_has_api_server: true,
        /// Cilium: endPort makes a range.
        cilium_end_port_counts: true,
        /// Cilium: a rule about ICMP opens ports.
        cilium_icmp_opens_ports: false,
        /// Cilium: a section that looks into the connection narrows.
        cilium_sections_narrow: true,
        /// Cilium: exceptions of a block are left out.
        cilium_except_counts: true,
        /// Cilium: blocks mean pods by their address.
        cilium_blocks_mean_pods: false,
        /// Cilium: the cluster is nodes too.
        cilium_cluster_has_nodes: true,
        /// Cilium: the agent's mode `always` isolates everybody.
        cilium_always_isolates: true,
        /// Cilium: names are learned from DNS.
        cilium_names_are_learned: true,
        /// Calico: without types a policy is about ingress where nothing else is said.
        calico_ingress_by_default: true,
        /// Calico: without types rules of egress make it a type.
        calico_egress_by_rules: true,
        /// Calico: types say which rules count.
        calico_types_count: true,
        /// Calico: the end of a tier denies.
        calico_tier_denies: true,
        /// Calico: a tier's default action may pass.
        calico_tier_may_pass: true,
        /// Calico: tiers go by their order.
        calico_tiers_have_order: true,
        /// Calico: policies go by their order.
        calico_order_counts: true,
        /// Calico: policies of one order go by their name.
        calico_names_order: true,
        /// Calico: a rule that logs allows.
        calico_log_allows: false,
        /// Calico: Pass leaves the tier; otherwise it allows.
        calico_pass_leaves: true,
        /// Calico: peers of a namespaced policy are those of its namespace.
        calico_own_namespace: true,
        /// Calico: a global policy may select namespaces.
        calico_global_selects_namespaces: true,
        /// Calico: accounts are selected by their labels.
        calico_accounts_count: true,
        /// Calico: a selector that is negated alone takes what is no endpoint.
        calico_negation_takes_outside: true,
        /// Calico: a selector that is negated alone means the own namespace, of a policy that has one.
        calico_negation_in_own_namespace: true,
        /// Calico: endpoints have labels that it adds.
        calico_adds_labels: true,
        /// Calico: ports need a protocol that has ports, or the policy is refused.
        calico_ports_need_a_protocol: true,
        /// Calico: a set is meant by its namespace alone.
        calico_sets_by_namespace_alone: true,
        /// Calico: nets mean pods and nodes by their address.
        calico_nets_mean_pods: true,
        /// Calico: notNets are left out.
        calico_not_nets_count: true,
        /// Calico: notProtocol is left out.
        calico_not_protocol_counts: true,
        /// Calico: notPorts are left out.
        calico_not_ports_count: true,
        /// Calico: a rule about ICMP opens ports.
        calico_icmp_opens_ports: false,
        /// Calico: which port a client sends from is not known.
        calico_source_ports_are_unknown: true,
        /// Calico: sets are selected by their labels.
        calico_sets_count: true,
        /// Calico: a namespaced rule means global sets only when it says so.
        calico_global_sets_need_global: true,
        /// Calico: a namespaced rule means sets of its own namespace.
        calico_sets_of_own_namespace: true,
        /// Calico: untracked policies are for hosts alone.
        calico_untracked_is_for_hosts: true,
    }
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// Entities of Cilium that are modelled.
    pub entities: &'static [&'static str],
    /// Entities of Cilium that no endpoint of the model has.
    pub nobody: &'static [&'static str],
    /// Prefixes of labels that Cilium's filter keeps.
    pub kept_labels: &'static [&'static str],
    /// Prefixes of labels that it drops, unless a longer one keeps them.
    pub dropped_labels: &'static [&'static str],
    /// Texts up to the end of which it drops labels.
    pub dropped_inside: &'static [&'static str],
    /// Prefixes of labels that it drops as a whole.
    pub dropped_whole: &'static [&'static str],
    /// Prefixes of labels that it drops from a version on, if it is known.
    pub dropped_since: &'static [(&'static str, Option<(u32, u32)>)],
    /// Most ports and fields of ICMP of an entry of Cilium.
    pub most_cilium_ports: u32,
    /// The order that Calico gives NetworkPolicy.
    pub kubernetes_order: u32,
    /// The last version of Calico that orders policies by their namespaces first.
    pub calico_namespace_first: (u32, u32),
    /// Protocols by number: TCP, UDP, SCTP.
    pub protocol_numbers: [u32; 3],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    entities: &[
        "all",
        "world",
        "world-ipv4",
        "world-ipv6",
        "cluster",
        "host",
        "remote-node",
        "kube-apiserver",
    ],
    nobody: &["health", "init", "none", "ingress"],
    // Upstream names others too, which begin like nothing that is dropped.
    kept_labels: &["io.kubernetes.pod.namespace"],
    dropped_labels: &[
        "io.kubernetes",
        "kubernetes.io",
        "k8s.io",
        "pod-template-generation",
        "pod-template-hash",
        "controller-revision-hash",
        "etcd_node",
    ],
    dropped_inside: &["beta.kubernetes.io"],
    dropped_whole: &["annotation"],
    dropped_since: &[
        ("statefulset.kubernetes.io/pod-name", Some((1, 15))),
        ("apps.kubernetes.io/pod-index", Some((1, 15))),
        ("controller-uid", Some((1, 16))),
        ("batch.kubernetes.io/controller-uid", Some((1, 16))),
        ("batch.kubernetes.io/job-completion-index", None),
        ("topology.kubernetes.io", None),
    ],
    most_cilium_ports: 40,
    kubernetes_order: 1000,
    calico_namespace_first: (3, 30),
    protocol_numbers: [6, 17, 132],
};

ringfort_model::active_rules!("cni", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.list("entities", |rules| &mut rules.entities);
    found.list("entities of nobody", |rules| &mut rules.nobody);
    found.list("labels kept", |rules| &mut rules.kept_labels);
    found.list("labels dropped", |rules| &mut rules.dropped_labels);
    found.list("labels dropped inside", |rules| &mut rules.dropped_inside);
    found.list("labels dropped whole", |rules| &mut rules.dropped_whole);
    found.list("labels dropped since", |rules| &mut rules.dropped_since);
    found.limit("ports of Cilium", |rules| &mut rules.most_cilium_ports);
    found.limit("order of NetworkPolicy", |rules| &mut rules.kubernetes_order);
    found.limit("version of names", |rules| &mut rules.calico_namespace_first.1);
    for (at, name) in ["TCP", "UDP", "SCTP"].into_iter().enumerate() {
        found.limit(&format!("number of {name}"), |rules| &mut rules.protocol_numbers[at]);
    }
    found.all()
}
