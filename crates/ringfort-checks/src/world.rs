//! What checks ask: the attack graph with its engines, and a few answers that many share.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use ringfort_attack::context::Grant;
use ringfort_attack::vectors::beyond_discovery;
use ringfort_attack::{
    Attack, BindingKey, Context, Evidence, NodeKey, RoleKey, Scope, Subject, Why, is_everything,
};
use ringfort_graph::NodeId;
use ringfort_isolation::scheduling::Placements;
use ringfort_isolation::{Effect, sandbox, user_namespace};
use ringfort_model::record::{Node, PolicyRule, RoleRef, Subject as Named};
use ringfort_model::{Cluster, EntityId, Id, Kind, Str, Unit, WorkloadKind};
use ringfort_network::exposure::{ListenerKind, Reach};
use ringfort_plan::owner;
use ringfort_plan::question::TENANT_LABEL;

use rustc_hash::FxHashMap;

use crate::baseline::Baseline;
use crate::facts::{self, Facts};
use crate::outcome::{Object, Outcomes};
use crate::own::Answers;
use crate::patience::Patience;

/// A cluster as checks see it.
pub struct World<'a> {
    /// The graph.
    pub attack: &'a Attack<'a>,
    /// The engines' answers.
    pub context: &'a Context<'a>,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// By position in [`Context::grants`]: whether the role is one that every cluster has.
    usual_role: Vec<bool>,
    placements: OnceLock<Placements>,
    owners: OnceLock<Owners>,
    /// Positions of grants in the graph, with their position in [`Context::grants`].
    grant_at: FxHashMap<NodeId, usize>,
    pub(crate) facts: Facts<'a>,
    answers: OnceLock<Answers>,
    limit: OnceLock<Duration>,
}

/// The objects that groups of pods are written in.
pub(crate) struct Owners {
    /// Sorted, each once.
    pub(crate) objects: Vec<Object>,
    /// Position in `objects` for each group.
    pub(crate) of_unit: Vec<u32>,
}

/// A grant of a subject: its position in [`Context::grants`], the one in its `bound`, and that of
/// the first rule that is more than discovery.
pub type Given = (usize, usize, u32);

/// A group of equal pods, to be judged.
pub struct Place<'a> {
    /// Its index in [`Context::units`].
    pub at: u32,
    /// The group.
    pub unit: &'a Unit,
}

impl Place<'_> {
    /// A field of the pod specification as a reason.
    #[must_use]
    pub fn field(&self, path: impl AsRef<str>, value: impl AsRef<str>) -> Why {
        Why::PodField {
            unit: self.at,
            path: Str::new(path.as_ref()),
            value: Str::new(value.as_ref()),
        }
    }
}

/// Whether the internet reaches something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposed {
    /// It does.
    Yes,
    /// It cannot be decided.
    Unknown,
    /// It does not.
    No,
}

impl<'a> World<'a> {
    /// Prepares the view.
    #[must_use]
    pub fn new(attack: &'a Attack<'a>) -> Self {
        let context = &attack.context;
        let usual = Baseline::shipped();
        let usual_role = context
            .grants
            .iter()
            .map(|grant| usual.has_role(&grant.role, &grant.rules, context.version))
            .collect();
        let at = |(at, grant): (usize, &Grant<'_>)| Some((attack.node(&grant.node())?, at));
        let grant_at = context.grants.iter().enumerate().filter_map(at).collect();
        Self {
            attack,
            context,
            cluster: context.cluster,
            usual_role,
            placements: OnceLock::new(),
            owners: OnceLock::new(),
            grant_at,
            facts: Facts::default(),
            answers: OnceLock::new(),
            limit: OnceLock::new(),
        }
    }

    /// Limits the time of each check; the first limit given stays.
    pub fn give_up_after(&self, limit: Duration) {
        self.limit.get_or_init(|| limit);
    }

    /// How long a check that begins now may take.
    pub(crate) fn patience(&self) -> Patience {
        Patience::of(self.limit.get().copied())
    }

    /// Gives what whole objects were asked before; the first ones given stay.
    pub fn answer(&self, answers: Answers) {
        self.answers.get_or_init(|| answers);
    }

    /// The results of a check that asks whole objects; `None` if it was not asked.
    pub(crate) fn answers(&self, id: &str) -> Option<&Outcomes> {
        self.answers.get()?.of(id)
    }

    /// The grant at a position.
    #[must_use]
    pub fn grant(&self, node: NodeId) -> Option<&Grant<'a>> {
        self.grant_at.get(&node).map(|&at| &self.context.grants[at])
    }

