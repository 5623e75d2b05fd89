//! RF-NODE-007: metadata service reachable by ordinary pods.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_model::{EntityId, Kind};

pub(crate) static CHECK: Check = Check {
    id: "RF-NODE-007",
    title: "Metadata service reachable by ordinary pods",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["C-0052", "MS-M9018"],
    reads: &[Kind::Node],
    doc: Doc {
        why: "Every pod of the node can ask for the credentials of the machine.",
        fails: "A node of GKE is not in GKE_METADATA mode.",
        not: "A node of GKE in that mode; Fargate, which has no machine; machines of no cloud.",
        unknown: "On AWS the version and the hop limit of the service, on Azure whether it is restricted: settings of the machine.",
        fix: "Set GKE_METADATA; require version 2 with a hop limit of 1; restrict the service on AKS.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for node in &world.cluster.nodes {
        let labels = &node.metadata.labels;
        let is = |key: &str, value: &str| labels.get(key).is_some_and(|one| *one == *value);
        let gke = labels.get("cloud.google.com/gke-nodepool");
        let verdict = match node.provider_id().split_once("://").map(|(cloud, _)| cloud) {
            Some("aws") if is("eks.amazonaws.com/compute-type", "fargate") => Verdict::Pass,
            Some("gce") if is("iam.gke.io/gke-metadata-server-enabled", "true") => Verdict::Pass,
            Some("gce") if gke.is_some() => Verdict::of(vec![Why::Field {
                object: EntityId::Node(node.metadata.name.clone()),
                path: "metadata.labels[iam.gke.io/gke-metadata-server-enabled]".into(),
                value: "absent".into(),
            }]),
            Some("aws" | "gce" | "azure") => {
                Verdict::missing("version, hop limit and mode of the machine's metadata service")
            }
            _ => Verdict::NotApplicable,
        };
        out.add(Object::wide("Node", &node.metadata.name), verdict);
    }
}
