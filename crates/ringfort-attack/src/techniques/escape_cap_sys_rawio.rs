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
        when: "SYS_RAWIO held by root where every device is allowed, which only privileged gives.",
        not: "SYS_RAWIO without privileged, with a device of the node mounted too: the device cgroup refuses to open it.",
        controls: "An effective user namespace or sandbox removes it.",
        cut: "Unset privileged.",
        upstream: "opencontainers/runc libcontainer/specconv/spec_linux.go AllowedDevices; capabilities(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        // Privileged gives the capability along with the devices, so that no other field counts.
        (one.is_privileged() && one.can("SYS_RAWIO"))
            .then(|| Found::new([one.because(&one.field("securityContext.privileged"), "true")]))
    });
}
