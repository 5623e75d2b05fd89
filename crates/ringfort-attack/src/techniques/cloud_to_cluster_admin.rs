//! `cloud-to-cluster-admin`: The cloud hands out administration of a managed cluster: access entries and mapped roles on EKS, container.admin on GKE, the administrator's kubeconfig and run-command on AKS.

use crate::cloud;
use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "cloud-to-cluster-admin",
    title: "make oneself an administrator of the cluster",
    zone: Zone::Initial,
    attack: &["T1078.004", "MS-TA9001"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "The cloud hands out administration of a managed cluster: access entries and mapped roles on EKS, container.admin on GKE, the administrator's kubeconfig and run-command on AKS.",
        when: "A managed cluster, by its version or the labels of its nodes. Which principals may is a fact of the cloud account, so the edge is unknown.",
        not: "A cluster that runs its own control plane.",
        controls: "A private endpoint.",
        cut: "API-only access mode with least policies; no local accounts; no creator administrator.",
        upstream: "Amazon EKS user guide: access entries; Azure AKS: local accounts; GKE: IAM and RBAC",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some(managed) = cloud::managed(context) else { return };
    let from = NodeKey::CloudAccount(managed.provider);
    let draft = Draft::new(from, NodeKey::Impact(Impact::ClusterAdmin)).because(managed.why);
    maker.edge(draft.unknown("which principals may administer the cluster through the cloud"));
}
