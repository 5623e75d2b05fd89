//! `base-image-compromise`: An image carries whatever its base image and build carried.

use crate::context::Context;
use crate::image::references;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "base-image-compromise",
    title: "change an image that this one was built from",
    zone: Zone::Initial,
    attack: &["T1195.002"],
    difficulty: Difficulty::D4,
    cut_by: &[FixKind::Image],
    doc: Doc {
        what: "An image carries whatever its base image and build carried.",
        when: "A running container's image. What it was built from is not in the objects, so the edge is unknown.",
        not: "A template that runs nothing.",
        controls: "Provenance that is verified at admission.",
        cut: "Build from pinned bases and verify provenance.",
        upstream: "SLSA specification: provenance",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (image, used) in references(context) {
        let Some(first) = used.first() else { continue };
        let draft = Draft::new(NodeKey::Internet, NodeKey::Image(image.clone()));
        maker.edge(draft.because(first.why(context)).unknown("the provenance of the image"));
    }
}
