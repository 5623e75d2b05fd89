//! `ephemeral-container`: The identity adds a container of its own choice to a running pod.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "ephemeral-container",
    title: "add an ephemeral container to the pod",
    zone: Zone::InCluster,
    attack: &["T1609", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Pss],
    doc: Doc {
        what: "The identity adds a container of its own choice to a running pod.",
        when: "update or patch on pods/ephemeralcontainers.",
        not: "The built-in edit role does not hold it.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/strategy.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    draw::power(
        context,
        maker,
        &Ask::named(&["update", "patch"], "", "pods/ephemeralcontainers"),
        Power::AddContainers,
        draw::pods_named,
    );
}
