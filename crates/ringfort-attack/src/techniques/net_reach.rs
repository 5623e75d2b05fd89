//! `net-reach`: A pod connects to what another pod listens on.

use crate::context::Context;
use crate::maker::Maker;
use crate::network;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-reach",
    title: "connect to a listener",
    zone: Zone::InCluster,
    attack: &["T1046", "MS-TA9034"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Netpol, FixKind::Mesh],
    doc: Doc {
        what: "A pod connects to what another pod listens on.",
        when: "The policies of all tiers allow some port on which the other listens: one that a container declares or a Service leads to. Pods in the network of a node connect from the node, and the node always reaches its own pods.",
        not: "A port that an enforced policy denies; a pod that has ended or does not run yet; a port that nothing is known to listen on.",
        controls: "Policies count where something enforces them. Where that is not proven the edge stays and is unverified; where nothing enforces them it is noted. A mesh that makes its peers prove who they are, with a policy that lets only those in that it names, makes the step harder; one that lets plain text or every identity in, or that can be passed by, is noted.",
        cut: "Isolate the pods and allow what they need (ringfort netpol suggest).",
        upstream: "kubernetes/api networking/v1; kubernetes-sigs/network-policy-api; semantics NP-*",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    network::host_pods(context, maker);
    network::draw(context, maker);
}
