//! Whether somebody from outside gets to where a flaw can be used, and on which path.
//!
//! The graph answers where the position is one of its own; exposure answers for listeners. What
//! cannot be decided is unknown and never a no.

use ringfort_attack::context::Ask;
use ringfort_attack::{NodeKey, Power, Subject};
use ringfort_graph::{BitSet, Derivation, NodeId};
use ringfort_model::record::Node;
use ringfort_model::{Id, Kind};
use ringfort_network::exposure::{ListenerKind, Reach};
use ringfort_network::policy::Tri;

use super::data::{Attacker, Part};
use super::inventory::{Running, Site};
use crate::world::{Exposed, World};

/// Whether a position is reached.
pub(crate) struct Reached {
    pub(crate) state: Tri,
    /// The easiest path there, if the graph has one.
    pub(crate) path: Option<Derivation>,
    /// The listener that the internet reaches, if there is one.
    pub(crate) listener: Option<String>,
    /// What is not known, where it is not.
    pub(crate) missing: Option<&'static str>,
}

/// Asks for the positions of attackers; what the internet reaches is found once.
pub(crate) struct Outside<'w, 'a> {
    world: &'w World<'a>,
    internet: Option<NodeId>,
    reached: BitSet,
}

impl<'w, 'a> Outside<'w, 'a> {
    pub(crate) fn new(world: &'w World<'a>) -> Self {
        let internet = world.attack.node(&NodeKey::Internet);
        let from: Vec<NodeId> = internet.into_iter().collect();
        Self { world, internet, reached: world.attack.reach(&from) }
    }

    /// Whether an attacker gets to where a flaw of one of some components can be used.
    pub(crate) fn reaches(
        &self,
        attacker: Option<Attacker>,
        running: &[&Running],
        path: bool,
    ) -> Reached {
        let attacker = attacker.unwrap_or_else(|| usual(running));
        let mut answer = Reached { state: Tri::No, path: None, listener: None, missing: None };
        let mut leads: Vec<NodeId> = Vec::new();
        match attacker {
            Attacker::Network => {
                self.listeners(running, &mut answer);
                leads.extend(self.neighbours(running, &mut answer));
            }
            Attacker::NetworkPod => leads.extend(self.neighbours(running, &mut answer)),
            Attacker::Pod => leads.extend(self.pods(&nodes(running))),
            Attacker::Account => leads.extend(self.all(is_account)),
            Attacker::IngressWriter => leads.extend(self.writers()),
            Attacker::Node => {
                leads.extend(self.all(|key| {
                    matches!(key, NodeKey::Node(_) | NodeKey::AnyNode | NodeKey::SomeNode)
                }));
            }
            Attacker::Operator => {
                self.listeners(running, &mut answer);
                if answer.state != Tri::No {
                    answer.state = Tri::Unknown;
                    answer.missing = Some("who the users of the component are");
                }
            }
        }
        leads.retain(|lead| self.reached.contains(lead.index()));
        if !leads.is_empty() {
            answer.state = Tri::Yes;
            answer.missing = None;
        }
        if let (Some(internet), true, false) = (self.internet, path, leads.is_empty()) {
            let found = self.world.attack.easiest(&[internet], &leads).into_iter().flatten();
            answer.path = found.min_by(|a, b| (a.cost, &a.edges).cmp(&(b.cost, &b.edges)));
        }
        // Where pods were not read there may be a way that is not drawn.
        let seen = self.world.cluster.coverage.is_complete(Kind::Pod);
        if answer.state == Tri::No && !seen {
            answer.state = Tri::Unknown;
            answer.missing = Some("what runs in the cluster: pods were not all read");
        }
        answer
    }

    fn all(&self, wanted: fn(&NodeKey) -> bool) -> Vec<NodeId> {
        let keys = self.world.attack.keys().iter().enumerate();
        keys.filter(|(_, key)| wanted(key)).map(|(at, _)| NodeId(at as u32)).collect()
    }

    /// Positions of code in pods that run on some of the nodes, or of whoever starts pods.
    fn pods(&self, nodes: &[Id<Node>]) -> Vec<NodeId> {
        let context = self.world.context;
        let on = |unit: u32, place: Option<Id<Node>>| match place {
            Some(node) => nodes.contains(&node),
            None => {
                let own = &context.units[unit as usize].nodes;
                own.is_empty() || own.iter().any(|node| nodes.contains(node))
            }
        };
        let keys = self.world.attack.keys().iter().enumerate();
        let here = keys.filter(|(_, key)| match key {
            NodeKey::Pods(unit, place) | NodeKey::Container(unit, place, ..) => on(*unit, *place),
            NodeKey::Power(Power::RunPods, _) => true,
            _ => false,
        });
        here.map(|(at, _)| NodeId(at as u32)).collect()
    }

