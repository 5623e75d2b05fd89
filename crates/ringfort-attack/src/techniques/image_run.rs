//! `image-run`: Whoever decides what an image reference resolves to runs code in every container that uses it, from its next start on.

use crate::context::{Context, Gate};
use crate::image::references;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::Power;
use crate::signed;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_isolation::Effect;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "image-run",
    title: "wait until the image is started",
    zone: Zone::Initial,
    attack: &["T1610", "T1525"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Image, FixKind::Admission],
    doc: Doc {
        what: "Whoever decides what an image reference resolves to runs code in every container that uses it, from its next start on.",
        when: "A running container, or init container, names the reference. With pull policy IfNotPresent or Never it waits for a node without the image.",
        not: "A container that names another reference, a digest of the same image included.",
        controls: "Where signatures are verified with effect, only whoever builds what is signed runs code, not whoever merely holds the name. A pod that runs already and asks for the tag at each start of its container is not verified again. A webhook whose answer is not known leaves the edge unverified.",
        cut: "Name images by digest and verify signatures at admission.",
        upstream: "Kubernetes documentation: images, image pull policy",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (image, used) in references(context) {
        for one in used {
            let unit = &context.units[one.unit as usize];
            let gate = context.gate(Power::RunPods, &unit.namespace);
            let effect = signed::of_use(context, &one, &image);
            for to in one.containers(context) {
                let mut draft = Draft::new(signed::source(&image, &effect), to);
                draft = draft.because(match effect {
                    Effect::Effective => one.why(context),
                    _ => one.by_name(context),
                });
                if !one.always {
                    draft = draft.difficulty(Difficulty::D2);
                }
                if let Gate::Unverified(control) = &gate {
                    draft = draft.unverified(control.clone());
                }
                maker.edge(match effect {
                    Effect::Effective => draft,
                    _ => draft.against(&TECHNIQUE, &effect, signed::SIGNED),
                });
            }
        }
    }
}
