//! `node-kubelet-identity`: The kubelet's client credential lies on the disk of its node.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{Files, NodeKey, Subject};
use crate::placement::is_virtual;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-kubelet-identity",
    title: "use the kubelet's credential",
    zone: Zone::InCluster,
    attack: &["T1552.001"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "The kubelet's client credential lies on the disk of its node.",
        when: "A node that is a machine.",
        not: "Nodes without access, such as managed virtual ones: those of Fargate, and of a virtual kubelet.",
        controls: "None.",
        cut: "Protect the node.",
        upstream: "kubernetes/kubernetes pkg/kubelet/certificate",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (id, node) in context.cluster.nodes.ids() {
        if is_virtual(node) {
            continue;
        }
        let name = &node.metadata.name;
        let to = NodeKey::Subject(Subject::User(Str::from(format!("system:node:{name}"))));
        let why = Why::Design("the kubelet keeps its client credential on the node");
        maker.edge(Draft::new(NodeKey::Node(id), to.clone()).because(why.clone()));
        maker.edge(Draft::new(NodeKey::NodeFiles(Some(id), Files::Kubelet), to).because(why));
    }
}
