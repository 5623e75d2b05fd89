//! `pv-hostpath-create`: The identity creates a PersistentVolume on a path of the node, claims it and starts a pod with it; Pod Security does not look at volume types behind claims.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::writes::{Wanted, doubted};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pv-hostpath-create",
    title: "mount the node's disk through a volume of its own",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac, FixKind::Admission],
    doc: Doc {
        what: "The identity creates a PersistentVolume on a path of the node, claims it and starts a pod with it; Pod Security does not look at volume types behind claims.",
        when: "create on persistentvolumes, on persistentvolumeclaims, and on pods.",
        not: "create on claims with a storage class of network disks.",
        controls: "None in RBAC.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/pod-security-admission policy/check_restrictedVolumes.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let list0 = context.held(&Ask::unnamed(&["create"], "", "persistentvolumes").cluster());
    let list1 = context.held(&Ask::unnamed(&["create"], "", "persistentvolumeclaims"));
    let (list0, doubt) = Wanted::NodeVolume.let_through(context, list0);
    for (conjunction, by) in conjoin_making(context, &[(&list0, None), (&list1, None)]) {
        let to = NodeKey::EveryNode;
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("volume{by}"), |at| {
            doubted(Draft::new(at, to.clone()), doubt.as_ref())
        });
    }
}
