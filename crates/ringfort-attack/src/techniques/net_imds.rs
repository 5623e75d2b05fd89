//! `net-imds`: A pod reads the credentials of its node from the metadata service of the cloud.

use crate::cloud;
use crate::context::Context;
use crate::effect::METADATA;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::{Way, Why};
use ringfort_network::policy::{ConnectionSet, Protocol, Segment, Tri};
use std::net::IpAddr;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-imds",
    title: "read the node role from the metadata service",
    zone: Zone::Impact,
    attack: &["T1552.005", "MS-TA9033", "MS-TA9028"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Netpol, FixKind::Cloud, FixKind::Pod],
    doc: Doc {
        what: "A pod reads the credentials of its node from the metadata service of the cloud.",
        when: "A running pod on a node of a cloud, whose egress to 169.254.169.254 or fd00:ec2::254 no enforced policy denies. For a pod in the network of the node the edge is drawn; for others it rests on the settings of the machines (version and hop limit of the service, workload identity of the pool), which no object shows, and no path passes it unless they are assumed.",
        not: "A pod outside of the network of the node whose egress to the addresses is denied and enforced; nodes of no cloud; Fargate, whose tasks have credentials of their own.",
        controls: "A hop limit of 1 with version 2 required; GKE_METADATA for the pool. An identity of its own for the pod removes nothing.",
        cut: "Deny the addresses to pods; require version 2 with a hop limit of 1.",
        upstream: "AWS EC2 instance metadata service; Google: GKE_METADATA; Azure instance metadata service",
    },
    find,
};

const FACT: &str = "version, hop limit and mode of the metadata service of the nodes";

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some(shown) = cloud::of_nodes(context) else { return };
    let role = cloud::node_role(shown.provider);
    let http = ConnectionSet::ports(Protocol::Tcp, 80, 80);
    let addresses: Vec<IpAddr> = METADATA.iter().filter_map(|text| text.parse().ok()).collect();
    let enforcement = context.network.enforcement().anywhere().1;
    let mut others = Vec::new();
    for one in context.endpoints() {
        let unit = &context.units[one.unit as usize];
        // Fargate marks its nodes; a task there has no machine of its own to ask.
        let fargate = unit.nodes.iter().any(|node| {
            let labels = &context.cluster.nodes[*node].metadata.labels;
            labels.get("eks.amazonaws.com/compute-type").is_some_and(|kind| *kind == *"fargate")
        });
        if fargate {
            continue;
        }
        let from = context.sender(one.unit, one.place);
        if context.network.segment(one.class) == Segment::Hosts {
            let why =
                Why::PodField { unit: one.unit, path: "hostNetwork".into(), value: "true".into() };
            maker.edge(Draft::new(from, role.clone()).because(why).because(shown.why.clone()));
            continue;
        }
        let denied = addresses.iter().map(|address| {
            let node = unit.nodes.first().filter(|_| one.enforced == Tri::Yes);
            let name = node.map_or("", |node| context.cluster.nodes[*node].metadata.name.as_str());
            let denied = context.network.egress_denied(one.class, name, *address, &http);
            denied.min(one.enforced)
        });
        let denied = denied.min().unwrap_or(Tri::No);
        if denied == Tri::Yes {
            continue;
        }
        let why = Why::Passes { unit: one.unit, way: Way::ToMetadata };
        let draft = Draft::new(from, role.clone()).because(why).because(shown.why.clone());
        others.push(match denied {
            Tri::Unknown => draft.unverified(format!("whether a policy stops it: {enforcement}")),
            _ => draft,
        });
    }
    maker.assuming(FACT, others, role);
}
