//! `cloud-public-resource`: Backups in a bucket that is public show every object of the cluster, Secrets among them.

use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Custom, custom};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "cloud-public-resource",
    title: "read a bucket that is public",
    zone: Zone::Impact,
    attack: &["T1530"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "Backups in a bucket that is public show every object of the cluster, Secrets among them.",
        when: "A BackupStorageLocation of Velero. Whether its bucket is public is a fact of the cloud account, so the edge is unknown.",
        not: "A cluster without a backup location.",
        controls: "A block of public access for the whole account.",
        cut: "Block public access; encrypt backups with a key of their own.",
        upstream: "velero documentation: BackupStorageLocation",
    },
    find,
};

const LOCATIONS: Custom = custom("velero.io", "backupstoragelocations", "BackupStorageLocation");

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for location in LOCATIONS.objects(context) {
        let why = LOCATIONS.field(location, "spec.objectStorage.bucket", "holds backups");
        let to = NodeKey::Impact(Impact::AllSecrets);
        let draft = Draft::new(NodeKey::Internet, to).because(why);
        maker.edge(draft.unknown("whether the bucket of the backups is public"));
    }
}
