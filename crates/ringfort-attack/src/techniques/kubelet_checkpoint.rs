//! `kubelet-checkpoint`: The identity has the kubelet write a checkpoint of a running container; who reads the files of the node finds its memory in it.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::Files;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "kubelet-checkpoint",
    title: "write the memory of a container to the disk of its node",
    zone: Zone::InCluster,
    attack: &["T1005"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity has the kubelet write a checkpoint of a running container; who reads the files of the node finds its memory in it.",
        when: "create on nodes/checkpoint or nodes/proxy, and files of the node, from 1.30 where the runtime supports checkpoints (assumed).",
        not: "The permission without the files of the node.",
        controls: "The feature gate, or a runtime without support.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/kubelet/server/server.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    if context.at_least(30) == Some(false) {
        return;
    }
    let able = NodeKey::Conjunct(TECHNIQUE.id, Str::default());
    for resource in ["nodes/checkpoint", "nodes/proxy"] {
        for held in context.held(&Ask::unnamed(&["create"], "", resource).cluster()) {
            let draft = Draft::new(held.node(context), able.clone());
            let draft = draft.because(held.why(context, None));
            maker.edge(draft.assumed("the container runtime is assumed to support checkpoints"));
        }
    }
    if maker.has(&able) {
        let all = NodeKey::And(TECHNIQUE.id, Str::default());
        maker.structure(able, all.clone(), []);
        maker.structure(NodeKey::SomeNode, all.clone(), []);
        maker.structure(all, NodeKey::NodeFiles(None, Files::Memory), []);
    }
}
