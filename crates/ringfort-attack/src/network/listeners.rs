//! Who reaches which listener, factored so that edges grow with classes and listeners.
//!
//! ```text
//!  pods ──► sources ──────────────────────► listener        no policy isolates it
//!    └────► sources of its namespace ─────► listener        the same, from beside it
//!    └────► sources that a rule lets in ──► listener        a policy isolates it
//!  host pods ──► own node ────────────────► listener        NP-07, where policies have an effect
//! ```
//!
//! Sources are sets of classes, equal sets are one position. A source that its own policies
//! do not restrict is in the set of all such; what restricted ones reach is walked by the
//! lists of their rows. An edge is drawn if some port that the listener has passes both sides.
//! What policies deny where nothing is known to enforce them is drawn as unverified, and where
//! nothing enforces them as open, with a note. What a mesh asks of its peers removes nothing: it
//! weakens the edges into the listener, whoever they come from (NP-43).

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use ringfort_graph::NodeId;
use ringfort_model::record::Node;
use ringfort_model::{Id, Str};
use ringfort_network::policy::{Class, ConnectionSet, Direction, Protocol, Segment, Tri};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Endpoint, on_node, passes};
use crate::context::Context;
use crate::maker::{Draft, Maker};
use crate::mesh::{self, Peers};
use crate::node::NodeKey;
use crate::why::{Way, Why};

/// A class of sources on which policies have the same effect.
type Atom = (Class, Tri);

/// Sources that are treated alike: what they may send to every peer of a segment.
struct Wide {
    passing: ConnectionSet,
    atoms: Vec<Atom>,
    /// The number and the position of all of them, once something is drawn from it.
    position: OnceCell<(usize, NodeKey)>,
}

/// A listener, or one port of it.
struct Target {
    unit: u32,
    to: NodeKey,
    place: Option<Id<Node>>,
}

/// Listeners that no policy can tell apart, with equal ports.
type Kind = (Class, Tri, ConnectionSet);

/// Draws edges from pods to listeners.
pub(crate) fn draw(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut drawing = Drawing::new(context, maker);
    let certain = context.network.is_certain();
    let known = drawing.endpoints.iter().all(|one| one.enforced != Tri::Unknown);
    for segment in [Segment::Pods, Segment::Hosts] {
        drawing.layer(maker, segment, true);
        if !(certain && known) {
            drawing.layer(maker, segment, false);
        }
    }
}

struct Drawing<'c, 'a> {
    context: &'c Context<'a>,
    endpoints: &'c [Endpoint],
    targets: BTreeMap<Kind, Vec<Target>>,
    by_namespace: BTreeMap<&'c Str, Vec<usize>>,
    /// Sets of sources that have a position, with their number.
    sets: FxHashMap<Vec<Atom>, (usize, NodeKey)>,
    /// Positions of those of a set, by its number, that lie in a namespace.
    parts: FxHashMap<(usize, &'c Str), NodeKey>,
    of_atom: BTreeMap<Atom, Vec<usize>>,
    /// Positions of what shares the network of a node.
    on_node: FxHashMap<Id<Node>, NodeKey>,
    /// What is said of an edge that policies may stop, and of one that they do not.
    denied: [String; 2],
    peers: &'c Peers,
    drawn: FxHashSet<(NodeId, NodeId)>,
}

impl<'c, 'a> Drawing<'c, 'a> {
    fn new(context: &'c Context<'a>, maker: &Maker<'_>) -> Self {
        let endpoints = context.endpoints();
        let listening = context.listening();
        let mut targets: BTreeMap<Kind, Vec<Target>> = BTreeMap::new();
        let mut by_namespace: BTreeMap<&Str, Vec<usize>> = BTreeMap::new();
        let mut of_atom: BTreeMap<Atom, Vec<usize>> = BTreeMap::new();
        for (at, one) in endpoints.iter().enumerate() {
            let unit = &context.units[one.unit as usize];
            by_namespace.entry(&unit.namespace).or_default().push(at);
            of_atom.entry((one.class, one.enforced)).or_default().push(at);
            let ports = &listening[one.unit as usize];
            let mut add = |ports: ConnectionSet, to: NodeKey| {
                let known = targets.entry((one.class, one.enforced, ports)).or_default();
                known.push(Target { unit: one.unit, to, place: one.place });
            };
            if !ports.is_empty() {
                add(ports.clone(), NodeKey::Listener(one.unit));
            }
            for open in context.open_ports(one.unit) {
                let set = ConnectionSet::ports(Protocol::Tcp, open.port, open.port);
                add(set, NodeKey::Port(one.unit, open.port));
            }
        }
        let on_node = context.cluster.nodes.ids().filter_map(|(node, _)| {
            let key = on_node(context, node);
            maker.has(&key).then_some((node, key))
        });
        let (_, why) = context.network.enforcement().anywhere();
        Self {
            context,
            endpoints,
            targets,
            by_namespace,
            sets: FxHashMap::default(),
            parts: FxHashMap::default(),
            of_atom,
            on_node: on_node.collect(),
            denied: [
                format!("whether policies stop it is not proven: {why}"),
                format!("policies have no effect: {why}"),
            ],
            peers: context.asked_of_peers(),
            drawn: FxHashSet::default(),
        }
    }

