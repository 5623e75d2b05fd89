//! Who may connect to whom, for all classes at once.

use std::net::IpAddr;

use ringfort_model::record::{Node, Pod, WorkloadKind};
use ringfort_model::table::Id;
use ringfort_model::{Cluster, Kind, Listed, SourceKind, Str, Unit};
use rustc_hash::FxHashMap;

use crate::policy::address::AddressSet;
use crate::policy::asked::{Asked, Located};
use crate::policy::atoms::Atoms;
use crate::policy::class::{Class, Classes, Grouping, Index, NamedPorts, Segment};
use crate::policy::connection::ConnectionSet;
use crate::policy::decide::{Reason, Verdict, decide};
use crate::policy::enforce::Enforcement;
use crate::policy::expr::Expr;
use crate::policy::family::Family;
use crate::policy::gather::{Assumptions, gather};
use crate::policy::row::{Bounds, ClassSet, Maker, PeerSets, Row};
use crate::policy::rule::{
    Direction, Peer, Place, Policy, PolicyError, PolicyName, Ports, Side, Tri,
};
use crate::policy::rules::rules;

/// The network of a cluster: what its policies say, and whether anything enforces them.
#[derive(Debug)]
pub struct Network {
    policies: Vec<Policy>,
    errors: Vec<PolicyError>,
    classes: Classes,
    atoms: Atoms,
    pub(super) bounds: Bounds,
    pub(super) verdicts: Vec<Verdict>,
    /// Rows by subject group, ingress and egress.
    pub(super) rows: [Vec<Row>; 2],
    /// Subject group of each class of pods and hosts, ingress and egress.
    pub(super) group_of: [Vec<u32>; 2],
    /// Which policies select each group, ingress and egress.
    selected: [Vec<Vec<u32>>; 2],
    public: Vec<Class>,
    enforcement: Enforcement,
}

/// What may pass between two classes.
#[derive(Clone, Copy, Debug)]
pub struct Between<'a> {
    /// What the source's policies say.
    pub egress: &'a Verdict,
    /// What the destination's policies say.
    pub ingress: &'a Verdict,
}

impl Between<'_> {
    /// What both sides certainly allow.
    #[must_use]
    pub fn allowed(&self) -> ConnectionSet {
        self.egress.allowed.intersection(&self.ingress.allowed)
    }

    /// What is neither certainly allowed nor certainly denied.
    #[must_use]
    pub fn unknown(&self) -> ConnectionSet {
        self.possible().difference(&self.allowed())
    }

    /// What is not certainly denied.
    #[must_use]
    pub fn possible(&self) -> ConnectionSet {
        self.egress.possible().intersection(&self.ingress.possible())
    }

    /// What passes where policies are enforced as `enforced` says: without enforcement
    /// everything, and where that is not known, what policies deny is unknown.
    #[must_use]
    pub fn effective(
        &self,
        egress_enforced: Tri,
        ingress_enforced: Tri,
    ) -> (ConnectionSet, ConnectionSet) {
        let rule = &rules().switches;
        let side = |verdict: &Verdict, enforced: Tri| match enforced {
            Tri::Yes => (verdict.allowed.clone(), verdict.possible()),
            Tri::No if rule.denied_without_agent => (verdict.allowed.clone(), verdict.possible()),
            Tri::No => (ConnectionSet::all(), ConnectionSet::all()),
            Tri::Unknown if rule.denied_where_unknown => {
                (verdict.allowed.clone(), verdict.possible())
            }
            Tri::Unknown => (verdict.allowed.clone(), ConnectionSet::all()),
        };
        let (out, out_possible) = side(self.egress, egress_enforced);
        let (into, into_possible) = side(self.ingress, ingress_enforced);
        let allowed = out.intersection(&into);
        let unknown = out_possible.intersection(&into_possible).difference(&allowed);
        (allowed, unknown)
    }
}

