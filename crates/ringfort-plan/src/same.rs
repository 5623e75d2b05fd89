//! Which positions of a graph are those of the graph before a change.
//!
//! An id says what the graph tells apart, and that changes: pods that can leave their container
//! no more are one position where they were one for each node, a pod that differs from its
//! equals gets a position of its own, sets of nodes are numbered anew. So a position is found
//! again by what it stands for: a pod by its name, one that was made again or placed elsewhere
//! by what keeps it, a container within by its name, a set of nodes by its members. Permissions
//! that no position had before are part of wider ones that had one, as the copy of a role is of
//! the role.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use ringfort_attack::context::Grant;
use ringfort_attack::node::Files;
use ringfort_attack::{Attack, NodeKey, RoleKey, Scope};
use ringfort_graph::NodeId;
use ringfort_model::record::Node;
use ringfort_model::{Id, Str, Unit, WorkloadKind};
use rustc_hash::FxHashMap;

/// Finds positions of the changed cluster in the graph before.
pub(crate) struct Same<'s, 'b, 'a> {
    before: &'s Attack<'b>,
    after: &'s Attack<'a>,
    units: OnceCell<Vec<Units>>,
}

/// What a unit was before the change.
struct Units {
    /// Units that had pods of it, or else pods of the same owner.
    units: Vec<u32>,
    /// Whether all its pods were there.
    whole: bool,
}

/// Kind, namespace and name of what keeps the pods of a unit.
type OwnerKey<'u> = (&'u Str, WorkloadKind, &'u Str);

impl<'s, 'b, 'a> Same<'s, 'b, 'a> {
    pub(crate) fn new(before: &'s Attack<'b>, after: &'s Attack<'a>) -> Self {
        Self { before, after, units: OnceCell::new() }
    }

    /// Whether whoever holds the position holds each of those that it was before: pods that were
    /// told apart are one position now.
    pub(crate) fn is_each(&self, node: NodeId) -> bool {
        match self.after.key(node) {
            NodeKey::Pods(unit, None)
            | NodeKey::Sender(unit, None)
            | NodeKey::Container(unit, None, ..)
            | NodeKey::Listener(unit)
            | NodeKey::Port(unit, _)
            | NodeKey::PodNetwork(unit) => self.units(*unit).whole,
            _ => false,
        }
    }

