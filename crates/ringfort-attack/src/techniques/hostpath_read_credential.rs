//! `hostpath-read-credential`: A readable directory of the node shows the kubelet's credentials and the tokens of its pods.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "hostpath-read-credential",
    title: "read credentials of the node",
    zone: Zone::InCluster,
    attack: &["T1552.001"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A readable directory of the node shows the kubelet's credentials and the tokens of its pods.",
        when: "A mount, read-only or not, of a hostPath that covers the kubelet's directory, /etc/kubernetes (with the cloud provider's configuration), the administrator's kubeconfig or the agent's keys of k3s and RKE2, keys of SSH (of the host, of root or of users below /home), or the root.",
        not: "/etc/localtime; /etc/ssl/certs; other folders of users, such as /home/ann/data.",
        controls: "A process that is not root is limited by file modes.",
        cut: "Remove the volume.",
        upstream: "kubernetes/kubernetes pkg/volume/hostpath/host_path.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let mut all = Vec::new();
        for mount in one.mounts() {
            for files in escape::credentials(&mount.path) {
                let found = Found::new([mount.why()]).files(files);
                all.push(if one.may_be_root() {
                    found
                } else {
                    found.weakened("the process is not root: file modes limit it")
                });
            }
        }
        all
    });
}