impl Network {
    /// The network of a cluster.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        Self::with(cluster, &cluster.units(), &Assumptions::default())
    }

    /// The network of a cluster whose units are computed already.
    #[must_use]
    pub fn with(cluster: &Cluster, units: &[Unit], assumptions: &Assumptions) -> Self {
        let enforcement = Enforcement::new(cluster);
        let (mut policies, errors) = gather(cluster, &enforcement, *assumptions);
        policies.extend(unseen(cluster, &enforcement));
        policies.sort_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
        let asked = Asked::new(&policies);
        let atoms = Atoms::new(&asked.blocks);
        let by = Grouping {
            vocabulary: &asked.vocabulary,
            node_vocabulary: &asked.node_vocabulary,
            port_names: &asked.port_names,
            atoms: &atoms,
            by_address: asked.by_address,
        };
        let mut classes = Classes::new(cluster, units, &by);
        let index = Index::new(&classes.pods, &asked.vocabulary);
        let mut sets: Vec<Vec<u32>> =
            asked.exprs.iter().map(|expr| index.select(&classes.pods, expr)).collect();
        drop(index);
        classes.join(&mut sets);
        let hosts = classes.pods.len() as u32;
        let outside = hosts + classes.hosts.len() as u32;
        let bounds = Bounds { hosts, outside, end: outside + atoms.len() as u32 };
        let mut network = Self {
            policies,
            errors,
            classes,
            atoms,
            bounds,
            verdicts: Vec::new(),
            rows: Default::default(),
            group_of: Default::default(),
            selected: Default::default(),
            public: Vec::new(),
            enforcement,
        };
        let special = AddressSet::special();
        network.public = network
            .outside()
            .filter(|(_, set)| set.first().is_some_and(|ip| !special.contains(ip)))
            .map(|(class, _)| class)
            .collect();
        network.fill(&asked, &sets);
        network
    }

    fn fill(&mut self, asked: &Asked, sets: &[Vec<u32>]) {
        let located = Located::new(&self.classes, self.atoms.len());
        let mut peers: Vec<PeerSets> = Vec::new();
        let mut known: FxHashMap<&[Peer], u32> = FxHashMap::default();
        let mut of_rules: Vec<[Vec<u32>; 2]> = Vec::with_capacity(self.policies.len());
        for policy in &self.policies {
            of_rules.push([Direction::Ingress, Direction::Egress].map(|direction| {
                let rules = &policy.side(direction).rules;
                let mut found = Vec::with_capacity(rules.len());
                for rule in rules {
                    found.push(*known.entry(&rule.peers).or_insert_with(|| {
                        peers.push(self.peer_sets(&rule.peers, asked, sets, &located));
                        peers.len() as u32 - 1
                    }));
                }
                found
            }));
        }
        let maker = Maker {
            policies: &self.policies,
            classes: &self.classes,
            bounds: self.bounds,
            sets: &of_rules,
            peers: &peers,
        };
        for direction in [Direction::Ingress, Direction::Egress] {
            let selecting = self.selecting(direction, asked, sets);
            let mut groups: FxHashMap<(Vec<u32>, u32), u32> = FxHashMap::default();
            let mut rows = Vec::new();
            let mut all_selected = Vec::new();
            let mut group_of = Vec::with_capacity(selecting.len());
            for (class, selected) in selecting.into_iter().enumerate() {
                let by_ports = direction == Direction::Ingress && !selected.is_empty();
                let ports = match self.classes.pods.get(class) {
                    Some(pod) if by_ports => pod.ports,
                    _ => 0,
                };
                let group =
                    *groups.entry((selected, ports)).or_insert_with_key(|(selected, ports)| {
                        rows.push(maker.row(selected, direction, *ports, &mut self.verdicts));
                        all_selected.push(selected.clone());
                        rows.len() as u32 - 1
                    });
                group_of.push(group);
            }
            self.rows[direction as usize] = rows;
            self.group_of[direction as usize] = group_of;
            self.selected[direction as usize] = all_selected;
        }
        // The verdict of what no policy can select.
        self.verdicts.push(Verdict::unselected());
    }

    /// By class of pods and hosts, the policies that select it in a direction, in order.
    fn selecting(&self, direction: Direction, asked: &Asked, sets: &[Vec<u32>]) -> Vec<Vec<u32>> {
        let mut found: Vec<Vec<u32>> = vec![Vec::new(); self.bounds.outside as usize];
        for (at, policy) in self.policies.iter().enumerate() {
            if !policy.side(direction).applies || policy.enforced == Tri::No {
                continue;
            }
            for &class in &sets[asked.ids[&policy.subject] as usize] {
                found[class as usize].push(at as u32);
            }
            if let Some(hosts) = &policy.hosts {
                for (host, class) in self.classes.hosts.iter().enumerate() {
                    if class.labels.as_ref().is_some_and(|labels| hosts.holds(labels)) {
                        found[self.bounds.hosts as usize + host].push(at as u32);
                    }
                }
            }
        }
        found
    }

    /// The classes that a rule means.
    fn peer_sets(
        &self,
        peers: &[Peer],
        asked: &Asked,
        sets: &[Vec<u32>],
        located: &Located,
    ) -> PeerSets {
        let mut found = PeerSets::default();
        for peer in peers {
            let (certain, perhaps, why) = self.one_peer(peer, asked, sets, located);
            found.certain.add(&certain);
            found.perhaps.add(&perhaps);
            if let Some(why) = why {
                found.why.get_or_insert(why);
            }
        }
        found
    }

    fn one_peer(
        &self,
        peer: &Peer,
        asked: &Asked,
        sets: &[Vec<u32>],
        located: &Located,
    ) -> (ClassSet, ClassSet, Option<Str>) {
        let mut certain = ClassSet::default();
        let mut perhaps = ClassSet::default();
        let mut why = None;
        match peer {
            Peer::Any => certain.full = [true; 3],
            Peer::Perhaps { segments, why: reason } => {
                perhaps.full = *segments;
                why = Some(reason.clone());
            }
            Peer::Pods(expr) => {
                let set = &sets[asked.ids[expr] as usize];
                if set.len() == self.bounds.hosts as usize {
                    certain.full[Segment::Pods as usize] = true;
                } else {
                    certain.list.clone_from(set);
                }
            }
            Peer::Nodes(expr) => {
                for (at, host) in self.classes.hosts.iter().enumerate() {
                    let class = self.bounds.hosts + at as u32;
                    match &host.labels {
                        Some(labels) if expr.holds(labels) => certain.list.push(class),
                        Some(_) => {}
                        None => perhaps.list.push(class),
                    }
                }
                why = (!perhaps.list.is_empty()).then(|| Str::new("its node is not known"));
            }
            Peer::Addresses { set, pods, nodes } => {
                let block = asked.block_ids[set];
                let regions = self.atoms.regions(block);
                certain.list.extend(regions.iter().map(|region| self.bounds.outside + region));
                if *pods != Tri::No || *nodes != Tri::No {
                    why = self.by_address(
                        block,
                        (*pods, *nodes),
                        located,
                        &mut certain,
                        &mut perhaps,
                    );
                }
                certain.list.sort_unstable();
            }
        }
        (certain, perhaps, why)
    }

    /// Adds the pods and hosts that a block means by their addresses.
    fn by_address(
        &self,
        block: u32,
        (pods, nodes): (Tri, Tri),
        located: &Located,
        certain: &mut ClassSet,
        perhaps: &mut ClassSet,
    ) -> Option<Str> {
        let mut why = None;
        let mut candidates: Vec<u32> = Vec::new();
        for &region in self.atoms.regions(block) {
            candidates.extend(&located.by_region[region as usize]);
        }
        candidates.sort_unstable();
        candidates.dedup();
        for class in candidates {
            let (regions, means) = if class < self.bounds.hosts {
                (&self.classes.pods[class as usize].regions, pods)
            } else {
                (&self.classes.hosts[(class - self.bounds.hosts) as usize].regions, nodes)
            };
            // Of a dual-stack endpoint one address may be inside and the other not.
            let inside = |at: &u32| self.atoms.is_in(*at as usize, block);
            let all =
                regions.iter().flatten().all(inside) || rules().switches.one_address_is_enough;
            match (means, all) {
                (Tri::No, _) => {}
                (Tri::Yes, true) => certain.list.push(class),
                (Tri::Yes, false) => {
                    perhaps.list.push(class);
                    why = Some(Str::new("only one of its addresses is in the block"));
                }
                (Tri::Unknown, _) => {
                    perhaps.list.push(class);
                    why = Some(Str::new("whether a block means pods and nodes depends on the CNI"));
                }
            }
        }
        let unknown = "its address is not known, and the block may hold it";
        for (segment, means, count) in [
            (Segment::Pods, pods, self.classes.pods.len()),
            (Segment::Hosts, nodes, self.classes.hosts.len()),
        ] {
            let nowhere = &located.nowhere[segment as usize];
            if means == Tri::No || nowhere.is_empty() {
                continue;
            }
            if nowhere.len() == count {
                perhaps.full[segment as usize] = true;
            } else {
                perhaps.list.extend(nowhere);
                perhaps.list.sort_unstable();
            }
            why = why.or_else(|| Some(Str::new(unknown)));
        }
        why
    }

    /// What is wrong with policies, sorted.
    #[must_use]
    pub fn errors(&self) -> &[PolicyError] {
        &self.errors
    }

    /// All policies in the order in which they are evaluated.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Whether something enforces policies.
    #[must_use]
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// Every class: pods, then hosts, then addresses outside.
    pub fn classes(&self) -> impl Iterator<Item = Class> + use<> {
        (0..self.bounds.end).map(Class)
    }

    /// What kind of endpoint a class holds.
    #[must_use]
    pub fn segment(&self, class: Class) -> Segment {
        self.bounds.segment(class.0)
    }

    /// The class of a pod; nothing for one that has ended. Pods of the host's network are in
    /// the class of their node.
    #[must_use]
    pub fn of_pod(&self, pod: Id<Pod>) -> Option<Class> {
        self.classes.of_pod.get(pod.index()).filter(|class| **class != u32::MAX).map(|c| Class(*c))
    }

    /// The class of a template that stands for pods.
    #[must_use]
    pub fn of_template(&self, kind: WorkloadKind, namespace: &str, name: &str) -> Option<Class> {
        let key = (kind, Str::new(namespace), Str::new(name));
        self.classes.of_template.get(&key).map(|class| Class(*class))
    }

    /// The classes of a unit's pods, sorted. More than one where a policy selects by a label
    /// that only some of the pods carry.
    #[must_use]
    pub fn of_unit(&self, unit: &Unit) -> Vec<Class> {
        let mut found: Vec<Class> = unit.pods.iter().filter_map(|pod| self.of_pod(*pod)).collect();
        if let (true, Some((kind, name))) = (unit.from_template, &unit.owner) {
            found.extend(self.of_template(*kind, &unit.namespace, name));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The class of a node.
    #[must_use]
    pub fn of_node(&self, node: Id<Node>) -> Class {
        Class(self.classes.of_node[node.index()])
    }

    /// The class of an address that belongs to no pod and no node.
    #[must_use]
    pub fn of_address(&self, address: IpAddr) -> Class {
        Class(self.bounds.outside + self.atoms.of(address))
    }

    /// The classes of addresses outside, with the addresses.
    pub fn outside(&self) -> impl Iterator<Item = (Class, &AddressSet)> {
        (0..self.atoms.len()).map(|at| (Class(self.bounds.outside + at as u32), self.atoms.set(at)))
    }

    /// The classes of public addresses: the internet as source and destination.
    #[must_use]
    pub fn internet(&self) -> &[Class] {
        &self.public
    }

    /// What policies say about connections from one class to another. A pod always reaches
    /// itself, and a node the pods that run on it: that is not a matter of classes (NP-07).
    #[must_use]
    pub fn between(&self, from: Class, to: Class) -> Between<'_> {
        Between {
            egress: self.verdict(Direction::Egress, from, to),
            ingress: self.verdict(Direction::Ingress, to, from),
        }
    }

    /// What the subject's policies of one direction say about a peer.
    #[must_use]
    pub fn verdict(&self, direction: Direction, subject: Class, peer: Class) -> &Verdict {
        let Some(group) = self.group_of[direction as usize].get(subject.index()) else {
            return self.verdicts.last().expect("the verdict of the unselected is there");
        };
        let row = &self.rows[direction as usize][*group as usize];
        &self.verdicts[row.verdict(peer, self.segment(peer)) as usize]
    }

    /// Whether pods of a class on a node are kept from an address outside, whatever port of
    /// `asked` they use: denied, and enforced there. An empty name means any node.
    #[must_use]
    pub fn egress_denied(
        &self,
        from: Class,
        node: &str,
        address: IpAddr,
        asked: &ConnectionSet,
    ) -> Tri {
        let verdict = self.verdict(Direction::Egress, from, self.of_address(address));
        if self.segment(from) != Segment::Pods || !verdict.allowed.intersection(asked).is_empty() {
            return Tri::No;
        }
        let denied = verdict.possible().intersection(asked).is_empty();
        let enforced = self.enforcement.on_node(node).0;
        if denied { enforced } else { enforced.min(Tri::Unknown) }
    }

    /// The policies that select a class in a direction, as positions.
    #[must_use]
    pub fn selecting_policies(&self, direction: Direction, class: Class) -> &[u32] {
        let group = self.group_of[direction as usize].get(class.index());
        group.map_or(&[], |group| &self.selected[direction as usize][*group as usize])
    }

    /// Whether an expression selects the pods of a class. Only an expression that some policy
    /// uses is sure to select all or none of them.
    #[must_use]
    pub fn holds(&self, expr: &Expr, class: Class) -> bool {
        self.classes.pods.get(class.index()).is_some_and(|pod| expr.holds(&pod.looks))
    }

    /// What `selected` policies, positions in order, would say about a peer that does not
    /// exist, given which peers of rules would mean it and what named ports of the rules would
    /// open at the destination. `universe` is what is asked about.
    #[must_use]
    pub fn hypothetical(
        &self,
        selected: &[u32],
        direction: Direction,
        universe: &ConnectionSet,
        means: &dyn Fn(&Peer) -> Tri,
        resolve: &dyn Fn(&Ports) -> ConnectionSet,
    ) -> Verdict {
        let matches = |policy: u32, rule: u32| {
            let rule = &self.policies[policy as usize].side(direction).rules[rule as usize];
            let hit = rule.peers.iter().map(means).max().unwrap_or(Tri::No);
            (hit, Some(Str::new("whom the rule means is not known")))
        };
        decide(&self.policies, selected, direction, universe, &matches, resolve)
    }

    /// Labels of the node that a class of hosts is, if they are known.
    pub(super) fn host_labels(&self, class: Class) -> Option<&ringfort_model::Map> {
        let at = class.0.checked_sub(self.bounds.hosts)?;
        self.classes.hosts.get(at as usize)?.labels.as_ref()
    }

    /// The named container ports of a class that some policy names.
    #[must_use]
    pub fn named_ports(&self, class: Class) -> &NamedPorts {
        let ports = self.classes.pods.get(class.index()).map_or(0, |pod| pod.ports);
        &self.classes.ports[ports as usize]
    }

    /// A reason in words.
    #[must_use]
    pub fn words(&self, direction: Direction, reason: &Reason) -> String {
        let name = |at: &u32| self.policies[*at as usize].name.to_string();
        match reason {
            Reason::Default => "no policy decides, so it is allowed".to_owned(),
            Reason::Rule { policy, rule, perhaps } => {
                let found = &self.policies[*policy as usize];
                let rule = &found.side(direction).rules[*rule as usize];
                let verb = match rule.action {
                    crate::policy::rule::Action::Allow => "allows it",
                    _ => "denies it",
                };
                let maybe = perhaps
                    .as_ref()
                    .map_or_else(String::new, |why| format!(", if it matches: {why}"));
                format!("{} {direction} rule {} {verb}{maybe}", found.name, rule.name)
            }
            Reason::Isolated(policies) => {
                let names: Vec<String> = policies.iter().take(5).map(name).collect();
                let more = policies.len().saturating_sub(5);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("no {direction} rule of {}{more} allows it", names.join(", "))
            }
            Reason::Broken(policy) => {
                let found = &self.policies[*policy as usize];
                let why = found.broken.as_ref().map_or("", Str::as_str);
                format!("what {} says is not known: {why}", found.name)
            }
        }
    }
}

