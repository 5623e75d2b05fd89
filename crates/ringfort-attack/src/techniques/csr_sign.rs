//! `csr-sign`: Who holds the key of a signer and may write certificates into requests issues one for any user.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "csr-sign",
    title: "sign a certificate for any user",
    zone: Zone::InCluster,
    attack: &["T1649"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Rbac, FixKind::Node],
    doc: Doc {
        what: "Who holds the key of a signer and may write certificates into requests issues one for any user.",
        when: "sign on the signer and update or patch on certificatesigningrequests/status, together with the keys of the control plane.",
        not: "sign without the key.",
        controls: "",
        cut: "Drop sign.",
        upstream: "kubernetes/kubernetes plugin/pkg/admission/certificates/signing/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "certificates.k8s.io";
    let sign = context.signers("sign", "kubernetes.io/kube-apiserver-client");
    let status = context.held(
        &Ask::named(&["update", "patch"], GROUP, "certificatesigningrequests/status").cluster(),
    );
    let able = NodeKey::Conjunct(TECHNIQUE.id, Str::default());
    for conjunction in conjoin(context, &[&sign, &status], None) {
        maker.conjunction(&TECHNIQUE, &conjunction, "sign", |at| Draft::new(at, able.clone()));
    }
    if maker.has(&able) {
        let all = NodeKey::And(TECHNIQUE.id, Str::default());
        maker.structure(able, all.clone(), []);
        maker.structure(NodeKey::ControlPlane, all.clone(), []);
        let masters = NodeKey::Subject(Subject::Group(Str::new("system:masters")));
        maker.structure(all, masters, []);
    }
}
