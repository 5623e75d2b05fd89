//! `bootstrap-token-mint`: The identity creates a Secret that the API server takes as a bootstrap token, and joins with it as a node.

use crate::cloud;
use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Provider, Subject};
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
        not: "create on secrets of another namespace; providers that do not use bootstrap tokens (EKS, GKE). A rule with names, unless it also lets a Secret named bootstrap-token-ID be patched: server-side apply.",
        controls: "An admission policy on Secrets of type bootstrap.kubernetes.io/token.",
        cut: "Drop create on secrets in kube-system.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const ALL: &str = "system:bootstrappers";
    const PLACE: &str = "kube-system";
    // Those providers sign nodes in through their cloud identity.
    let server = &context.cluster.git_version;
    let managed = cloud::managed(context).map(|one| one.provider);
    if server.contains("-eks-")
        || server.contains("-gke.")
        || matches!(managed, Some(Provider::Aws | Provider::Google))
    {
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
    let to = |group: &Str| NodeKey::Subject(Subject::Group(group.clone()));
    let assumed = "bootstrap token authentication is assumed to be on";
    for held in context.held(&Ask::unnamed(&["create"], "", "secrets")) {
        if !held.scope(context).reaches(Some(PLACE)) {
            continue;
        }
        for group in &groups {
            let draft = Draft::new(held.node(context), to(group)).because(held.why(context, None));
            maker.edge(draft.assumed(assumed));
        }
    }
    // The name that a rule holds serves server-side apply alone; the authenticator looks for the
    // token's id in it.
    for (name, create, patch) in draw::applied(context, "", "secrets") {
        let is_there = context.cluster.secrets.find(PLACE, &name).is_some();
        if is_there || !name.starts_with("bootstrap-token-") {
            continue;
        }
        for conjunction in conjoin(context, &[&create, &patch], Some(&name)) {
            for group in groups.iter().filter(|_| conjunction.scope.reaches(Some(PLACE))) {
                maker.conjunction(&TECHNIQUE, &conjunction, &format!("{name}|{group}"), |at| {
                    Draft::new(at, to(group)).assumed(assumed)
                });
            }
        }
    }
}
