//! `bootstrap-token-mint`: The identity creates a Secret that the API server takes as a bootstrap token, and joins with it as a node.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "bootstrap-token-mint",
    title: "write a bootstrap token for a node",
    zone: Zone::InCluster,
    attack: &["T1098"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity creates a Secret that the API server takes as a bootstrap token, and joins with it as a node.",
        when: "create on secrets in kube-system, where bootstrap token authentication is on (assumed: kubeadm turns it on).",
        not: "create on secrets of another namespace; providers that do not use bootstrap tokens (EKS, GKE).",
        controls: "An admission policy on Secrets of type bootstrap.kubernetes.io/token.",
        cut: "Drop create on secrets in kube-system.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const ALL: &str = "system:bootstrappers";
    // Those providers sign nodes in through their cloud identity.
    let server = &context.cluster.git_version;
    if server.contains("-eks-") || server.contains("-gke.") {
        return;
    }
    let mut groups: BTreeSet<Str> = context
        .subjects()
        .filter_map(|(subject, _)| match subject {
            Subject::Group(name) if name.starts_with("system:bootstrappers:") => Some(name.clone()),
            _ => None,
        })
        .collect();
    groups.insert(Str::new(ALL));
    for held in context.held(&Ask::unnamed(&["create"], "", "secrets")) {
        if !held.scope(context).reaches(Some("kube-system")) {
            continue;
        }
        for group in &groups {
            let to = NodeKey::Subject(Subject::Group(group.clone()));
            let draft = Draft::new(held.node(context), to).because(held.why(context, None));
            maker.edge(draft.assumed("bootstrap token authentication is assumed to be on"));
        }
    }
}
