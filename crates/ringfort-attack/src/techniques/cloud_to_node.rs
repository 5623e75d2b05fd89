//! `cloud-to-node`: The cloud gives shells, scripts at start, disks and consoles of the machines that are nodes.

use crate::cloud;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "cloud-to-node",
    title: "run commands on the nodes through the cloud",
    zone: Zone::Initial,
    attack: &["T1021", "T1578"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "The cloud gives shells, scripts at start, disks and consoles of the machines that are nodes.",
        when: "Nodes of a cloud provider, by their provider id. Which principals may is a fact of the cloud account, so the edge is unknown.",
        not: "Nodes without a provider id of a cloud.",
        controls: "",
        cut: "Limit remote commands, start scripts and snapshots of the nodes.",
        upstream: "AWS Systems Manager: run command; Compute Engine: startup scripts; Azure: run command",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some(nodes) = cloud::of_nodes(context) else { return };
    let from = NodeKey::CloudAccount(nodes.provider);
    let draft = Draft::new(from, NodeKey::EveryNode).because(nodes.why);
    maker.edge(draft.unknown("which principals may control the machines"));
}
