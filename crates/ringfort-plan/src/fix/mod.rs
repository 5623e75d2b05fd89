//! Fixes: changes of the cluster, each with what it cuts, what it may break, whose the object
//! is and what it costs.
//!
//! ```text
//!  edge ──conjuncts──► reason ──[`rbac`], [`pod`], [`object`]──► fixes that take it away
//! ```
//!
//! An edge goes as soon as one of its conjuncts goes, so the fixes of an edge are those of all
//! its reasons, any of which cuts it. What a way in leads to goes with the way in, so that its
//! reasons count for the edges behind it: a path starts there. A reason that rests on a part of the cluster itself has
//! no fix; the catalogue says why.

mod network;
mod node;
mod object;
mod pod;
mod rbac;
mod running;
pub(crate) mod service;
mod split;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use ringfort_attack::context::Grant;
use ringfort_attack::technique::FixKind;
use ringfort_attack::{Attack, NodeKey, RoleKey, Subject, Why, WhyId};
use ringfort_graph::{BitSet, EdgeId, NodeId};
use ringfort_language::Sentence;
use ringfort_model::record::Secret;
use ringfort_model::{EntityId, Object, Pod, Str, Unit, WorkloadKind};
use rustc_hash::FxHashMap;

use crate::admit::Door;
use crate::change::Edit;
use crate::edits::{Edited, changes};
use crate::owner::{self, Owner};
use crate::renew::made;

/// What changes cost by class (conventions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// A label, or the deletion of a grant that nobody uses.
    pub label: u32,
    /// Narrowing a grant or a policy.
    pub grant: u32,
    /// A workload's specification, or what clients outside depend on.
    pub workload: u32,
    /// A version, a node, or an architecture.
    pub architecture: u32,
}

impl Default for Costs {
    fn default() -> Self {
        Self { label: 1, grant: 2, workload: 5, architecture: 12 }
    }
}

/// One change, to be taken as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// Stable id, made of the act and the object.
    pub id: String,
    /// What it does, for a reader.
    pub title: Sentence,
    /// The sort of change.
    pub kind: FixKind,
    /// The edits.
    pub edits: Vec<Edited>,
    /// What it costs.
    pub cost: u32,
    /// How much it takes away beside what is meant: of two fixes of one object that cost and
    /// cut the same, the narrower one is better.
    pub breadth: u32,
    /// What could break, with the evidence.
    pub breaks: Vec<String>,
    /// Whose the object is.
    pub owner: Owner,
}

impl Fix {
    /// The object it changes, `Kind namespace/name`.
    #[must_use]
    pub fn object(&self) -> String {
        self.edits.first().map_or_else(String::new, |edited| match edited.namespace.as_str() {
            "" => format!("{} {}", edited.kind.name(), edited.name),
            namespace => format!("{} {namespace}/{}", edited.kind.name(), edited.name),
        })
    }
}

/// What can be done about one reason.
pub(crate) enum Remedy {
    /// Any of these takes it away.
    Fixes(Vec<Fix>),
    /// It must not be touched, and why.
    Untouchable(&'static str),
    /// It is not a setting: nothing changes it.
    Fact,
}

/// The fixes of a graph's reasons.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Every fix, by id.
    pub fixes: Vec<Fix>,
    of_why: BTreeMap<WhyId, Vec<u32>>,
    /// Reasons of each way in.
    of_entry: BTreeMap<NodeId, Vec<WhyId>>,
    untouchable: BTreeMap<WhyId, &'static str>,
}

impl Catalogue {
    /// The fixes of all reasons of these edges.
    #[must_use]
    pub fn new(attack: &Attack<'_>, edges: &BitSet, costs: &Costs) -> Self {
        Self::made(&mut Desk::new(attack, *costs), edges)
    }

