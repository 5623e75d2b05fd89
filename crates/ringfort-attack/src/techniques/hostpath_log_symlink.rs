//! `hostpath-log-symlink`: A container replaces a pod's log file by a symbolic link; the kubelet, as root, returns the file of the node behind it to whoever may read logs.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::escape;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::node::{Files, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "hostpath-log-symlink",
    title: "have the kubelet follow a link in the log folder",
    zone: Zone::InCluster,
    attack: &["T1611", "T1005"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Pss, FixKind::Rbac],
    doc: Doc {
        what: "A container replaces a pod's log file by a symbolic link; the kubelet, as root, returns the file of the node behind it to whoever may read logs.",
        when: "A writable hostPath that covers the folder of pod logs, and get on pods/log for a pod of that node or get on nodes/log.",
        not: "The mount without anybody who reads logs; a read-only mount; a folder of the application below /var/log.",
        controls: "",
        cut: "Mount the folder read-only, or the one folder that is needed.",
        upstream: "kubernetes/kubernetes pkg/kubelet/kuberuntime/logs/logs.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut places = BTreeSet::new();
    for found in escape::containers(context) {
        let mut mounts = found.one.mounts();
        mounts.retain(|mount| !mount.read_only && escape::holds_pod_logs(&mount.path));
        if mounts.is_empty() {
            continue;
        }
        let place = found.place;
        let text = Str::new(context.place_name(place));
        let writes = NodeKey::Conjunct(TECHNIQUE.id, text.clone());
        let all = NodeKey::And(TECHNIQUE.id, text);
        for mount in mounts {
            let draft = Draft::new(found.node(), writes.clone()).because(mount.why());
            let draft = draft.because(Why::RunsOn { unit: found.at(), node: place });
            maker.edge(found.controlled(draft));
        }
        maker.structure(writes, all.clone(), []);
        maker.structure(NodeKey::LogReader(place), all.clone(), []);
        maker.structure(all, NodeKey::NodeFiles(place, Files::All), []);
        places.insert(place);
    }
    if places.is_empty() {
        return;
    }
    let ask = Ask::named(&["get"], "", "pods/log");
    draw::power(context, maker, &ask, Power::ReadLogs, draw::logs_named);
    let ask = Ask::named(&["get"], "", "nodes/log").cluster();
    draw::power(context, maker, &ask, Power::ReadNodeLogs, draw::log_readers_named);
    let readers = maker.scopes_of(Power::ReadLogs);
    let nodes = maker.scopes_of(Power::ReadNodeLogs);
    for &place in &places {
        for scope in &nodes {
            let from = NodeKey::Power(Power::ReadNodeLogs, scope.clone());
            maker.structure(from, NodeKey::LogReader(place), []);
        }
        for scope in &readers {
            let runs_there = |unit: &&ringfort_model::Unit| match place {
                Some(node) => unit.nodes.contains(&node),
                None => unit.from_template,
            };
            let reads = match scope {
                Scope::Cluster => true,
                Scope::Namespace(namespace) => {
                    context.units_in(namespace).any(|(_, unit)| runs_there(&unit))
                }
            };
            if reads {
                let from = NodeKey::Power(Power::ReadLogs, scope.clone());
                maker.structure(from, NodeKey::LogReader(place), []);
            }
        }
    }
}
