//! `deputy-gatekeeper`: A mutation of Gatekeeper changes the image of pods as they are created, in every namespace that its webhook sees.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Power};
use crate::operator::{Custom, Marks, cluster_custom, deputies};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-gatekeeper",
    title: "change every new pod through a mutation",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A mutation of Gatekeeper changes the image of pods as they are created, in every namespace that its webhook sees.",
        when: "create or update on assign, modifyset or assignimage of mutations.gatekeeper.sh, with Gatekeeper running and its mutating webhook registered.",
        not: "Constraints, which only refuse; assignmetadata; an installation without the mutating webhook.",
        controls: "Takes effect when a pod is created.",
        cut: "Keep mutations to the platform's administrators.",
        upstream: "open-policy-agent/gatekeeper website/docs/mutation.md",
    },
    find,
};

const MARKS: Marks = Marks { images: &["openpolicyagent/gatekeeper"], labels: &[] };
const GROUP: &str = "mutations.gatekeeper.sh";
const KINDS: [Custom; 3] = [
    cluster_custom(GROUP, "assign", "Assign"),
    cluster_custom(GROUP, "modifyset", "ModifySet"),
    cluster_custom(GROUP, "assignimage", "AssignImage"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut webhooks = context.cluster.mutating_webhooks.iter().flat_map(|one| one.webhooks.iter());
    if !webhooks.any(|one| *one.name == *"mutation.gatekeeper.sh") {
        return;
    }
    deputies(context, maker, &MARKS, &KINDS, |_, scope| {
        vec![NodeKey::Power(Power::SwapImages, scope.clone())]
    });
}