    fn out(&self, atom: Atom, to: Class, sure: bool) -> ConnectionSet {
        let verdict = self.context.network.verdict(Direction::Egress, atom.0, to);
        verdict.passing(sure, atom.1)
    }

    fn inward(&self, of: (Class, Tri), from: Class, sure: bool) -> ConnectionSet {
        self.context.network.verdict(Direction::Ingress, of.0, from).passing(sure, of.1)
    }

    /// The sources by what they send to peers of a segment: those that treat all alike, and
    /// the others one by one.
    fn sources(&self, segment: Segment, sure: bool) -> (Vec<Wide>, Vec<Atom>) {
        let network = &self.context.network;
        let mut wide: BTreeMap<ConnectionSet, Vec<Atom>> = BTreeMap::new();
        let mut single = Vec::new();
        let mut of_group: FxHashMap<(u32, Tri), Option<ConnectionSet>> = FxHashMap::default();
        for &atom in self.of_atom.keys() {
            let Some(group) = network.group(Direction::Egress, atom.0) else { continue };
            let passing = of_group.entry((group, atom.1)).or_insert_with(|| {
                let default = network.default_verdict(Direction::Egress, group, segment);
                let passing = default.passing(sure, atom.1);
                let mut listed = network.listed_peers(Direction::Egress, group, segment);
                let alike = listed.all(|(_, verdict)| verdict.passing(sure, atom.1) == passing);
                alike.then_some(passing)
            });
            match passing {
                Some(passing) if passing.is_empty() => {}
                Some(passing) => wide.entry(passing.clone()).or_default().push(atom),
                None => single.push(atom),
            }
        }
        let wide = wide.into_iter().map(|(passing, atoms)| Wide {
            passing,
            atoms,
            position: OnceCell::new(),
        });
        let wide = wide.collect();
        (wide, single)
    }

    /// Whether a listener takes the same from every pod and node, and what.
    fn open_to(&self, of: (Class, Tri), sure: bool) -> Option<ConnectionSet> {
        let network = &self.context.network;
        if of.1 == Tri::No || (!sure && of.1 == Tri::Unknown) {
            return Some(ConnectionSet::all());
        }
        let group = network.group(Direction::Ingress, of.0)?;
        let default = |segment| {
            network.default_verdict(Direction::Ingress, group, segment).passing(sure, of.1)
        };
        let all = default(Segment::Pods);
        let alike = all == default(Segment::Hosts)
            && [Segment::Pods, Segment::Hosts].into_iter().all(|segment| {
                let mut listed = network.listed_peers(Direction::Ingress, group, segment);
                listed.all(|(_, verdict)| verdict.passing(sure, of.1) == all)
            });
        alike.then_some(all)
    }

