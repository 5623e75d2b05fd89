//! `deputy-kubevirt`: A virtual machine with a host disk reads and writes a file of the node that runs it.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{Files, NodeKey};
use crate::operator::{Custom, Marks, custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-kubevirt",
    title: "mount a file of the node as a disk",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A virtual machine with a host disk reads and writes a file of the node that runs it.",
        when: "create or update on virtualmachines or virtualmachineinstances, with KubeVirt running and its HostDisk feature gate on.",
        not: "The gate off, which is the default.",
        controls: "",
        cut: "Turn the HostDisk feature gate off.",
        upstream: "kubevirt user guide: disks and volumes, hostDisk",
    },
    find,
};

const MARKS: Marks =
    Marks { images: &["kubevirt/virt-controller"], labels: &[("kubevirt.io", "virt-controller")] };
const KINDS: [Custom; 2] = [
    custom("kubevirt.io", "virtualmachines", "VirtualMachine"),
    custom("kubevirt.io", "virtualmachineinstances", "VirtualMachineInstance"),
];
const INSTALLED: Custom = custom("kubevirt.io", "kubevirts", "KubeVirt");

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in operators(context, &MARKS) {
        let gated = INSTALLED.objects(context).find(|one| {
            let configuration = one.spec.as_ref().and_then(|spec| spec.configuration.as_ref());
            let developer = configuration.and_then(|one| one.developer_configuration.as_ref());
            developer.is_some_and(|developer| developer.feature_gates.has("HostDisk"))
        });
        let known = INSTALLED.is_known(context);
        if gated.is_none() && known {
            continue;
        }
        let disks = NodeKey::Conjunct(TECHNIQUE.id, Str::default());
        let mut drawn = false;
        for write in KINDS.iter().flat_map(|kind| kind.writes(context)) {
            let mut draft = write.draft(context, disks.clone()).because(controller.why(context));
            match gated {
                Some(object) => {
                    let path = "spec.configuration.developerConfiguration.featureGates";
                    draft = draft.because(INSTALLED.field(object, path, "HostDisk"));
                }
                None => draft = draft.unknown("the feature gates of KubeVirt, which were not read"),
            }
            maker.edge(draft);
            drawn = true;
        }
        for (node, _) in context.cluster.nodes.ids().filter(|_| drawn) {
            maker.structure(disks.clone(), NodeKey::NodeFiles(Some(node), Files::All), []);
        }
    }
}
