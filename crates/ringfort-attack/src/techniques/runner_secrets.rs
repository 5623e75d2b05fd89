//! `runner-secrets`: Code in a runner reads the variables, identity tokens and files of the jobs that run there.

use crate::context::Context;
use crate::gitops::runners;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "runner-secrets",
    title: "take what the jobs hold",
    zone: Zone::InCluster,
    attack: &["T1552"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cicd],
    doc: Doc {
        what: "Code in a runner reads the variables, identity tokens and files of the jobs that run there.",
        when: "A running runner. What its jobs hold is a fact of the pipelines, so the edge is unknown.",
        not: "A workload that is no runner.",
        controls: "An ephemeral runner holds one job only.",
        cut: "Use ephemeral runners and short-lived credentials.",
        upstream: "GitHub documentation: security hardening for actions",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for runner in runners(context) {
        for from in runner.containers(context) {
            let draft = Draft::new(from, runner.secrets(context)).because(runner.why(context));
            maker.edge(draft.unknown("the variables and credentials of the runner's jobs"));
        }
    }
}
