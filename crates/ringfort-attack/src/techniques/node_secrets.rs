//! `node-secrets`: A node reads the Secrets that its pods refer to.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-secrets",
    title: "read the Secrets of pods on the node",
    zone: Zone::InCluster,
    attack: &["T1552.007"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod],
    doc: Doc {
        what: "A node reads the Secrets that its pods refer to.",
        when: "A pod bound to the node refers to the Secret.",
        not: "Secrets of the namespace that no pod on the node refers to.",
        controls: "None.",
        cut: "Remove references that are not needed.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/node/node_authorizer.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (id, node) in context.cluster.nodes.ids() {
        for (namespace, name) in context.nodes.secrets_of(&node.metadata.name) {
            let why =
                Why::Design("a pod on the node refers to this Secret, so its kubelet may read it");
            let to = NodeKey::Secret(namespace.clone(), name.clone());
            maker.edge(Draft::new(NodeKey::Node(id), to.clone()).because(why.clone()));
            maker.edge(Draft::new(NodeKey::NodeFiles(Some(id)), to).because(why));
        }
    }
}
