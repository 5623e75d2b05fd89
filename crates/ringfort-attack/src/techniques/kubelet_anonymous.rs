//! `kubelet-anonymous`: A kubelet that lets requests in without a credential and allows them everything runs commands in any container of its node for whoever reaches its port.

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
    id: "kubelet-anonymous",
    title: "call the kubelet without a credential",
    zone: Zone::InCluster,
    attack: &["T1609"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node, FixKind::Netpol],
    doc: Doc {
        what: "A kubelet that lets requests in without a credential and allows them everything runs commands in any container of its node for whoever reaches its port.",
        when: "kubeadm's ConfigMap of kubelet settings shows anonymous requests with mode AlwaysAllow. Where no settings can be seen, whether a kubelet is so set up is unknown.",
        not: "Anonymous requests off, or mode Webhook: the kubelet answers 401 or 403.",
        controls: "Without settings the edge rests on a fact that no object shows: no path passes it unless it is assumed.",
        cut: "Set authentication.anonymous.enabled to false and authorization.mode to Webhook.",
        upstream: "kubernetes/kubernetes pkg/kubelet/server/auth.go; kubelet.config.k8s.io/v1beta1 KubeletConfiguration",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = NodeKey::Power(Power::ExecNodes, Scope::Cluster);
    match server::kubelets(context.cluster) {
        Some(set) if set.anonymous && set.always_allow => {
            let why = Why::ObjectField {
                kind: "ConfigMap",
                namespace: "kube-system".into(),
                name: "kubelet-config".into(),
                path: "data.kubelet".into(),
                value: "anonymous requests are allowed everything".into(),
            };
            let from = draw::pod_network(context, maker, 10250);
            maker.edge(Draft::new(from, to).because(why));
        }
        Some(_) => {}
        None => {
            let from = [Draft::new(draw::pod_network(context, maker, 10250), to.clone())];
            maker.assuming("authentication and authorization settings of the kubelets", from, to);
        }
    }
}
