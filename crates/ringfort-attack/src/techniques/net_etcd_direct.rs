//! `net-etcd-direct`: A pod that reaches the client port of etcd reads and writes every object if etcd asks for no certificate.

use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::network;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::{Container, Str, go_bool};

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
        when: "An etcd that runs in a pod of kube-system, asks no certificate of clients (neither --client-cert-auth nor --trusted-ca-file, or an http address) and listens on more than the loopback address, and pods that reach its node; where it listens there alone, which is the default, pods in the network of its node. Where no etcd is seen, or a file holds its settings, they are a fact that no object shows, and no path passes the edge unless it is assumed.",
        not: "An etcd that asks for a certificate whose key is not held; one that listens on the loopback address, from pods with a network of their own.",
        controls: "A policy that keeps pods from the nodes.",
        cut: "Set --client-cert-auth and --trusted-ca-file.",
        upstream: "etcd.io: transport security model",
    },
    find,
};

const PORT: u16 = 2379;
const CLIENT_CERT_AUTH: &str = "client-cert-auth";
const AUTH_VARIABLE: &str = "ETCD_CLIENT_CERT_AUTH";
const CA_VARIABLE: &str = "ETCD_TRUSTED_CA_FILE";
const URLS_VARIABLE: &str = "ETCD_LISTEN_CLIENT_URLS";
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
            let Some(open) = open(&words, container) else {
                unknown = true;
                continue;
            };
            let host = unit.spec.host_network == Some(true);
            let from: Vec<NodeKey> = match (open, host) {
                (Open::Outside, true) => vec![draw::pod_network(context, maker, PORT)],
                (Open::Outside, false) => vec![NodeKey::Listener(at)],
                (Open::Loopback, true) => {
                    unit.nodes.iter().map(|&node| network::on_node(context, node)).collect()
                }
                // The loopback address of a pod is its own.
                (Open::Loopback, false) | (Open::Nowhere, _) => Vec::new(),
            };
            let why = Why::PodField {
                unit: at,
                path: Str::from(format!("containers[{index}].command")),
                value: "clients need no certificate".into(),
            };
            for from in from.into_iter().filter(|from| maker.has(from)).collect::<Vec<_>>() {
                maker.edge(Draft::new(from, to.clone()).because(why.clone()));
            }
        }
    }
    if !seen || unknown {
        let from = [Draft::new(draw::pod_network(context, maker, PORT), to.clone())];
        maker.assuming(FACT, from, to);
    }
}

/// Where etcd answers clients without a certificate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Open {
    Nowhere,
    Loopback,
    Outside,
}

/// What arguments and variables say (etcd.io: configuration options); `None` where a file, an
/// object that is not followed or a word that is no such value says it.
fn open(words: &[&str], container: &Container) -> Option<Open> {
    // The last of repeated flags holds; a list may stand in the next word, a switch alone is on.
    let flag = |name: &str| -> Option<Option<&str>> {
        words.iter().enumerate().rev().find_map(|(at, word)| {
            let rest = word.strip_prefix('-')?.trim_start_matches('-').strip_prefix(name)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(Some(value)),
                None if rest.is_empty() => Some(words.get(at + 1).copied().filter(|_| {
                    // Go's flags take the next word unless they are switches.
                    name != CLIENT_CERT_AUTH
                })),
                None => None,
            }
        })
    };
    let variable = |name: &str| container.env.iter().rev().find(|one| one.name == *name);
    let unread = |name: &str| {
        let variable = variable(name);
        variable.is_some_and(|one| one.value.as_ref().is_none_or(|text| text.contains("$(")))
    };
    let elsewhere = flag("config-file").is_some()
        || variable("ETCD_CONFIG_FILE").is_some()
        || !container.env_from.is_empty()
        || [AUTH_VARIABLE, CA_VARIABLE, URLS_VARIABLE].into_iter().any(unread);
    if elsewhere {
        return None;
    }
    // An empty variable counts as none.
    let set = |name: &str| {
        let value = variable(name).and_then(|one| one.value.as_ref());
        value.map(Str::as_str).filter(|text| !text.is_empty())
    };
    let switch = match flag(CLIENT_CERT_AUTH) {
        Some(given) => Some(given.unwrap_or("true")),
        None => set(AUTH_VARIABLE),
    };
    let auth = match switch {
        None => false,
        Some(text) => go_bool(text)?,
    };
    let authority = flag("trusted-ca-file").flatten().or_else(|| set(CA_VARIABLE));
    let asks = auth || authority.is_some_and(|path| !path.is_empty());
    let urls = flag("listen-client-urls").flatten().or_else(|| set(URLS_VARIABLE));
    let urls = urls.unwrap_or("http://localhost:2379");
    if urls.contains("$(") {
        return None;
    }
    let found = urls.split(',').map(|url| {
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url));
        let local = ["127.", "localhost", "[::1]"].iter().any(|start| rest.starts_with(start));
        match scheme {
            "unix" | "unixs" => Open::Nowhere,
            // Without TLS nobody is asked, whatever the other settings say.
            "https" if asks => Open::Nowhere,
            _ if local => Open::Loopback,
            _ => Open::Outside,
        }
    });
    Some(found.max().unwrap_or(Open::Nowhere))
}
