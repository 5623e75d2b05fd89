//! `model-file-exec`: Loading a model of a format that carries code runs it in the server.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Custom, custom};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "model-file-exec",
    title: "serve a model that runs code",
    zone: Zone::Initial,
    attack: &["T1059", "T1204"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Image, FixKind::Cicd],
    doc: Doc {
        what: "Loading a model of a format that carries code runs it in the server.",
        when: "A running predictor of an InferenceService whose format is loaded by executing it: sklearn, pytorch or mlflow. Who may write the model is a fact of the storage, so the edge is unknown.",
        not: "Formats that hold numbers only, such as safetensors and onnx.",
        controls: "",
        cut: "Serve formats that hold numbers only; keep model storage to its publishers.",
        upstream: "scikit-learn documentation: model persistence, security; KServe: model formats",
    },
    find,
};

const SERVICES: Custom = custom("serving.kserve.io", "inferenceservices", "InferenceService");
const EXECUTABLE: &[&str] = &["sklearn", "pytorch", "mlflow"];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for service in SERVICES.objects(context) {
        let predictor = service.spec.as_ref().and_then(|spec| spec.predictor.as_ref());
        let Some(model) = predictor.and_then(|predictor| predictor.model.as_ref()) else {
            continue;
        };
        let Some(format) = &model.model_format else { continue };
        if !EXECUTABLE.contains(&format.name.as_str()) {
            continue;
        }
        let meta = &service.metadata;
        let served = context.units_in(&meta.namespace).filter(|(_, unit)| {
            let of = unit.labels.get("serving.kserve.io/inferenceservice");
            !unit.latent && of.is_some_and(|of| *of == meta.name)
        });
        for (unit, _) in served {
            for to in context.pods_of(unit) {
                let why =
                    SERVICES.field(service, "spec.predictor.model.modelFormat.name", &format.name);
                let draft = Draft::new(NodeKey::Internet, to).because(why);
                maker.edge(draft.unknown(format!("who may write to {}", model.storage_uri)));
            }
        }
    }
}
