//! `net-arp-spoof`: A container with raw sockets answers for the addresses of its neighbours on a bridge that they share, and reads or changes their traffic.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_isolation::{CapabilityUse, capability_use};
use ringfort_model::ContainerKind;
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
    for (at, unit) in context.units.iter().enumerate() {
        if unit.latent || unit.spec.host_network == Some(true) {
            continue;
        }
        for (kind, index, container) in unit.spec.all_containers() {
            let held = capability_use(&unit.spec, container, "NET_RAW") == CapabilityUse::AsRoot;
            if !held || kind == ContainerKind::Init {
                continue;
            }
            for place in context.places(at as u32) {
                let why = Why::PodField {
                    unit: at as u32,
                    path: format!("{}[{index}].securityContext.capabilities", kind.field()).into(),
                    value: "NET_RAW".into(),
                };
                let from = NodeKey::Container(at as u32, place, kind, index as u32);
                let to = NodeKey::Outside("traffic", "beside-pods".into());
                let draft = Draft::new(from, to.clone()).because(why);
                if bridged {
                    maker.edge(draft);
                } else {
                    to_any = Some(to);
                    rest.push(draft);
                }
            }
        }
    }
    if let Some(to) = to_any {
        maker.assuming("whether the network of the pods shares a bridge", rest, to);
    }
}
