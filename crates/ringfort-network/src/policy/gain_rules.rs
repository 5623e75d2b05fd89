//! What a change of policies opens, each rule as a switch or a row (NP-01, NP-20, NP-40, NP-41).
//!
//! Follows the order of tiers of kubernetes-sigs/network-policy-api and projectcalico/calico.
//! [`mutants`] makes wrong tables of it, for `cargo xtask mutants`.

use ringfort_model::mutation::Mutants;
use ringfort_model::switches;

use crate::policy::class::Segment;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// Policies that stay still decide.
        others_stay: true,
        /// A rule that allows opens nothing that an earlier stage denies.
        earlier_stages_deny: true,
        /// A rule that allows comes after those that stand before it in its stage.
        place_in_stage_counts: true,
        /// A rule that allows goes before what denies at the end of its own stage.
        own_stage_is_open: true,
        /// A denial that is not certain may be lifted.
        doubtful_denial_is_lifted: true,
        /// What may be open already is not gained.
        possible_is_not_gained: true,
        /// Who writes a policy of Calico chooses its tier.
        tiers_are_chosen: true,
        /// Peers that no rule means count too.
        unmentioned_peers_count: true,
        /// A named port is the subject's.
        named_ports_count: true,
        /// A rule that perhaps means a peer leaves it open.
        perhaps_is_unknown: true,
        /// A block of addresses that may mean pods leaves them open.
        addresses_of_pods_are_unknown: true,
        /// A block of addresses that may mean nodes leaves them open.
        addresses_of_nodes_are_unknown: true,
        /// An address outside is inside of a block or not.
        outside_has_addresses: true,
    }
}

/// Where a kind stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// In the admin tier.
    Admin,
    /// In the baseline tier.
    Baseline,
    /// In any tier of Calico.
    Calico,
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// Kinds that do not stand where NetworkPolicy does.
    pub kinds: &'static [(&'static str, First)],
    /// Where peers are.
    pub segments: &'static [Segment],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    kinds: &[
        ("AdminNetworkPolicy", First::Admin),
        ("BaselineAdminNetworkPolicy", First::Baseline),
        ("CalicoGlobalNetworkPolicy", First::Calico),
        ("CalicoNetworkPolicy", First::Calico),
        ("ClusterNetworkPolicy", First::Admin),
    ],
    segments: &[Segment::Pods, Segment::Hosts, Segment::Outside],
};

ringfort_model::active_rules!("gains", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.list("kinds", |rules| &mut rules.kinds);
    found.list("segments", |rules| &mut rules.segments);
    found.all()
}
