//! What an identity gains by techniques beyond what it holds anyhow: the question behind every
//! check that says "of something stronger".
//!
//! What it holds is what the graph's edges without an act lead to. What it gains lies behind
//! the edges of the techniques in question. A gained identity or role is more if its rules are
//! not covered by those held, as the API server compares them.

use std::collections::BTreeSet;

use ringfort_attack::{Confidence, Impact, NodeKey, Power, Scope, Subject, Why, techniques};
use ringfort_graph::{EdgeId, Kind, NodeId};
use ringfort_model::Kind as ObjectKind;
use ringfort_model::record::PolicyRule;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;

/// Kinds on which the ways of a subject rest.
pub(crate) const READS: &[ObjectKind] = &[
    ObjectKind::ClusterRole,
    ObjectKind::ClusterRoleBinding,
    ObjectKind::Role,
    ObjectKind::RoleBinding,
    ObjectKind::Namespace,
    ObjectKind::ServiceAccount,
    ObjectKind::Secret,
    ObjectKind::Pod,
    ObjectKind::Node,
];

/// Where a search went, with the edge by which each position was reached first.
struct Held {
    by: FxHashMap<NodeId, Option<EdgeId>>,
    /// In the order of discovery.
    order: Vec<NodeId>,
}

impl Held {
    fn has(&self, node: NodeId) -> bool {
        self.by.contains_key(&node)
    }
}

/// Follows edges from some positions, until one is found that is wanted; an AND node needs all
/// of what leads to it.
fn search(
    world: &World<'_>,
    from: &[NodeId],
    allowed: impl Fn(EdgeId) -> bool,
    wanted: impl Fn(NodeId) -> bool,
) -> (Held, Option<NodeId>) {
    let graph = &world.attack.graph;
    let by = from.iter().map(|&node| (node, None)).collect();
    let mut held = Held { by, order: from.to_vec() };
    let mut next = 0;
    while let Some(&node) = held.order.get(next) {
        next += 1;
        if wanted(node) {
            return (held, Some(node));
        }
        for &edge in graph.outgoing(node) {
            let to = graph.edge(edge).to;
            if held.has(to) || !allowed(edge) {
                continue;
            }
            let complete = || {
                graph.incoming(to).iter().all(|&one| allowed(one) && held.has(graph.edge(one).from))
            };
            if graph.kind(to) == Kind::Or || complete() {
                held.by.insert(to, Some(edge));
                held.order.push(to);
            }
        }
    }
    (held, None)
}

/// The reasons of the edges that lead to a position.
fn reasons(world: &World<'_>, held: &Held, to: NodeId) -> Vec<Why> {
    let graph = &world.attack.graph;
    let mut edges = BTreeSet::new();
    let mut open = vec![to];
    let mut seen = FxHashSet::default();
    while let Some(node) = open.pop() {
        if !seen.insert(node) {
            continue;
        }
        let Some(&Some(by)) = held.by.get(&node) else { continue };
        let all = match graph.kind(node) {
            Kind::And => graph.incoming(node).to_vec(),
            Kind::Or => vec![by],
        };
        for edge in all {
            edges.insert(edge);
            open.push(graph.edge(edge).from);
        }
    }
    let mut found: Vec<Why> = Vec::new();
    for edge in edges {
        for why in world.attack.edge(edge).why() {
            let shows = !matches!(why, Why::Member(..) | Why::Design(_));
            if shows && !found.contains(why) {
                found.push(why.clone());
            }
        }
    }
    found.sort();
    found
}

/// Whether a position is more than what is held.
fn is_more(world: &World<'_>, own: &Held, who: &Subject, node: NodeId) -> bool {
    if own.has(node) {
        return false;
    }
    let attack = world.attack;
    match attack.key(node) {
        NodeKey::Subject(subject) => subject != who && is_stronger(world, own, subject),
        NodeKey::Role(_, scope) => {
            world.grant(node).is_some_and(|grant| !is_covered(world, own, &grant.rules, scope))
        }
        NodeKey::Pods(unit, _) => {
            let one = &world.context.units[*unit as usize];
            let account = Subject::ServiceAccount(
                one.namespace.clone(),
                ringfort_model::Str::new(one.spec.account()),
            );
            let token = world.context.tokens(*unit).iter().any(|one| !one.files.is_empty());
            let secret = |name: ringfort_model::Str| {
                attack
                    .node(&NodeKey::Secret(one.namespace.clone(), name))
                    .is_some_and(|secret| !own.has(secret))
            };
            (token && account != *who && is_stronger(world, own, &account))
                || attack.secrets_of(*unit).into_iter().any(secret)
                || leaves(world, *unit)
        }
        NodeKey::Power(power, _) => {
            matches!(power, Power::Everything | Power::BindRoles | Power::ExecNodes)
        }
        NodeKey::Impact(impact) => Impact::DEFAULT_TARGETS.contains(impact),
        NodeKey::Secret(..)
        | NodeKey::Node(_)
        | NodeKey::AnyNode
        | NodeKey::EveryNode
        | NodeKey::SomeNode
        | NodeKey::Kubelet(_)
        | NodeKey::ControlPlane
        | NodeKey::Principal(..)
        | NodeKey::CloudAccount(_) => true,
        _ => false,
    }
}

