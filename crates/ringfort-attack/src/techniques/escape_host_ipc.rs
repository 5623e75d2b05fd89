//! `escape-host-ipc`: A container in the host's IPC namespace reads and writes the shared memory of processes with its user id that are in it too.

use crate::context::Context;
use crate::escape;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_isolation::{Uid, uid};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-host-ipc",
    title: "read shared memory of the node",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Pss],
    doc: Doc {
        what: "A container in the host's IPC namespace reads and writes the shared memory of processes with its user id that are in it too.",
        when: "hostIPC; it reaches containers on the node that set hostIPC as well and run as the same user, and every user as root.",
        not: "hostIPC alone never gives the node; pods without hostIPC.",
        controls: "",
        cut: "Unset hostIPC.",
        upstream: "ipc_namespaces(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let sharing: Vec<_> = escape::containers(context)
        .filter(|found| found.one.spec().host_ipc == Some(true))
        .collect();
    for found in &sharing {
        let why = found.one.because("hostIPC", "true");
        let own = uid(found.one.spec(), found.one.container());
        let draft = Draft::new(found.node(), NodeKey::SharedMemory(found.place));
        maker.edge(found.controlled(draft.because(why.clone())));
        for other in &sharing {
            let its = uid(other.one.spec(), other.one.container());
            let same = own.may_be_root() || (own == its && matches!(own, Uid::Known(_)));
            if other.place == found.place && other.at() != found.at() && same {
                let draft = Draft::new(found.node(), other.node()).because(why.clone());
                let there = Why::RunsOn { unit: other.at(), node: other.place };
                maker.edge(found.controlled(draft.because(there)));
            }
        }
    }
}
