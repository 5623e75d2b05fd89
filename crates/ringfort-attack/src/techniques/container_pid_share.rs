//! `container-pid-share`: Containers that share process ids read one another's memory and files.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_isolation::{Uid, has_cap, uid};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "container-pid-share",
    title: "take over a process of a sibling container",
    zone: Zone::InCluster,
    attack: &["T1055"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod],
    doc: Doc {
        what: "Containers that share process ids read one another's memory and files.",
        when: "shareProcessNamespace and the same uid, root, or SYS_PTRACE.",
        not: "Different uids that are not root.",
        controls: "Different uids remove it.",
        cut: "Set shareProcessNamespace to false.",
        upstream: "kubernetes/kubernetes pkg/kubelet/kuberuntime/security_context.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        if unit.spec.share_process_namespace != Some(true) {
            continue;
        }
        for (kind, index, one) in unit.spec.all_containers() {
            for (other_kind, other_index, other) in unit.spec.all_containers() {
                let (own, its) = (uid(&unit.spec, one), uid(&unit.spec, other));
                let same = own.may_be_root() || own == its && matches!(own, Uid::Known(_));
                if (kind, index) == (other_kind, other_index)
                    || !(same || has_cap(one, "SYS_PTRACE"))
                {
                    continue;
                }
                for place in context.places(at as u32) {
                    let from = NodeKey::Container(at as u32, place, kind, index as u32);
                    let to = NodeKey::Container(at as u32, place, other_kind, other_index as u32);
                    let why = Why::PodField {
                        unit: at as u32,
                        path: "shareProcessNamespace".into(),
                        value: "true".into(),
                    };
                    maker.edge(Draft::new(from, to).because(why));
                }
            }
        }
    }
}
