//! `pvc-mount`: The identity starts a pod that mounts a claim of the namespace and reads its data.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::Power;
use crate::node::Scope;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pvc-mount",
    title: "mount the claim in a pod",
    zone: Zone::InCluster,
    attack: &["T1530", "MS-TA9041"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity starts a pod that mounts a claim of the namespace and reads its data.",
        when: "pod-create in the namespace of the claim.",
        not: "A claim of another namespace.",
        controls: "ReadWriteOncePod in use weakens it.",
        cut: "Drop the right to start pods there.",
        upstream: "kubernetes/kubernetes pkg/volume/util",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for claim in &context.cluster.persistent_volume_claims {
        let meta = &claim.metadata;
        let scope = Scope::Namespace(meta.namespace.clone());
        let to = NodeKey::Claim(meta.namespace.clone(), meta.name.clone());
        let single = claim
            .spec
            .as_ref()
            .is_some_and(|spec| spec.access_modes.iter().any(|mode| *mode == *"ReadWriteOncePod"));
        let why = Why::ObjectField {
            kind: "PersistentVolumeClaim",
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            path: "metadata.namespace".into(),
            value: Str::clone(&meta.namespace),
        };
        let mut draft = Draft::new(NodeKey::Power(Power::RunPods, scope), to).because(why);
        if single {
            draft = draft.weakened(&TECHNIQUE, "ReadWriteOncePod: only while no other pod uses it");
        }
        maker.edge(draft);
    }
}
