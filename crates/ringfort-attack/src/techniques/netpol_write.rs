//! `netpol-write`: The identity deletes or widens the policies that isolate pods, and reaches them.

use crate::context::{Ask, Context, Held};
use crate::maker::{Draft, Maker};
use crate::network::Endpoint;
use crate::node::{NodeKey, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;
use ringfort_network::policy::{Change, Direction, Tri};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "netpol-write",
    title: "change network policies",
    zone: Zone::InCluster,
    attack: &["T1562"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity deletes or widens the policies that isolate pods, and reaches them.",
        when: "delete, deletecollection, update or patch on a policy that denies something to a listener, or create (update, patch) of a policy whose allow rule comes before what denies it: NetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy, and the kinds of Cilium and Calico where their agent runs. It gives the listeners of these pods.",
        not: "A namespace in which no pod is isolated; a cluster whose network does not enforce policies; resourceNames that name no policy that denies; a kind that is not defined; a pod that an earlier tier or a deny rule keeps closed all the same.",
        controls: "Policies of the admin tier that deny stay when others are written. Where enforcement is not proven the edge is unverified.",
        cut: "Drop the verbs from the role.",
        upstream: "kubernetes/api networking/v1: policies add up; kubernetes-sigs/network-policy-api; docs.cilium.io network policy; docs.tigera.io tiered policy",
    },
    find,
};

/// A kind of policy.
struct Kind {
    /// As the network engine calls it.
    name: &'static str,
    /// As its definition calls it.
    defined: &'static str,
    group: &'static str,
    resource: &'static str,
    namespaced: bool,
    /// The network implementation that reads it; any where empty.
    agent: &'static str,
}

const fn kind(
    name: &'static str,
    defined: &'static str,
    (group, resource): (&'static str, &'static str),
    namespaced: bool,
    agent: &'static str,
) -> Kind {
    Kind { name, defined, group, resource, namespaced, agent }
}

const ADMIN: &str = "policy.networking.k8s.io";
const CALICO: &str = "crd.projectcalico.org";

const KINDS: &[Kind] = &[
    kind("NetworkPolicy", "NetworkPolicy", ("networking.k8s.io", "networkpolicies"), true, ""),
    kind("AdminNetworkPolicy", "AdminNetworkPolicy", (ADMIN, "adminnetworkpolicies"), false, ""),
    kind(
        "BaselineAdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        (ADMIN, "baselineadminnetworkpolicies"),
        false,
        "",
    ),
    kind(
        "ClusterNetworkPolicy",
        "ClusterNetworkPolicy",
        (ADMIN, "clusternetworkpolicies"),
        false,
        "",
    ),
    kind(
        "CiliumNetworkPolicy",
        "CiliumNetworkPolicy",
        ("cilium.io", "ciliumnetworkpolicies"),
        true,
        "Cilium",
    ),
    kind(
        "CiliumClusterwideNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        ("cilium.io", "ciliumclusterwidenetworkpolicies"),
        false,
        "Cilium",
    ),
    kind("CalicoNetworkPolicy", "NetworkPolicy", (CALICO, "networkpolicies"), true, "Calico"),
    kind(
        "CalicoGlobalNetworkPolicy",
        "GlobalNetworkPolicy",
        (CALICO, "globalnetworkpolicies"),
        false,
        "Calico",
    ),
];

impl Kind {
    /// Whether such policies can exist here, and somebody reads them.
    fn lives(&self, context: &Context<'_>) -> bool {
        let agents = context.network.enforcement().agents();
        let read = self.agent.is_empty()
            || agents.is_empty()
            || agents.iter().any(|one| {
                // Google's data plane is Cilium's.
                one.cni == self.agent || (self.agent == "Cilium" && one.cni == "GKE Dataplane V2")
            });
        let is_defined = || {
            let definitions = context.cluster.custom_resource_definitions.iter();
            definitions.filter_map(|one| one.spec.as_ref()).any(|spec| {
                spec.group == self.group
                    && spec.names.as_ref().is_some_and(|names| names.kind == self.defined)
            })
        };
        let exists = || context.network.policies().iter().any(|one| one.name.kind == self.name);
        read && (self.name == "NetworkPolicy" || exists() || is_defined())
    }

    /// Positions of its policies that a rule may name, of those a class or a namespace has.
    fn named<'n>(
        &self,
        context: &Context<'_>,
        of: impl Iterator<Item = u32> + 'n,
        names: &Names,
    ) -> Vec<u32> {
        let policies = context.network.policies();
        let own = |at: &u32| {
            let policy = &policies[*at as usize].name;
            policy.kind == self.name && names.allow(&policy.name)
        };
        let mut found: Vec<u32> = of.filter(|at| policies.get(*at as usize).is_some()).collect();
        found.retain(own);
        found
    }
}

