//! `deputy-tekton`: A TaskRun or PipelineRun runs steps of its author's making, as any account of the namespace; so does the listener of an EventListener.

use crate::context::Context;
use crate::maker::Maker;
use crate::operator::{Custom, Marks, custom, deputies, run_pods};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-tekton",
    title: "run a task",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A TaskRun or PipelineRun runs steps of its author's making, as any account of the namespace; so does the listener of an EventListener.",
        when: "create, or update of an existing object, on taskruns, pipelineruns or eventlisteners, with the Tekton controller running.",
        not: "Write on tasks and pipelines alone, which run when somebody runs them; read access.",
        controls: "Pod Security bounds what the pods may be.",
        cut: "Drop the verb, or give tenants namespaces without powerful accounts.",
        upstream: "tektoncd/pipeline docs/taskruns.md; tektoncd/triggers docs/eventlisteners.md",
    },
    find,
};

const MARKS: Marks = Marks {
    images: &["tektoncd/pipeline/cmd/controller"],
    labels: &[("app", "tekton-pipelines-controller")],
};
const KINDS: [Custom; 3] = [
    custom("tekton.dev", "taskruns", "TaskRun"),
    custom("tekton.dev", "pipelineruns", "PipelineRun"),
    custom("triggers.tekton.dev", "eventlisteners", "EventListener"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    deputies(context, maker, &MARKS, &KINDS, |_, scope| vec![run_pods(scope.clone())]);
}
