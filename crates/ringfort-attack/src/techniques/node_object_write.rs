//! `node-object-write`: The identity labels and taints nodes, so that pods with the accounts that it wants start on a node that the attacker controls.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

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
        when: "update or patch on nodes or nodes/status, together with root on some node.",
        not: "get nodes; a node that writes only its own object.",
        controls: "NodeRestriction keeps nodes, and nobody else, from setting protected labels.",
        cut: "Drop the verb.",
        upstream: "kubernetes/kubernetes plugin/pkg/admission/noderestriction/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const VERBS: &[&str] = &["update", "patch"];
    let able = NodeKey::Conjunct(TECHNIQUE.id, Str::default());
    let mut held = context.held(&Ask::unnamed(VERBS, "", "nodes").cluster());
    held.extend(context.held(&Ask::unnamed(VERBS, "", "nodes/status").cluster()));
    for one in held {
        maker.edge(Draft::new(one.node(context), able.clone()).because(one.why(context, None)));
    }
    if maker.has(&able) {
        let all = NodeKey::And(TECHNIQUE.id, Str::default());
        maker.structure(able, all.clone(), []);
        maker.structure(NodeKey::SomeNode, all.clone(), []);
        maker.structure(all, NodeKey::Power(Power::SteerPods, Scope::Cluster), []);
    }
}
