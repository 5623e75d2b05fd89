//! `csr-client-cert`: The identity has a certificate signed for a user name and groups of its choice and uses it to log in.

use ringfort_model::Str;

use crate::conjunction::conjoin;
use crate::context::{Ask, Context};
use crate::draw;
use crate::maker::{Draft, Maker};
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "csr-client-cert",
    title: "sign a client certificate for any user",
    zone: Zone::InCluster,
    attack: &["T1649"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity has a certificate signed for a user name and groups of its choice and uses it to log in.",
        when: "create on certificatesigningrequests, update or patch on their approval, whose answer is the request with the certificate that was signed in the meantime, and approve on the signer kubernetes.io/kube-apiserver-client.",
        not: "Approval without approve on the signer; a subject in system:masters, which admission refuses.",
        controls: "None in RBAC.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/kubernetes plugin/pkg/admission/certificates/approval/admission.go; pkg/registry/certificates/certificates/strategy.go: csrApprovalStrategy",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let users = context.certified();
    signed(
        maker,
        (context, &TECHNIQUE),
        "kubernetes.io/kube-apiserver-client",
        ("certified", users),
    );
}

/// Whoever may have requests of a signer signed becomes any of some users; the name is that of the
/// position in which all who may come together.
pub(super) fn signed(
    maker: &mut Maker<'_>,
    (context, technique): (&Context<'_>, &'static Technique),
    signer: &str,
    (name, users): (&str, impl IntoIterator<Item = NodeKey>),
) {
    let mut users = users.into_iter().peekable();
    if users.peek().is_none() {
        return;
    }
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
    let signer = context.signers("approve", signer);
    let any = NodeKey::Join("users", Str::new(name));
    for conjunction in conjoin(context, &[&create, &approval, &signer], None) {
        maker.conjunction(technique, &conjunction, "csr", |at| Draft::new(at, any.clone()));
    }
    draw::lead(maker, &any, users);
}