    /// What leaves it open that a path is missing: the kinds that were not all read.
    pub(crate) fn unread(&self) -> Option<String> {
        let kinds = Kind::PLAIN.iter().copied();
        let kinds = kinds.chain(WorkloadKind::ALL.into_iter().map(Kind::Workload));
        let missing: Vec<&str> = kinds
            .filter(|kind| !self.cluster.coverage.is_complete(*kind))
            .map(Kind::plural)
            .collect();
        match &missing[..] {
            [] => None,
            [first, rest @ ..] => {
                Some(format!("not all read: {first} and {} other kinds", rest.len()))
            }
        }
    }

    /// Every group of equal pods.
    pub fn places(&self) -> impl Iterator<Item = Place<'a>> + use<'a> {
        self.context.units.iter().enumerate().map(|(at, unit)| Place { at: at as u32, unit })
    }

    /// The object that a group's specification is written in: the top owner, else the pod.
    #[must_use]
    pub fn owner(&self, unit: u32) -> Object {
        let owners = self.owners();
        owners.objects[owners.of_unit[unit as usize] as usize].clone()
    }

    /// The objects that all groups are written in.
    pub(crate) fn owners(&self) -> &Owners {
        self.owners.get_or_init(|| {
            let each = (0..self.context.units.len() as u32).map(|unit| {
                let (kind, namespace, name, _) = self.attack.written_in(unit);
                (Object { kind: Str::from(kind), namespace, name }, unit)
            });
            let mut each: Vec<(Object, u32)> = each.collect();
            each.sort_unstable();
            let mut owners = Owners { objects: Vec::new(), of_unit: vec![0; each.len()] };
            for (object, unit) in each {
                if owners.objects.last() != Some(&object) {
                    owners.objects.push(object);
                }
                owners.of_unit[unit as usize] = owners.objects.len() as u32 - 1;
            }
            owners
        })
    }

    /// A reason in words; of a rule, what it says.
    #[must_use]
    pub fn evidence(&self, why: &Why) -> Evidence {
        let mut shown = self.attack.evidence(why);
        if let Why::Held { role, scope, rule } = why {
            let key = NodeKey::Role(role.clone(), scope.clone());
            // A role that nobody is bound to is no position of the graph.
            let unbound = || {
                let all = &self.context.grants;
                all.iter().find(|grant| grant.role == *role && grant.scope == *scope)
            };
            let drawn = self.attack.node(&key).and_then(|node| self.grant(node));
            let grant = drawn.or_else(unbound);
            if let Some(rule) = grant.and_then(|grant| grant.rules.get(*rule as usize)) {
                shown.value = format!("{}{}", written(rule), self.attack.assumed(role));
            }
        }
        shown
    }

    /// Whether a namespace is one that the API server makes for the cluster's own parts
    /// (`pkg/controlplane/controller/systemnamespaces`). A name that merely begins with `kube-` is
    /// no evidence, and who labels one as a tenant's says otherwise.
    #[must_use]
    pub fn is_own_namespace(&self, name: &str) -> bool {
        let labels = self.cluster.namespaces.get("", name).map(|one| &one.metadata.labels);
        ["kube-system", "kube-public", "kube-node-lease"].contains(&name)
            && labels.is_none_or(|labels| labels.get(TENANT_LABEL).is_none())
    }

    /// Whether a group is a part of the cluster itself.
    #[must_use]
    pub fn is_system(&self, unit: u32) -> bool {
        owner::is_system(self.attack, unit)
    }

    /// The positions of a group's pods.
    #[must_use]
    pub fn positions(&self, unit: u32) -> BTreeSet<NodeKey> {
        self.context.pods_of(unit).into_iter().collect()
    }

    /// Whether the internet reaches a group, by listeners that are more than an address of the
    /// cluster's own network.
    #[must_use]
    pub fn exposed(&self, unit: u32) -> Exposed {
        let fronts = self.context.fronts[unit as usize].iter();
        let listeners = fronts.map(|&at| &self.context.exposure.listeners[at as usize]);
        let outer = listeners.filter(|one| one.kind != ListenerKind::ClusterIp);
        match outer.map(|listener| listener.verdict.reach).min() {
            Some(Reach::Public) => Exposed::Yes,
            Some(Reach::Unknown) => Exposed::Unknown,
            _ => Exposed::No,
        }
    }