/// Kinds that a cluster has only where a definition says so.
const DEFINED: &[Kind] = &[
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
    Kind::ClusterNetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
];

/// The family of a kind: Calico's have names that Kubernetes has too.
fn family(kind: Kind) -> Option<Family> {
    match kind {
        Kind::CalicoNetworkPolicy | Kind::CalicoGlobalNetworkPolicy => Some(Family::Calico),
        _ => Family::of(kind.name()),
    }
}

/// Kinds of policies whose objects were not all read: what they say is not known.
fn unseen(cluster: &Cluster, enforcement: &Enforcement) -> Vec<Policy> {
    // Manifests are what is to be applied; of them only what does not read is missing.
    let is_whole = cluster.source == SourceKind::Manifests;
    let defined = DEFINED.iter().copied().filter(|kind| {
        is_whole
            || cluster.custom_resource_definitions.iter().filter_map(|one| one.spec.as_ref()).any(
                |spec| {
                    spec.group == kind.group()
                        && spec.names.as_ref().is_some_and(|names| names.kind == kind.name())
                },
            )
    });
    let unread =
        std::iter::once(Kind::NetworkPolicy).chain(defined).filter_map(|kind| {
            match cluster.coverage.of(kind) {
                Listed::Complete | Listed::Absent => None,
                Listed::Silent if is_whole => None,
                Listed::Silent => Some((kind, Str::new("the source does not say which there are"))),
                Listed::Partial(why) | Listed::Forbidden(why) => Some((kind, why)),
            }
        });
    let open = Side { applies: true, isolates: false, rules: Vec::new() };
    unread
        .map(|(kind, why)| Policy {
            name: PolicyName {
                kind: kind.name(),
                namespace: Str::default(),
                name: Str::new("(unseen)"),
            },
            place: Place { stage: 0, lane: 0, group: 0 },
            subject: Expr::everything(),
            hosts: None,
            enforced: family(kind).map_or(Tri::Yes, |family| enforcement.of_family(family)),
            broken: Some(why),
            ingress: open.clone(),
            egress: open.clone(),
        })
        .collect()
}
