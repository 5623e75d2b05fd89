//! `finalizer-owner-gc`: The identity writes an owner that does not exist into an object; the garbage collector then deletes the object with its own rights.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "finalizer-owner-gc",
    title: "have the garbage collector delete data",
    zone: Zone::Impact,
    attack: &["T1485"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity writes an owner that does not exist into an object; the garbage collector then deletes the object with its own rights.",
        when: "update or patch on persistentvolumeclaims or persistentvolumes, where such objects exist.",
        not: "get on them; update on their status only, which does not carry metadata of owners.",
        controls: "The plug-in OwnerReferencesPermissionEnforcement demands delete on the object; it is off by default.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/controller/garbagecollector/garbagecollector.go; plugin/pkg/admission/gc/gc_admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let enforced = server::plugin_is_on(context.cluster, "OwnerReferencesPermissionEnforcement");
    if enforced == Some(true) {
        return;
    }
    let claims = Ask::named(&["update", "patch"], "", "persistentvolumeclaims");
    let volumes = Ask::named(&["update", "patch"], "", "persistentvolumes").cluster();
    for ask in [claims, volumes] {
        for one in context.held(&ask) {
            if !draw::names_data(context, &one) {
                continue;
            }
            let to = NodeKey::Impact(Impact::DataDestruction);
            let draft = Draft::new(one.node(context), to).because(one.why(context, None));
            maker.edge(match enforced {
                Some(_) => draft,
                None => draft.assumed("OwnerReferencesPermissionEnforcement is off by default"),
            });
        }
    }
}
