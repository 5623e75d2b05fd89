//! `cloud-pod-identity-create`: A principal that may create an association and pass a role gives an account of the cluster any role that trusts pod identities.

use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Provider};
use crate::operator::{Marks, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "cloud-pod-identity-create",
    title: "associate a role with an account",
    zone: Zone::Impact,
    attack: &["T1098"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "A principal that may create an association and pass a role gives an account of the cluster any role that trusts pod identities.",
        when: "The agent of EKS Pod Identity runs. Which principals may, and which roles trust it, are facts of the cloud account, so the edge is unknown.",
        not: "A cluster without the agent.",
        controls: "Conditions of the roles on session tags.",
        cut: "Limit eks:CreatePodIdentityAssociation and iam:PassRole.",
        upstream: "Amazon EKS user guide: EKS Pod Identity",
    },
    find,
};

const AGENT: Marks = Marks {
    images: &["eks-pod-identity-agent", "eks/eks-pod-identity-agent"],
    labels: &[("app.kubernetes.io/name", "eks-pod-identity-agent")],
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    if let Some(agent) = operators(context, &AGENT).first() {
        let from = NodeKey::CloudAccount(Provider::Aws);
        let to = NodeKey::Impact(Impact::CloudRole);
        let draft = Draft::new(from, to).because(agent.why(context));
        maker.edge(
            draft.unknown("which principals may create associations, and which roles trust them"),
        );
    }
}
