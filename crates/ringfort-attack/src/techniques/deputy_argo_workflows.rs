//! `deputy-argo-workflows`: A workflow runs pods of its author's making, as any account of the namespace.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::Scope;
use crate::operator::{Custom, Marks, custom, find as operators, run_pods};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-argo-workflows",
    title: "submit a workflow",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A workflow runs pods of its author's making, as any account of the namespace.",
        when: "create, or update of an existing object, on workflows or cronworkflows in a namespace that the controller watches; with workflowRestrictions.templateReferencing, also on workflowtemplates there.",
        not: "templateReferencing Strict or Secure without write on templates; a controller of another namespace.",
        controls: "Pod Security bounds what the pods may be.",
        cut: "Set workflowRestrictions.templateReferencing to Strict and keep templates to their owners.",
        upstream: "argoproj/argo-workflows docs/workflow-restrictions.md, docs/managed-namespace.md",
    },
    find,
};

const MARKS: Marks = Marks { images: &["argoproj/workflow-controller"], labels: &[] };
const KINDS: [Custom; 2] = [
    custom("argoproj.io", "workflows", "Workflow"),
    custom("argoproj.io", "cronworkflows", "CronWorkflow"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in operators(context, &MARKS) {
        let managed = controller.flag(context, "managed-namespace").map(Str::new);
        let watched = match (managed, controller.switch(context, "namespaced")) {
            (Some(namespace), _) => Scope::Namespace(namespace),
            (None, Some(true)) => Scope::Namespace(controller.namespace.clone()),
            _ => Scope::Cluster,
        };
        let map = "workflow-controller-configmap";
        let map = context.cluster.config_maps.get(&controller.namespace, map);
        let restrictions = map.and_then(|map| map.data.get("workflowRestrictions"));
        let restricted =
            restrictions.is_some_and(|text| text.contains("Strict") || text.contains("Secure"));
        if !restricted {
            for write in KINDS.iter().flat_map(|kind| kind.writes(context)) {
                let Some(scope) = write.scope.meet(&watched) else { continue };
                let draft = write.draft(context, run_pods(scope));
                maker.edge(draft.because(controller.why(context)));
            }
            continue;
        }
        let ask = |resource| context.held(&Ask::unnamed(&["create"], "argoproj.io", resource));
        let submit = [ask("workflows"), ask("cronworkflows")].concat();
        let templates = ask("workflowtemplates");
        for conjunction in conjoin(context, &[&submit, &templates], None) {
            let Some(scope) = conjunction.scope.meet(&watched) else { continue };
            maker.conjunction(&TECHNIQUE, &conjunction, "template", |at| {
                Draft::new(at, run_pods(scope.clone())).because(controller.why(context))
            });
        }
    }
}
