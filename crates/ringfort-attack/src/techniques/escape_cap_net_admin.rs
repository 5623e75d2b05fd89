//! `escape-cap-net-admin`: A container that administers the host's network redirects and reads its traffic.

use crate::context::Context;
use crate::escape;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-cap-net-admin",
    title: "change the traffic of the node",
    zone: Zone::InCluster,
    attack: &["T1557"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Pss],
    doc: Doc {
        what: "A container that administers the host's network redirects and reads its traffic.",
        when: "NET_ADMIN held by root with hostNetwork.",
        not: "NET_ADMIN in the pod's own network namespace.",
        controls: "",
        cut: "Drop NET_ADMIN or hostNetwork.",
        upstream: "capabilities(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for found in escape::containers(context) {
        if found.one.spec().host_network != Some(true) {
            continue;
        }
        for power in found.one.gives("NET_ADMIN") {
            let network = found.one.because("hostNetwork", "true");
            let draft = Draft::new(found.node(), NodeKey::Traffic(found.place));
            maker.edge(draft.because(network).because(power));
        }
    }
}
