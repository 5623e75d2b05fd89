//! `escape-cap-sys-admin`: A root process with SYS_ADMIN reaches beyond its container.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-cap-sys-admin",
    title: "leave the container by mounting the node's devices",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A root process with SYS_ADMIN reaches beyond its container.",
        when: "The container lists SYS_ADMIN among its capabilities and is root, privileged beside it or not.",
        not: "SYS_ADMIN asked for by a process that is not root: it holds nothing.",
        controls: "An effective user namespace or sandbox runtime removes it.",
        cut: "Drop SYS_ADMIN.",
        upstream: "capabilities(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        one.lists("SYS_ADMIN").then(|| Found::new([one.listed("SYS_ADMIN")]))
    });
}
