//! What techniques ask: one frozen view of the cluster with the engines' answers.
//!
//! Permissions are factored by role, not by subject: a [`Grant`] is a role in a scope with the
//! bindings that hand it out. Techniques ask [`Context::held`] which grants allow a request
//! and put the edge on the grant's node; the edges from subjects to grants are structure.

mod ask;
mod gate;
mod grant;
mod ground;
mod reading;

pub use ask::{Ask, Held, POD_MAKERS};
pub use gate::Gate;
pub(crate) use gate::{full_quotas, is_ending};
pub use grant::{Grant, named};
pub use ground::Ground;
pub(crate) use reading::reads;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use ringfort_admission::{Admission, Options, PodAdmission, PodWrite};
use ringfort_authz::{Authz, Beyond, Names, NodeAuthorizer, RuleRequest};
use ringfort_isolation::ContainerTokens;
use ringfort_model::record::Node;
use ringfort_model::{
    Cluster, Container, ContainerKind, Id, Kind, KubeVersion, SourceKind, Str, Unit,
};
use ringfort_network::policy::ConnectionSet;

use crate::constrained::Acting;
use crate::listener::OpenPort;
use crate::network::Endpoint;
use crate::node::{NodeKey, Power, RoleKey, Scope, Subject};
use crate::recognise::Place;
use crate::why::Why;

/// Everything techniques may ask.
pub struct Context<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Its version, if known.
    pub version: Option<KubeVersion>,
    /// The admission engine.
    pub(crate) engine: Admission<'a>,
    /// The authorization engine.
    pub authz: &'a Authz<'a>,
    /// What the nodes may read and request.
    pub nodes: &'a NodeAuthorizer<'a>,
    /// What the server's own modes allow beside RBAC and the node authorizer.
    pub beyond: Beyond,
    /// What follows from objects other than those of RBAC.
    ground: Arc<Ground>,
    /// Roles in scopes, sorted.
    pub grants: Vec<Grant<'a>>,
    /// Every namespace, sorted.
    pub namespaces: BTreeSet<Str>,
    /// For each unit, whether what follows from its containers depends on the node.
    pub placed: Vec<bool>,
    /// Whether techniques that guess by the shape of objects take part; off by default.
    pub heuristics: bool,
    /// What admission answers to pods, by namespace.
    admission: BTreeMap<Str, Arc<PodAdmission>>,
    /// Where new pods can be put, by namespace.
    pub(crate) choices: crate::choice::Choices,
    /// Grants by subject: index into [`Self::grants`] and into the grant's `bound`.
    by_subject: BTreeMap<Subject, Vec<(usize, usize)>>,
    /// Who acts as whom by constrained impersonation.
    pub(crate) acting: Vec<Acting>,
    endpoints: OnceLock<Vec<Endpoint>>,
}

