//! `node-secrets`: A node reads the Secrets that its pods refer to.

use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{Files, NodeKey};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-secrets",
    title: "read the Secrets of pods on the node",
    zone: Zone::InCluster,
    attack: &["T1552.007"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod],
    doc: Doc {
        what: "A node reads the Secrets that its pods refer to.",
        when: "A pod bound to the node refers to the Secret.",
        not: "Secrets of the namespace that no pod on the node refers to.",
        controls: "None.",
        cut: "Remove references that are not needed.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/node/node_authorizer.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (id, node) in context.cluster.nodes.ids() {
        for (namespace, name) in context.nodes.secrets_of(&node.metadata.name) {
            let why =
                Why::Design("a pod on the node refers to this Secret, so its kubelet may read it");
            let to = NodeKey::Secret(namespace.clone(), name.clone());
            // The kubelet's credential is enough: the node authorizer lets it read them.
            let from = NodeKey::NodeFiles(Some(id), Files::Kubelet);
            maker.edge(Draft::new(from, to).because(why));
        }
    }
    for (at, unit) in context.units.iter().enumerate() {
        let mut mounted = BTreeSet::new();
        for (kind, index, container) in unit.spec.all_containers() {
            let given = draw::secrets_of_container(&unit.spec, kind, index, container);
            mounted.extend(given.into_iter().filter(|(_, field)| field.contains("volumeMounts")));
        }
        for (name, field) in mounted {
            for &node in &unit.nodes {
                let from = NodeKey::NodeFiles(Some(node), Files::Pods);
                let to = NodeKey::Secret(unit.namespace.clone(), name.clone());
                let (unit, path) = (at as u32, field.clone());
                let why = Why::PodField { unit, path, value: name.clone() };
                maker.edge(Draft::new(from, to).because(why));
            }
        }
    }
}
