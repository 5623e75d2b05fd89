//! `deputy-knative-kserve`: A Knative Service or Configuration, or a KServe InferenceService or runtime, runs an image of its author's choice as any account of the namespace.

use crate::context::Context;
use crate::maker::Maker;
use crate::operator::{Custom, Marks, custom, deputies, run_pods};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-knative-kserve",
    title: "deploy a service",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A Knative Service or Configuration, or a KServe InferenceService or runtime, runs an image of its author's choice as any account of the namespace.",
        when: "create, or update of an existing object, on services and configurations of serving.knative.dev, or inferenceservices and servingruntimes of serving.kserve.io, with the controller running.",
        not: "Write on routes and domainmappings, which move traffic only.",
        controls: "Pod Security bounds what the pods may be.",
        cut: "Drop the verb, or give tenants namespaces without powerful accounts.",
        upstream: "knative/serving docs: Service specification; kserve/kserve docs: InferenceService",
    },
    find,
};

const MARKS: Marks = Marks {
    images: &["serving/cmd/controller", "kserve/kserve-controller"],
    labels: &[
        ("app.kubernetes.io/name", "knative-serving"),
        ("control-plane", "kserve-controller-manager"),
    ],
};
const KINDS: [Custom; 4] = [
    custom("serving.knative.dev", "services", "Service"),
    custom("serving.knative.dev", "configurations", "Configuration"),
    custom("serving.kserve.io", "inferenceservices", "InferenceService"),
    custom("serving.kserve.io", "servingruntimes", "ServingRuntime"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    deputies(context, maker, &MARKS, &KINDS, |_, scope| vec![run_pods(scope.clone())]);
}
