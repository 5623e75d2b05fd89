//! `pipeline-oidc`: A job asks for an identity token and exchanges it for a role of the cloud that trusts the pipeline.

use crate::context::Context;
use crate::gitops::runners;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pipeline-oidc",
    title: "exchange the identity token of a job for a cloud role",
    zone: Zone::Impact,
    attack: &["T1078.004"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "A job asks for an identity token and exchanges it for a role of the cloud that trusts the pipeline.",
        when: "A running runner. Which roles trust its pipelines is a fact of the cloud account, so the edge is unknown and no path passes it unless the fact is assumed.",
        not: "A workload that is no runner.",
        controls: "A trust that names repository, branch and environment exactly.",
        cut: "Pin the subject of the trust.",
        upstream: "GitHub documentation: OpenID Connect in cloud providers",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for runner in runners(context) {
        let to = NodeKey::Impact(Impact::CloudRole);
        let draft = Draft::new(runner.secrets(context), to.clone()).because(runner.why(context));
        maker.assuming("which cloud roles trust the tokens of the runner's jobs", [draft], to);
    }
}