    /// The positions before the change that a position is, or is a part of, ascending; none for
    /// what only the change has made.
    pub(crate) fn before(&self, node: NodeId) -> Vec<NodeId> {
        let mut found = self.known(self.after.key(node));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn known(&self, key: &NodeKey) -> Vec<NodeId> {
        let one = |key: Option<NodeKey>| -> Vec<NodeId> {
            key.and_then(|key| self.before.node(&key)).into_iter().collect()
        };
        let on = |place: &Option<Id<Node>>| match place {
            Some(node) => self.node(*node).map(Some),
            None => Some(None),
        };
        match key {
            NodeKey::Pods(unit, place) => {
                self.placed(*unit, *place, |unit, place| Some(NodeKey::Pods(unit, place)))
            }
            NodeKey::Sender(unit, place) => {
                self.placed(*unit, *place, |unit, place| Some(NodeKey::Sender(unit, place)))
            }
            NodeKey::Container(unit, place, kind, index) => {
                let spec = &self.after.context.units[*unit as usize].spec;
                let mut all = spec.all_containers();
                let found = all.find(|(known, at, _)| known == kind && *at as u32 == *index);
                let Some((_, _, container)) = found else { return Vec::new() };
                self.placed(*unit, *place, |unit, place| {
                    let spec = &self.before.context.units[unit as usize].spec;
                    let mut all = spec.all_containers();
                    let (kind, at, _) = all
                        .find(|(known, _, other)| known == kind && other.name == container.name)?;
                    Some(NodeKey::Container(unit, place, kind, at as u32))
                })
            }
            NodeKey::Listener(unit) => self.of_units(*unit, NodeKey::Listener),
            NodeKey::Port(unit, port) => self.of_units(*unit, |unit| NodeKey::Port(unit, *port)),
            NodeKey::PodNetwork(unit) => self.of_units(*unit, NodeKey::PodNetwork),
            NodeKey::Node(node) => one(self.node(*node).map(NodeKey::Node)),
            NodeKey::Kubelet(place) => one(on(place).map(NodeKey::Kubelet)),
            NodeKey::NodeFiles(place, files) => {
                let of = |files: Files| one(on(place).map(|on| NodeKey::NodeFiles(on, files)));
                let found = of(*files);
                if found.is_empty() { of(Files::All) } else { found }
            }
            NodeKey::NodeLoopback(place) => one(on(place).map(NodeKey::NodeLoopback)),
            NodeKey::Traffic(place) => one(on(place).map(NodeKey::Traffic)),
            NodeKey::SharedMemory(place) => one(on(place).map(NodeKey::SharedMemory)),
            NodeKey::Processes(place, text) => {
                one(on(place).map(|on| NodeKey::Processes(on, text.clone())))
            }
            NodeKey::LogReader(place) => one(on(place).map(NodeKey::LogReader)),
            NodeKey::PodSpecs(place) => one(on(place).map(NodeKey::PodSpecs)),
            NodeKey::HostData(place, path) => {
                one(on(place).map(|on| NodeKey::HostData(on, path.clone())))
            }
            NodeKey::Nodes(set) => self.nodes(*set),
            NodeKey::Role(role, scope) => {
                let found = one(Some(key.clone()));
                if found.is_empty() { self.roles(role, scope) } else { found }
            }
            NodeKey::Power(power, Scope::Namespace(_)) => {
                let found = one(Some(key.clone()));
                match found.is_empty() {
                    true => one(Some(NodeKey::Power(*power, Scope::Cluster))),
                    false => found,
                }
            }
            _ => one(Some(key.clone())),
        }
    }

    /// The node of the same name.
    fn node(&self, node: Id<Node>) -> Option<Id<Node>> {
        let name = &self.after.context.cluster.nodes[node].metadata.name;
        self.before.context.cluster.nodes.find("", name)
    }

    /// Positions of units that stand on the same node, on any, or, of pods that moved, anywhere.
    fn placed(
        &self,
        unit: u32,
        place: Option<Id<Node>>,
        key: impl Fn(u32, Option<Id<Node>>) -> Option<NodeKey>,
    ) -> Vec<NodeId> {
        let mut found = Vec::new();
        for &unit in &self.units(unit).units {
            let at = |place| self.before.node(&key(unit, place)?);
            let same = place.and_then(|node| self.node(node)).and_then(|node| at(Some(node)));
            match same.or_else(|| at(None)) {
                Some(one) => found.push(one),
                None => {
                    let nodes = &self.before.context.units[unit as usize].nodes;
                    found.extend(nodes.iter().filter_map(|node| at(Some(*node))));
                }
            }
        }
        found
    }

    fn of_units(&self, unit: u32, key: impl Fn(u32) -> NodeKey) -> Vec<NodeId> {
        self.units(unit).units.iter().filter_map(|&unit| self.before.node(&key(unit))).collect()
    }

    fn units(&self, unit: u32) -> &Units {
        &self.units.get_or_init(|| self.matched())[unit as usize]
    }

    fn matched(&self) -> Vec<Units> {
        let (before, after) = (&self.before.context, &self.after.context);
        let mut of_pod: FxHashMap<(&Str, &Str), u32> = FxHashMap::default();
        let mut of_owner: FxHashMap<OwnerKey<'_>, Vec<u32>> = FxHashMap::default();
        for (at, unit) in before.units.iter().enumerate() {
            for &pod in &unit.pods {
                let meta = &before.cluster.pods[pod].metadata;
                of_pod.insert((&meta.namespace, &meta.name), at as u32);
            }
            if let Some(owner) = owner_of(unit) {
                of_owner.entry(owner).or_default().push(at as u32);
            }
        }
        let matched = |unit: &Unit| {
            let names = unit.pods.iter().map(|&pod| &after.cluster.pods[pod].metadata);
            let known = names.map(|meta| of_pod.get(&(&meta.namespace, &meta.name)).copied());
            let known: BTreeSet<Option<u32>> = known.collect();
            let mut found: BTreeSet<u32> = known.iter().copied().flatten().collect();
            // Pods that were placed elsewhere, and templates, are told by what keeps them.
            let whole = !known.is_empty() && !known.contains(&None);
            if !whole {
                let of_owner = owner_of(unit).and_then(|owner| of_owner.get(&owner));
                found.extend(of_owner.into_iter().flatten());
            }
            Units { units: found.into_iter().collect(), whole }
        };
        after.units.iter().map(matched).collect()
    }

    /// The set of the same nodes, or else the smaller ones of those that hold them all.
    fn nodes(&self, set: u32) -> Vec<NodeId> {
        let wanted: Option<BTreeSet<Id<Node>>> =
            self.after.context.nodes_of(set).iter().map(|&node| self.node(node)).collect();
        let Some(wanted) = wanted else { return Vec::new() };
        let mut wider: Vec<(usize, NodeId)> = Vec::new();
        for (at, key) in self.before.keys().iter().enumerate() {
            let NodeKey::Nodes(other) = key else { continue };
            let nodes = self.before.context.nodes_of(*other);
            if wanted.iter().all(|node| nodes.contains(node)) {
                wider.push((nodes.len(), NodeId(at as u32)));
            }
        }
        let least = wider.iter().map(|(count, _)| *count).min();
        match least {
            Some(least) => {
                wider.into_iter().filter(|(count, _)| *count == least).map(|(_, at)| at).collect()
            }
            None => self.before.node(&NodeKey::EveryNode).into_iter().collect(),
        }
    }

    /// Roles before the change that hold all rules of a role that is new.
    fn roles(&self, role: &RoleKey, scope: &Scope) -> Vec<NodeId> {
        let grants = &self.after.context.grants;
        let Some(new) = grants.iter().find(|one| one.role == *role && one.scope == *scope) else {
            return Vec::new();
        };
        let within = |old: &Grant<'_>| {
            old.scope.meet(scope).as_ref() == Some(scope)
                && new.rules.iter().all(|rule| old.rules.contains(rule))
        };
        let all = self.before.context.grants.iter();
        all.filter(|old| within(old)).filter_map(|old| self.before.node(&old.node())).collect()
    }
}

fn owner_of(unit: &Unit) -> Option<OwnerKey<'_>> {
    let (kind, name) = unit.owner.as_ref()?;
    Some((&unit.namespace, *kind, name))
}