    /// The same, and those among them whose changed pod admission would refuse: the most
    /// expensive question about a fix is left to whoever wants it ([`Catalogue::admits`]).
    pub(crate) fn unasked<'a, 'c>(
        attack: &'a Attack<'c>,
        edges: &BitSet,
        costs: &Costs,
    ) -> (Self, Desk<'a, 'c>) {
        let mut desk = Desk { asks: false, ..Desk::new(attack, *costs) };
        let catalogue = Self::made(&mut desk, edges);
        (catalogue, Desk { asks: true, ..desk })
    }

    /// Whether a fix of these edges is one after admission was asked too.
    pub(crate) fn admits(&self, desk: &Desk<'_, '_>, edges: &[EdgeId], fix: &Fix) -> bool {
        let whys = edges.iter().flat_map(|&edge| self.whys(desk.attack, edge));
        let whys: BTreeSet<WhyId> = whys.collect();
        whys.into_iter().any(|why| match desk.remedy(desk.attack.why(why)) {
            Remedy::Fixes(fixes) => fixes.iter().any(|one| one.id == fix.id),
            Remedy::Untouchable(_) | Remedy::Fact => false,
        })
    }

    fn made(desk: &mut Desk<'_, '_>, edges: &BitSet) -> Self {
        let attack = desk.attack;
        let of_entry = of_entries(attack);
        let mut whys: BTreeSet<WhyId> = BTreeSet::new();
        for edge in edges.iter().map(|edge| EdgeId(edge as u32)) {
            whys.extend(attack.edge(edge).why_ids);
            whys.extend(of_entry.get(&attack.graph.edge(edge).from).into_iter().flatten());
        }
        for &id in &whys {
            if let Why::Rule { role, rule, .. }
            | Why::Held { role, rule, .. }
            | Why::Limit { role, rule } = attack.why(id)
            {
                desk.used.entry(role.clone()).or_default().insert(*rule as usize);
            }
        }
        let mut found: BTreeMap<String, (Fix, BTreeSet<WhyId>)> = BTreeMap::new();
        let mut untouchable = BTreeMap::new();
        for id in whys {
            match desk.remedy(attack.why(id)) {
                Remedy::Fixes(fixes) => {
                    for fix in fixes {
                        let known = found.entry(fix.id.clone());
                        known.or_insert_with(|| (fix, BTreeSet::new())).1.insert(id);
                    }
                }
                Remedy::Untouchable(reason) => {
                    untouchable.insert(id, reason);
                }
                Remedy::Fact => {}
            }
        }
        let mut catalogue = Self { of_entry, untouchable, ..Self::default() };
        for (fix, whys) in found.into_values() {
            let at = catalogue.fixes.len() as u32;
            for why in whys {
                catalogue.of_why.entry(why).or_default().push(at);
            }
            catalogue.fixes.push(fix);
        }
        catalogue
    }

    /// Fixes that cut an edge, as positions in `fixes`, in no order and perhaps repeated.
    pub(crate) fn fixes_of<'f>(
        &'f self,
        attack: &'f Attack<'_>,
        edge: EdgeId,
    ) -> impl Iterator<Item = u32> + 'f {
        self.whys(attack, edge).filter_map(|why| self.of_why.get(&why)).flatten().copied()
    }

    /// Fixes that cut an edge, as positions in `fixes`, ascending.
    #[must_use]
    pub fn of_edge(&self, attack: &Attack<'_>, edge: EdgeId) -> Vec<u32> {
        let mut found: Vec<u32> = self.fixes_of(attack, edge).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Why the reasons of an edge must not be touched, where some fix would have been.
    #[must_use]
    pub fn untouchable(&self, attack: &Attack<'_>, edge: EdgeId) -> Option<&'static str> {
        self.whys(attack, edge).find_map(|why| self.untouchable.get(&why).copied())
    }

    /// The reasons of an edge, and of the way in that it starts at.
    fn whys<'s>(
        &'s self,
        attack: &'s Attack<'_>,
        edge: EdgeId,
    ) -> impl Iterator<Item = WhyId> + 's {
        let entry = self.of_entry.get(&attack.graph.edge(edge).from);
        attack.edge(edge).why_ids.iter().chain(entry.into_iter().flatten()).copied()
    }
}

