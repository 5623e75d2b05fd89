//! `pipeline-kubeconfig`: A pipeline that deploys from outside holds a credential of the cluster; whoever holds the pipeline's secrets holds it.

use crate::context::Context;
use crate::gitops::runners;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pipeline-kubeconfig",
    title: "use the deploy credential of a pipeline",
    zone: Zone::Initial,
    attack: &["T1552"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cicd],
    doc: Doc {
        what: "A pipeline that deploys from outside holds a credential of the cluster; whoever holds the pipeline's secrets holds it.",
        when: "A running runner. Whether its pipelines hold a credential of this cluster, and whose, is a fact of the pipelines, so the edge is unknown ends where the strongest credential would, and no path passes it unless the fact is assumed.",
        not: "A workload that is no runner.",
        controls: "An exchange for a short-lived credential.",
        cut: "Deploy by GitOps, or give the pipeline a narrow account and short-lived tokens.",
        upstream: "Kubernetes documentation: hardening guide, authentication mechanisms",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for runner in runners(context) {
        let to = NodeKey::Impact(Impact::ClusterAdmin);
        let draft = Draft::new(runner.secrets(context), to.clone()).because(runner.why(context));
        let fact = "which credential of this cluster the runner's pipelines hold";
        maker.assuming(fact, [draft], to);
    }
}
