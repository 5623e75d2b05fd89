//! `pod-identity-assume`: The agent on the node hands pods of the account the credentials of the role that an association names.

use crate::cloud;
use crate::context::Context;
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-identity-assume",
    title: "take the AWS role that is associated with the account",
    zone: Zone::Impact,
    attack: &["T1078.004"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Rbac],
    doc: Doc {
        what: "The agent on the node hands pods of the account the credentials of the role that an association names.",
        when: "A pod mounts a token for pods.eks.amazonaws.com, which the webhook of EKS adds where an association exists. Which role it is, and its conditions, are facts of the cloud account, so the edge is unknown.",
        not: "Pods without that token; an association of another cluster.",
        controls: "Conditions of the role on the tags of the session.",
        cut: "Delete the association; narrow the role.",
        upstream: "Amazon EKS user guide: EKS Pod Identity; aws/amazon-eks-pod-identity-webhook",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let fact = "the association of the account, and the role that it names";
    cloud::projected(context, maker, "pods.eks.amazonaws.com", "", fact);
}
