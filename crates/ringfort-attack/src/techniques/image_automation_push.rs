//! `image-automation-push`: Flux's image automation commits to the repository that it deploys from: its account can use the repository's key.

use crate::context::Context;
use crate::gitops::source;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Custom, Marks, custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "image-automation-push",
    title: "push with the key of the image automation",
    zone: Zone::Impact,
    attack: &["T1195.002"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Cicd],
    doc: Doc {
        what: "Flux's image automation commits to the repository that it deploys from: its account can use the repository's key.",
        when: "An ImageUpdateAutomation that is not suspended, with its controller running. Whether the key may push is a fact of the forge, so the edge is unknown.",
        not: "A cluster without image automation.",
        controls: "A key that may only read.",
        cut: "Push to a branch of its own and merge by review.",
        upstream: "Flux: image update automations, spec.git.push",
    },
    find,
};

const MARKS: Marks = Marks { images: &["image-automation-controller"], labels: &[] };
const AUTOMATIONS: Custom =
    custom("image.toolkit.fluxcd.io", "imageupdateautomations", "ImageUpdateAutomation");

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in operators(context, &MARKS) {
        for automation in AUTOMATIONS.objects(context) {
            let Some(spec) = automation.spec.as_ref().filter(|spec| spec.suspend != Some(true))
            else {
                continue;
            };
            let Some(reference) = &spec.source_ref else { continue };
            let Some(source) = source(context, reference, &automation.metadata.namespace) else {
                continue;
            };
            let Some(url) = source.spec.as_ref().map(|spec| spec.url.clone()) else { continue };
            let from = NodeKey::Subject(controller.account(context));
            let draft = Draft::new(from, NodeKey::Repository(url)).because(controller.why(context));
            let why = AUTOMATIONS.field(automation, "spec.sourceRef", &reference.name);
            maker.edge(draft.because(why).unknown("whether the repository's key may push"));
        }
    }
}
