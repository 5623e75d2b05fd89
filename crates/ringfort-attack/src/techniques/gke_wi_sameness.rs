//! `gke-wi-sameness`: Clusters of one project share a workload pool: an account of the same namespace and name has the same principal in all of them.

use crate::cloud;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Provider, Scope};
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "gke-wi-sameness",
    title: "make the account that another cluster is trusted for",
    zone: Zone::Impact,
    attack: &["T1078.004"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Rbac],
    doc: Doc {
        what: "Clusters of one project share a workload pool: an account of the same namespace and name has the same principal in all of them.",
        when: "A GKE cluster, and an identity that creates ServiceAccounts and pods in every namespace. Which principals of the pool are bound is a fact of the project, so the edge is unknown.",
        not: "A cluster elsewhere; one of the permissions missing.",
        controls: "A project of its own for each level of trust.",
        cut: "Split clusters of different trust over projects.",
        upstream: "Google Kubernetes Engine documentation: identity sameness",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some(cluster) = cloud::managed(context).filter(|one| one.provider == Provider::Google)
    else {
        return;
    };
    let accounts = context.held(&Ask::unnamed(&["create"], "", "serviceaccounts"));
    for (conjunction, by) in conjoin_making(context, &[(&accounts, None)]) {
        if conjunction.scope != Scope::Cluster {
            continue;
        }
        let to = NodeKey::Principal(Provider::Google, Str::new("workload-pool"));
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("pool{by}"), |at| {
            let draft = Draft::new(at, to.clone()).because(cluster.why.clone());
            draft.unknown("which principals of the project's workload pool hold roles")
        });
    }
}
