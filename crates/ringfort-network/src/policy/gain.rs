//! What a change of policies would open: who may write policies may lift them (NP-01, NP-20,
//! NP-40, NP-41).
//!
//! Policies that are gone no longer deny. A rule that allows everything, put where its kind
//! stands, opens what no earlier stage and nothing before it in its own stage has decided.

use ringfort_model::Str;

use crate::policy::class::{Class, Segment, resolve};
use crate::policy::connection::ConnectionSet;
use crate::policy::decide::{Reason, Verdict};
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
        let kept: Vec<u32> = match change {
            Change::Without(gone) => {
                selected.iter().copied().filter(|at| !gone.contains(at)).collect()
            }
            Change::Allowing(kind) => {
                let place = self.earliest(kind);
                let before = |at: &u32| {
                    let own = self.policies()[*at as usize].place;
                    (own.stage, own.group) < place
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
                ports.named.iter().fold(ConnectionSet::none(), |all, one| all.union(&of(one)))
            };
            let ask = |selected: &[u32]| {
                self.hypothetical(selected, Direction::Ingress, &universe, &means, &resolve)
            };
            let now = ask(selected).possible();
            let then = match change {
                Change::Without(_) => ask(&kept).possible(),
                Change::Allowing(kind) => self.undecided(&ask(&kept), self.earliest(kind).0),
            };
            !then.difference(&now).is_empty()
        })
    }

    /// What is not denied before a stage ends.
    fn undecided(&self, verdict: &Verdict, stage: u64) -> ConnectionSet {
        let denied = verdict.pieces.iter().filter(|piece| !piece.allowed);
        let before = denied.filter(|piece| match &piece.reason {
            Reason::Isolated(by) => {
                by.iter().all(|at| self.policies()[*at as usize].place.stage < stage)
            }
            Reason::Rule { perhaps, .. } => perhaps.is_none(),
            Reason::Broken(_) | Reason::Default => false,
        });
        before.fold(ConnectionSet::all(), |left, piece| left.difference(&piece.connections))
    }

    /// Stage and group of a rule that allows, as early as its kind can stand. Tiers of Calico
    /// are chosen by whoever writes the policy.
    fn earliest(&self, kind: &str) -> (u64, u64) {
        match kind {
            "AdminNetworkPolicy" | "ClusterNetworkPolicy" => (ADMIN, 0),
            "BaselineAdminNetworkPolicy" => (BASELINE, 0),
            "CalicoNetworkPolicy" | "CalicoGlobalNetworkPolicy" => {
                let own = self.policies().iter().filter(|one| one.name.kind.starts_with("Calico"));
                // What is unknown of Calico stands in stage 0, which is no tier.
                let stages = own.map(|one| one.place.stage).filter(|stage| *stage != 0);
                (stages.min().map_or(KUBERNETES, |first| first.min(KUBERNETES)), 0)
            }
            _ => (KUBERNETES, KUBERNETES_GROUP),
        }
    }

    /// Of each segment, a class for every verdict about the subject.
    fn representatives(&self, subject: Class) -> Vec<Class> {
        let Some(group) = self.group(Direction::Ingress, subject) else { return Vec::new() };
        let mut found = Vec::new();
        for segment in [Segment::Pods, Segment::Hosts, Segment::Outside] {
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
            found.extend(own.find(|class| listed.binary_search(class).is_err()));
        }
        found
    }

    /// Whether a rule's peer means a class, as far as the class alone tells.
    fn means(&self, peer: &Peer, class: Class) -> Tri {
        let yes = |holds: bool| if holds { Tri::Yes } else { Tri::No };
        match (peer, self.segment(class)) {
            (Peer::Any, _) => Tri::Yes,
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
                yes(own.and_then(|(_, own)| own.first()).is_some_and(|ip| set.contains(ip)))
            }
            (Peer::Addresses { pods, .. }, Segment::Pods) if *pods != Tri::No => Tri::Unknown,
            (Peer::Addresses { nodes, .. }, Segment::Hosts) if *nodes != Tri::No => Tri::Unknown,
            _ => Tri::No,
        }
    }
}
