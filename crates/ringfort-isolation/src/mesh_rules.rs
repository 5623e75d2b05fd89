//! What makes the peers of a pod prove who they are, each rule as a switch or a row (semantics
//! EFF-MESH, NP-43).
//!
//! Follows istio/istio `pilot/pkg/security/authn`, `tools/istio-iptables` and `cni`, and
//! linkerd/linkerd2 `policy-controller` and `pkg/k8s/labels.go`. [`mutants`] makes wrong tables of
//! it, for `cargo xtask mutants`.

use ringfort_model::mutation::{Mutants, without};
use ringfort_model::switches;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// A policy with a selector is of its namespace.
        selector_in_own_namespace: true,
        /// A policy with a selector means nothing in the root namespace.
        root_takes_no_selector: true,
        /// A selector's labels count.
        selector_counts: true,
        /// A policy without a selector is of its namespace.
        policy_of_own_namespace: true,
        /// A policy without a selector in the root namespace is of the mesh.
        root_is_the_mesh: true,
        /// The workload's policy goes before the namespace's, that before the mesh's.
        narrower_goes_first: true,
        /// A mode that is not set is the wider scope's.
        unset_inherits: true,
        /// Where nobody sets a mode plain text is taken.
        plain_by_default: true,
        /// PERMISSIVE takes plain text.
        permissive_is_plain: true,
        /// DISABLE takes plain text.
        disable_is_plain: true,
        /// A mode that the mesh does not know is not known.
        other_modes_are_unknown: true,
        /// Modes of ports count where a workload is selected.
        ports_count: true,
        /// Modes of ports count without a selector.
        ports_count_without_selector: false,
        /// Of two policies of one scope that differ it is not known which holds.
        two_are_unknown: true,
        /// Policies that were not read may hold.
        unread_is_unknown: true,
        /// The node's network is not redirected.
        host_network_is_left_out: true,
        /// An annotation that is empty leaves nothing out.
        empty_leaves_nothing_out: true,
        /// Traffic that is not intercepted is not taken.
        interception_counts: true,
        /// Ports that are not included are left out.
        included_ports_count: true,
        /// `*` includes every port.
        star_includes_all: true,
        /// An ambient pod can leave inbound traffic out.
        bypass_counts: true,
        /// A side-car may be an initial container that goes on running.
        side_car_may_be_initial: true,
        /// A side-car may be any initial container.
        side_car_may_end: false,
        /// A side-car may be an ephemeral container.
        side_car_may_be_ephemeral: false,
        /// A pod that the node's agent took in needs no side-car.
        redirected_needs_no_side_car: true,
        /// Of manifests it is not known whether the mesh takes the pod in.
        manifests_are_unknown: true,
        /// A container with the proxy's uid goes past the redirection.
        uid_goes_past: true,
        /// The proxy's own uid is the one that counts.
        proxy_may_have_another_uid: true,
        /// Root that can change its uid can become the proxy.
        root_becomes_proxy: true,
        /// Root that rules the network can change the redirection.
        root_changes_redirection: true,
        /// A container that is root perhaps is perhaps one of those.
        assumed_root_is_unknown: true,
        /// An initial container is over when the others run.
        initial_is_over: true,
        /// An initial container that goes on running is not over.
        side_cars_stay: true,
        /// Linkerd: the pod's annotation goes before the namespace's.
        linkerd_pod_goes_first: true,
        /// Linkerd: the namespace's annotation counts.
        linkerd_namespace_counts: true,
        /// Linkerd: Servers and authorizations set ports apart.
        linkerd_servers_count: true,
    }
}

/// An annotation, and the side-car's own ports in it.
pub type LeftOut = (&'static str, &'static [&'static str]);

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// The namespace whose policies without a selector are the mesh's; another is a setting of
    /// the control plane that is not kept.
    pub root: &'static str,
    /// Annotations of a pod that leave inbound traffic out of the redirection, and the ports of
    /// the side-car itself (telemetry and health) that the injector lists for every pod.
    pub left_out: &'static [LeftOut],
    /// A side-car: its container, and the uid whose traffic the redirection leaves out.
    pub side_cars: &'static [(&'static str, u32)],
    /// Linkerd's default policies by which peers need an identity.
    pub authenticated: &'static [&'static str],
    /// Labels, with their values, that ask the injector for a side-car; without a value any.
    pub injected: &'static [(&'static str, &'static str)],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    root: "istio-system",
    left_out: &[
        ("traffic.sidecar.istio.io/excludeInboundPorts", &["15020", "15021", "15090"]),
        ("config.linkerd.io/skip-inbound-ports", &[]),
    ],
    side_cars: &[("istio-proxy", 1337), ("linkerd-proxy", 2102)],
    authenticated: &["all-authenticated", "cluster-authenticated", "deny"],
    injected: &[
        ("istio-injection", "enabled"),
        ("sidecar.istio.io/inject", "true"),
        ("istio.io/rev", ""),
    ],
};

ringfort_model::active_rules!("mesh", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.add("root/any", |rules| rules.root = "n");
    found.list("left out", |rules| &mut rules.left_out);
    for (at, (key, own)) in UPSTREAM.left_out.iter().enumerate() {
        for (of, port) in own.iter().enumerate() {
            found.add(format!("{key} without {port}"), |rules| {
                let mut all = rules.left_out.to_vec();
                all[at].1 = without(own, of);
                rules.left_out = all.leak();
            });
        }
    }
    found.list("side-cars", |rules| &mut rules.side_cars);
    for (at, (name, uid)) in UPSTREAM.side_cars.iter().enumerate() {
        for (suffix, moved) in [("one less", uid - 1), ("one more", uid + 1)] {
            found.add(format!("uid of {name}/{suffix}"), |rules| {
                let mut all = rules.side_cars.to_vec();
                all[at].1 = moved;
                rules.side_cars = all.leak();
            });
        }
    }
    found.list("authenticated", |rules| &mut rules.authenticated);
    found.list("injected", |rules| &mut rules.injected);
    found.all()
}
