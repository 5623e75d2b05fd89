//! V4: the kubelet's own API on addresses that the internet reaches.

use ringfort_network::exposure::{ListenerKind, Reach};

use ringfort_language::{message, sentence};
use ringfort_model::Kind;

use super::services::decided;
use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::NodeKey;
use crate::server::kubelets;
use crate::why::Why;

const SETTINGS: &str = message!("authentication and authorization settings of the kubelet");

/// One instance for each node whose kubelet the internet may reach. How it authenticates is in
/// no object but the file that kubeadm hands to every node.
pub(super) fn find(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for listener in &context.exposure.listeners {
        let outside = listener.kind == ListenerKind::Kubelet
            && listener.verdict.reach != Reach::Internal
            && !listener.addresses.is_empty();
        let name = &listener.object.name;
        let Some(id) = context.cluster.nodes.find("", name).filter(|_| outside) else { continue };
        found.push(Instance {
            vector: "V4",
            title: sentence!(
                "kubelet of {node} on {address}",
                node = name.as_str(),
                address = listener.verdict.value.as_str()
            ),
            name: name.clone(),
            state: State::Unknown,
            why: vec![decided(&listener.verdict)],
            missing: vec![SETTINGS, "the firewall or security group of the nodes"],
            leads: vec![NodeKey::Kubelet(Some(id))],
        });
    }
    let (settings, nodes) = (kubelets(context.cluster), &context.cluster.nodes);
    let whole = context.cluster.coverage.is_complete(Kind::Node) && !nodes.is_empty();
    let Some(settings) = settings else {
        return (found, State::Unknown, message!("settings of the kubelets were not read"));
    };
    // Either by itself leaves the other to ask: who calls, or what they may do.
    let whole_api = settings.anonymous && settings.always_allow;
    let strong = !settings.anonymous && !settings.always_allow && !settings.read_only_port;
    let weak = whole_api || settings.read_only_port;
    if strong {
        for one in &mut found {
            one.state = State::Guarded;
            one.missing =
                vec![message!("whether flags of the kubelet override the file of kubeadm")];
            one.leads.clear();
        }
        return match whole {
            true => (
                found,
                State::Closed,
                message!("every kubelet asks who calls, and no node has a public address"),
            ),
            false => (found, State::Unknown, message!("nodes were not all read")),
        };
    }
    for one in &mut found {
        one.missing.retain(|text| *text != SETTINGS);
        if !weak {
            one.state = State::Guarded;
            one.leads.clear();
        }
        if !whole_api && weak {
            let specs = |lead: &NodeKey| match lead {
                NodeKey::Kubelet(node) => NodeKey::PodSpecs(*node),
                other => other.clone(),
            };
            one.leads = one.leads.iter().map(specs).collect();
        }
    }
    if found.is_empty() && whole {
        // Reached from the cluster only: the technique kubelet-anonymous begins there.
        found.push(Instance {
            vector: "V4",
            title: match (whole_api, settings.read_only_port, settings.anonymous) {
                (true, _, _) => sentence!("kubelets let anybody in who reaches a node"),
                (_, true, _) => sentence!("kubelets show their pods to anybody who reaches a node"),
                (_, _, true) => sentence!("kubelets ask the API server what strangers may do"),
                _ => sentence!("kubelets allow every account everything"),
            },
            name: "kubelet-config".into(),
            state: State::Guarded,
            why: vec![Why::ObjectField {
                kind: "ConfigMap",
                namespace: "kube-system".into(),
                name: "kubelet-config".into(),
                path: "data.kubelet".into(),
                value: "anonymous requests, AlwaysAllow or the read-only port".into(),
            }],
            missing: Vec::new(),
            leads: Vec::new(),
        });
    }
    match whole {
        true => (found, State::Closed, ""),
        false => (found, State::Unknown, message!("nodes were not all read")),
    }
}
