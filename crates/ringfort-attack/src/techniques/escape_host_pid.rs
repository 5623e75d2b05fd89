//! `escape-host-pid`: With the host's process ids, a process that may trace or enter others takes over one of the node's.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-host-pid",
    title: "reach the node through its processes",
    zone: Zone::InCluster,
    attack: &["T1611", "T1552"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "With the host's process ids, a process that may trace or enter others takes over one of the node's.",
        when: "hostPID with privileged, SYS_PTRACE, or root with SYS_ADMIN.",
        not: "hostPID without capabilities: a list of processes only.",
        controls: "AppArmor runtime profiles limit tracing.",
        cut: "Set hostPID to false.",
        upstream: "kubernetes/kubernetes pkg/kubelet/kuberuntime/security_context.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let power = ["SYS_PTRACE", "SYS_ADMIN"].into_iter().find(|cap| one.can(cap))?;
        one.spec().host_pid.filter(|on| *on)?;
        let by = if one.is_privileged() {
            one.because(&one.field("securityContext.privileged"), "true")
        } else {
            one.because(&one.field("securityContext.capabilities.add"), power)
        };
        Some(Found::new([one.because("hostPID", "true"), by]))
    });
}
