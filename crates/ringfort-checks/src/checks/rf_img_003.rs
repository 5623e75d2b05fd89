//! RF-IMG-003: image has no verified signature or verdict.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Fault, Verdict};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::Effect;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-IMG-003",
    title: "Image has no verified signature or verdict",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[Modifier::Exposed],
    references: &["C-0236", "C-0237", "CIS 5.5.1", "C-0289"],
    reads: &[Kind::MutatingWebhook, Kind::ValidatingWebhook],
    doc: Doc {
        why: "Whoever pushes to the registry decides what runs.",
        fails: "No policy that verifies signatures is in force in the namespace: there is none, or it does not see every way in which an image comes into a pod, only audits or warns, lets pass what it fails to verify, or verifies a tag that may name another image when it is pulled.",
        not: "Namespaces in which Kyverno, Sigstore's policy-controller or Kubewarden verifies every image with effect.",
        unknown: "What a policy leaves out is not worked out, or policies were not all listed.",
        fix: "Verify signatures at admission for every image, with digests written, and refuse on failure.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let images = ringfort_isolation::images(&place.unit.spec);
    let spots: Vec<_> = images
        .into_iter()
        .filter(|(_, image)| !image.is_empty())
        .map(|(field, image)| place.field(field.strip_prefix("spec.").unwrap_or(&field), image))
        .collect();
    if spots.is_empty() {
        return Verdict::NotApplicable;
    }
    let control = world.context.signed(&place.unit.namespace);
    match control.map(|control| &control.effect) {
        Some(Effect::Effective) => Verdict::Pass,
        Some(Effect::Unknown(missing)) => Verdict::Unknown(missing.iter().cloned().collect()),
        Some(Effect::PresentNotEffective(reason)) => {
            Verdict::Fail(Fault::of(spots).noted(reason.clone()))
        }
        Some(Effect::Absent) | None => Verdict::Fail(Fault::of(spots)),
    }
}
