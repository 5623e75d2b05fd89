//! Answers that several checks share. Each is computed once for a scan, when it is first asked
//! for; what is asked of pods is asked of groups of equal pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use ringfort_attack::{
    Confidence, NodeKey, Power, Scope, Subject, Why,
    context::{Ask, Gate, Held},
    techniques,
};
use ringfort_graph::{EdgeId, NodeId};
use ringfort_model::{EntityId, Str};
use ringfort_network::exposure::{Reach, Verdict as Exposing};
use ringfort_network::policy::{Class, Tri};
use ringfort_podsec::EscapeClass;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::images::{Store, store};
use crate::outcome::{Fault, Object, Verdict};
use crate::versions::{Data, Running, running};
use crate::world::{Exposed, Given, World};

/// What was computed so far.
#[derive(Default)]
pub(crate) struct Facts<'a> {
    edges: OnceLock<FxHashMap<u16, Vec<EdgeId>>>,
    subjects: OnceLock<Vec<(&'a Subject, Vec<Given>)>>,
    admins: OnceLock<BTreeSet<Subject>>,
    creators: OnceLock<Vec<(Scope, Why)>>,
    execution: OnceLock<BTreeMap<u32, Why>>,
    exposed: OnceLock<Vec<Exposed>>,
    enforced: OnceLock<Vec<Tri>>,
    classes: OnceLock<Vec<Vec<Class>>>,
    powerful: OnceLock<FxHashSet<NodeId>>,
    stores: OnceLock<Vec<Option<Store>>>,
    registries: OnceLock<Vec<String>>,
    versions: OnceLock<Arc<Data>>,
    running: OnceLock<Vec<Running>>,
}

/// The object of results about all of the cluster, or about one part of it that is no object.
pub(crate) fn whole(name: &str) -> Object {
    Object::wide("Cluster", name)
}

/// A field of any object, as a reason.
pub(crate) fn field(kind: &'static str, namespace: &str, name: &str, at: (&str, &str)) -> Why {
    Why::ObjectField {
        kind,
        namespace: Str::new(namespace),
        name: Str::new(name),
        path: Str::new(at.0),
        value: Str::new(at.1),
    }
}

/// The field that decides a verdict of the exposure engine.
pub(crate) fn decided(verdict: &Exposing) -> Why {
    let (object, path, value) = (&verdict.object, verdict.path.clone(), verdict.value.clone());
    match object.kind {
        "Service" => Why::Field {
            object: EntityId::Service(object.namespace.clone(), object.name.clone()),
            path,
            value,
        },
        kind => Why::ObjectField {
            kind,
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            path,
            value,
        },
    }
}

impl<'a> World<'a> {
    /// Edges of a technique, in order.
    pub(crate) fn edges_of(&self, id: &str) -> &[EdgeId] {
        let index = self.facts.edges.get_or_init(|| {
            let mut found: FxHashMap<u16, Vec<EdgeId>> = FxHashMap::default();
            for at in 0..self.attack.graph.edge_count() {
                let edge = EdgeId(at as u32);
                if let Some(technique) = self.attack.edge(edge).technique {
                    found.entry(technique).or_default().push(edge);
                }
            }
            found
        });
        let at = techniques::ALL.iter().position(|technique| technique.id == id);
        at.and_then(|at| index.get(&(at as u16))).map_or(&[], Vec::as_slice)
    }

    /// Whether an edge holds as far as objects show, controls and facts included.
    pub(crate) fn is_sure(&self, edge: EdgeId) -> bool {
        let confidence = self.attack.edge(edge).confidence;
        !matches!(confidence, Confidence::Unknown | Confidence::UnverifiedControl)
    }

    /// Whether some of a technique rests on a fact that no object shows.
    pub(crate) fn rests_on_fact(&self, id: &'static str) -> bool {
        self.attack.node(&NodeKey::Fact(id)).is_some()
    }

