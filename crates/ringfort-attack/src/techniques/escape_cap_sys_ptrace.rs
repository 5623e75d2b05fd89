//! `escape-cap-sys-ptrace`: With SYS_PTRACE and the host's process ids a process injects code into one of the node's.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-cap-sys-ptrace",
    title: "trace a process of the node",
    zone: Zone::InCluster,
    attack: &["T1611", "T1055.008"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "With SYS_PTRACE and the host's process ids a process injects code into one of the node's.",
        when: "SYS_PTRACE and hostPID.",
        not: "SYS_PTRACE without hostPID.",
        controls: "AppArmor runtime profiles limit tracing.",
        cut: "Drop SYS_PTRACE or hostPID.",
        upstream: "ptrace(2)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        (one.lists("SYS_PTRACE") && one.spec().host_pid == Some(true))
            .then(|| Found::new([one.listed("SYS_PTRACE"), one.because("hostPID", "true")]))
    });
}
