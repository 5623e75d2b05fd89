//! V9: images that somebody else could replace.

use ringfort_language::{message, sentence};
use ringfort_model::{Kind, Str};

use super::{Finding, Instance, State};
use crate::context::Context;
use crate::image::{by_tag, references};
use crate::recognise::full_repository;
use crate::signed;

/// One instance for each image that runs. Who may push to its registry is not in the API's
/// objects; a digest keeps what was pushed before, and a verification that is in force wherever
/// the image starts keeps out what nobody signed.
pub(super) fn find(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for (image, used) in references(context) {
        let Some(first) = used.first() else { continue };
        let tag = by_tag(&image);
        let verified = signed::everywhere(context, &used, &image);
        let repository = Str::new(full_repository(&image));
        found.push(Instance {
            vector: "V9",
            title: match tag {
                true if verified => sentence!(
                    "image {image}, by tag, its signature verified",
                    image = image.as_str()
                ),
                true => sentence!("image {image}, by tag", image = image.as_str()),
                false => {
                    sentence!("image {repository}, by digest", repository = repository.as_str())
                }
            },
            state: if tag && !verified { State::Unknown } else { State::Guarded },
            why: vec![first.why(context)],
            missing: match tag {
                true if verified => {
                    vec![message!("who holds the keys that images are signed with")]
                }
                true => {
                    vec!["who may push to the registry", "whether admission verifies signatures"]
                }
                false => vec![message!("who published the digest")],
            },
            // The entry stands for the push and the start; the techniques registry-push-tag and
            // image-run begin at repositories that are reached some other way.
            leads: used.iter().flat_map(|one| one.containers(context)).collect(),
            name: image,
        });
    }
    match context.cluster.coverage.is_complete(Kind::Pod) {
        true => (found, State::Closed, message!("no image runs")),
        false => (found, State::Unknown, message!("pods were not all read")),
    }
}
