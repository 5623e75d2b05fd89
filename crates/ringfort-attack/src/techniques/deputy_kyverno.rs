//! `deputy-kyverno`: A policy with a generate or mutate-existing rule has Kyverno's background controller write objects of the author's choice.

use crate::context::Context;
use crate::maker::Maker;
use crate::operator::{Custom, Marks, as_writer, cluster_custom, custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-kyverno",
    title: "have Kyverno generate objects",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A policy with a generate or mutate-existing rule has Kyverno's background controller write objects of the author's choice.",
        when: "create or update on clusterpolicies, or on policies of a namespace, and the account of the background controller may itself write roles' bindings or pods where the policy acts.",
        not: "A background controller that may write neither: validation and changes at admission only.",
        controls: "",
        cut: "Give the background controller only the kinds that policies generate.",
        upstream: "kyverno documentation: generate rules, mutate existing resources, role-based access controls",
    },
    find,
};

const BACKGROUND: Marks = Marks { images: &["background-controller"], labels: &[] };
/// Before 1.10 one controller did everything.
const WHOLE: Marks = Marks { images: &["kyverno/kyverno"], labels: &[] };
const KINDS: [Custom; 4] = [
    cluster_custom("kyverno.io", "clusterpolicies", "ClusterPolicy"),
    custom("kyverno.io", "policies", "Policy"),
    cluster_custom("policies.kyverno.io", "generatingpolicies", "GeneratingPolicy"),
    cluster_custom("policies.kyverno.io", "mutatingpolicies", "MutatingPolicy"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut controllers = operators(context, &BACKGROUND);
    if controllers.is_empty() {
        controllers = operators(context, &WHOLE);
    }
    for controller in controllers {
        let account = controller.account(context);
        for write in KINDS.iter().flat_map(|kind| kind.writes(context)) {
            for (to, why) in as_writer(context, &account, &write.scope) {
                let draft = write.draft(context, to).because(controller.why(context));
                maker.edge(draft.because(why));
            }
        }
    }
}
