//! `registry-push-tag`: Whoever may push to a repository of a registry moves a tag that workloads use.

use crate::context::Context;
use crate::image::{by_tag, references};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::recognise::full_repository;
use crate::signed;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "registry-push-tag",
    title: "push another image under the tag",
    zone: Zone::Initial,
    attack: &["T1525"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Image],
    doc: Doc {
        what: "Whoever may push to a repository of a registry moves a tag that workloads use.",
        when: "A running container, or init container, whose image is named by tag. Whether the registry lets the tag be moved is a fact of the registry, so the edge is unknown.",
        not: "An image named by digest; one that starts nowhere without a verified signature.",
        controls: "Immutable tags; admission that verifies signatures with effect wherever the image is used.",
        cut: "Name images by digest.",
        upstream: "Kubernetes documentation: images, image names",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (image, used) in references(context) {
        let Some(first) = used.first().filter(|_| by_tag(&image)) else { continue };
        if signed::everywhere(context, &used, &image) {
            continue;
        }
        let repository = NodeKey::RegistryRepository(Str::new(full_repository(&image)));
        let draft = Draft::new(repository, NodeKey::Image(image.clone()));
        let draft = draft.because(first.why(context));
        maker.edge(draft.unknown("whether the registry lets the tag be moved"));
    }
}