impl Deref for Context<'_> {
    type Target = Ground;
    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl<'a> Context<'a> {
    /// Prepares the view.
    #[must_use]
    pub fn new(cluster: &'a Cluster, authz: &'a Authz<'a>, nodes: &'a NodeAuthorizer<'a>) -> Self {
        Self::on(Arc::new(Ground::new(cluster)), cluster, authz, nodes)
    }

    /// Prepares the view of a cluster that was changed; what rests on objects that both share
    /// is shared.
    #[must_use]
    pub fn after(
        before: &Context<'_>,
        cluster: &'a Cluster,
        authz: &'a Authz<'a>,
        nodes: &'a NodeAuthorizer<'a>,
    ) -> Self {
        if !cluster.differs_at_most_in(before.cluster, &Kind::RBAC) {
            return Self::new(cluster, authz, nodes);
        }
        Self::on(before.ground.clone(), cluster, authz, nodes)
    }

    pub(crate) fn on(
        ground: Arc<Ground>,
        cluster: &'a Cluster,
        authz: &'a Authz<'a>,
        nodes: &'a NodeAuthorizer<'a>,
    ) -> Self {
        let grants = grant::grants(cluster, authz);
        let mut by_subject: BTreeMap<Subject, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, grant) in grants.iter().enumerate() {
            for (bound, (subject, _, _)) in grant.bound.iter().enumerate() {
                by_subject.entry(subject.clone()).or_default().push((at, bound));
            }
        }
        let namespaces = cluster.namespace_names();
        let engine = Admission::new(cluster, cluster.version, Options::default());
        let admission = engine.pods(&namespaces);
        let choices = crate::choice::Choices::new(cluster, &engine, &admission);
        let mut context = Self {
            cluster,
            engine,
            admission,
            choices,
            version: cluster.version,
            authz,
            nodes,
            beyond: ringfort_authz::beyond(cluster),
            placed: ground.placed_by_shape.clone(),
            ground,
            grants,
            namespaces,
            heuristics: false,
            by_subject,
            acting: Vec::new(),
            endpoints: OnceLock::new(),
        };
        crate::constrained::prepare(&mut context);
        crate::bindable::prepare(&mut context);
        context
    }

    /// Adds grants that follow from others.
    pub(crate) fn add_grants(&mut self, grants: Vec<Grant<'a>>) {
        for grant in grants {
            let at = self.grants.len();
            for (bound, (subject, _, _)) in grant.bound.iter().enumerate() {
                self.by_subject.entry(subject.clone()).or_default().push((at, bound));
            }
            self.grants.push(grant);
        }
    }

    /// Every rule of every grant that allows the request.
    #[must_use]
    pub fn held(&self, ask: &Ask) -> Vec<Held> {
        let mut found = Vec::new();
        for (at, grant) in self.grants.iter().enumerate() {
            if !ask.namespaced && grant.scope != Scope::Cluster {
                continue;
            }
            for (index, rule) in grant.rules.iter().enumerate() {
                let allowed = ask.verbs.iter().find_map(|&verb| {
                    let request = RuleRequest::of(verb, ask.group, ask.resource);
                    ringfort_authz::rule_names(rule, &request).map(|names| (verb, names))
                });
                let Some((verb, names)) = allowed else { continue };
                if !ask.named && names != Names::Any {
                    continue;
                }
                found.push(Held {
                    grant: at,
                    rule: index as u32,
                    verb,
                    group: ask.group,
                    resource: ask.resource,
                    names,
                });
            }
        }
        found
    }

    /// Every rule that lets somebody start pods: the kinds that are pods or make them.
    #[must_use]
    pub fn held_pod_create(&self) -> Vec<Held> {
        let asks = POD_MAKERS.iter();
        asks.flat_map(|(group, resource)| self.held(&Ask::unnamed(&["create"], group, resource)))
            .collect()
    }

    /// The rules that allow the request, or take objects away by their collection, which carries
    /// no name; a rule that allows both for every name counts once.
    #[must_use]
    pub(crate) fn held_removing(&self, ask: &Ask) -> Vec<Held> {
        let mut held = self.held(ask);
        let every = held.iter().filter(|one| one.names == Names::Any);
        let known: BTreeSet<(usize, u32)> = every.map(|one| (one.grant, one.rule)).collect();
        let all = Ask { verbs: &["deletecollection"], named: false, ..*ask };
        let more = self.held(&all).into_iter();
        held.extend(more.filter(|one| !known.contains(&(one.grant, one.rule))));
        held
    }

    /// Whether a role is not in the source and taken to be there because every API server writes
    /// it at its start.
    #[must_use]
    pub fn is_assumed(&self, role: &RoleKey) -> bool {
        match role {
            RoleKey::Cluster(name) => {
                let known = self.cluster.cluster_roles.get("", name);
                known.is_some_and(|role| role.metadata.is_assumed())
            }
            RoleKey::Namespaced(namespace, name) => {
                let known = self.cluster.roles.get(namespace, name);
                known.is_some_and(|role| role.metadata.is_assumed())
            }
            RoleKey::Limited(role, _) => self.is_assumed(role),
            RoleKey::Node(_) => false,
        }
    }

    /// The name of a place: a node's, or `any`.
    #[must_use]
    pub fn place_name(&self, place: Option<Id<Node>>) -> &str {
        place.map_or("any", |node| self.cluster.nodes[node].metadata.name.as_str())
    }

    /// Every running pod as policies see it.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        self.endpoints.get_or_init(|| crate::network::join(self))
    }

    /// What every unit listens on.
    pub(crate) fn listening(&self) -> &[ConnectionSet] {
        let ask = || crate::listener::listening(self.cluster, &self.ground);
        self.ground.listening.get_or_init(ask)
    }

    /// Ports of a unit on which something asks nobody.
    pub(crate) fn open_ports(&self, unit: u32) -> &[OpenPort] {
        &self.open[unit as usize]
    }

    /// Ports of a unit on which something runs commands or loads code for whoever connects: the
    /// port, what listens there, and the image that shows it.
    pub fn unasked_ports(&self, unit: u32) -> impl Iterator<Item = (u16, &'static str, &Why)> {
        self.open_ports(unit).iter().map(|one| (one.port, one.protocol.what, &one.why))
    }

    /// The container at a place.
    pub(crate) fn container(&self, (unit, kind, index): Place) -> &Container {
        let spec = &self.units[unit as usize].spec;
        let list = match kind {
            ContainerKind::Init => &spec.init_containers,
            ContainerKind::Regular => &spec.containers,
            ContainerKind::Ephemeral => &spec.ephemeral_containers,
        };
        &list[index as usize]
    }

    /// Token files of the containers of a unit.
    #[must_use]
    pub fn tokens(&self, unit: u32) -> &[ContainerTokens] {
        &self.tokens[unit as usize]
    }

    /// Grants of Roles in a scope, to which a binding there could refer.
    pub fn roles_in<'s>(&'s self, scope: &'s Scope) -> impl Iterator<Item = &'s Grant<'a>> {
        self.grants.iter().filter(move |grant| match &grant.role {
            RoleKey::Namespaced(namespace, _) => scope.reaches(Some(namespace)),
            RoleKey::Cluster(_) | RoleKey::Limited(..) | RoleKey::Node(_) => false,
        })
    }

    /// The roles that a position holds, with the scopes of their bindings.
    #[must_use]
    pub fn roles_at(&self, at: &NodeKey) -> Vec<(RoleKey, Scope)> {
        match at {
            NodeKey::Role(role, scope) => vec![(role.clone(), scope.clone())],
            NodeKey::Subject(subject) => {
                let mut members = vec![subject.clone()];
                members.extend(subject.implicit_groups().into_iter().map(Subject::Group));
                let grants = members.iter().flat_map(|member| self.grants_of(member));
                grants
                    .map(|&(grant, _)| {
                        let grant = &self.grants[grant];
                        (grant.role.clone(), grant.scope.clone())
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether some ClusterRole gives full authority.
    pub(crate) fn has_full_role(&self) -> bool {
        let mut wide = self.grants.iter().filter(|grant| grant.scope == Scope::Cluster);
        wide.any(|grant| grant.rules.iter().any(crate::structure::is_everything))
    }

    /// What whoever may bind any role in a scope gains: the roles with full authority if there
    /// are any, since they cover the others, else every role that may be bound there.
    #[must_use]
    pub fn bindable(&self, scope: &Scope) -> Vec<NodeKey> {
        match scope {
            _ if self.has_full_role() => vec![NodeKey::Power(Power::Everything, scope.clone())],
            Scope::Cluster => {
                let all = self.grants.iter().filter(|grant| grant.scope == Scope::Cluster);
                all.filter(|grant| grant.limit.is_none()).map(Grant::node).collect()
            }
            Scope::Namespace(_) => {
                let all = self.grants.iter().filter(|grant| grant.scope == *scope);
                all.filter(|grant| grant.limit.is_none()).map(Grant::node).collect()
            }
        }
    }

    /// Rules that allow a verb on a signer: by its name, by its domain, or on all.
    #[must_use]
    pub fn signers(&self, verb: &'static str, signer: &str) -> Vec<Held> {
        let verbs: &'static [&'static str] = match verb {
            "approve" => &["approve"],
            _ => &["sign"],
        };
        let domain = signer.split_once('/').map_or(signer, |(domain, _)| domain);
        let any = format!("{domain}/*");
        let mut held = self.held(&Ask::named(verbs, "certificates.k8s.io", "signers").cluster());
        held.retain(|one| one.names.allow(signer) || one.names.allow(&any));
        held
    }

    /// Whom a certificate for clients may stand for, as far as it gains something: every
    /// subject that some binding names, ServiceAccounts by their user names, and the nodes.
    /// Admission refuses `system:masters`.
    #[must_use]
    pub fn certified(&self) -> BTreeSet<NodeKey> {
        let masters = Subject::Group(Str::new("system:masters"));
        let named = self.by_subject.keys().filter(|subject| **subject != masters);
        named.map(|subject| NodeKey::Subject(subject.clone())).chain(self.node_users()).collect()
    }

    /// The identities of the nodes.
    #[must_use]
    pub fn node_users(&self) -> Vec<NodeKey> {
        let name = |node: &Node| Str::from(format!("system:node:{}", node.metadata.name));
        let nodes = self.cluster.nodes.iter();
        nodes.map(|node| NodeKey::Subject(Subject::User(name(node)))).collect()
    }

    /// A subject as it is written in ids.
    #[must_use]
    pub fn subject_name(&self, subject: &Subject) -> String {
        crate::ids::subject_id(subject)
    }

    /// What admission answers to pods in a namespace.
    #[must_use]
    pub fn admission(&self, namespace: &Str) -> Option<&PodAdmission> {
        self.admission.get(namespace).map(AsRef::as_ref)
    }

    /// Whether admission has a say in the use of a power.
    #[must_use]
    pub fn has_gate(&self, power: Power) -> bool {
        gate::write_of(power).is_some()
    }

    /// Whether admission lets some use of a power through in a namespace.
    #[must_use]
    pub fn gate(&self, power: Power, namespace: &Str) -> Gate {
        let Some(write) = gate::write_of(power) else { return Gate::Open };
        let takes_none = || {
            let mut quotas = gate::full_quotas(self.cluster, namespace);
            gate::is_ending(self.cluster, namespace) || quotas.next().is_some()
        };
        if write == PodWrite::Create && takes_none() {
            return Gate::Stopped;
        }
        self.gate_but_quotas(write, namespace)
    }

    /// The same without what holds every new pod of the namespace.
    pub(crate) fn gate_but_quotas(&self, write: PodWrite, namespace: &Str) -> Gate {
        self.admission(namespace).map_or(Gate::Open, |answer| Gate::of(answer.some(write)))
    }

    /// A control that sees the uses of a power in a namespace and does not hold.
    pub(crate) fn idle_control(&self, power: Power, namespace: &Str) -> Option<String> {
        let answer = self.admission(namespace)?.some(gate::write_of(power)?);
        answer.ineffective.first().map(ToString::to_string)
    }

    /// Subjects that some binding names, with their direct grants.
    pub fn subjects(&self) -> impl Iterator<Item = (&Subject, &[(usize, usize)])> {
        self.by_subject.iter().map(|(subject, grants)| (subject, grants.as_slice()))
    }

    /// The direct grants of a subject: index into [`Self::grants`] and into its `bound`.
    #[must_use]
    pub fn grants_of(&self, subject: &Subject) -> &[(usize, usize)] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Namespaces that a scope reaches.
    pub fn namespaces_in<'s>(&'s self, scope: &'s Scope) -> impl Iterator<Item = &'s Str> {
        self.namespaces.iter().filter(move |name| scope.reaches(Some(name)))
    }

    /// Indices of units in a namespace.
    pub fn units_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = (u32, &'s Unit)> {
        // Units are sorted by namespace first.
        let from = self.units.partition_point(|unit| *unit.namespace < *namespace);
        self.units[from..]
            .iter()
            .take_while(move |unit| unit.namespace == *namespace)
            .enumerate()
            .map(move |(at, unit)| ((from + at) as u32, unit))
    }

    /// The positions that stand for a unit's pods: one for each node where placement matters,
    /// else one.
    #[must_use]
    pub fn pods_of(&self, unit: u32) -> Vec<NodeKey> {
        self.places(unit).into_iter().map(|node| NodeKey::Pods(unit, node)).collect()
    }

    /// The places of a unit that the graph tells apart.
    #[must_use]
    pub fn places(&self, unit: u32) -> Vec<Option<Id<Node>>> {
        let at = unit as usize;
        if self.placed[at] && !self.units[at].nodes.is_empty() {
            self.units[at].nodes.iter().copied().map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// The positions of a unit's pods at a place, and of the containers within.
    pub(crate) fn held_in(&self, unit: u32, place: Option<Id<Node>>) -> Vec<NodeKey> {
        let spec = &self.units[unit as usize].spec;
        let containers = spec
            .all_containers()
            .map(|(kind, index, _)| NodeKey::Container(unit, place, kind, index as u32));
        std::iter::once(NodeKey::Pods(unit, place)).chain(containers).collect()
    }

    /// The position of a unit's pods on one node.
    #[must_use]
    pub fn pods_on(&self, unit: u32, node: Id<Node>) -> NodeKey {
        NodeKey::Pods(unit, self.placed[unit as usize].then_some(node))
    }

    /// The position of whoever sends from a unit's pods: containers of a pod share its address,
    /// so that code in any of them will do.
    #[must_use]
    pub fn sender(&self, unit: u32, place: Option<Id<Node>>) -> NodeKey {
        let mut all = self.units[unit as usize].spec.all_containers();
        match (all.next(), all.next()) {
            (Some((kind, index, _)), None) => NodeKey::Container(unit, place, kind, index as u32),
            (Some(_), Some(_)) => NodeKey::Sender(unit, place),
            (None, _) => NodeKey::Pods(unit, place),
        }
    }

    /// The nodes of a position that stands for several of them ([`NodeKey::Nodes`]), sorted.
    #[must_use]
    pub fn nodes_of(&self, set: u32) -> &[Id<Node>] {
        self.choices.set(set)
    }

    /// The node position for a place: a named node, or the stand-in of sources without nodes.
    #[must_use]
    pub fn root_on(&self, unit: u32, place: Option<Id<Node>>) -> Option<NodeKey> {
        match place {
            Some(node) => Some(NodeKey::Node(node)),
            // A unit of templates runs anywhere; an unbound pod runs nowhere yet.
            None => {
                let unit = &self.units[unit as usize];
                let anywhere = unit.from_template
                    || (self.cluster.source == SourceKind::Manifests && unit.nodes.is_empty());
                anywhere.then_some(NodeKey::AnyNode)
            }
        }
    }

    /// The server's minor version as two bounds: `(known, known)` or every supported minor.
    /// A gated rule is decided for both; where they differ the verdict is unknown.
    #[must_use]
    pub fn at_least(&self, minor: u32) -> Option<bool> {
        self.version.map(|version| version.minor >= minor)
    }
}
