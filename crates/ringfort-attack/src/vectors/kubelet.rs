//! V4: the kubelet's own API on addresses that the internet reaches.

use ringfort_network::exposure::{ListenerKind, Reach};

use super::services::decided;
use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::NodeKey;

/// One instance for each node whose kubelet the internet may reach: how it authenticates is
/// not in the API's objects.
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
            title: format!("kubelet of {name} on {}", listener.verdict.value),
            name: name.clone(),
            state: State::Unknown,
            why: vec![decided(&listener.verdict)],
            missing: vec![
                "authentication and authorization settings of the kubelet",
                "the firewall or security group of the nodes",
            ],
            leads: vec![NodeKey::Kubelet(Some(id))],
        });
    }
    (found, State::Unknown, "settings of the kubelets were not read")
}
