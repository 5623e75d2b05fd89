//! What policies mean, each rule as a switch, a limit or a row (NP-01 to NP-35, EFF-NP).
//!
//! Follows the comments of kubernetes `staging/src/k8s.io/api/networking/v1/types.go` and the
//! checks of `pkg/apis/networking/validation`, and kubernetes-sigs/network-policy-api. The
//! switches that are off are the ways in which others read them; [`mutants`] makes wrong tables,
//! for `cargo xtask mutants`.

use ringfort_model::mutation::{Mutants, without};
use ringfort_model::switches;

use crate::policy::family::{Families, Family};
use crate::policy::rule::Tri;
use crate::policy::rule::Tri::{No, Unknown, Yes};

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// Without policyTypes a policy is about ingress.
        ingress_by_default: true,
        /// Without policyTypes a policy with egress rules is about egress.
        egress_by_rules: true,
        /// Without policyTypes a policy is about egress whatever its rules.
        egress_by_default: false,
        /// A policy with egress rules is about egress whatever its policyTypes.
        egress_rules_are_a_type: false,
        /// A policy is about ingress whatever its policyTypes.
        ingress_always: false,
        /// A policy type that is none is left out.
        other_types_are_left_out: false,
        /// A selected pod gets only what some rule allows.
        selecting_isolates: true,
        /// A policy selects pods of its own namespace.
        subject_in_own_namespace: true,
        /// A rule without peers means everybody.
        no_peers_is_everybody: true,
        /// A rule without ports means every port.
        no_ports_is_every_port: true,
        /// Both selectors of a peer must hold.
        peer_selectors_together: true,
        /// A peer with a selector for pods alone means those of the policy's namespace.
        pod_peer_in_own_namespace: true,
        /// A block may stand beside selectors.
        block_beside_selector: false,
        /// Exceptions of a block are left out.
        except_is_left_out: true,
        /// An exception must lie inside of its block.
        except_lies_inside: true,
        /// An exception may be the whole block.
        except_may_be_all: false,
        /// Without a number every port of the protocol is meant.
        no_number_is_every_port: true,
        /// Without a protocol TCP is meant; otherwise UDP.
        tcp_by_default: true,
        /// endPort makes a range.
        end_port_counts: true,
        /// endPort may be less than the port.
        end_port_may_be_less: false,
        /// endPort may stand beside a name.
        end_port_beside_name: false,
        /// Port 0 is a port.
        zero_is_a_port: false,
        /// A named port is one of the rule's protocol.
        named_port_of_protocol: true,
        /// Ports of side-cars have names.
        side_cars_have_ports: true,
        /// Ports of all init containers have names.
        init_containers_have_ports: false,
        /// Host-network pods are pods like others.
        host_pods_are_pods: false,
        /// Pods that have ended are pods like others.
        ended_pods_are_pods: false,
        /// The label with a namespace's name is there whatever its object says.
        namespaces_carry_their_name: true,
        /// NotIn holds where the label is absent.
        not_in_takes_absent: true,
        /// A block means an endpoint of which one address of several is inside.
        one_address_is_enough: false,
        /// The policy with the greater priority number goes first.
        greater_number_first: false,
        /// The admin tier comes after NetworkPolicies.
        admin_after_policies: false,
        /// The baseline tier comes before NetworkPolicies.
        baseline_before_policies: false,
        /// Of admin policies of one priority the first by name goes first.
        equal_priorities_by_name: false,
        /// The first rule of a policy that matches decides.
        first_rule_decides: true,
        /// Pass allows.
        pass_allows: false,
        /// Pass does nothing.
        pass_is_nothing: false,
        /// Being selected by an admin policy isolates.
        admin_isolates: false,
        /// Rules of the baseline may pass.
        baseline_may_pass: false,
        /// A baseline may have any name.
        baseline_of_any_name: false,
        /// Networks mean pods and nodes by their address.
        networks_mean_pods: true,
        /// A named port of an admin rule is one of TCP.
        admin_named_port_is_tcp: false,
        /// A rule has the fields of its own kind alone.
        fields_of_the_kind_alone: true,
        /// An empty list of ports means every port.
        empty_ports_are_every_port: true,
        /// A range may begin and end with one port.
        range_of_one: false,
        /// A peer of ClusterNetworkPolicy without a known field fails closed.
        unknown_peer_fails_closed: true,
        /// The order between AdminNetworkPolicy and ClusterNetworkPolicy is not defined.
        kinds_have_no_order: true,
        /// Ingress rules may mean nodes and addresses.
        ingress_from_outside: false,
        /// A rule that denies may name domains.
        domains_may_be_denied: false,
        /// A pod reaches itself.
        pod_reaches_itself: true,
        /// A node reaches what runs on it.
        node_reaches_its_pods: true,
        /// A Service leads to its target ports; otherwise to its own.
        service_leads_to_target: true,
        /// What policies deny is denied although nothing enforces them.
        denied_without_agent: false,
        /// What policies deny is denied where enforcement is not known.
        denied_where_unknown: false,
        /// An agent proves nothing for a node on which no pod of it is seen.
        agent_must_run_on_node: true,
        /// A pod of an agent counts in any phase.
        agent_in_any_phase: false,
        /// Agents enforce the kinds that they know, and no others.
        agents_know_kinds: true,
        /// Cilium with enable-policy=never enforces nothing.
        cilium_may_be_off: true,
        /// Cilium that audits drops nothing.
        cilium_may_audit: true,
        /// Settings may be arguments of an agent.
        agents_have_arguments: true,
        /// Settings may stand in an agent's environment.
        agents_have_environments: true,
        /// Settings may be others on some nodes.
        nodes_may_differ: true,
        /// kube-router with --run-firewall=false enforces nothing.
        router_may_be_off: true,
        /// The VPC CNI enforces only where its policy agent is on.
        vpc_agent_must_be_on: true,
        /// A relay of Cilium is an agent.
        hubble_is_an_agent: false,
    }
}