    /// Subjects that a binding of the owner's names, with those grants, sorted.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = (&'a Subject, &[Given])> {
        let all = self.facts.subjects.get_or_init(|| self.find_subjects());
        all.iter().map(|(subject, grants)| (*subject, grants.as_slice()))
    }

    /// Whether the owner gave a subject every verb on every resource of the cluster.
    pub(crate) fn is_administrator(&self, subject: &Subject) -> bool {
        let admins = self.facts.admins.get_or_init(|| {
            let all = self.subjects();
            all.filter(|(_, grants)| self.is_admin(grants)).map(|(one, _)| one.clone()).collect()
        });
        admins.contains(subject)
    }

    /// Rules among some that the owner gave to a subject who is no administrator anyhow: the
    /// rule, and the grant that hands it out.
    pub(crate) fn outsiders<'h>(
        &self,
        held: &'h [Held],
    ) -> impl Iterator<Item = (&'h Held, Given)> {
        held.iter().filter_map(|one| {
            let grant = &self.context.grants[one.grant];
            let bound = grant.bound.iter().enumerate().position(|(at, (subject, _, _))| {
                !matches!(subject, Subject::Limited(_))
                    && !self.is_usual(one.grant, at)
                    && !self.is_administrator(subject)
            })?;
            Some((one, (one.grant, bound, one.rule)))
        })
    }

    /// Where somebody who is no administrator may start pods, with the binding that lets them.
    pub(crate) fn pod_creators(&self) -> &[(Scope, Why)] {
        self.facts.creators.get_or_init(|| {
            let held = self.context.held_pod_create();
            let mut found: Vec<(Scope, Why)> = Vec::new();
            for (one, (grant, bound, _)) in self.outsiders(&held) {
                let scope = one.scope(self.context);
                if found.iter().any(|(known, _)| known == scope) {
                    continue;
                }
                let (_, binding, subject) = &self.context.grants[grant].bound[bound];
                let why = Why::Bound { binding: binding.clone(), subject: *subject };
                found.push((scope.clone(), why));
            }
            found
        })
    }

    /// The binding that lets somebody who is no administrator start pods in a namespace.
    pub(crate) fn pod_creator(&self, namespace: &str) -> Option<&Why> {
        let mut all = self.pod_creators().iter();
        all.find(|(scope, _)| scope.reaches(Some(namespace))).map(|(_, why)| why)
    }

    /// Rules that allow one of some requests.
    pub(crate) fn held_any(&self, asks: &[Ask]) -> Vec<Held> {
        asks.iter().flat_map(|ask| self.context.held(ask)).collect()
    }

    /// What shows that a group runs what its callers hand it (vector V10).
    pub(crate) fn execution(&self, unit: u32) -> Option<&Why> {
        self.executing().get(&unit)
    }

    /// Groups that run what their callers hand them, with what shows it.
    pub(crate) fn executing(&self) -> &BTreeMap<u32, Why> {
        self.facts.execution.get_or_init(|| {
            let vectors = self.attack.vectors.iter().filter(|vector| vector.id == "V10");
            let mut found = BTreeMap::new();
            for instance in vectors.flat_map(|vector| &vector.instances) {
                for lead in &instance.leads {
                    if let (NodeKey::Pods(unit, _), Some(why)) = (lead, instance.why.first()) {
                        found.entry(*unit).or_insert_with(|| why.clone());
                    }
                }
            }
            found
        })
    }

    /// Whether the internet reaches a group; the same as [`World::exposed`], asked once.
    pub(crate) fn is_exposed(&self, unit: u32) -> Exposed {
        let known = self.facts.exposed.get_or_init(|| {
            (0..self.context.units.len()).map(|unit| self.exposed(unit as u32)).collect()
        });
        known[unit as usize]
    }

    /// Whether policies have an effect where a group's pods run, or may run.
    pub(crate) fn enforced(&self, unit: u32) -> Tri {
        let enforcement = self.context.network.enforcement();
        let known = self.facts.enforced.get_or_init(|| {
            let on_node = |name: &Str| enforcement.on_node(name).0;
            let nodes = self.cluster.nodes.iter().map(|node| on_node(&node.metadata.name));
            nodes.chain([enforcement.anywhere().0]).collect()
        });
        let anywhere = known.last().copied().unwrap_or(Tri::Unknown);
        let nodes = self.context.units[unit as usize].nodes.iter();
        nodes.map(|node| known[node.index()]).min().unwrap_or(anywhere)
    }

    /// The classes of a group's pods as policies see them.
    pub(crate) fn classes(&self, unit: u32) -> &[Class] {
        let known = self.facts.classes.get_or_init(|| {
            let of = |unit| self.context.network.of_unit(unit);
            self.context.units.iter().map(of).collect()
        });
        &known[unit as usize]
    }

    /// The store of data that a group is, if its image is known to be one.
    pub(crate) fn store(&self, unit: u32) -> Option<&Store> {
        let known = self.facts.stores.get_or_init(|| {
            let units = self.context.units.iter().enumerate();
            units.map(|(at, unit)| store(self, at as u32, unit)).collect()
        });
        known[unit as usize].as_ref()
    }

    /// Whether whoever controls an exposed group's pods reaches a target of attackers.
    pub(crate) fn leads_to_target(&self, unit: u32) -> bool {
        let known = self.facts.powerful.get_or_init(|| {
            let all = (0..self.context.units.len() as u32).filter(|&unit| {
                self.is_exposed(unit) != Exposed::No && !self.context.units[unit as usize].latent
            });
            let keys = all.flat_map(|unit| self.context.pods_of(unit));
            let starts: Vec<NodeId> = keys.filter_map(|key| self.attack.node(&key)).collect();
            let targets: Vec<NodeId> =
                self.attack.targets().into_iter().map(|(_, node)| node).collect();
            let reached = self.attack.pairs(&starts, &targets, &self.attack.no_edges());
            reached.iter().flat_map(ringfort_graph::BitSet::iter).map(|at| starts[at]).collect()
        });
        let keys = self.context.pods_of(unit);
        keys.iter().filter_map(|key| self.attack.node(key)).any(|node| known.contains(&node))
    }

    /// A fault of groups of pods, with what every such fault is completed with.
    pub(crate) fn fault_of(&self, spots: Vec<Why>, units: &[u32]) -> Fault {
        let mut fault = Fault::of(spots);
        fault.system = !units.is_empty();
        for &unit in units {
            fault.at.extend(self.positions(unit));
            fault.exposed |= self.is_exposed(unit) == Exposed::Yes;
            fault.system &= self.is_system(unit);
        }
        fault
    }

    /// A field of the object that a group's specification is written in, outside of the
    /// specification.
    pub(crate) fn owner_field(&self, unit: u32, path: &str, value: &str) -> Why {
        let (_, namespace, name, _) = self.attack.written_in(unit);
        let owner = &self.context.units[unit as usize].owner;
        let kind = owner.as_ref().map_or("Pod", |(kind, _)| kind.name());
        field(kind, &namespace, &name, (path, value))
    }

    /// A field of a namespace.
    pub(crate) fn namespace_field(name: &Str, path: &str, value: &str) -> Why {
        Why::Field {
            object: EntityId::Namespace(name.clone()),
            path: Str::new(path),
            value: Str::new(value),
        }
    }

    /// The position of starting pods in a namespace.
    pub(crate) fn run_pods(name: &Str) -> NodeKey {
        NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()))
    }

    /// Names the registries that the owner allows, as hosts or hosts with a path.
    pub fn allow_registries(&self, registries: Vec<String>) {
        // The first declaration holds: a scan has one.
        let _ = self.facts.registries.set(registries);
    }

    /// Takes other data on versions than those that come with the program.
    pub fn use_versions(&self, data: Arc<Data>) {
        // The first data hold: a scan has one set of them.
        let _ = self.facts.versions.set(data);
    }

    /// The data on versions.
    pub(crate) fn versions(&self) -> &Data {
        match self.facts.versions.get() {
            Some(data) => data,
            None => Data::shipped(),
        }
    }

    /// The components that run, with their versions.
    pub(crate) fn running(&self) -> &[Running] {
        self.facts.running.get_or_init(|| running(self))
    }

    /// The registries that the owner allows, where that was declared.
    pub(crate) fn registries(&self) -> Option<&[String]> {
        self.facts.registries.get().map(Vec::as_slice)
    }
}

