//! `deputy-vcluster-syncer`: A pod made in a virtual cluster is made in the host namespace by the syncer, with the fields that its author wrote.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Marks, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::techniques::pod_create_privileged::admitted;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-vcluster-syncer",
    title: "have the syncer start a pod on the host",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Rbac],
    doc: Doc {
        what: "A pod made in a virtual cluster is made in the host namespace by the syncer, with the fields that its author wrote.",
        when: "A running vcluster in a namespace that admits pods that take the node. Who may create pods inside, and what the syncer changes, is not in the host's objects, so the edge is unknown.",
        not: "A host namespace that enforces baseline or restricted.",
        controls: "The syncer's own Pod Security setting.",
        cut: "Enforce Pod Security on the host namespace.",
        upstream: "loft-sh/vcluster documentation: pod syncing, isolated mode",
    },
    find,
};

const MARKS: Marks = Marks {
    images: &["loft-sh/vcluster", "loft-sh/vcluster-pro", "loftsh/vcluster"],
    labels: &[("app", "vcluster")],
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for syncer in operators(context, &MARKS) {
        let Some((why, _)) = admitted(context, &syncer.namespace) else { continue };
        let draft = Draft::new(NodeKey::Listener(syncer.unit), NodeKey::EveryNode);
        let draft = draft.because(syncer.why(context)).because(why);
        maker
            .edge(draft.unknown(
                "who may create pods in the virtual cluster, and what its syncer changes",
            ));
    }
}
