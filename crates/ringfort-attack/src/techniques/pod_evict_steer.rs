//! `pod-evict-steer`: The identity evicts or deletes pods until they start again on a node that the attacker controls.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

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
        when: "create on pods/eviction or delete on pods, with update or patch on nodes to make the others unfit, and root on some node.",
        not: "eviction without a controlled node.",
        controls: "Disruption budgets only delay it.",
        cut: "Drop one of the verbs.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/storage/eviction.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut evict = context.held(&Ask::named(&["create"], "", "pods/eviction"));
    evict.extend(context.held(&Ask::named(&["delete"], "", "pods")));
    let nodes = context.held(&Ask::unnamed(&["update", "patch"], "", "nodes").cluster());
    for conjunction in conjoin(context, &[&evict, &nodes], None) {
        let scope: Scope = conjunction.scope.clone();
        let text = Str::new(crate::maker::scope_text(&scope));
        let able = NodeKey::Conjunct(TECHNIQUE.id, text.clone());
        let all = NodeKey::And(TECHNIQUE.id, text);
        maker.conjunction(&TECHNIQUE, &conjunction, "evict", |at| Draft::new(at, able.clone()));
        maker.structure(able, all.clone(), []);
        maker.structure(NodeKey::SomeNode, all.clone(), []);
        maker.structure(all, NodeKey::Power(Power::SteerPods, scope), []);
    }
}
