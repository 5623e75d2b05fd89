//! What a change of policies would open: who may write policies may lift them (NP-01, NP-20,
//! NP-40, NP-41).
//!
//! Policies that are gone no longer deny. A rule that allows everything, put where its kind
//! stands, opens what no earlier stage and nothing before it in its own stage has decided.

use ringfort_model::Str;

use crate::policy::class::{Class, Segment, resolve};
use crate::policy::connection::ConnectionSet;
use crate::policy::decide::{Reason, Verdict};
use crate::policy::gain_rules::{First, rules};
use crate::policy::gather::{ADMIN, BASELINE, KUBERNETES, KUBERNETES_GROUP};
use crate::policy::network::Network;
use crate::policy::rule::{Direction, Peer, Ports, Tri};

/// A change of policies.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// These policies are gone, by their positions.
    Without(&'a [u32]),
    /// A policy of this kind allows everything, as early as its kind can stand.
    Allowing(&'a str),
}

impl Network {
    /// Whether some peer could connect to a class in more ways after the change, whatever is
    /// enforced.
    #[must_use]
    pub fn gains(&self, subject: Class, change: &Change<'_>) -> bool {
        let selected = self.selecting_policies(Direction::Ingress, subject);
        if selected.is_empty() {
            return false;
        }
        let rule = &rules().switches;
        let kept: Vec<u32> = match change {
            Change::Without(_) if !rule.others_stay => Vec::new(),
            Change::Without(gone) => {
                selected.iter().copied().filter(|at| !gone.contains(at)).collect()
            }
            Change::Allowing(kind) => {
                let place = self.earliest(kind);
                let before = |at: &u32| {
                    let own = self.policies()[*at as usize].place;
                    let group = if rule.place_in_stage_counts { own.group } else { u64::MAX };
                    rule.earlier_stages_deny && (own.stage, group) < place
                };
                selected.iter().copied().filter(before).collect()
            }
        };
        if kept.len() == selected.len() && matches!(change, Change::Without(_)) {
            return false;
        }
        let universe = ConnectionSet::all();
        let named = self.named_ports(subject);
        self.representatives(subject).into_iter().any(|peer| {
            let means = |one: &Peer| self.means(one, peer);
            let resolve = |ports: &Ports| {
                let of = |(name, protocol): &(Str, _)| resolve(named, name, *protocol);
                let names = if rule.named_ports_count { &ports.named[..] } else { &[] };
                names.iter().fold(ConnectionSet::none(), |all, one| all.union(&of(one)))
            };
            let ask = |selected: &[u32]| {
                self.hypothetical(selected, Direction::Ingress, &universe, &means, &resolve)
            };
            let now = ask(selected);
            let now = if rule.possible_is_not_gained { now.possible() } else { now.allowed };
            let then = match change {
                Change::Without(_) => ask(&kept).possible(),
                Change::Allowing(kind) => self.undecided(&ask(&kept), self.earliest(kind).0),
            };
            !then.difference(&now).is_empty()
        })
    }

    /// What is not denied before a stage ends.
    fn undecided(&self, verdict: &Verdict, stage: u64) -> ConnectionSet {
        let rule = &rules().switches;
        let denied = verdict.pieces.iter().filter(|piece| !piece.allowed);
        let earlier = |at: &u32| self.policies()[*at as usize].place.stage < stage;
        let before = denied.filter(|piece| match &piece.reason {
            Reason::Isolated(by) => !rule.own_stage_is_open || by.iter().all(earlier),
            Reason::Rule { perhaps, .. } => perhaps.is_none() || !rule.doubtful_denial_is_lifted,
            // What is not understood leaves everything possible already.
            Reason::Broken(_) | Reason::Default => false,
        });
        before.fold(ConnectionSet::all(), |left, piece| left.difference(&piece.connections))
    }

    /// Stage and group of a rule that allows, as early as its kind can stand. Tiers of Calico
    /// are chosen by whoever writes the policy.
    fn earliest(&self, kind: &str) -> (u64, u64) {
        let rule = &rules().switches;
        let first = rules().kinds.iter().find(|(known, _)| *known == kind);
        match first.map(|(_, first)| first) {
            Some(First::Admin) => (ADMIN, 0),
            Some(First::Baseline) => (BASELINE, 0),
            Some(First::Calico) if rule.tiers_are_chosen => {
                let own = self.policies().iter().filter(|one| one.name.kind.starts_with("Calico"));
                let tiers = own.map(|one| one.place.stage);
                (tiers.min().map_or(KUBERNETES, |first| first.min(KUBERNETES)), 0)
            }
            Some(First::Calico) => (KUBERNETES, 0),
            None => (KUBERNETES, KUBERNETES_GROUP),
        }
    }

    /// Of each segment, a class for every verdict about the subject.
    fn representatives(&self, subject: Class) -> Vec<Class> {
        let Some(group) = self.group(Direction::Ingress, subject) else { return Vec::new() };
        let mut found = Vec::new();
        for &segment in rules().segments {
            let mut seen: Vec<*const Verdict> = Vec::new();
            let mut listed = Vec::new();
            for (class, verdict) in self.listed_peers(Direction::Ingress, group, segment) {
                listed.push(class);
                if !seen.contains(&std::ptr::from_ref(verdict)) {
                    seen.push(std::ptr::from_ref(verdict));
                    found.push(class);
                }
            }
            let mut own = self.bounds.classes(segment).map(Class);
            if rules().switches.unmentioned_peers_count {
                found.extend(own.find(|class| listed.binary_search(class).is_err()));
            }
        }
        found
    }

    /// Whether a rule's peer means a class, as far as the class alone tells.
    fn means(&self, peer: &Peer, class: Class) -> Tri {
        let yes = |holds: bool| if holds { Tri::Yes } else { Tri::No };
        let rule = &rules().switches;
        match (peer, self.segment(class)) {
            (Peer::Any, _) => Tri::Yes,
            (Peer::Perhaps { .. }, _) if !rule.perhaps_is_unknown => Tri::No,
            (Peer::Perhaps { segments, .. }, segment) => match segments[segment as usize] {
                true => Tri::Unknown,
                false => Tri::No,
            },
            (Peer::Pods(expr), Segment::Pods) => yes(self.holds(expr, class)),
            (Peer::Nodes(expr), Segment::Hosts) => match self.host_labels(class) {
                Some(labels) => yes(expr.holds(labels)),
                None => Tri::Unknown,
            },
            (Peer::Addresses { set, .. }, Segment::Outside) => {
                let own = self.outside().find(|(one, _)| *one == class);
                let own = own.and_then(|(_, own)| own.first());
                yes(own.is_some_and(|ip| set.contains(ip)) && rule.outside_has_addresses)
            }
            (Peer::Addresses { pods, .. }, Segment::Pods)
                if *pods != Tri::No && rule.addresses_of_pods_are_unknown =>
            {
                Tri::Unknown
            }
            (Peer::Addresses { nodes, .. }, Segment::Hosts)
                if *nodes != Tri::No && rule.addresses_of_nodes_are_unknown =>
            {
                Tri::Unknown
            }
            _ => Tri::No,
        }
    }
}
