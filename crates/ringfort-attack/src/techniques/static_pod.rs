//! `static-pod`: The kubelet starts what lies in its manifest folder, without asking the API server, again after every removal.

use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::placement::is_virtual;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "static-pod",
    title: "leave a static pod on the node",
    zone: Zone::InCluster,
    attack: &["T1543.005", "MS-TA9017"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "The kubelet starts what lies in its manifest folder, without asking the API server, again after every removal.",
        when: "Root on a node.",
        not: "A static pod uses no ServiceAccount and no Secret: it gives no new identity. A virtual node has no such folder.",
        controls: "",
        cut: "Protect the node.",
        upstream: "kubernetes/kubernetes pkg/kubelet/config/file.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (id, node) in context.cluster.nodes.ids() {
        if is_virtual(node) {
            continue;
        }
        let why = Why::Design("the kubelet runs the manifests in its folder");
        let to = NodeKey::Impact(Impact::Persistence);
        maker.edge(Draft::new(NodeKey::Node(id), to).because(why));
    }
}
