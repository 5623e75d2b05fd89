//! `cloud-snapshot-data`: A principal that may snapshot and share disks reads the data of volumes.

use crate::cloud;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "cloud-snapshot-data",
    title: "copy the disk of a volume",
    zone: Zone::Impact,
    attack: &["T1537"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "A principal that may snapshot and share disks reads the data of volumes.",
        when: "A PersistentVolume of the provider's disk driver that is bound to a claim. Which principals may is a fact of the cloud account, so the edge is unknown.",
        not: "A volume of another driver.",
        controls: "A key policy of its own.",
        cut: "Encrypt with a key of its own; limit snapshots.",
        upstream: "Amazon EBS, Persistent Disk and Azure Disk CSI drivers: driver names",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for volume in &context.cluster.persistent_volumes {
        let Some(spec) = &volume.spec else { continue };
        let (Some(csi), Some(claim)) = (&spec.csi, &spec.claim_ref) else { continue };
        let Some(provider) = cloud::of_driver(&csi.driver) else { continue };
        let why = Why::ObjectField {
            kind: "PersistentVolume",
            namespace: volume.metadata.namespace.clone(),
            name: volume.metadata.name.clone(),
            path: "spec.csi.driver".into(),
            value: csi.driver.clone(),
        };
        let to = NodeKey::Claim(claim.namespace.clone(), claim.name.clone());
        let draft = Draft::new(NodeKey::CloudAccount(provider), to).because(why);
        maker.edge(draft.unknown("which principals may take and share snapshots of the disk"));
    }
}
