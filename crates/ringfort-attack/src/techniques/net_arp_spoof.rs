//! `net-arp-spoof`: A container with raw sockets answers for the addresses of its neighbours on a bridge that they share, and reads or changes their traffic.

use crate::context::Context;
use crate::escape;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_network::policy::Agent;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-arp-spoof",
    title: "answer for other pods of the node",
    zone: Zone::InCluster,
    attack: &["T1557", "MS-TA9036"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Pss, FixKind::Netpol],
    doc: Doc {
        what: "A container with raw sockets answers for the addresses of its neighbours on a bridge that they share, and reads or changes their traffic.",
        when: "NET_RAW held by root, in a pod of its own network, where the network shares a bridge (flannel, kindnet). With a network that is not known the edge is unknown and no path passes it unless the fact is assumed.",
        not: "NET_RAW dropped; Calico, Cilium and others that route each pod, and answer for addresses themselves.",
        controls: "A network that filters spoofed addresses.",
        cut: "Drop NET_RAW.",
        upstream: "flannel-io/flannel Documentation/backends.md: cni0 bridge; projectcalico: no layer 2 between pods",
    },
    find,
};

/// Networks whose pods of one node share a bridge.
const BRIDGED: [&str; 1] = ["flannel"];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let agents: Vec<&Agent> = context.network.enforcement().agents().iter().collect();
    let bridged = agents.iter().all(|agent| BRIDGED.contains(&agent.cni)) && !agents.is_empty();
    if !bridged && !agents.is_empty() {
        return;
    }
    let mut rest = Vec::new();
    let mut to_any = None;
    for found in escape::containers(context) {
        if found.one.spec().host_network == Some(true) || !found.one.can("NET_RAW") {
            continue;
        }
        let why = found.one.because(&found.one.field("securityContext.capabilities"), "NET_RAW");
        let to = NodeKey::Outside("traffic", "beside-pods".into());
        let draft = Draft::new(found.node(), to.clone()).because(why);
        if bridged {
            maker.edge(draft);
        } else {
            to_any = Some(to);
            rest.push(draft);
        }
    }
    if let Some(to) = to_any {
        maker.assuming("whether the network of the pods shares a bridge", rest, to);
    }
}
