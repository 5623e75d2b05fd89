//! `kubelet-read-logs`: The identity reads what lies below the log folder of a node.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "kubelet-read-logs",
    title: "read the log folder of the node from its kubelet",
    zone: Zone::InCluster,
    attack: &["T1005", "T1552"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity reads what lies below the log folder of a node.",
        when: "get on nodes/log or nodes/proxy.",
        not: "get on pods/log.",
        controls: "",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/kubelet/server/server.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for resource in ["nodes/log", "nodes/proxy"] {
        let ask = Ask::named(&["get"], "", resource).cluster();
        draw::power(context, maker, &ask, Power::ReadLogFolders, draw::log_folders_named);
    }
}
