//! Who reaches what over the network: running pods as policies see them, what stands on the
//! network of a node, servers outside, and the API server. Listeners have a file of their own.

mod listeners;

pub(crate) use listeners::draw;

use std::collections::BTreeSet;

use ringfort_model::record::Node;
use ringfort_model::{Id, Str};
use ringfort_network::policy::{Class, ConnectionSet, Direction, Protocol, Tri};
use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::why::{Way, Why};

/// Pods of a unit at a place, with the classes they are in and whether policies have an effect
/// on them.
pub(crate) struct Endpoint {
    pub(crate) unit: u32,
    pub(crate) place: Option<Id<Node>>,
    pub(crate) class: Class,
    pub(crate) enforced: Tri,
}

/// Every running pod, joined by unit, place, class and enforcement; in order. For
/// [`Context::endpoints`], which asks once.
pub(crate) fn join(context: &Context<'_>) -> Vec<Endpoint> {
    let cluster = context.cluster;
    let network = &context.network;
    let on_node: FxHashMap<&Str, Tri> = cluster
        .nodes
        .iter()
        .map(|node| (&node.metadata.name, network.enforcement().on_node(&node.metadata.name).0))
        .collect();
    let anywhere = network.enforcement().anywhere().0;
    let mut found = Vec::new();
    for (at, unit) in context.units.iter().enumerate().filter(|(_, unit)| !unit.latent) {
        let mut own = BTreeSet::new();
        for pod in &unit.pods {
            let Some(class) = network.of_pod(*pod) else { continue };
            let node = &cluster.pods[*pod].node_name;
            let enforced = on_node.get(node).copied().unwrap_or(anywhere);
            let id = if context.placed[at] && !unit.nodes.is_empty() {
                let Some(id) = cluster.nodes.find("", node) else { continue };
                Some(id)
            } else {
                None
            };
            own.insert((id, class, enforced));
        }
        if let (true, Some((kind, name))) = (unit.from_template, &unit.owner)
            && let Some(class) = network.of_template(*kind, &unit.namespace, name)
        {
            own.insert((None, class, anywhere));
        }
        let unit = at as u32;
        found.extend(own.into_iter().map(|(place, class, enforced)| Endpoint {
            unit,
            place,
            class,
            enforced,
        }));
    }
    found
}

/// Whether some connection is in all sets.
fn passes(sets: &[&ConnectionSet]) -> bool {
    let Some((first, rest)) = sets.split_first() else { return false };
    let mut left = (*first).clone();
    for set in rest {
        left = left.intersection(set);
    }
    !left.is_empty()
}

/// The position of what shares the network of a node.
pub(crate) fn on_node(context: &Context<'_>, node: Id<Node>) -> NodeKey {
    NodeKey::Join("network", Str::from(format!("on/{}", context.place_name(Some(node)))))
}

/// Positions for the pods that share the network of a node, which reach what runs there.
pub(crate) fn host_pods(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        if unit.latent || unit.spec.host_network != Some(true) {
            continue;
        }
        for place in context.places(at as u32) {
            let Some(node) = place else { continue };
            maker.structure(context.sender(at as u32, place), on_node(context, node), []);
        }
    }
}

/// Whether pods reach some node at each of some TCP ports: yes, no, or not known.
pub(crate) fn reaches_nodes(
    context: &Context<'_>,
    one: &Endpoint,
    hosts: &[(Class, Tri)],
    ports: &[u16],
) -> Vec<Tri> {
    let network = &context.network;
    let effective = hosts.iter().map(|(host, enforced)| {
        network.between(one.class, *host).effective(one.enforced, *enforced)
    });
    let effective: Vec<(ConnectionSet, ConnectionSet)> = effective.collect();
    let answer = |&port: &u16| {
        let asked = ConnectionSet::ports(Protocol::Tcp, port, port);
        let answers = effective.iter().map(|(allowed, unknown)| {
            match (passes(&[allowed, &asked]), passes(&[unknown, &asked])) {
                (true, _) => Tri::Yes,
                (false, true) => Tri::Unknown,
                (false, false) => Tri::No,
            }
        });
        // Sources without nodes say nothing about what nodes let in.
        answers.max().unwrap_or(Tri::Yes)
    };
    ports.iter().map(answer).collect()
}

