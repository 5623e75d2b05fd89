//! RF-NET-004: workload reaches the cloud metadata service.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Fault, Verdict};
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::cloud;
use ringfort_attack::{Provider, Zone};
use ringfort_model::record::Node;
use ringfort_model::{Id, Kind};
use ringfort_network::policy::Tri;

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-004",
    title: "Workload reaches the cloud metadata service",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Exposed],
    references: &["C-0052", "MS-TA9033", "T1552.005"],
    reads: &[Kind::Node, Kind::NetworkPolicy],
    doc: Doc {
        why: "The service gives whoever asks the credentials of the machine.",
        fails: "The pod runs in the network of a node of a cloud, so that no hop limit keeps it off, and no enforced policy of its node does: on Azure, where WireServer answers such pods, and on Google Cloud, where the node is not in GKE_METADATA mode.",
        not: "Pods on nodes of no cloud, on Fargate; pods whose egress to the addresses is denied with effect; nodes in GKE_METADATA mode, for pods with a network of their own.",
        unknown: "The settings of the machine (version and hop limit), and on AWS what the role of the nodes may do beyond the provider's minimum.",
        fix: "Deny the addresses to pods; require version 2 with a hop limit of 1; use workload identity.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let unit = place.unit;
    let Some(shown) = cloud::of_nodes(world.context) else { return Verdict::NotApplicable };
    let fargate = |node: &Id<Node>| {
        let labels = &world.cluster.nodes[*node].metadata.labels;
        labels.get("eks.amazonaws.com/compute-type").is_some_and(|kind| *kind == *"fargate")
    };
    let concealed = |node: &Id<Node>| {
        let labels = &world.cluster.nodes[*node].metadata.labels;
        let mode = labels.get("iam.gke.io/gke-metadata-server-enabled");
        mode.is_some_and(|mode| *mode == *"true")
    };
    if unit.latent || (!unit.nodes.is_empty() && unit.nodes.iter().all(fargate)) {
        return Verdict::NotApplicable;
    }
    let host = unit.spec.host_network == Some(true);
    match pods::metadata_denied(world, place.at) {
        Tri::Yes if !host => return Verdict::Pass,
        Tri::Unknown if !host => {
            return Verdict::missing("whether a policy keeps the pod from the metadata service");
        }
        _ => {}
    }
    let all = |is: &dyn Fn(&Id<Node>) -> bool| !unit.nodes.is_empty() && unit.nodes.iter().all(is);
    let reaches = || {
        let own = place.field("hostNetwork", if host { "true" } else { "absent" });
        Verdict::Fail(Fault::of(vec![own, shown.why.clone()]))
    };
    match (shown.provider, host) {
        (Provider::Google, false) if all(&concealed) => Verdict::Pass,
        (Provider::Google, false) if !unit.nodes.is_empty() => reaches(),
        (Provider::Google | Provider::Azure, true) => reaches(),
        (Provider::Aws, true) => {
            Verdict::missing("what the role of the nodes may do beyond the provider's minimum")
        }
        _ => Verdict::missing("version, hop limit and mode of the metadata service of the nodes"),
    }
}
