//! `pod-image-swap`: The identity replaces the image of a running pod; the new program runs with the rights of the old.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-image-swap",
    title: "replace the image of the running pod",
    zone: Zone::InCluster,
    attack: &["T1610", "MS-TA9012"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Image],
    doc: Doc {
        what: "The identity replaces the image of a running pod; the new program runs with the rights of the old.",
        when: "update or patch on pods.",
        not: "It brings no new account, volume or privilege.",
        controls: "Where only images with a verified signature start, with effect, the step is harder.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/apis/core/validation/validation.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    draw::power(
        context,
        maker,
        &Ask::named(&["update", "patch"], "", "pods"),
        Power::SwapImages,
        draw::pods_named(Power::SwapImages),
    );
}