/// The classes of nodes, each with whether policies have an effect there.
pub(crate) fn hosts(context: &Context<'_>) -> Vec<(Class, Tri)> {
    let all = context.cluster.nodes.ids().map(|(id, node)| {
        let enforced = context.network.enforcement().on_node(&node.metadata.name).0;
        (context.network.of_node(id), enforced)
    });
    let all: BTreeSet<(Class, Tri)> = all.collect();
    all.into_iter().collect()
}

/// Leads a pod to a place of the network unless a policy stops it.
pub(crate) fn enter(maker: &mut Maker<'_>, one: &Endpoint, to: NodeKey, answer: Tri, way: Way) {
    let why = Why::Passes { unit: one.unit, way };
    let from = maker.context.sender(one.unit, one.place);
    lead(maker, from, to, answer, Some(why));
}

/// Leads on unless a policy stops it.
pub(crate) fn lead(
    maker: &mut Maker<'_>,
    from: NodeKey,
    to: NodeKey,
    answer: Tri,
    why: Option<Why>,
) {
    match answer {
        Tri::No => {}
        Tri::Yes => maker.structure(from, to, why),
        Tri::Unknown => {
            maker.doubtful(from, to, why, "whether policies stop it is not proven");
        }
    }
}

/// A place from which a TCP port of an address outside is reached; of a name, whose address
/// is not known, from every pod whose policies do not deny all addresses.
pub(crate) fn outward(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    server: &str,
    port: u16,
) -> NodeKey {
    let position = NodeKey::Join("network", Str::from(format!("to/{server}:{port}")));
    if maker.has(&position) {
        return position;
    }
    let network = &context.network;
    let asked = ConnectionSet::ports(Protocol::Tcp, port, port);
    let classes: Vec<Class> = match server.parse() {
        Ok(address) => vec![network.of_address(address)],
        Err(_) => network.outside().map(|(class, _)| class).collect(),
    };
    for one in context.endpoints() {
        let answer = classes.iter().map(|class| {
            let verdict = network.verdict(Direction::Egress, one.class, *class);
            match [true, false].map(|sure| passes(&[&verdict.passing(sure, one.enforced), &asked]))
            {
                [true, _] if classes.len() == 1 => Tri::Yes,
                [false, false] => Tri::No,
                _ => Tri::Unknown,
            }
        });
        let answer = answer.max().unwrap_or(Tri::Unknown);
        enter(maker, one, position.clone(), answer, Way::ToServer);
    }
    position
}

/// Pods, by unit and place, that enforced policies keep from every address of the API server.
/// Where its addresses are not among the objects, none.
pub(crate) fn kept_from_api(context: &Context<'_>) -> BTreeSet<(u32, Option<Id<Node>>)> {
    let network = &context.network;
    let mut servers: Vec<(Class, ConnectionSet)> = Vec::new();
    for (_, slice) in context.cluster.endpoint_slices.in_namespace("default") {
        let service = slice.metadata.labels.get("kubernetes.io/service-name");
        if service.is_none_or(|name| *name != *"kubernetes") {
            continue;
        }
        let ports = slice.ports.iter().filter_map(|port| u16::try_from(port.port?).ok());
        let ports = ports.fold(ConnectionSet::none(), |all, port| {
            all.union(&ConnectionSet::ports(Protocol::Tcp, port, port))
        });
        let addresses = slice.endpoints.iter().flat_map(|one| one.addresses.iter());
        for address in addresses {
            let node =
                context.cluster.nodes.ids().find(|(_, node)| {
                    node.addresses("InternalIP").any(|own| own == address.as_str())
                });
            let class = match (node, address.parse()) {
                (Some((node, _)), _) => network.of_node(node),
                (None, Ok(address)) => network.of_address(address),
                (None, Err(_)) => continue,
            };
            servers.push((class, ports.clone()));
        }
    }
    let mut kept = BTreeSet::new();
    let mut free = BTreeSet::new();
    for one in context.endpoints() {
        let reached = servers.is_empty()
            || one.enforced != Tri::Yes
            || servers.iter().any(|(class, ports)| {
                let verdict = network.verdict(Direction::Egress, one.class, *class);
                passes(&[&verdict.possible(), ports])
            });
        let set = if reached { &mut free } else { &mut kept };
        set.insert((one.unit, one.place));
    }
    kept.difference(&free).copied().collect()
}
