//! `runtime-socket`: Who writes to the container runtime's socket starts any container on the node.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "runtime-socket",
    title: "start a container through the runtime's socket",
    zone: Zone::InCluster,
    attack: &["T1610", "T1611", "MS-TA9013"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "Who writes to the container runtime's socket starts any container on the node.",
        when: "A mount of a runtime socket or of a directory that holds it; a read-only mount does not help.",
        not: "A socket of an application with a similar name.",
        controls: "A process whose uid may not open the socket is limited.",
        cut: "Remove the volume.",
        upstream: "kubernetes/kubernetes pkg/volume/hostpath/host_path.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let root = one.may_be_root();
        let mounts = one.mounts().into_iter();
        let found = mounts.filter(|mount| escape::holds_socket(&mount.path)).map(|mount| {
            let found = Found::new([mount.why()]);
            if root {
                found
            } else {
                found.weakened("the process is not root: the socket's owner limits it")
            }
        });
        found.collect::<Vec<_>>()
    });
}
