//! `azure-wireserver`: A pod that reaches WireServer of its Azure machine may read the configuration that the machine was set up with, the kubelet's bootstrap credential in it.

use crate::cloud;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Provider, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "azure-wireserver",
    title: "read the bootstrap credential of the node",
    zone: Zone::Impact,
    attack: &["T1552.005"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Netpol, FixKind::Cloud],
    doc: Doc {
        what: "A pod that reaches WireServer of its Azure machine may read the configuration that the machine was set up with, the kubelet's bootstrap credential in it.",
        when: "A running container on a node of Azure. Whether the machine still serves the credential, and whether something blocks 168.63.129.16, is not in the objects, so the edge is unknown and no path passes it unless the fact is assumed.",
        not: "A node of another provider.",
        controls: "A policy that denies 168.63.129.16 to pods.",
        cut: "Deny 168.63.129.16 to pods; run current node images.",
        upstream: "Azure documentation: what is IP address 168.63.129.16; Mandiant: WireServing",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some(nodes) = cloud::of_nodes(context).filter(|one| one.provider == Provider::Azure) else {
        return;
    };
    let bootstrap = NodeKey::Subject(Subject::Group(Str::new("system:bootstrappers")));
    let mut from = Vec::new();
    for (at, unit) in context.units.iter().enumerate().filter(|(_, unit)| !unit.latent) {
        for pods in context.pods_of(at as u32) {
            let why = Why::PodField {
                unit: at as u32,
                path: "hostNetwork".into(),
                value: unit.spec.host_network.unwrap_or_default().to_string().into(),
            };
            let draft = Draft::new(pods, bootstrap.clone()).because(why);
            from.push(draft.because(nodes.why.clone()));
        }
    }
    let fact = "whether pods reach WireServer, and whether it shows a bootstrap credential";
    maker.assuming(fact, from, bootstrap);
}