/// What was asked of the network: a group of classes with equal verdicts, a kind, what is gone
/// or whether something is added.
type Asked = (Option<u32>, &'static str, Option<Vec<u32>>);

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let network = &context.network;
    let listening = context.listening();
    let mut isolated: BTreeMap<&Str, Vec<&Endpoint>> = BTreeMap::new();
    for one in context.endpoints().iter().filter(|one| one.enforced != Tri::No) {
        let selected = network.selecting_policies(Direction::Ingress, one.class);
        if !selected.is_empty() && !listening[one.unit as usize].is_empty() {
            let namespace = &context.units[one.unit as usize].namespace;
            isolated.entry(namespace).or_default().push(one);
        }
    }
    if isolated.is_empty() {
        return;
    }
    let mut in_namespace: BTreeMap<&Str, Vec<u32>> = BTreeMap::new();
    for (at, policy) in network.policies().iter().enumerate() {
        in_namespace.entry(&policy.name.namespace).or_default().push(at as u32);
    }
    let mut answers: FxHashMap<Asked, bool> = FxHashMap::default();
    let mut drawn = FxHashSet::default();
    for kind in KINDS.iter().filter(|kind| kind.lives(context)) {
        for one in held(context, kind) {
            for (namespace, endpoints) in &isolated {
                if kind.namespaced && !one.scope(context).reaches(Some(namespace)) {
                    continue;
                }
                let adds = one.verb == "create" || {
                    let here: Vec<u32> = match kind.namespaced {
                        true => in_namespace.get(namespace).cloned().unwrap_or_default(),
                        false => (0..network.policies().len() as u32).collect(),
                    };
                    let named = || kind.named(context, here.into_iter(), &one.names);
                    !one.verb.starts_with("delete") && !named().is_empty()
                };
                for endpoint in endpoints {
                    let class = endpoint.class;
                    let mut opens = |gone: Option<Vec<u32>>| {
                        let group = network.group(Direction::Ingress, class);
                        let asked = (group, kind.name, gone);
                        if let Some(known) = answers.get(&asked) {
                            return *known;
                        }
                        let found = network.gains(
                            class,
                            &match &asked.2 {
                                Some(gone) => Change::Without(gone),
                                None => Change::Allowing(kind.name),
                            },
                        );
                        answers.insert(asked, found);
                        found
                    };
                    let selected = network.selecting_policies(Direction::Ingress, class);
                    let removes = one.verb != "create" && {
                        let gone = kind.named(context, selected.iter().copied(), &one.names);
                        !gone.is_empty() && opens(Some(gone))
                    };
                    let key = (one.grant, one.rule, kind.name, endpoint.unit, endpoint.enforced);
                    if (removes || (adds && opens(None))) && drawn.insert(key) {
                        draw(context, maker, &one, kind, namespace, endpoint);
                    }
                }
            }
        }
    }
}

/// Rules that allow a write of the kind.
fn held(context: &Context<'_>, kind: &Kind) -> Vec<Held> {
    let create = Ask::unnamed(&["create"], kind.group, kind.resource);
    let remove = Ask::named(&["delete"], kind.group, kind.resource);
    let change = Ask::named(&["update", "patch"], kind.group, kind.resource);
    let [create, remove, change] =
        [create, remove, change].map(|ask| if kind.namespaced { ask } else { ask.cluster() });
    let held = [context.held(&create), context.held_removing(&remove), context.held(&change)];
    held.into_iter().flatten().collect()
}

fn draw(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    one: &Held,
    kind: &Kind,
    namespace: &Str,
    endpoint: &Endpoint,
) {
    let scope = Scope::Namespace(namespace.clone());
    let mut text = crate::maker::scope_text(&scope).to_owned();
    if kind.name != "NetworkPolicy" {
        text = format!("{text}|{}", kind.name);
    }
    let from = NodeKey::Stage("netpol-write", Box::new(one.node(context)), Str::from(text));
    if !maker.has(&from) {
        maker.structure(one.node(context), from.clone(), [one.why(context, None)]);
    }
    let draft = Draft::new(from, NodeKey::Listener(endpoint.unit)).because(one.why(context, None));
    maker.edge(match endpoint.enforced {
        Tri::Unknown => draft.unverified("whether anything enforces policies"),
        _ => draft,
    });
}
