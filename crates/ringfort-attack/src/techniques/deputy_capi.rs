//! `deputy-capi`: The bootstrap configuration of Cluster API runs as root on the machines of the clusters that it manages.

use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Custom, Marks, custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-capi",
    title: "change the machines of another cluster",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "The bootstrap configuration of Cluster API runs as root on the machines of the clusters that it manages.",
        when: "create or update on kubeadmconfigs, kubeadmconfigtemplates, kubeadmcontrolplanes or machinedeployments, with Cluster API running and a Cluster to manage.",
        not: "Cluster API without clusters; read access.",
        controls: "",
        cut: "Keep the kinds to the platform's administrators.",
        upstream: "kubernetes-sigs/cluster-api book: kubeadm bootstrap provider",
    },
    find,
};

const MARKS: Marks = Marks {
    images: &["cluster-api/cluster-api-controller", "cluster-api-controller"],
    labels: &[("cluster.x-k8s.io/provider", "cluster-api")],
};
const KINDS: [Custom; 4] = [
    custom("bootstrap.cluster.x-k8s.io", "kubeadmconfigs", "KubeadmConfig"),
    custom("bootstrap.cluster.x-k8s.io", "kubeadmconfigtemplates", "KubeadmConfigTemplate"),
    custom("controlplane.cluster.x-k8s.io", "kubeadmcontrolplanes", "KubeadmControlPlane"),
    custom("cluster.x-k8s.io", "machinedeployments", "MachineDeployment"),
];
const CLUSTERS: Custom = custom("cluster.x-k8s.io", "clusters", "Cluster");

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in operators(context, &MARKS) {
        for write in KINDS.iter().flat_map(|kind| kind.writes(context)) {
            let managed = CLUSTERS
                .objects(context)
                .find(|one| write.scope.reaches(Some(&one.metadata.namespace)));
            let mut draft = write.draft(context, NodeKey::Impact(Impact::Fleet));
            draft = draft.because(controller.why(context));
            match managed {
                Some(one) => {
                    maker.edge(draft.because(CLUSTERS.field(one, "metadata.name", "is managed")));
                }
                None if !CLUSTERS.is_known(context) => {
                    maker.edge(draft.unknown("the Clusters that Cluster API manages"));
                }
                None => {}
            }
        }
    }
}
