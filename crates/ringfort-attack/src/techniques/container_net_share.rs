//! `container-net-share`: The containers of one pod share its network: each reaches what the others listen on, loopback included.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::ContainerKind;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "container-net-share",
    title: "reach the listeners of the pod",
    zone: Zone::InCluster,
    attack: &["T1040", "T1557"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod, FixKind::Mesh],
    doc: Doc {
        what: "The containers of one pod share its network: each reaches what the others listen on, loopback included.",
        when: "A pod with at least two containers that run at the same time.",
        not: "A pod with one container; containers of other pods.",
        controls: "",
        cut: "Move the side-car or its administration port elsewhere.",
        upstream: "kubernetes/kubernetes pkg/kubelet/kuberuntime/kuberuntime_sandbox.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        let at = at as u32;
        let restarts = unit.spec.init_containers.iter().enumerate().filter(|(_, container)| {
            container.restart_policy.as_ref().is_some_and(|policy| *policy == *"Always")
        });
        let mut running: Vec<(ContainerKind, u32)> =
            restarts.map(|(index, _)| (ContainerKind::Init, index as u32)).collect();
        let others = unit.spec.all_containers().filter(|(kind, _, _)| *kind != ContainerKind::Init);
        running.extend(others.map(|(kind, index, _)| (kind, index as u32)));
        if running.len() < 2 {
            continue;
        }
        for place in context.places(at) {
            for &(kind, index) in &running {
                let from = NodeKey::Container(at, place, kind, index);
                let why = Why::PodField {
                    unit: at,
                    path: "containers".into(),
                    value: "more than one container".into(),
                };
                maker.edge(Draft::new(from, NodeKey::PodNetwork(at)).because(why));
            }
        }
    }
}
