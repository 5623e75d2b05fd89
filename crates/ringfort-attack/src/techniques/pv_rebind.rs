//! `pv-rebind`: The identity points a PersistentVolume at a claim in a namespace where it starts pods, and reads the data.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::Power;
use crate::node::Scope;
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pv-rebind",
    title: "bind the volume to a claim of one's own",
    zone: Zone::InCluster,
    attack: &["T1530"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity points a PersistentVolume at a claim in a namespace where it starts pods, and reads the data.",
        when: "update or patch on persistentvolumes, create on persistentvolumeclaims, and pod-create in one namespace.",
        not: "get on claims; update on persistentvolumes without a place to run pods.",
        controls: "",
        cut: "Drop update and patch on persistentvolumes.",
        upstream: "kubernetes/kubernetes pkg/controller/volume/persistentvolume/pv_controller.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let volumes =
        context.held(&Ask::unnamed(&["update", "patch"], "", "persistentvolumes").cluster());
    let claims = context.held(&Ask::unnamed(&["create"], "", "persistentvolumeclaims"));
    for (conjunction, by) in conjoin_making(context, &[(&volumes, None), (&claims, None)]) {
        let to = NodeKey::Power(Power::ReadVolumes, Scope::Cluster);
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("rebind{by}"), |at| {
            Draft::new(at, to.clone())
        });
    }
}
