//! `escape-cap-sys-rawio`: A root process with raw input and output writes the kernel's memory or a disk through a device of the node.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-cap-sys-rawio",
    title: "write the memory of the node through a device",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Pss],
    doc: Doc {
        what: "A root process with raw input and output writes the kernel's memory or a disk through a device of the node.",
        when: "SYS_RAWIO held by root and a mounted device of the node.",
        not: "SYS_RAWIO without a device in the container.",
        controls: "An effective user namespace or sandbox removes it.",
        cut: "Drop SYS_RAWIO or the device.",
        upstream: "capabilities(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let devices = one.mounts().into_iter().filter(|mount| escape::is_device(&mount.path));
        let given = one.gives("SYS_RAWIO");
        let of = |device: escape::Mount| {
            given.iter().map(move |why| Found::new([device.why(), why.clone()])).collect::<Vec<_>>()
        };
        devices.flat_map(of).collect::<Vec<_>>()
    });
}