    /// Positions from which the listeners of components are reached inside of the cluster.
    fn neighbours(&self, running: &[&Running], answer: &mut Reached) -> Vec<NodeId> {
        let mut found = Vec::new();
        for one in running {
            let Site::Unit(unit) = one.site else {
                // Every pod may reach the API server and its node, unless a policy says no.
                found.extend(
                    self.all(|key| matches!(key, NodeKey::Pods(..) | NodeKey::Container(..))),
                );
                continue;
            };
            match self.world.attack.node(&NodeKey::Listener(unit)) {
                Some(listener) => found.push(listener),
                None => {
                    let is_code =
                        |key: &NodeKey| matches!(key, NodeKey::Sender(..) | NodeKey::Pods(..));
                    let any = self.all(is_code).iter().any(|at| self.reached.contains(at.index()));
                    if any && answer.state == Tri::No {
                        answer.state = Tri::Unknown;
                        answer.missing = Some("whether pods that an attacker gets to reach it");
                    }
                }
            }
        }
        found
    }

    /// Who may write an Ingress.
    fn writers(&self) -> Vec<NodeId> {
        const WRITES: [Ask; 2] = [
            Ask::unnamed(&["create"], "networking.k8s.io", "ingresses"),
            Ask::named(&["update", "patch"], "networking.k8s.io", "ingresses"),
        ];
        let held = self.world.held_any(&WRITES);
        let grants = held.iter().map(|one| self.world.context.grants[one.grant].node());
        grants.filter_map(|key| self.world.attack.node(&key)).collect()
    }

    /// Whether the internet reaches a listener of some of the components.
    fn listeners(&self, running: &[&Running], answer: &mut Reached) {
        for one in running {
            let (state, name) = self.listener(one);
            if state == Tri::Yes && answer.listener.is_none() {
                answer.listener = name;
            }
            if state == Tri::Unknown {
                answer.missing = Some("whether the internet reaches its listener");
            }
            answer.state = answer.state.max(state);
        }
    }

    fn listener(&self, running: &Running) -> (Tri, Option<String>) {
        let all = self.world.context.exposure.listeners.iter();
        let kind = match (running.site, running.part) {
            (Site::Unit(unit), part) if part != Some(Part::ApiServer) => {
                return match self.world.is_exposed(unit) {
                    Exposed::Yes => (Tri::Yes, self.front(unit)),
                    Exposed::Unknown => (Tri::Unknown, None),
                    Exposed::No => (Tri::No, None),
                };
            }
            (Site::Node(_), _) => ListenerKind::Kubelet,
            _ => ListenerKind::ApiServer,
        };
        let own = all.filter(|one| one.kind == kind).filter(|one| match running.site {
            Site::Node(node) => one.object.name == self.world.cluster.nodes[node].metadata.name,
            _ => true,
        });
        match own.min_by_key(|one| one.verdict.reach) {
            Some(one) => match one.verdict.reach {
                Reach::Public => (Tri::Yes, Some(one.object.to_string())),
                Reach::Unknown => (Tri::Unknown, None),
                Reach::AllowListed | Reach::Internal => (Tri::No, None),
            },
            None => (Tri::Unknown, None),
        }
    }

    fn front(&self, unit: u32) -> Option<String> {
        let evidence = self.world.evidence(&self.world.front(unit)?);
        Some(evidence.object)
    }
}

fn is_account(key: &NodeKey) -> bool {
    match key {
        NodeKey::Subject(Subject::User(name)) => *name != *"system:anonymous",
        NodeKey::Subject(Subject::ServiceAccount(..)) => true,
        _ => false,
    }
}

/// From where a flaw is used of which nothing more is known: as near as it can be.
fn usual(running: &[&Running]) -> Attacker {
    match running.first().map(|one| one.site) {
        Some(Site::Node(_)) => Attacker::Pod,
        Some(Site::Cluster) => Attacker::Account,
        Some(Site::Unit(_)) | None => Attacker::Network,
    }
}

fn nodes(running: &[&Running]) -> Vec<Id<Node>> {
    let mut found: Vec<Id<Node>> = running
        .iter()
        .filter_map(|one| match one.site {
            Site::Node(node) => Some(node),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
