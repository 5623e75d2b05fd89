//! `escape-cap-bpf`: A process that loads tracing programs into the kernel reads and changes the memory of processes of the node.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-cap-bpf",
    title: "read and change processes of the node with BPF",
    zone: Zone::InCluster,
    attack: &["T1611", "T1014"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Pss],
    doc: Doc {
        what: "A process that loads tracing programs into the kernel reads and changes the memory of processes of the node.",
        when: "BPF and PERFMON held by root, without SYS_ADMIN (a technique of its own).",
        not: "BPF alone.",
        controls: "An effective user namespace removes it.",
        cut: "Drop BPF or PERFMON.",
        upstream: "capabilities(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        (one.lists("BPF") && one.lists("PERFMON"))
            .then(|| Found::new([one.listed("BPF"), one.listed("PERFMON")]))
    });
}
