//! `kubelet-readonly`: The kubelet's read-only port shows the specifications of the node's pods, literal values included, to whoever reaches it.

use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "kubelet-readonly",
    title: "read the node's pods from the read-only port",
    zone: Zone::InCluster,
    attack: &["T1613"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "The kubelet's read-only port shows the specifications of the node's pods, literal values included, to whoever reaches it.",
        when: "kubeadm's ConfigMap of kubelet settings opens the port. Where no settings can be seen, whether it is open is unknown.",
        not: "Port 0, which is the default of a configuration file.",
        controls: "Without settings the edge rests on a fact that no object shows: no path passes it unless it is assumed.",
        cut: "Set readOnlyPort to 0.",
        upstream: "kubelet.config.k8s.io/v1beta1 KubeletConfiguration: readOnlyPort",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = NodeKey::Power(Power::ReadPodsOfNodes, Scope::Cluster);
    match server::kubelets(context.cluster) {
        Some(set) if set.read_only_port => {
            let why = Why::ObjectField {
                kind: "ConfigMap",
                namespace: "kube-system".into(),
                name: "kubelet-config".into(),
                path: "data.kubelet".into(),
                value: "the read-only port is open".into(),
            };
            let from = draw::pod_network(context, maker, 10255);
            maker.edge(Draft::new(from, to).because(why));
        }
        Some(_) => {}
        None => {
            let from = [Draft::new(draw::pod_network(context, maker, 10255), to.clone())];
            maker.assuming("whether the read-only port of the kubelets is open", from, to);
        }
    }
}