    /// The field that decides that the internet reaches a group.
    #[must_use]
    pub fn front(&self, unit: u32) -> Option<Why> {
        let fronts = self.context.fronts[unit as usize].iter();
        let listeners = fronts.map(|&at| &self.context.exposure.listeners[at as usize]);
        let mut outer = listeners.filter(|one| {
            one.kind != ListenerKind::ClusterIp && one.verdict.reach == Reach::Public
        });
        Some(facts::decided(&outer.next()?.verdict))
    }

    /// Nodes that run a group or may run it, sorted.
    #[must_use]
    pub fn nodes(&self, unit: u32) -> Vec<Id<Node>> {
        let one = &self.context.units[unit as usize];
        if !one.nodes.is_empty() {
            return one.nodes.clone();
        }
        self.placements().nodes_of(unit as usize)
    }

    /// Where pods can be placed.
    #[must_use]
    pub fn placements(&self) -> &Placements {
        self.placements.get_or_init(|| Placements::of_units(self.cluster, &self.context.units))
    }

    /// What a user namespace does for a group: effective only if it is on every node.
    #[must_use]
    pub fn user_namespace(&self, unit: u32) -> Effect {
        let spec = &self.context.units[unit as usize].spec;
        if spec.host_users != Some(false) {
            return Effect::Absent;
        }
        let nodes = self.nodes(unit);
        if nodes.is_empty() {
            return Effect::missing("the nodes that may run it");
        }
        let judge = |&node: &Id<Node>| {
            user_namespace(spec, &self.cluster.nodes[node], self.context.version).effect
        };
        worst(nodes.iter().map(judge))
    }

    /// The control that holds a group's processes in whatever they may do, if one has effect.
    #[must_use]
    pub fn boundary(&self, unit: u32) -> Option<String> {
        if self.user_namespace(unit).is_effective() {
            return Some("a user namespace holds its processes".to_owned());
        }
        let spec = &self.context.units[unit as usize].spec;
        let sandboxed = sandbox(spec, self.cluster).effect.is_effective();
        sandboxed.then(|| "its runtime class is a sandbox".to_owned())
    }

    /// Whether the role of a grant is one that every cluster has, unchanged.
    #[must_use]
    pub fn is_usual_role(&self, grant: usize) -> bool {
        self.usual_role.get(grant).copied().unwrap_or_default()
    }

    /// Whether a binding gives a subject what it has in every cluster.
    #[must_use]
    pub fn is_usual(&self, grant: usize, bound: usize) -> bool {
        if !self.is_usual_role(grant) {
            return false;
        }
        let (_, binding, at) = &self.context.grants[grant].bound[bound];
        let (role, subjects): (&RoleRef, &[Named]) = match binding {
            BindingKey::Cluster(name) => match self.cluster.cluster_role_bindings.get("", name) {
                Some(found) => (&found.role_ref, &found.subjects),
                None => return false,
            },
            BindingKey::Namespaced(namespace, name) => {
                match self.cluster.role_bindings.get(namespace, name) {
                    Some(found) => (&found.role_ref, &found.subjects),
                    None => return false,
                }
            }
            BindingKey::Node(_) => return true,
        };
        let subject = subjects.get(*at as usize);
        subject.is_some_and(|one| Baseline::shipped().has_subject(binding, role, one))
    }

    /// Direct grants of a subject that let it do more than discovery and that not every cluster
    /// has: index of the grant, index into its `bound`, and the first such rule.
    #[must_use]
    pub fn own_grants(&self, subject: &Subject) -> Vec<Given> {
        let mut found = beyond_discovery(self.context, subject);
        found.retain(|&(grant, bound, _)| {
            self.context.grants[grant].limit.is_none() && !self.is_usual(grant, bound)
        });
        found
    }

    /// The same with those of the groups that it is in by construction.
    #[must_use]
    pub fn effective_grants(&self, subject: &Subject) -> Vec<Given> {
        let mut found = self.own_grants(subject);
        for group in subject.implicit_groups() {
            found.extend(self.own_grants(&Subject::Group(group)));
        }
        found
    }

