//! `escape-host-network`: A container in the host's network reaches listeners on the node's loopback and the metadata service as the node itself, past every NetworkPolicy.

use crate::context::Context;
use crate::escape;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-host-network",
    title: "reach what the node offers to itself",
    zone: Zone::InCluster,
    attack: &["T1611", "T1040"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss],
    doc: Doc {
        what: "A container in the host's network reaches listeners on the node's loopback and the metadata service as the node itself, past every NetworkPolicy.",
        when: "hostNetwork.",
        not: "hostNetwork alone never gives root on the node.",
        controls: "",
        cut: "Unset hostNetwork.",
        upstream: "network_namespaces(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for found in escape::containers(context) {
        if found.one.spec().host_network == Some(true) {
            let why = found.one.because("hostNetwork", "true");
            let draft = Draft::new(found.node(), NodeKey::NodeLoopback(found.place));
            maker.edge(draft.because(why));
        }
    }
}
