//! `pod-evict-steer`: The identity evicts or deletes pods until they start again on a node that the attacker controls.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_authz::Names;
use ringfort_model::record::Node;
use ringfort_model::{Id, Str};

use crate::conjunction::conjoin_named;
use crate::context::{Ask, Context, Held};
use crate::draw;
use crate::maker::{Draft, Maker, scope_text};
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::techniques::node_object_write;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-evict-steer",
    title: "move pods to a node that is held",
    zone: Zone::InCluster,
    attack: &["T1489"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity evicts or deletes pods until they start again on a node that the attacker controls.",
        when: "create on pods/eviction, or delete or deletecollection on pods, with update or patch on nodes or their status to make the others unfit, and root on some node. With names of nodes, root on one of them, or on the only other one; with the name of a pod, that pod alone.",
        not: "eviction without a controlled node; with names of nodes, root on another one that is not the only one left.",
        controls: "Disruption budgets only delay it.",
        cut: "Drop one of the verbs.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/storage/eviction.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for moved in moved(context) {
        for unfit in unfit(context) {
            let both =
                [(&moved.held[..], moved.name.as_ref()), (&unfit.held[..], unfit.name.as_ref())];
            for conjunction in conjoin_named(context, &both) {
                let gained = gained(context, &conjunction.scope, moved.name.as_ref());
                if gained.is_empty() {
                    continue;
                }
                let (held, on) = match unfit.place {
                    None => (NodeKey::SomeNode, String::new()),
                    Some(node) => {
                        (NodeKey::Node(node), format!("|{}", context.place_name(Some(node))))
                    }
                };
                let of = moved.name.as_ref().map_or_else(String::new, |name| format!("/{name}"));
                let text = format!("{}{of}{on}", scope_text(&conjunction.scope));
                let able = NodeKey::Conjunct(TECHNIQUE.id, Str::new(&text));
                let all = NodeKey::And(TECHNIQUE.id, Str::new(&text));
                let detail = format!("evict{of}{on}");
                maker.conjunction(&TECHNIQUE, &conjunction, &detail, |at| {
                    Draft::new(at, able.clone())
                });
                maker.structure(able, all.clone(), []);
                maker.structure(held, all.clone(), []);
                for to in gained {
                    maker.structure(all.clone(), to, []);
                }
            }
        }
    }
}

/// Rules that have pods start again: all, or the one of a name.
struct Moved {
    held: Vec<Held>,
    name: Option<Str>,
}

fn moved(context: &Context<'_>) -> Vec<Moved> {
    let mut held = context.held(&Ask::named(&["create"], "", "pods/eviction"));
    held.extend(context.held(&Ask::named(&["delete"], "", "pods")));
    let known: BTreeSet<(usize, u32)> = held.iter().map(|one| (one.grant, one.rule)).collect();
    let all = context.held(&Ask::unnamed(&["deletecollection"], "", "pods"));
    held.extend(all.into_iter().filter(|one| !known.contains(&(one.grant, one.rule))));
    let (any, limited): (Vec<Held>, Vec<Held>) =
        held.into_iter().partition(|one| one.names == Names::Any);
    let mut by_name: BTreeMap<Str, Vec<Held>> = BTreeMap::new();
    for one in limited {
        let Names::Only(names) = &one.names else { continue };
        for name in names {
            by_name.entry(name.clone()).or_default().push(one.clone());
        }
    }
    let named = by_name.into_iter().map(|(name, held)| Moved { held, name: Some(name) });
    std::iter::once(Moved { held: any, name: None }).chain(named).collect()
}

/// Rules that keep pods off other nodes than one that is held: any, or that one. A name is the one
/// that is written.
struct Unfit {
    held: Vec<Held>,
    place: Option<Id<Node>>,
    name: Option<Str>,
}

fn unfit(context: &Context<'_>) -> Vec<Unfit> {
    let (any, limited): (Vec<Held>, Vec<Held>) =
        node_object_write::held(context).into_iter().partition(|one| one.names == Names::Any);
    let mut by_place: BTreeMap<(Id<Node>, &Str), Vec<Held>> = BTreeMap::new();
    for one in &limited {
        for (place, name) in node_object_write::drawn_to(context, &one.names) {
            by_place.entry((place, name)).or_default().push(one.clone());
        }
    }
    let named = by_place.into_iter().map(|((place, name), held)| Unfit {
        held,
        place: Some(place),
        name: Some(name.clone()),
    });
    std::iter::once(Unfit { held: any, place: None, name: None }).chain(named).collect()
}

/// What comes to the node: every pod of a scope, or the account of one.
fn gained(context: &Context<'_>, scope: &Scope, pod: Option<&Str>) -> Vec<NodeKey> {
    let Some(name) = pod else { return vec![NodeKey::Power(Power::SteerPods, scope.clone())] };
    let mut found = BTreeSet::new();
    for namespace in context.namespaces_in(scope) {
        let Some(id) = context.cluster.pods.find(namespace, name) else { continue };
        let units = context.units_in(namespace).filter(|(_, unit)| unit.pods.contains(&id));
        found.extend(units.filter_map(|(at, unit)| draw::brought(context, at, unit)));
    }
    found.into_iter().collect()
}
