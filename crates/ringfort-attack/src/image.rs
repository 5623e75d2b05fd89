//! Which containers run which image reference.

use std::collections::BTreeMap;

use ringfort_model::{ContainerKind, SourceKind, Str};

use crate::context::Context;
use crate::node::NodeKey;
use crate::why::Why;

/// A container that names an image.
pub(crate) struct Use {
    pub(crate) unit: u32,
    pub(crate) kind: ContainerKind,
    pub(crate) index: u32,
    /// Whether the image is asked for at every start.
    pub(crate) always: bool,
    image: Str,
}

impl Use {
    /// The container in every place that the graph tells apart.
    pub(crate) fn containers<'c>(
        &'c self,
        context: &'c Context<'_>,
    ) -> impl Iterator<Item = NodeKey> + 'c {
        let places = context.places(self.unit).into_iter();
        places.map(|place| NodeKey::Container(self.unit, place, self.kind, self.index))
    }

    /// Whether its pods are still to be made, so that admission sees the reference.
    pub(crate) fn is_made_anew(&self, context: &Context<'_>) -> bool {
        let unit = &context.units[self.unit as usize];
        unit.pods.is_empty() || context.cluster.source == SourceKind::Manifests
    }

    /// The field that names it. By tag or by digest, who makes the image is the same.
    pub(crate) fn why(&self, _: &Context<'_>) -> Why {
        Why::image(self.unit, self.kind, self.index as usize, &self.image)
    }

    /// The same where the container runs what the tag becomes: by digest it would not.
    pub(crate) fn by_name(&self, context: &Context<'_>) -> Why {
        match self.why(context) {
            Why::Mark(field) if by_tag(&self.image) => *field,
            mark => mark,
        }
    }
}

/// Whether the reference may come to mean another image.
pub(crate) fn by_tag(image: &str) -> bool {
    !image.contains("@sha256:")
}

/// Image references of running units with the containers that name them, sorted.
pub(crate) fn references(context: &Context<'_>) -> BTreeMap<Str, Vec<Use>> {
    let mut found: BTreeMap<Str, Vec<Use>> = BTreeMap::new();
    for (at, unit) in context.units.iter().enumerate() {
        for (kind, index, container) in unit.spec.all_containers() {
            if unit.latent || container.image.is_empty() {
                continue;
            }
            // The default is Always for the tag latest and for no tag (core/v1 defaults.go).
            let name = container.image.rsplit('/').next().unwrap_or_default();
            let latest = by_tag(&container.image)
                && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
            let always = match container.image_pull_policy.as_str() {
                "" => latest,
                policy => policy == "Always",
            };
            let one = Use {
                unit: at as u32,
                kind,
                index: index as u32,
                always,
                image: container.image.clone(),
            };
            found.entry(container.image.clone()).or_default().push(one);
        }
    }
    found
}
