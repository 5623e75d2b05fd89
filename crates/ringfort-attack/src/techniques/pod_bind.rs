//! `pod-bind`: The identity assigns a pod that no node runs yet to a node that the attacker controls.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_authz::Names;
use ringfort_isolation::Audience;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-bind",
    title: "bind a waiting pod to a node that is held",
    zone: Zone::InCluster,
    attack: &["T1610"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity assigns a pod that no node runs yet to a node that the attacker controls.",
        when: "create on pods/binding or bindings, a pod without a node, and root on some node.",
        not: "A pod that is bound already.",
        controls: "",
        cut: "Drop the verb.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/storage/storage.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut held = context.held(&Ask::named(&["create"], "", "pods/binding"));
    held.extend(context.held(&Ask::unnamed(&["create"], "", "bindings")));
    for one in held {
        let scope: Scope = one.scope(context).clone();
        for namespace in context.namespaces_in(&scope) {
            for (at, unit) in context.units_in(namespace) {
                if unit.from_template || !unit.nodes.is_empty() {
                    continue;
                }
                // The request carries the pod's name, that of one of several that are equal.
                let mut names =
                    unit.pods.iter().map(|&pod| &context.cluster.pods[pod].metadata.name);
                let Some(name) = names.find(|name| one.names.allow(name)) else { continue };
                let token = context.tokens(at).iter().any(|container| {
                    container.files.iter().any(|file| file.audience == Audience::Api)
                });
                if !token {
                    continue;
                }
                let text = Str::from(context.units[at as usize].name(context.cluster).to_owned());
                let text = Str::from(format!("{namespace}/{text}"));
                let able = NodeKey::Conjunct(TECHNIQUE.id, text.clone());
                let all = NodeKey::And(TECHNIQUE.id, text);
                let draft = Draft::new(one.node(context), able.clone());
                // A rule without names needs none in its evidence.
                let used = (one.names != Names::Any).then_some(name);
                let waits =
                    Why::PodField { unit: at, path: "nodeName".into(), value: Str::default() };
                maker.edge(draft.because(one.why(context, used)).because(waits));
                maker.structure(able, all.clone(), []);
                maker.structure(NodeKey::SomeNode, all.clone(), []);
                let account = unit.spec.account().into();
                let account = Subject::ServiceAccount(namespace.clone(), account);
                maker.structure(all, NodeKey::Subject(account), []);
            }
        }
    }
}
