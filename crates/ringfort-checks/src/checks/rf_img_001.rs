//! RF-IMG-001: mutable image reference.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-IMG-001",
    title: "Mutable image reference",
    zone: Zone::Initial,
    severity: Severity::Low,
    modifiers: &[],
    references: &["KSV-0013", "C-0075", "C-0306", "CKV_K8S_14", "CKV_K8S_43"],
    reads: &[],
    doc: Doc {
        why: "Whoever may push to the repository decides what runs at the next start.",
        fails: "An image of a container or of an image volume is named without a digest. Medium for latest or no tag at all. Whether the registry keeps tags from moving is not shown and absolves nothing.",
        not: "A digest, with or without a tag beside it.",
        unknown: "An image that is filled in when the pod is made.",
        fix: "Name the image by its digest.",
    },
    judge: Judge::Pods(judge),
};

fn judge(_: &World<'_>, place: &Place<'_>) -> Verdict {
    let mut spots = Vec::new();
    let mut missing = BTreeSet::new();
    let mut floating = false;
    for (field, image) in ringfort_isolation::images(&place.unit.spec) {
        if ringfort_isolation::is_pinned(image) {
            continue;
        }
        let path = field.strip_prefix("spec.").unwrap_or(&field);
        if image.is_empty() {
            missing.insert(format!("the image that is filled in at {path}"));
            continue;
        }
        let name = image.split('@').next().unwrap_or(image);
        let tag = name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
        floating |= tag.is_none_or(|tag| tag == "latest");
        spots.push(place.field(path, image));
    }
    let verdict = Verdict::with(spots, missing);
    if floating { pods::rated(verdict, Severity::Medium) } else { verdict }
}
