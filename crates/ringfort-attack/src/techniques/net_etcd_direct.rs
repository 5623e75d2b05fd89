//! `net-etcd-direct`: A pod that reaches the client port of etcd reads and writes every object if etcd asks for no certificate.

use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::network;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::{Container, Str};

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
        when: "An etcd that runs in a pod of kube-system without --client-cert-auth and listens on more than the loopback address, and pods that reach its node; where it listens there alone, which is the default, pods in the network of its node. Where no etcd is seen, or a file holds its settings, they are a fact that no object shows, and no path passes the edge unless it is assumed.",
        not: "An etcd with --client-cert-auth whose key is not held; one that listens on the loopback address, from pods with a network of their own.",
        controls: "A policy that keeps pods from the nodes.",
        cut: "Set --client-cert-auth and --trusted-ca-file.",
        upstream: "etcd.io: transport security model",
    },
    find,
};

const PORT: u16 = 2379;
const FACT: &str = "whether etcd asks for a client certificate";

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = NodeKey::ControlPlane;
    let mut seen = false;
    let mut unknown = false;
    for (at, unit) in context.units_in("kube-system").filter(|(_, unit)| !unit.latent) {
        for (index, container) in unit.spec.containers.iter().enumerate() {
            let words: Vec<&str> =
                container.command.iter().chain(container.args.iter()).map(Str::as_str).collect();
            if !words.first().is_some_and(|word| *word == "etcd" || word.ends_with("/etcd")) {
                continue;
            }
            seen = true;
            let set = Settings::of(&words, container);
            if set.elsewhere {
                unknown = true;
                continue;
            }
            if set.asks {
                continue;
            }
            let why = Why::PodField {
                unit: at,
                path: Str::from(format!("containers[{index}].command")),
                value: "no --client-cert-auth".into(),
            };
            let from = match set.listens_outside {
                true => vec![draw::pod_network(context, maker, PORT)],
                false => unit.nodes.iter().map(|&node| network::on_node(context, node)).collect(),
            };
            for from in from {
                if maker.has(&from) {
                    maker.edge(Draft::new(from, to.clone()).because(why.clone()));
                }
            }
        }
    }
    if !seen || unknown {
        let from = [Draft::new(draw::pod_network(context, maker, PORT), to.clone())];
        maker.assuming(FACT, from, to);
    }
}

/// What etcd's arguments and variables say (etcd.io: configuration options).
struct Settings {
    /// Clients need a certificate.
    asks: bool,
    /// It listens on more than the loopback address, which is its default.
    listens_outside: bool,
    /// A file or an object that was not followed says the rest.
    elsewhere: bool,
}

impl Settings {
    fn of(words: &[&str], container: &Container) -> Self {
        let value = |flag: &str, variable: &str| -> Option<&str> {
            let given = words.iter().enumerate().find_map(|(at, word)| {
                let rest = word.trim_start_matches('-').strip_prefix(flag)?;
                match rest.strip_prefix('=') {
                    Some(value) => Some(value),
                    // A switch may stand alone; a list stands in the next word.
                    None if rest.is_empty() => words.get(at + 1).copied().or(Some("")),
                    None => None,
                }
            });
            let set = container.env.iter().find(|one| one.name == *variable);
            given.or_else(|| set.and_then(|one| one.value.as_ref()).map(Str::as_str))
        };
        let asks = value("client-cert-auth", "ETCD_CLIENT_CERT_AUTH");
        let outside = |urls: &str| {
            urls.split(',').any(|url| {
                let host = url.split_once("://").map_or(url, |(_, rest)| rest);
                let local = ["127.", "localhost", "[::1]", "unix"];
                !host.is_empty() && !local.iter().any(|start| host.starts_with(start))
            })
        };
        let unread = |name: &str| {
            let mut of = container.env.iter().filter(|one| one.name == *name);
            of.any(|one| one.value.is_none())
        };
        let hidden = ["ETCD_CLIENT_CERT_AUTH", "ETCD_LISTEN_CLIENT_URLS"].into_iter().any(unread);
        Self {
            asks: asks.is_some_and(|text| text != "false"),
            listens_outside: value("listen-client-urls", "ETCD_LISTEN_CLIENT_URLS")
                .is_some_and(outside),
            elsewhere: hidden || value("config-file", "ETCD_CONFIG_FILE").is_some(),
        }
    }
}
