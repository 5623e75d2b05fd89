//! `core-pattern`: A root process that can write the kernel's core pattern has a program of its choice started on the node.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "core-pattern",
    title: "make the kernel start a program on a crash",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A root process that can write the kernel's core pattern has a program of its choice started on the node.",
        when: "procMount Unmasked in the host user namespace, a writable hostPath on /proc, or privileged.",
        not: "procMount Unmasked in an effective user namespace.",
        controls: "An effective user namespace removes it.",
        cut: "Remove procMount or the mount.",
        upstream: "core(5)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let context = one.container().security_context.as_ref();
        let unmasked =
            context.and_then(|c| c.proc_mount.as_ref()).is_some_and(|p| *p == *"Unmasked");
        if !one.may_be_root() {
            return Vec::new();
        }
        let mut all = Vec::new();
        if unmasked && one.spec().host_users != Some(false) {
            let why = one.because(&one.field("securityContext.procMount"), "Unmasked");
            all.push(Found::new([why]));
        }
        let mounts = one.mounts().into_iter().filter(|mount| {
            !mount.read_only
                && ["/proc", "/proc/sys", "/proc/sys/kernel"].contains(&mount.path.as_str())
        });
        all.extend(mounts.map(|mount| Found::new([mount.why()])));
        all
    });
}
