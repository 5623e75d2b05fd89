//! `hostpath-write-exec`: A writable directory of the node lets the container change programs, units or credentials that the node uses.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "hostpath-write-exec",
    title: "write a file that the node will run",
    zone: Zone::InCluster,
    attack: &["T1611", "MS-TA9013"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A writable directory of the node lets the container change programs, units or credentials that the node uses.",
        when: "A writable mount of a hostPath that covers a place from which the node runs code, or what users of the node log in with (/home, keys of SSH and profiles below it).",
        not: "A data directory such as /var/log/app; a read-only mount; devices below /dev, which the device cgroup refuses to open unless the container is privileged.",
        controls: "A process that is not root is limited by file modes; a user namespace to world-writable files.",
        cut: "Remove the volume, or mount it read-only.",
        upstream: "kubernetes/kubernetes pkg/volume/hostpath/host_path.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let root = one.may_be_root();
        let mounts = one.mounts().into_iter();
        let found = mounts.filter(|mount| !mount.read_only && escape::runs_code(&mount.path));
        let found = found.map(|mount| {
            let found = Found::new([mount.why()]);
            if root {
                found
            } else {
                found.weakened("the process is not root: file modes limit it")
            }
        });
        found.collect::<Vec<_>>()
    });
}
