//! RF-TEN-003: execution pod reaches metadata, API server, kubelet or control services.

use crate::check::{Check, Doc, Judge, Severity};
use crate::isolated;
use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::cloud;
use ringfort_attack::{Way, Why, Zone};
use ringfort_model::Kind;
use ringfort_network::policy::{Direction, Protocol, Tri};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-TEN-003",
    title: "Execution pod reaches metadata, API server, kubelet or control services",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0301", "C-0052"],
    reads: &[Kind::NetworkPolicy, Kind::Node],
    doc: Doc {
        why: "Whoever submits work talks to everything that trusts the network.",
        fails: "A workload that runs what its callers submit is in the network of its node, is not isolated for egress, or its policies let it out to the metadata service of a cloud or to the kubelet's port of a node.",
        not: "An enforced egress policy that leaves these out.",
        unknown: "Whether its policies are enforced.",
        fix: "Deny egress by default, and list what executions need.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(why) = world.execution(place.at) else { return Verdict::NotApplicable };
    let network = &world.context.network;
    let fail = |spot: Why| Verdict::of(vec![spot, why.clone()]);
    if place.unit.spec.host_network == Some(true) {
        return fail(place.field("hostNetwork", "true"));
    }
    match isolated::isolation(world, place.at, Direction::Egress) {
        None => return Verdict::missing("the pods of the workload"),
        Some(Tri::Unknown) => return Verdict::missing("whether its policies are enforced"),
        Some(Tri::No) => return fail(Why::Passes { unit: place.at, way: Way::ToNodes }),
        Some(Tri::Yes) => {}
    }
    let on_cloud = cloud::of_nodes(world.context).is_some();
    if on_cloud && pods::metadata_denied(world, place.at) != Tri::Yes {
        return fail(Why::Passes { unit: place.at, way: Way::ToMetadata });
    }
    let hosts: BTreeSet<_> = world.cluster.nodes.ids().map(|(id, _)| network.of_node(id)).collect();
    let reaches = world.classes(place.at).iter().any(|&class| {
        hosts
            .iter()
            .any(|&host| network.between(class, host).allowed().contains(Protocol::Tcp, KUBELET))
    });
    match reaches {
        true => fail(Why::Passes { unit: place.at, way: Way::ToNodes }),
        false => Verdict::Pass,
    }
}

const KUBELET: u16 = 10250;
