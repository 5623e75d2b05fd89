//! `csr-node-cert`: The identity has a kubelet certificate signed for a node name of its choice.

use ringfort_model::Str;

use crate::conjunction::conjoin;
use crate::context::{Ask, Context};
use crate::draw;
use crate::maker::{Draft, Maker};
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "csr-node-cert",
    title: "sign a certificate for any node",
    zone: Zone::InCluster,
    attack: &["T1649", "T1078"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity has a kubelet certificate signed for a node name of its choice.",
        when: "create on certificatesigningrequests, update or patch on their approval, whose answer is the request with the certificate that was signed in the meantime, and approve on the signer kubernetes.io/kube-apiserver-client-kubelet.",
        not: "A group that is not bound to the bootstrapper role.",
        controls: "None in RBAC.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/kubernetes pkg/controller/certificates/approver/sarapprove.go; pkg/registry/certificates/certificates/strategy.go: csrApprovalStrategy",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let create = context.held(
        &Ask::unnamed(&["create"], "certificates.k8s.io", "certificatesigningrequests").cluster(),
    );
    let approval = context.held(
        &Ask::named(
            &["update", "patch"],
            "certificates.k8s.io",
            "certificatesigningrequests/approval",
        )
        .cluster(),
    );
    let signer = context.signers("approve", "kubernetes.io/kube-apiserver-client-kubelet");
    let users = context.node_users();
    if users.is_empty() {
        return;
    }
    let any = NodeKey::Join("users", Str::new("certified-nodes"));
    for conjunction in conjoin(context, &[&create, &approval, &signer], None) {
        maker.conjunction(&TECHNIQUE, &conjunction, "csr", |at| Draft::new(at, any.clone()));
    }
    draw::lead(maker, &any, users);
}