/// The reasons of the ways in.
fn of_entries(attack: &Attack<'_>) -> BTreeMap<NodeId, Vec<WhyId>> {
    let mut found: BTreeMap<NodeId, Vec<WhyId>> = BTreeMap::new();
    let Some(internet) = attack.node(&NodeKey::Internet) else { return found };
    for &edge in attack.graph.outgoing(internet) {
        let to = attack.graph.edge(edge).to;
        if matches!(attack.key(to), NodeKey::Vector(..)) {
            found.entry(to).or_default().extend(attack.edge(edge).why_ids);
        }
    }
    found
}

/// The fixes of single reasons, for findings: what [`Catalogue`] would offer for their edges, and
/// the same for reasons on which no edge rests.
pub struct Remedies<'a, 'c>(Desk<'a, 'c>);

impl<'a, 'c> Remedies<'a, 'c> {
    /// Prepares what fixes look up.
    #[must_use]
    pub fn new(attack: &'a Attack<'c>, costs: Costs) -> Self {
        Self(Desk::new(attack, costs))
    }

    /// Fixes that take the reason away, any of them by itself.
    #[must_use]
    pub fn of(&self, why: &Why) -> Vec<Fix> {
        match self.0.remedy(why) {
            Remedy::Fixes(fixes) => fixes,
            Remedy::Untouchable(_) | Remedy::Fact => Vec::new(),
        }
    }
}

impl std::fmt::Debug for Remedies<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Remedies")
    }
}

/// Whether pods of the unit run, or come by themselves or with a scale: a Job that is not suspended
/// and has none left is done.
fn runs_or_will(attack: &Attack<'_>, unit: &Unit) -> bool {
    let Some((kind, name)) = unit.owner.as_ref().filter(|_| unit.latent && unit.from_template)
    else {
        return true;
    };
    match kind {
        WorkloadKind::PodTemplate => false,
        WorkloadKind::Job => {
            let job = attack.context.cluster.workload(*kind, &unit.namespace, name);
            job.is_some_and(|job| job.spec.suspend == Some(true))
        }
        _ => true,
    }
}

/// The account that a token Secret is of.
fn token_of(secret: &Secret) -> Option<(Str, Str)> {
    let account = secret.metadata.annotations.get("kubernetes.io/service-account.name")?;
    let is_token = *secret.kind == *"kubernetes.io/service-account-token";
    is_token.then(|| (secret.metadata.namespace.clone(), account.clone()))
}

/// Identities that a fix names as losing what it takes away.
const SHOWN: usize = 20;

/// What the fixes of one graph look up.
pub(crate) struct Desk<'a, 'c> {
    pub(crate) attack: &'a Attack<'c>,
    pub(crate) costs: Costs,
    /// Rules of roles on which the edges in question rest.
    used: BTreeMap<RoleKey, BTreeSet<usize>>,
    /// Units of each account that run, or will once something scales them up or their time comes.
    units: BTreeMap<(Str, Str), Vec<u32>>,
    /// Accounts that a token Secret is of: whoever has read it is that account, from anywhere.
    tokens: BTreeSet<(Str, Str)>,
    /// Accounts of parts of the cluster itself.
    system: BTreeSet<(Str, Str)>,
    /// Grants of each role, by position.
    grants_of: FxHashMap<&'a RoleKey, Vec<usize>>,
    /// Whether changed pods are asked about.
    asks: bool,
    /// Who lets new pods in.
    door: OnceLock<Door<'c>>,
    /// Changes of pods by id, and whether the changed pod is refused.
    refused: Mutex<FxHashMap<(u32, String), bool>>,
}

