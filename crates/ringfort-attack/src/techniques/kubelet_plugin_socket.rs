//! `kubelet-plugin-socket`: A container that writes in the kubelet's plug-in folders registers a driver of its own, which decides paths and devices of other pods.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "kubelet-plugin-socket",
    title: "register a plug-in with the kubelet",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Pss],
    doc: Doc {
        what: "A container that writes in the kubelet's plug-in folders registers a driver of its own, which decides paths and devices of other pods.",
        when: "A writable hostPath that covers the folder of plug-ins or of device plug-ins.",
        not: "A read-only mount of the folder.",
        controls: "",
        cut: "Mount the folder of the one driver only.",
        upstream: "kubernetes/kubernetes pkg/kubelet/pluginmanager",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let mounts = one.mounts().into_iter();
        let found = mounts.filter(|mount| !mount.read_only && escape::holds_plugins(&mount.path));
        let root = one.may_be_root();
        let found = found.map(move |mount| {
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
