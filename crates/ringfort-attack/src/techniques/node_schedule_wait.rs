//! `node-schedule-wait`: Who holds a node waits until a pod with a wanted account is placed on it.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_isolation::Audience;
use ringfort_isolation::scheduling::Placements;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-schedule-wait",
    title: "wait until a pod with a wanted account is placed on the node",
    zone: Zone::InCluster,
    attack: &["T1610"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "A pod of any workload that may be scheduled to the node may come there: with a restart, a roll-out, or after an eviction. Its token is then on the node.",
        when: "A workload with an API token whose selectors, affinity and tolerations let it be placed on the node. A label that a node can give itself keeps nothing off: the node takes it on and draws the pods. It is latent: paths pass it only where fact/node-schedule-wait is assumed.",
        not: "A node whose taints the workload does not tolerate; a workload that selects nodes by name or by labels that NodeRestriction keeps from nodes; one without an API token.",
        controls: "Taints, and node selectors whose labels a node cannot give itself (node-restriction.kubernetes.io/, and kubernetes.io labels that are not a kubelet's).",
        cut: "Keep powerful workloads on a pool of their own.",
        upstream: "kubernetes/kubernetes pkg/scheduler/framework/plugins, plugin/pkg/admission/noderestriction",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let cluster = context.cluster;
    if cluster.nodes.is_empty() {
        return;
    }
    let placements = Placements::drawn(cluster, &context.units);
    // The accounts whose tokens come with each class of equal wishes.
    let classes = placements.ask_classes().iter();
    let accounts: Vec<BTreeSet<Subject>> = classes
        .map(|units| units.iter().filter_map(|&unit| account(context, unit)).collect())
        .collect();
    let mut from: Vec<Vec<Draft>> = vec![Vec::new(); accounts.len()];
    let waiting = |class: usize| NodeKey::Join("waiting", Str::from(format!("placement-{class}")));
    for (at, nodes) in placements.node_classes().iter().enumerate() {
        let alike = &cluster.nodes[nodes[0]].metadata.name;
        let alike = NodeKey::Join("nodes-like", alike.clone());
        let wanted = placements.fitting(at).iter().map(|class| *class as usize);
        let wanted: Vec<usize> = wanted.filter(|class| !accounts[*class].is_empty()).collect();
        if wanted.is_empty() {
            continue;
        }
        for &node in nodes {
            maker.structure(NodeKey::Node(node), alike.clone(), []);
        }
        for class in wanted {
            from[class].push(Draft::new(alike.clone(), waiting(class)));
        }
    }
    for (class, drafts) in from.into_iter().enumerate() {
        if drafts.is_empty() {
            continue;
        }
        maker.assuming("when a pod of the workload is placed on the node", drafts, waiting(class));
        for account in &accounts[class] {
            maker.structure(waiting(class), NodeKey::Subject(account.clone()), []);
        }
    }
}

/// The account whose API token comes with pods of the unit that are still to be placed.
fn account(context: &Context<'_>, at: u32) -> Option<Subject> {
    let unit = &context.units[at as usize];
    let files = || context.tokens(at).iter().flat_map(|one| &one.files);
    let brings = !unit.mirror && files().any(|file| file.audience == Audience::Api);
    brings.then(|| Subject::ServiceAccount(unit.namespace.clone(), Str::new(unit.spec.account())))
}
