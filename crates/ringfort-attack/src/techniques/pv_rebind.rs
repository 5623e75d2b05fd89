//! `pv-rebind`: The identity points a PersistentVolume at a claim in a namespace where it starts pods, and reads the data.

use std::collections::BTreeMap;

use ringfort_authz::Names;
use ringfort_model::Str;

use crate::context::{Ask, Context, Held};
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
        when: "update or patch on persistentvolumes, create on persistentvolumeclaims, and pod-create in one namespace. A rule that names volumes gives the data of the claims that are bound to them.",
        not: "get on claims; update on persistentvolumes without a place to run pods.",
        controls: "",
        cut: "Drop update and patch on persistentvolumes.",
        upstream: "kubernetes/kubernetes pkg/controller/volume/persistentvolume/pv_controller.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let volumes =
        context.held(&Ask::named(&["update", "patch"], "", "persistentvolumes").cluster());
    let claims = context.held(&Ask::unnamed(&["create"], "", "persistentvolumeclaims"));
    let (any, limited): (Vec<Held>, Vec<Held>) =
        volumes.into_iter().partition(|held| held.names == Names::Any);
    for (conjunction, by) in conjoin_making(context, &[(&any, None), (&claims, None)]) {
        let to = NodeKey::Power(Power::ReadVolumes, Scope::Cluster);
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("rebind{by}"), |at| {
            Draft::new(at, to.clone())
        });
    }
    if limited.is_empty() {
        return;
    }
    // A rule that names volumes leads to what they hold: the data of the claims bound to them.
    let mut bound: BTreeMap<&Str, Vec<NodeKey>> = BTreeMap::new();
    for (_, claim) in context.cluster.persistent_volume_claims.ids() {
        let Some(spec) = claim.spec.as_ref().filter(|spec| !spec.volume_name.is_empty()) else {
            continue;
        };
        let meta = &claim.metadata;
        let key = NodeKey::Claim(meta.namespace.clone(), meta.name.clone());
        bound.entry(&spec.volume_name).or_default().push(key);
    }
    for (volume, claimed) in bound {
        let of: Vec<Held> =
            limited.iter().filter(|held| held.names.allow(volume)).cloned().collect();
        if of.is_empty() {
            continue;
        }
        for (conjunction, by) in conjoin_making(context, &[(&of, Some(volume)), (&claims, None)]) {
            for to in &claimed {
                let detail = format!("rebind{by}|{volume}");
                maker.conjunction(&TECHNIQUE, &conjunction, &detail, |at| {
                    Draft::new(at, to.clone())
                });
            }
        }
    }
}