    fn layer(&mut self, maker: &mut Maker<'_>, segment: Segment, sure: bool) {
        let network = &self.context.network;
        let (wide, single) = self.sources(segment, sure);
        let kinds: Vec<Kind> = self
            .targets
            .keys()
            .filter(|(class, ..)| network.segment(*class) == segment)
            .cloned()
            .collect();
        let mut of_class: BTreeMap<Class, Vec<usize>> = BTreeMap::new();
        for (at, (class, ..)) in kinds.iter().enumerate() {
            of_class.entry(*class).or_default().push(at);
        }
        // What single sources reach, by the lists of their own policies.
        let mut let_in: Vec<BTreeSet<Atom>> = vec![BTreeSet::new(); kinds.len()];
        for &atom in &single {
            let Some(group) = network.group(Direction::Egress, atom.0) else { continue };
            let default = network.default_verdict(Direction::Egress, group, segment);
            let to: Vec<Class> = if default.passing(sure, atom.1).is_empty() {
                let listed = network.listed_peers(Direction::Egress, group, segment);
                listed.map(|(class, _)| class).collect()
            } else {
                of_class.keys().copied().collect()
            };
            for class in to {
                let out = self.out(atom, class, sure);
                for &at in of_class.get(&class).into_iter().flatten() {
                    let (class, enforced, ports) = &kinds[at];
                    let into = self.inward((*class, *enforced), atom.0, sure);
                    if passes(&[&out, &into, ports]) {
                        let_in[at].insert(atom);
                    }
                }
            }
        }
        let mut of_group: FxHashMap<(u32, Tri, ConnectionSet), Vec<Atom>> = FxHashMap::default();
        let mut open_of: FxHashMap<(u32, Tri), Option<ConnectionSet>> = FxHashMap::default();
        for (at, kind) in kinds.iter().enumerate() {
            let (class, enforced, ports) = kind;
            let of = (*class, *enforced);
            let group = network.group(Direction::Ingress, *class).unwrap_or(u32::MAX);
            let open = open_of.entry((group, *enforced)).or_insert_with(|| self.open_to(of, sure));
            let open = open.clone();
            let mut ruled: Vec<Atom> = let_in[at].iter().copied().collect();
            match open {
                Some(open) => {
                    // Where a policy would have an effect it may keep the others out.
                    if !open.is_all() || (*enforced == Tri::Yes && segment == Segment::Pods) {
                        self.nodes_reach(maker, kind);
                    }
                    for one in wide.iter().filter(|one| passes(&[&one.passing, &open, ports])) {
                        let isolated = self.isolated(of);
                        self.open(maker, kind, one, sure, isolated);
                    }
                }
                None => {
                    let key = (group, *enforced, ports.clone());
                    if !of_group.contains_key(&key) {
                        let known = self.let_in(of, ports, &wide, sure);
                        of_group.insert(key.clone(), known);
                    }
                    ruled.extend(&of_group[&key]);
                    self.nodes_reach(maker, kind);
                }
            }
            ruled.sort_unstable();
            ruled.dedup();
            if !ruled.is_empty() {
                let (_, from) = self.set(maker, ruled);
                self.edges(maker, kind, &from, Way::ByRule, sure, false);
            }
        }
    }

    /// Sources of the wide sets that a listener's policies let in.
    fn let_in(
        &self,
        of: (Class, Tri),
        ports: &ConnectionSet,
        wide: &[Wide],
        sure: bool,
    ) -> Vec<Atom> {
        let network = &self.context.network;
        let group = network.group(Direction::Ingress, of.0).unwrap_or(u32::MAX);
        let mut found = Vec::new();
        for one in wide {
            let wanted = one.passing.intersection(ports);
            let takes = |class: Class| passes(&[&self.inward(of, class, sure), &wanted]);
            // A listener that takes nothing by default is walked by its list.
            let by_default = [Segment::Pods, Segment::Hosts].map(|segment| {
                let default = network.default_verdict(Direction::Ingress, group, segment);
                passes(&[&default.passing(sure, of.1), &wanted])
            });
            for (segment, by_default) in [Segment::Pods, Segment::Hosts].into_iter().zip(by_default)
            {
                if by_default {
                    let own = one.atoms.iter().filter(|atom| network.segment(atom.0) == segment);
                    found.extend(own.filter(|atom| takes(atom.0)));
                    continue;
                }
                for (class, _) in network.listed_peers(Direction::Ingress, group, segment) {
                    let from = one.atoms.partition_point(|atom| atom.0 < class);
                    let own = one.atoms[from..].iter().take_while(|atom| atom.0 == class);
                    found.extend(own.filter(|atom| takes(atom.0)));
                }
            }
        }
        found
    }

    fn isolated(&self, of: (Class, Tri)) -> bool {
        of.1 != Tri::Yes
            && !self.context.network.selecting_policies(Direction::Ingress, of.0).is_empty()
    }

    /// A listener that takes all alike: from every source of a set, and from those of its own
    /// namespace, so that a policy that keeps only the others out is seen for what it does.
    fn open(&mut self, maker: &mut Maker<'_>, kind: &Kind, wide: &Wide, sure: bool, note: bool) {
        let (number, any) =
            wide.position.get_or_init(|| self.set(maker, wide.atoms.clone())).clone();
        self.edges(maker, kind, &any, Way::FromAnywhere, sure, note);
        let units: BTreeSet<u32> = self.targets[kind].iter().map(|target| target.unit).collect();
        let spaces: BTreeSet<&'c Str> =
            units.iter().map(|unit| &self.context.units[*unit as usize].namespace).collect();
        for namespace in spaces {
            let from = self.part(maker, number, &wide.atoms, namespace);
            for at in 0..self.targets[kind].len() {
                let target = &self.targets[kind][at];
                if self.context.units[target.unit as usize].namespace == *namespace {
                    let (unit, to) = (target.unit, target.to.clone());
                    self.edge(maker, unit, to, &from, Way::FromNamespace, sure, note);
                }
            }
        }
    }

