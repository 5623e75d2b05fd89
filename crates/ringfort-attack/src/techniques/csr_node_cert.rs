//! `csr-node-cert`: The identity has a kubelet certificate signed for a node name of its choice.

use super::csr_client_cert::signed;
use crate::context::Context;
use crate::maker::Maker;
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
    let (signer, users) = ("kubernetes.io/kube-apiserver-client-kubelet", context.node_users());
    signed(maker, (context, &TECHNIQUE), signer, ("certified-nodes", users));
}