/// Agents that are known by their image: any of these images, the implementation, whether it
/// enforces, and why.
pub type KnownAgent = (&'static [&'static str], &'static str, Tri, &'static str);

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// The greatest priority.
    pub most_priority: u32,
    /// Most rules in a direction: of the admin kinds, of ClusterNetworkPolicy.
    pub most_rules: [u32; 2],
    /// Most peers of a rule, likewise.
    pub most_peers: [u32; 2],
    /// Most ports of a rule, likewise.
    pub most_ports: [u32; 2],
    /// Most networks of a peer.
    pub most_networks: u32,
    /// Most domain names of a peer.
    pub most_domains: u32,
    /// Agents without settings, in the order in which they are looked for.
    pub agents: &'static [KnownAgent],
    /// By implementation, the families of kinds that it enforces.
    pub families: &'static [(&'static str, Families)],
    /// Versions from which Calico enforces a family, and from which it is not known.
    pub calico_since: &'static [(Family, [(u32, u32); 2])],
    /// Cilium's settings for families, and their defaults.
    pub cilium_families: &'static [(Family, &'static str, bool)],
    /// Flags of kube-network-policies for families.
    pub flagged_families: &'static [(Family, &'static str)],
    /// Implementations whose blocks match any packet by its address.
    pub by_address: &'static [&'static str],
    /// Implementations whose blocks never match pods.
    pub by_identity: &'static [&'static str],
    /// Prefixes of node annotations that agents leave.
    pub hints: &'static [(&'static str, &'static str)],
    /// Kinds of others that restrict pods and are not modelled: group, kind, name to report.
    pub not_modelled: &'static [(&'static str, &'static str, &'static str)],
}

const ENFORCES: &str = "its agent enforces policies";

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    most_priority: 1000,
    most_rules: [100, 25],
    most_peers: [100, 25],
    most_ports: [100, 25],
    most_networks: 25,
    most_domains: 25,
    agents: &[
        (&["calico/node", "calico-node"], "Calico", Tri::Yes, ENFORCES),
        (&["antrea-agent", "antrea/antrea-ubuntu"], "Antrea", Tri::Yes, ENFORCES),
        (&["weave-npc"], "Weave Net", Tri::Yes, ENFORCES),
        (&["ovn-kubernetes", "ovn-kube"], "OVN-Kubernetes", Tri::Yes, ENFORCES),
        (&["azure-npm"], "Azure NPM", Tri::Yes, ENFORCES),
        (&["anetd"], "GKE Dataplane V2", Tri::Yes, ENFORCES),
        (&["kube-network-policies"], "kube-network-policies", Tri::Yes, ENFORCES),
        (&["flannel"], "flannel", Tri::No, "it does not know policies"),
        (&["kindnetd"], "kindnet", Tri::Unknown, "whether it enforces depends on its version"),
    ],
    // NetworkPolicy, the three admin kinds, the two of Cilium, Calico's.
    families: &[
        ("Calico", [Yes, Unknown, Unknown, Unknown, No, No, Yes]),
        ("Cilium", [Yes, No, No, No, Yes, Yes, No]),
        ("kube-router", [Yes, No, No, No, No, No, No]),
        ("Antrea", [Yes, Unknown, Unknown, Unknown, No, No, No]),
        ("Weave Net", [Yes, No, No, No, No, No, No]),
        ("OVN-Kubernetes", [Yes, Unknown, Unknown, Unknown, No, No, No]),
        ("Azure NPM", [Yes, No, No, No, No, No, No]),
        ("VPC CNI", [Yes, No, No, No, No, No, No]),
        ("GKE Dataplane V2", [Yes, Unknown, Unknown, Unknown, Unknown, Unknown, No]),
        ("kube-network-policies", [Yes, Unknown, Unknown, Unknown, No, No, No]),
        ("kindnet", [Yes, Unknown, Unknown, Unknown, No, No, No]),
    ],
    // Release notes of Calico 3.29 and 3.30; what follows them is left open.
    calico_since: &[
        (Family::Admin, [(3, 29), (3, 31)]),
        (Family::Baseline, [(3, 30), (3, 31)]),
        (Family::Cluster, [(3, 31), (3, 31)]),
    ],
    cilium_families: &[
        (Family::Kubernetes, "enable-k8s-networkpolicy", true),
        (Family::Cluster, "enable-k8s-cluster-network-policy", false),
        (Family::Cilium, "enable-cilium-network-policy", true),
        (Family::CiliumClusterwide, "enable-cilium-clusterwide-network-policy", true),
    ],
    flagged_families: &[
        (Family::Admin, "--admin-network-policy"),
        (Family::Baseline, "--baseline-admin-network-policy"),
    ],
    by_address: &["Calico", "OVN-Kubernetes", "Antrea", "kube-router"],
    by_identity: &["Cilium", "GKE Dataplane V2"],
    hints: &[
        ("projectcalico.org/", "Calico"),
        ("network.cilium.io/", "Cilium"),
        ("io.cilium.network.", "Cilium"),
        ("k8s.ovn.org/", "OVN-Kubernetes"),
        ("flannel.alpha.coreos.com/", "flannel"),
        ("node.antrea.io/", "Antrea"),
    ],
    // Secondary networks have kinds of their own, which say nothing about the pod network
    // (NP-10).
    not_modelled: &[
        ("crd.antrea.io", "NetworkPolicy", "Antrea NetworkPolicy"),
        ("crd.antrea.io", "ClusterNetworkPolicy", "Antrea ClusterNetworkPolicy"),
        ("k8s.ovn.org", "EgressFirewall", "EgressFirewall"),
        ("network.openshift.io", "EgressNetworkPolicy", "EgressNetworkPolicy"),
        ("networking.k8s.aws", "ApplicationNetworkPolicy", "ApplicationNetworkPolicy"),
        ("networking.k8s.aws", "ClusterNetworkPolicy", "AWS ClusterNetworkPolicy"),
        ("networking.gke.io", "FQDNNetworkPolicy", "FQDNNetworkPolicy"),
    ],
};

