//! `repo-write-deploy`: Whoever changes the watched revision of a repository has the GitOps controller apply manifests of their choice, with the account that it deploys with.

use crate::context::Context;
use crate::gitops::deployments;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "repo-write-deploy",
    title: "have the deployer apply a commit",
    zone: Zone::Initial,
    attack: &["T1195.002"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cicd],
    doc: Doc {
        what: "Whoever changes the watched revision of a repository has the GitOps controller apply manifests of their choice, with the account that it deploys with.",
        when: "A Kustomization or HelmRelease of Flux that is not suspended, or an Application of Argo CD, that names the repository, with its controller running.",
        not: "A suspended object; a project that keeps the Application out of every namespace.",
        controls: "A source that verifies signatures is weakened. Reviews and protected branches are facts of the forge.",
        cut: "Deploy with an account per tenant, verify signatures, protect the branch.",
        upstream: "Flux: Kustomization spec.sourceRef, GitRepository spec.verify; Argo CD: declarative set-up",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for one in deployments(context) {
        let mut draft =
            Draft::new(NodeKey::Repository(one.repository), one.to).because_all(one.why);
        if one.verified {
            draft = draft.weakened(&TECHNIQUE, "the source verifies signatures");
        }
        if let Some(fact) = one.fact {
            draft = draft.unknown(fact);
        }
        maker.edge(draft);
    }
}
