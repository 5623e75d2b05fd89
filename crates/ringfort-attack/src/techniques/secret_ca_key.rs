//! `secret-ca-key`: A Secret holds the private key of a certificate authority. If the API server accepts its client certificates, its holder logs in as anybody.

use crate::context::Context;
use crate::draw;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::credential;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "secret-ca-key",
    title: "sign a client certificate with the key in the Secret",
    zone: Zone::InCluster,
    attack: &["T1649"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Delete],
    doc: Doc {
        what: "A Secret holds the private key of a certificate authority. If the API server accepts its client certificates, its holder logs in as anybody.",
        when: "A private key whose certificate, in the same Secret, is that of an authority. Which authorities the API server accepts for clients is set by a file of the control plane, so the edge is unknown and no path passes it unless the fact is assumed. Where values were not read, so is whether a Secret holds such a key.",
        not: "The key of a certificate that signs no others; an authority's certificate without its key.",
        controls: "An authority of a mesh, of webhooks or of another cluster is not accepted by this API server.",
        cut: "Keep signing keys out of the cluster, or narrow who reads the Secret.",
        upstream: "kubernetes/kubernetes cmd/kube-apiserver: --client-ca-file; RFC 5280 section 4.2.1.9",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut from = Vec::new();
    let mut unread = false;
    let to = || NodeKey::Impact(Impact::ClusterAdmin);
    for secret in &context.cluster.secrets {
        let meta = &secret.metadata;
        match secret.holds(credential::CA_KEY) {
            Some(true) => {
                let key = NodeKey::Secret(meta.namespace.clone(), meta.name.clone());
                from.push(Draft::new(key, to()).because(Why::ObjectField {
                    kind: "Secret",
                    namespace: meta.namespace.clone(),
                    name: meta.name.clone(),
                    path: "data".into(),
                    value: credential::CA_KEY.into(),
                }));
            }
            Some(false) => {}
            None => unread |= draw::may_hold_anything(secret),
        }
    }
    if unread {
        from.push(Draft::new(NodeKey::UnreadSecret, to()));
    }
    maker.assuming("which certificate authorities the API server accepts for clients", from, to());
}
