//! `net-cni-config`: Objects of the network plug-in move addresses, routes and policies of all pods.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Custom, cluster_custom, custom};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-cni-config",
    title: "rewrite the network of the pods",
    zone: Zone::InCluster,
    attack: &["T1557"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "Objects of the network plug-in move addresses, routes and policies of all pods.",
        when: "A write on the resources by which Calico, Cilium or Multus are set up, in a cluster that defines them.",
        not: "A cluster without these kinds; folders of the plug-in on a node, which are hostpath-write-exec.",
        controls: "",
        cut: "Drop the verbs.",
        upstream: "docs.tigera.io: resources; docs.cilium.io: CRDs; k8snetworkplumbingwg/multus-cni",
    },
    find,
};

const KINDS: [Custom; 8] = [
    cluster_custom("crd.projectcalico.org", "felixconfigurations", "FelixConfiguration"),
    cluster_custom("crd.projectcalico.org", "bgpconfigurations", "BGPConfiguration"),
    cluster_custom("crd.projectcalico.org", "bgppeers", "BGPPeer"),
    cluster_custom("crd.projectcalico.org", "ippools", "IPPool"),
    cluster_custom("cilium.io", "ciliumnodes", "CiliumNode"),
    cluster_custom("cilium.io", "ciliumidentities", "CiliumIdentity"),
    custom("cilium.io", "ciliumendpoints", "CiliumEndpoint"),
    custom("k8s.cni.cncf.io", "network-attachment-definitions", "NetworkAttachmentDefinition"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for kind in KINDS.into_iter().filter(|kind| kind.is_defined(context)) {
        for write in kind.writes(context) {
            let scope = crate::maker::scope_text(&write.scope);
            let name = if scope.is_empty() { "pods".to_owned() } else { format!("pods/{scope}") };
            let to = NodeKey::Outside("traffic", Str::from(name));
            maker.edge(write.draft(context, to));
        }
    }
}