/// What admission answers to pods that leave their container: stopped if every way is refused.
pub(crate) fn floor(world: &World<'_>, namespace: &Str) -> Gate {
    const ESCAPES: [EscapeClass; 3] =
        [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability];
    let Some(answer) = world.context.admission(namespace) else {
        return Gate::Unverified("what admission answers to pods".to_owned());
    };
    let mut doubt = None;
    for one in answer.classes.iter().filter(|one| ESCAPES.contains(&one.class)) {
        match Gate::of(&one.decision) {
            Gate::Stopped => {}
            Gate::Unverified(control) => doubt = doubt.or(Some(control)),
            Gate::Open => return Gate::Open,
        }
    }
    doubt.map_or(Gate::Stopped, Gate::Unverified)
}

/// Providers that put no firewall in front of their machines by default, by the scheme of their
/// machines' ids, or that open node ports in it by themselves (EXP-14: the documented default is
/// assumed).
const OPEN_BY_DEFAULT: [&str; 4] = ["digitalocean", "equinixmetal", "hcloud", "linode"];

/// The verdict about a listener on addresses of nodes: public where the provider's default lets
/// everybody in, unknown where a firewall may stand in front.
pub(crate) fn on_nodes(
    world: &World<'_>,
    verdict: &Exposing,
    fault: impl FnOnce() -> Fault,
) -> Verdict {
    let node = match verdict.object.kind {
        "Node" => world.cluster.nodes.get("", &verdict.object.name),
        _ => None,
    };
    let provider = node.and_then(|node| node.provider_id().split_once("://"));
    let open = provider.filter(|(scheme, _)| OPEN_BY_DEFAULT.contains(scheme));
    match (verdict.reach, open) {
        (Reach::Public, _) => Verdict::Fail(fault()),
        (Reach::Unknown, Some((scheme, _))) => {
            let note = format!("assumed: {scheme} lets everybody in unless a firewall is set up");
            Verdict::Fail(fault().noted(note))
        }
        (Reach::Unknown, None) if node.is_some() => {
            Verdict::missing("the firewall or security group of the nodes")
        }
        (Reach::Unknown, None) => Verdict::missing("the addresses of the nodes"),
        (Reach::AllowListed | Reach::Internal, _) => Verdict::Pass,
    }
}
