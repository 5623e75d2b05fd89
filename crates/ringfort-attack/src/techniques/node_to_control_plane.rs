//! `node-to-control-plane`: A control-plane node holds the cluster's CA key, the token signing key and etcd.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{Files, NodeKey};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::record::Node;
use ringfort_model::{EntityId, Id, Str};
use std::collections::BTreeMap;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-to-control-plane",
    title: "take the control plane's keys from its node",
    zone: Zone::InCluster,
    attack: &["T1552.004", "MS-TA9017"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "A control-plane node holds the cluster's CA key, the token signing key and etcd.",
        when: "The node runs static pods of the API server or etcd, or carries the control-plane role.",
        not: "A worker's label.",
        controls: "Managed control planes have no such node.",
        cut: "Keep workloads off control-plane nodes.",
        upstream: "kubeadm reference: implementation details",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (id, why) in control_plane_nodes(context) {
        maker.edge(Draft::new(NodeKey::Node(id), NodeKey::ControlPlane).because(why.clone()));
        let files = NodeKey::NodeFiles(Some(id), Files::ControlPlane);
        maker.edge(Draft::new(files, NodeKey::ControlPlane).because(why));
    }
}

/// Nodes that hold the control plane, with what shows it: the role's label, or a static pod of
/// the API server or etcd.
fn control_plane_nodes(context: &Context<'_>) -> BTreeMap<Id<Node>, Why> {
    let mut found = BTreeMap::new();
    for (id, node) in context.cluster.nodes.ids() {
        let label = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]
            .into_iter()
            .find(|label| node.metadata.labels.get(label).is_some());
        if let Some(label) = label {
            let why = Why::Field {
                object: EntityId::Node(node.metadata.name.clone()),
                path: "metadata.labels".into(),
                value: Str::new(label),
            };
            found.insert(id, why);
        }
    }
    for (at, unit) in context.units.iter().enumerate() {
        let serves = unit.mirror
            && unit.spec.containers.iter().any(|container| {
                let words = container.command.iter().chain(container.args.iter());
                words.take(1).any(|word| {
                    let program = word.rsplit('/').next().unwrap_or(word);
                    matches!(program, "kube-apiserver" | "etcd")
                })
            });
        for &node in unit.nodes.iter().filter(|_| serves) {
            found.entry(node).or_insert(Why::RunsOn { unit: at as u32, node: Some(node) });
        }
    }
    found
}
