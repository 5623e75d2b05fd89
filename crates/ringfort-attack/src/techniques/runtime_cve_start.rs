//! `runtime-cve-start`: Flaws of the low-level runtime let the image or the start parameters of a container take over the node.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "runtime-cve-start",
    title: "start a container that breaks out of the runtime",
    zone: Zone::InCluster,
    attack: &["T1611", "T1068"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "Flaws of the low-level runtime let the image or the start parameters of a container take over the node.",
        when: "Whoever runs pods of their own chooses image and start parameters. The API shows the version of containerd or CRI-O and of the kernel, not that of runc or crun, nor what a distribution ported back.",
        not: "Nobody but the owner starts pods; nodes with Windows only.",
        controls: "Rests on a fact that nothing among the objects points at: no path passes it unless it is assumed.",
        cut: "Upgrade runtime and kernel of the nodes.",
        upstream: "opencontainers/runc security advisories, for example CVE-2024-21626",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    if context.cluster.nodes.iter().all(ringfort_model::record::Node::is_windows)
        && !context.cluster.nodes.is_empty()
    {
        return;
    }
    let starts: Vec<Draft> = power_scopes(context)
        .into_iter()
        .map(|scope| Draft::new(NodeKey::Power(Power::RunPods, scope), NodeKey::EveryNode))
        .collect();
    maker.assuming(
        "the version of the low-level runtime of the nodes, and the advisories that name it",
        starts,
        NodeKey::EveryNode,
    );
}

/// Scopes in which somebody's role lets pods be started.
fn power_scopes(context: &Context<'_>) -> BTreeSet<Scope> {
    let create = context.held_pod_create();
    let created = create.iter().map(|held| held.scope(context).clone());
    let applied = conjoin_making(context, &[]).into_iter().map(|(one, _)| one.scope);
    created.chain(applied).collect()
}
