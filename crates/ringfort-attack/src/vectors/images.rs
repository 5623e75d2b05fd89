//! V9: images that somebody else could replace.

use std::collections::BTreeMap;

use ringfort_model::Str;

use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::NodeKey;
use crate::why::Why;

/// One instance for each image that runs by tag. Who may push to its registry is not in the
/// API's objects.
pub(super) fn find(context: &Context<'_>) -> Finding {
    let mut images: BTreeMap<Str, (Vec<NodeKey>, Why)> = BTreeMap::new();
    for (at, unit) in context.units.iter().enumerate() {
        if unit.latent {
            continue;
        }
        for (kind, index, container) in unit.spec.all_containers() {
            if container.image.is_empty() || container.image.contains("@sha256:") {
                continue;
            }
            let path = Str::from(format!("{}[{index}].image", kind.field()));
            let why = Why::PodField { unit: at as u32, path, value: container.image.clone() };
            let entry = images.entry(container.image.clone()).or_insert((Vec::new(), why));
            for place in context.places(at as u32) {
                entry.0.push(NodeKey::Container(at as u32, place, kind, index as u32));
            }
        }
    }
    let instance = |(image, (leads, why)): (Str, (Vec<NodeKey>, Why))| Instance {
        vector: "V9",
        title: format!("image {image}, by tag"),
        name: image,
        state: State::Unknown,
        why: vec![why],
        missing: vec!["who may push to the registry", "whether admission verifies signatures"],
        leads,
    };
    let note = "who may push to the registries, and what admission verifies, is not known";
    (images.into_iter().map(instance).collect(), State::Unknown, note)
}
