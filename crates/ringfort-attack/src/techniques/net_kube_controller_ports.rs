//! `net-kube-controller-ports`: The ports of scheduler and controller manager show metrics and profiles to whoever reaches them, if they let paths in without a login.

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
    id: "net-kube-controller-ports",
    title: "read metrics of the control plane",
    zone: Zone::InCluster,
    attack: &["T1613"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "The ports of scheduler and controller manager show metrics and profiles to whoever reaches them, if they let paths in without a login.",
        when: "A scheduler or controller manager in a pod of kube-system that binds another address than the loopback and lets /metrics or everything in by --authorization-always-allow-paths.",
        not: "The default of kubeadm: bound to 127.0.0.1, and /healthz alone without a login.",
        controls: "A policy that keeps pods from the nodes.",
        cut: "Bind the loopback; keep the default paths.",
        upstream: "kubernetes/kubernetes cmd/kube-scheduler, cmd/kube-controller-manager: secure serving options",
    },
    find,
};

const PROGRAMS: [(&str, u16); 2] = [("kube-scheduler", 10259), ("kube-controller-manager", 10257)];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units_in("kube-system").filter(|(_, unit)| !unit.latent) {
        for (index, container) in unit.spec.containers.iter().enumerate() {
            let words: Vec<&str> =
                container.command.iter().chain(container.args.iter()).map(Str::as_str).collect();
            let Some((name, port)) = PROGRAMS.into_iter().find(|(name, _)| {
                words.first().is_some_and(|word| word.rsplit('/').next() == Some(name))
            }) else {
                continue;
            };
            let value = |flag: &str| {
                words.iter().rev().find_map(|word| word.strip_prefix(flag)?.strip_prefix('='))
            };
            let loopback = matches!(value("--bind-address"), Some("127.0.0.1" | "::1"));
            let paths = value("--authorization-always-allow-paths").unwrap_or_default();
            let open = paths.split(',').any(|path| path == "/*" || path.starts_with("/metrics"));
            if loopback || !open {
                continue;
            }
            let why = Why::PodField {
                unit: at,
                path: Str::from(format!("containers[{index}].command")),
                value: Str::from(format!("--authorization-always-allow-paths={paths}")),
            };
            let to = NodeKey::Outside("recon", Str::new(name));
            let from = draw::pod_network(context, maker, port);
            maker.edge(Draft::new(from, to).because(why));
        }
    }
}
