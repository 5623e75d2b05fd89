//! V4: the kubelet's own API on addresses that the internet reaches.

use std::net::IpAddr;

use ringfort_model::EntityId;

use super::exposure::is_private;
use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::NodeKey;
use crate::why::Why;

/// One instance for each node with a public address: how its kubelet authenticates is not in
/// the API's objects.
pub(super) fn find(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for (id, node) in context.cluster.nodes.ids() {
        let public = node
            .addresses("ExternalIP")
            .find(|a| a.parse::<IpAddr>().is_ok_and(|address| !is_private(address)));
        let Some(address) = public else { continue };
        let name = node.metadata.name.clone();
        found.push(Instance {
            vector: "V4",
            title: format!("kubelet of {name} on {address}"),
            name: name.clone(),
            state: State::Unknown,
            why: vec![Why::Field {
                object: EntityId::Node(name),
                path: "status.addresses[ExternalIP]".into(),
                value: address.clone(),
            }],
            missing: vec![
                "authentication and authorization settings of the kubelet",
                "the firewall or security group of the nodes",
            ],
            leads: vec![NodeKey::Kubelet(Some(id))],
        });
    }
    (found, State::Unknown, "settings of the kubelets were not read")
}
