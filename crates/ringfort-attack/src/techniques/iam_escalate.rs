//! `iam-escalate`: A principal of the cloud that may change policies, trusts or compute gains what others of the account hold.

use crate::cloud;
use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "iam-escalate",
    title: "gain other principals of the account",
    zone: Zone::Impact,
    attack: &["T1098", "T1078.004"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "A principal of the cloud that may change policies, trusts or compute gains what others of the account hold.",
        when: "Any principal of the provider that the cluster's identities may take. What its policies allow is a fact of the cloud account, so the edge is unknown.",
        not: "A role of a vault.",
        controls: "Boundaries, organisation policies, deny statements.",
        cut: "Narrow the principals that pods may take.",
        upstream: "DataDog pathfinding.cloud: escalation paths of AWS IAM",
    },
    find,
};

fn find(_: &Context<'_>, maker: &mut Maker<'_>) {
    for provider in cloud::CLOUDS {
        let account = NodeKey::CloudAccount(provider);
        let draft = Draft::new(cloud::any_principal(provider), account.clone());
        maker.edge(draft.unknown("the policies of the principal"));
        let draft = Draft::new(account, NodeKey::Impact(Impact::CloudAdmin));
        maker.edge(
            draft.unknown("whether the permissions reach to the administration of the account"),
        );
    }
}
