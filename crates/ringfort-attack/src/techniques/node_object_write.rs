//! `node-object-write`: The identity labels and taints nodes, so that pods with the accounts that it wants start on a node that the attacker controls.

use crate::context::{Ask, Context, Held};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::record::Node;
use ringfort_model::{Id, Str};
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-object-write",
    title: "draw pods to a node that is held",
    zone: Zone::InCluster,
    attack: &["T1610"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity labels and taints nodes, so that pods with the accounts that it wants start on a node that the attacker controls.",
        when: "update or patch on nodes or nodes/status, together with root on some node. Of a rule that names nodes: root on one of them, or on the only node that it leaves out.",
        not: "get nodes; a node that writes only its own object.",
        controls: "NodeRestriction keeps nodes, and nobody else, from setting protected labels.",
        cut: "Drop the verb.",
        upstream: "kubernetes/kubernetes plugin/pkg/admission/noderestriction/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let able = NodeKey::Conjunct(TECHNIQUE.id, Str::default());
    let mut places: BTreeSet<Id<Node>> = BTreeSet::new();
    for one in held(context) {
        if one.names == Names::Any {
            maker.edge(Draft::new(one.node(context), able.clone()).because(one.why(context, None)));
            continue;
        }
        for (place, name) in drawn_to(context, &one.names) {
            let draft = Draft::new(one.node(context), able_at(context, place));
            maker.edge(draft.because(one.why(context, Some(name))));
            places.insert(place);
        }
    }
    let steer = NodeKey::Power(Power::SteerPods, Scope::Cluster);
    if maker.has(&able) {
        let all = NodeKey::And(TECHNIQUE.id, Str::default());
        maker.structure(able, all.clone(), []);
        maker.structure(NodeKey::SomeNode, all.clone(), []);
        maker.structure(all, steer.clone(), []);
    }
    for place in places {
        let all = NodeKey::And(TECHNIQUE.id, Str::new(context.place_name(Some(place))));
        maker.structure(able_at(context, place), all.clone(), []);
        maker.structure(NodeKey::Node(place), all.clone(), []);
        maker.structure(all, steer.clone(), []);
    }
}

/// Rules that write what keeps pods off a node.
pub(super) fn held(context: &Context<'_>) -> Vec<Held> {
    const VERBS: &[&str] = &["update", "patch"];
    let mut held = context.held(&Ask::named(VERBS, "", "nodes").cluster());
    held.extend(context.held(&Ask::named(VERBS, "", "nodes/status").cluster()));
    held
}

/// The permission to have pods come to a node.
fn able_at(context: &Context<'_>, place: Id<Node>) -> NodeKey {
    NodeKey::Conjunct(TECHNIQUE.id, Str::new(context.place_name(Some(place))))
}

/// The nodes to which pods come when those of some names are written, each with a name that is
/// used: a named one is made to attract them, and all others are made to keep them off.
pub(super) fn drawn_to<'c>(context: &Context<'c>, names: &Names) -> Vec<(Id<Node>, &'c Str)> {
    let nodes = || context.cluster.nodes.ids().map(|(id, node)| (id, &node.metadata.name));
    let named: Vec<(Id<Node>, &Str)> = nodes().filter(|(_, name)| names.allow(name)).collect();
    let mut found = named.clone();
    let mut others = nodes().filter(|(_, name)| !names.allow(name));
    if let (Some((_, used)), Some((left_out, _)), None) =
        (named.first(), others.next(), others.next())
    {
        found.push((left_out, used));
    }
    found
}
