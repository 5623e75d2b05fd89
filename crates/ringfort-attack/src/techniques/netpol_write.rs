//! `netpol-write`: The identity deletes or widens the policies that isolate pods, and reaches them.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::Scope;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;
use ringfort_network::policy::{Direction, Tri};
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
        when: "create, update, patch or delete on NetworkPolicies of a namespace whose pods an enforced policy of that kind isolates. It gives the listeners of these pods.",
        not: "A namespace in which no pod is isolated; a cluster whose network does not enforce policies; resourceNames that name no policy that isolates.",
        controls: "Policies of the admin tier that deny stay. Where enforcement is not proven the edge is unverified.",
        cut: "Drop the verbs from the role.",
        upstream: "kubernetes/api networking/v1: policies add up",
    },
    find,
};

const GROUP: &str = "networking.k8s.io";
const KIND: &str = "NetworkPolicy";

/// A unit, whether its policies are enforced, and the policies that isolate it.
type Isolated<'c> = (u32, Tri, Vec<&'c Str>);

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let network = &context.network;
    let listening = context.listening();
    let mut isolated: BTreeMap<&Str, Vec<Isolated<'_>>> = BTreeMap::new();
    for one in context.endpoints().iter().filter(|one| one.enforced != Tri::No) {
        let policies = network.selecting_policies(Direction::Ingress, one.class);
        let policies = policies.iter().map(|at| &network.policies()[*at as usize]);
        let own = policies.filter(|policy| policy.name.kind == KIND && policy.ingress.isolates);
        let names: Vec<&Str> = own.map(|policy| &policy.name.name).collect();
        if !names.is_empty() && !listening[one.unit as usize].is_empty() {
            let namespace = &context.units[one.unit as usize].namespace;
            isolated.entry(namespace).or_default().push((one.unit, one.enforced, names));
        }
    }
    let mut held = context.held(&Ask::unnamed(&["create"], GROUP, "networkpolicies"));
    held.extend(context.held(&Ask::named(
        &["delete", "update", "patch"],
        GROUP,
        "networkpolicies",
    )));
    for one in held {
        for (namespace, units) in &isolated {
            if !one.scope(context).reaches(Some(namespace)) {
                continue;
            }
            for (unit, enforced, names) in units {
                // Adding needs one policy more, deleting each that isolates.
                let meant = match one.verb {
                    "delete" => names.iter().all(|name| one.names.allow(name)),
                    "create" => true,
                    _ => names.iter().any(|name| one.names.allow(name)),
                };
                if !meant {
                    continue;
                }
                let scope = Scope::Namespace((*namespace).clone());
                let from = NodeKey::Stage(
                    "netpol-write",
                    Box::new(one.node(context)),
                    Str::from(crate::maker::scope_text(&scope).to_owned()),
                );
                if !maker.has(&from) {
                    maker.structure(one.node(context), from.clone(), [one.why(context, None)]);
                }
                let draft =
                    Draft::new(from, NodeKey::Listener(*unit)).because(one.why(context, None));
                maker.edge(match enforced {
                    Tri::Unknown => draft.unverified("whether anything enforces policies"),
                    _ => draft,
                });
            }
        }
    }
}
