//! RF-IMG-002: image from outside the declared registries.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;

pub(crate) static CHECK: Check = Check {
    id: "RF-IMG-002",
    title: "Image from outside the declared registries",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["KSV-0125", "KSV-0034", "C-0078", "C-0001"],
    reads: &[],
    doc: Doc {
        why: "What the owner's registry was to look at first runs unseen.",
        fails: "The registry or the repository of an image is none of those that the owner declares. References are completed as the runtime does: without a host, docker.io, and library/ for a single name.",
        not: "Images from declared registries; a declared path takes in what lies below it, not what merely begins with the same letters.",
        unknown: "The owner has declared no registries.",
        fix: "Copy the image to a declared registry, or declare its registry.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(allowed) = world.registries() else {
        return Verdict::missing("which registries the owner allows: none are declared");
    };
    let mut spots = Vec::new();
    for (field, image) in ringfort_isolation::images(&place.unit.spec) {
        let path = field.strip_prefix("spec.").unwrap_or(&field);
        let full = ringfort_attack::recognise::completed(image);
        let below = |registry: &String| {
            let rest = full.strip_prefix(registry.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
        };
        if !image.is_empty() && !allowed.iter().any(below) {
            spots.push(place.field(path, image));
        }
    }
    Verdict::of(spots)
}
