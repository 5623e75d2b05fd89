//! `mesh-uid-bypass`: The rules that redirect a pod's traffic to its mesh proxy leave out the proxy's own uid; a container that runs as that uid speaks past the mesh, its identity checks and its policies.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_isolation::{Uid, uid, uid_field};
use ringfort_model::{ContainerKind, Str};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "mesh-uid-bypass",
    title: "send traffic past the mesh",
    zone: Zone::InCluster,
    attack: &["T1562"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Admission, FixKind::Netpol],
    doc: Doc {
        what: "The rules that redirect a pod's traffic to its mesh proxy leave out the proxy's own uid; a container that runs as that uid speaks past the mesh, its identity checks and its policies.",
        when: "A pod with a redirecting side-car (istio-proxy, linkerd-proxy) in which another container is set to the proxy's uid.",
        not: "A pod without a side-car, as in a mesh that is enforced outside the pod; another uid; a uid that the image decides.",
        controls: "NetworkPolicy of the network plug-in still applies.",
        cut: "Refuse the proxy's uid for other containers at admission.",
        upstream: "istio/istio tools/istio-iptables: --proxy-uid; linkerd/linkerd2-proxy-init",
    },
    find,
};

/// Side-cars, with the uid that their injectors give them.
const PROXIES: [(&str, i64); 2] = [("istio-proxy", 1337), ("linkerd-proxy", 2102)];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        let proxy = unit.spec.all_containers().find_map(|(_, _, container)| {
            let (_, default) = PROXIES.iter().find(|(name, _)| container.name == *name)?;
            match uid(&unit.spec, container) {
                Uid::Known(own) => Some((&container.name, own)),
                Uid::NonRoot | Uid::AssumedRoot => Some((&container.name, *default)),
            }
        });
        let Some((proxy, own)) = proxy else { continue };
        for (kind, index, container) in unit.spec.all_containers() {
            let bypasses = container.name != *proxy
                && kind != ContainerKind::Init
                && uid(&unit.spec, container) == Uid::Known(own);
            if !bypasses {
                continue;
            }
            for place in context.places(at as u32) {
                let from = NodeKey::Container(at as u32, place, kind, index as u32);
                let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
                let why = Why::PodField {
                    unit: at as u32,
                    path: Str::from(uid_field(&unit.spec, container)),
                    value: Str::from(own.to_string()),
                };
                let to = NodeKey::Outside("past-mesh", Str::from(shown));
                maker.edge(Draft::new(from, to).because(why));
            }
        }
    }
}
