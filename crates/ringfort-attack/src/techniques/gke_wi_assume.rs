//! `gke-wi-assume`: A token of the account is exchanged for one of the Google service account that the annotation names.

use crate::cloud;
use crate::context::Context;
use crate::maker::Maker;
use crate::node::Provider;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "gke-wi-assume",
    title: "exchange the token for the Google service account",
    zone: Zone::Impact,
    attack: &["T1078.004"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Rbac],
    doc: Doc {
        what: "A token of the account is exchanged for one of the Google service account that the annotation names.",
        when: "The ServiceAccount has the annotation iam.gke.io/gcp-service-account. Whether the Google account lets it, by roles/iam.workloadIdentityUser, is a fact of the project, so the edge is unknown.",
        not: "A ServiceAccount without the annotation, unless the project binds it directly, which no object shows.",
        controls: "",
        cut: "Remove the workloadIdentityUser binding; narrow the Google account.",
        upstream: "Google Kubernetes Engine documentation: Workload Identity Federation for GKE",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    cloud::annotated(
        context,
        maker,
        "iam.gke.io/gcp-service-account",
        Provider::Google,
        "the workloadIdentityUser bindings of the Google service account",
    );
}
