//! `cloud-to-image`: A principal that may push to the cloud's registry replaces images that the cluster runs.

use crate::cloud;
use crate::context::Context;
use crate::image::references;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::recognise::{full_repository, registry};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "cloud-to-image",
    title: "push an image through the cloud",
    zone: Zone::Initial,
    attack: &["T1525"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "A principal that may push to the cloud's registry replaces images that the cluster runs.",
        when: "A running container whose image lies in a registry of the provider. Which principals may push is a fact of the cloud account, so the edge is unknown.",
        not: "An image of a registry elsewhere.",
        controls: "Immutable tags.",
        cut: "Immutable tags; digests; least push permissions.",
        upstream: "Amazon ECR, Artifact Registry and Azure Container Registry documentation",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (image, used) in references(context) {
        let provider = registry(&image).and_then(cloud::of_registry);
        let (Some(provider), Some(first)) = (provider, used.first()) else { continue };
        let to = NodeKey::RegistryRepository(Str::new(full_repository(&image)));
        let draft = Draft::new(NodeKey::CloudAccount(provider), to).because(first.why(context));
        maker.edge(draft.unknown("which principals may push to the registry"));
    }
}