    pub(crate) fn find_subjects(&self) -> Vec<(&'a Subject, Vec<Given>)> {
        let all = self.context.subjects().map(|(subject, _)| subject);
        let plain = all.filter(|subject| !matches!(subject, Subject::Limited(_)));
        plain
            .map(|subject| (subject, self.own_grants(subject)))
            .filter(|(_, grants)| !grants.is_empty())
            .collect()
    }

    /// Where the owner's grants of a subject begin in the graph: the subject, or for a part of
    /// every cluster, such as the controller manager, the roles that it was given beside.
    #[must_use]
    pub fn own_start(&self, subject: &Subject, grants: &[Given]) -> Vec<NodeKey> {
        let all = self.context.grants_of(subject);
        if all.iter().any(|&(grant, bound)| self.is_usual(grant, bound)) {
            return grants.iter().map(|&(grant, _, _)| self.context.grants[grant].node()).collect();
        }
        vec![NodeKey::Subject(subject.clone())]
    }

    /// Whether one of the grants gives every verb on every resource of the cluster.
    #[must_use]
    pub fn is_admin(&self, grants: &[Given]) -> bool {
        grants.iter().any(|&(grant, _, _)| {
            let grant = &self.context.grants[grant];
            grant.scope == Scope::Cluster && grant.rules.iter().any(is_everything)
        })
    }

    /// A grant as reasons: the binding, and the rule.
    #[must_use]
    pub fn grant_why(&self, (grant, bound, rule): Given) -> Vec<Why> {
        let grant = &self.context.grants[grant];
        let (_, binding, subject) = &grant.bound[bound];
        vec![
            Why::Bound { binding: binding.clone(), subject: *subject },
            Why::Held { role: grant.role.clone(), scope: grant.scope.clone(), rule },
        ]
    }

    /// A subject as the object of a result.
    #[must_use]
    pub fn subject_object(subject: &Subject) -> Object {
        match subject {
            Subject::User(name) => Object::wide("User", name),
            Subject::Group(name) => Object::wide("Group", name),
            Subject::ServiceAccount(namespace, name) => {
                Object::new("ServiceAccount", namespace, name)
            }
            Subject::Limited(limited) => Self::subject_object(&limited.target),
        }
    }

    /// A role as the object of a result.
    #[must_use]
    pub fn role_object(role: &RoleKey) -> Object {
        match role {
            RoleKey::Cluster(name) => Object::wide("ClusterRole", name),
            RoleKey::Namespaced(namespace, name) => Object::new("Role", namespace, name),
            RoleKey::Limited(role, _) => Self::role_object(role),
            RoleKey::Node(name) => Object::wide("Node", name),
        }
    }

    /// A field of an account as a reason.
    #[must_use]
    pub fn account_field(namespace: &Str, name: &Str, path: &str, value: &str) -> Why {
        Why::Field {
            object: EntityId::ServiceAccount(namespace.clone(), name.clone()),
            path: Str::new(path),
            value: Str::new(value),
        }
    }
}

/// A rule as a line: verbs, resources with their groups, names.
fn written(rule: &PolicyRule) -> String {
    let list = |texts: &[Str]| texts.iter().map(Str::as_str).collect::<Vec<_>>().join(",");
    if rule.resources.is_empty() {
        return format!("{} {}", list(&rule.verbs), list(&rule.non_resource_urls));
    }
    let groups = match list(&rule.api_groups) {
        core if core.is_empty() => "the core group".to_owned(),
        groups => groups,
    };
    let mut text = format!("{} {} of {groups}", list(&rule.verbs), list(&rule.resources));
    if !rule.resource_names.is_empty() {
        text.push_str(&format!(" named {}", list(&rule.resource_names)));
    }
    text
}

/// Of several places the one where the control does least.
fn worst(effects: impl Iterator<Item = Effect>) -> Effect {
    let mut missing = BTreeSet::new();
    let mut found = Effect::Effective;
    for effect in effects {
        match effect {
            Effect::PresentNotEffective(_) => return effect,
            Effect::Absent => found = Effect::Absent,
            Effect::Unknown(more) => missing.extend(more),
            Effect::Effective => {}
        }
    }
    match missing.is_empty() || found == Effect::Absent {
        true => found,
        false => Effect::Unknown(missing.into_iter().collect()),
    }
}
