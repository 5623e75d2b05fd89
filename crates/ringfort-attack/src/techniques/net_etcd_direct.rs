//! `net-etcd-direct`: A pod that reaches the client port of etcd reads and writes every object if etcd asks for no certificate.

use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-etcd-direct",
    title: "talk to etcd",
    zone: Zone::InCluster,
    attack: &["T1210"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node, FixKind::Netpol],
    doc: Doc {
        what: "A pod that reaches the client port of etcd reads and writes every object if etcd asks for no certificate.",
        when: "An etcd that runs in a pod of kube-system without --client-cert-auth, and pods that reach its node. Where no etcd is seen, its settings are a fact that no object shows, and no path passes the edge unless it is assumed.",
        not: "An etcd with --client-cert-auth whose key is not held.",
        controls: "A policy that keeps pods from the nodes.",
        cut: "Set --client-cert-auth and --trusted-ca-file.",
        upstream: "etcd.io: transport security model",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = NodeKey::ControlPlane;
    let mut seen = false;
    for (at, unit) in context.units_in("kube-system").filter(|(_, unit)| !unit.latent) {
        for (index, container) in unit.spec.containers.iter().enumerate() {
            let words: Vec<&Str> = container.command.iter().chain(container.args.iter()).collect();
            if !words.first().is_some_and(|word| **word == *"etcd" || word.ends_with("/etcd")) {
                continue;
            }
            seen = true;
            let asks = words.iter().any(|word| {
                matches!(word.as_str(), "--client-cert-auth" | "--client-cert-auth=true")
            });
            if asks {
                continue;
            }
            let why = Why::PodField {
                unit: at,
                path: Str::from(format!("containers[{index}].command")),
                value: "no --client-cert-auth".into(),
            };
            let from = draw::pod_network(context, maker, 2379);
            maker.edge(Draft::new(from, to.clone()).because(why));
        }
    }
    if !seen {
        let from = [Draft::new(draw::pod_network(context, maker, 2379), to.clone())];
        maker.assuming("whether etcd asks for a client certificate", from, to);
    }
}
