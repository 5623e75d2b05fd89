//! `irsa-assume`: A token of the account for the audience of AWS is exchanged for the credentials of an IAM role.

use crate::cloud;
use crate::context::Context;
use crate::maker::Maker;
use crate::node::Provider;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "irsa-assume",
    title: "exchange the token for the AWS role",
    zone: Zone::Impact,
    attack: &["T1078.004", "MS-TA9020"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Rbac],
    doc: Doc {
        what: "A token of the account for the audience of AWS is exchanged for the credentials of an IAM role.",
        when: "The ServiceAccount names a role by the annotation eks.amazonaws.com/role-arn, or its pods mount a token for sts.amazonaws.com. Whether the role trusts the account is a fact of the cloud account, so the edge is unknown.",
        not: "A ServiceAccount without either. The annotation alone proves intent, not trust.",
        controls: "Conditions of the trust policy on sub and aud.",
        cut: "Pin sub and aud in the role's trust policy; narrow the role.",
        upstream: "aws/amazon-eks-pod-identity-webhook README: eks.amazonaws.com/role-arn",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const FACT: &str = "the trust policy of the role";
    cloud::annotated(context, maker, "eks.amazonaws.com/role-arn", Provider::Aws, FACT);
    cloud::projected(context, maker, "sts.amazonaws.com", "eks.amazonaws.com/role-arn", FACT);
}
