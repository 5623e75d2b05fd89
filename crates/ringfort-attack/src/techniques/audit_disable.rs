//! `audit-disable`: Root on a node of the control plane changes the audit policy of the API server or the files that it is written to.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "audit-disable",
    title: "blind the audit log",
    zone: Zone::InCluster,
    attack: &["T1562"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "Root on a node of the control plane changes the audit policy of the API server or the files that it is written to.",
        when: "Root on a node that runs the API server as a static pod.",
        not: "A worker; a managed control plane, of which there is no node.",
        controls: "Shipping the log elsewhere keeps what was written before.",
        cut: "Protect the nodes of the control plane.",
        upstream: "Kubernetes documentation: auditing (--audit-policy-file)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        let serves = unit.mirror
            && unit.spec.containers.iter().any(|container| {
                let program = container.command.iter().chain(container.args.iter()).next();
                program.is_some_and(|word| word.rsplit('/').next() == Some("kube-apiserver"))
            });
        for &node in unit.nodes.iter().filter(|_| serves) {
            let why = Why::RunsOn { unit: at as u32, node: Some(node) };
            let to = NodeKey::Outside("detection-gap", "audit-log".into());
            maker.edge(Draft::new(NodeKey::Node(node), to).because(why));
        }
    }
}
