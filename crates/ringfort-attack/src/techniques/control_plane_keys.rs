//! `control-plane-keys`: With the signing keys an attacker makes credentials of any identity.

use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "control-plane-keys",
    title: "sign a credential of any identity",
    zone: Zone::Impact,
    attack: &["T1552.004"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "With the signing keys an attacker makes credentials of any identity.",
        when: "Root on a control-plane node.",
        not: "A worker.",
        controls: "None.",
        cut: "Protect the control-plane nodes.",
        upstream: "kubeadm reference: implementation details",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    if context.cluster.nodes.is_empty() {
        return;
    }
    let why = Why::Design("the control plane's keys sign credentials of any identity");
    let to = NodeKey::Impact(Impact::ClusterAdmin);
    maker.edge(Draft::new(NodeKey::ControlPlane, to).because(why));
}
