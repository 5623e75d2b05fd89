//! `node-sa-tokens`: A node may request tokens of the accounts of the pods that run on it.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{Files, NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_isolation::Audience;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-sa-tokens",
    title: "request tokens for accounts of pods on the node",
    zone: Zone::InCluster,
    attack: &["T1528"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node, FixKind::Pod],
    doc: Doc {
        what: "A node may request tokens of the accounts of the pods that run on it.",
        when: "A pod of the account runs on the node; from 1.33 it must also mount a token for the API server.",
        not: "Accounts whose pods run elsewhere only.",
        controls: "NodeRestriction binds the token to a pod of the node.",
        cut: "Run powerful accounts on nodes of their own.",
        upstream: "kubernetes/kubernetes plugin/pkg/admission/noderestriction/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let audience_checked = context.at_least(33) == Some(true);
    for (at, unit) in context.units.iter().enumerate() {
        let mounted = context
            .tokens(at as u32)
            .iter()
            .any(|container| container.files.iter().any(|file| file.audience == Audience::Api));
        if unit.mirror || (audience_checked && !mounted) {
            continue;
        }
        let account = Subject::ServiceAccount(unit.namespace.clone(), unit.spec.account().into());
        for &node in &unit.nodes {
            let why = Why::RunsOn { unit: at as u32, node: Some(node) };
            let to = NodeKey::Subject(account.clone());
            if mounted {
                let files = NodeKey::NodeFiles(Some(node), Files::Pods);
                maker.edge(Draft::new(files, to.clone()).because(why.clone()));
            }
            maker.edge(Draft::new(NodeKey::Node(node), to).because(why));
        }
    }
}
