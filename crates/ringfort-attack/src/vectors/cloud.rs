//! V11: principals of the cloud under the cluster.
//!
//! Who may administer the cluster through the cloud is in the cloud's own configuration. Objects
//! show whether there is a cloud at all: the provider ids of the nodes, and whether the control
//! plane runs on machines of the cluster.

use ringfort_language::{message, sentence};
use ringfort_model::{Kind, Str};

use super::{Finding, Instance, State};
use crate::cloud;
use crate::context::Context;
use crate::node::NodeKey;
use crate::server::{Flag, flag};

/// One instance for the cloud that runs the nodes or the control plane.
pub(super) fn find(context: &Context<'_>) -> Finding {
    let shown = cloud::managed(context).or_else(|| cloud::of_nodes(context));
    let Some(shown) = shown else {
        let nodes = &context.cluster.nodes;
        let whole = context.cluster.coverage.is_complete(Kind::Node) && !nodes.is_empty();
        // A scheme of its own (kind, k3s, a hypervisor) or none: the machine is no cloud's, as
        // far as the node says; an unknown scheme may be some other cloud's.
        let known = |id: &str| {
            let scheme = id.split_once(':').map_or("", |(scheme, _)| scheme);
            matches!(
                scheme,
                "" | "kind"
                    | "k3s"
                    | "k3d"
                    | "minikube"
                    | "metal3"
                    | "vsphere"
                    | "nutanix"
                    | "proxmox"
                    | "libvirt"
            )
        };
        let own = nodes.iter().all(|node| known(node.provider_id()));
        let serves = flag(context.cluster, "etcd-servers") != Flag::Unseen;
        return match whole && own && serves {
            true => (
                Vec::new(),
                State::Closed,
                message!("no node is a cloud's, and the control plane runs on them"),
            ),
            false => (
                Vec::new(),
                State::Unknown,
                message!("nothing shows whether a cloud runs the control plane"),
            ),
        };
    };
    let name = shown.provider.name();
    let managed = cloud::managed(context).is_some();
    let instance = Instance {
        vector: "V11",
        name: Str::new(name),
        title: match managed {
            true => {
                sentence!("principals of the {cloud} account that runs the cluster", cloud = name)
            }
            false => {
                sentence!("principals of the {cloud} account that runs the nodes", cloud = name)
            }
        },
        state: State::Unknown,
        why: vec![shown.why],
        missing: vec![message!(
            "an export of the cloud account: who may administer the cluster, its nodes and registry"
        )],
        leads: vec![NodeKey::CloudAccount(shown.provider)],
    };
    (vec![instance], State::Closed, "")
}