impl<'a, 'c> Desk<'a, 'c> {
    fn new(attack: &'a Attack<'c>, costs: Costs) -> Self {
        let mut units: BTreeMap<(Str, Str), Vec<u32>> = BTreeMap::new();
        let mut system = BTreeSet::new();
        for (at, unit) in attack.context.units.iter().enumerate() {
            let account = (unit.namespace.clone(), Str::new(unit.spec.account()));
            if owner::is_system(attack, at as u32) && !unit.mirror {
                system.insert(account.clone());
            }
            if runs_or_will(attack, unit) {
                units.entry(account).or_default().push(at as u32);
            }
        }
        let mut grants_of: FxHashMap<&RoleKey, Vec<usize>> = FxHashMap::default();
        for (at, grant) in attack.context.grants.iter().enumerate() {
            grants_of.entry(&grant.role).or_default().push(at);
        }
        Self {
            attack,
            costs,
            used: BTreeMap::new(),
            units,
            tokens: attack.context.cluster.secrets.iter().filter_map(token_of).collect(),
            system,
            grants_of,
            asks: true,
            door: OnceLock::new(),
            refused: Mutex::default(),
        }
    }

    /// Whether admission refuses the pod that a change of a unit's specification makes. Of a
    /// unit that runs nothing no pod is made.
    pub(crate) fn refuses(&self, unit: u32, written: &Object, fix: &Fix) -> bool {
        if !self.asks {
            return false;
        }
        let key = (unit, fix.id.clone());
        let known = self.refused.lock().ok().and_then(|known| known.get(&key).copied());
        if let Some(known) = known {
            return known;
        }
        let refused = self.pod_after(unit, written, fix).is_some_and(|pod| {
            let door = self.door.get_or_init(|| Door::new(self.attack.context.cluster));
            door.again(&pod).refused.is_some()
        });
        if let Ok(mut known) = self.refused.lock() {
            known.insert(key, refused);
        }
        refused
    }

    /// A pod of the unit as it is made again after a change of what is written.
    fn pod_after(&self, unit: u32, written: &Object, fix: &Fix) -> Option<Pod> {
        let cluster = self.attack.context.cluster;
        let pod = &cluster.pods[*self.attack.context.units[unit as usize].pods.first()?];
        let changes = changes(&fix.edits);
        let patch = changes.iter().find(|change| matches!(change.edit, Edit::Json(_)))?;
        match (written, crate::apply::edit(written, patch).ok()?) {
            (Object::Workload(then), Object::Workload(now)) => {
                made((cluster, Some(then)), (cluster, &now), pod).ok()
            }
            (_, Object::Pod(now)) => Some(now),
            _ => None,
        }
    }

