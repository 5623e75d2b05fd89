//! `hostpath-data`: A container mounts the folder of the node in which another workload keeps its data.

use crate::context::Context;
use crate::escape;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::record::Node;
use ringfort_model::{Id, Str};
use std::collections::{BTreeMap, BTreeSet};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "hostpath-data",
    title: "read another workload's data on the node",
    zone: Zone::InCluster,
    attack: &["T1530"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A container mounts the folder of the node in which another workload keeps its data.",
        when: "A hostPath, or a claim on a folder of the node, that covers, equals or lies in a path which a pod of another owner mounts from the same node.",
        not: "A folder that only the same workload mounts; paths that give the node itself or its credentials are other rows.",
        controls: "A read-only mount leaves reading only.",
        cut: "Remove the mount, or give the workloads nodes of their own.",
        upstream: "kubernetes/api core/v1 HostPathVolumeSource",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    // For each node the paths that pods mount, with the owner of each.
    let mut users: BTreeMap<(Option<Id<Node>>, String), BTreeSet<u32>> = BTreeMap::new();
    let containers: Vec<_> = escape::containers(context).collect();
    for found in &containers {
        for mount in found.one.mounts() {
            if escape::is_data(&mount.path) {
                users.entry((found.place, mount.path)).or_default().insert(found.at());
            }
        }
    }
    let owner = |unit: u32| {
        let unit = &context.units[unit as usize];
        (&unit.namespace, &unit.owner, unit.owner.is_none().then_some(unit.pods.first()))
    };
    for found in &containers {
        for mount in found.one.mounts() {
            // Only paths of this node that cover the mount or lie below it are compared.
            let below = (found.place, mount.path.clone())..;
            let here = users
                .range(below)
                .take_while(|((place, path), _)| {
                    *place == found.place && escape::covers(&mount.path, path)
                })
                .chain(above(&users, found.place, &mount.path));
            for ((place, path), units) in here {
                if !units.iter().any(|&unit| owner(unit) != owner(found.at())) {
                    continue;
                }
                let to = NodeKey::HostData(*place, Str::new(path));
                let draft = Draft::new(found.node(), to)
                    .because(mount.why())
                    .because(Why::RunsOn { unit: found.at(), node: found.place });
                let draft = if mount.read_only { draft.noted("read only") } else { draft };
                maker.edge(found.controlled(draft));
            }
        }
    }
}

type Users = BTreeMap<(Option<Id<Node>>, String), BTreeSet<u32>>;

/// Entries of the folders above a path.
fn above<'u>(
    users: &'u Users,
    place: Option<Id<Node>>,
    path: &str,
) -> impl Iterator<Item = (&'u (Option<Id<Node>>, String), &'u BTreeSet<u32>)> {
    let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    let folders: Vec<String> = ends.map(|at| path[..at].to_owned()).collect();
    folders.into_iter().filter_map(move |folder| users.get_key_value(&(place, folder)))
}
