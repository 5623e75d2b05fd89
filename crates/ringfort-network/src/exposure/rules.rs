//! What decides who reaches a listener, as tables (semantics 4 and 4.1): keys and values of the
//! clouds, private ranges, and the rules of Services and node ports as switches.
//!
//! The sources stand at the head of the module that reads each table. [`mutants`] makes wrong
//! tables of it, for `cargo xtask mutants`.

use std::net::{Ipv4Addr, Ipv6Addr};

use ringfort_model::mutation::Mutants;
use ringfort_model::switches;

use super::provider::Provider;
use super::{amazon, provider};

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// External is the default of the clouds with one key.
        external_by_default: true,
        /// What uses a load balancer made elsewhere is not known.
        existing_is_unknown: true,
        /// Of two keys of one provider the newer goes first.
        newer_key_first: true,
        /// OCI's network load balancers have a key of their own.
        oci_network_key: true,
        /// Internet-facing is the default of AWS' in-tree controller.
        tree_is_external_by_default: true,
        /// Internal is the default of the AWS Load Balancer Controller.
        controller_is_internal_by_default: true,
        /// Where either AWS controller may act and they differ nothing is known.
        either_controller_is_unknown: true,
        /// An AWS load balancer that exists keeps its scheme.
        existing_keeps_scheme: true,
        /// The scheme goes before the older key.
        scheme_goes_first: true,
        /// A class of AWS shows which controller acts.
        class_shows_controller: true,
        /// Finalizers show which controller acts.
        finalizers_show_controller: true,
        /// The form of a host name shows the in-tree controller.
        name_shows_tree: true,
        /// `internal-` begins the names of internal load balancers.
        internal_names: true,
        /// A Classic name without `internal-` is that of an external one.
        classic_names: true,
        /// Security groups are not shown.
        groups_are_unknown: true,
        /// Prefix lists narrow who gets in.
        prefix_lists_narrow: true,
        /// A class that is not known gives nothing.
        other_class_is_unknown: true,
        /// GKE's classes say which kind.
        gke_classes: true,
        /// Where several providers may act and they differ nothing is known.
        providers_must_agree: true,
        /// Providers of the machines go before the keys of a Service.
        nodes_before_keys: true,
        /// A host name of AWS shows that AWS acts.
        aws_by_host_name: true,
        /// What the status shows goes before what is asked for.
        fact_before_intent: true,
        /// A name that is not resolved goes before a mere default.
        name_before_default: true,
        /// The annotation for ranges counts where the field is empty.
        ranges_by_annotation: true,
        /// The annotation for ranges counts beside the field.
        ranges_of_both: false,
        /// Ranges narrow who gets in.
        ranges_narrow: true,
        /// Ranges that hold everybody narrow nothing.
        wide_ranges_are_none: true,
        /// A range that does not read leaves nothing known.
        wrong_range_is_unknown: true,
        /// Azure's own key for ranges counts.
        azure_ranges: true,
        /// Azure's service tags narrow who gets in.
        azure_tags: true,
        /// The tag Internet, in any case of its letters, is everybody.
        internet_tag_is_everybody: true,
        /// A key keeps Azure from opening its firewall.
        azure_may_open_nothing: true,
        /// A private link that everybody sees is beyond the network.
        azure_private_link: true,
        /// External addresses that are public may be routed.
        external_ips_may_be_routed: true,
        /// The proxy serves no address of a headless Service.
        headless_is_skipped: true,
        /// A gate of the proxy switches external addresses off.
        external_ips_may_be_off: true,
        /// A LoadBalancer opens node ports.
        load_balancers_open_node_ports: true,
        /// Allocation of node ports may be switched off.
        allocation_may_be_off: true,
        /// Node ports of a manifest are yet to be allocated.
        manifests_are_allocated: true,
        /// What a server stored may yet get node ports.
        stored_is_allocated: false,
        /// The firewall of a node is not known.
        firewalls_are_unknown: true,
        /// Node ports listen where nodePortAddresses say.
        node_port_addresses: true,
        /// externalTrafficPolicy Local narrows the nodes.
        local_narrows: true,
        /// An endpoint without the condition is ready.
        missing_is_ready: true,
        /// An endpoint that ends and serves still answers.
        ending_answers: true,
        /// publishNotReadyAddresses makes every endpoint count.
        unready_may_be_published: true,
        /// On the host network a container port is a host port.
        host_network_opens_container_ports: true,
        /// The loopback is nobody's from outside.
        loopback_is_internal: true,
        /// A private address of a node may be what its public one is translated to.
        public_is_translated: true,
        /// Nodes that were not all read leave nothing known.
        unread_nodes_are_unknown: true,
        /// A Service without selector leads where its slices say.
        slices_lead: true,
        /// A name of a port is one of its protocol.
        port_name_of_protocol: true,
        /// Ports of side-cars count.
        side_cars_have_ports: true,
        /// MetalLB draws from pools with autoAssign only.
        auto_assign_counts: true,
        /// A MetalLB pool may be for some namespaces or Services.
        pools_may_be_for_some: true,
        /// A disabled Cilium pool gives nothing.
        pools_may_be_disabled: true,
        /// A Cilium pool may be for some Services.
        pools_may_select: true,
        /// kube-vip's pools of a namespace go before the global ones.
        own_pool_first: true,
        /// Pools of both classes leave nothing known.
        pools_must_agree: true,
        /// Cilium may serve a Service as one type alone.
        cilium_type_counts: true,
        /// For Cilium source ranges may be those that are kept out.
        cilium_ranges_may_deny: true,
        /// Cilium reads that in any case of its letters.
        cilium_reads_any_case: true,
        /// Where a cloud acts its firewall may read the ranges otherwise.
        clouds_read_ranges_too: true,
        /// An asked-for address decides its class.
        wanted_address_counts: true,
    }
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// Schemes of providerIDs.
    pub(super) schemes: &'static [(&'static str, Provider)],
    /// Keys that are read.
    pub(super) keys: &'static [(&'static str, Provider)],
    /// Values that ask for an internal one: GCP.
    pub(super) gcp_internal: &'static [&'static str],
    /// Where the one word is internal and every other external: Azure, OpenStack, Baidu.
    pub(super) one_word: &'static [&'static str],
    /// IBM: internal and external.
    pub(super) ibm: [&'static [&'static str]; 2],
    /// Alibaba: internal and external.
    pub(super) alibaba: [&'static [&'static str]; 2],
    /// Go's true and false.
    pub(super) go_bool: [&'static [&'static str]; 2],
    /// Classes of the AWS Load Balancer Controller, alone and as part of EKS.
    pub(super) aws_classes: &'static [&'static str],
    /// Types that mean that controller.
    pub(super) aws_types: &'static [&'static str],
    /// Schemes: internal and external.
    pub(super) aws_schemes: [&'static [&'static str]; 2],
    /// Values that the in-tree controller takes for internet-facing.
    pub(super) tree_external: &'static [&'static str],
    /// Beginnings of the classes of pools.
    pub(super) pooled: &'static [&'static str],
    /// Annotations by which a Service asks for addresses.
    pub(super) wanted: &'static [&'static str],
    /// Annotations by which a Service asks for a MetalLB pool.
    pub(super) pool: &'static [&'static str],
    /// Values with which Cilium stands in kube-proxy's place, and with which it does not.
    pub(super) cilium_replaces: [&'static [&'static str]; 2],
    /// Types that Cilium may serve a Service as alone.
    pub(super) cilium_types: &'static [&'static str],
    /// Kinds of node addresses that may be public.
    pub(super) node_addresses: &'static [&'static str],
    /// Host addresses that are every address of the node.
    pub(super) every_address: &'static [&'static str],
    /// The kubelet's port where the node does not say it.
    pub(super) kubelet_port: u32,
    /// Private IPv4 ranges.
    pub(super) private_v4: &'static [(Ipv4Addr, u32)],
    /// Private IPv6 ranges.
    pub(super) private_v6: &'static [(Ipv6Addr, u32)],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    schemes: provider::SCHEMES,
    keys: provider::KEYS,
    gcp_internal: &["Internal", "internal"],
    one_word: &["true"],
    ibm: [&["private"], &["public"]],
    alibaba: [&["intranet"], &["internet", ""]],
    go_bool: [
        &["1", "t", "T", "TRUE", "true", "True"],
        &["0", "f", "F", "FALSE", "false", "False"],
    ],
    aws_classes: amazon::CLASSES,
    aws_types: &["external", "nlb-ip"],
    aws_schemes: [&["internal"], &["internet-facing"]],
    tree_external: &["", "false"],
    pooled: &["kube-vip.io/", "io.cilium/", "metallb"],
    wanted: &[
        "metallb.io/loadBalancerIPs",
        "metallb.universe.tf/loadBalancerIPs",
        "kube-vip.io/loadbalancerIPs",
        "lbipam.cilium.io/ips",
        "io.cilium/lb-ipam-ips",
    ],
    pool: &["metallb.io/address-pool", "metallb.universe.tf/address-pool"],
    cilium_replaces: [&["true", "strict"], &["", "false", "disabled"]],
    cilium_types: &["ClusterIP", "NodePort", "LoadBalancer"],
    node_addresses: &["ExternalIP", "InternalIP"],
    every_address: &["", "0.0.0.0", "::"],
    kubelet_port: 10250,
    // RFC 1918, 6598, 3927, loopback, unspecified.
    private_v4: &[
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(127, 0, 0, 0), 8),
        (Ipv4Addr::UNSPECIFIED, 32),
    ],
    // ULA, link-local, loopback, unspecified.
    private_v6: &[
        (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
        (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
        (Ipv6Addr::LOCALHOST, 128),
        (Ipv6Addr::UNSPECIFIED, 128),
    ],
};

ringfort_model::active_rules!("exposure", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.list("schemes", |rules| &mut rules.schemes);
    found.list("keys", |rules| &mut rules.keys);
    found.list("GCP internal", |rules| &mut rules.gcp_internal);
    found.list("one word", |rules| &mut rules.one_word);
    for (at, what) in ["internal", "external"].into_iter().enumerate() {
        found.list(&format!("IBM {what}"), |rules| &mut rules.ibm[at]);
        found.list(&format!("Alibaba {what}"), |rules| &mut rules.alibaba[at]);
        found.list(&format!("AWS scheme {what}"), |rules| &mut rules.aws_schemes[at]);
    }
    found.list("true", |rules| &mut rules.go_bool[0]);
    found.list("false", |rules| &mut rules.go_bool[1]);
    found.list("AWS classes", |rules| &mut rules.aws_classes);
    found.list("AWS types", |rules| &mut rules.aws_types);
    found.list("in-tree external", |rules| &mut rules.tree_external);
    found.list("pooled classes", |rules| &mut rules.pooled);
    found.list("wanted addresses", |rules| &mut rules.wanted);
    found.list("wanted pools", |rules| &mut rules.pool);
    found.list("Cilium serves", |rules| &mut rules.cilium_replaces[0]);
    found.list("Cilium does not serve", |rules| &mut rules.cilium_replaces[1]);
    found.list("types of Cilium", |rules| &mut rules.cilium_types);
    found.list("node addresses", |rules| &mut rules.node_addresses);
    found.list("every address", |rules| &mut rules.every_address);
    found.limit("kubelet port", |rules| &mut rules.kubelet_port);
    found.list("private IPv4", |rules| &mut rules.private_v4);
    found.list("private IPv6", |rules| &mut rules.private_v6);
    for (at, (range, length)) in UPSTREAM.private_v4.iter().enumerate() {
        for moved in [length - 1, length + 1].into_iter().filter(|moved| *moved <= 32) {
            found.add(format!("private IPv4/{range}/{moved}"), |rules| {
                let mut ranges = rules.private_v4.to_vec();
                ranges[at].1 = moved;
                rules.private_v4 = ranges.leak();
            });
        }
    }
    found.all()
}
