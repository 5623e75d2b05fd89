//! `escape-cap-mknod-device`: A root process makes a device file of the node's disk and reads and writes it.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-cap-mknod-device",
    title: "make a device file of the node's disk",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Pss],
    doc: Doc {
        what: "A root process makes a device file of the node's disk and reads and writes it.",
        when: "MKNOD held by root where every device is allowed, which only privileged gives.",
        not: "MKNOD, a default capability, without privileged.",
        controls: "An effective user namespace or sandbox removes it.",
        cut: "Unset privileged.",
        upstream: "capabilities(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        (one.is_privileged() && one.can("MKNOD"))
            .then(|| Found::new([one.because(&one.field("securityContext.privileged"), "true")]))
    });
}