/// Whether some edge leads from a group's containers to their node.
fn leaves(world: &World<'_>, unit: u32) -> bool {
    let attack = world.attack;
    let spec = &world.context.units[unit as usize].spec;
    world.context.places(unit).into_iter().any(|place| {
        spec.all_containers().any(|(kind, index, _)| {
            let key = NodeKey::Container(unit, place, kind, index as u32);
            attack.node(&key).is_some_and(|node| {
                attack.graph.outgoing(node).iter().any(|&edge| {
                    let to = attack.key(attack.graph.edge(edge).to);
                    matches!(to, NodeKey::Node(_) | NodeKey::AnyNode)
                })
            })
        })
    })
}

fn is_stronger(world: &World<'_>, own: &Held, other: &Subject) -> bool {
    world.context.grants_of(other).iter().any(|&(grant, _)| {
        let grant = &world.context.grants[grant];
        !is_covered(world, own, &grant.rules, &grant.scope)
    })
}

/// Whether the rules held in a scope cover others.
fn is_covered(world: &World<'_>, own: &Held, rules: &[PolicyRule], scope: &Scope) -> bool {
    let held: Vec<&PolicyRule> = own
        .order
        .iter()
        .filter_map(|&node| world.grant(node))
        .filter(|grant| grant.scope == Scope::Cluster || grant.scope == *scope)
        .flat_map(|grant| grant.rules.iter())
        .collect();
    ringfort_authz::covers(&held, rules)
}

/// Judges every subject that a binding of the owner's names: what it gains by the techniques,
/// where it holds some other positions already.
pub(crate) fn judge(world: &World<'_>, out: &mut Outcomes, ids: &[&str], assumed: &[NodeKey]) {
    let attack = world.attack;
    let meant: Vec<u16> = techniques::ALL
        .iter()
        .enumerate()
        .filter(|(_, technique)| ids.contains(&technique.id))
        .map(|(at, _)| at as u16)
        .collect();
    let sure = |edge: EdgeId| {
        !matches!(attack.edge(edge).confidence, Confidence::Unknown | Confidence::UnverifiedControl)
    };
    for (subject, grants) in world.subjects() {
        let object = World::subject_object(subject);
        if world.is_admin(grants) {
            // Nothing is stronger; RF-RBAC-001 names it.
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let from = NodeKey::Subject(subject.clone());
        let nodes = |keys: &[NodeKey]| -> Vec<NodeId> {
            keys.iter().chain(assumed).filter_map(|key| attack.node(key)).collect()
        };
        let start = nodes(&world.own_start(subject, grants));
        let whole = nodes(std::slice::from_ref(&from));
        let structure = |edge: EdgeId| attack.edge(edge).technique.is_none();
        let (own, _) = search(world, &whole, structure, |_| false);
        let allowed =
            |edge: EdgeId| attack.edge(edge).technique.is_none_or(|at| meant.contains(&at));
        let gained = |node: NodeId| is_more(world, &own, subject, node);
        let verdict = 'found: {
            let surely = |edge: EdgeId| allowed(edge) && sure(edge);
            let (held, found) = search(world, &start, surely, gained);
            if let Some(node) = found {
                let mut fault = Fault::of(reasons(world, &held, node))
                    .noted(format!("gains {}", attack.title(attack.key(node))));
                fault.at.insert(from.clone());
                break 'found Verdict::Fail(fault);
            }
            match search(world, &start, allowed, gained).1 {
                Some(node) => {
                    let title = attack.title(attack.key(node));
                    Verdict::missing(format!(
                        "whether it gains {title}: a control or a fact on the way is not known"
                    ))
                }
                None => Verdict::Pass,
            }
        };
        out.add(object, verdict);
    }
}