    /// NP-07: what shares the network of a node reaches the pods that run there.
    fn nodes_reach(&mut self, maker: &mut Maker<'_>, kind: &Kind) {
        if self.on_node.is_empty() {
            return;
        }
        let context = self.context;
        let mut wanted: BTreeSet<(Id<Node>, u32, NodeKey)> = BTreeSet::new();
        for target in &self.targets[kind] {
            let nodes = &context.units[target.unit as usize].nodes;
            let nodes = nodes.iter().filter(|node| target.place.is_none_or(|own| own == **node));
            let nodes = nodes.filter(|node| self.on_node.contains_key(node));
            wanted.extend(nodes.map(|node| (*node, target.unit, target.to.clone())));
        }
        for (node, unit, to) in wanted {
            let from = self.on_node[&node].clone();
            self.edge(maker, unit, to, &from, Way::FromNode, true, false);
        }
    }

    fn edges(
        &mut self,
        maker: &mut Maker<'_>,
        kind: &Kind,
        from: &NodeKey,
        way: Way,
        sure: bool,
        note: bool,
    ) {
        for at in 0..self.targets[kind].len() {
            let target = &self.targets[kind][at];
            let (unit, to) = (target.unit, target.to.clone());
            self.edge(maker, unit, to, from, way, sure, note);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn edge(
        &mut self,
        maker: &mut Maker<'_>,
        unit: u32,
        to: NodeKey,
        from: &NodeKey,
        way: Way,
        sure: bool,
        note: bool,
    ) {
        // What is sure is drawn first.
        if !self.drawn.insert((maker.node(from), maker.node(&to))) {
            return;
        }
        let peers = self.peers.limited(&to).map(|control| &control.effect);
        let draft = Draft::new(from.clone(), to).because(Why::Passes { unit, way });
        let draft = match (sure, note) {
            (false, _) => draft.unverified(self.denied[0].as_str()),
            (true, true) => draft.noted(self.denied[1].as_str()),
            (true, false) => draft,
        };
        maker.edge(match (peers, maker.technique()) {
            (Some(effect), Some(technique)) => draft.against(technique, effect, mesh::IDENTITY),
            _ => draft,
        });
    }

    /// The number and the position of a set of sources.
    fn set(&mut self, maker: &mut Maker<'_>, atoms: Vec<Atom>) -> (usize, NodeKey) {
        if let Some(known) = self.sets.get(&atoms) {
            return known.clone();
        }
        let number = self.sets.len() + 1;
        let key = NodeKey::Join("network", Str::from(format!("sources/{number}")));
        for atom in &atoms {
            for &at in &self.of_atom[atom] {
                let one = &self.endpoints[at];
                let sender = self.context.sender(one.unit, one.place);
                maker.structure(sender, key.clone(), []);
            }
        }
        self.sets.insert(atoms, (number, key.clone()));
        (number, key)
    }

    /// The position of those of a set that lie in a namespace: the namespace's own if they are
    /// all of it.
    fn part(
        &mut self,
        maker: &mut Maker<'_>,
        number: usize,
        atoms: &[Atom],
        namespace: &'c Str,
    ) -> NodeKey {
        if let Some(known) = self.parts.get(&(number, namespace)) {
            return known.clone();
        }
        let all = &self.by_namespace[namespace];
        let within = |at: &&usize| {
            let one = &self.endpoints[**at];
            atoms.binary_search(&(one.class, one.enforced)).is_ok()
        };
        let members: Vec<usize> = all.iter().filter(within).copied().collect();
        let text = match members.len() == all.len() {
            true => format!("pods-of/{namespace}"),
            false => format!("pods-of/{namespace}/{number}"),
        };
        let key = NodeKey::Join("network", Str::from(text));
        for at in members {
            let one = &self.endpoints[at];
            maker.structure(self.context.sender(one.unit, one.place), key.clone(), []);
        }
        self.parts.insert((number, namespace), key.clone());
        key
    }
}
