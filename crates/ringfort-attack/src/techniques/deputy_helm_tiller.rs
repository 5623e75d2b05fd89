//! `deputy-helm-tiller`: Tiller, the server of Helm 2, installs what anybody who reaches its port asks for, with its own account.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Marks, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-helm-tiller",
    title: "install a release through Tiller",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610", "MS-TA9005"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Delete, FixKind::Netpol],
    doc: Doc {
        what: "Tiller, the server of Helm 2, installs what anybody who reaches its port asks for, with its own account.",
        when: "A running Tiller: whoever reaches its listener holds its account.",
        not: "Helm 3, which has no server.",
        controls: "--tls-verify asks for a client certificate and leaves the edge weakened.",
        cut: "Remove Tiller.",
        upstream: "helm/helm v2 docs: securing your Helm installation",
    },
    find,
};

const MARKS: Marks = Marks {
    images: &["kubernetes-helm/tiller", "helm/tiller", "tiller"],
    labels: &[("name", "tiller")],
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for tiller in operators(context, &MARKS) {
        let to = NodeKey::Subject(tiller.account(context));
        let mut draft = Draft::new(NodeKey::Listener(tiller.unit), to);
        draft = draft.because(tiller.why(context));
        if tiller.switch(context, "tls-verify") == Some(true) {
            draft = draft.weakened(&TECHNIQUE, "Tiller asks for a client certificate");
        }
        maker.edge(draft);
    }
}
