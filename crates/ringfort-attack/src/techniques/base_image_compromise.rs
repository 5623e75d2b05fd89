//! `base-image-compromise`: An image carries whatever its base image and build carried.

use crate::context::Context;
use crate::image::references;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::signed;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use std::collections::BTreeSet;

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
        let mut drawn = BTreeSet::new();
        for one in &used {
            // What the owner builds on it is signed like anything else.
            let to = signed::source(&image, &signed::of_use(context, one, &image));
            if drawn.insert(to.clone()) {
                let draft = Draft::new(NodeKey::Internet, to).because(one.why(context));
                maker.edge(draft.unknown("the provenance of the image"));
            }
        }
    }
}
