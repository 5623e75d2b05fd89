//! `escape-privileged`: A privileged container has every capability and device of its node; leaving it takes one command.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-privileged",
    title: "leave the privileged container",
    zone: Zone::InCluster,
    attack: &["T1611", "MS-TA9018"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A privileged container has every capability and device of its node; leaving it takes one command.",
        when: "privileged is true.",
        not: "A privileged container in a user namespace that is effective.",
        controls: "An effective user namespace or sandbox runtime removes it.",
        cut: "Set privileged to false.",
        upstream: "kubernetes/kubernetes pkg/securitycontext/util.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let field = one.field("securityContext.privileged");
        (one.is_privileged()).then(|| Found::new([one.because(&field, "true")]))
    });
}
