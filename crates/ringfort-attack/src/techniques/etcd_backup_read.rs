//! `etcd-backup-read`: A snapshot of etcd holds every Secret of the cluster, unless they are encrypted with a key that lies elsewhere.

use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::{Str, VolumeSource};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "etcd-backup-read",
    title: "read the Secrets in a backup of etcd",
    zone: Zone::Impact,
    attack: &["T1530"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Cloud],
    doc: Doc {
        what: "A snapshot of etcd holds every Secret of the cluster, unless they are encrypted with a key that lies elsewhere.",
        when: "A container runs etcdctl or etcdutl snapshot save and mounts the claim or folder that the file is written to.",
        not: "A claim that no such command writes to.",
        controls: "Encryption at rest with a key outside of the snapshot weakens it; its configuration is a file of the control plane.",
        cut: "Keep snapshots where the cluster's identities do not reach them, encrypted.",
        upstream: "etcd documentation: disaster recovery",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        for (kind, index, container) in unit.spec.all_containers() {
            let words: Vec<&str> = container
                .command
                .iter()
                .chain(container.args.iter())
                .flat_map(|word| word.split_whitespace())
                .collect();
            let saves =
                words.iter().any(|word| word.ends_with("etcdctl") || word.ends_with("etcdutl"));
            let file = words
                .windows(3)
                .find(|three| three[0] == "snapshot" && three[1] == "save")
                .map(|three| three[2]);
            let Some(file) = file.filter(|_| saves) else { continue };
            let mount = container
                .volume_mounts
                .iter()
                .filter(|mount| file.starts_with(mount.mount_path.as_str()))
                .max_by_key(|mount| mount.mount_path.len());
            let Some(mount) = mount else { continue };
            let source = unit.spec.volume(&mount.name).and_then(|v| v.source.as_ref());
            let from = match source {
                Some(VolumeSource::PersistentVolumeClaim(claim)) => {
                    vec![NodeKey::Claim(unit.namespace.clone(), claim.claim_name.clone())]
                }
                Some(VolumeSource::HostPath(path)) => context
                    .places(at as u32)
                    .into_iter()
                    .map(|place| NodeKey::HostData(place, path.path.clone()))
                    .collect(),
                _ => continue,
            };
            let why = Why::PodField {
                unit: at as u32,
                path: Str::from(format!("{}[{index}].command", kind.field())),
                value: Str::from(format!("snapshot save {file}")),
            };
            for from in from {
                let to = NodeKey::Impact(Impact::AllSecrets);
                let draft = Draft::new(from, to).because(why.clone());
                maker.edge(draft.unverified("encryption at rest, if its key lies elsewhere"));
            }
        }
    }
}
