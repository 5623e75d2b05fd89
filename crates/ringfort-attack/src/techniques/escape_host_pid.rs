//! `escape-host-pid`: With the host's process ids, a process that may trace or enter others takes over one of the node's.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::{Draft, Maker};
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_isolation::{DEFAULTS, Uid, capabilities, uid};
use ringfort_model::{Container, PodSpec, Str};
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-host-pid",
    title: "reach the node through its processes",
    zone: Zone::InCluster,
    attack: &["T1611", "T1552"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "With the host's process ids, a process that may trace or enter others takes over one of the node's.",
        when: "hostPID with privileged, SYS_PTRACE, or root with SYS_ADMIN. Root without any of them reads the environment and files of root processes that hold no more capabilities than it does (several steps).",
        not: "hostPID as another user without capabilities: a list of processes only.",
        controls: "AppArmor runtime profiles limit tracing.",
        cut: "Set hostPID to false.",
        upstream: "kubernetes/kubernetes pkg/kubelet/kuberuntime/security_context.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let shared = one.spec().host_pid == Some(true);
        let powers = ["SYS_PTRACE", "SYS_ADMIN"].into_iter().filter(|_| shared);
        let mut given: Vec<Why> = powers.flat_map(|power| one.gives(power)).collect();
        // Privileged gives both.
        given.sort();
        given.dedup();
        let of = |why| Found::new([one.because("hostPID", "true"), why]);
        given.into_iter().map(of).collect::<Vec<_>>()
    });
    neighbours(context, maker);
}

/// Without more capabilities than its neighbours, a root process still reads the environment and
/// files of those that are root too and hold no more than it does.
fn neighbours(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut seen = BTreeSet::new();
    for found in escape::containers(context) {
        let one = &found.one;
        if one.spec().host_pid != Some(true) {
            continue;
        }
        // What a privileged container could without that is told too.
        let Some(held) = plain_set(&one.unprivileged()) else { continue };
        if !is_root(one.spec(), one.container()) {
            continue;
        }
        let text = Str::from(format!("root with {held}"));
        let to = NodeKey::Processes(found.place, text);
        let why = one.because("hostPID", "true");
        let draft = Draft::new(found.node(), to.clone()).because(why);
        let draft = draft.because(Why::RunsOn { unit: found.at(), node: found.place });
        maker.edge(found.controlled(draft.difficulty(Difficulty::D2)));
        if !seen.insert(to.clone()) {
            continue;
        }
        for (at, unit) in context.units.iter().enumerate() {
            let there = match found.place {
                Some(node) => unit.nodes.contains(&node),
                None => unit.from_template && !unit.latent,
            };
            if !there {
                continue;
            }
            for (kind, index, other) in unit.spec.all_containers() {
                let fits =
                    is_root(&unit.spec, other) && plain_set(other).is_some_and(|its| its <= held);
                if fits {
                    let place = found.place.filter(|_| context.placed[at]);
                    let container = NodeKey::Container(at as u32, place, kind, index as u32);
                    let why = Why::RunsOn { unit: at as u32, node: found.place };
                    maker.structure(to.clone(), container, [why]);
                }
            }
        }
    }
}

/// Root, or left to an image that nothing keeps from being root.
fn is_root(spec: &PodSpec, container: &Container) -> bool {
    matches!(uid(spec, container), Uid::Known(0) | Uid::AssumedRoot)
}

/// `none` below `default`: the two sets that are compared. A container that adds capabilities,
/// or drops only some, is in neither.
fn plain_set(container: &Container) -> Option<Held> {
    let caps = capabilities(container);
    let names: Vec<&Str> = caps.names()?.collect();
    if names.is_empty() {
        return Some(Held::None);
    }
    let default = names.len() == DEFAULTS.len() && DEFAULTS.iter().all(|name| caps.has(name));
    default.then_some(Held::Default)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    None,
    Default,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "no capabilities",
            Self::Default => "default capabilities",
        })
    }
}
