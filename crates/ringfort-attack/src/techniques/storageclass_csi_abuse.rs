//! `storageclass-csi-abuse`: Parameters of a StorageClass reach a driver that runs as root on the nodes.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "storageclass-csi-abuse",
    title: "have a storage driver act on the node",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Admission],
    doc: Doc {
        what: "Parameters of a StorageClass reach a driver that runs as root on the nodes.",
        when: "create on storageclasses, persistentvolumeclaims and pods, where a CSI driver is installed. What a driver does with its parameters is not in the cluster: unknown, and no path passes it unless the fact is assumed.",
        not: "create on claims and pods with the classes that exist; a cluster without CSI drivers.",
        controls: "Pod Security restricted does not look at classes.",
        cut: "Drop create on storageclasses, or refuse parameters at admission.",
        upstream: "container-storage-interface/spec spec.md: parameters",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some(driver) = context.cluster.csi_drivers.iter().next() else { return };
    let classes =
        context.held(&Ask::unnamed(&["create"], "storage.k8s.io", "storageclasses").cluster());
    let claims = context.held(&Ask::unnamed(&["create"], "", "persistentvolumeclaims"));
    let able = NodeKey::Stage(TECHNIQUE.id, Box::new(NodeKey::EveryNode), Str::default());
    for (conjunction, by) in conjoin_making(context, &[(&classes, None), (&claims, None)]) {
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("class{by}"), |at| {
            Draft::new(at, able.clone()).difficulty(Difficulty::D0)
        });
    }
    if maker.has(&able) {
        let why = Why::ObjectField {
            kind: "CSIDriver",
            namespace: Str::default(),
            name: driver.metadata.name.clone(),
            path: "metadata.name".into(),
            value: "is installed".into(),
        };
        let from = [Draft::new(able, NodeKey::EveryNode).because(why)];
        maker.assuming("what the driver does with its parameters", from, NodeKey::EveryNode);
    }
}
