//! `env-secret-read`: A process in the container reads a Secret from its environment or a mounted file.

use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "env-secret-read",
    title: "read the Secret given to the container",
    zone: Zone::InCluster,
    attack: &["T1552.001", "MS-TA9027"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod],
    doc: Doc {
        what: "A process in the container reads a Secret from its environment or a mounted file.",
        when: "The container takes the Secret as a variable or mounts a volume with it.",
        not: "A Secret that only a sibling container mounts.",
        controls: "None.",
        cut: "Remove the reference.",
        upstream: "kubernetes/kubernetes pkg/kubelet/kubelet_pods.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        for (kind, index, container) in unit.spec.all_containers() {
            for (secret, path) in draw::secrets_of_container(&unit.spec, kind, index, container) {
                for place in context.places(at as u32) {
                    let from = NodeKey::Container(at as u32, place, kind, index as u32);
                    let to = NodeKey::Secret(unit.namespace.clone(), secret.clone());
                    let why = Why::PodField {
                        unit: at as u32,
                        path: path.clone(),
                        value: secret.clone(),
                    };
                    maker.edge(Draft::new(from, to).because(why));
                }
            }
        }
    }
}
