//! `volumesnapshot-clone`: The identity takes a snapshot of a claim, makes a new claim from it and mounts that.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::Power;
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "volumesnapshot-clone",
    title: "clone the claim from a snapshot",
    zone: Zone::InCluster,
    attack: &["T1530"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity takes a snapshot of a claim, makes a new claim from it and mounts that.",
        when: "create on volumesnapshots, on persistentvolumeclaims and pod-create in the namespace.",
        not: "get on volumesnapshots.",
        controls: "",
        cut: "Drop create on volumesnapshots.",
        upstream: "kubernetes-csi/external-snapshotter",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let group = "snapshot.storage.k8s.io";
    let snapshots = context.held(&Ask::unnamed(&["create"], group, "volumesnapshots"));
    let claims = context.held(&Ask::unnamed(&["create"], "", "persistentvolumeclaims"));
    for (conjunction, by) in conjoin_making(context, &[(&snapshots, None), (&claims, None)]) {
        let to = NodeKey::Power(Power::ReadVolumes, conjunction.scope.clone());
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("snapshot{by}"), |at| {
            Draft::new(at, to.clone())
        });
    }
}
