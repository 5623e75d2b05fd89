//! `deputy-helm-tiller`: Tiller, the server of Helm 2, installs what anybody who reaches its port asks for, with its own account.

use crate::context::Context;
use crate::given::Given;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Marks, Operator, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::go_bool;

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
        controls: "--tls-verify, or TILLER_TLS_VERIFY set to any text, asks for a client certificate and leaves the edge weakened; unknown where the variable comes from what was not read.",
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
        match verifies(context, &tiller) {
            Ok(true) => {
                draft = draft.weakened(&TECHNIQUE, "Tiller asks for a client certificate");
            }
            Ok(false) => {}
            Err(fact) => draft = draft.unknown(fact),
        }
        maker.edge(draft);
    }
}

/// Whether Tiller asks for a client certificate: the flag, whose default is whether the variable is
/// anything (cmd/tiller/tiller.go, `tlsDefaultsFromEnv`).
fn verifies(context: &Context<'_>, tiller: &Operator) -> Result<bool, String> {
    match tiller.switched(context, "tls-verify") {
        Given::To(value, _) => Ok(go_bool(value) == Some(true)),
        Given::Unread(fact) => Err(fact),
        Given::Unset => match tiller.variable(context, "TILLER_TLS_VERIFY") {
            Given::To(value, _) => Ok(!value.is_empty()),
            Given::Unset => Ok(false),
            Given::Unread(fact) => Err(fact),
        },
    }
}
