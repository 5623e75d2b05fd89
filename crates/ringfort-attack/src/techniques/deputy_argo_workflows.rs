//! `deputy-argo-workflows`: A workflow runs pods of its author's making, as any account of the namespace.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::given::{Given, entry};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::Scope;
use crate::operator::{Custom, Marks, Operator, custom, find as operators, run_pods};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::{Str, go_bool};

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
        not: "templateReferencing Strict or Secure without write on templates; a controller of another namespace: managed-namespace counts with namespaced alone.",
        controls: "Pod Security bounds what the pods may be. Flags and variables that come from what was not read, or a ConfigMap that was not, leave the edge unknown.",
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
        let (watched, mut fact) = match watched(context, &controller) {
            Ok(scope) => (scope, None),
            Err(fact) => (Scope::Cluster, Some(fact)),
        };
        let map = "workflow-controller-configmap";
        let restrictions =
            entry(context.cluster, &controller.namespace, map, "workflowRestrictions");
        let restricted = match restrictions {
            Given::To(text, _) => text.contains("Strict") || text.contains("Secure"),
            Given::Unset => false,
            Given::Unread(unread) => {
                fact = fact.or(Some(unread));
                false
            }
        };
        let told = |draft: Draft| match &fact {
            Some(fact) => draft.unknown(fact.as_str()),
            None => draft,
        };
        if !restricted {
            for write in KINDS.iter().flat_map(|kind| kind.writes(context)) {
                let Some(scope) = write.scope.meet(&watched) else { continue };
                let draft = write.draft(context, run_pods(scope));
                maker.edge(told(draft.because(controller.why(context))));
            }
            continue;
        }
        let ask = |resource| context.held(&Ask::unnamed(&["create"], "argoproj.io", resource));
        let submit = [ask("workflows"), ask("cronworkflows")].concat();
        let templates = ask("workflowtemplates");
        for conjunction in conjoin(context, &[&submit, &templates], None) {
            let Some(scope) = conjunction.scope.meet(&watched) else { continue };
            maker.conjunction(&TECHNIQUE, &conjunction, "template", |at| {
                told(Draft::new(at, run_pods(scope.clone())).because(controller.why(context)))
            });
        }
    }
}

/// Where the controller looks for workflows: everywhere, unless it is namespaced (flags that a
/// variable `ARGO_…` stands in for; cmd/workflow-controller/main.go). An error names what says it and
/// was not read.
fn watched(context: &Context<'_>, controller: &Operator) -> Result<Scope, String> {
    let variable = |name: &str| match controller.variable(context, name) {
        Given::Unset | Given::To("", _) => Ok(None),
        Given::To(value, _) => Ok(Some(value)),
        Given::Unread(fact) => Err(fact),
    };
    let namespaced = match controller.switched(context, "namespaced") {
        Given::To(value, _) => Some(value),
        Given::Unset => variable("ARGO_NAMESPACED")?,
        Given::Unread(fact) => return Err(fact),
    };
    if namespaced.and_then(go_bool) != Some(true) {
        return Ok(Scope::Cluster);
    }
    let managed = match controller.flag(context, "managed-namespace") {
        Some(value) => Some(value),
        None => variable("ARGO_MANAGED_NAMESPACE")?,
    };
    let managed = managed.filter(|one| !one.is_empty());
    Ok(Scope::Namespace(managed.map_or_else(|| controller.namespace.clone(), Str::new)))
}
