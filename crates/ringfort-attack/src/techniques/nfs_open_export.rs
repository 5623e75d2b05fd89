//! `nfs-open-export`: A server of NFS trusts addresses, not identities: whoever reaches it reads what it exports.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::network;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "nfs-open-export",
    title: "mount the export of another",
    zone: Zone::InCluster,
    attack: &["T1530"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Netpol],
    doc: Doc {
        what: "A server of NFS trusts addresses, not identities: whoever reaches it reads what it exports.",
        when: "A persistent volume of NFS. What the server exports to whom is a fact that no object shows, so the edges are unknown, and no path passes them unless the fact is assumed.",
        not: "Volumes of other sorts.",
        controls: "A policy that keeps pods from the server; Kerberos.",
        cut: "Export to the nodes alone and keep pods from the server.",
        upstream: "exports(5)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for volume in &context.cluster.persistent_volumes {
        let Some(spec) = &volume.spec else { continue };
        let (Some(nfs), Some(claim)) = (&spec.nfs, &spec.claim_ref) else { continue };
        let to = NodeKey::Claim(claim.namespace.clone(), claim.name.clone());
        let from = network::outward(context, maker, &nfs.server, 2049);
        let why = Why::ObjectField {
            kind: "PersistentVolume",
            namespace: Str::default(),
            name: volume.metadata.name.clone(),
            path: "spec.nfs".into(),
            value: Str::from(format!("{}:{}", nfs.server, nfs.path)),
        };
        let drafts = [Draft::new(from, to.clone()).because(why)];
        maker.assuming("to whom the server of NFS exports", drafts, to);
    }
}