ringfort_model::active_rules!("network", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.limit("greatest priority", |rules| &mut rules.most_priority);
    for (at, kind) in ["admin", "cluster"].into_iter().enumerate() {
        found.limit(&format!("rules/{kind}"), |rules| &mut rules.most_rules[at]);
        found.limit(&format!("peers/{kind}"), |rules| &mut rules.most_peers[at]);
        found.limit(&format!("ports/{kind}"), |rules| &mut rules.most_ports[at]);
    }
    found.limit("networks", |rules| &mut rules.most_networks);
    found.limit("domain names", |rules| &mut rules.most_domains);
    for (at, (images, cni, enforces, why)) in UPSTREAM.agents.iter().enumerate() {
        for (of, image) in images.iter().enumerate() {
            found.add(format!("agents/{cni} not known by {image}"), |rules| {
                let mut agents = rules.agents.to_vec();
                agents[at].0 = without(images, of);
                rules.agents = agents.leak();
            });
        }
        for wrong in [Tri::No, Tri::Unknown, Tri::Yes] {
            if wrong != *enforces {
                found.add(format!("agents/{cni} enforces: {wrong:?}"), |rules| {
                    let mut agents = rules.agents.to_vec();
                    agents[at] = (images, cni, wrong, why);
                    rules.agents = agents.leak();
                });
            }
        }
    }
    for (at, (cni, families)) in UPSTREAM.families.iter().enumerate() {
        for family in Family::ALL {
            let right = families[family as usize];
            let wrong = if right == Tri::No { Tri::Yes } else { Tri::No };
            found.add(format!("families/{cni} {family:?}: {wrong:?}"), |rules| {
                let mut rows = rules.families.to_vec();
                rows[at].1[family as usize] = wrong;
                rules.families = rows.leak();
            });
        }
    }
    for (at, (family, _)) in UPSTREAM.calico_since.iter().enumerate() {
        for bound in 0..2 {
            for step in [-1, 1] {
                found.add(format!("calico since/{family:?} {bound} {step:+}"), |rules| {
                    let mut rows = rules.calico_since.to_vec();
                    let minor = &mut rows[at].1[bound].1;
                    *minor = minor.saturating_add_signed(step);
                    rules.calico_since = rows.leak();
                });
            }
        }
    }
    for (at, (family, key, default)) in UPSTREAM.cilium_families.iter().enumerate() {
        found.add(format!("cilium families/{family:?} by default {}", !default), |rules| {
            let mut rows = rules.cilium_families.to_vec();
            rows[at] = (*family, key, !default);
            rules.cilium_families = rows.leak();
        });
    }
    found.list("cilium families", |rules| &mut rules.cilium_families);
    found.list("flagged families", |rules| &mut rules.flagged_families);
    found.list("by address", |rules| &mut rules.by_address);
    found.list("by identity", |rules| &mut rules.by_identity);
    found.list("hints", |rules| &mut rules.hints);
    found.list("kinds not modelled", |rules| &mut rules.not_modelled);
    found.all()
}