    /// Whom bindings give a role, in any scope.
    pub(crate) fn bound(&self, role: &RoleKey) -> Vec<&'a Subject> {
        let grants = self.grants_of(role);
        grants.flat_map(|grant| grant.bound.iter().map(|(subject, ..)| subject)).collect()
    }

    /// Grants of a role, in any scope.
    pub(crate) fn grants_of(&self, role: &RoleKey) -> impl Iterator<Item = &'a Grant<'c>> {
        let grants = self.grants_of.get(role).into_iter().flatten();
        grants.map(|&at| &self.attack.context.grants[at])
    }

    fn remedy(&self, why: &Why) -> Remedy {
        match why {
            Why::Bound { binding, subject } => rbac::unbind(self, binding, *subject as usize),
            Why::Rule { role, rule, resource, verb, .. } => {
                rbac::narrow(self, role, *rule as usize, resource, verb)
            }
            Why::Limit { role, rule } | Why::Held { role, rule, .. } => {
                rbac::narrow(self, role, *rule as usize, "", "")
            }
            Why::Token { unit, kind, container, path, how } => {
                pod::token(self, *unit, *kind, *container as usize, path, *how)
            }
            Why::PodField { unit, path, value } => pod::field(self, *unit, path, value),
            Why::HostMount { unit, kind, container, mount, path, .. } => {
                pod::mount(self, *unit, *kind, *container as usize, *mount as usize, path)
            }
            Why::PodSecurity { namespace, .. } => object::pod_security(self, namespace),
            Why::Field { object: EntityId::Node(_), path, value } => node::field(self, path, value),
            Why::Field { object, path, .. } => object::field(self, object, path),
            Why::ObjectField { kind, namespace, name, path, .. } => {
                match path.strip_prefix("metadata.annotations[").and_then(|p| p.strip_suffix(']')) {
                    Some(key) => object::annotation(self, kind, (namespace, name), key),
                    None => service::route(self, kind, namespace, name),
                }
            }
            Why::Passes { unit, way } => network::policy(self, *unit, *way),
            Why::Member(..)
            | Why::Masters
            | Why::Mark(_)
            | Why::RunsOn { .. }
            | Why::Design(_)
            | Why::Missing(_) => Remedy::Fact,
        }
    }

    /// Whether the account belongs to a part of the cluster itself.
    fn is_system(&self, subject: &Subject) -> bool {
        match subject {
            Subject::ServiceAccount(namespace, name) => {
                self.system.contains(&(namespace.clone(), name.clone()))
            }
            // It is what an impersonator holds; whoever impersonates decides.
            Subject::Limited(_) => false,
            Subject::User(name) | Subject::Group(name) => {
                name.starts_with("system:")
                    && !matches!(
                        name.as_str(),
                        "system:anonymous" | "system:unauthenticated" | "system:authenticated"
                    )
                    && !name.starts_with("system:serviceaccounts")
            }
        }
    }

    /// Who uses some identities: the first of those that somebody uses, and how many more.
    pub(crate) fn breaks<'s>(
        &self,
        subjects: impl IntoIterator<Item = &'s Subject>,
    ) -> Vec<String> {
        let subjects: BTreeSet<&Subject> = subjects.into_iter().collect();
        let mut used = subjects.into_iter().filter(|subject| self.is_used(subject));
        let mut found: Vec<String> =
            used.by_ref().take(SHOWN).filter_map(|subject| self.users(subject)).collect();
        let more = used.count();
        if more > 0 {
            found.push(format!("{more} more identities are in use or not visible"));
        }
        found
    }

    /// Whether anything uses an identity, as far as that is visible.
    fn is_used(&self, subject: &Subject) -> bool {
        match subject {
            Subject::ServiceAccount(namespace, name) => {
                let account = (namespace.clone(), name.clone());
                self.units.contains_key(&account) || self.tokens.contains(&account)
            }
            Subject::Limited(_) => false,
            Subject::User(_) | Subject::Group(_) => true,
        }
    }

    /// Who uses an identity: nobody that shows, or the evidence.
    fn users(&self, subject: &Subject) -> Option<String> {
        match subject {
            Subject::ServiceAccount(namespace, name) => {
                let account = (namespace.clone(), name.clone());
                let Some(units) = self.units.get(&account) else {
                    return self.tokens.contains(&account).then(|| {
                        format!(
                            "sa/{namespace}/{name}: holds a token Secret; whether it is in use is \
                             not visible"
                        )
                    });
                };
                let shown = |&unit: &u32| {
                    let latent = self.attack.context.units[unit as usize].latent;
                    let now = if latent { " (runs nothing now)" } else { "" };
                    format!("{}{now}", self.attack.unit_id(unit))
                };
                let names: Vec<String> = units.iter().take(3).map(shown).collect();
                let more = units.len().saturating_sub(names.len());
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                Some(format!("sa/{namespace}/{name} is used by {}{more}", names.join(", ")))
            }
            Subject::Limited(_) => None,
            Subject::User(name) => {
                Some(format!("user {name}: whether it is in use is not visible"))
            }
            Subject::Group(name) => Some(format!("group {name}: its members are not visible")),
        }
    }
}
