//! `image-name-confusion`: A reference without a registry is resolved by the runtime's defaults; whoever holds the name there decides what runs.

use crate::context::Context;
use crate::image::references;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::recognise::registry;
use crate::signed;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "image-name-confusion",
    title: "hold the name that a reference resolves to",
    zone: Zone::Initial,
    attack: &["T1195.002"],
    difficulty: Difficulty::D4,
    cut_by: &[FixKind::Image],
    doc: Doc {
        what: "A reference without a registry is resolved by the runtime's defaults; whoever holds the name there decides what runs.",
        when: "A running container names an image without a registry. Which registry the runtime asks, and who holds the name there, is not in the objects, so the edge is unknown.",
        not: "A reference with its registry.",
        controls: "An admission policy that lists registries; one that verifies signatures with effect wherever the image is used.",
        cut: "Name the registry, best an own mirror.",
        upstream: "containers/image docs/containers-registries.conf.5.md: short-name aliasing",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (image, used) in references(context) {
        let Some(first) = used.first().filter(|_| registry(&image).is_none()) else { continue };
        if signed::everywhere(context, &used, &image) {
            continue;
        }
        let draft = Draft::new(NodeKey::Internet, NodeKey::Image(image.clone()));
        maker.edge(
            draft
                .because(first.why(context))
                .unknown("which registry the runtime resolves the name in, and who holds it there"),
        );
    }
}
