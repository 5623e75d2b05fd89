//! `repo-fork-runner`: A self-hosted runner executes what the pipelines of its repositories say; where pull requests of strangers run, strangers run code in it.

use crate::context::Context;
use crate::gitops::runners;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "repo-fork-runner",
    title: "run a job of a pull request",
    zone: Zone::Initial,
    attack: &["T1195.002", "T1199"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cicd],
    doc: Doc {
        what: "A self-hosted runner executes what the pipelines of its repositories say; where pull requests of strangers run, strangers run code in it.",
        when: "A running runner of GitHub, GitLab, Buildkite, Jenkins, Drone or Woodpecker. Which pull requests it executes is a fact of the forge, so the edge is unknown.",
        not: "A workload that is no runner.",
        controls: "Approval of first-time contributors.",
        cut: "Keep self-hosted runners off public repositories; use ephemeral runners.",
        upstream: "GitHub documentation: self-hosted runner security",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for runner in runners(context) {
        for to in runner.containers(context) {
            let draft = Draft::new(runner.pipeline(context), to).because(runner.why(context));
            maker.edge(draft.unknown("whether the runner executes pull requests of strangers"));
        }
    }
}
